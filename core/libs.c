// SPDX-License-Identifier: GPL-2.0-or-later
// Which files have the functions of a library, now and later. The kernel announces each mapping of
// code to whoever asks (PERF_RECORD_MMAP2), which costs those who map nothing else.
#include "libs.h"
#include "features.h"
#include "core.h"
#include "elf.h"
#include "procs.h"
#include "usyms.h"

#include <limits.h>
#include <linux/perf_event.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	FILES_MAX = 256,
	FUNCS_MAX = 64,		/* of a library */
	RING_PAGES = 8,		/* of each CPU; a power of two */
};

/* A file by its number as stat() gives it, or as maps does: on btrfs and overlayfs they differ. */
struct file_id {
	uint64_t dev, ino;
};

static struct watch_state {
	const char *any;	/* the program for all entries; NULL: each has its own */
	const struct lib *libs;
	const char *prefix;
	pid_t pid;
	struct file_id known[2 * FILES_MAX];
	size_t nknown;
	unsigned found;
	bool full;		/* that has been told */
	int cpus;
	struct perf_event_mmap_page **ring; /* one a CPU, NULL where it is offline */
} state;

/* ---- one file ---- */

static bool same_machine(struct elf *e)
{
	struct elf *self = elf_file_open("/proc/self/exe", NULL);
	bool same = !self || elf_same_machine(e, self);

	elf_file_close(self);
	return same;
}

/* Functions of one file. */
struct places {
	unsigned long offset[FUNCS_MAX];
	const struct lib_func *func[FUNCS_MAX];
	int n;
};

/* Names of one place are one function. */
static void places_find(struct places *at, const char *prefix, const struct lib_func *funcs,
			struct elf *e)
{
	char name[128];

	for (const struct lib_func *func = funcs; func->name; func++) {
		struct elf_func f;
		int i = 0;

		snprintf(name, sizeof(name), "%s%s", prefix ? prefix : "", func->name);
		if (elf_find_func(e, name, &f) || f.ifunc)
			continue;
		while (i < at->n && at->offset[i] != f.offset)
			i++;
		if (i < at->n)
			continue;
		if (at->n == FUNCS_MAX)
			abort(); /* a table of the applet's own */
		at->offset[at->n] = f.offset;
		at->func[at->n++] = func;
	}
}

static int attach_many(struct run *run, const char *path, pid_t pid, const struct places *at)
{
	unsigned long offset[FUNCS_MAX];
	u64 cookie[FUNCS_MAX];
	const char *leave = NULL;
	size_t n = 0, all = 0;
	int err = 0;

	for (int i = 0; i < at->n; i++) {
		if (!at->func[i]->leave)
			continue;
		leave = at->func[i]->leave;
		offset[n++] = at->offset[i];
	}
	if (n)
		err = prog_attach_uprobes(run, leave, true, pid, path, offset, NULL, n);
	for (int i = 0; i < at->n; i++) {
		if (!at->func[i]->enter)
			continue;
		offset[all] = at->offset[i];
		cookie[all++] = at->func[i]->cookie;
	}
	if (all && !err)
		err = prog_attach_uprobes(run, state.any, false, pid, path, offset, cookie, all);
	return err;
}

/* The returns first: a start without an end would stay behind, the reverse is harmless. */
static int attach_each(struct run *run, const char *path, pid_t pid, const struct places *at)
{
	int err = 0;

	for (int i = 0; i < at->n && !err; i++)
		if (at->func[i]->leave)
			err = prog_attach_uprobe(run, at->func[i]->leave, true, pid, path,
						 at->offset[i], 0);
	for (int i = 0; i < at->n && !err; i++)
		if (at->func[i]->enter)
			err = prog_attach_uprobe(run, at->func[i]->enter, false, pid, path,
						 at->offset[i], 0);
	return err;
}

static int places_attach(struct run *run, const char *path, pid_t pid, const struct places *at)
{
	size_t most = state.any ? 2 : 2 * at->n;
	int err;

	if (!at->n)
		return 0;
	if (run->core->nlinks + most > LINKS_MAX)
		return -ENOSPC;
	err = state.any ? attach_many(run, path, pid, at) : attach_each(run, path, pid, at);
	return err ? err : at->n;
}

void libs_setup(struct run *run, const char *any, const struct lib_func *funcs)
{
	state.any = uprobe_multi_works() ? any : NULL;
	if (!state.any)
		prog_off(run, any);
	for (; state.any && funcs->name; funcs++)
		if (funcs->enter)
			prog_off(run, funcs->enter);
}

