/* SPDX-License-Identifier: GPL-2.0-or-later */
enum { VIRTIO_NAME_LEN = 24 };

/* A virtqueue. */
struct key {
	__u64 queue;
};

/* "In" is what the device writes, "out" what it reads. */
struct value {
	__u64 requests;
	__u64 in_sgs, out_sgs;		/* entries of scatter lists */
	__u64 in_bytes, out_bytes;
	char driver[VIRTIO_NAME_LEN];
	char device[VIRTIO_NAME_LEN];
	char name[VIRTIO_NAME_LEN];
	__u8 other;			/* of no interest */
	__u8 pad[7];
};
