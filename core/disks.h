/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of disks, partitions and of what is asked of them. Device numbers are the kernel's own: 12
 * bits of major, 20 of minor. */
#ifndef DISKS_H
#define DISKS_H

#include "applet.h"
#include "../bpf/block.h"

/* The disk or partition that a user means by "vda1", "dm-0", "/dev/mapper/root", "254:1". Dies
 * (EXIT_FAIL) where there is none. `bios`: it has no requests of its own, just bios, so that its
 * I/O is seen as those only. */
uint32_t disk_find(const char *name, bool *bios);

/* For the programs of bpf/block_hooks.bpf.h: the number of the disk of that name, 0 for NULL, which is
 * all disks with requests. Programs for what it has not, requests or bios, are switched off. */
uint32_t disk_setup(struct run *run, const char *name);
extern const struct probe disk_probes[];

/* "vda1", or "254:1" where the number has no name (any more). Returns `text`. */
const char *disk_name(uint32_t dev, char text[DISK_NAME_LEN]);

/* Sync-Metadata-Read: what IO_KNOWN has of the flags. Returns `text`. */
enum { IO_TEXT = 128 };
const char *io_words(uint32_t flags, char text[IO_TEXT]);
/* RSM: the same as the kernel's trace events write it. */
const char *io_letters(uint32_t flags, char text[IO_TEXT]);

/* The errno of a blk_status_t, 0 for 0. */
int io_errno(unsigned status);

#endif
