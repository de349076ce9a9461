// SPDX-License-Identifier: GPL-2.0-or-later
// BPF objects by the kernel's lists, and who holds them by /proc.
#include "objects.h"
#include "procs.h"
#include "util.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *what;
	int (*next)(uint32_t id, uint32_t *next);
	int (*open)(uint32_t id);
} kinds[OBJECT_KINDS] = {
	[OBJECT_PROG] = { "programs", bpf_prog_get_next_id, bpf_prog_get_fd_by_id },
	[OBJECT_MAP] = { "maps", bpf_map_get_next_id, bpf_map_get_fd_by_id },
	[OBJECT_LINK] = { "links", bpf_link_get_next_id, bpf_link_get_fd_by_id },
	[OBJECT_BTF] = { "types", bpf_btf_get_next_id, bpf_btf_get_fd_by_id },
};

static void die_listing(enum object_kind kind, int err) __attribute__((noreturn));
static void die_listing(enum object_kind kind, int err)
{
	if (err == EPERM)
		die(EXIT_FAIL, "not permitted: run it as root, or with CAP_SYS_ADMIN");
	die(EXIT_FAIL, "the kernel's list of BPF %s: %s", kinds[kind].what, strerror(err));
}

void objects_each(enum object_kind kind, object_cb cb, void *arg)
{
	uint32_t id = 0;
	int fd;

	while (!kinds[kind].next(id, &id)) {
		fd = kinds[kind].open(id);
		if (fd < 0 && (errno == ENOENT || errno == EAGAIN))
			continue; /* gone meanwhile, or (a link) not there yet */
		if (fd < 0)
			die_listing(kind, errno);
		cb(fd, id, arg);
		close(fd);
	}
	if (errno != ENOENT && !(errno == EINVAL && kind == OBJECT_LINK))
		die_listing(kind, errno);
}

static bool name_of_types(int fd, uint32_t btf_id, char name[OBJECT_NAME])
{
	struct bpf_func_info func = { 0 };
	struct bpf_prog_info info = { .nr_func_info = 1, .func_info_rec_size = sizeof(func),
				      .func_info = (uintptr_t)&func };
	uint32_t len = sizeof(info);
	struct btf *btf;
	const struct btf_type *t;

	if (bpf_prog_get_info_by_fd(fd, &info, &len) || !info.nr_func_info)
		return false;
	btf = btf__load_from_kernel_by_id(btf_id);
	t = btf ? btf__type_by_id(btf, func.type_id) : NULL;
	if (t)
		snprintf(name, OBJECT_NAME, "%s", btf__name_by_offset(btf, t->name_off));
	btf__free(btf);
	return t && *name;
}

void prog_name_read(int fd, const struct bpf_prog_info *info, char name[OBJECT_NAME])
{
	if (strlen(info->name) < BPF_OBJ_NAME_LEN - 1 || !info->btf_id ||
	    !name_of_types(fd, info->btf_id, name))
		snprintf(name, OBJECT_NAME, "%s", info->name);
}

/* ---- links ---- */

/* struct bpf_link_info as far as it is of use here: the headers with which this is built may know less
 * of it than the kernel on which it runs. A kernel that knows less leaves the rest alone. */
struct link_info {
	uint32_t type, id, prog, pad;
	union {
		struct { uint64_t name; uint32_t size; } named;
		struct { uint32_t attach_type, object, type_id; } tracing;
		struct {
			uint32_t type, pad;
			uint64_t name; /* BPF_PERF_EVENT_EVENT: config, and its type after it */
			uint32_t size, offset;
		} perf;
		struct { uint64_t addrs; uint32_t count; } kprobes;
		struct { uint64_t path, offsets, refs, cookies; uint32_t size, count; } uprobes;
		struct { uint32_t family, hook; } netfilter;
		uint64_t cgroup;
		uint32_t number;	/* of an interface, a network namespace, a map */
		uint64_t room[16];
	};
};

