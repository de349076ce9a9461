/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef DB_H
#define DB_H

enum { DB_SERVERS = 16 };

#endif