int lib_attach(struct run *run, const char *path, pid_t pid, const char *prefix,
	       const struct lib_func *funcs, const char **why)
{
	struct elf *e = elf_file_open(path, why);
	struct places at = { .n = 0 };
	int n = -ENOEXEC;

	if (!e)
		return n;
	places_find(&at, prefix, funcs, e);
	if (!same_machine(e)) {
		*why = "it is for another kind of machine than bpftools is";
	} else if (at.n && elf_is_go(e)) {
		*why = "it is a Go program, which a probe on a return would crash";
	} else {
		n = places_attach(run, path, pid, &at);
		*why = n == -ENOSPC ? "there are too many probes already"
		       : n < 0	    ? uprobe_error(n) : NULL;
	}
	if (n > 0 && run->core->common.verbose)
		warn("watching %d functions of %s", n, path);
	elf_file_close(e);
	return n;
}

/* ---- all files ---- */

static bool id_in(const struct file_id *v, size_t n, struct file_id id)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].dev == id.dev && v[i].ino == id.ino)
			return true;
	return false;
}

static bool is_known(struct file_id id)
{
	return id_in(state.known, state.nknown, id);
}

static void known_add(struct file_id id)
{
	if (state.nknown < ARRAY_LEN(state.known))
		state.known[state.nknown++] = id;
}

/* A file that has not been met under the number that maps or the kernel has for it. */
static void file_found(struct run *run, const char *path, const struct lib *lib)
{
	struct stat st;
	struct file_id id;
	const char *why;
	int n;

	if (stat(path, &st))
		return; /* gone again */
	id = (struct file_id){ .dev = st.st_dev, .ino = st.st_ino };
	if (is_known(id))
		return;
	if (state.nknown + 2 > ARRAY_LEN(state.known)) {
		if (!state.full)
			warn("more than %d libraries: %s and others are not watched", FILES_MAX, path);
		state.full = true;
		return;
	}
	known_add(id);
	n = lib_attach(run, path, state.pid, state.prefix, lib->funcs, &why);
	if (n < 0)
		warn("%s is not watched: %s", path, why);
	state.found += n > 0;
}

static const struct lib *lib_named(const char *base)
{
	for (const struct lib *lib = state.libs; lib->name; lib++)
		if (lib_is(lib->name, base))
			return lib;
	return NULL;
}

static void mapping_see(const struct mapped_file *f, void *arg)
{
	const struct lib *lib = lib_named(f->base);
	struct file_id id = { .dev = f->dev, .ino = f->ino };
	char path[PATH_MAX];

	if (!lib || is_known(id) || mapped_file_path(f, path, sizeof(path)))
		return;
	file_found(arg, path, lib);
	known_add(id);
}

static void process_see(int pid, void *arg)
{
	mapped_each(pid, mapping_see, arg);
}

static void processes_see(struct run *run)
{
	if (state.pid)
		process_see(state.pid, run);
	else
		proc_each(process_see, run);
}

static void installed_see(struct run *run)
{
	char path[PATH_MAX];

	for (const struct lib *lib = state.libs; lib->name; lib++)
		if (!lib_find(0, lib->name, path, sizeof(path)))
			file_found(run, path, lib);
}

unsigned libs_program(struct run *run, pid_t pid, const char *prefix, const struct lib *libs)
{
	char path[32];
	const char *why;
	unsigned all = 0;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (!file_there(path))
		die(EXIT_FAIL, "there is no process %d, or it has no program", pid);
	for (const struct lib *lib = libs; lib->name; lib++) {
		int n = lib_attach(run, path, pid, prefix, lib->funcs, &why);

		if (n < 0)
			die(EXIT_CANNOT, "process %d cannot be watched: %s", pid, why);
		all += n;
	}
	return all;
}

/* ---- static programs ---- */

/* Programs that are none, or without the functions: the last ones, to look at each just once. */
static struct {
	struct file_id v[1024];
	unsigned n;
} dynamic;

static void wanted_see(const struct mapped_file *f, void *arg)
{
	*(bool *)arg |= lib_named(f->base) != NULL;
}

static void program_see(int pid, void *arg)
{
	char path[32];
	struct stat st;
	struct file_id id;
	bool any = false;
	const char *why;
	int n;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (stat(path, &st))
		return; /* the kernel's, or it has ended */
	id = (struct file_id){ .dev = st.st_dev, .ino = st.st_ino };
	if (is_known(id) || id_in(dynamic.v, ARRAY_LEN(dynamic.v), id))
		return;
	mapped_each(pid, wanted_see, &any);
	for (const struct lib *lib = state.libs; !any && lib->name; lib++) {
		if (lib > state.libs && lib->funcs == lib[-1].funcs)
			continue; /* one library in two files */
		n = lib_attach(arg, path, state.pid, state.prefix, lib->funcs, &why);
		if (n < 0 && n != -ENOEXEC)
			warn("process %d is not watched: %s", pid, why);
		if (n > 0)
			known_add(id);
		state.found += n > 0;
	}
	if (!is_known(id))
		dynamic.v[dynamic.n++ % ARRAY_LEN(dynamic.v)] = id;
}