/* enum bpf_link_type and enum bpf_perf_event_type of newer headers. */
enum {
	LINK_RAW_TRACEPOINT = 1, LINK_TRACING, LINK_CGROUP, LINK_ITER, LINK_NETNS, LINK_XDP,
	LINK_PERF_EVENT, LINK_KPROBE_MULTI, LINK_STRUCT_OPS, LINK_NETFILTER, LINK_TCX,
	LINK_UPROBE_MULTI, LINK_NETKIT,
};

enum {
	PERF_UPROBE = 1, PERF_URETPROBE, PERF_KPROBE, PERF_KRETPROBE, PERF_TRACEPOINT, PERF_EVENT,
};

/* A function of the kernel (object 1) or of another program. Types are read once, when first asked. */
static void tracing_target(const struct link_info *info, char text[OBJECT_TARGET])
{
	static struct btf *kernel;
	const struct btf_type *t = NULL;

	if (info->tracing.object != 1) {
		if (info->tracing.object)
			snprintf(text, OBJECT_TARGET, "object %u", info->tracing.object);
		return;
	}
	if (!kernel)
		kernel = btf__load_vmlinux_btf();
	if (kernel)
		t = btf__type_by_id(kernel, info->tracing.type_id);
	if (t)
		snprintf(text, OBJECT_TARGET, "%s", btf__name_by_offset(kernel, t->name_off));
}

/* Ask again, with room for the name where there is one. */
static void name_ask(int fd, struct link_info *info, char text[OBJECT_TARGET])
{
	uint64_t at = (uintptr_t)text;
	uint32_t len = sizeof(*info), size = OBJECT_TARGET - 32;
	struct link_info ask = { 0 };

	switch (info->type) {
	case LINK_RAW_TRACEPOINT:
	case LINK_ITER:
		ask.named.name = at;
		ask.named.size = size;
		break;
	case LINK_UPROBE_MULTI:
		ask.uprobes.path = at;
		ask.uprobes.size = size;
		break;
	case LINK_PERF_EVENT: /* told since 6.6 */
		if (!info->perf.type || info->perf.type >= PERF_EVENT)
			return;
		ask.perf.name = at;
		ask.perf.size = size;
		break;
	default:
		return;
	}
	if (!bpf_obj_get_info_by_fd(fd, &ask, &len))
		*info = ask;
}

static void perf_target(const struct link_info *info, char text[OBJECT_TARGET])
{
	size_t n = strlen(text);

	if (info->perf.type == PERF_EVENT)
		snprintf(text, OBJECT_TARGET, "event %u:%llu", info->perf.size,
			 (unsigned long long)info->perf.name);
	else if (info->perf.type && info->perf.type != PERF_TRACEPOINT && info->perf.offset)
		snprintf(text + n, OBJECT_TARGET - n, "+0x%x", info->perf.offset);
}

int link_read(int fd, struct link_about *link)
{
	struct link_info info = { 0 };
	uint32_t len = sizeof(info);
	char *text = link->target;

	memset(link, 0, sizeof(*link));
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return -errno;
	name_ask(fd, &info, text);
	link->type = info.type;
	link->prog = info.prog;
	switch (info.type) {
	case LINK_TRACING:
		tracing_target(&info, text);
		break;
	case LINK_PERF_EVENT:
		perf_target(&info, text);
		break;
	case LINK_KPROBE_MULTI: /* told since 6.6 */
		if (info.kprobes.count)
			snprintf(text, OBJECT_TARGET, "%u functions", info.kprobes.count);
		break;
	case LINK_CGROUP:
		snprintf(text, OBJECT_TARGET, "cgroup %llu", (unsigned long long)info.cgroup);
		break;
	case LINK_NETNS:
		snprintf(text, OBJECT_TARGET, "netns %u", info.number);
		break;
	case LINK_XDP:
	case LINK_TCX:
	case LINK_NETKIT:
		snprintf(text, OBJECT_TARGET, "interface %u", info.number);
		break;
	case LINK_STRUCT_OPS:
		snprintf(text, OBJECT_TARGET, "map %u", info.number);
		break;
	case LINK_NETFILTER:
		snprintf(text, OBJECT_TARGET, "hook %u of family %u", info.netfilter.hook,
			 info.netfilter.family);
		break;
	}
	return 0;
}

