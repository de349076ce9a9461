// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Signals.
 *
 *   kill     SIG N                  kill() xN of one child that ignores SIG (KILL ends it, the
 *                                   later ones reach the zombie); prints the child's pid
 *   tkill, tgkill, sigqueue, tgsigqueue, pidfdkill
 *                                   the same with tkill(), tgkill(), rt_sigqueueinfo(),
 *                                   rt_tgsigqueueinfo(), pidfd_send_signal()
 *   killgone SIG N                  kill() xN of a child that was waited for, which fails; prints
 *                                   its pid
 *   killgroup SIG N K               kill() xN of a process group of K children that ignore SIG;
 *                                   prints its number
 *   sigdie   SIG                    one child that dies of SIG without a core dump; prints its pid
 *   sigcore  SIG DIR                the same with a core dump into DIR, if the kernel makes one;
 *                                   prints its pid and 1 or 0
 */
#include "work.h"

static const struct {
	const char *name;
	int value;
} signals[] = {
	{ "HUP", SIGHUP },   { "INT", SIGINT },	  { "QUIT", SIGQUIT }, { "ILL", SIGILL },
	{ "TRAP", SIGTRAP }, { "ABRT", SIGABRT }, { "BUS", SIGBUS },   { "FPE", SIGFPE },
	{ "KILL", SIGKILL }, { "USR1", SIGUSR1 }, { "SEGV", SIGSEGV }, { "USR2", SIGUSR2 },
	{ "PIPE", SIGPIPE }, { "ALRM", SIGALRM }, { "TERM", SIGTERM }, { "CONT", SIGCONT },
	{ "STOP", SIGSTOP }, { "XCPU", SIGXCPU }, { "SYS", SIGSYS },
};

static int signal_of(const char *s)
{
	const char *name = strncmp(s, "SIG", 3) ? s : s + 3;
	size_t i;

	for (i = 0; i < ARRAY_LEN(signals); i++)
		if (!strcmp(name, signals[i].name))
			return signals[i].value;
	return amount(s);
}

static void do_sigdie(char **arg)
{
	static const struct rlimit no_core;
	int sig = signal_of(arg[0]), status;
	pid_t pid = fork_child();

	if (!pid) {
		setrlimit(RLIMIT_CORE, &no_core);
		signal(sig, SIG_DFL);
		kill(getpid(), sig);
		pause();
	}
	status = wait_child(pid);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != sig)
		die(1, "the child did not die of %s", arg[0]);
	printf("%d\n", pid);
}

static void do_sigcore(char **arg)
{
	static const struct rlimit any = { RLIM_INFINITY, RLIM_INFINITY };
	int sig = signal_of(arg[0]), status;
	pid_t pid = fork_child();

	if (!pid) {
		must(setrlimit(RLIMIT_CORE, &any), "setrlimit");
		must(chdir(arg[1]), arg[1]);
		signal(sig, SIG_DFL);
		kill(getpid(), sig);
		pause();
	}
	status = wait_child(pid);
	printf("%d %d\n", pid, WCOREDUMP(status) != 0);
}

static int signal_send(pid_t pid, int sig)
{
	siginfo_t si;
	int fd;

	if (!strcmp(verb, "kill"))
		return kill(pid, sig);
	if (!strcmp(verb, "pidfdkill")) {
		fd = must(syscall(SYS_pidfd_open, pid, 0), "pidfd_open");
		must(syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0), "pidfd_send_signal");
		return close(fd);
	}
	if (!strcmp(verb, "tkill"))
		return syscall(SYS_tkill, pid, sig);
	if (!strcmp(verb, "tgkill"))
		return syscall(SYS_tgkill, pid, pid, sig);
	memset(&si, 0, sizeof(si));
	si.si_code = SI_QUEUE;
	si.si_pid = getpid();
	si.si_uid = getuid();
	if (!strcmp(verb, "tgsigqueue"))
		return syscall(SYS_rt_tgsigqueueinfo, pid, pid, sig, &si);
	return syscall(SYS_rt_sigqueueinfo, pid, sig, &si);
}

/* The child ends by the end of a pipe, so that no signal is sent but those that were asked for. */
static void do_kill(char **arg)
{
	int sig = signal_of(arg[0]), hold[2], ready[2];
	long n = amount(arg[1]);
	pid_t pid;
	char c;

	pipe_make(hold);
	pipe_make(ready);
	pid = fork_child();
	if (!pid) {
		close(hold[1]);
		if (sig)
			signal(sig, SIG_IGN); /* fails for KILL and STOP, as it should */
		byte_write(ready[1]);
		_exit(read(hold[0], &c, 1) != 0);
	}
	byte_read(ready[0]);
	while (n--)
		must(signal_send(pid, sig), verb);
	if (sig == SIGSTOP)
		must(kill(pid, SIGKILL), "kill"); /* one more: nothing else ends a stopped child */
	close(hold[1]);
	wait_child(pid);
	printf("%d\n", pid);
}

static void do_killgone(char **arg)
{
	int sig = signal_of(arg[0]);
	long n = amount(arg[1]);
	pid_t pid = fork_child();

	if (!pid)
		_exit(0);
	wait_child(pid);
	while (n--)
		if (!kill(pid, sig))
			die(1, "pid %d is there again", pid);
	printf("%d\n", pid);
}

/* The children end by the end of a pipe, as in do_kill(). */
static void do_killgroup(char **arg)
{
	int sig = signal_of(arg[0]), hold[2], ready[2];
	long n = amount(arg[1]), k = amount(arg[2]), i;
	pid_t group = 0, pid;
	char c;

	pipe_make(hold);
	pipe_make(ready);
	for (i = 0; i < k; i++) {
		pid = fork_child();
		if (!pid) {
			close(hold[1]);
			signal(sig, SIG_IGN);
			must(setpgid(0, group), "setpgid");
			byte_write(ready[1]);
			_exit(read(hold[0], &c, 1) != 0);
		}
		byte_read(ready[0]);
		group = group ? group : pid;
	}
	while (n--)
		must(kill(-group, sig), "kill");
	close(hold[1]);
	while (k--)
		must(wait(NULL), "wait");
	printf("%d\n", group);
}

VERB("tgsigqueue", 2, 2, do_kill);
VERB("pidfdkill", 2, 2, do_kill);
VERB("killgone", 2, 2, do_killgone);
VERB("killgroup", 3, 3, do_killgroup);
VERB("kill", 2, 2, do_kill);
VERB("tkill", 2, 2, do_kill);
VERB("tgkill", 2, 2, do_kill);
VERB("sigqueue", 2, 2, do_kill);
VERB("sigcore", 2, 2, do_sigcore);
VERB("sigdie", 1, 1, do_sigdie);
