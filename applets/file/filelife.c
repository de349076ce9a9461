// SPDX-License-Identifier: GPL-2.0-or-later
// Trace files that are made and deleted: how long they lived, who ended it.
#include "applet.h"
#include "syscalls.h"
#include "filelife.h"
#include "filelife.skel.h"
#define RODATA struct filelife_bpf__rodata
#define EVENT struct event

#include <limits.h>

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP('c'),
	OPT_SCALE('m', max_age_ns, "max", "SECONDS", "only files that lived no longer", 1000000000),
	OPT_USER('U', "print-uid", NULL, "show UID"),
	LETTER('d', "duration"),
	{ 0 }
};

static const char *const call_names[] = { GONE_CALL_NAMES };

/* Where no function can be watched: births by their paths. A ring, the oldest is overwritten. */
enum { BIRTHS = 32768, BUCKETS = 16384, NOBODY = -1 };

struct birth {
	char *path;	/* NULL: gone */
	uint64_t ns;
	int next;	/* of the same bucket */
};

struct life {
	struct birth v[BIRTHS];
	int bucket[BUCKETS];
	size_t n;
	uint64_t age_ns;	/* of the event that is shown, and its path */
	char path[PATH_MAX + NAME_MAX + 2];
};

static int *bucket_of(struct life *l, const char *path)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	while (*path)
		hash = (hash ^ (unsigned char)*path++) * 16777619;
	return &l->bucket[hash % BUCKETS];
}

static struct birth *birth_find(struct life *l, const char *path)
{
	for (int i = *bucket_of(l, path); i != NOBODY; i = l->v[i].next)
		if (!strcmp(l->v[i].path, path))
			return &l->v[i];
	return NULL;
}

static void birth_drop(struct life *l, struct birth *b)
{
	int *at = bucket_of(l, b->path);

	while (&l->v[*at] != b)
		at = &l->v[*at].next;
	*at = b->next;
	free(b->path);
	b->path = NULL;
}

static void birth_add(struct life *l, const char *path, uint64_t ns)
{
	struct birth *b = birth_find(l, path);
	int at = l->n % BIRTHS, *bucket = bucket_of(l, path);

	if (b) {
		b->ns = ns;
		return;
	}
	b = &l->v[at];
	if (b->path)
		birth_drop(l, b);
	*b = (struct birth){ .path = xstrdup(path), .ns = ns, .next = *bucket };
	*bucket = at;
	l->n++;
}

/* What the program called it may have links and dots in its folders; the file itself may be
 * gone. */
static const char *path_clean(const char *path, char clean[PATH_MAX + NAME_MAX + 2])
{
	const char *name = strrchr(path, '/');
	char dir[PATH_MAX];

	if (!name || name - path >= PATH_MAX)
		return path;
	snprintf(dir, sizeof(dir), "%.*s/", (int)(name - path), path);
	if (!realpath(dir, clean))
		return path;
	if (strcmp(clean, "/"))
		strcat(clean, "/");
	strncat(clean, name + 1, NAME_MAX);
	return clean;
}

/* The life of the file with that name is over: is it one that we know? */
static bool life_end(struct life *l, const char *path, uint64_t ns, uint64_t max)
{
	struct birth *b = birth_find(l, path);

	if (!b)
		return false;
	l->age_ns = ns - b->ns;
	snprintf(l->path, sizeof(l->path), "%s", path);
	birth_drop(l, b);
	return !max || l->age_ns <= max;
}

static bool moved(struct life *l, const EVENT *e, const char *path, uint64_t max)
{
	char clean[PATH_MAX + NAME_MAX + 2];
	const char *to = path_clean(e->path + e->new_at, clean);
	struct birth *b = birth_find(l, path), *other = birth_find(l, to);
	uint64_t born = b ? b->ns : 0, other_born = other ? other->ns : 0;
	bool ended = false;

	if (!strcmp(path, to))
		return false;
	if (e->kind == MOVED && other)
		ended = life_end(l, to, e->time_ns, max);
	else if (other)
		birth_drop(l, other);
	if (b)
		birth_drop(l, b);
	if (born)
		birth_add(l, to, born);
	if (e->kind == SWAPPED && other_born)
		birth_add(l, path, other_born);
	return ended;
}

