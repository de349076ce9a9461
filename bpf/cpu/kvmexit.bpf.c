// SPDX-License-Identifier: GPL-2.0-or-later
// Exits of virtual CPUs from their guest, by reason, and how long until they are back in it. KVM is a
// module as a rule, whose types may not be at hand, so the places of the fields come from tracefs.
#include "common.bpf.h"
#include "kvmexit.h"

const volatile u32 reason_at, isa_at, vcpu_at;
const volatile bool by_thread;
const volatile bool one_vcpu;
const volatile u32 vcpu;
const volatile u32 tids[TIDS_MAX];

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct key);
	__type(value, struct value);
} exits SEC(".maps");

struct out {
	u64 ns;
	struct key key;
};

/* By thread: the exit that it is busy with. One that does not go back stays until the map drops it. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, struct out);
} outs SEC(".maps");

static __always_inline u32 field(void *ctx, u32 at)
{
	u32 v = 0;

	bpf_probe_read_kernel(&v, sizeof(v), ctx + at);
	return v;
}

static __noinline struct value *value_of(const struct key *key)
{
	struct value zero = {}, *v = bpf_map_lookup_elem(&exits, key);

	if (v)
		return v;
	bpf_map_update_elem(&exits, key, &zero, BPF_NOEXIST);
	v = bpf_map_lookup_elem(&exits, key);
	if (!v)
		LOST(entries);
	return v;
}

SEC("tp/kvm/kvm_exit")
int exited(void *ctx)
{
	u64 id = current_pid_tgid();
	u32 tid = bpf_get_current_pid_tgid();
	struct out out = {};
	struct value *v;

	if (filtered() || !list_wants(tids, (u32)id) || (one_vcpu && field(ctx, vcpu_at) != vcpu))
		return 0;
	out.key.pid = id >> 32;
	out.key.tid = by_thread ? id : 0;
	out.key.reason = field(ctx, reason_at);
	out.key.isa = field(ctx, isa_at);
	v = value_of(&out.key);
	if (v)
		v->count++;
	out.ns = bpf_ktime_get_ns();
	bpf_map_update_elem(&outs, &tid, &out, BPF_ANY);
	return 0;
}

SEC("tp/kvm/kvm_entry")
int entered(void *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct out *out = bpf_map_lookup_elem(&outs, &tid);
	struct value *v;

	if (!out)
		return 0;
	v = value_of(&out->key);
	if (v) {
		v->ns += bpf_ktime_get_ns() - out->ns;
		v->timed++;
	}
	bpf_map_delete_elem(&outs, &tid);
	return 0;
}
