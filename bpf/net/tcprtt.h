/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What round trips are sorted by. Members that are not asked for stay 0. */
#include "../sock.h"

struct hist_key {
	struct tuple tuple;
};
