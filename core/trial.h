/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Would this applet work? Asked of the running kernel by loading and attaching for a moment, or of
 * another kernel's types alone. */
#ifndef TRIAL_H
#define TRIAL_H

#include "applet.h"

struct audit_kernel;

enum trial_state { TRIAL_RUNS, TRIAL_FALLS_BACK, TRIAL_CANNOT };

struct trial {
	enum trial_state state;
	char text[512];	/* the programs of each choice, or why not */
};

/* In a child process, so that nothing stays attached and a failure is only reported. An applet that
 * needs operands gets its .trial. */
void trial_live(const struct applet *applet, struct trial *t);

/* By relocation alone: no rights, no running kernel. What types cannot tell counts as working. */
void trial_offline(const struct applet *applet, const struct audit_kernel *kernel, struct trial *t);
/* The same with the applet's object as it was built for another architecture. */
void trial_object(const struct applet *applet, const void *elf, size_t size,
		  const struct audit_kernel *kernel, struct trial *t);

#endif
