/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The few of the kernel's types that BPF objects are relocated by.
 *
 * libbpf indexes all of a kernel's 150000 types, then looks through all of them for each type that
 * an object names. Here one walk over the raw bytes finds those types, and what results is a
 * BTF of a few kilobytes, by which libbpf relocates exactly as by the whole: the same candidates in
 * the same order, so the same ambiguities, the same members missing. What has no part in that is
 * left out: members that no object asks for, what pointers point to, functions, variables. So it
 * serves relocation, and nothing else: programs that attach by BTF need the kernel's own.
 *
 * It also lets one small file serve a kernel that has no BTF. */
#ifndef BTF_MIN_H
#define BTF_MIN_H

#include <stdbool.h>
#include <linux/btf.h>
#include <stddef.h>
#include <stdint.h>

/* What a number of objects ask of a kernel's types. */
struct btf_min;

struct btf_min *btf_min_new(void);
void btf_min_free(struct btf_min *min);

/* Add what the ELF object of `size` bytes, 8-byte aligned, asks for; nothing of it is kept. False
 * if it is no BPF object with types, or asks for what only the whole can answer: the kernel's
 * number of a type. What else it asks for is added all the same. */
bool btf_min_add(struct btf_min *min, const void *elf, size_t size);

/* Make raw BTF of what was added, from a kernel's raw BTF, 4-byte aligned. NULL if that is broken
 * in a way that a walk notices, or has kinds of types not known here. The caller frees. As often
 * as one likes, for several kernels. */
void *btf_min_make(struct btf_min *min, const void *raw, size_t raw_size, size_t *size);

/* What all applets of this binary ask for together, in one. As btf_min_make(). */
void *btf_min_all(const void *raw, size_t raw_size, size_t *size);

/* The bytes in a file of memory, as a path for libbpf's btf_custom_path, which points to static
 * memory. The file lives as long as the process; call it once. NULL where there can be none: it
 * needs /proc. */
const char *btf_min_path(const void *bytes, size_t size);

/* All of it for one object and raw BTF that libbpf would be given otherwise. NULL where that cannot
 * be: no /proc, or an object that needs the whole. Call it once. */
const char *btf_min_from(const void *elf, size_t size, const void *raw, size_t raw_size);

/* The same for the running kernel. NULL also where it has no BTF in /sys, or lacks a type that one
 * of its modules seems to have: then libbpf has to look for itself. */
const char *btf_min_kernel(const void *elf, size_t size);

/* The length of a type's record in raw BTF (Documentation/bpf/btf.rst); 0: of an unknown kind. */
static inline uint32_t btf_record_len(const struct btf_type *t)
{
	static const uint8_t fixed[32] = {
		0, 16, 12, 24, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 16, 12, 12, 16, 12, 12,
	};
	static const uint8_t each[32] = {
		[BTF_KIND_STRUCT] = 12, [BTF_KIND_UNION] = 12, [BTF_KIND_ENUM] = 8,
		[BTF_KIND_FUNC_PROTO] = 8, [BTF_KIND_DATASEC] = 12, [BTF_KIND_ENUM64] = 12,
	};
	uint32_t kind = t->info >> 24 & 31;

	return fixed[kind] + each[kind] * (t->info & 0xffff);
}

#endif
