// SPDX-License-Identifier: GPL-2.0-or-later
// Addresses and ports in columns.
#include "net.h"

#include <arpa/inet.h>

void cell_addr(struct cell *cell, unsigned ip, const void *addr)
{
	char text[INET6_ADDRSTRLEN];

	if ((ip == 4 || ip == 6) &&
	    inet_ntop(ip == 4 ? AF_INET : AF_INET6, addr, text, sizeof(text)))
		cell_str(cell, text);
	else
		cell_none(cell);
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
