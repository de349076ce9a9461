// SPDX-License-Identifier: GPL-2.0-or-later
// Addresses and ports in columns.
#include "net.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <unistd.h>

/* As inet_ntop() does, which goes by way of printf(). */
static void addr4_text(char text[INET_ADDRSTRLEN], const unsigned char *addr)
{
	for (int i = 0; i < 4; i++) {
		unsigned byte = addr[i];

		if (byte >= 100)
			*text++ = '0' + byte / 100;
		if (byte >= 10)
			*text++ = '0' + byte / 10 % 10;
		*text++ = '0' + byte % 10;
		*text++ = i < 3 ? '.' : 0;
	}
}

void cell_addr(struct cell *cell, unsigned ip, const void *addr)
{
	char text[INET6_ADDRSTRLEN];

	if (ip == 4) {
		addr4_text(text, addr);
		cell_str(cell, text);
	} else if (ip == 6 && inet_ntop(AF_INET6, addr, text, sizeof(text))) {
		cell_str(cell, text);
	} else {
		cell_none(cell);
	}
}

void cell_port(struct cell *cell, unsigned port)
{
	if (port)
		cell_u64(cell, port);
	else
		cell_none(cell);
}

static const struct tuple *tuple_of(const struct cell *cell, const void *row)
{
	return cell_ptr(cell, row);
}

void fmt_saddr(struct cell *cell, const void *row)
{
	cell_addr(cell, tuple_of(cell, row)->ip, tuple_of(cell, row)->saddr);
}

void fmt_daddr(struct cell *cell, const void *row)
{
	cell_addr(cell, tuple_of(cell, row)->ip, tuple_of(cell, row)->daddr);
}

void fmt_sport(struct cell *cell, const void *row)
{
	cell_port(cell, tuple_of(cell, row)->sport);
}

void fmt_dport(struct cell *cell, const void *row)
{
	cell_port(cell, tuple_of(cell, row)->dport);
}

void fmt_ms(struct cell *cell, const void *row)
{
	const uint64_t *ns = cell_ptr(cell, row);

	if (*ns)
		cell_f64(cell, *ns / 1e6, 3);
	else
		cell_none(cell);
}

void fmt_owner_pid(struct cell *cell, const void *row)
{
	const struct owner *owner = cell_ptr(cell, row);

	if (owner->pid)
		cell_u64(cell, owner->pid);
	else
		cell_none(cell);
}

void fmt_owner_uid(struct cell *cell, const void *row)
{
	const struct owner *owner = cell_ptr(cell, row);

	if (owner->pid)
		cell_u64(cell, owner->uid);
	else
		cell_none(cell);
}

void fmt_owner_comm(struct cell *cell, const void *row)
{
	const struct owner *owner = cell_ptr(cell, row);

	if (owner->pid)
		cell_strn(cell, owner->comm, sizeof(owner->comm));
	else
		cell_none(cell);
}

void fmt_owner_cgroup(struct cell *cell, const void *row)
{
	const struct owner *owner = cell_ptr(cell, row);

	if (owner->pid)
		cell_u64(cell, owner->cgroup);
	else
		cell_none(cell);
}

const char *tcp_state_name(uint32_t state)
{
	static const char *const names[] = { /* of BPF_TCP_*, which are the kernel's own */
		[BPF_TCP_ESTABLISHED] = "ESTABLISHED", [BPF_TCP_SYN_SENT] = "SYN_SENT",
		[BPF_TCP_SYN_RECV] = "SYN_RECV", [BPF_TCP_FIN_WAIT1] = "FIN_WAIT1",
		[BPF_TCP_FIN_WAIT2] = "FIN_WAIT2", [BPF_TCP_TIME_WAIT] = "TIME_WAIT",
		[BPF_TCP_CLOSE] = "CLOSE", [BPF_TCP_CLOSE_WAIT] = "CLOSE_WAIT",
		[BPF_TCP_LAST_ACK] = "LAST_ACK", [BPF_TCP_LISTEN] = "LISTEN",
		[BPF_TCP_CLOSING] = "CLOSING", [BPF_TCP_NEW_SYN_RECV] = "NEW_SYN_RECV",
	};

	return state < ARRAY_LEN(names) && names[state] ? names[state] : "?";
}

void fmt_tcp_state(struct cell *cell, const void *row)
{
	uint32_t state = *(const uint32_t *)cell_ptr(cell, row);

	if (state)
		cell_str(cell, tcp_state_name(state));
	else
		cell_none(cell);
}

/* Reading an iterator runs its program once for each open file of each process. */
void sockets_open(struct run *run)
{
	struct bpf_link *link;
	char none[64];
	int fd;

	if (!prog_loaded(run, "open_sockets"))
		return;
	link = bpf_program__attach_iter(prog_find(run, "open_sockets"), NULL);
	fd = link ? bpf_iter_create(bpf_link__fd(link)) : -errno;
	if (fd < 0)
		die(EXIT_FAIL, "cannot look for open sockets: %s", strerror(-fd));
	/* It gives no text; the kernel stops after a million files, to be asked again. */
	do {
		errno = 0;
	} while (read(fd, none, sizeof(none)) < 0 && errno == EAGAIN);
	close(fd);
	bpf_link__destroy(link);
}
