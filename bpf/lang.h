/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A method as its runtime calls it. */
#ifndef LANG_H
#define LANG_H

struct lang_name {
	char class[104];	/* or package, or file; "" where there is none */
	char method[96];
};

#endif
