// SPDX-License-Identifier: GPL-2.0-or-later
// Each call of a method and each return, by the runtime's probes.
#include "events.bpf.h"
#include "lang.bpf.h"
#include "uflow.h"

const volatile char want_class[PREFIX_MAX], want_method[PREFIX_MAX]; /* "": all */

static __always_inline bool begins(const char *s, const volatile char *prefix)
{
#pragma clang loop unroll(disable)
	for (int i = 0; i < PREFIX_MAX; i++) {
		if (!prefix[i])
			return true;
		if (s[i] != prefix[i])
			return false;
	}
	return true;
}

static __noinline bool wanted(const struct lang_name *name)
{
	return begins(name->class, want_class) && begins(name->method, want_method);
}

/* On the stack: with a reserved one the verifier of 5.10 loses its way among the calls. */
static __noinline int tell(struct pt_regs *ctx, struct usdt_site *site, u32 depth, bool is_return)
{
	struct event e = { .depth = depth, .is_return = is_return };
	u64 id = current_pid_tgid();

	lang_name_read(ctx, site, &e.name);
	if ((want_class[0] || want_method[0]) && !wanted(&e.name))
		return 0;
	e.time_ns = bpf_ktime_get_ns();
	e.pid = id >> 32;
	e.tid = id;
	e.cpu = bpf_get_smp_processor_id();
	event_send(ctx, &e, sizeof(e));
	return 0;
}

SEC("usdt")
int called(struct pt_regs *ctx)
{
	struct usdt_site *site = usdt_site(ctx);

	if (!site || filtered())
		return 0;
	return tell(ctx, site, lang_enter(lang_id(ctx, site)), false);
}

SEC("usdt")
int returned(struct pt_regs *ctx)
{
	struct usdt_site *site = usdt_site(ctx);
	u64 ns;

	if (!site || filtered())
		return 0;
	return tell(ctx, site, lang_leave(lang_id(ctx, site), &ns), true);
}
