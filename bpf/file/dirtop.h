/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder, and what went to and from the files in and below it. */
struct folder_id {
	__u64 ino;
	__u32 dev;
	__u32 unused;
};

struct key {
	__u32 folder;	/* its place in the list */
	__u32 unused;
};

struct value {
	__u64 reads, writes;
	__u64 read_bytes, write_bytes;
};
