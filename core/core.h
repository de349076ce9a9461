/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the core share with each other, and no applet sees: the state of a run and one
 * function or two of each file. */
#ifndef CORE_H
#define CORE_H

#include "applet.h"
#include "clock.h"
#include "out.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

enum { COLS_MAX = 32, OPTS_MAX = 64, LINKS_MAX = 1024, KEY_LEN = 24,
       WATCHES_MAX = 4 };

/* What was given for an option. */
struct optval {
	bool given;
	uint64_t num;
	const char *str;
	const char **strs;	/* K_STR: all that were given, `nstrs` */
	size_t nstrs;
	uint64_t *list;		/* K_LIST: `n` numbers */
	size_t n;
	struct filter filter;	/* K_CGROUP: its cgroup members */
};

enum stamp { STAMP_DEFAULT, STAMP_WALL, STAMP_MICRO, STAMP_ISO, STAMP_REL };

/* The common options; offsets into this are the targets of OPT_IN_RUN rows. */
struct common {
	bool json, csv, verbose, perf_buffer, tree;
	const char *heatmap; /* NULL: none; "": on the terminal; else a file */
	const char *flamegraph, *output, *btf, *columns, *timestamps;
	uint64_t interval_ns, duration_ns;
	uint64_t count;
	uint32_t buffer_kb;
	uint32_t map_entries;
};

struct colset {
	size_t n;
	const struct col *col[COLS_MAX];
	char key[COLS_MAX][KEY_LEN];
};

struct core {
	struct common common;
	const struct alias *alias; /* by which the applet was called, or NULL */
	const struct opt *opts[OPTS_MAX];
	struct optval val[OPTS_MAX];
	size_t nopts;

	struct out out;
	const struct col *made_cols; /* by cols_make() */
	struct colset cols;
	struct colset stack_cols; /* text: those shown below the row */
	struct colset keys;	/* of the histogram's key */
	enum stamp stamp;
	bool header_done;

	uint64_t start_ns, count;
	uint64_t reports;	/* that had a heading */
	int signal_fd;
	bool stop;
	bool counted;		/* --count is reached: what still comes is not asked for */

	struct bpf_link *link[LINKS_MAX];
	size_t nlinks;
	char off[40][64];	/* programs that the applet does not want */
	size_t noff;
	struct target {
		const char *prog, *function;
		const char **functions;	/* or `n` of them */
		const u64 *cookies;
		size_t n;
	} target[40];
	size_t ntargets;

	struct watch {
		int fd;
		void (*fn)(struct run *run);
	} watch[WATCHES_MAX];
	size_t nwatches;
	struct usdt_known *usdt; /* of usdt_attach.c */

	struct ring_buffer *ring;
	struct perf_buffer *perf;
	uint64_t told[8];	/* how much loss of each kind was reported already */
	uint64_t lost_perf;
	struct counts_seen *counts_seen; /* of maps.c */
	struct names *names;	/* of frames.c */
	struct heatmap *heatmap; /* of hist.c */
	struct flame *flame;	/* of stacks.c: all that went into the flame graph so far */
};

/* opts.c */
/* Parse `argv` (options anywhere, "--" ends them) into run->core and the operands. Ends with
 * EXIT_USAGE or, for --help and --version, EXIT_OK. */
void opts_parse(struct run *run, int argc, char **argv);
/* Store what was given into the read-only data of the opened object. */
void opts_store(struct run *run);
void opts_help(const struct run *run, struct out *out);

/* cols.c */
/* Which columns are shown, in which order. Dies on an unknown name in --columns. */
void cols_prepare(struct run *run);
void cols_header(struct run *run);
/* Print a field through its column: for histogram titles. */
void cell_print(struct run *run, const struct col *col, const void *row, bool padded);
/* The column whose header or key is `name`, NULL if there is none. */
const struct col *cols_find(const struct run *run, const char *name);
/* A plain numeric field of a row, as a double; 0 for text. */
double col_number(const struct col *col, const void *row);
void record_begin(struct run *run, uint64_t time_ns); /* {"time":"..." */
void record_end(struct run *run);

/* maps.c */
/* map_drain(); where bit n of `maxima` is set, the nth __u64 of the result is the largest of them. */
void map_drain_max(const struct run *run, const char *map, bool take, uint64_t maxima,
		   map_entry_fn *fn, void *arg);
void maps_setup(struct run *run);	/* before load */

/* probes.c */
/* Open, load and attach by the applet's ladder. Dies, with the reasons, if nothing works. */
void probes_attach(struct run *run);
void probes_detach(struct run *run);
/* Write to `fd` "r" or, if any choice was not the first (doing without aside), "f", and the programs
 * in use. */
void probes_describe(struct run *run, int fd);
/* Is `prog` a word of the list `progs` of a probe's row? */
bool probe_names(const char *progs, const char *prog, bool *optional);

/* The link is the core's from now on. 0, or -errno where it is NULL. */
int link_take(struct run *run, struct bpf_link *link);

/* usdt_attach.c */
void usdt_setup(struct run *run);	/* before load */
void uprobes_setup(struct run *run); /* the same */
/* `many` as one link where the program is of that kind, else one by one. 0 or -errno. */
struct bpf_uprobe_multi_opts;
int uprobes_link(struct run *run, const char *prog, int pid, const char *path,
		 const struct bpf_uprobe_multi_opts *many);

/* object.c */
/* The applet's object, decompressed and opened, options stored, setup() done. */
void object_open(struct run *run);
/* The start of a variable in a data section of the opened object; NULL if it has no such. */
void *object_var(const struct run *run, const char *section, const char *name, size_t *size);
void *object_inflate(const struct applet *applet, size_t *size);

/* events.c */
bool ring_exists(void); /* has this kernel the ring buffer? true also when it may not be made */
void events_setup(struct run *run);	/* before load */
bool events_open(struct run *run);	/* after load; false: this object has no events */
void events_poll(struct run *run);	/* takes what is there, does not wait */

/* report.c, hist.c, top.c, stacks.c */
void hist_report(struct run *run);
bool hist_on(const struct run *run); /* are there histograms to report? */
void hist_setup(struct run *run);
bool top_on(const struct run *run); /* are there rows of a map to report? */
void top_setup(struct run *run);	/* before load */
void top_report(struct run *run);
void stacks_setup(struct run *run);	/* before load */
void stacks_report(struct run *run);
bool stacks_folded(const struct run *run);
void loss_report(struct run *run);


#endif
