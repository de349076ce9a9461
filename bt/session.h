/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A compiled program at work: its tables and programs in the kernel, its output. */
#ifndef BT_SESSION_H
#define BT_SESSION_H

#include "asm.h"
#include "out.h"

#include <sys/types.h>

struct ksyms;
struct usyms;
struct ring_buffer;
struct session;

/* What a program is, or will be, attached by. */
struct hook {
	int fd;	  /* -1: not yet */
	int link; /* with a cookie, on top of the perf event in fd; -1: none */
	int prog;
	bool cookie;
	const struct bt_site *site;
	const char *raw;       /* a raw tracepoint's name, "" for fentry; NULL: a perf event */
	struct bt_prog *multi; /* all of its sites at once */
};

/* For the tools whose programs are made for them: what happens with what their programs send, and
 * reports in place of printed maps. All may be NULL; `arg` is session.front_arg. */
struct session_front {
	void (*begun)(struct session *s, void *arg); /* all is attached */
	void (*event)(struct session *s, void *arg, const struct bt_action *a, const void *data,
		      size_t size); /* of a printf() */
	void (*report)(struct session *s, void *arg, bool last);
	void (*look)(struct session *s, void *arg); /* five times a second */
};

struct build_ids;

struct session {
	struct bt *bt;
	struct build_ids *build_ids; /* config.build_ids: whose functions have names */
	const struct session_front *front;
	void *front_arg;
	uint64_t interval_ns, duration_ns; /* of front; 0: no reports before the end, no end */
	struct out *out;
	struct out *text; /* JSON: what is not JSON yet */
	bool json, verbose, maps_at_end;
	int table[TABLE_MAPS];	/* descriptors, -1: not in use */
	struct bt_state *state; /* mapped */
	struct hook *hook;
	size_t nhooks;
	struct ring_buffer *ring;
	struct ksyms *ksyms;
	struct usyms *usyms;
	int cpus;
	int signal_fd;
	pid_t child;
	int child_go;			     /* written to: the child may start its program */
	uint64_t look_ns, report_ns, end_ns; /* when that is due next; 0: never */
	bool stop;
	int status;
	uint64_t told[4]; /* of the losses */
	int *pcap;	  /* of each action, -1: it writes no packets */
};

/* load.c: tables and programs into the kernel. False: bt->error says why. */
bool session_load(struct session *s);
/* Run a program that no probe runs: BEGIN, END, interval. */
/* Load once more, for one function at a time. */
bool session_reload_single(struct bt_prog *p);
void session_run(struct session *s, const struct bt_prog *prog);

/* attach.c: whether all that is to be attached is there, and may be; nothing runs yet. Then to let
 * it run. False: bt->error says why. */
bool session_prepare(struct session *s);
bool session_attach(struct session *s);
/* Go through what iterators go through; with nothing else to wait for, that is the end. */
bool session_iterate(struct session *s);
void session_detach(struct session *s);

/* print.c: a value as text; bytes from elsewhere are made safe, unless it is to become JSON. */
void value_text(struct session *s, struct out *o, const struct bt_type *t, const void *data);
void value_json(struct session *s, const struct bt_type *t, const void *data);
void key_json(struct session *s, const struct bt_map *m, const void *key);
/* The frames of a stack, the innermost first, and whose they are; false: it is lost. */
enum { FRAMES_MOST = 1024 };
struct stack_ips {
	uint64_t ip[FRAMES_MOST];
	uint32_t n, pid;
};
bool stack_read(struct session *s, const struct bt_type *t, const void *data,
		struct stack_ips *ips);
/* buildid.c: the files of a list with commas between them; dies if one of them cannot be used. */
struct build_ids *build_ids_new(struct bt *bt, const char *list);
/* A stack of that kind by its number; 0, or -errno. */
int build_ids_read(struct session *s, uint32_t key, struct stack_ips *ips);
/* What is shown of such a frame: the offset in its file; else it is an address. */
uint64_t build_ids_offset(uint64_t ip);
/* False: it is an address. *name is NULL where the file is none of ours; *off is in the function,
 * or in the file. */
bool build_ids_name(const struct build_ids *ids, uint64_t ip, const char **name, uint64_t *off);
/* The name of a frame of a stack of that kind, with +OFFSET if wanted. */
void symbol_text(struct session *s, struct out *o, const struct bt_type *t, uint64_t addr,
		 uint32_t pid, bool offset);
int64_t value_number(const struct bt_type *t, const void *data);
void string_text(struct session *s, struct out *o, const char *str, size_t max);
/* The arguments of an event by their format. */
void format_print(struct session *s, struct out *o, const struct bt_action *a, const void *event,
		  size_t size);
/* Into `text`, which the caller takes from there; and as {"type":...,"data":...} */
void json_record(struct session *s, const char *type, const char *data, size_t n);

/* tables.c */
void map_print(struct session *s, struct bt_map *m, uint32_t top, uint32_t divisor);
void map_print_entry(struct session *s, struct bt_map *m, const void *key);
/* Each entry in the order in which they are printed, or the last `top`; aggregations are summed up.
 * With `take` those of a table with keys are removed. */
typedef void map_entry_see(void *arg, const struct bt_map *m, const void *key, const void *value);
void map_each(struct session *s, struct bt_map *m, bool take, size_t top, map_entry_see *see,
	      void *arg);
/* How many are in the slot, and which values it is for; INT64_MIN, INT64_MAX: no bound. */
uint64_t hist_slot(const struct bt_type *t, const void *value, uint32_t i, int64_t *lo,
		   int64_t *hi);
void map_clear(struct session *s, struct bt_map *m, bool zero);

/* pcap.c: the files for skboutput(); dies if one cannot be made. Then a packet in an event. */
void pcap_open(struct session *s);
void pcap_write(struct session *s, const struct bt_action *a, const char *event);

/* What programs have sent so far. */
void session_events(struct session *s);
/* session.c: all of it, from loading to the end. The exit status. */
int session_main(struct session *s);

#endif
