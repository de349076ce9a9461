// SPDX-License-Identifier: GPL-2.0-or-later
// Count exits of KVM guests by reason, and the time until they run again.
#include "applet.h"
#include "tracefs.h"
#include "kvmexit.h"
#include "kvmexit.skel.h"
#define RODATA struct kvmexit_bpf__rodata

#include <fcntl.h>
#include <unistd.h>

struct row {
	struct key key;
	struct value value;
};
#define EVENT struct row

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID(1), FILTER_COMM(2), FILTER_CGROUP(3),
	OPT_LIST('T', tids, "tids", "TID,TID", "these threads only", 1, 4194304),
	OPT_RANGE('v', vcpu, "vcpu", "N", "virtual CPU N only (with -p: of that guest)", 0, 1 << 20),
	OPT('a', by_thread, "alltids", NULL, "by thread: that is, by virtual CPU"),
	OPT_USER_NUM('i', "interval", "SECONDS", "report that often, not just at the end",
		     1, 1000000000),
	{ 0 }
};

/* The kernel's own description of the event: where its fields are, what its numbers mean. */
struct kvm_event {
	char text[32768];
};

static void format_read(struct kvm_event *f)
{
	int dir = tracefs_fd(), fd = dir < 0 ? -1 : openat(dir, "events/kvm/kvm_exit/format",
							     O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got;

	if (dir < 0)
		die(EXIT_CANNOT, "tracefs cannot be reached: %s", strerror(errno));
	if (fd < 0)
		die(EXIT_CANNOT, "no KVM here: its module is not loaded, or the kernel has none");
	/* Others, such as kvm_pvm, run their guests without these events. */
	if (access("/sys/module/kvm_intel", F_OK) && access("/sys/module/kvm_amd", F_OK))
		die(EXIT_CANNOT, "no KVM here that tells of its exits: kvm_intel or kvm_amd");
	while ((got = read(fd, f->text + n, sizeof(f->text) - 1 - n)) > 0)
		n += got;
	close(fd);
}

/* 0: there is no such field, as the common ones come first. */
static u32 field_offset(const struct kvm_event *f, const char *name)
{
	char want[64];
	const char *p;

	snprintf(want, sizeof(want), " %s;\toffset:", name);
	p = strstr(f->text, want);
	return p ? strtoul(p + strlen(want), NULL, 10) : 0;
}

static void setup(struct run *run)
{
	struct kvm_event *f = run->own;
	RODATA *ro = RUN_RODATA(run);

	if (!f) {
		f = run->own = xalloc(sizeof(*f));
		format_read(f);
	}
	ro->reason_at = field_offset(f, "exit_reason");
	ro->isa_at = field_offset(f, "isa");
	ro->vcpu_at = field_offset(f, "vcpu_id");
	if (!ro->reason_at || !ro->isa_at)
		die(EXIT_CANNOT, "KVM of this architecture does not tell reasons as x86 does");
	ro->one_vcpu = opt_on(run, 'v');
	if (ro->one_vcpu && !ro->vcpu_at)
		die(EXIT_CANNOT, "this kernel (before 5.12) does not tell the virtual CPU of an exit");
	if (opt_on(run, 't') || opt_on(run, 'T') || opt_on(run, 'v'))
		ro->by_thread = true;
	run->interval_ns = opt_u64(run, 'i', 0) * 1000000000;
}

/* In "{ 0x040 + 3, "BP excp" }, ..." the name of `reason`; false if it is not in there. */
static bool name_in(const char *list, u32 reason, char *name, size_t size)
{
	const char *end = strstr(list, "})"), *p = list;

	while (end && (p = strstr(p, "{ ")) && p < end) {
		char *after;
		u32 v = strtoll(p + 2, &after, 0);

		if (!strncmp(after, " + ", 3))
			v += strtoul(after + 3, &after, 0);
		if (v == reason && !strncmp(after, ", \"", 3)) {
			snprintf(name, size, "%.*s", (int)strcspn(after + 3, "\""), after + 3);
			return true;
		}
		p++;
	}
	return false;
}

/* Two lists: Intel's, of 16 bits with flags above, then AMD's. */
static void fmt_reason(struct cell *cell, const void *row)
{
	const struct key *k = &((const EVENT *)row)->key;
	const struct kvm_event *f = cell_run(cell)->own;
	const char *list = strstr(f->text, "__print_symbolic(");
	u32 reason = k->reason;
	char name[64];

	if (k->isa == KVM_ISA_VMX)
		reason &= 0xffff;
	else if (list)
		list = strstr(list + 1, "__print_symbolic(");
	if (list && name_in(list, reason, name, sizeof(name)))
		cell_str(cell, name);
	else
		cell_printf(cell, "0x%x", k->reason);
}

static void fmt_avg(struct cell *cell, const void *row)
{
	const struct value *v = &((const EVENT *)row)->value;

	if (v->timed)
		cell_f64(cell, v->ns / 1e3 / v->timed, 3);
	else
		cell_none(cell);
}

static const struct col tables[2][7] = {
	{
		COL(key.pid, "PID", -7),
		COL_FMT(key.reason, "KVM_EXIT_REASON", -26, fmt_reason),
		COL(value.count, "COUNT", 10),
		COL_DIV(value.ns, "TIME(ms)", 12, 1000000, 3),
		COL_FMT(value.ns, "AVG(us)", 10, fmt_avg),
		{ 0 }
	}, {
		COL(key.pid, "PID", -7),
		COL(key.tid, "TID", -7),
		COL_FMT(key.reason, "KVM_EXIT_REASON", -26, fmt_reason),
		COL(value.count, "COUNT", 10),
		COL_DIV(value.ns, "TIME(ms)", 12, 1000000, 3),
		COL_FMT(value.ns, "AVG(us)", 10, fmt_avg),
		{ 0 }
	},
};

static const struct col *cols_make(struct run *run)
{
	return tables[opt_on(run, 'a') || opt_on(run, 't') || opt_on(run, 'T') || opt_on(run, 'v')];
}

static const struct top top = {
	.map = "exits",
	.key_size = sizeof(struct key),
	.value_size = sizeof(struct value),
	.sort = "COUNT",
};

BPF_OBJECT(kvmexit);

APPLET(kvmexit) = {
	.name = "kvmexit",
	.brief = "Count exits of KVM guests by reason, and the time until they run again.",
	.help = "Examples:\n"
		"  kvmexit 10               of all guests, for ten seconds\n"
		"  kvmexit -p 181 -a        of one guest, by virtual CPU\n"
		"  kvmexit -p 181 -v 0 -i 1 its virtual CPU 0, each second\n"
		"TIME is from the exit until that virtual CPU is in its guest again: what the\n"
		"kernel, and the program that runs the guest, did in between; for a guest that\n"
		"halts it is the wait. Reasons have the kernel's names, Intel's or AMD's.\n",
	OBJECT(kvmexit),
	.opts = opts,
	.cols = tables[0],
	.cols_make = cols_make,
	.top = &top,
	.operands = OPERANDS_DURATION,
	.setup = setup,
};
