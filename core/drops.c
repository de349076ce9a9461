// SPDX-License-Identifier: GPL-2.0-or-later
// Why the kernel dropped a packet: reasons by name.
#include "drops.h"
#include "enums.h"

#include <bpf/btf.h>

/* Those of subsystems begin at 1 << 16, in enums of their own. */
enum { REASONS_MAX = 1024 };

/* One process watches one kernel. */
static const char *reasons[REASONS_MAX];

static void reasons_take(const struct btf *btf, const struct btf_type *t)
{
	static const char prefix[] = "SKB_DROP_REASON_";
	const struct btf_enum *e = btf_enum(t);

	for (int i = 0; i < btf_vlen(t); i++, e++) {
		const char *name = btf__name_by_offset(btf, e->name_off);

		if (!strncmp(name, prefix, sizeof(prefix) - 1))
			name += sizeof(prefix) - 1;
		else if (!strncmp(name, "SKB_", 4))
			name += 4;
		if (e->val > 0 && e->val < REASONS_MAX && !reasons[e->val])
			reasons[e->val] = xstrdup(name);
	}
}

void drop_reasons_read(struct run *run)
{
	struct btf *btf = types_read(run);
	int id;

	if (!btf)
		return;
	id = btf__find_by_name_kind(btf, "skb_drop_reason", BTF_KIND_ENUM);
	if (id > 0)
		reasons_take(btf, btf__type_by_id(btf, id));
	btf__free(btf);
}

void fmt_drop_reason(struct cell *cell, const void *row)
{
	uint32_t reason = *(const uint32_t *)cell_ptr(cell, row);

	if (reason)
		cell_enum(cell, reasons, REASONS_MAX, reason);
	else
		cell_none(cell);
}
