// SPDX-License-Identifier: GPL-2.0-or-later
// libFuzzer target: the tracing language's parser, type checker and code generator on any text, at
// attach points of all kinds. Instead of the running kernel's there are the few functions,
// tracepoints and types below, in a folder that is made at the start; there "./w" is the program
// that the environment variable FUZZ_ELF names, for uprobe and usdt. It takes the place of
// core/tracefs.c: link it without that, and with -Wl,--wrap=kallsyms_match. Paths in libFuzzer's
// own options have to be absolute.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "../../bt/asm.h"
#include "../../bt/ctypes.h"
#include "../../core/ksyms.h"
#include "../../core/tracefs.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int folder = -1;
static int first_fd; /* from here on descriptors are of one input */

/* ---- tracefs ---- */

static const struct {
	const char *path, *text;
} files[] = {
	{"available_filter_functions", "vfs_read\nvfs_write\nvfs_open\ntcp_sendmsg\n"
				       "nf_hook [nf_tables]\nvfs_read_iter\n"},
	{"events/sched/sched_switch/id", "314\n"},
	{"events/sched/sched_switch/format",
	 "name: sched_switch\nID: 314\nformat:\n"
	 "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	 "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
	 "\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
	 "\tfield:pid_t prev_pid;\toffset:24;\tsize:4;\tsigned:1;\n"
	 "\tfield:long prev_state;\toffset:32;\tsize:8;\tsigned:1;\n"
	 "\tfield:char next_comm[16];\toffset:40;\tsize:16;\tsigned:0;\n"
	 "\tfield:pid_t next_pid;\toffset:56;\tsize:4;\tsigned:1;\n"},
	{"events/sched/sched_exec/id", "315\n"},
	{"events/sched/sched_exec/format",
	 "name: sched_exec\nID: 315\nformat:\n"
	 "\tfield:__data_loc char[] filename;\toffset:8;\tsize:4;\tsigned:0;\n"
	 "\tfield:unsigned char bytes[6];\toffset:12;\tsize:6;\tsigned:0;\n"
	 "\tfield:__u8 addr[16];\toffset:20;\tsize:16;\tsigned:0;\n"
	 "\tfield:struct path * path;\toffset:40;\tsize:8;\tsigned:0;\n"},
	{"events/syscalls/sys_enter_read/id", "316\n"},
	{"events/syscalls/sys_enter_read/format",
	 "name: sys_enter_read\nID: 316\nformat:\n"
	 "\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n"
	 "\tfield:unsigned int fd;\toffset:16;\tsize:8;\tsigned:0;\n"
	 "\tfield:char * buf;\toffset:24;\tsize:8;\tsigned:0;\n"
	 "\tfield:size_t count;\toffset:32;\tsize:8;\tsigned:0;\n"},
};

int tracefs_fd(void)
{
	return folder;
}

bool tracefs_has(const char *file)
{
	return !faccessat(folder, file, F_OK, 0);
}

int tracefs_event_id(const char *event)
{
	char path[512];

	snprintf(path, sizeof(path), "events/%s/id", event);
	return tracefs_has(path) ? 314 : -ENOENT;
}

/* What the kernel here may lack: kprobes. */
int access(const char *path, int mode)
{
	if (!strcmp(path, "/sys/bus/event_source/devices/kprobe"))
		return 0;
	return faccessat(AT_FDCWD, path, mode, 0);
}

/* ---- kallsyms ---- */

