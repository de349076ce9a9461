/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Histograms of powers of two, one per key or one in all. Each CPU counts for itself, so counting is
 * neither locked nor atomic; the core adds up. Define the key first:
 *
 *	#include "NAME.h"       has struct hist_key, or: #define HIST_NO_KEY
 *	#include "hist.bpf.h"
 *
 * then hist_add(&key, value), or hist_add(NULL, value) for the only one. With HIST_LINEAR defined
 * before (and .linear in the applet's struct hist) the slots are the values 0 to 62 themselves, and
 * one for all that is more; with HIST_STEP, too, (.step) each has so many values. */
#ifndef HIST_BPF_H
#define HIST_BPF_H

#include "common.bpf.h"
#include "log2.bpf.h"

#if defined(HIST_LINEAR) && !defined(HIST_STEP)
#define HIST_STEP 1
#endif

/* Values of time are divided by this before they are sorted into slots; the core prints the unit. */
const volatile u64 hist_div = 1000;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct hist_value);
} hist_one SEC(".maps");

#ifndef HIST_NO_KEY
/* The core sizes it by the number of CPUs and --map-entries. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct hist_key);
	__type(value, struct hist_value);
} hists SEC(".maps");

static struct hist_value hist_zero;
#endif

static __always_inline void hist_count(struct hist_value *h, u64 value)
{
#ifdef HIST_LINEAR
	u64 slot = value / HIST_STEP;

	if (slot >= HIST_SLOTS)
		slot = HIST_SLOTS - 1;
	/* Else the mask below, which the verifier needs, is optimised away. */
	asm volatile("" : "+r"(slot));
#else
	u32 slot = log2_u64(value / hist_div);
#endif

	h->sum += value;
	h->slots[slot & (HIST_SLOTS - 1)]++;
}

#ifdef HIST_NO_KEY
#define hist_add(key, value) hist_add_one(value)
#else
#define hist_add(key, value) hist_add_to(key, value)
#endif

static __always_inline void hist_add_one(u64 value)
{
	u32 zero = 0;
	struct hist_value *h = bpf_map_lookup_elem(&hist_one, &zero);

	if (h)
		hist_count(h, value);
}

#ifndef HIST_NO_KEY
static __always_inline void hist_add_to(const struct hist_key *key, u64 value)
{
	struct hist_value *h;

	if (!key) {
		hist_add_one(value);
		return;
	}
	h = entry_get(&hists, key, &hist_zero);
	if (h)
		hist_count(h, value);
}
#endif

#endif
