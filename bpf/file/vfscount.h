/* SPDX-License-Identifier: GPL-2.0-or-later */
/* More functions than any kernel has of that name. */
enum { FUNCS_MAX = 512 };
