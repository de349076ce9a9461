// SPDX-License-Identifier: GPL-2.0-or-later
// Notes of USDT probes and their operands. usdt_test FILE: a program with the notes of
// test/tools/verbs.
#include "../../core/usdt.h"
#include "../../core/util.h"
#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *const kinds[] = { "none", "value", "memory" };

/* "memory s4 value=16 reg=152 index=88<<3", the whole of it must be read. */
static void operand(uint16_t machine, const char *text, const char *want)
{
	const char *p = text;
	struct usdt_arg a = usdt_operand(NULL, machine, 0, &p);
	char got[128];
	size_t n;

	n = snprintf(got, sizeof(got), "%s", kinds[a.kind]);
	if (a.kind != USDT_NONE)
		n += snprintf(got + n, sizeof(got) - n, " %c%d", a.is_signed ? 's' : 'u', a.size);
	if (a.kind != USDT_NONE && a.value)
		n += snprintf(got + n, sizeof(got) - n, " value=%lld", (long long)a.value);
	if (a.kind != USDT_NONE && a.reg != USDT_NO_REG)
		n += snprintf(got + n, sizeof(got) - n, " reg=%d", a.reg);
	if (a.kind != USDT_NONE && a.index != USDT_NO_REG)
		snprintf(got + n, sizeof(got) - n, " index=%d<<%d", a.index, a.scale);
	check_str(got, want, text);
	check(!*p, "%s: read to '%s'", text, p);
}

static void test_x86(void)
{
	static const char *const rax[] = { "8@%rax", "4@%eax", "2@%ax", "1@%al" };
	static const char *const r13[] = { "8@%r13", "4@%r13d", "2@%r13w", "1@%r13b" };
	static const char *const rdi[] = { "8@%rdi", "4@%edi", "2@%di", "1@%dil" };
	char want[32];

	for (int i = 0; i < 4; i++) {
		snprintf(want, sizeof(want), "value u%d reg=80", 8 >> i);
		operand(EM_X86_64, rax[i], want);
		snprintf(want, sizeof(want), "value u%d reg=16", 8 >> i);
		operand(EM_X86_64, r13[i], want);
		snprintf(want, sizeof(want), "value u%d reg=112", 8 >> i);
		operand(EM_X86_64, rdi[i], want);
	}
	operand(EM_X86_64, "1@%bh", "value u1 reg=41");
	operand(EM_X86_64, "1@%bpl", "value u1 reg=32");
	operand(EM_X86_64, "-8@%rbp", "value s8 reg=32");
	operand(EM_X86_64, "8@%rip", "value u8 reg=128");
	operand(EM_X86_64, "-4@$-5", "value s4 value=-5");
	operand(EM_X86_64, "8@$010", "value u8 value=10");
	operand(EM_X86_64, "8@$0x10", "value u8 value=16");
	operand(EM_X86_64, "8@(%rsp)", "memory u8 reg=152");
	operand(EM_X86_64, "-4@-20(%rbp)", "memory s4 value=-20 reg=32");
	operand(EM_X86_64, "1@-96(%rbp,%rax,8)", "memory u1 value=-96 reg=32 index=80<<3");
	operand(EM_X86_64, "8@(%rbx,%rcx)", "memory u8 reg=40 index=88<<0");
	operand(EM_X86_64, "8@16(,%r9,4)", "memory u8 value=16 index=64<<2");
	operand(EM_X86_64, "8@4096", "memory u8 value=4096");
	operand(EM_X86_64, "8f@8(%rsp)", "memory u8 value=8 reg=152");
	operand(EM_X86_64, "8f@%xmm0", "none");
	operand(EM_X86_64, "8@variable(%rip)", "none"); /* in which file? */
	operand(EM_X86_64, "8@%fs:8", "none");
	operand(EM_X86_64, "8@(%rax,%rbx,3)", "none");
	operand(EM_X86_64, "3@%rax", "none");
	operand(EM_X86_64, "8@%rax)", "none");
	operand(EM_X86_64, "8@", "none");
	operand(EM_X86_64, "8@8(%rax", "none");
	operand(EM_386, "4@8(%ebp)", "memory u4 value=8 reg=32");
}

