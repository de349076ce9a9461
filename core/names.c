// SPDX-License-Identifier: GPL-2.0-or-later
// Names of numbers that the C library has no table for in a static program without locales.
#include "names.h"
#include "util.h"

#include <signal.h>
#include <stdio.h>

static const char *signal_names[] = {
	[SIGHUP] = "SIGHUP", [SIGINT] = "SIGINT", [SIGQUIT] = "SIGQUIT", [SIGILL] = "SIGILL",
	[SIGTRAP] = "SIGTRAP", [SIGABRT] = "SIGABRT", [SIGBUS] = "SIGBUS", [SIGFPE] = "SIGFPE",
	[SIGKILL] = "SIGKILL", [SIGUSR1] = "SIGUSR1", [SIGSEGV] = "SIGSEGV", [SIGUSR2] = "SIGUSR2",
	[SIGPIPE] = "SIGPIPE", [SIGALRM] = "SIGALRM", [SIGTERM] = "SIGTERM", [SIGCHLD] = "SIGCHLD",
	[SIGCONT] = "SIGCONT", [SIGSTOP] = "SIGSTOP", [SIGTSTP] = "SIGTSTP", [SIGTTIN] = "SIGTTIN",
	[SIGTTOU] = "SIGTTOU", [SIGURG] = "SIGURG", [SIGXCPU] = "SIGXCPU", [SIGXFSZ] = "SIGXFSZ",
	[SIGVTALRM] = "SIGVTALRM", [SIGPROF] = "SIGPROF", [SIGWINCH] = "SIGWINCH",
	[SIGPOLL] = "SIGIO", [SIGPWR] = "SIGPWR", [SIGSYS] = "SIGSYS",
};

const char *signal_name(int sig, char text[SIGNAL_NAME_LEN])
{
	if (sig > 0 && (size_t)sig < ARRAY_LEN(signal_names) && signal_names[sig])
		snprintf(text, SIGNAL_NAME_LEN, "%s", signal_names[sig]);
	else if (sig >= 34 && sig <= 64) /* the C library keeps 32 and 33 to itself */
		snprintf(text, SIGNAL_NAME_LEN, "SIGRTMIN+%d", sig - 34);
	else
		snprintf(text, SIGNAL_NAME_LEN, "%d", sig);
	return text;
}
