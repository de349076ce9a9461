// SPDX-License-Identifier: GPL-2.0-or-later
// Show how long the operations of a file system take, as histograms.
#include "common.bpf.h"
#include "fsdist.h"
#include "hist.bpf.h"
#include "fs.bpf.h"

static __noinline int fs_done(void *ctx, struct fs_call *call, u64 now, int err)
{
	struct hist_key key = { .op = call->op };

	hist_add(&key, now - call->ns);
	return 0;
}
