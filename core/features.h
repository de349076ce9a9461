/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this kernel and this process can do, measured: by trying where a try costs nothing and
 * leaves nothing, since what a kernel claims and what it lets happen differ. */
#ifndef FEATURES_H
#define FEATURES_H

#include "util.h"

struct btf;

struct feature {
	const char *name;
	bool there;
	char detail[160];	/* the value, or what is missing and what to do */
};

/* The features in a fixed order; static memory, measured at the first call. */
const struct feature *features(size_t *n);

/* Is the compiler for BPF programs off, as it is by default on riscv64 and armhf? Linux 7.x refuses
 * some programs then (kernel/bpf/verifier.c, "requires BPF JIT compiler"), older ones all with
 * fentry. */
bool jit_off(void);
#define JIT_OFF_HINT "off, some programs need it: sysctl net.core.bpf_jit_enable=1"

/* What to do when a tool cannot attach: a setting that is known to be in the way (Debian's kernels have
 * perf_event_paranoid 3, which Linux itself does not know), or where to read on. */
const char *unable_hint(void);

/* Does this kernel refuse all fentry programs (lockdown), so that trying to load one is in vain? A
 * question of a tenth of a millisecond; false where it cannot be answered as quickly. */
bool fentry_refused(void);

/* The address of a kernel symbol, data or function, as the kernel itself tells a program (5.16,
 * kernel/bpf/syscall.c: bpf_kallsyms_lookup_name()); 0 if there is none. In 0.1 ms, where reading
 * /proc/kallsyms takes 50. False where it cannot be asked. */
bool ksym_ask(const char *name, uint64_t *addr);

/* Can many uprobes be one link (6.6), and does its filter by process let all threads through (6.10,
 * and stable kernels since 6.6.33)? To take probes away costs up to 150 ms for each link. */
bool uprobe_multi_works(void);

/* What to say of an error when uprobes are attached, a negative errno. Those by perf events need
 * CAP_SYS_ADMIN again (Linux 6.16 and stable kernels since, kernel/events/core.c:
 * perf_uprobe_event_init), those of many places CAP_PERFMON. */
const char *uprobe_error(int err);
/* enum bpf_attach_type of 6.6, which headers of older kernels lack */
#define TRACE_UPROBE_MULTI ((enum bpf_attach_type)48)

#endif
