/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection is made, accepted, closed; or was not made. */
#include "../sock.h"

enum { CONNECT = 1, ACCEPT, CLOSE, FAILED };
enum { BY_LOCAL = 1, BY_REMOTE };

struct event {
	__u64 time_ns;
	__u64 span_ns;		/* CLOSE: since it was established; 0: not known */
	__u64 tx_bytes, rx_bytes; /* CLOSE: payload so far */
	struct tuple tuple;
	struct owner owner;
	__u32 netns;
	__u32 type;
	__u32 by;		/* CLOSE: whose FIN or RST it was */
	__s32 err;		/* FAILED: errno */
};
