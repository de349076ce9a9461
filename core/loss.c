// SPDX-License-Identifier: GPL-2.0-or-later
// What got lost on the way from the kernel, told with each report and at the end.
#include "core.h"

#include <unistd.h>

/* Runs that the kernel skipped since one of the same program was under way on that CPU: newest
 * kernels let raw tracepoints be preempted. Counted by the kernel since 5.12. */
static uint64_t skipped_runs(const struct run *run)
{
	struct bpf_program *prog;
	uint64_t sum = 0;

	bpf_object__for_each_program(prog, run->obj) {
		struct bpf_prog_info info = { 0 };
		uint32_t len = sizeof(info);
		int fd = bpf_program__fd(prog);

		if (fd >= 0 && !bpf_prog_get_info_by_fd(fd, &info, &len))
			sum += info.recursion_misses;
	}
	return sum;
}

void loss_report(struct run *run)
{
	static const struct { const char *key, *text; } kinds[] = {
		{ "events", "events were lost: the buffer was full; a larger --buffer may help" },
		{ "entries", "times a table was full and something went uncounted; a larger "
			     "--map-entries may help" },
		{ "stacks", "stacks could not be stored; a larger --stack-storage-size may help" },
		{ "missed", "starts or ends came without their other half" },
		{ "skipped", "runs of a BPF program were skipped by the kernel, as another was "
			   "under way" },
	};
	struct core *core = run->core;
	const struct loss *now = run->obj ? object_var(run, ".bss", "loss", NULL) : NULL;
	uint64_t sum[ARRAY_LEN(kinds)] = { 0 }, lost[ARRAY_LEN(kinds)], any = 0;
	struct out *o = &core->out;

	if (now) {
		sum[0] = now->events;
		sum[1] = now->entries;
		sum[2] = now->stacks;
		sum[3] = now->missed;
	}
	sum[0] += core->lost_perf;
	sum[4] = run->obj ? skipped_runs(run) : 0;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		lost[i] = sum[i] - core->told[i];
		core->told[i] = sum[i];
		any |= lost[i];
	}
	if (!any)
		return;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (lost[i])
			warn("%llu %s", (unsigned long long)lost[i], kinds[i].text);
	if (run->format != FORMAT_JSON)
		return;
	record_begin(run, clock_now());
	out_str(o, ",\"lost\":{");
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		out_printf(o, "%s\"%s\":%llu", i ? "," : "", kinds[i].key,
			   (unsigned long long)lost[i]);
	out_str(o, "}");
	record_end(run);
}
