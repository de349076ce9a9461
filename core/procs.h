/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes by their numbers, and what they run. */
#ifndef PROCS_H
#define PROCS_H

#include <stdbool.h>
#include <stdint.h>

/* Call `cb` for the number of each process that /proc has now. 0 or -errno. */
int proc_each(void (*cb)(int pid, void *arg), void *arg);

/* Does the process run a program whose file is called `name`, or was so until another one took its
 * place? False for a process that has ended or is the kernel's. */
bool proc_runs(int pid, const char *name);

/* The inode of the pid namespace that we run in, and in *dev, which may be NULL, the device as the
 * kernel numbers it; 0 for the machine's first namespace, where no number has to be translated. */
uint64_t own_pidns(uint64_t *dev);

#endif
