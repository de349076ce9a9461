// SPDX-License-Identifier: GPL-2.0-or-later
// User-space symbols by process and address; the search for libraries and programs.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* O_PATH, CLOCK_MONOTONIC_COARSE */
#endif
#include "usyms.h"
#include "elf.h"
#include "ksyms.h"
#include "util.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	OBJECT_LISTS = 1024,
	PROC_LISTS = 256,
	PROCS_PER_LIST = 32,	/* beyond it the one that was asked for longest ago goes */
	MAX_OBJECTS = 1 << 15,
	MAX_MAPS = 1 << 14,	/* executable ones of a process; some JITs have thousands */
	MAPS_AGE_MS = 100,	/* maps are not read again within it, */
	JIT_AGE_MS = 1000,	/* nor the symbols of a JIT */
	MAX_TABLES = 256 << 20,	/* bytes of symbols; or an eighth of the memory if that is less */
};

/* A mapped file, whoever maps it. */
struct object {
	struct object *next;
	uint64_t dev, ino;
	struct symtab syms;	/* by offset in the file */
	bool tried;		/* to read them */
	char path[];
};

struct mapping {
	uint64_t start, end, pgoff;
	struct object *object;	/* NULL: anonymous */
};

struct proc {
	struct proc *next;
	pid_t tgid;
	unsigned n;
	struct mapping *maps;	/* the executable ones, by address */
	uint64_t maps_ms;	/* when they were read */
	struct symtab jit;	/* from perf-PID.map, by address */
	uint64_t jit_ms;
	uint64_t jit_pos;	/* how much of that file has been read */
};

struct usyms {
	struct object *objects[OBJECT_LISTS];
	struct proc *procs[PROC_LISTS];
	unsigned n_objects;
	size_t used, room;	/* bytes of symbol tables */
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

struct usyms *usyms_new(void)
{
	struct usyms *us = xalloc(sizeof(*us));

	us->room = MIN(memory_part(8), (uint64_t)MAX_TABLES);
	return us;
}

static void proc_free(struct usyms *us, struct proc *p)
{
	us->used -= symtab_bytes(&p->jit);
	symtab_free(&p->jit);
	free(p->maps);
	free(p);
}

void usyms_free(struct usyms *us)
{
	if (!us)
		return;
	for (unsigned i = 0; i < PROC_LISTS; i++) {
		for (struct proc *p = us->procs[i], *next; p; p = next) {
			next = p->next;
			proc_free(us, p);
		}
	}
	for (unsigned i = 0; i < OBJECT_LISTS; i++) {
		for (struct object *o = us->objects[i], *next; o; o = next) {
			next = o->next;
			symtab_free(&o->syms);
			free(o);
		}
	}
	free(us);
}

/* Maps */

struct map_line {
	struct mapping map;
	uint64_t dev, ino;
	bool deleted;
	char *path;		/* "" when anonymous */
};

/* One line of maps, if code can run there. */
static bool map_parse(char *text, size_t len, struct map_line *m)
{
	static const char gone[] = " (deleted)";
	const char *mode = strchr(text, ' ');
	unsigned major, minor;
	int at = 0;

	if (!mode || len < (size_t)(mode - text) + 5 || mode[3] != 'x' ||
	    sscanf(text, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %x:%x %" SCNu64 " %n",
		   &m->map.start, &m->map.end, &m->map.pgoff, &major, &minor, &m->ino,
		   &at) < 6 || !at)
		return false;
	m->dev = (uint64_t)major << 32 | minor;
	m->path = text + at;
	text += len - MIN(len - at, sizeof(gone) - 1);
	m->deleted = !strcmp(text, gone);
	if (m->deleted)
		*text = 0;
	return true;
}

static int maps_open(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	return file_open_in("", path, 0);
}

static struct object *object_get(struct usyms *us, uint64_t dev, uint64_t ino, const char *path)
{
	struct object **list = &us->objects[(ino ^ dev) % OBJECT_LISTS], *o;

