// SPDX-License-Identifier: GPL-2.0-or-later
// Show what is written to a terminal, live.
#include "applet.h"
#include "enums.h"
#include "ttysnoop.h"
#include "ttysnoop.skel.h"
#define RODATA struct ttysnoop_bpf__rodata
#define EVENT struct event

#include <bpf/btf.h>
#include <ctype.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP(3),
	OPT_USER('r', "raw", NULL, "the bytes as they are: your terminal obeys them"),
	OPT_USER('C', "noclear", NULL, "-r: do not clear the screen at the start"),
	OPT_RANGE('s', piece_bytes, "datasize", "N", "take N bytes at a time [4096]", 1, PIECE),
	OPT_RANGE('c', pieces, "datacount", "N", "so often for each write, at most [96]", 1, 96),
	{ 0 }
};

/* A path, or the number of a pseudo-terminal. */
static void tty_find(struct run *run, RODATA *ro)
{
	const char *name = run->argc == 1 ? run->argv[0] : "";
	char path[PATH_MAX];
	struct stat st;

	if (!*name)
		die(EXIT_USAGE, "expected one terminal, a path or the number of /dev/pts/N");
	snprintf(path, sizeof(path), "%s%s", isdigit((unsigned char)*name) ? "/dev/pts/" : "", name);
	if (stat(path, &st))
		die(EXIT_FAIL, "%s: %s", path, strerror(errno));
	if (!S_ISCHR(st.st_mode))
		die(EXIT_FAIL, "%s: is no terminal", path);
	if (major(st.st_rdev) == 5)
		die(EXIT_FAIL, "%s: is whichever terminal its user has; name that one, as tty(1) does",
		    path);
	ro->tty_major = major(st.st_rdev);
	ro->tty_minor = minor(st.st_rdev);
	/* UNIX98_PTY_SLAVE_MAJOR, and its seven more */
	if (ro->tty_major >= 136 && ro->tty_major < 144)
		ro->devpts = major(st.st_dev) << 20 | minor(st.st_dev);
}

/* Without types of functions it is taken for new, as all but 5.8 to 5.10.10 are. */
static bool by_kiocb(const struct run *run)
{
	struct btf *btf = types_read(run);
	int id = btf ? btf__find_by_name_kind(btf, "tty_write", BTF_KIND_FUNC) : -1;
	bool four = false;

	if (id > 0) {
		const struct btf_type *func = btf__type_by_id(btf, id);

		four = btf_vlen(btf__type_by_id(btf, func->type)) == 4;
	}
	btf__free(btf);
	return !four;
}

static void setup(struct run *run)
{
	RODATA *ro = RUN_RODATA(run);

	tty_find(run, ro);
	ro->by_kiocb = by_kiocb(run);
	ro->filter.not_pid = getpid(); /* writing there ourselves would never end */
	ro->filter.any = true;
	ro->events_wakeup = 0;
	if (opt_on(run, 'r') && run->format == FORMAT_TEXT && !opt_on(run, 'C') &&
	    isatty(STDOUT_FILENO) && !run->own)
		bytes_print(run, "\033[H\033[2J", 7);
	run->own = run;
}

static bool keep(struct run *run, void *event)
{
	const EVENT *e = event;

	if (!opt_on(run, 'r') || run->format != FORMAT_TEXT)
		return true;
	bytes_print(run, e->data, MIN(e->bytes, (u32)PIECE));
	if (e->unread)
		warn("%llu bytes of process %u could not be read",
		     (unsigned long long)e->unread, e->pid);
	return false;
}

/* A NUL would end the text. */
static void fmt_data(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	char text[2 * PIECE];
	size_t n = 0;

	for (u32 i = 0; i < e->bytes && i < PIECE; i++) {
		if (e->data[i]) {
			text[n++] = e->data[i];
		} else {
			text[n++] = '\\';
			text[n++] = '0';
		}
	}
	cell_strn(cell, text, n);
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL(pid, "PID", -7),
	COL(comm, "COMM", -16),
	COL(bytes, "BYTES", 5),
	COL(unread, "UNREAD", 6),
	COL_FMT(data, "DATA", 0, fmt_data),
	{ 0 }
};

static const struct col no_cols[] = { { 0 } };

static const struct col *cols_make(struct run *run)
{
	return opt_on(run, 'r') && run->format == FORMAT_TEXT ? no_cols : cols;
}

static const struct probe probes[] = {
	{ "what is written to terminals", "write_fentry" },
	{ "what is written to terminals", "write_kprobe" },
	{ "what is written to terminals", "write_enter writev_enter" },
	{ 0 }
};

BPF_OBJECT(ttysnoop);

APPLET(ttysnoop) = {
	.name = "ttysnoop",
	.brief = "Show what is written to a terminal, live.",
	.args = "DEVICE|N",
	.help = "Examples:\n"
		"  ttysnoop 3                     /dev/pts/3: who writes what, as harmless text\n"
		"  ttysnoop -r /dev/tty1          the bytes themselves: a live copy\n"
		"  ttysnoop /proc/181/root/dev/pts/0   of a container: its own, not ours\n"
		"With -r your terminal obeys whatever the watched programs write: do that for\n"
		"programs you trust. UNREAD counts bytes that were not to be had: of very long\n"
		"writes, and of splice. Where a kernel lets no function be watched (see --verbose)\n"
		"only write and writev are seen. What is written to /dev/console is not.\n",
	OBJECT(ttysnoop),
	EVENT_UPTO(data),
	.opts = opts,
	.cols = cols,
	.cols_make = cols_make,
	.probes = probes,
	.operands = OPERANDS_OWN,
	.trial = "/dev/tty1",
	.setup = setup,
	.keep = keep,
};
