/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tracing language: from source text to running BPF programs, without LLVM.
 *
 *   lex.c      text -> tokens; #define, #ifdef
 *   parse.c    tokens -> syntax tree (this header), attach points included
 *   ctypes.c   C types: from the kernel's BTF, from the script's own structs, from text
 *   sites.c    attach points -> what is there to attach to; what `args` and `ctx` mean at each
 *   check.c    names and types of every node; the types of maps and variables
 *   vars.c     one row a builtin variable: its type, its code
 *   calls.c    one row a function: its check, its code (calls_out.c: those that end in user space)
 *   asm.c      instructions, labels, source positions
 *   gen.c      syntax tree -> instructions (gen_map.c: tables; gen_mem.c: strings and records)
 *   load.c     tables and programs into the kernel; the verifier's refusal as a source line
 *   attach.c   programs to their probes
 *   print.c    values as text and JSON; format.c: printf; tables.c: whole maps
 *   session.c  the loop: events, intervals, child process, the end
 *   front.c    for the tools that are front ends: probes and expressions as BCC writes them
 *
 * Values. A scalar (integer, pointer, id) is computed into R0, 64 bits wide and extended by the
 * sign of its type. Everything else (string, tuple, buffer, address) lies in memory: code for it
 * either fills a place that it is given (gen_into) or leaves the address of one in R0. Temporary
 * values are slots of the stack, as long as there is room and they are small; else of the scratch
 * table, a per-CPU array with one entry per program, so that a program that interrupts another one
 * does not write into its values. Variables ($x) are slots, too. Registers: R9 the context, R8 the
 * scratch entry, R7 the frame that holds the variables (in a callback that is the caller's); R6 is
 * free between two calls, and nothing else survives the code of an operand.
 *
 * Records of the kernel or a process are never copied as a whole to get at a member: a chain of
 * members is one constant offset from an address, and one read of just the member.
 *
 * Tables (@x). Without keys: an array of one entry; else a hash. Aggregations are per CPU and
 * summed up by the reader; a histogram is one value with all its slots. What does not fit is
 * counted.
 *
 * Output. printf() and all that happens in user space is an action: a number, under which user
 * space keeps format and types, and the arguments behind it in one ring buffer, strings as long as
 * they are. So is `exit()`. BEGIN and END, and intervals, are programs that user space runs by
 * BPF_PROG_TEST_RUN.
 *
 * Errors go to one place (bt_error): the first one ends the compilation, by longjmp. */
#ifndef BT_H
#define BT_H

#include "util.h"

#include <setjmp.h>
#include <string.h>
#include <linux/types.h>

struct bt;

/* ---- types ---- */

enum bt_kind {
	T_NONE, /* not known yet, or no value */
	T_INT,
	T_PTR,
	T_RECORD, /* struct or union; lies in memory of space `as` */
	T_ARRAY,  /* of C; lies in memory of space `as` */
	T_STR,	  /* at most `size` bytes with its NUL */
	T_BUF,	  /* u32 length, then up to `size` bytes */
	T_TUPLE,
	T_KSTACK,
	T_USTACK, /* id in the table of stacks; of a user stack also whose */
	T_KSYM,	  /* address in the kernel */
	T_USYM,	  /* address and process */
	T_INET,	  /* address family, 16 bytes of address */
	T_MAC,
	T_PROBE,       /* number of an attach point */
	T_TIME,	       /* strftime(): ns, and the number of the format */
	T_CGROUP_PATH, /* id */
	T_USER,	       /* username: uid */
	T_ERRNO,       /* strerror() */
	T_ARGS,	       /* `args`: its members are those of the attach point */
	/* what only a map has: */
	T_COUNT,
	T_SUM,
	T_AVG,
	T_MIN,
	T_MAX,
	T_STATS,
	T_HIST,
	T_LHIST,
};

enum bt_space { AS_ANY, AS_KERNEL, AS_USER, AS_BPF }; /* where an address leads to */

struct bt_record;
struct usdt_arg;

struct bt_type {
	enum bt_kind kind;
	enum bt_space as;
	bool sign, is_char, is_bool;
	uint32_t size; /* bytes: of an integer, record, array, string, buffer */
	uint32_t n;    /* elements: array, tuple; stacks: most frames; hist: bits; lhist: slots */
	const struct bt_type *elem;   /* pointer, array */
	const struct bt_type **elems; /* tuple */
	struct bt_record *record;
	int64_t min, step; /* lhist; stacks: min is the mode; probe: min 1, just the function */
	const char *enum_name;
};

struct bt_member {
	const char *name; /* NULL: anonymous */
	const struct bt_type *type;
	uint32_t offset;       /* bytes */
	uint8_t bit_off, bits; /* of a bit-field: from offset on; 0 bits: none */
	bool data_loc;	       /* tracepoints: offset and length of data behind the event */
};

struct bt_record {
	const char *name;
	uint32_t size, btf_id;
	bool is_union, complete, filled;
	struct bt_member *member;
	size_t n;
};

/* ---- syntax tree ---- */

struct bt_span {
	uint32_t at, len;
}; /* in the source text */

enum expr_kind {
	E_INT,
	E_STR,
	E_NAME,
	E_VAR,
	E_MAP,
	E_POSITIONAL,
	E_POSITIONAL_COUNT,
	E_CALL,
	E_UNARY,
	E_BINARY,
	E_COND,
	E_CAST,
	E_MEMBER,
	E_INDEX,
	E_TUPLE,
	E_SIZEOF,
	E_OFFSETOF,
	E_STEP,
	E_BLOCK, /* of a macro: statements, then the value of a, if there is one */
};

enum bt_op {
	OP_NONE,
	OP_ADD,
	OP_SUB,
	OP_MUL,
	OP_DIV,
	OP_MOD,
	OP_AND,
	OP_OR,
	OP_XOR,
	OP_SHL,
	OP_SHR,
	OP_LAND,
	OP_LOR,
	OP_EQ,
	OP_NE,
	OP_LT,
	OP_LE,
	OP_GT,
	OP_GE,
	OP_NOT,
	OP_INV,
	OP_NEG,
	OP_DEREF,
	OP_ADDR,
};

struct bt_var {
	const char *name;
	const struct bt_type *type;
	struct bt_span first;
	int slot; /* gen.c */
	bool in_scratch;
};

struct bt_map {
	const char *name; /* with its @ */
	struct bt_span first;
	bool keyed, key_known, printed_off;
	const struct bt_type **key; /* per CPU no value; each key's type */
	size_t nkeys;
	const struct bt_type *type;
	uint32_t key_size, value_size, entries;
	bool per_cpu;
	uint32_t most; /* let @x = hash(N): entries; 0: as the configuration says */
	bool lru;      /* the oldest entries make room for new ones */
	bool removed;  /* delete(), has_key() or zero(): entries come and go */
	bool indexed;  /* counts by probe: an array, which needs no hashing */
	int fd;
	unsigned index;
};

struct bt_stmt;

struct bt_expr {
	enum expr_kind kind;
	enum bt_op op;
	struct bt_span span;
	const struct bt_type *type; /* set by check.c */
	struct bt_expr *a, *b, *c;  /* operands */
	struct bt_expr **arg;	    /* of a call, a map, a tuple */
	size_t nargs;
	const char *name; /* function, member, variable, type's text */
	const char *str;  /* E_STR: bytes, NUL-terminated */
	size_t str_len;
	uint64_t num;
	bool arrow, post, is_const, wide;
	const struct bt_type *cast; /* E_CAST, E_SIZEOF, E_OFFSETOF */
	struct bt_map *map;
	struct bt_var *var;
	const struct bt_member *member;
	uint32_t offset;	    /* of the member, anonymous ones summed up */
	const struct bt_call *call; /* rows of calls.c, vars.c */
	const struct bt_builtin *builtin;
	struct bt_action *action;
	struct bt_stmt *block; /* E_BLOCK */
};

enum stmt_kind {
	S_EXPR,
	S_ASSIGN,
	S_IF,
	S_WHILE,
	S_FOR_RANGE,
	S_FOR_MAP,
	S_UNROLL,
	S_BLOCK,
	S_RETURN,
	S_BREAK,
	S_CONTINUE,
};

struct bt_stmt {
	enum stmt_kind kind;
	enum bt_op op; /* S_ASSIGN: of += and the like */
	struct bt_span span;
	struct bt_stmt *next;		       /* in its block */
	struct bt_expr *target, *value, *last; /* last: end of a range */
	struct bt_stmt *body, *other;
	struct bt_var *var, *from; /* of a loop; from: where its range begins */
	struct bt_map *map;
	uint64_t times;
};

/* ---- probes ---- */

enum site_kind {
	P_BEGIN,
	P_END,
	P_KPROBE,
	P_KRETPROBE,
	P_FENTRY,
	P_FEXIT,
	P_TRACEPOINT,
	P_RAWTP,
	P_UPROBE,
	P_URETPROBE,
	P_USDT,
	P_PROFILE,
	P_INTERVAL,
	P_SOFTWARE,
	P_HARDWARE,
	P_WATCHPOINT,
	P_ITER,
	P_KINDS,
};

/* One attach point as it is written. */
struct bt_point {
	struct bt_span span;
	const char *text;
	enum site_kind kind;
	const char *part[3]; /* behind the kind, between colons */
	size_t nparts;
	struct bt_point *next;
};

/* One place to attach to. */
struct bt_site {
	const struct bt_point *point;
	enum site_kind kind;
	const char *name; /* the full one, as `probe` tells it */
	const char *func; /* kernel function, tracepoint cat:name, user function */
	const char *path; /* ELF file */
	uint64_t offset;  /* in the file; in the kernel function; iter: in ctx, of the object */
	uint64_t period, config;
	bool frequency;
	uint32_t btf_id; /* fentry, fexit, iter */
	int btf_fd;	 /* of the module that has it; 0: the kernel itself */
	/* Among all; the places of one USDT probe have the same. */
	unsigned number;
	uint64_t semaphore;	  /* usdt: in the file; 0: none */
	struct usdt_arg *operand; /* usdt: where its arguments are */
	unsigned noperands;
	struct bt_record *args;
	bool args_sought;
	struct bt_site *next;
};

struct bt_probe {
	struct bt_span span;
	struct bt_point *points;
	struct bt_expr *predicate;
	struct bt_stmt *body;
	struct bt_probe *next;
	struct bt_var **var;
	size_t nvars;
	struct bt_site *sites;
};

/* A program as it is loaded: a probe for one site, or for several that need the same code. */
struct bt_prog {
	struct bt_probe *probe;
	struct bt_site **site;
	size_t nsites;
	struct bt_code *code;
	bool multi;   /* loaded for many functions at once */
	bool cookies; /* asks which site it runs at */
	int fd;
	unsigned index, slots;	    /* in the scratch table: its first entry, and how many it has */
	uint64_t every_ns, next_ns; /* interval */
	struct bt_prog *next, *before;
};

/* ---- what happens in user space ---- */

enum action_kind {
	A_PRINTF,
	A_PRINT_MAP,
	A_PRINT_ENTRY,
	A_PRINT_VALUE,
	A_CLEAR,
	A_ZERO,
	A_EXIT,
	A_TIME,
	A_JOIN,
	A_CAT,
	A_SYSTEM,
	A_STRFTIME,
	A_ERRORF,
	A_SKB,
};

struct bt_action {
	enum action_kind kind;
	unsigned number;
	const char *fmt;
	size_t nargs;
	const struct bt_type **type; /* of the arguments */
	uint32_t *at;		     /* where each lies in the event */
	uint32_t fixed;		     /* bytes of the event without strings */
	struct bt_map *map;
	struct bt_span span;
};

/* Of a packet in an event, at most. */
enum { PCAP_MOST = 8192 };

/* ---- the compilation ---- */

struct bt_config {
	uint32_t max_strlen, max_map_keys, stack_mode, key_strlen;
	uint32_t buffer_kb, buffer_pages; /* pages, if not 0 */
	uint32_t max_cat, max_probes;
	uint32_t missing;    /* of a list of probes: 0 told, 1 an error, 2 not told */
	const char *trailer; /* of strings that were cut */
	bool unsafe, print_maps;
	bool regexp;	  /* names in attach points are extended regular expressions */
	bool kprobe_args; /* `args` of kprobe: typed by BTF, as fentry has them */
	bool any_as_text; /* %s takes every value */
	bool build_ids;	  /* user stacks are offsets in files: session.build_ids */
	bool plain;	  /* errors are one line: the text is none that the user wrote */
};

/* The program or library in which the latest uprobe was looked for. */
struct bt_file {
	const char *name, *path;
	struct elf *elf; /* NULL: none yet */
};

struct bt {
	const char *name; /* of the file, or "stdin", "-e" */
	const char *text;
	size_t len;
	char **params; /* $1... */
	int nparams;
	int pid, child; /* -p, -c; 0: none */
	uint64_t pidns, pidns_dev; /* own_pidns() */
	struct bt_config config;

	struct bt_probe *probes, **probes_end;
	struct bt_map **map;
	size_t nmaps;
	struct bt_action **action;
	size_t nactions;
	struct bt_prog *progs, **progs_end;
	struct bt_site **site;
	size_t nsites;
	struct bt_macro *macros;
	struct bt_template *templates; /* parse.c: macro NAME(...) { } */
	struct bt_ctypes *ctypes;
	struct bt_file file;
	const char *btf_path; /* --btf */
	uint32_t scratch_size, scratch_entries, zeros_size;
	uint32_t stack_depth; /* most frames of any stack; 0: none are taken */
	signed char cookies;  /* sites_have_cookies(): 0 not asked yet, 1 yes, -1 no */

	/* the one error */
	jmp_buf fail;
	char error[2048];
	int status;
	struct bt_chunk *memory;
};

/* Take the source text, which has to live as long as `bt`. */
void bt_init(struct bt *bt, const char *name, const char *text, size_t len);
void bt_free(struct bt *bt);

/* The steps. False: bt->error has the message, several lines, and bt->status the exit status. */
bool bt_parse(struct bt *bt);
bool bt_check(struct bt *bt); /* asks this kernel what there is to attach to */
bool bt_generate(struct bt *bt);

/* diag.c: the one error: what is wrong at that place, and what was expected. */
void bt_error(struct bt *bt, struct bt_span span, const char *fmt, ...) PRINTF(3, 4)
	__attribute__((noreturn));
void bt_error_status(struct bt *bt, int status, struct bt_span span, const char *fmt, ...)
	PRINTF(4, 5) __attribute__((noreturn));
void bt_place(const struct bt *bt, uint32_t at, unsigned *line, unsigned *col);
/* "FILE:LINE:COL: message", the source line and a caret below it. */
void bt_show(const struct bt *bt, struct bt_span span, const char *message, char *to, size_t size);
/* Of many names the one that `name` may have been meant to be: feed them one by one. */
struct bt_guess {
	const char *name;
	char best[64];
	unsigned distance;
};
void guess_begin(struct bt_guess *g, const char *name);
void guess_see(struct bt_guess *g, const char *candidate);
/* "; did you mean 'x'?" or "" */
const char *guess_text(const struct bt_guess *g, char text[96]);

/* Memory that lives as long as the compilation, zeroed. */
void *bt_alloc(struct bt *bt, size_t size);
char *bt_strndup(struct bt *bt, const char *s, size_t n);
char *bt_printf(struct bt *bt, const char *fmt, ...) PRINTF(2, 3);
/* A growing array of the compilation: room for one more at v[n]. */
void *bt_grow(struct bt *bt, void *v, size_t n, size_t size);

/* Is there a point in printing this type with %s, in adding it up, ...: */
static inline bool type_is_aggregate(const struct bt_type *t)
{
	return t->kind >= T_COUNT;
}
/* A value that code holds in R0. */
static inline bool type_is_scalar(const struct bt_type *t)
{
	return t->kind == T_INT || t->kind == T_PTR || t->kind == T_KSYM || t->kind == T_KSTACK ||
	       t->kind == T_MAC || t->kind == T_PROBE || t->kind == T_CGROUP_PATH ||
	       t->kind == T_ERRNO || t->kind == T_USER;
}
/* Bytes that a value takes as key, in a map, a tuple or an event. */
uint32_t type_room(const struct bt_type *t);
bool type_same(const struct bt_type *a, const struct bt_type *b);
const char *type_text(struct bt *bt, const struct bt_type *t);

extern const struct bt_type type_none, type_u64, type_s64, type_args;

#endif