	for (o = *list; o; o = o->next)
		if (o->ino == ino && o->dev == dev && !strcmp(o->path, path))
			break;
	if (!o && us->n_objects < MAX_OBJECTS) {
		o = xalloc(sizeof(*o) + strlen(path) + 1);
		strcpy(o->path, path);
		o->dev = dev;
		o->ino = ino;
		o->next = *list;
		*list = o;
		us->n_objects++;
	}
	/* Whoever could not be asked for its symbols before, here is another who maps it. */
	if (o && !o->syms.n)
		o->tried = false;
	return o;
}

struct maps_reader {
	struct usyms *us;
	struct mapping *maps;
	unsigned n, room;
};

static bool maps_add(char *text, size_t len, void *arg)
{
	struct maps_reader *r = arg;
	struct map_line m;

	if (!map_parse(text, len, &m))
		return true;
	if (m.ino)
		m.map.object = object_get(r->us, m.dev, m.ino, m.path);
	else if (!strcmp(m.path, "[vdso]")) /* one for 64 bits, one for 32 */
		m.map.object = object_get(r->us, 0, 1 + !(m.map.start >> 32), m.path);
	else if (!strcmp(m.path, "[vsyscall]") || !strcmp(m.path, "[uprobes]"))
		m.map.object = object_get(r->us, 0, 0, m.path);
	else
		m.map.object = NULL;
	if (r->n == r->room) {
		r->room = r->room * 2 + 16;
		r->maps = xrealloc(r->maps, r->room * sizeof(*r->maps));
	}
	r->maps[r->n++] = m.map;
	return r->n < MAX_MAPS;
}

/* An empty answer leaves what was known: the process has ended, or its first thread has. */
static int proc_read(struct usyms *us, struct proc *p)
{
	struct maps_reader r = { .us = us };
	int fd = maps_open(p->tgid), err = fd < 0 ? fd : file_lines(fd, maps_add, &r);

	p->maps_ms = now_ms();
	if (r.n) {
		free(p->maps);
		p->maps = xrealloc(r.maps, r.n * sizeof(*r.maps));
		p->n = r.n;
		return 0;
	}
	free(r.maps);
	return err && err != -ENOENT ? err : -ESRCH;
}

/* The process, known or new, now first in its list; *fresh when its maps have just been read. */
static struct proc *proc_get(struct usyms *us, pid_t tgid, int *err, bool *fresh)
{
	struct proc **list = &us->procs[(unsigned)tgid % PROC_LISTS], **at = list, *p;
	unsigned n = 0;

	while (*at && (*at)->tgid != tgid && ++n < PROCS_PER_LIST)
		at = &(*at)->next;
	p = *at;
	if (p)
		*at = p->next;
	if (p && p->tgid != tgid) {
		proc_free(us, p);
		p = NULL;
	}
	*fresh = !p;
	if (!p) {
		p = xalloc(sizeof(*p));
		p->tgid = tgid;
		*err = proc_read(us, p);
	}
	p->next = *list;
	*list = p;
	return p;
}

int usyms_snapshot(struct usyms *us, pid_t tgid)
{
	bool fresh;
	int err;
	struct proc *p = proc_get(us, tgid, &err, &fresh);

	return fresh ? err : proc_read(us, p);
}

void usyms_forget(struct usyms *us, pid_t tgid)
{
	for (struct proc **at = &us->procs[(unsigned)tgid % PROC_LISTS]; *at; at = &(*at)->next) {
		struct proc *p = *at;

		if (p->tgid != tgid)
			continue;
		*at = p->next;
		proc_free(us, p);
		return;
	}
}

static const struct mapping *mapping_find(const struct proc *p, uint64_t addr)
{
	unsigned low = 0, high = p->n;

	while (low < high) {
		unsigned mid = low + (high - low) / 2;

		if (addr >= p->maps[mid].end)
			low = mid + 1;
		else
			high = mid;
	}
	return low < p->n && addr >= p->maps[low].start ? &p->maps[low] : NULL;
}

/* Symbols of objects */

/* Open root/path if it is still the inode that maps speaks of, and not what has taken its name. The
 * lower half will do: overlayfs marks its layers in the upper one, but not in all places. */
static int inode_open(const char *root, const char *path, uint64_t ino)
{
	int fd = file_open_in(root, path, 0);
	struct stat st;

	if (fd < 0 || (!fstat(fd, &st) && (uint32_t)st.st_ino == (uint32_t)ino))
		return fd;
	close(fd);
	return -ENOENT;
}

static int path_fits(int n, size_t size)
{
	return n >= 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
}

static int map_files_path(char *path, size_t size, pid_t pid, const struct mapping *m)
{
	return path_fits(snprintf(path, size, "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, pid,
				  m->start, m->end), size);
}

/* The file behind a mapping of `tgid`. map_files has the very file, deleted or not, but wants
 * CAP_CHECKPOINT_RESTORE. A descriptor or -errno. */
static int mapping_open(pid_t tgid, const struct mapping *m)
{
	char path[96];
	int fd;

	map_files_path(path, sizeof(path), tgid, m);
	fd = file_open_in("", path, 0);
	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "/proc/%d/root", tgid);
	return inode_open(path, m->object->path, m->object->ino);
}

