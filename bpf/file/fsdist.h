/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../fs.h"

struct hist_key {
	__u32 op;		/* enum fs_op */
};
