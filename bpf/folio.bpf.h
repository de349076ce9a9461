/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages of the page and swap cache, in folios of one page or more. A folio was a page until 5.16, and
 * what looks like a pointer to a folio in here is one to a page then. */
#ifndef FOLIO_BPF_H
#define FOLIO_BPF_H

#include "common.bpf.h"

/* The flags became a struct of one word in 6.18. */
static __always_inline unsigned long folio_flags(struct folio *folio)
{
	struct folio___memdesc *newer = (void *)folio;

	if (bpf_core_field_exists(newer->flags.f))
		return BPF_CORE_READ(newer, flags.f);
	return BPF_CORE_READ(folio, flags);
}

/* How many pages it has. The order moved into the flags of the second page in 6.6. */
static __always_inline u32 folio_pages(struct folio *folio)
{
	if (!bpf_core_type_exists(struct folio) ||
	    !(folio_flags(folio) >> bpf_core_enum_value(enum pageflags, PG_head) & 1))
		return 1; /* compound pages came into the cache ready-made, past what is watched here */
	if (bpf_core_field_exists(folio->_folio_order))
		return 1 << (BPF_CORE_READ(folio, _folio_order) & 31);
	return 1 << (BPF_CORE_READ(folio, _flags_1) & 31);
}

static __always_inline struct address_space *folio_mapping(struct folio *folio)
{
	struct page *page = (void *)folio;

	if (bpf_core_type_exists(struct folio))
		return BPF_CORE_READ(folio, mapping);
	return BPF_CORE_READ(page, mapping);
}

static __always_inline u64 folio_index(struct folio *folio)
{
	struct page *page = (void *)folio;

	if (bpf_core_type_exists(struct folio))
		return BPF_CORE_READ(folio, index);
	return BPF_CORE_READ(page, index);
}

#endif
