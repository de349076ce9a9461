/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of: the cookies of the probes. */
enum object_kind { OBJECT_CLASS, OBJECT_STRING, OBJECT_ARRAY, OBJECT_HASH, OBJECT_TCL, OBJECT_BLOCK };

/* A class, or a kind of objects alone, or memory blocks of a size. */
struct key {
	char class[120];
	__u64 size;
	__u64 kind;
};

struct value {
	__u64 count, bytes;
};
