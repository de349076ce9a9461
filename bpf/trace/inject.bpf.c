// SPDX-License-Identifier: GPL-2.0-or-later
// Fails calls of one function of the kernel, where they come along a chain of other functions. Who
// called is read from the stack, so none of these need a probe, but for those whose arguments count.
#include "events.bpf.h"
#include "stack_store.bpf.h"
#include "inject.h"

const volatile struct chain chains[CHAINS];
const volatile struct test tests[TESTS];
const volatile u32 nchains;
const volatile bool walk;	/* some chain has callers */
const volatile bool look;	/* some condition is on the failing function's own arguments */
const volatile s64 error;	/* what the function returns */
const volatile u64 chance;	/* of 2^32: how likely a call is to fail */
const volatile bool limited;	/* by `tickets` */
const volatile bool sums_only;
const volatile u32 which;	/* stacks shown */

/* One for each failure. A counter would do from 5.12 on, when its atomic addition came to return
 * something. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1);
	__type(value, u8);
} tickets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct verdict_key);
	__type(value, u8);
} verdicts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, CHAINS);
	__type(key, u32);
	__type(value, struct sum);
} sums SEC(".maps");

/* In the scratch buffer: too large for the stack. */
struct call {
	u64 arg[ARGS];
	u64 ip[FRAMES];
};

/* ---- conditions ---- */

/* From the kernel, or else from the process. False: it cannot be read. */
static __noinline bool text_read(char *to, u64 from)
{
	return bpf_probe_read_kernel_str(to, TEXT, (void *)from) >= 0 ||
	       bpf_probe_read_user_str(to, TEXT, (void *)from) >= 0;
}

static __always_inline bool number_read(u64 *to, u32 size, u64 from)
{
	*to = 0;
	size = ((size - 1) & 7) + 1;
	return !bpf_probe_read_kernel(to, size, (void *)from) ||
	       !bpf_probe_read_user(to, size, (void *)from);
}

static __noinline bool text_equal(const volatile struct test *t, const char *text)
{
	const volatile u64 *want = (const volatile void *)t->text;
	const u64 *got = (const void *)text;

	for (u32 i = 0; i < TEXT / sizeof(u64); i++)
		if (got[i] != want[i])
			return false;
	return true;
}

static __noinline bool number_fits(const volatile struct test *t, u64 v)
{
	u32 bits = (8 - t->size) * 8 & 63;
	u64 want = t->value;

	v <<= bits;
	v = (t->sign ? (u64)((s64)v >> bits) : v >> bits) & t->mask;
	if (t->op == TEST_LT)
		return t->wide ? (s64)v < (s64)want : v < want;
	if (t->op == TEST_LE)
		return t->wide ? (s64)v <= (s64)want : v <= want;
	return v == want;
}

/* Where to go on. What cannot be read meets no condition, nor the reverse of one. */
static __noinline u32 test_next(const volatile struct test *t, const struct call *call)
{
	char text[TEXT] __attribute__((aligned(8))) = {};
	u32 steps = t->steps;
	u64 v;

	if (t->arg >= ARGS)
		return TEST_NO;
	v = call->arg[t->arg];
	for (u32 i = 0; i < STEPS; i++) {
		if (i >= steps)
			break;
		if (!number_read(&v, i + 1 < steps || t->op == TEST_TEXT ? sizeof(long) : t->size,
				 v + t->off[i]))
			return TEST_NO;
	}
	if (t->op != TEST_TEXT)
		return number_fits(t, v) ? t->yes : t->no;
	if (!text_read(text, v + t->text_off))
		return TEST_NO;
	return text_equal(t, text) ? t->yes : t->no;
}

/* Each test leads further up, so that one way through the table is all of them. */
static __noinline bool condition_met(u32 at, const struct call *call)
{
	for (int i = TESTS - 1; i >= 0; i--)
		if (i == at)
			at = test_next(&tests[i], call);
	return at == TEST_YES;
}

/* ---- callers ---- */

static __always_inline bool is_in(const volatile struct link *l, u64 ip)
{
	for (u32 i = 0; i < PARTS; i++)
		if (ip - l->part[i].from < l->part[i].len)
			return true;
	return false;
}

/* Are all its functions on the stack, in their order? Others may lie between. */
static __noinline bool on_stack(const volatile struct chain *c, const struct call *call)
{
	u32 at = 1, links = c->links;

	if (links <= 1)
		return true;
	for (u32 i = 0; i < FRAMES; i++) {
		u64 ip = call->ip[i];

		if (!ip || at >= LINKS)
			return false;
		if (is_in(&c->link[at], ip) && ++at == links)
			return true;
	}
	return false;
}

