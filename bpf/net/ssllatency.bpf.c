// SPDX-License-Identifier: GPL-2.0-or-later
// How long calls of TLS libraries take.
#include "common.bpf.h"
#include "ssllatency.h"
#include "hist.bpf.h"
#include "tls.bpf.h"

SEC("uretprobe")
int leave(struct pt_regs *ctx)
{
	struct tls_call call = {};
	struct hist_key key = {};
	u64 now = bpf_ktime_get_ns();

	if (!tls_leave(ctx, &call))
		return 0;
	key.function = call.function & TLS_NUMBER;
	key.failed = tls_failed(&call, PT_REGS_RC(ctx));
	hist_add(&key, now - call.ns);
	return 0;
}
