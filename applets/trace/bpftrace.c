// SPDX-License-Identifier: GPL-2.0-or-later
// Run programs in the bpftrace language: one-liners and scripts.
#include "applet.h"
#include "core.h"
#include "../../bt/session.h"
#include "../../bt/sites.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct opt opts[] = {
	OPT_USER('e', "execute", "PROGRAM", "run this program, not one of a file"),
	OPT_USER('l', "list", NULL, "list the probes that fit PATTERN"),
	OPT_USER_NUM('p', "pid", "PID", "uprobes and USDT in this process only; end with it", 1,
		     4194304),
	OPT_USER('c', "cmd", "COMMAND", "start this once all is attached, and end with it"),
	OPT_USER('f', "format", "FORM", "text or json"),
	OPT_USER('d', "dump", NULL, "show the instructions, and end"),
	OPT_USER(1, "dry-run", NULL, "compile and load, and end"),
	OPT_USER(2, "unsafe", NULL, "allow system() and signal()"),
	OPT_USER_NUM(3, "max-strlen", "N", "room for strings, in bytes [1024]", 16, 8000),
	LETTER('o', "output"),
	{0}};

/* ---- source ---- */

static char *file_text(const char *path, size_t *len)
{
	size_t room = 65536, n = 0;
	char *text = xalloc(room);
	int fd = !strcmp(path, "-") ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		die(EXIT_FAIL, "%s: %s", path, strerror(errno));
	while ((got = read(fd, text + n, room - n)) > 0) {
		n += got;
		if (n == room)
			text = xrealloc(text, room *= 2);
		if (n > 1 << 24)
			die(EXIT_FAIL, "%s: more than 16 MB", path);
	}
	if (got < 0)
		die(EXIT_FAIL, "%s: %s", path, strerror(errno));
	*len = n;
	return text;
}

static void source_take(struct run *run, struct bt *bt)
{
	const char *program = opt_str(run, 'e');
	size_t len;
	char *text;
	int used = 0;

	if (program) {
		bt_init(bt, "-e", program, strlen(program));
	} else {
		if (!run->argc)
			die(EXIT_USAGE,
			    "which program? Try bpftrace -e 'BEGIN { printf(\"hello\\n\"); }', "
			    "bpftrace FILE or bpftrace --help");
		text = file_text(run->argv[0], &len);
		bt_init(bt, run->argv[0], text, len);
		used = 1;
	}
	bt->params = run->argv + used;
	bt->nparams = run->argc - used;
}

/* ---- list ---- */

static void list_see(const char *name, void *arg)
{
	line_print(arg, "%s", name);
}

static int list(struct run *run)
{
	struct bt bt;

	if (run->argc > 1)
		die(EXIT_USAGE, "-l: one pattern at a time");
	bt_init(&bt, "-l", "", 0);
	bt.pid = opt_u64(run, 'p', 0);
	sites_list(&bt, run->argc ? run->argv[0] : "*", list_see, run);
	bt_free(&bt);
	return EXIT_OK;
}

/* ---- child ---- */

/* It waits before its program until `go` is written to. */
static pid_t child_start(const char *command, int *go)
{
	sigset_t none;
	int fds[2];
	pid_t pid;
	char c;

	if (pipe2(fds, O_CLOEXEC) || (pid = fork()) < 0)
		die(EXIT_FAIL, "cannot start '%s': %s", command, strerror(errno));
	if (!pid) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		close(fds[1]);
		if (read(fds[0], &c, 1) != 1)
			_exit(127);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	close(fds[0]);
	*go = fds[1];
	return pid;
}

/* ---- all of it ---- */

static void dump(struct run *run, const struct bt *bt)
{
	char text[128];

	for (const struct bt_prog *p = bt->progs; p; p = p->next) {
		line_print(run, "%s (%zu instructions)", p->site[0]->name, p->code->n);
		for (size_t i = 0; i < p->code->n;) {
			int n = code_text(p->code, i, text, sizeof(text));
			unsigned line, col;

			bt_place(bt, p->code->at[i], &line, &col);
			line_print(run, "%4zu: %-44s ; %u:%u", i, text, line, col);
			i += n;
		}
	}
}

static int complain(const struct bt *bt)
{
	fprintf(stderr, "%s\n", bt->error);
	return bt->status;
}

static void settings_take(struct run *run, struct bt *bt, struct session *s)
{
	const char *form = opt_str(run, 'f');

	if (form && strcmp(form, "json") && strcmp(form, "text"))
		opt_bad(run, 'f', "expected text or json");
	s->json = run->format == FORMAT_JSON || (form && !strcmp(form, "json"));
	s->verbose = run->core->common.verbose;
	bt->pid = opt_u64(run, 'p', 0);
	bt->btf_path = run_btf(run);
	bt->config.unsafe = opt_on(run, 2);
	if (opt_on(run, 3)) {
		bt->config.max_strlen = opt_u64(run, 3, 0);
		bt->config.key_strlen = MIN(bt->config.key_strlen, bt->config.max_strlen);
	}
}

static int run_bpftrace(struct run *run)
{
	struct bt *bt = xalloc(sizeof(*bt));
	struct session *s = xalloc(sizeof(*s));
	int status;

	if (opt_on(run, 'l'))
		return list(run);
	source_take(run, bt);
	settings_take(run, bt, s);
	s->bt = bt;
	s->out = &run->core->out;
	s->text = xalloc(sizeof(*s->text));
	s->text->closed = true; /* never written anywhere */
	s->child_go = -1;
	if (!bt_parse(bt))
		return complain(bt);
	if (opt_on(run, 'c'))
		s->child = bt->child = child_start(opt_str(run, 'c'), &s->child_go);
	if (!bt_check(bt) || !bt_generate(bt))
		return complain(bt);
	if (opt_on(run, 'd')) {
		dump(run, bt);
		return EXIT_OK;
	}
	if (opt_on(run, 1))
		return session_load(s) && session_prepare(s) ? EXIT_OK : complain(bt);
	status = session_main(s);
	free(s->text);
	free(s);
	return status;
}

APPLET(bpftrace) = {
	.name = "bpftrace",
	.brief = "Run programs in the bpftrace language: one-liners and scripts.",
	.args = "[FILE | -e PROGRAM | -l PATTERN] [PARAMETER...]",
	.help = "Examples:\n"
		"  bpftrace -e 'BEGIN { printf(\"Hello, World!\\n\"); exit(); }'\n"
		"  bpftrace -e 'tracepoint:syscalls:sys_enter_openat { printf(\"%s %s\\n\", comm,\n"
		"               str(args.filename)); }'\n"
		"  bpftrace -e 'kretprobe:vfs_read { @bytes = hist(retval); }'\n"
		"  bpftrace -e 'usdt:python3:function__entry { @[str(arg1)] = count(); }'\n"
		"  bpftrace -p 181 -e 'watchpoint:VARIABLE:8:w { @[ustack] = count(); }'\n"
		"  bpftrace -e 'iter:task { @[ctx->task->comm] = count(); }'\n"
		"  bpftrace -l 'tracepoint:sched:*'\n"
		"Types come from the kernel (BTF): ((struct sock *)arg0)->sk_state, "
		"curtask->comm.\n"
		"Maps are printed at the end, by Ctrl-C or exit().\n",
	.opts = opts,
	.operands = OPERANDS_SCRIPT,
	.main = run_bpftrace,
};
