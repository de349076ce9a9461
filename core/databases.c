// SPDX-License-Identifier: GPL-2.0-or-later
// Servers of databases and what can be probed in them.
#include "databases.h"
#include "features.h"
#include "elf.h"
#include "procs.h"
#include "usyms.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct database {
	const char *name;
	const char *programs[3];
	const char *start, *done;	/* USDT probes */
} databases[] = {
	{ "mysql", { "mysqld", "mariadbd" }, "mysql:query__start(0)", "mysql:query__done" },
	{ "postgres", { "postgres" }, "postgresql:query__start(0)", "postgresql:query__done" },
};

/* dispatch_command() with the types of its arguments, which differ in each version, as far as they
 * are the same; and PostgreSQL's, which is C. */
static const struct { const char *name, *prog; bool whole; } functions[] = {
	{ "_Z16dispatch_command19enum_server_commandP3THDPcj", "dispatch_text" },
	{ "_Z16dispatch_commandP3THDPK8COM_DATA19enum_server_command", "dispatch_data" },
	{ "exec_simple_query", "simple_query", true },
};

struct attaching {
	struct run *run;
	const struct database *db;
	const char *path;
	struct { dev_t dev; ino_t ino; } seen[16];
	size_t files, probed;
	int err;
};

static const struct database *database_given(const struct run *run)
{
	const char *name = run->argc ? run->argv[0] : "";

	for (size_t i = 0; i < ARRAY_LEN(databases); i++)
		if (!strcmp(name, databases[i].name))
			return &databases[i];
	die(EXIT_USAGE, "which database? mysql (or MariaDB) or postgres");
}

void db_setup(struct run *run)
{
	database_given(run);
}

static bool function_see(const struct elf_func *f, void *arg)
{
	struct attaching *a = arg;

	for (size_t i = 0; i < ARRAY_LEN(functions) && !a->err; i++) {
		bool postgres = functions[i].whole;

		if (postgres != !strcmp(a->db->name, "postgres") ||
		    (postgres ? strcmp(f->name, functions[i].name)
			      : strncmp(f->name, functions[i].name, strlen(functions[i].name))) ||
		    strstr(f->name, ".cold") || strstr(f->name, ".part"))
			continue;
		/* The return first: a query that is only seen to begin would stay for nothing. */
		a->err = prog_attach_uprobe(a->run, "function_return", true, 0, a->path, f->offset,
					    0);
		if (!a->err)
			a->err = prog_attach_uprobe(a->run, functions[i].prog, false, 0, a->path,
						    f->offset, 0);
		a->probed++;
	}
	return !a->err;
}

static void file_attach(struct attaching *a, const char *path)
{
	const char *why;
	struct stat st;
	struct elf *e;
	int n = 0;

	if (stat(path, &st) || a->files == ARRAY_LEN(a->seen))
		return;
	for (size_t i = 0; i < a->files; i++)
		if (a->seen[i].dev == st.st_dev && a->seen[i].ino == st.st_ino)
			return;
	a->seen[a->files].dev = st.st_dev;
	a->seen[a->files++].ino = st.st_ino;
	if (!opt_on(a->run, 'f')) {
		n = prog_attach_usdt(a->run, "probe_done", 0, path, a->db->done, 0);
		if (n > 0)
			n = prog_attach_usdt(a->run, "probe_start", 0, path, a->db->start, 0);
	}
	if (n < 0)
		die(EXIT_CANNOT, "%s cannot be probed: %s", path, uprobe_error(n));
	a->probed += n;
	if (n)
		return;
	e = elf_file_open(path, &why);
	if (!e)
		die(EXIT_FAIL, "%s: %s", path, why);
	a->path = path;
	elf_each_func(e, function_see, a);
	elf_file_close(e);
	if (a->err)
		die(EXIT_CANNOT, "%s cannot be probed: %s", path, uprobe_error(a->err));
}

static void process_see(int pid, void *arg)
{
	struct attaching *a = arg;
	char path[32];

	for (int i = 0; a->db->programs[i]; i++) {
		if (!proc_runs(pid, a->db->programs[i]))
			continue;
		snprintf(path, sizeof(path), "/proc/%d/exe", pid);
		file_attach(a, path);
	}
}

static void installed_attach(struct attaching *a)
{
	char path[PATH_MAX];

	for (int i = 0; a->db->programs[i]; i++)
		if (!program_find(a->db->programs[i], path, sizeof(path)))
			file_attach(a, path);
}

void db_attach(struct run *run, const u32 servers[DB_SERVERS])
{
	struct attaching a = { .run = run, .db = database_given(run) };
	const char *exe = opt_str(run, 'x');
	char path[PATH_MAX];

	if (exe) {
		if (program_find(exe, path, sizeof(path)))
			die(EXIT_FAIL, "there is no program %s", exe);
		file_attach(&a, path);
	}
	for (int i = 0; !exe && i < DB_SERVERS && servers[i]; i++) {
		snprintf(path, sizeof(path), "/proc/%u/exe", servers[i]);
		if (!file_there(path))
			die(EXIT_FAIL, "process %u: %s", servers[i],
			    strerror(errno == ENOENT ? ESRCH : errno));
		file_attach(&a, path);
	}
	if (!exe && !servers[0]) {
		proc_each(process_see, &a);
		if (!a.files)
			installed_attach(&a);
	}
	if (!a.files)
		die(EXIT_CANNOT, "there is no server of %s here; name its program with -x",
		    a.db->name);
	if (!a.probed)
		die(EXIT_CANNOT, "the server of %s has neither USDT probes nor the names of its "
		    "functions: it was built without, and stripped", a.db->name);
}
