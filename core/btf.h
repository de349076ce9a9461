/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the kernel's types (BTF) come from, and simple questions to them.
 *
 * A file of types comes from elsewhere and is not trusted. libbpf's btf__new() holds every type id
 * and string offset to its bounds, but follows what it finds: a typedef of itself hangs it, a
 * bit-field of no integer divides by zero. A file is accepted only when none of that is in it. */
#ifndef BTF_H
#define BTF_H

#include <stdbool.h>
#include <stddef.h>

struct btf;

/* The types of `size` bytes of raw BTF; the bytes are copied. NULL: `why` has the one reason,
 * without a newline. The caller frees it with libbpf's btf__free(). So it is with all that return
 * types here. */
struct btf *btf_load(const void *raw, size_t size, char *why, size_t why_size);

/* The same from a file: raw BTF, an ELF file of any class with a section .BTF (vmlinux), or gzip of
 * either. The byte order has to be this machine's, and that the types stand alone: a module's need
 * those of its kernel. */
struct btf *btf_load_file(const char *path, char *why, size_t why_size);
/* From an open file, which stays open; its position does not matter. */
struct btf *btf_load_fd(int fd, char *why, size_t why_size);

/* What libbpf's btf_custom_path gets for the file `path`, from which `btf` was loaded: libbpf reads
 * raw BTF and ELF by itself, so that is `path`; for gzip it is /proc/self/fd/N of a copy in memory,
 * which lives as long as the process (and needs /proc). NULL with errno where there can be none.
 * Points to `path` or to static memory. */
const char *btf_custom_path(const char *path, const struct btf *btf);

/* The running kernel's types: /sys/kernel/btf/vmlinux (Linux 5.4, CONFIG_DEBUG_INFO_BTF), else the
 * first of the usual places for a vmlinux or a detached file of this release that loads. `path`
 * gets where they are from. NULL: `why` says so. */
struct btf *btf_kernel(char *path, size_t path_size, char *why, size_t why_size);

/* Is there a function of that name? Those inlined everywhere, and since pahole 1.25 those whose
 * calling convention the compiler changed, are not in the types though the symbol may be. */
bool btf_has_func(const struct btf *btf, const char *name);
/* A tracepoint of that name, for raw_tp and tp_btf: each has a typedef btf_trace_NAME (Linux 5.5).
 * Those of modules are in the modules' own types. */
bool btf_has_raw_tp(const struct btf *btf, const char *name);
/* A struct (not a union) of that name, complete. */
bool btf_has_struct(const struct btf *btf, const char *name);

#endif
