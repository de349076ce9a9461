// SPDX-License-Identifier: GPL-2.0-or-later
// Trace the OOM killer: who needed memory, which process was killed for it.
#include "applet.h"
#include "oomkill.h"
#include "oomkill.skel.h"
#define RODATA struct oomkill_bpf__rodata
#define EVENT struct event

#include <fcntl.h>
#include <unistd.h>

static const struct opt opts[] = {
	FILTERS,
	OPT('s', stacks_wanted, "stacks", NULL, "show the stacks of the task that needed memory"),
	LETTER('d', "duration"),
	{ 0 }
};

static void fmt_victim(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->known & OOM_VICTIM)
		cell_strn(cell, e->comm, sizeof(e->comm));
	else
		cell_none(cell);
}

static void fmt_rss(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->known & OOM_VICTIM)
		cell_u64(cell, e->rss_pages * (sysconf(_SC_PAGESIZE) / 1024));
	else
		cell_none(cell);
}

static void fmt_pages(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->known & OOM_LIMIT)
		cell_u64(cell, e->total_pages);
	else
		cell_none(cell);
}

/* The folder of that id, from the root of cgroup file systems; "" if it is gone. A kernfs id is a file
 * handle of type 0xfe (Linux 5.5). */
static void cgroup_path(uint64_t id, char *path, size_t size)
{
	struct { struct file_handle h; uint64_t id; } handle = { { sizeof(id), 0xfe }, 0 };
	static const char *const mounts[] = {
		"/sys/fs/cgroup", "/sys/fs/cgroup/unified", "/sys/fs/cgroup/memory",
	};
	char link[64];

	memcpy(handle.h.f_handle, &id, sizeof(id));
	path[0] = 0;
	for (size_t i = 0; i < ARRAY_LEN(mounts) && !path[0]; i++) {
		int mount = open(mounts[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		int fd = mount < 0 ? -1 : open_by_handle_at(mount, &handle.h, O_PATH | O_CLOEXEC);
		ssize_t n = -1;

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		if (fd >= 0)
			n = readlink(link, path, size - 1);
		path[n > 0 ? n : 0] = 0;
		if (fd >= 0)
			close(fd);
		if (mount >= 0)
			close(mount);
	}
}

static void fmt_cgroup(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	char path[4096];

	if (!(e->known & OOM_MEMCG)) {
		cell_none(cell);
		return;
	}
	cgroup_path(e->cgroup, path, sizeof(path));
	if (path[0])
		cell_str(cell, path);
	else
		cell_printf(cell, "id:%llu", (unsigned long long)e->cgroup);
}

static void fmt_load(struct cell *cell, const void *row)
{
	char text[64];

	(void)row;
	if (file_read("/proc/loadavg", text, sizeof(text)) > 0)
		cell_str(cell, text);
	else
		cell_none(cell);
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL(trigger_pid, "TRIGGER", -7),
	COL(trigger_comm, "TRIGGER_COMM", -16),
	COL(pid, "PID", -7),
	COL_FMT(comm, "COMM", -16, fmt_victim),
	COL_FMT(rss_pages, "RSS(KB)", 10, fmt_rss),
	COL_FMT(total_pages, "PAGES", 10, fmt_pages),
	COL_FMT(cgroup, "CGROUP", -24, fmt_cgroup),
	COL_FMT(time_ns, "LOADAVG", 0, fmt_load),
	COL_STACKS('s', stacks),
	{ 0 }
};

static const struct probe probes[] = {
	{ "what memory is short of", "kill_fentry" },
	{ "what memory is short of", "kill_kprobe" },
	{ "what memory is short of", "" },
	{ 0 }
};

BPF_OBJECT(oomkill);

APPLET(oomkill) = {
	.name = "oomkill",
	.brief = "Trace the OOM killer: who needed memory, which process was killed for it.",
	.help = "Examples:\n"
		"  oomkill            each process that is killed\n"
		"  oomkill -s         with the stacks of the task that asked for memory\n"
		"TRIGGER is the process that needed memory, PID the one that was killed and RSS\n"
		"what it had. PAGES is all that there is to use, of the machine or, where it is the\n"
		"limit of a CGROUP, of that; both are seen where the kernel lets functions be\n"
		"watched (see --verbose). LOADAVG is of the moment when the line is printed.\n",
	OBJECT(oomkill),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.probes = probes,
};
