/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The BPF objects that the kernel has loaded, by its own lists, and the processes that hold them.
 *
 * The kernel gives the lists to CAP_SYS_ADMIN only; without it these end the program, saying so. */
#ifndef OBJECTS_H
#define OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/bpf.h>

enum object_kind { OBJECT_PROG, OBJECT_MAP, OBJECT_LINK, OBJECT_BTF, OBJECT_KINDS };

/* Call `cb` for each object of that kind, with a descriptor that is closed afterwards. Links are not
 * listed before 5.8: there are none then. */
typedef void (*object_cb)(int fd, uint32_t id, void *arg);
void objects_each(enum object_kind kind, object_cb cb, void *arg);

/* A program's whole name: the kernel keeps 15 bytes of it, its types have all. */
enum { OBJECT_NAME = 64 };
void prog_name_read(int fd, const struct bpf_prog_info *info, char name[OBJECT_NAME]);

/* A link: its type (an enum bpf_link_type), its program, and what that is attached to, in a few words;
 * "" if the kernel does not tell. */
enum { OBJECT_TARGET = 256 };
struct link_about {
	uint32_t type, prog;
	char target[OBJECT_TARGET];
};

/* 0 or -errno. */
int link_read(int fd, struct link_about *link);

/* One descriptor of a process that holds BPF objects. */
struct holding {
	int pid, fd;
	char comm[64];
	const char *type;	/* "prog", "map", "link", "btf", or the probe of a perf event: "kprobe",
				 * "uprobe", "tracepoint", ...; lives until the next */
	uint32_t id;		/* of that kind; of a probe 0; of "btf", which does not tell it, 0 */
	uint32_t prog;		/* the program itself, or that of the link or the probe; else 0 */
	char probe[256];	/* of a probe: its target; else "" */
};

typedef void (*holding_cb)(const struct holding *h, void *arg);
void holdings_each(holding_cb cb, void *arg);

#endif