int __wrap_kallsyms_match(const char *glob, kallsyms_cb cb, void *arg);
int __wrap_kallsyms_match(const char *glob, kallsyms_cb cb, void *arg)
{
	static const char *const names[] = {"vfs_read", "vfs_write", "schedule", "tcp_sendmsg"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (glob_matches(glob, names[i]) && !cb(names[i], 0x1000 * (i + 1), NULL, arg))
			break;
	return 0;
}

/* ---- types ---- */

static void functions_add(struct btf *b, int num, int uint, int ptr_file, int ptr_char,
			  int ptr_void)
{
	int proto = btf__add_func_proto(b, num);

	btf__add_func_param(b, "file", ptr_file);
	btf__add_func_param(b, "buf", ptr_char);
	btf__add_func_param(b, "count", uint);
	btf__add_func(b, "vfs_read", BTF_FUNC_GLOBAL, proto);
	btf__add_func(b, "vfs_write", BTF_FUNC_GLOBAL, proto);
	proto = btf__add_func_proto(b, 0);
	btf__add_func_param(b, "file", ptr_file);
	btf__add_func(b, "vfs_open", BTF_FUNC_STATIC, proto);
	proto = btf__add_func_proto(b, 0);
	btf__add_func_param(b, "__data", ptr_void);
	btf__add_func_param(b, "preempt", num);
	btf__add_func_param(b, "file", ptr_file);
	btf__add_typedef(b, "btf_trace_sched_switch", btf__add_ptr(b, proto));
}

/* struct bpf_iter__task, each member of which is a union with a number, and the function; packets.
 */
static void others_add(struct btf *b, int num, int bytes, int task)
{
	int both[2];

	for (int i = 0; i < 2; i++) {
		both[i] = btf__add_union(b, NULL, 8);
		btf__add_field(b, i ? "task" : "meta", btf__add_ptr(b, i ? task : 0), 0, 0);
	}
	btf__add_struct(b, "bpf_iter__task", 16);
	btf__add_field(b, NULL, both[0], 0, 0);
	btf__add_field(b, NULL, both[1], 64, 0);
	btf__add_func(b, "bpf_iter_task", BTF_FUNC_GLOBAL, btf__add_func_proto(b, num));
	btf__add_struct(b, "sk_buff", 24);
	btf__add_field(b, "len", num, 0, 0);
	btf__add_field(b, "data_len", num, 32, 0);
	btf__add_field(b, "data", bytes, 64, 0);
}

static void types_write(void)
{
	struct btf *b = btf__new_empty();
	int num = btf__add_int(b, "int", 4, BTF_INT_SIGNED), byte, uint, flags, text, node, file,
	    path, both, array, tag, task;
	const void *raw;
	__u32 size;
	FILE *f = fopen("types", "we");

	byte = btf__add_int(b, "char", 1, BTF_INT_SIGNED);
	uint = btf__add_int(b, "unsigned long", 8, 0);
	btf__add_int(b, "_Bool", 1, BTF_INT_BOOL);
	btf__add_typedef(b, "u64", uint);
	flags = btf__add_enum(b, "flags", 4);
	btf__add_enum_value(b, "FLAG_A", 1);
	btf__add_enum_value(b, "FLAG_B", -2);
	text = btf__add_array(b, num, byte, 16);
	array = btf__add_array(b, num, uint, 4);
	tag = btf__add_ptr(b, btf__add_type_tag(b, "user", byte));
	path = btf__add_struct(b, "path", 16);
	btf__add_field(b, "mnt", btf__add_ptr(b, 0), 0, 0);
	btf__add_field(b, "dentry", uint, 64, 0);
	both = btf__add_union(b, NULL, 8);
	btf__add_field(b, "word", uint, 0, 0);
	btf__add_field(b, "half", num, 0, 0);
	btf__add_field(b, "low", num, 0, 3);
	file = btf__add_struct(b, "file", 104);
	node = btf__add_ptr(b, file);
	btf__add_field(b, "f_path", path, 0, 0);
	btf__add_field(b, NULL, both, 128, 0);
	btf__add_field(b, "next", node, 192, 0);
	btf__add_field(b, "name", text, 256, 0);
	btf__add_field(b, "flags", flags, 384, 0);
	btf__add_field(b, "bits", num, 416, 5);
	btf__add_field(b, "list", array, 448, 0);
	btf__add_field(b, "user", tag, 704, 0);
	btf__add_field(b, "gone", btf__add_ptr(b, btf__add_fwd(b, "gone", BTF_FWD_STRUCT)), 768, 0);
	task = btf__add_struct(b, "task_struct", 32);
	btf__add_field(b, "pid", num, 0, 0);
	btf__add_field(b, "comm", text, 32, 0);
	btf__add_field(b, "files", node, 192, 0);
	others_add(b, num, tag, task);
	functions_add(b, num, uint, node, tag, btf__add_ptr(b, 0));
	raw = btf__raw_data(b, &size);
	if (!f || fwrite(raw, 1, size, f) != size || fclose(f))
		die(EXIT_FAIL, "cannot write the types");
	btf__free(b);
}

static void file_make(const char *path, const char *text)
{
	char part[512];
	FILE *f;

	for (const char *p = path; (p = strchr(p, '/')); p++) {
		snprintf(part, sizeof(part), "%.*s", (int)(p - path), path);
		mkdir(part, 0700);
	}
	f = fopen(path, "we");
	if (!f || fputs(text, f) < 0 || fclose(f))
		die(EXIT_FAIL, "cannot write %s", path);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char place[] = "/tmp/fuzz_bt.XXXXXX";
	const char *elf = getenv("FUZZ_ELF");

	(void)argc, (void)argv;
	if (!elf || access(elf, R_OK))
		die(EXIT_FAIL, "FUZZ_ELF has to name a program with USDT probes");
	libbpf_set_print(NULL);
	if (!mkdtemp(place) || chdir(place) || symlink(elf, "w"))
		die(EXIT_FAIL, "cannot make %s: %s", place, strerror(errno));
	folder = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		file_make(files[i].path, files[i].text);
	types_write();
	first_fd = dup(folder);
	close(first_fd);
	return 0;
}

/* ---- one input ---- */

/* The jumps lead to instructions, the registers are those there are, and it ends. */
static void code_check(const struct bt_code *c)
{
	char text[256];

	if (!c->n || c->insn[c->n - 1].code != (BPF_JMP | BPF_EXIT))
		abort();
	for (size_t i = 0, step; i < c->n; i += step) {
		const struct bpf_insn *in = &c->insn[i];
		uint8_t op = BPF_OP(in->code);
		long to = (long)i + 1 + in->off;

		step = code_text(c, i, text, sizeof(text));
		if (in->dst_reg > 10 || in->src_reg > 10 || i + step > c->n)
			abort();
		if (BPF_CLASS(in->code) == BPF_JMP && op != BPF_CALL && op != BPF_EXIT &&
		    (to < 0 || (size_t)to >= c->n))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *params[] = {"1", "text", NULL};
	char *text = malloc(size + 1);
	struct bt bt;
	bool good;

	memcpy(text, data, size);
	text[size] = 0;
	bt_init(&bt, "fuzz", text, size);
	bt.params = params;
	bt.nparams = 2;
	bt.config.unsafe = true;
	bt.config.missing = 2;
	bt.btf_path = "types";
	bt.cookies = size % 2 ? 1 : -1;
	bt.child = 1;
	good = bt_parse(&bt) && bt_check(&bt) && bt_generate(&bt);
	if (!good && !bt.error[0])
		abort(); /* an error without a message */
	for (struct bt_prog *p = bt.progs; p; p = p->next) {
		if (good)
			code_check(p->code);
		code_free(p->code);
	}
	btf__free(ctypes_btf(&bt, NULL));
	bt_free(&bt);
	free(text);
	close_range(first_fd, ~0U, 0); /* an error leaves files open: the tool ends with it */
	return 0;
}
