/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions of the kernel, its modules and BPF programs, from /proc/kallsyms; and the table of
 * symbols by address that user space shares with it.
 *
 * Only text is of interest. Data symbols are left out, and so is the padding in front of functions
 * that some configurations give a name (__pfx_NAME, __cfi_NAME): nothing runs there, nothing can be
 * attached, and it is half of the lines. */
#ifndef KSYMS_H
#define KSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Symbols by address: 16 bytes each, and one pool of names. */
struct sym {
	uint64_t addr;
	uint32_t size;		/* in bytes, or SYM_UP_TO; kernel: the module, within the pool */
	uint32_t name;		/* within the pool; while a table grows, the rank on top of it */
};

struct symtab {
	struct sym *v;
	size_t n, room;
	char *pool;
	size_t used, pool_room;
	size_t max;		/* bytes that the table may take; 0: only what the format allows */
};

#define SYM_UP_TO 0x80000000u	/* | in a size: the true one is unknown, this is the upper bound */
#define SYM_RANKS 16		/* ranks are below this */
#define SYM_NAME_MAX 2048	/* longer names end in "..." */

/* Add a symbol. False when the table is full. It cannot be searched until symtab_finish(). */
bool symtab_add(struct symtab *t, uint64_t addr, uint32_t size, unsigned rank, const char *name);

/* Sort, keep the best of each address (the highest rank, of these the latest), drop spare memory.
 * More may be added afterwards; then finish again. */
void symtab_finish(struct symtab *t);

/* The symbol that holds `addr`: within its size, and up to the next symbol where that is a bound.
 * NULL when there is none. */
const struct sym *symtab_find(const struct symtab *t, uint64_t addr);
size_t symtab_bytes(const struct symtab *t);
void symtab_free(struct symtab *t);

struct ksyms;

/* Costs nothing: kallsyms is read at the first question. Free with ksyms_free() (NULL is fine). */
struct ksyms *ksyms_new(void);
void ksyms_free(struct ksyms *ks);

/* Read now, if that has not been done. 0; -EPERM when the kernel hides addresses
 * (kernel.kptr_restrict, no CAP_SYSLOG): names are known, addresses are not; else -errno. The same
 * answer each time. Modules that come later are not seen: take a new one for them. */
int ksyms_load(struct ksyms *ks);

/* The function around `addr`, NULL when there is none. *offset: bytes from its start; *module: the
 * module's name, "bpf" for BPF programs, NULL for the kernel itself. Either pointer may be NULL.
 * Strings live as long as `ks`. */
const char *ksyms_find(struct ksyms *ks, uint64_t addr, uint64_t *offset, const char **module);

/* The function of that very name: is there one, and its address (the first one's; 0 without). */
bool ksyms_has(struct ksyms *ks, const char *name);
uint64_t ksyms_addr(struct ksyms *ks, const char *name);

/* The next two read kallsyms each time (about 50 ms) and keep nothing. */

/* Call `cb` for each function whose name matches `glob` (* and ?) until it returns false. A name
 * can come more than once. `addr` is 0 when hidden, `module` NULL for the kernel itself. Returns 0
 * or -errno. */
typedef bool (*kallsyms_cb)(const char *name, uint64_t addr, const char *module, void *arg);
int kallsyms_match(const char *glob, kallsyms_cb cb, void *arg);

/* Has the kernel a function of that name? With `real`, a name that the compiler gave a suffix will
 * do as well (.isra.0 .constprop.0 .llvm.123 and, last choice, .part.0), and `real` gets the name
 * as the kernel has it. */
bool kallsyms_has_func(const char *name, char *real, size_t size);

#endif
