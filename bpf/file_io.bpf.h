/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every read and write of files, when it is over: with the file, and the bytes that were moved. A
 * tool defines what it does with that:
 *
 *	static int moved(struct file *file, bool write, long ret);
 *
 * and takes the rows FILE_IO_PROBES and the system calls of FILE_IO_CALLS (bpf/file_io.h). */
#ifndef FILE_IO_BPF_H
#define FILE_IO_BPF_H

#include "syscall.bpf.h"
#include "path.bpf.h"
#include "file_io.h"

#define S_IFMT 0170000
#define S_IFREG 0100000
#define ANON_INODE_FS_MAGIC 0x09041934

const volatile u8 calls[SYSCALLS_MAX];	/* READ_ARG() and WRITE_ARG() of each */

static int moved(struct file *file, bool write, long ret);

/* For each program that calls it no copy. */
static __noinline int file_moved(struct file *file, bool write, long ret)
{
	return moved(file, write, ret);
}

/* From entry to return: by thread and direction, since sendfile() writes while it reads. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 10240);
	__type(key, u64);
	__type(value, struct file *);
} starts SEC(".maps");

static __noinline int begin(struct file *file, bool write)
{
	u64 key = bpf_get_current_pid_tgid() << 1 | write;

	if (!filtered() && bpf_map_update_elem(&starts, &key, &file, BPF_ANY))
		LOST(entries);
	return 0;
}

static __noinline int end(bool write, long ret)
{
	u64 key = bpf_get_current_pid_tgid() << 1 | write;
	struct file **file = bpf_map_lookup_elem(&starts, &key);

	if (!file)
		return 0;
	file_moved(*file, write, ret);
	bpf_map_delete_elem(&starts, &key);
	return 0;
}

/* A function, its arguments as far as they are of interest, the one that is the file, and whether
 * that is written to. `all`: how many arguments there are. */
#define ARGS_3 u64 a0, u64 a1, u64 a2
#define ARGS_4 ARGS_3, u64 a3
#define ARGS_5 ARGS_4, u64 a4
#define MOVES(function, all, file, write)				\
	SEC("fexit/" #function)						\
	int BPF_PROG(function##_fexit, ARGS_##all, long ret)		\
	{								\
		return file_moved((void *)file, write, ret);			\
	}								\
	SEC("kprobe/" #function)					\
	int BPF_KPROBE(function##_kprobe, u64 a0, u64 a1)		\
	{								\
		return begin((void *)file, write);			\
	}								\
	SEC("kretprobe/" #function)					\
	int BPF_KRETPROBE(function##_kretprobe, long ret)		\
	{								\
		return end(write, ret);					\
	}

MOVES(vfs_read, 4, a0, false)
MOVES(vfs_readv, 5, a0, false)
MOVES(vfs_write, 4, a0, true)
MOVES(vfs_writev, 5, a0, true)
/* sendfile() and the copies that move data read by the first of these, splice() by the second (it
 * came with 5.12); before that both came to the third. What they write is the fourth's. */
MOVES(splice_direct_to_actor, 3, a0, false)
MOVES(splice_file_to_pipe, 5, a0, false)
MOVES(do_splice_to, 5, a0, false)
MOVES(iter_file_splice_write, 5, a1, true)

/* For kernels that let no function be watched: the file is found by its descriptor. */
SEC("tp_btf/sys_exit")
int BPF_PROG(syscall_exit, struct pt_regs *regs, long ret)
{
	u32 nr = syscall_nr(regs);
	u8 call;

	if (nr >= SYSCALLS_MAX || syscall_is_compat())
		return 0;
	asm volatile("" : "+r"(nr)); /* or the mask, which the verifier needs, is optimised away */
	call = calls[nr & (SYSCALLS_MAX - 1)];
	for (int i = 0; i < 2; i++, call >>= 4) {
		struct file *file = NULL;

		if (call & 8)
			file = file_of_fd(call & 2 ? syscall_arg(regs, 2) :
					  call & 1 ? syscall_arg(regs, 1) : syscall_arg(regs, 0));
		if (file)
			file_moved(file, i, ret);
	}
	return 0;
}

#endif
