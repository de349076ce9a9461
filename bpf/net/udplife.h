/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flows of UDP: a socket of this machine and one other end. */
#include "../sock.h"

/* No padding, since it is a key. */
struct flow_key {
	__u64 serial;		/* of the socket; 0: by its port, see struct port_key */
	__u8 raddr[16];		/* the other end */
	__u32 netns;
	__u32 ip;
	__u16 lport, rport;
	__u32 pad;
};

struct flow {
	__u64 start_ns, last_ns; /* first and last datagram */
	__u64 packets[2], bytes[2]; /* [1]: sent */
	__u8 laddr[16];		/* all 0: not known yet, it is for the route to say */
	struct owner owner;
	__u64 known;		/* is the socket? */
	__u64 skb, dev;		/* of the last packet that was counted at a device */
};

/* A socket, by its address. */
struct sock_value {
	__u64 serial;		/* no two have the same one, even at the same address */
	__u64 socket;		/* struct socket, while it is open */
	struct owner owner;	/* who used it first; pid 0: the kernel itself, or not known */
	__u32 lport;
	__u32 pad;
};

/* Where only packets are seen, the port tells the socket of what comes in. */
struct port_key {
	__u32 netns;
	__u32 port;
};
