/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The NUMA nodes of this machine. */
#ifndef NUMA_H
#define NUMA_H

#include "applet.h"

enum { NODES_MAX = 1024 }; /* of the kernel: CONFIG_NODES_SHIFT is 10 at most */

/* Ends, with the reason, where there is only one: nothing can move. A kernel without CONFIG_NUMA has
 * no such file. */
static inline void numa_needed(void)
{
	char text[256];

	/* A list: "0-1", "0,2" */
	if (file_read("/sys/devices/system/node/online", text, sizeof(text)) < 0 ||
	    !strpbrk(text, "-,"))
		die(EXIT_CANNOT, "this machine has one NUMA node: nothing moves between nodes");
}

/* Calls fn(arg, node, cpu) with each CPU of each node. */
static inline void numa_cpus(void (*fn)(void *arg, uint32_t node, uint32_t cpu), void *arg)
{
	char path[64], list[4096], *p;

	for (uint32_t node = 0; node < NODES_MAX; node++) {
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/cpulist", node);
		if (file_read(path, list, sizeof(list)) < 0)
			continue;
		for (p = list; *p >= '0' && *p <= '9'; p += *p == ',') {
			uint32_t first = strtoul(p, &p, 10);
			uint32_t last = *p == '-' ? strtoul(p + 1, &p, 10) : first;

			for (uint32_t cpu = first; cpu <= last; cpu++)
				fn(arg, node, cpu);
		}
	}
}

#endif
