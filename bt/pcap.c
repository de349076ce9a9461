// SPDX-License-Identifier: GPL-2.0-or-later
// Files of packets, of skboutput(): pcap with times in nanoseconds, packets that begin with their
// IP header (LINKTYPE_RAW), as much of each as was had, and how long it was.
#include "session.h"
#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { SNAP = 262144, RAW_IP = 101 };

/* One of that path may have been opened for another call. */
static int file_of(struct session *s, const char *path)
{
	for (size_t i = 0; i < s->bt->nactions; i++)
		if (s->pcap[i] >= 0 && !strcmp(s->bt->action[i]->fmt, path))
			return s->pcap[i];
	return -1;
}

static void put(int fd, const char *path, const void *data, size_t n)
{
	if (write(fd, data, n) != (ssize_t)n)
		die(EXIT_FAIL, "cannot write %s: %s", path, strerror(errno));
}

void pcap_open(struct session *s)
{
	const uint32_t head[] = {0xa1b23c4d, 2 | 4 << 16, 0, 0, SNAP, RAW_IP};

	s->pcap = xalloc((s->bt->nactions + 1) * sizeof(*s->pcap));
	for (size_t i = 0; i < s->bt->nactions; i++)
		s->pcap[i] = -1;
	for (size_t i = 0; i < s->bt->nactions; i++) {
		const struct bt_action *a = s->bt->action[i];

		if (a->kind != A_SKB)
			continue;
		s->pcap[i] = file_of(s, a->fmt);
		if (s->pcap[i] >= 0)
			continue;
		s->pcap[i] = open(a->fmt, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (s->pcap[i] < 0)
			die(EXIT_FAIL, "cannot make %s: %s", a->fmt, strerror(errno));
		put(s->pcap[i], a->fmt, head, sizeof(head));
	}
}

/* The event's arguments: time, length of the packet from there on, bytes. */
void pcap_write(struct session *s, const struct bt_action *a, const char *event)
{
	uint64_t ns, len, had;
	char record[16 + PCAP_MOST];
	uint32_t *head = (uint32_t *)record;

	memcpy(&ns, event + a->at[0], 8);
	memcpy(&len, event + a->at[1], 8);
	memcpy(&had, event + a->at[2], 8);
	had = MIN(MIN(had, a->type[2]->size), (uint64_t)PCAP_MOST);
	ns = clock_wall(ns);
	head[0] = ns / NSEC;
	head[1] = ns % NSEC;
	head[2] = had;
	head[3] = MAX(len, had);
	memcpy(record + 16, event + a->at[2] + 8, had);
	put(s->pcap[a->number], a->fmt, record, 16 + had);
}