static bool keep(struct run *run, void *event)
{
	uint64_t max = opt_on(run, 'm') ? opt_u64(run, 'm', 0) : 0;
	char clean[PATH_MAX + NAME_MAX + 2];
	struct life *l = run->own;
	const EVENT *e = event;
	const char *path;

	if (e->kind == LIFE)
		return true;
	path = path_clean(e->path, clean);
	if (e->kind == BORN)
		birth_add(l, path, e->time_ns);
	else if (e->kind == NAME_GONE)
		return life_end(l, path, e->time_ns, max) && !e->unwanted;
	else
		return moved(l, e, path, max) && !e->unwanted;
	return false;
}

static void setup(struct run *run)
{
	RODATA *ro = RUN_RODATA(run);

	if (!run->own) {
		struct life *l = xalloc(sizeof(*l));

		for (size_t i = 0; i < BUCKETS; i++)
			l->bucket[i] = NOBODY;
		run->own = l;
	}
	for (int compat = 0; compat < 2; compat++) {
		for (int nr = 0; nr < SYSCALLS_MAX; nr++) {
			const char *name = syscall_name(nr, compat);

			for (size_t i = 1; name && i < ARRAY_LEN(call_names); i++)
				if (!strcmp(name, call_names[i]))
					ro->gone_calls[compat][nr] = i;
			if (name && (!strncmp(name, "open", 4) || !strcmp(name, "creat")) &&
			    strcmp(name, "open_tree") && strcmp(name, "open_tree_attr"))
				ro->gone_calls[compat][nr] = OPEN_CALL;
		}
	}
}

static void fmt_age(struct cell *cell, const void *row)
{
	const struct life *l = cell_run(cell)->own;
	const EVENT *e = row;

	cell_f64(cell, (e->kind == LIFE ? e->age_ns : l->age_ns) / 1e9, 6);
}

static void fmt_file(struct cell *cell, const void *row)
{
	const struct life *l = cell_run(cell)->own;
	const EVENT *e = row;

	cell_str(cell, e->kind == LIFE ? e->path : l->path);
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL_IF('U', uid, "UID", -6),
	COL(pid, "PID", -7),
	COL_IF(1, tid, "TID", -7),
	COL(comm, "COMM", -16),
	COL_FMT(age_ns, "AGE(s)", 10, fmt_age),
	COL_FMT(path, "FILE", 0, fmt_file),
	{ 0 }
};

static const struct probe probes[] = {
	{ "files", "vfs_open_fentry finish_open_fentry " GONE_FENTRY },
	{ "files", "vfs_open_kprobe finish_open_kprobe " GONE_KPROBE },
	{ "files", "syscall_exit" },
	{ 0 }
};

BPF_OBJECT(filelife);

APPLET(filelife) = {
	.name = "filelife",
	.brief = "Trace files that are made and deleted: how long they lived, who ended it.",
	.help = "Examples:\n"
		"  filelife                 files that are deleted, of those made meanwhile\n"
		"  filelife -m 0.1          only those that lived 100 ms at most\n"
		"  filelife -p 181          those that process 181 deletes, whoever made them\n"
		"A file is made by an open(O_CREAT), and ends with its last name: by unlink, or\n"
		"when another file is renamed onto it. The 32768 that were made last are\n"
		"remembered (--map-entries). Where no function can be watched (see --verbose)\n"
		"they are known by their paths. What io_uring deletes is not seen.\n",
	OBJECT(filelife),
	EVENT_UPTO(path),
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
	.keep = keep,
};