static void test_others(void)
{
	operand(EM_AARCH64, "8@x0", "value u8 reg=0");
	operand(EM_AARCH64, "-4@w30", "value s4 reg=240");
	operand(EM_AARCH64, "8@sp", "value u8 reg=248");
	operand(EM_AARCH64, "8@xzr", "value u8");
	operand(EM_AARCH64, "-4@-5", "value s4 value=-5");
	operand(EM_AARCH64, "8@[sp]", "memory u8 reg=248");
	operand(EM_AARCH64, "-4@[sp, 8]", "memory s4 value=8 reg=248");
	operand(EM_AARCH64, "8@[x19,#-16]", "memory u8 value=-16 reg=152");
	operand(EM_AARCH64, "8@[x0, x1]", "memory u8 reg=0 index=8<<0");
	operand(EM_AARCH64, "8@[x0, x1, lsl 3]", "memory u8 reg=0 index=8<<3");
	operand(EM_AARCH64, "8@x32", "none");
	operand(EM_AARCH64, "8@[x0", "none");
	operand(EM_ARM, "4@[r7, #4]", "memory u4 value=4 reg=28");
	operand(EM_ARM, "-4@#-1", "value s4 value=-1");
	operand(EM_ARM, "4@ip", "value u4 reg=48");
	operand(EM_RISCV, "8@a0", "value u8 reg=80");
	operand(EM_RISCV, "-4@-20(s0)", "memory s4 value=-20 reg=64");
	operand(EM_RISCV, "8@t6", "value u8 reg=248");
	operand(EM_RISCV, "8@s11", "value u8 reg=216");
	operand(EM_RISCV, "8@77", "value u8 value=77");
}

struct seen {
	unsigned notes, entries, args, unreachable;
	uint64_t offset, semaphore;
};

static bool note_see(struct elf *e, const struct usdt_note *note, void *arg)
{
	struct usdt_arg args[USDT_ARGS_MAX];
	unsigned n = usdt_args(e, note, args);
	struct seen *seen = arg;

	seen->notes++;
	for (unsigned i = 0; i < n; i++)
		seen->unreachable += args[i].kind == USDT_NONE;
	if (strcmp(note->provider, "hotspot") ||
	    !usdt_name_is(note->name, "method-entry", strlen("method-entry")))
		return true;
	seen->entries++;
	seen->args += n;
	check(note->semaphore && (!seen->semaphore || seen->semaphore == note->semaphore),
	      "one semaphore of both places, not %#llx", (unsigned long long)note->semaphore);
	check(note->offset && note->offset != seen->offset, "places differ");
	seen->offset = note->offset;
	seen->semaphore = note->semaphore;
	return true;
}

static void test_file(const char *path)
{
	const char *why = "";
	struct elf *e = elf_file_open(path, &why);
	struct seen seen = {};

	check(e, "%s: %s", path, why);
	if (!e)
		return;
	check(!usdt_each(e, note_see, &seen), "not stopped");
	check(seen.notes > 30, "%u notes", seen.notes);
	check(seen.entries == 2, "hotspot:method__entry is at %u places, not 2", seen.entries);
	check(seen.args == 10, "both have %u arguments, not 5 each", seen.args);
	check(!seen.unreachable, "%u arguments are out of reach", seen.unreachable);
	elf_file_close(e);
}

static bool note_count(struct elf *e, const struct usdt_note *note, void *arg)
{
	struct usdt_arg args[USDT_ARGS_MAX];

	*(size_t *)arg += usdt_args(e, note, args) + strlen(note->provider) + strlen(note->name);
	return true;
}

/* Files that lie: whatever is damaged in the notes, there is no harm. */
static void test_damaged(const char *path)
{
	size_t size, total = 0;
	uint64_t section = 0;
	struct elf *e = elf_file_open(path, NULL);
	char *notes = e ? elf_section_load(e, ".note.stapsdt", 1 << 24, &section) : NULL;
	int fd = open(path, O_RDONLY), copy;
	char *image, *at;

	size = lseek(fd, 0, SEEK_END);
	image = xalloc(size);
	check(notes && pread(fd, image, size, 0) == (ssize_t)size, "%s cannot be read", path);
	elf_file_close(e);
	close(fd);
	at = notes ? memmem(image, size, notes, section) : NULL;
	check(at, "there are no notes");
	copy = memfd_create("damaged", MFD_CLOEXEC);
	check(write(copy, image, size) == (ssize_t)size, "a copy");
	srand(1);
	for (int round = 0; at && round < 3000; round++) {
		size_t where = rand() % section, from = at - image + where;
		unsigned char byte = round % 3 ? rand() : round % 2 ? 0xff : 0;

		if (pwrite(copy, &byte, 1, from) != 1)
			check(false, "write");
		e = elf_file_open_fd(dup(copy), NULL, NULL);
		usdt_each(e, note_count, &total);
		elf_file_close(e);
		if (round % 8 == 7 && pwrite(copy, at, section, at - image) != (ssize_t)section)
			check(false, "write");
	}
	check(total, "nothing was read");
	close(copy);
	free(image);
	free(notes);
}

int main(int argc, char **argv)
{
	test_x86();
	test_others();
	for (int i = 1; i < argc; i++) {
		test_file(argv[i]);
		test_damaged(argv[i]);
	}
	return checks_end("usdt_test");
}