/* Open the file of an object: as `tgid` has it, as another process has it, or by its name as we see
 * it, provided that is the same inode. *owner: who had it, 0 nobody. */
static int object_open(struct usyms *us, struct object *o, pid_t tgid, const struct mapping *m,
		       pid_t *owner)
{
	int fd = mapping_open(tgid, m);

	*owner = tgid;
	for (unsigned i = 0; fd < 0 && i < PROC_LISTS; i++) {
		for (struct proc *p = us->procs[i]; fd < 0 && p; p = p->next) {
			for (m = p->maps; m < p->maps + p->n && m->object != o;)
				m++;
			if (m == p->maps + p->n || p->tgid == tgid)
				continue;
			fd = mapping_open(p->tgid, m);
			*owner = p->tgid;
		}
	}
	if (fd >= 0)
		return fd;
	*owner = 0;
	return inode_open("", o->path, o->ino);
}

/* The vDSO of our own class is in our own memory; nobody can have put a false one there. */
static struct elf *vdso_open(pid_t tgid, const struct mapping *m)
{
	const bool ours = (m->start >> 32 != 0) == (sizeof(long) == 8);
	uint64_t base = ours ? getauxval(AT_SYSINFO_EHDR) : 0;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", base ? getpid() : tgid);
	fd = file_open_in("", path, 0);
	if (!base)
		base = m->start;
	return fd < 0 ? NULL : elf_file_open_at(fd, base, m->end - m->start, NULL);
}

static bool func_add(const struct elf_func *f, void *arg)
{
	uint64_t size = f->size ? f->size : f->room;
	/* of several names the one a person would write: no underscore, the linker's choice */
	unsigned rank = (f->size != 0) * 8 + (*f->name != '_') * 4 + f->global * 2 - f->weak;

	size = MIN(size, SYM_UP_TO - 1) | (f->size ? 0 : SYM_UP_TO);
	return symtab_add(arg, f->offset, size, rank, f->name);
}

static void object_load(struct usyms *us, struct object *o, pid_t tgid, const struct mapping *m)
{
	char path[PATH_MAX];
	struct elf *e = NULL;
	pid_t owner;
	int fd;

	o->tried = true;
	if (us->used >= us->room)
		return;
	if (o->dev || o->ino > 2) {
		fd = object_open(us, o, tgid, m, &owner);
		if (owner)
			snprintf(path, sizeof(path), "/proc/%d/root%s", owner, o->path);
		if (fd >= 0)
			e = elf_file_open_fd(fd, owner ? path : o->path, NULL);
	} else if (o->ino) {
		e = vdso_open(tgid, m);
	}
	if (!e)
		return;
	o->syms.max = us->room - us->used;
	elf_each_func(e, func_add, &o->syms);
	symtab_finish(&o->syms);
	us->used += symtab_bytes(&o->syms);
	elf_file_close(e);
}

/* Symbols of code made at run time */

/* The process's number in its own pid namespace, which is how it names its map. */
static bool nspid_see(char *text, size_t len, void *arg)
{
	char *last = strrchr(text, '\t');

	(void)len;
	if (strncmp(text, "NSpid:", 6))
		return true;
	if (last)
		*(pid_t *)arg = atoi(last + 1);
	return false;
}

/* Open /tmp/perf-PID.map in the root of the process. In a /tmp for all anybody may have left it, so
 * its owner must be the process's, or root. */
