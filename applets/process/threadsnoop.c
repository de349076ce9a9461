// SPDX-License-Identifier: GPL-2.0-or-later
// Trace new threads: who makes them, and with which function they start.
#include "applet.h"
#include "elf.h"
#include "usyms.h"
#include "threadsnoop.h"
#include "threadsnoop.skel.h"
#define RODATA struct threadsnoop_bpf__rodata
#define EVENT struct event

#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP('c'),
	OPT('k', kthreads, "kthreads", NULL, "threads of the kernel, too"),
	OPT_USER('n', "name", NULL, "show NAME, what the thread calls itself by then"),
	OPT_USER('t', "timestamp", NULL, "show the seconds since the start"),
	OPT_USER('e', "extended-fields", NULL, "show UID, CTID (the thread that made it), OBJECT"),
	LETTER('d', "duration"),
	{ 0 }
};

/* ---- where pthread_create() is ---- */

/* Files by their identity: each container has its own, under the same name. */
struct file {
	dev_t dev;
	ino_t ino;
};

struct files {
	struct file *v;
	size_t n;
};

struct libs {
	struct files programs;	/* looked at */
	struct files probed;	/* or found to have none */
	struct elf *self;
	struct usyms *names;
	size_t found;
};

/* Programs come and go: who makes new ones all the time must not fill our memory. */
enum { FILES_MAX = 4096 };

static bool file_is_new(struct files *files, const char *path)
{
	struct stat st;

	if (files->n == FILES_MAX || stat(path, &st))
		return false;
	for (size_t i = 0; i < files->n; i++)
		if (files->v[i].dev == st.st_dev && files->v[i].ino == st.st_ino)
			return false;
	files->v = xrealloc(files->v, (files->n + 1) * sizeof(*files->v));
	files->v[files->n++] = (struct file){ .dev = st.st_dev, .ino = st.st_ino };
	return true;
}

/* Other machines pass their arguments elsewhere, and so do 32-bit programs. */
static void probe_file(struct run *run, const char *path)
{
	struct libs *libs = run->own;
	struct elf *e;
	struct elf_func f;
	int err;

	if (!file_is_new(&libs->probed, path))
		return;
	e = elf_file_open(path, NULL);
	if (e && elf_same_machine(e, libs->self) && !elf_find_func(e, "pthread_create", &f)) {
		err = prog_attach_uprobe(run, "pthread_create", false, 0, path, f.offset, 0);
		if (err)
			warn("pthread_create() in %s cannot be probed: %s", path, strerror(-err));
		else
			libs->found++;
	}
	elf_file_close(e);
}

/* The libraries that a process has mapped; a static program is its own. */
static void probe_process(struct run *run, int pid)
{
	static const char *const names[] = { "pthread", "c" };
	struct libs *libs = run->own;
	char path[PATH_MAX];
	bool dynamic = false;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (!file_is_new(&libs->programs, path))
		return;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!lib_find(pid, names[i], path, sizeof(path))) {
			dynamic = true;
			probe_file(run, path);
		}
	}
	if (dynamic)
		return;
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	probe_file(run, path);
}

static void probe_running(struct run *run)
{
	DIR *dir = opendir("/proc");
	struct dirent *d;

	while (dir && (d = readdir(dir)))
		if (isdigit((unsigned char)d->d_name[0]))
			probe_process(run, atoi(d->d_name));
	if (dir)
		closedir(dir);
}

/* glibc had it in libpthread until 2.34. */
static void probe_installed(struct run *run)
{
	static const char *const names[] = { "libpthread.so.0", "libc.so.6" };
	DIR *dir = opendir("/lib");
	char path[PATH_MAX];
	struct dirent *d;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!lib_find(0, names[i], path, sizeof(path)))
			probe_file(run, path);
	while (dir && (d = readdir(dir))) {
		snprintf(path, sizeof(path), "/lib/%s", d->d_name);
		if (glob_matches("ld-musl-*.so.1", d->d_name))
			probe_file(run, path);
	}
	if (dir)
		closedir(dir);
}

