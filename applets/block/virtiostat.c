// SPDX-License-Identifier: GPL-2.0-or-later
// Show what goes through the queues of virtio devices.
#include "applet.h"
#include "virtiostat.h"
#include "virtiostat.skel.h"
#define RODATA struct virtiostat_bpf__rodata

struct row {
	struct key key;
	struct value value;
};
#define EVENT struct row

static const struct opt opts[] = {
	OPT('d', only_driver, "driver", "NAME", "devices of this driver only (virtio_blk)"),
	OPT('n', only_device, "devname", "NAME", "this device only (virtio0)"),
	OPT_USER('b', "bytes", NULL, "show the numbers of bytes of the interval, too"),
	OPT_USER('T', "timestamp", NULL, "the time of day before each report"),
	LETTER('D', "verbose"),
	{ 0 }
};

static const struct col cols[] = {
	COL_FMT(value.driver, "Driver", -16, fmt_text),
	COL_FMT(value.device, "Device", -10, fmt_text),
	COL(value.name, "VQ Name", -16),
	COL(value.requests, "Requests", 9),
	COL(value.in_sgs, "In SGs", 8),
	COL(value.out_sgs, "Out SGs", 8),
	COL_RATE(value.in_bytes, "In BW", 12),
	COL_RATE(value.out_bytes, "Out BW", 12),
	COL_IF('b', value.in_bytes, "In bytes", 12),
	COL_IF('b', value.out_bytes, "Out bytes", 12),
	{ 0 }
};

/* The kernel keeps those that are of no interest, to know them again. */
static bool keep(struct run *run, void *row)
{
	(void)run;
	return !((EVENT *)row)->value.other;
}

static const struct top top = {
	.map = "queues",
	.key_size = sizeof(struct key),
	.value_size = sizeof(struct value),
	.sort = "Device",
};

#define ADDS(how) "add_sgs_" how " add_outbuf_" how " add_inbuf_" how \
	" ?add_inbuf_ctx_" how " ?add_outbuf_premapped_" how \
	" ?add_inbuf_premapped_" how " ?add_inbuf_cache_clean_" how

static const struct probe probes[] = {
	{ "virtio queues", ADDS("fexit") },
	{ "virtio queues", ADDS("kprobe") },
	{ 0 }
};

BPF_OBJECT(virtiostat);

APPLET(virtiostat) = {
	.name = "virtiostat",
	.brief = "Show what goes through the queues of virtio devices.",
	.help = "Examples:\n"
		"  virtiostat               each three seconds\n"
		"  virtiostat -d virtio_net 1 10\n"
		"  virtiostat -n virtio0 -b\n"
		"In is what the device writes (what a disk reads), Out what it reads. SGs are entries\n"
		"of scatter lists, BW bytes a second. Names of drivers and devices are those of\n"
		"/sys/bus/virtio.\n",
	OBJECT(virtiostat),
	.opts = opts,
	.cols = cols,
	.top = &top,
	.probes = probes,
	.operands = OPERANDS_INTERVAL,
	.interval = 3,
	.stamp_key = 'T',
	.keep = keep,
};
