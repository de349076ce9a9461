// SPDX-License-Identifier: GPL-2.0-or-later
// Show what goes through the queues of virtio devices.
#include "common.bpf.h"
#include "virtiostat.h"

const volatile char only_driver[VIRTIO_NAME_LEN];
const volatile char only_device[VIRTIO_NAME_LEN];

/* virtio is a module in many kernels, and then no part of the kernel's types, so these are not
 * relocated. As they begin on 64 bits since 2.6.34, and on 32 bits too: */
struct queue {
	void *list[2];
	void *callback;
	const char *name;
	void *vdev;
	unsigned int index;
	unsigned int num_free;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct key);
	__type(value, struct value);
} queues SEC(".maps");

static struct value zero;

/* struct virtio_device has some small members and locks before its struct device, more with each
 * year: it is where the device's name, "virtio" with a number, is found. Looked for once for each
 * queue and report. */
static __noinline struct device *device_find(void *vdev)
{
	u32 at = bpf_core_field_offset(struct device, kobj.name);
	char name[8];
	void *text;

	for (int i = 1; i < 40; i++) {
		struct device *dev = vdev + i * sizeof(void *);

		if (bpf_probe_read_kernel(&text, sizeof(text), (void *)dev + at))
			break;
		if (bpf_probe_read_kernel_str(name, sizeof(name), text) != sizeof(name))
			continue;
		if (name[0] == 'v' && name[1] == 'i' && name[2] == 'r' && name[3] == 't' &&
		    name[4] == 'i' && name[5] == 'o' && name[6] >= '0' && name[6] <= '9')
			return dev;
	}
	return NULL;
}

static __always_inline bool name_wanted(const char *name, const volatile char *only)
{
	if (!only[0])
		return true;
	for (int i = 0; i < VIRTIO_NAME_LEN; i++) {
		if (name[i] != only[i])
			return false;
		if (!name[i])
			break;
	}
	return true;
}

static __noinline struct value *value_make(struct key *key, struct queue *vq)
{
	struct queue q = {};
	struct device *dev;
	struct value *v;

	bpf_map_update_elem(&queues, key, &zero, BPF_NOEXIST);
	v = bpf_map_lookup_elem(&queues, key);
	if (!v || v->name[0])
		return v;
	bpf_probe_read_kernel(&q, sizeof(q), vq);
	bpf_probe_read_kernel_str(v->name, sizeof(v->name), q.name);
	dev = device_find(q.vdev);
	if (!dev)
		return v;
	bpf_probe_read_kernel_str(v->device, sizeof(v->device), BPF_CORE_READ(dev, kobj.name));
	bpf_probe_read_kernel_str(v->driver, sizeof(v->driver), BPF_CORE_READ(dev, driver, name));
	v->other = !name_wanted(v->driver, only_driver) || !name_wanted(v->device, only_device);
	return v;
}

/* A chain of descriptors is no longer than its queue. These are 256 by default for disks, and a list is
 * seldom longer; of one that is, the rest counts as lost. (For the verifier each step is a cost.) */
enum { SG_MAX = 256, SG_CHAIN = 1, SG_END = 2, BYTES_BITS = 48 };

/* The beginning of a struct scatterlist: since 4.17 (CONFIG_DEBUG_SG) on all kernels. */
struct sg_head {
	unsigned long link;	/* page_link */
	unsigned int offset, length;
};

/* The entries of a scatter list, above BYTES_BITS, and the sum of their bytes. Not static, so that the
 * verifier looks at it once, not for each list. */
__noinline u64 sg_sum(u64 at)
{
	struct sg_head sg;
	u64 sum = 0;

	for (int i = 0; i < SG_MAX; i++) {
		if (bpf_probe_read_kernel(&sg, sizeof(sg), (void *)at))
			return sum;
		if (sg.link & SG_CHAIN) { /* no entry, but where the next part is */
			at = sg.link & ~3ULL;
			continue;
		}
		sum += sg.length + (1ULL << BYTES_BITS);
		if (sg.link & SG_END)
			return sum;
		at += bpf_core_type_size(struct scatterlist);
	}
	LOST(entries);
	return sum;
}

/* The same of `n` lists. */
__noinline u64 sgs_sum(u64 sgs, u32 n)
{
	u64 list, sum = 0;

	for (u32 i = 0; i < SG_MAX; i++, sgs += sizeof(list)) {
		if (i >= n || bpf_probe_read_kernel(&list, sizeof(list), (void *)sgs))
			return sum;
		sum += sg_sum(list);
	}
	LOST(entries);
	return sum;
}

static __always_inline void count(struct value *v, u64 sum, bool out)
{
	u64 bytes = sum & ((1ULL << BYTES_BITS) - 1);

	__sync_fetch_and_add(out ? &v->out_sgs : &v->in_sgs, sum >> BYTES_BITS);
	__sync_fetch_and_add(out ? &v->out_bytes : &v->in_bytes, bytes);
}

enum how { LISTS, OUT, IN }; /* what the second argument is: an array of lists, or a list */

static __noinline int added(u64 vq, u64 sgs, u32 out, u32 in, u32 how)
{
	struct key key = { .queue = vq };
	struct value *v = bpf_map_lookup_elem(&queues, &key);

	if (!v) {
		v = value_make(&key, (void *)vq);
		if (!v)
			LOST(entries);
	}
	if (!v || v->other)
		return 0;
	__sync_fetch_and_add(&v->requests, 1);
	if (how != LISTS) {
		count(v, sg_sum(sgs), how == OUT);
		return 0;
	}
	count(v, sgs_sum(sgs, out), true);
	count(v, sgs_sum(sgs + out * sizeof(sgs), in), false);
	return 0;
}

/* As numbers, by a read of the context: its pointers have types, which sg_sum() may not take. */
static __noinline int added_exit(u64 *ctx, u32 args, u32 how)
{
	u64 arg[7] = {};

	bpf_probe_read_kernel(arg, sizeof(arg), ctx);
	if (args == 5 ? (s32)arg[5] : (s32)arg[6]) /* no room: it comes again */
		return 0;
	return added(arg[0], arg[1], arg[2], arg[3], how);
}

static __noinline int added_entry(struct pt_regs *ctx, u32 how)
{
	u64 vq = PT_REGS_PARM1(ctx);
	struct queue q = {};

	bpf_probe_read_kernel(&q, sizeof(q), (void *)vq);
	if (!q.num_free) /* it will find no room; all drivers' descriptors are indirect */
		return 0;
	return added(vq, PT_REGS_PARM2(ctx), PT_REGS_PARM3(ctx), PT_REGS_PARM4(ctx), how);
}

#define ADD(what, args, how)					\
	SEC("fexit/virtqueue_add_" #what)			\
	int add_##what##_fexit(u64 *ctx)			\
	{							\
		return added_exit(ctx, args, how);		\
	}							\
	SEC("kprobe/virtqueue_add_" #what)			\
	int add_##what##_kprobe(struct pt_regs *ctx)		\
	{							\
		return added_entry(ctx, how);			\
	}

ADD(sgs, 6, LISTS)
ADD(outbuf, 5, OUT)
ADD(inbuf, 5, IN)
ADD(inbuf_ctx, 6, IN)
/* Of what the driver has mapped itself: 6.13. */
ADD(outbuf_premapped, 5, OUT)
ADD(inbuf_premapped, 6, IN)
/* 7.0 */
ADD(inbuf_cache_clean, 5, IN)