static void attach(struct run *run)
{
	int pid = opt_u64(run, 'p', 0);

	if (pid) {
		probe_process(run, pid);
	} else {
		probe_installed(run);
		probe_running(run);
	}
}

static void setup(struct run *run)
{
	struct libs *libs = run->own;
	RODATA *ro = RUN_RODATA(run);

	if (!libs) {
		libs = run->own = xalloc(sizeof(*libs));
		libs->self = elf_file_open("/proc/self/exe", NULL);
		libs->names = usyms_new();
		if (!libs->self)
			die(EXIT_FAIL, "/proc/self/exe: cannot be read; is /proc mounted?");
	}
	ro->events_wakeup = 0; /* names are to be had while the process lives: that cannot wait */
	if (ro->filter.pidns_ino)
		prog_off(run, "newtask_classic");
}

/* A program that is not known yet may have brought a library along: it is probed from now on. */
static bool keep(struct run *run, void *event)
{
	const EVENT *e = event;
	struct libs *libs = run->own;

	if (!e->routine && !e->kthread)
		probe_process(run, e->pid);
	else if (e->routine)
		usyms_snapshot(libs->names, e->pid);
	return true;
}

/* ---- columns ---- */

static void fmt_func(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	const struct libs *libs = cell_run(cell)->own;
	const char *name;
	uint64_t offset;

	if (!e->routine) {
		cell_none(cell);
		return;
	}
	name = usyms_find(libs->names, e->pid, e->routine, &offset, NULL);
	if (name && offset)
		cell_printf(cell, "%s+0x%llx", name, (unsigned long long)offset);
	else if (name)
		cell_str(cell, name);
	else
		cell_printf(cell, "0x%llx", (unsigned long long)e->routine);
}

static void fmt_object(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	const struct libs *libs = cell_run(cell)->own;
	const char *object = NULL;

	if (e->routine)
		usyms_find(libs->names, e->pid, e->routine, NULL, &object);
	if (object)
		cell_str(cell, object);
	else
		cell_none(cell);
}

static void fmt_name(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	char path[32], name[64];

	snprintf(path, sizeof(path), "/proc/%u/comm", e->new_tid);
	if (file_read(path, name, sizeof(name)) > 0)
		cell_str(cell, name);
	else
		cell_none(cell); /* it has ended */
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL_TIME_REL('t', "TIME(s)"),
	COL_IF('e', uid, "UID", -6),
	COL(pid, "PID", -7),
	COL_IF('e', tid, "CTID", -7),
	COL(comm, "COMM", -16),
	COL(new_tid, "TID", -7),
	COL_FMT_IF('n', new_tid, "NAME", -16, fmt_name),
	COL_FMT_IF('e', routine, "OBJECT", -24, fmt_object),
	COL_FMT(routine, "FUNC", 0, fmt_func),
	{ 0 }
};

static const struct probe probes[] = {
	{ "new threads", "newtask_classic" },
	{ "new threads", "newtask_raw" },
	{ 0 }
};

BPF_OBJECT(threadsnoop);

APPLET(threadsnoop) = {
	.name = "threadsnoop",
	.brief = "Trace new threads: who makes them, and with which function they start.",
	.help = "Examples:\n"
		"  threadsnoop              all threads of programs\n"
		"  threadsnoop -kn          those of the kernel too, with their names\n"
		"  threadsnoop -ep 181      of process 181, with the file that has the function\n"
		"FUNC is what pthread_create() was given, in glibc, musl and static programs, in\n"
		"containers too: of all that is installed or runs at the start. A program that\n"
		"comes later with a libc of its own has its first thread without FUNC; so have\n"
		"threads made without a libc, as Go does, and those of 32-bit programs. Of\n"
		"processes that have ended by then FUNC is an address.\n",
	OBJECT(threadsnoop),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
	.attach = attach,
	.keep = keep,
};