void libs_met(struct run *run, pid_t pid)
{
	if (pid)
		program_see(pid, run);
	else
		proc_each(program_see, run);
}

/* ---- later ---- */

static void *ring_data(struct perf_event_mmap_page *ring)
{
	return (char *)ring + getpagesize();
}

/* Out of the ring, where a record may begin at the end and go on at the start. */
static void ring_copy(struct perf_event_mmap_page *ring, uint64_t at, void *to, size_t n)
{
	size_t size = (size_t)RING_PAGES * getpagesize(), pos = at % size, first = MIN(n, size - pos);

	memcpy(to, (char *)ring_data(ring) + pos, first);
	memcpy((char *)to + first, ring_data(ring), n - first);
}

/* As include/uapi/linux/perf_event.h has it at PERF_RECORD_MMAP2. */
struct mmap_record {
	struct perf_event_header header;
	uint32_t pid, tid;
	uint64_t addr, len, pgoff;
	uint32_t major, minor;
	uint64_t ino, generation;
	uint32_t prot, flags;
	char path[PATH_MAX];
};

static void record_see(struct run *run, const struct mmap_record *r)
{
	const char *base = strrchr(r->path, '/');
	const struct lib *lib = base ? lib_named(base + 1) : NULL;
	struct file_id id = { .dev = (uint64_t)r->major << 32 | r->minor, .ino = r->ino };
	struct stat st;

	if (!lib || (state.pid && (pid_t)r->pid != state.pid) || is_known(id))
		return;
	mapped_each(r->pid, mapping_see, run);
	/* It has ended already; for the next one, if the path is one of ours, too. */
	if (!is_known(id) && !stat(r->path, &st) && st.st_ino == r->ino)
		file_found(run, r->path, lib);
}

/* False: some did not fit. */
static bool ring_read(struct run *run, struct perf_event_mmap_page *ring)
{
	uint64_t head = __atomic_load_n(&ring->data_head, __ATOMIC_ACQUIRE);
	uint64_t at = ring->data_tail;
	static struct mmap_record r;
	bool all = true;

	while (at < head) {
		ring_copy(ring, at, &r.header, sizeof(r.header));
		if (r.header.type == PERF_RECORD_MMAP2 && r.header.size <= sizeof(r) &&
		    r.header.size > offsetof(struct mmap_record, path)) {
			ring_copy(ring, at, &r, r.header.size);
			((char *)&r)[r.header.size - 1] = 0;
			record_see(run, &r);
		}
		all &= r.header.type != PERF_RECORD_LOST;
		at += r.header.size ? r.header.size : head - at;
	}
	__atomic_store_n(&ring->data_tail, at, __ATOMIC_RELEASE);
	return all;
}

static void rings_read(struct run *run)
{
	bool all = true;

	for (int cpu = 0; cpu < state.cpus; cpu++)
		if (state.ring[cpu])
			all &= ring_read(run, state.ring[cpu]);
	if (!all)
		processes_see(run);
}

static int ring_open(int cpu, int epoll)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr), .config = PERF_COUNT_SW_DUMMY,
		.mmap = 1, .mmap2 = 1, .watermark = 1, .wakeup_watermark = 1,
	};
	int fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN };
	void *ring;

	if (fd < 0)
		return errno == ENODEV ? 0 : -errno; /* ENODEV: this CPU is offline */
	ring = mmap(NULL, (1 + RING_PAGES) * (size_t)getpagesize(), PROT_READ | PROT_WRITE, MAP_SHARED,
		    fd, 0);
	if (ring == MAP_FAILED || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		return -errno;
	state.ring[cpu] = ring;
	return 0;
}

static void rings_open(struct run *run)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC), err = epoll < 0 ? -errno : 0;

	state.cpus = libbpf_num_possible_cpus();
	state.ring = xalloc(state.cpus * sizeof(struct perf_event_mmap_page *));
	for (int cpu = 0; cpu < state.cpus && !err; cpu++)
		err = ring_open(cpu, epoll);
	if (err)
		warn("libraries that processes map from now on, but have not yet, are not watched: %s",
		     strerror(-err));
	else
		run_watch(run, epoll, rings_read);
}

unsigned libs_watch(struct run *run, pid_t pid, bool installed, const char *prefix,
		    const struct lib *libs)
{
	state.libs = libs;
	state.prefix = prefix;
	state.pid = pid;
	rings_open(run); /* first, so that nothing falls in between */
	if (installed)
		installed_see(run);
	processes_see(run);
	return state.found;
}
