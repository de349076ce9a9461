/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File descriptors. */
#ifndef FD_BPF_H
#define FD_BPF_H

#include "common.bpf.h"

/* The open file behind a descriptor of the current task, NULL if there is none. */
static __always_inline struct file *file_of_fd(int fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd), *file = NULL;

	if (fd < 0 || (u32)fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), &files[fd]);
	return file;
}

#endif
