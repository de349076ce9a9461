// SPDX-License-Identifier: GPL-2.0-or-later
// What goes through TLS libraries, before it is encrypted and after it is decrypted: read when the call
// returns, since then the bytes are in memory, and their number is known.
#define EVENT_MAX 20480
#include "events.bpf.h"
#include "tls.bpf.h"
#include "sslsniff.h"

const volatile bool calls;	/* rows of calls, without their data */
const volatile u32 max_bytes = 8192; /* of a call */

static __noinline struct event *event_begin(const struct tls_call *call)
{
	struct event *e = event_scratch(EVENT_HEAD(struct event, data));

	if (!e || !call)
		return e;
	e->time_ns = bpf_ktime_get_ns();
	e->lat_ns = e->time_ns - call->ns;
	e->function = call->function;
	task_note(e);
	return e;
}

/* `lat_ns` since all pieces are of one call. */
static __noinline int piece_send(void *ctx, const struct tls_call *call, u32 len, u32 offset, u64 now)
{
	struct event *e = event_begin(call);
	u32 end = len < max_bytes ? len : max_bytes;
	u64 n = end - offset;

	if (!e || !call)
		return 0;
	asm volatile("" : "+r"(n));
	if (n > PIECE)
		n = PIECE;
	e->time_ns = now;
	e->lat_ns = now - call->ns;
	e->result = len;
	e->len = len;
	e->offset = offset;
	e->bytes = n;
	if (bpf_probe_read_user(e->data, n, (void *)(call->buf + offset)))
		e->bytes = 0;
	if (!e->bytes)
		e->lost = end - offset;
	if (offset + n >= end)
		e->lost += len - end;
	event_output(ctx, e, EVENT_HEAD(struct event, data) + (e->bytes ? n : 0));
	return 0;
}

static __noinline int call_send(void *ctx, const struct tls_call *call, s32 result)
{
	struct event *e = event_begin(call);

	if (!e)
		return 0;
	e->result = result;
	event_output(ctx, e, EVENT_HEAD(struct event, data));
	return 0;
}

SEC("uretprobe")
int leave(struct pt_regs *ctx)
{
	struct tls_call call = {};
	s32 result = PT_REGS_RC(ctx);
	u64 now = bpf_ktime_get_ns();

	if (!tls_leave(ctx, &call))
		return 0;
	if (calls) {
		call_send(ctx, &call, result);
		return 0;
	}
	if (tls_failed(&call, result))
		return 0;
	if (call.function & TLS_HANDSHAKE) {
		call_send(ctx, &call, result);
		return 0;
	}
	if (call.len)
		result = user_word(call.len, 0);
	if (result <= 0)
		return 0;
	for (u32 i = 0; i < PIECES_MAX; i++) {
		u32 offset = i * PIECE;

		if (i && (offset >= result || offset >= max_bytes))
			break;
		piece_send(ctx, &call, result, offset, now);
	}
	return 0;
}