static int jit_open(pid_t tgid, uint64_t *size)
{
	char path[64], root[64];
	struct stat st, proc;
	pid_t nspid = tgid;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", tgid);
	fd = file_open_in("", path, 0);
	if (fd >= 0)
		file_lines(fd, nspid_see, &nspid);
	snprintf(root, sizeof(root), "/proc/%d/root", tgid);
	snprintf(path, sizeof(path), "/proc/%d", tgid);
	if (stat(path, &proc))
		return -ESRCH;
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", nspid);
	fd = file_open_in(root, path, O_NOFOLLOW);
	if (fd < 0)
		return fd;
	if (!fstat(fd, &st) && (st.st_uid == proc.st_uid || !st.st_uid)) {
		*size = st.st_size;
		return fd;
	}
	close(fd);
	return -EACCES;
}

struct jit_reader {
	struct proc *p;
	uint64_t size;
};

/* "start size name", both in hex */
static bool jit_add(char *text, size_t len, void *arg)
{
	struct jit_reader *r = arg;
	uint64_t start, size;

	/* The last line may still be growing. */
	if (r->p->jit_pos + len + 1 > r->size)
		return false;
	r->p->jit_pos += len + 1;
	start = hex_take(&text);
	if (*text++ != ' ')
		return true;
	size = hex_take(&text);
	if (*text++ != ' ' || !*text || !size)
		return true;
	return symtab_add(&r->p->jit, start, MIN(size, SYM_UP_TO - 1), 0, text);
}

/* Read what the JIT has added since the last time. */
static void jit_read(struct usyms *us, struct proc *p)
{
	struct jit_reader r = { .p = p };
	int fd = jit_open(p->tgid, &r.size);

	p->jit_ms = now_ms();
	if (fd < 0)
		return;
	us->used -= symtab_bytes(&p->jit);
	if (r.size < p->jit_pos) {
		symtab_free(&p->jit);
		p->jit_pos = 0;
	}
	p->jit.max = us->room - MIN(us->used, us->room - 1);
	if (r.size > p->jit_pos && lseek(fd, p->jit_pos, SEEK_SET) >= 0) {
		file_lines(fd, jit_add, &r);
		symtab_finish(&p->jit);
	} else {
		close(fd);
	}
	us->used += symtab_bytes(&p->jit);
}

const char *usyms_find(struct usyms *us, pid_t tgid, uint64_t addr, uint64_t *offset,
		       const char **dso)
{
	const struct sym *s;
	const struct symtab *t;
	const struct mapping *m;
	struct object *o;
	struct proc *p;
	uint64_t at;
	bool fresh;
	int err;

	if (dso)
		*dso = NULL;
	if (offset)
		*offset = addr;
	p = proc_get(us, tgid, &err, &fresh);
	m = mapping_find(p, addr);
	if (!m && !fresh && now_ms() - p->maps_ms >= MAPS_AGE_MS) {
		proc_read(us, p);
		m = mapping_find(p, addr);
	}
	if (!m)
		return NULL;
	o = m->object;
	if (o) {
		if (!o->tried)
			object_load(us, o, tgid, m);
		at = addr - m->start + m->pgoff;
		t = &o->syms;
		if (dso)
			*dso = o->path;
		if (offset)
			*offset = at;
	}
	if (!o || !t->n) { /* anonymous memory, or a file that is none of ELF: a JIT may tell */
		t = &p->jit;
		at = addr;
		if (!p->jit_ms || now_ms() - p->jit_ms >= JIT_AGE_MS)
			jit_read(us, p);
	}
	s = symtab_find(t, at);
	if (!s)
		return NULL;
	if (offset)
		*offset = at - s->addr;
	return t->pool + s->name;
}

/* Libraries and programs */

struct lib_search {
	pid_t pid;
	const char *name;
	struct elf *self;	/* NULL: take any machine's */
	char *path;		/* the answer */
	size_t size;
	bool musl;		/* second turn: look for musl's libc instead */
	int depth;		/* of includes */
	int err;		/* 0 found */
};

/* Would a person call the file `base` the library `name`? */
static bool lib_named(const char *name, const char *base)
{
	const char *version = strstr(name, ".so");
	size_t len = version ? (size_t)(version - name) : strlen(name);

	if (!version && strncmp(name, "lib", 3)) {
		if (strncmp(base, "lib", 3))
			return false;
		base += 3;
	}
	if (strncmp(base, name, len))
		return false;
	base += len;
	if (base[0] == '-' && base[1] >= '0' && base[1] <= '9')
		return strstr(base, ".so"); /* libc-2.31.so, up to glibc 2.33 */
	len = version ? strlen(version) : 3;
	return !strncmp(base, version ? version : ".so", len) && (!base[len] || base[len] == '.');
}

