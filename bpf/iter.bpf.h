/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory that a read or write is about, as an iov_iter or a vector of segments has it:
 * source_iter() at its begin, then as long as there is something `left`, or segment_next() finds
 * more. */
#ifndef ITER_BPF_H
#define ITER_BPF_H

#include "common.bpf.h"

#define UIO_MAXIOV 1024

/* Where the bytes of a read or write are. */
struct source {
	const struct iovec *vec; /* NULL: one piece, `base` and `left` */
	void *base;
	u64 left;		/* of the segment at hand */
	u64 all;		/* of them */
	u64 skip;		/* of the first segment */
	u32 segs;
	bool user_vec;		/* the vector itself is in user space */
	bool kernel;		/* the bytes are not */
};

/* On to the next segment. False: there is none. */
static __always_inline bool segment_next(struct source *s)
{
	struct iovec seg = {};
	long err;

	if (!s->vec || !s->segs)
		return false;
	if (s->user_vec)
		err = bpf_probe_read_user(&seg, sizeof(seg), s->vec);
	else
		err = bpf_probe_read_kernel(&seg, sizeof(seg), s->vec);
	if (err)
		return false;
	s->vec++;
	s->segs--;
	s->base = seg.iov_base + s->skip;
	s->left = seg.iov_len > s->skip ? seg.iov_len - s->skip : 0;
	s->skip = 0;
	return true;
}

static __always_inline bool iter_is(struct iov_iter *iter, u64 type)
{
	struct iov_iter___type *old = (void *)iter;

	if (bpf_core_field_exists(old->type))
		return (BPF_CORE_READ(old, type) & ~1U) == type;
	return BPF_CORE_READ(iter, iter_type) == type;
}

static __always_inline const struct iovec *iter_vec(struct iov_iter *iter)
{
	struct iov_iter___iov *old = (void *)iter;

	if (bpf_core_field_exists(old->iov))
		return BPF_CORE_READ(old, iov);
	return BPF_CORE_READ(iter, __iov);
}

/* Pages, as splice() and sendfile() give them, are not looked into. `skip` is its iov_offset. */
static __always_inline void source_iter(struct source *s, struct iov_iter *iter, u64 skip)
{
	if (bpf_core_enum_value_exists(enum iter_type, ITER_UBUF) &&
	    iter_is(iter, bpf_core_enum_value(enum iter_type, ITER_UBUF))) {
		s->base = BPF_CORE_READ(iter, ubuf) + skip;
		s->left = s->all;
	} else if (iter_is(iter, bpf_core_enum_value(enum iter_type, ITER_IOVEC))) {
		s->vec = iter_vec(iter);
		s->segs = BPF_CORE_READ(iter, nr_segs);
		s->skip = skip;
	} else if (iter_is(iter, bpf_core_enum_value(enum iter_type, ITER_KVEC))) {
		s->vec = iter_vec(iter); /* a union; struct kvec is the same */
		s->segs = BPF_CORE_READ(iter, nr_segs);
		s->skip = skip;
		s->kernel = true;
	}
}

#endif
