// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What test/run and test/lib.sh need.
 *
 *   run      PROG ARGS...           execvp() as leader of a process group, with default signals
 *   contain  SECONDS PROG ARGS...   runs it, ends with its status, or 124 when the time is over; kills
 *                                   whatever it leaves behind. Where the kernel spares it when memory
 *                                   runs out (scripts/vm-init), it does not spare what it runs
 *   killafter MS PID                SIGKILL after so long
 *   caps     UID LIST PROG ARGS...  execvp() as that user with just these capabilities, by number or
 *                                   name: bpf, perfmon, dac_read_search, sys_ptrace,
 *                                   sys_resource, syslog
 */
#include "work.h"
#include <linux/capability.h>

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

static void be_mortal(void)
{
	FILE *file = fopen("/proc/self/oom_score_adj", "r+");
	int score = 0;

	if (file && fscanf(file, "%d", &score) == 1 && score < 0) {
		rewind(file);
		fputs("0", file);
		must(fflush(file), "oom_score_adj");
	}
	if (file)
		fclose(file);
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
		be_mortal();
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

static const struct {
	const char *name;
	int nr;
} cap_names[] = {
	{ "dac_read_search", CAP_DAC_READ_SEARCH }, { "sys_ptrace", CAP_SYS_PTRACE },
	{ "sys_resource", CAP_SYS_RESOURCE },	    { "syslog", CAP_SYSLOG },
	{ "perfmon", 38 }, /* both from Linux 5.8 */ { "bpf", 39 },
};

static int cap_number(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(cap_names); i++)
		if (!strcmp(cap_names[i].name, name))
			return cap_names[i].nr;
	return amount(name);
}

/* A plain user keeps capabilities over execve() only as ambient ones, which must be inheritable. */
static void do_caps(char **arg)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { 0 };
	long id = amount(arg[0]);
	int caps[64], n = 0;

	for (char *name = strtok(arg[1], ","); name && n < 64; name = strtok(NULL, ",")) {
		int nr = caps[n++] = cap_number(name);

		data[nr / 32].permitted |= 1U << nr % 32;
	}
	for (int i = 0; i < 2; i++)
		data[i].effective = data[i].inheritable = data[i].permitted;
	must(prctl(PR_SET_KEEPCAPS, 1), "prctl");
	must(setgroups(0, NULL), "setgroups");
	must(setgid(id), "setgid");
	must(setuid(id), "setuid");
	must(syscall(SYS_capset, &head, data), "capset");
	for (int i = 0; i < n; i++)
		must(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, caps[i], 0, 0), "prctl");
	execvp(arg[2], arg + 2);
	die(127, "%s: %s", arg[2], strerror(errno));
}

VERB("caps", 3, MANY, do_caps);
