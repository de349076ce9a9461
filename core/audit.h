/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The relocation audit: which programs of a BPF object would relocate on a kernel, told from that
 * kernel's types alone. Nothing is loaded, no rights are needed, the kernel need not run.
 *
 * It rests on libbpf 1.7's own resolver, so a relocation resolves here as it does at load. One that
 * fails is no error yet: libbpf replaces its instruction by an invalid call, and the verifier
 * objects only if it gets there. So the audit follows each program as the verifier would, with the
 * constants that relocation puts in (a member exists or not) deciding branches. What is set at run
 * time is unknown to it, .rodata too: both ways are followed. So is what a function returns. */
#ifndef AUDIT_H
#define AUDIT_H

#include <stdbool.h>
#include <stddef.h>

struct btf;
struct audit_kernel;

/* From best to worst. A program gets the worst that holds. */
enum audit_verdict {
	AUDIT_OK,
	AUDIT_UNKNOWN_TARGET,	/* types do not tell whether it can attach: try it */
	AUDIT_SIZE_DIFFERS,	/* a member is copied with another size than it has: garbage */
	AUDIT_BAD_RELO,		/* would not load: something that is missing is reached */
	AUDIT_NO_KFUNC,		/* would not load: the kernel lacks a function that it calls */
	AUDIT_NO_TARGET,	/* nothing to attach to; where a module may have it, text says so */
};

struct audit_row {
	const char *prog;	/* the function's name */
	const char *section;	/* as in SEC() */
	enum audit_verdict verdict;
	const char *text;	/* all findings, like "struct request.rq_disk: no such member", "; "
				 * between. With AUDIT_OK empty, or notes: arrays of other length */
};

/* Called for each program, in the object's order. The row's pointers die with the call. */
typedef void (*audit_cb)(const struct audit_row *row, void *arg);

/* An index over the kernel's types, for any number of objects. `btf` has to outlive it. About 1 MB
 * for a distribution's kernel. */
struct audit_kernel *audit_kernel_new(const struct btf *btf);
void audit_kernel_free(struct audit_kernel *kernel);

/* Have `fn` told each name that objects make us look for in these types, and whether it is there:
 * of a function (BTF_KIND_FUNC) or of a type (any other kind), without what follows ___. */
typedef void (*audit_watch)(int kind, const char *name, bool found, void *arg);
void audit_kernel_watch(struct audit_kernel *kernel, audit_watch fn, void *arg);

/* Audit the ELF object of `size` bytes, 8-byte aligned, as clang or `bpftool gen object` made it,
 * with its .BTF.ext. Returns the number of programs; or -EINVAL if it is no such object or broken,
 * before any row. Silences libbpf's messages while it runs; not for two threads at once.
 *
 * A member whose size the object asks for too (bpf_core_field_size(), and what reads bit-fields) is
 * none of another size: the object knows how to handle it. Nor is one that is loaded directly:
 * libbpf adjusts such a load, or refuses it. */
int audit_object(const void *elf, size_t size, const struct audit_kernel *kernel, audit_cb cb,
		 void *arg);

#endif
