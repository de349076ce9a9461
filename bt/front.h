/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tools share that are front ends of the tracing language (funccount, stackcount, trace,
 * argdist, ...): their probes and expressions become a program of that language, and what it counts
 * and sends becomes rows of the tool's columns. */
#ifndef BT_FRONT_H
#define BT_FRONT_H

#include "core.h"
#include "session.h"

struct front {
	struct run *run;
	struct bt *bt;
	struct session *s;
	char *text; /* the program */
	size_t n, room;
	bool binary;	     /* STRCMP() compares bytes, not strings */
	bool addresses;	     /* front_stack(): before the names */
	uint32_t seen[1024]; /* processes whose mappings were read, by pid */
};

/* Takes the common options; -p, -i and -d are the tool's: their keys, 0 for what it lacks. */
struct front *front_new(struct run *run, int pid_key, int interval_key, int duration_key);
void front_put(struct front *f, const char *fmt, ...) PRINTF(2, 3);
/* The files that this option names (structs, #define), before all probes. */
void front_include(struct front *f, int key);
/* Compile the program and run it to its end; the exit status. */
int front_run(struct front *f, const struct session_front *hooks, void *arg);

/* ---- probes as BCC writes them ----
 * FUNC, LIB:FUNC, p:[LIB]:FUNC, r:[LIB]:FUNC, t:CATEGORY:EVENT, u:LIB:[PROVIDER:]PROBE */
struct front_target {
	char kind;	  /* p, r, t, u */
	const char *lib;  /* of a tracepoint its category; NULL: the kernel */
	const char *func; /* may be a pattern; u: PROBE or PROVIDER:PROBE */
	const char *spec; /* as it was written */
};
void front_target(struct front *f, const char *spec, struct front_target *t);
/* Its attach point to the program's text; at the function's return if `ret`. */
void front_point(struct front *f, const struct front_target *t, bool ret);
/* "mkdir" of the kernel's function "__x64_sys_mkdir"; NULL: it is not the entry of a system call. */
const char *front_syscall(const char *func);

/* ---- expressions as BCC writes them ---- */
struct front_names {
	const struct front_target *target;
	const char *signature; /* "int fd, char *buf"; NULL: the kernel's types tell */
	bool returns;	       /* at the return: parameters are what `entry` kept */
	/* $entry(X), and parameters at the return: called with X, puts what it was at the entry. */
	void (*entry)(struct front *f, const struct front_names *nm, const char *text, size_t n);
	const char *latency; /* puts $latency; NULL: there is none */
	void *arg;
	size_t number;
};
/* Translated to the program's text: parameters, arg1, retval, $pid, STRCMP() and so on. */
void front_expr(struct front *f, const struct front_names *nm, const char *text, size_t n);
/* The end of a bracket that begins at p: behind it; NULL: there is none before `end`. */
const char *front_bracket(const char *p, const char *end);
/* Up to a comma outside of all brackets and quotes, or `end`. */
const char *front_comma(const char *p, const char *end);

/* ---- what comes back ---- */
struct front_value {
	uint64_t num;
	const void *data; /* in the event; of a string its bytes */
	size_t len;
};
/* The first `n` arguments of an event; *rest (may be NULL) is what is left of its printf(), whose
 * format begins `skip` bytes later. */
void front_values(const struct bt_action *a, const void *event, size_t size, size_t n, size_t skip,
		  struct front_value *v, struct bt_action *rest);
/* Name of the site's function or event: what `probe` in an event or a key says. */
const char *front_site(const struct front *f, uint64_t number);
/* A stack in an event: as lines below the row, as JSON's "kernel" or "user", as one field of CSV.
 * Formatters of columns made by FRONT_STACK call it. */
void front_stack(struct front *f, const struct bt_type *t, const void *data);
#define FRONT_STACK(k, h, fn)                                                                      \
	{                                                                                          \
		.head = (h), .kind = K_STACKS, .fmt = (fn), .when = (k), .only = true              \
	}
/* A histogram of the engine as the other tools show theirs. `name` is what is measured, `key` may
 * be NULL. */
void front_hist(struct front *f, const char *name, const char *key, const char *unit,
		const struct bt_type *t, const void *value);
/* [HH:MM:SS] before a report, if `on` and the output is text. */
void front_stamp(struct front *f, bool on);
/* The map of that name, which the program has. */
struct bt_map *front_map(const struct front *f, const char *name);
/* Of all stacks of processes in the map's keys: where their functions are, while they live. */
void front_processes(struct front *f, struct bt_map *m);

#endif
