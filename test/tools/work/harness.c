// SPDX-License-Identifier: GPL-2.0-or-later
/*

 */
#include "work.h"

static void do_run(char **arg)
{
	sigset_t none;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(arg[0], arg);
	die(127, "%s: %s", arg[0], strerror(errno));
}

static void do_killafter(char **arg)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sleep_us(amount(arg[0]) * 1000);
	kill(number(arg[1]), SIGKILL);
}

/* Kill every child; their own children become ours then, since we are the subreaper. True when
 * there was any. */
static bool kill_children(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	bool any = false;

	while (proc && (e = readdir(proc))) {
		char path[300], buf[256], *paren;
		int fd, n, ppid;

		if (*e->d_name < '0' || *e->d_name > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/stat", e->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		n = read(fd, buf, sizeof(buf) - 1);
		close(fd);
		buf[n > 0 ? n : 0] = '\0';
		paren = strrchr(buf, ')');
		if (paren && sscanf(paren, ") %*c %d", &ppid) == 1 && ppid == getpid()) {
			kill(atoi(e->d_name), SIGKILL);
			any = true;
		}
	}
	if (proc)
		closedir(proc);
	return any;
}

static void kill_descendants(void)
{
	while (kill_children())
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
}

/* Waits for the end of pid, for a signal to end, or for the time. Returns the exit state. */
static int contain_wait(pid_t pid, const sigset_t *set, long seconds)
{
	uint64_t until = now_ns(CLOCK_MONOTONIC) + seconds * 1000000000ULL, now;
	pid_t dead;
	int status, sig;

	for (;;) {
		while ((dead = waitpid(-1, &status, WNOHANG)) > 0)
			if (dead == pid)
				return WIFEXITED(status) ? WEXITSTATUS(status) :
							   128 + WTERMSIG(status);
		now = now_ns(CLOCK_MONOTONIC);
		if (now >= until)
			return 124;
		sig = sigtimedwait(set, NULL,
				   &(struct timespec){ (until - now) / 1000000000ULL,
						       (until - now) % 1000000000ULL });
		if (sig > 0 && sig != SIGCHLD)
			return 128 + sig;
	}
}

static void do_contain(char **arg)
{
	long seconds = amount(arg[0]);
	sigset_t set, old;
	pid_t pid;
	int status;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, &old);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	must(prctl(PR_SET_CHILD_SUBREAPER, 1), "prctl");
	pid = fork_child();
	if (!pid) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		execvp(arg[1], arg + 1);
		die(127, "%s: %s", arg[1], strerror(errno));
	}
	status = contain_wait(pid, &set, seconds);
	kill_descendants();
	exit(status);
}

VERB("run", 1, MANY, do_run);
VERB("contain", 2, MANY, do_contain);
VERB("killafter", 2, 2, do_killafter);
