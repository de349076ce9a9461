/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two sides of bpf/file_io.bpf.h agree on. */
#ifndef FILE_IO_H
#define FILE_IO_H

/* Numbers of system calls are below this, but for those of the x32 programs of x86. */
#define SYSCALLS_MAX 512

/* Of a system call: which of its arguments is the file that is read, or written to. */
#define READ_ARG(n) (0x8 | (n))
#define WRITE_ARG(n) (0x80 | (n) << 4)

#define FILE_IO_CALLS \
	{ "read", READ_ARG(0) }, { "pread64", READ_ARG(0) }, { "readv", READ_ARG(0) }, \
	{ "preadv", READ_ARG(0) }, { "preadv2", READ_ARG(0) }, \
	{ "write", WRITE_ARG(0) }, { "pwrite64", WRITE_ARG(0) }, { "writev", WRITE_ARG(0) }, \
	{ "pwritev", WRITE_ARG(0) }, { "pwritev2", WRITE_ARG(0) }, \
	{ "splice", READ_ARG(0) | WRITE_ARG(2) }, \
	{ "copy_file_range", READ_ARG(0) | WRITE_ARG(2) }, \
	{ "sendfile", READ_ARG(1) | WRITE_ARG(0) }, { "sendfile64", READ_ARG(1) | WRITE_ARG(0) }

/* A function next to its only callers may be gone into those: then do without its calls. */
#define FILE_IO_RW(how) "vfs_read_" how " vfs_write_" how " ?vfs_readv_" how " ?vfs_writev_" how
#define FILE_IO_SPLICE(how) " splice_direct_to_actor_" how " splice_file_to_pipe_" how \
	" ?iter_file_splice_write_" how
#define FILE_IO_SPLICE_OLD(how) " ?do_splice_to_" how " ?iter_file_splice_write_" how

#define FILE_IO_PROBES \
	{ "file I/O", FILE_IO_RW("fexit") FILE_IO_SPLICE("fexit") }, \
	{ "file I/O", FILE_IO_RW("fexit") FILE_IO_SPLICE_OLD("fexit") }, \
	{ "file I/O", FILE_IO_RW("kprobe") " " FILE_IO_RW("kretprobe") FILE_IO_SPLICE("kprobe") \
		      FILE_IO_SPLICE("kretprobe") }, \
	{ "file I/O", FILE_IO_RW("kprobe") " " FILE_IO_RW("kretprobe") \
		      FILE_IO_SPLICE_OLD("kprobe") FILE_IO_SPLICE_OLD("kretprobe") }, \
	{ "file I/O", "syscall_exit" }

#endif
