// SPDX-License-Identifier: GPL-2.0-or-later
// BPF objects by the kernel's lists, and who holds them by /proc.
#include "objects.h"
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
		if (fd < 0 && errno == ENOENT)
			continue; /* gone meanwhile */
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

static void process_look(int pid, holding_cb cb, void *arg)
{
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
			cb(&h, arg);
	}
	if (dir)
		closedir(dir);
}

void holdings_each(holding_cb cb, void *arg)
{
	DIR *dir = opendir("/proc");
	struct dirent *d;

	if (!dir)
		die(EXIT_FAIL, "/proc: %s", strerror(errno));
	while ((d = readdir(dir)))
		if (isdigit((unsigned char)d->d_name[0]))
			process_look(atoi(d->d_name), cb, arg);
	closedir(dir);
}