static bool lib_wanted(const struct lib_search *s, const char *base)
{
	if (!s->musl)
		return lib_named(s->name, base);
	return glob_matches("libc.musl-*.so.*", base) || glob_matches("ld-musl-*.so.*", base);
}

static bool is_libc(const char *name)
{
	return !strcmp(name, "c") || !strcmp(name, "libc");
}

static bool file_is(const char *path)
{
	int fd = file_open_in("", path, 0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The path by which we reach the file of a mapping of `pid`. 0 or -errno. */
static int mapped_path(pid_t pid, const struct map_line *m, char *path, size_t size)
{
	char root[32];
	int fd = -ENOENT, err = 0;

	/* maps shows a program in a chroot by paths of ours */
	for (int ours = 0; ours < 2 && !m->deleted && fd < 0; ours++) {
		snprintf(root, sizeof(root), "/proc/%d/root", pid);
		err = path_fits(snprintf(path, size, "%s%s", ours ? "" : root, m->path), size);
		fd = err ? err : inode_open("", path, m->ino);
	}
	if (fd >= 0)
		close(fd);
	else if (err != -ENAMETOOLONG)
		err = map_files_path(path, size, pid, &m->map);
	return err;
}

static bool lib_see_map(char *text, size_t len, void *arg)
{
	struct lib_search *s = arg;
	struct map_line m;
	const char *base;

	if (!map_parse(text, len, &m) || !m.ino)
		return true;
	base = strrchr(m.path, '/');
	if (!base || !lib_wanted(s, base + 1))
		return true;
	s->err = mapped_path(s->pid, &m, s->path, s->size);
	return false;
}

struct libs_reader {
	pid_t pid;
	mapped_cb cb;
	void *arg;
};

static bool libs_see_map(char *text, size_t len, void *arg)
{
	struct libs_reader *r = arg;
	struct map_line m;
	struct mapped_file f;

	if (!map_parse(text, len, &m) || !m.ino)
		return true;
	f = (struct mapped_file){ .pid = r->pid, .dev = m.dev, .ino = m.ino, .line = &m };
	f.inside = m.path;
	f.base = strrchr(m.path, '/');
	if (f.base) {
		f.base++;
		r->cb(&f, r->arg);
	}
	return true;
}

int mapped_each(pid_t pid, mapped_cb cb, void *arg)
{
	struct libs_reader r = { .pid = pid, .cb = cb, .arg = arg };
	int fd = maps_open(pid);

	return fd < 0 ? fd == -ENOENT ? -ESRCH : fd : file_lines(fd, libs_see_map, &r);
}

int mapped_file_path(const struct mapped_file *f, char *path, size_t size)
{
	return mapped_path(f->pid, f->line, path, size);
}

bool lib_is(const char *name, const char *base)
{
	struct lib_search s = { .name = name };

	if (lib_wanted(&s, base))
		return true;
	s.musl = is_libc(name);
	return s.musl && lib_wanted(&s, base);
}

static int lib_find_mapped(struct lib_search *s)
{
	int fd = maps_open(s->pid), err;

	if (fd < 0)
		return fd == -ENOENT ? -ESRCH : fd;
	err = file_lines(fd, lib_see_map, s);
	return err ? err : s->err;
}

/* Call `cb` for each path that the last part of `pattern` matches, until it returns false. */
static bool dir_each(const char *pattern, bool (*cb)(const char *path, void *arg), void *arg)
{
	const char *last = strrchr(pattern, '/') + 1;
	char path[PATH_MAX];
	struct dirent *d;
	bool go = true;
	DIR *dir;
	int len;

	snprintf(path, sizeof(path), "%.*s", (int)(last - pattern), pattern);
	dir = opendir(path);
	while (dir && go && (d = readdir(dir))) {
		if (!glob_matches(last, d->d_name))
			continue;
		len = snprintf(path, sizeof(path), "%.*s%s", (int)(last - pattern), pattern,
			       d->d_name);
		if (!path_fits(len, sizeof(path)))
			go = cb(path, arg);
	}
	if (dir)
		closedir(dir);
	return go;
}

/* A shorter name is more general; of the same length the later one is newer. */
static bool lib_better(const char *a, const char *b)
{
	size_t x = strlen(a), y = strlen(b);

	return x < y || (x == y && strcmp(a, b) > 0);
}

static bool lib_try(const char *path, void *arg)
{
	struct lib_search *s = arg;
	struct elf *e;

	if (!lib_wanted(s, strrchr(path, '/') + 1) || (!s->err && !lib_better(path, s->path)))
		return true;
	e = elf_file_open(path, NULL); /* libc.so may be a text for the linker */
	if (e && (!s->self || elf_same_machine(e, s->self)))
		s->err = path_fits(snprintf(s->path, s->size, "%s", path), s->size);
	elf_file_close(e);
	return true;
}

/* Look through one directory: false when the library is in it. */
static bool lib_dir(const char *dir, void *arg)
{
	struct lib_search *s = arg;
	char pattern[PATH_MAX];

	snprintf(pattern, sizeof(pattern), "%s/*", dir);
	dir_each(pattern, lib_try, s);
	return s->err == -ENOENT;
}

static bool conf_read(const char *path, void *arg);

/* "include PATTERN", or a directory, perhaps with "=TYPE" behind it */
static bool conf_line(char *text, size_t len, void *arg)
{
	char word[1024], pattern[1040];

	(void)len;
	if (sscanf(text, " include %1023[^ \t#]", word) == 1) {
		snprintf(pattern, sizeof(pattern), "%s%s", *word == '/' ? "" : "/etc/", word);
		return dir_each(pattern, conf_read, arg);
	}
	return sscanf(text, " %1023[^ \t:,=#]", word) < 1 || *word != '/' || lib_dir(word, arg);
}

static bool conf_read(const char *path, void *arg)
{
	struct lib_search *s = arg;
	int fd = s->depth < 4 ? file_open_in("", path, 0) : -1;

	s->depth++;
	if (fd >= 0)
		file_lines(fd, conf_line, s);
	s->depth--;
	return s->err == -ENOENT;
}

static int lib_find_installed(struct lib_search *s)
{
	static const char *const usual[] = {
		"/lib/*-linux-*", "/usr/lib/*-linux-*", "/lib64", "/usr/lib64", "/lib", "/usr/lib",
		"/usr/local/lib",
	};

	if (!conf_read("/etc/ld.so.conf", s))
		return s->err;
	for (unsigned i = 0; i < ARRAY_LEN(usual); i++)
		if (!dir_each(usual[i], lib_dir, s))
			break;
	return s->err;
}

int lib_find(pid_t pid, const char *name, char *path, size_t size)
{
	struct lib_search s = {
		.pid = pid, .name = name, .path = path, .size = size, .err = -ENOENT,
	};
	char root[64] = "";
	int err;

	if (!*name)
		return -ENOENT;
	if (pid > 0)
		snprintf(root, sizeof(root), "/proc/%d/root", pid);
	if (strchr(name, '/')) {
		err = path_fits(snprintf(path, size, "%s%s", root, name), size);
		return err ? err : file_is(path) ? 0 : -ENOENT;
	}
	if (pid <= 0)
		s.self = elf_file_open("/proc/self/exe", NULL);
	do {
		err = pid > 0 ? lib_find_mapped(&s) : lib_find_installed(&s);
		s.musl = !s.musl && err == -ENOENT && is_libc(name);
	} while (s.musl);
	elf_file_close(s.self);
	return err;
}

int program_find(const char *name, char *path, size_t size)
{
	const char *dirs = getenv("PATH"), *end;
	int err = -ENOENT;

	if (strchr(name, '/'))
		dirs = "";
	else if (!dirs)
		dirs = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	for (; *name; dirs = end + 1) {
		int len;

		end = dirs + strcspn(dirs, ":");
		len = end - dirs;
		/* an empty part is the current directory */
		if (path_fits(snprintf(path, size, "%.*s%s%s", len, dirs, len ? "/" : "", name),
			      size))
			return -ENAMETOOLONG;
		if (file_is(path) && !access(path, X_OK))
			return 0;
		if (!access(path, F_OK))
			err = -EACCES;
		if (!*end)
			break;
	}
	return err;
}
