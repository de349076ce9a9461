// SPDX-License-Identifier: GPL-2.0-or-later
// Would this applet work? By a trial in a child process, or by the relocation audit.
#include "trial.h"
#include "audit.h"
#include "core.h"

#include <sys/wait.h>
#include <unistd.h>

/* ---- live ---- */

/* The child: what it prints to `fd` is the first letter of a state and a text. */
static void trial_child(const struct applet *applet, int fd)
{
	static struct core core;
	struct run run = { .applet = applet, .core = &core };
	char *argv[8] = { 0 }, *words = xstrdup(applet->trial ? applet->trial : ""), *save = NULL;
	int argc = 0;

	for (char *w = strtok_r(words, " ", &save); w && argc < 7; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	prog_name = applet->name;
	dup2(fd, STDERR_FILENO); /* die() says there why */
	opts_parse(&run, argc, argv);
	cols_prepare(&run);
	probes_attach(&run);
	probes_describe(&run, fd);
	_exit(EXIT_OK);
}

static void text_read(int fd, char *text, size_t size)
{
	size_t n = 0;
	ssize_t got;

	while (n < size - 1 && (got = read(fd, text + n, size - 1 - n)) > 0)
		n += got;
	text[n] = 0;
}

void trial_live(const struct applet *applet, struct trial *t)
{
	char text[sizeof(t->text)];
	const char *p = text;
	int fds[2], status;
	pid_t pid;

	if (!applet->object) {
		*t = (struct trial){ .state = TRIAL_RUNS };
		if (applet->kprobes && access("/sys/bus/event_source/devices/kprobe", F_OK)) {
			t->state = TRIAL_CANNOT;
			snprintf(t->text, sizeof(t->text),
				 "this kernel has no kprobes (CONFIG_KPROBES)");
		}
		return;
	}
	if (pipe(fds))
		die(EXIT_FAIL, "pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		die(EXIT_FAIL, "fork: %s", strerror(errno));
	if (!pid) {
		close(fds[0]);
		trial_child(applet, fds[1]);
	}
	close(fds[1]);
	text_read(fds[0], text, sizeof(text));
	close(fds[0]);
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_OK) {
		t->state = *p++ == 'f' ? TRIAL_FALLS_BACK : TRIAL_RUNS;
	} else {
		t->state = TRIAL_CANNOT;
		/* "NAME: why": the name stands in its own column */
		if (!strncmp(p, applet->name, strlen(applet->name)))
			p += strlen(applet->name) + 2;
	}
	snprintf(t->text, sizeof(t->text), "%.*s", (int)strcspn(p, "\n"), p);
}

/* ---- offline ---- */

struct verdicts {
	struct { char prog[64], text[160]; enum audit_verdict verdict; } v[64];
	size_t n;
};

static void verdict_take(const struct audit_row *row, void *arg)
{
	struct verdicts *all = arg;

	if (all->n == ARRAY_LEN(all->v))
		die(EXIT_FAIL, "an object of more than %zu programs", all->n);
	snprintf(all->v[all->n].prog, sizeof(all->v->prog), "%s", row->prog);
	snprintf(all->v[all->n].text, sizeof(all->v->text), "%s", row->text);
	all->v[all->n++].verdict = row->verdict;
}

/* Whether all programs of a row would relocate; if not, `why` gets the first reason. */
static bool row_works(const struct verdicts *all, const char *progs, char *why, size_t size)
{
	bool optional;

	for (size_t i = 0; i < all->n; i++) {
		if (!probe_names(progs, all->v[i].prog, &optional) || optional ||
		    all->v[i].verdict < AUDIT_SIZE_DIFFERS)
			continue;
		snprintf(why, size, "%s: %s", all->v[i].prog, all->v[i].text);
		return false;
	}
	return true;
}

static bool named_by_a_row(const struct applet *applet, const char *prog)
{
	bool optional;

	for (const struct probe *p = applet->probes; p && p->what; p++)
		if (probe_names(p->progs, prog, &optional))
			return true;
	return false;
}

static void text_add(struct trial *t, const char *more)
{
	size_t n = strlen(t->text);

	snprintf(t->text + n, sizeof(t->text) - n, "%s%s", n ? ", " : "", more);
}

void trial_offline(const struct applet *applet, const struct audit_kernel *kernel, struct trial *t)
{
	size_t size;
	void *elf;

	*t = (struct trial){ .state = TRIAL_RUNS };
	if (!applet->object)
		return;
	elf = object_inflate(applet, &size);
	trial_object(applet, elf, size, kernel, t);
	free(elf);
}

void trial_object(const struct applet *applet, const void *elf, size_t size,
		  const struct audit_kernel *kernel, struct trial *t)
{
	struct verdicts all = { .n = 0 };
	const struct probe *p = applet->probes, *first;
	char why[256] = "";

	*t = (struct trial){ .state = TRIAL_RUNS };
	if (audit_object(elf, size, kernel, verdict_take, &all) < 0)
		die(EXIT_FAIL, "%s: the embedded object is damaged", applet->name);
	for (size_t i = 0; i < all.n; i++) {
		if (named_by_a_row(applet, all.v[i].prog) || all.v[i].verdict < AUDIT_SIZE_DIFFERS)
			continue;
		t->state = TRIAL_CANNOT;
		snprintf(t->text, sizeof(t->text), "%s: %s", all.v[i].prog, all.v[i].text);
		return;
	}
	while (p && p->what) {
		for (first = p; p->what && !strcmp(p->what, first->what); p++)
			if (row_works(&all, p->progs, why, sizeof(why)))
				break;
		if (!p->what || strcmp(p->what, first->what)) {
			if (first->when)
				continue; /* an option is of no use there */
			t->state = TRIAL_CANNOT;
			snprintf(t->text, sizeof(t->text), "%s: %s", first->what, why);
			return;
		}
		if (p != first)
			t->state = TRIAL_FALLS_BACK;
		if (*p->progs)
			text_add(t, p->progs);
		while (p->what && !strcmp(p->what, first->what))
			p++;
	}
}
