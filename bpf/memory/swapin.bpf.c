// SPDX-License-Identifier: GPL-2.0-or-later
// Pages that are read back from swap, by the process that needs them or reads ahead. No tracepoint
// tells of it.
#include "folio.bpf.h"
#include "swapin.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 10240);
	__type(key, struct key);
	__type(value, struct value);
} swapins SEC(".maps");

static __noinline int swapped_in(struct folio *folio)
{
	struct value *v, none = {};
	struct key key = {};

	if (filtered())
		return 0;
	key.pid = current_pid_tgid() >> 32;
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	v = bpf_map_lookup_elem(&swapins, &key);
	if (!v) {
		bpf_map_update_elem(&swapins, &key, &none, BPF_NOEXIST);
		v = bpf_map_lookup_elem(&swapins, &key);
	}
	if (!v) {
		LOST(entries);
		return 0;
	}
	v->reads++;
	v->pages += folio_pages(folio);
	return 0;
}

/* swap_readpage() until 6.8, which then had a page. In 7.3 a context went before the folio. */
static __always_inline struct folio *folio_arg(u64 first, u64 second)
{
	/* Both are read: the verifier forbids an address in the context that is chosen. */
	asm volatile("" : "+r"(first), "+r"(second));
	return (void *)(bpf_core_type_exists(struct swap_io_ctx) ? second : first);
}

SEC("fentry/swap_read_folio")
int BPF_PROG(read_fentry, u64 first, u64 second)
{
	return swapped_in(folio_arg(first, second));
}

SEC("fentry/swap_readpage")
int BPF_PROG(read_old_fentry, struct folio *page)
{
	return swapped_in(page);
}

SEC("kprobe/swap_read_folio")
int BPF_KPROBE(read_kprobe, u64 first, u64 second)
{
	return swapped_in(folio_arg(first, second));
}

SEC("kprobe/swap_readpage")
int BPF_KPROBE(read_old_kprobe, struct folio *page)
{
	return swapped_in(page);
}