/* ---- who holds them ---- */

static uint32_t number_after(const char *text, const char *key)
{
	const char *p = strstr(text, key);

	return p ? strtoul(p + strlen(key), NULL, 10) : 0;
}

/* The program of a perf event is not in its fdinfo; the kernel tells it since 4.18. */
static bool holding_of_event(struct holding *h)
{
	static const char *const types[] = {
		[BPF_FD_TYPE_RAW_TRACEPOINT] = "raw_tracepoint",
		[BPF_FD_TYPE_TRACEPOINT] = "tracepoint",
		[BPF_FD_TYPE_KPROBE] = "kprobe", [BPF_FD_TYPE_KRETPROBE] = "kretprobe",
		[BPF_FD_TYPE_UPROBE] = "uprobe", [BPF_FD_TYPE_URETPROBE] = "uretprobe",
	};
	char text[256] = "";
	__u32 len = sizeof(text), type;
	__u64 offset, addr;

	if (bpf_task_fd_query(h->pid, h->fd, 0, text, &len, &h->prog, &type, &offset, &addr) ||
	    type >= ARRAY_LEN(types))
		return false;
	h->type = types[type];
	if (type == BPF_FD_TYPE_RAW_TRACEPOINT || type == BPF_FD_TYPE_TRACEPOINT || !offset)
		snprintf(h->probe, sizeof(h->probe), "%.200s", text);
	else
		snprintf(h->probe, sizeof(h->probe), "%.200s+0x%llx", text,
			 (unsigned long long)offset);
	return true;
}

/* What the link /proc/PID/fd/N says, "anon_inode:bpf-prog". */
static bool holding_read(struct holding *h, const char *link)
{
	static const char *const names[] = { "prog", "map", "link", "btf" };
	static const char *const keys[] = { "prog_id:", "map_id:", "link_id:", NULL };
	char path[64], text[1024];

	if (strstr(link, "[perf_event]"))
		return holding_of_event(h);
	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", h->pid, h->fd);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *name = strstr(link, names[i]);

		if (!name || !(strstr(link, "bpf") || !strcmp(name, "btf")))
			continue;
		h->type = names[i];
		if (!keys[i])
			return true;
		if (file_read(path, text, sizeof(text)) < 0)
			return false;
		h->id = number_after(text, keys[i]);
		h->prog = number_after(text, "prog_id:");
		return true;
	}
	return false;
}

struct look {
	holding_cb cb;
	void *arg;
};

static void process_look(int pid, void *arg)
{
	struct look *look = arg;
	char path[64], link[128];
	struct holding h;
	struct dirent *d;
	ssize_t n;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		if (!isdigit((unsigned char)d->d_name[0]))
			continue;
		n = readlinkat(dirfd(dir), d->d_name, link, sizeof(link) - 1);
		link[MAX(n, 0)] = 0;
		if (strncmp(link, "anon_inode:", 11))
			continue;
		h = (struct holding){ .pid = pid, .fd = atoi(d->d_name) };
		if (!holding_read(&h, link))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		if (file_read(path, h.comm, sizeof(h.comm)) >= 0)
			look->cb(&h, look->arg);
	}
	if (dir)
		closedir(dir);
}

void holdings_each(holding_cb cb, void *arg)
{
	struct look look = { cb, arg };
	int err = proc_each(process_look, &look);

	if (err)
		die(EXIT_FAIL, "/proc: %s", strerror(-err));
}