/* Callers whose arguments count: what was found when they were called. */
static __noinline bool verdicts_hold(u32 chain)
{
	struct verdict_key key = { .tid = bpf_get_current_pid_tgid() };

	if (chain >= CHAINS)
		return false;
	for (u32 i = 1; i < LINKS; i++) {
		if (i >= chains[chain].links)
			break;
		if (chains[chain].link[i].test == TEST_YES)
			continue;
		key.link = chain * LINKS + i;
		if (!bpf_map_lookup_elem(&verdicts, &key))
			return false;
	}
	return true;
}

/* The chain along which this call came; CHAINS: none of them. */
static __noinline u32 chain_of(const struct call *call)
{
	for (u32 i = 0; i < CHAINS; i++) {
		if (i >= nchains)
			break;
		if (condition_met(chains[i].link[0].test, call) && on_stack(&chains[i], call) &&
		    verdicts_hold(i))
			return i;
	}
	return CHAINS;
}

/* ---- the calls ---- */

static __noinline int failure_tell(void *ctx, u32 chain)
{
	struct event *e;

	if (sums_only)
		return 0;
	e = event_reserve(sizeof(*e));
	if (!e)
		return 0;
	e->time_ns = bpf_ktime_get_ns();
	task_note(e);
	e->chain = chain;
	if (which)
		stack_ref_take(ctx, &e->stacks, which);
	event_submit(ctx, e, sizeof(*e));
	return 0;
}

static __noinline bool fails(void *ctx, u32 chain)
{
	struct sum *sum = bpf_map_lookup_elem(&sums, &chain);
	u8 ticket;

	if (!sum)
		return false;
	sum->calls++;
	if (chance < 1ULL << 32 && bpf_get_prandom_u32() >= chance)
		return false;
	if (limited && bpf_map_pop_elem(&tickets, &ticket))
		return false;
	sum->failed++;
	failure_tell(ctx, chain);
	return true;
}

static __always_inline struct call *call_begin(void)
{
	return scratch_take() ? event_scratch_raw() : NULL;
}

static __always_inline void call_end(void)
{
	volatile u64 *users = scratch_counter();

	if (users)
		__sync_fetch_and_add(users, -1);
}

static __always_inline bool call_fails(void *ctx, struct call *call)
{
	u32 chain;

	if (walk)
		bpf_get_stack(ctx, call->ip, sizeof(call->ip), 0);
	chain = chain_of(call);
	call_end();
	return chain < CHAINS && fails(ctx, chain);
}

static __always_inline void args_take(struct pt_regs *ctx, struct call *call)
{
	call->arg[0] = PT_REGS_PARM1(ctx);
	call->arg[1] = PT_REGS_PARM2(ctx);
	call->arg[2] = PT_REGS_PARM3(ctx);
	call->arg[3] = PT_REGS_PARM4(ctx);
	call->arg[4] = PT_REGS_PARM5(ctx);
#ifdef PT_REGS_PARM6
	call->arg[5] = PT_REGS_PARM6(ctx);
#endif
}

/* The function goes on where this returns 0, else that is its result. */
SEC("fmod_ret")
s64 by_fmod(void *ctx)
{
	struct call *call;

	if (filtered() || !(call = call_begin()))
		return 0;
	/* As plain numbers, and without telling the verifier how many the function has. */
	if (look)
		bpf_probe_read_kernel(call->arg, sizeof(call->arg), ctx);
	return call_fails(ctx, call) ? error : 0;
}

SEC("kprobe")
int by_kprobe(struct pt_regs *ctx)
{
	struct call *call;

	if (filtered() || !(call = call_begin()))
		return 0;
	args_take(ctx, call);
	if (call_fails(ctx, call))
		bpf_override_return(ctx, error);
	return 0;
}

/* Is this the function? Then its condition is looked at, and what came of it is kept. */
static __noinline int verdict_note(u32 chain, u32 at, u64 ip, const struct call *call)
{
	struct verdict_key key = { .tid = bpf_get_current_pid_tgid(), .link = chain * LINKS + at };
	u8 yes = 1;

	if (chain >= CHAINS || at >= LINKS || !is_in(&chains[chain].link[at], ip))
		return 0;
	if (condition_met(chains[chain].link[at].test, call))
		return bpf_map_update_elem(&verdicts, &key, &yes, BPF_ANY);
	return bpf_map_delete_elem(&verdicts, &key);
}

/* Functions of chains whose arguments count, told by their address: there are no cookies before 5.15.
 * Only what its latest call in this thread was is known, and the stack tells whether that is still
 * under way. */
SEC("kprobe")
int caller(struct pt_regs *ctx)
{
	struct call *call;

	if (filtered() || !(call = call_begin()))
		return 0;
	args_take(ctx, call);
	for (u32 i = 0; i < CHAINS; i++)
		for (u32 k = 1; k < LINKS; k++)
			if (i < nchains && k < chains[i].links && chains[i].link[k].test != TEST_YES)
				verdict_note(i, k, PT_REGS_IP(ctx), call);
	call_end();
	return 0;
}
