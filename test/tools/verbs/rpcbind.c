// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a server of NFS in the kernel wants to have beside it.
 *
 *   rpcbind                         serves 127.0.0.1 on TCP port 111 until its parent ends: registers
 *                                   whatever wants that, and forgets it (RFC 1833); and as the MOUNT
 *                                   protocol (RFC 1813, appendix I) gives the root of the export that
 *                                   has fsid=0, whatever path is asked for
 */
#include "work.h"

enum { PORT = 111, REQUEST_MAX = 4096 };
enum { RPC_REPLY = 1, PROG_RPCBIND = 100000, PROG_MOUNT = 100005, AUTH_UNIX_FLAVOR = 1 };
/* Words of a call after its length: the transaction, the direction, the protocol's version, then
 * these. */
enum { XID = 0, PROG = 3, PROC = 5, CALL_WORDS = 6 };
#define LAST_FRAGMENT 0x80000000u

/* nfsd's file handle: version 1, no authentication, an export known by its fsid, its root; the fsid. */
static const uint8_t root_handle[8] = { 1, 0, 1, 0, 0, 0, 0, 0 };

/* False at the end of the connection */
static bool read_all(int fd, void *to, size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		ssize_t n = read(fd, (char *)to + done, bytes - done);

		if (n <= 0)
			return false;
		done += n;
	}
	return true;
}

/* The words of a result. The procedure 0 of any program has none. */
static int result(uint32_t prog, uint32_t proc, uint32_t *word)
{
	if (!proc)
		return 0;
	if (prog == PROG_RPCBIND) {
		word[0] = htonl(true);
		return 1;
	}
	if (prog != PROG_MOUNT || proc != 1)
		return 0; /* the unmounting */
	word[0] = htonl(0); /* done */
	word[1] = htonl(sizeof(root_handle));
	memcpy(&word[2], root_handle, sizeof(root_handle));
	word[4] = htonl(1); /* one way to say who one is */
	word[5] = htonl(AUTH_UNIX_FLAVOR);
	return 6;
}

static void *answer(void *arg)
{
	int fd = (intptr_t)arg;
	uint32_t call[REQUEST_MAX / 4], reply[16] = { 0 }, length;

	while (read_all(fd, &length, sizeof(length))) {
		uint32_t bytes = ntohl(length) & ~LAST_FRAGMENT;
		int words = 7; /* one for the length, six until the result */

		if (bytes < CALL_WORDS * 4 || bytes > sizeof(call) || !read_all(fd, call, bytes))
			break;
		reply[1] = call[XID];
		reply[2] = htonl(RPC_REPLY);
		/* then zeros: accepted, no verifier (two words), executed */
		words += result(ntohl(call[PROG]), ntohl(call[PROC]), &reply[7]);
		reply[0] = htonl(LAST_FRAGMENT | (words - 1) * 4);
		if (write(fd, reply, words * 4) != words * 4)
			break;
	}
	close(fd);
	return NULL;
}

static void do_rpcbind(char **arg)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(PORT),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = must(socket(AF_INET, SOCK_STREAM, 0), "socket"), one = 1;

	(void)arg;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	must(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)), "SO_REUSEADDR");
	must(bind(fd, (void *)&at, sizeof(at)), "port 111");
	must(listen(fd, 8), "listen");
	for (;;)
		thread_start(answer, (void *)(intptr_t)must(accept(fd, NULL, NULL), "accept"));
}

VERB("rpcbind", 0, 0, do_rpcbind);
