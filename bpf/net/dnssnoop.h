/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One packet with data from or to a port of the DNS. */
#include "../sock.h"

/* What goes before the data. */
struct message {
	__u64 time_ns;
	struct tuple tuple;	/* of the packet: from source to destination */
	struct owner owner;	/* of the socket that sent it; pid 0: not known */
	__u32 netns;
	__u32 ifindex;
	__u32 seq;		/* TCP: number of the first byte */
	__u32 size;		/* of the data; there may be less of them here */
	__u32 at;		/* bytes before them: headers */
	__u8 tcp, out;		/* out: sent by a socket of this machine */
	__u16 pad;
};

struct packet {
	struct message m;
	unsigned char data[1232]; /* what resolvers take for the most that UDP carries unbroken */
};
