/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probes on functions of libraries: in the file that this system has, in each that a running process
 * has mapped (containers have their own), and in those that are mapped later. */
#ifndef LIBS_H
#define LIBS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct run;

/* A function, and the programs at its entry and its return (NULL: none). A table ends with { 0 }. */
struct lib_func {
	const char *name, *enter, *leave;
	uint64_t cookie;	/* for the program that libs_setup() is told */
};

/* A library by its name as lib_find() takes it, and its functions. A table ends with { 0 }. */
struct lib {
	const char *name;
	const struct lib_func *funcs;
};

/* In setup(). Where the kernel can attach many probes at a time, the program `any` serves all entries
 * by their cookies, and those that `funcs` name are turned off; else it is turned off itself. */
void libs_setup(struct run *run, const char *any, const struct lib_func *funcs);

/* Attach the programs to all `funcs` that the file has, for process `pid` or 0 for all. Names of one
 * place are one function, of which the first in the table counts. Returns how many there were, or a
 * negative errno with *why in a few words: -ENOEXEC (no program or library of this machine's kind, or
 * one of Go's, which a probe on a return would crash), -ENOSPC (too many probes), or what the kernel
 * said. `prefix` (NULL: none) stands before each name. */
int lib_attach(struct run *run, const char *path, pid_t pid, const char *prefix,
	       const struct lib_func *funcs, const char **why);

/* Attach to all of `libs` wherever they are: as `installed`, as mapped by process `pid` or, for 0, any
 * process; and from now on whenever one is mapped. What cannot be probed is told, once each, and
 * does not end the run. In attach(); returns in how many files functions were found so far. `libs` and
 * `prefix` live as long as the run. */
unsigned libs_watch(struct run *run, pid_t pid, bool installed, const char *prefix,
		    const struct lib *libs);

/* After libs_watch(), as often as the applet meets the process: if it has mapped none of `libs`, its
 * program may have their functions in itself (a static one), and is then watched from now on. 0: look
 * at all processes that there are. */
void libs_met(struct run *run, pid_t pid);

/* The program that the process runs, which may have a library's functions in itself: the same for its
 * file. Ends the program if there is no such process. Returns how many functions it has. */
unsigned libs_program(struct run *run, pid_t pid, const char *prefix, const struct lib *libs);

#endif
