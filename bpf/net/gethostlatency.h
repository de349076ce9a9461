/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions that are watched; of those with _r only what they return differs. */
enum resolver {
	GETADDRINFO, GETHOSTBYNAME, GETHOSTBYNAME2, GETHOSTBYNAME_R, GETHOSTBYNAME2_R, GETHOSTBYADDR,
	GETHOSTBYADDR_R, RESOLVERS
};

enum { HOST_MAX = 256 };	/* a name of DNS has 253 bytes at most */

/* What a call returned. */
enum outcome {
	FOUND,
	EAI,		/* `error` is getaddrinfo()'s, negative */
	H_ERRNO,	/* `error` is one of netdb.h */
	ERRNO,		/* `error` is one of errno.h */
	FAILED,		/* for a reason that cannot be seen */
};

struct event {
	__u64 time_ns, lat_ns;
	__u32 pid, tid, uid;
	char comm[TASK_COMM_LEN];
	__u8 resolver, outcome;
	__u16 ip;		/* version of address, the first one found; 0: none, or it could not
				 * be read */
	__s32 error;
	__u8 address[16];
	char host[HOST_MAX];	/* sent as long as it is; of GETHOSTBYADDR empty */
};
