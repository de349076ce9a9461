// SPDX-License-Identifier: GPL-2.0-or-later
// Names that test/data/kernels.gz does not tell of: no list may have them.
#include "common.h"

struct not_in_the_data {
	int x;
} RELOCATED;

SEC("fentry/not_in_the_data")
int reads(__u64 *ctx)
{
	sink = BPF_CORE_READ((struct not_in_the_data *)ctx[0], x);
	return 0;
}
