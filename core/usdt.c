// SPDX-License-Identifier: GPL-2.0-or-later
// The notes of USDT probes: .note.stapsdt, and the assembler's words for the operands.
#include "usdt.h"
#include "util.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
	NOTE_TYPE = 3,			/* NT_STAPSDT */
	NOTES_SIZE_MAX = 16 << 20,
	X86_IP = 16 * 8,		/* in struct pt_regs */
};

/* ---- registers: their places in the kernel's struct pt_regs ---- */

struct word {
	const char *p;
	size_t n;
};

static bool word_is(struct word w, const char *s)
{
	return w.n == strlen(s) && !memcmp(w.p, s, w.n);
}

/* The digits behind the first letter; -1 if they are none. */
static int word_number(struct word w)
{
	int v = 0;

	for (size_t i = 1; i < w.n; i++) {
		if (!isdigit((unsigned char)w.p[i]) || v > 99)
			return -1;
		v = v * 10 + w.p[i] - '0';
	}
	return w.n > 1 ? v : -1;
}

/* r8 to r15 stand in reverse; the others are named by the two letters that all widths share. */
static int x86_reg(struct word w)
{
	static const struct { char name[3]; unsigned char at; } low[] = {
		{ "bp", 4 }, { "bx", 5 }, { "ax", 10 }, { "cx", 11 }, { "dx", 12 }, { "si", 13 },
		{ "di", 14 }, { "ip", 16 }, { "sp", 19 },
	};
	static const unsigned char high[] = { 9, 8, 7, 6, 3, 2, 1, 0 };
	char last = w.n ? w.p[w.n - 1] : 0;
	int n;

	if (w.n > 1 && *w.p == 'r' && isdigit((unsigned char)w.p[1])) {
		if (strchr("dwb", last))
			w.n--;
		n = word_number(w);
		return n >= 8 && n <= 15 ? high[n - 8] * 8 : -1;
	}
	if (w.n == 2 && strchr("abcd", *w.p) && (last == 'l' || last == 'h')) {
		for (size_t i = 0; i < ARRAY_LEN(low); i++)
			if (low[i].name[0] == *w.p && low[i].name[1] == 'x')
				return low[i].at * 8 + (last == 'h'); /* the second byte */
	}
	if (w.n == 3 && (*w.p == 'r' || *w.p == 'e')) {
		w.p++;
		w.n--;
	} else if (w.n == 3 && last == 'l') {
		w.n--;
	}
	for (size_t i = 0; i < ARRAY_LEN(low); i++)
		if (word_is(w, low[i].name))
			return low[i].at * 8;
	return -1;
}

static int arm64_reg(struct word w)
{
	int n = w.n && (*w.p == 'x' || *w.p == 'w') ? word_number(w) : -1;

	if (word_is(w, "sp") || word_is(w, "wsp"))
		n = 31;
	return n >= 0 && n <= 31 ? n * 8 : -1;
}

static int arm_reg(struct word w)
{
	static const char *const named[] = { "sl", "fp", "ip", "sp", "lr", "pc" };
	int n = w.n && *w.p == 'r' ? word_number(w) : -1;

	for (int i = 0; i < 6; i++)
		if (word_is(w, named[i]))
			n = 10 + i;
	return n >= 0 && n <= 15 ? n * 4 : -1;
}

static int riscv_reg(struct word w)
{
	static const char *const named[] = { "pc", "ra", "sp", "gp", "tp" };
	int n = w.n == 2 || w.n == 3 ? word_number(w) : -1;

	for (int i = 0; i < 5; i++)
		if (word_is(w, named[i]))
			return i * 8;
	if (n < 0)
		return -1;
	switch (*w.p) {
	case 't':
		return n <= 2 ? (5 + n) * 8 : n <= 6 ? (25 + n) * 8 : -1;
	case 's':
		return n <= 1 ? (8 + n) * 8 : n <= 11 ? (16 + n) * 8 : -1;
	case 'a':
		return n <= 7 ? (10 + n) * 8 : -1;
	default:
		return -1;
	}
}

static int reg_find(uint16_t machine, struct word w)
{
	switch (machine) {
	case EM_X86_64:
	case EM_386:
		return x86_reg(w);
	case EM_AARCH64:
		return arm64_reg(w);
	case EM_ARM:
		return arm_reg(w);
	case EM_RISCV:
		return riscv_reg(w);
	default:
		return -1;
	}
}

/* ---- operands ---- */

struct operand {
	struct elf *e;		/* NULL: there are no symbols */
	uint16_t machine;
	uint64_t vaddr;		/* of the probe */
	const char *at;
	struct usdt_arg arg;
};

static void skip_blanks(struct operand *o)
{
	while (*o->at == ' ')
		o->at++;
}

static bool take(struct operand *o, char c)
{
	skip_blanks(o);
	if (*o->at != c)
		return false;
	o->at++;
	return true;
}

/* strtoll() alone would take blanks, and octal for what begins with 0. */
static bool take_number(struct operand *o, __s64 *v)
{
	const char *digits = o->at + (*o->at == '-' || *o->at == '+');
	char *end;

	if (!isdigit((unsigned char)*digits))
		return false;
	*v = strtoll(o->at, &end, digits[0] == '0' && digits[1] == 'x' ? 16 : 10);
	o->at = end;
	return true;
}

static bool take_reg(struct operand *o, int16_t *reg)
{
	struct word w;
	int at;

	skip_blanks(o);
	o->at += *o->at == '%';
	w.p = o->at;
	while (isalnum((unsigned char)*o->at))
		o->at++;
	w.n = o->at - w.p;
	if (o->machine == EM_AARCH64 && (word_is(w, "xzr") || word_is(w, "wzr")))
		return true; /* always 0 */
	at = reg_find(o->machine, w);
	*reg = at;
	return at >= 0;
}

/* Symbol, and what is added: the place in memory is as far from the probe as it was when linked,
 * which is right wherever the file is loaded. */
static bool take_symbol(struct operand *o)
{
	char name[256];
	size_t n = 0;
	uint64_t vaddr;
	__s64 more = 0;

	while (isalnum((unsigned char)*o->at) || (*o->at && strchr("_.$@", *o->at))) {
		if (n + 1 == sizeof(name))
			return false;
		name[n++] = *o->at++;
	}
	name[n] = 0;
	if (*o->at == '+' || *o->at == '-')
		take_number(o, &more);
	if (!n || !o->e || elf_find_object(o->e, name, &vaddr))
		return false;
	o->arg.reg = X86_IP;
	o->arg.value = vaddr + more - o->vaddr;
	return true;
}

/* OFFSET(BASE,INDEX,SCALE), any part of which may be missing, and a symbol for OFFSET */
static bool x86_memory(struct operand *o)
{
	int16_t base = USDT_NO_REG, index = USDT_NO_REG;
	bool symbol = false;
	__s64 scale = 1;

	if (!take_number(o, &o->arg.value) && *o->at != '(') {
		if (!take_symbol(o))
			return false;
		symbol = true;
	}
	o->arg.kind = USDT_MEMORY;
	if (!take(o, '('))
		return true;
	if (*o->at != ',' && !take_reg(o, &base))
		return false;
	if (take(o, ',') && (!take_reg(o, &index) || (take(o, ',') && !take_number(o, &scale))))
		return false;
	if (!take(o, ')') || scale < 1 || scale > 8 || scale & (scale - 1))
		return false;
	if (symbol && base != USDT_NO_REG && base != X86_IP) {
		if (index != USDT_NO_REG)
			return false; /* three registers: that of the symbol is the third */
		index = base;
		scale = 1;
	} else if (!symbol) {
		o->arg.reg = base;
	}
	o->arg.index = index;
	o->arg.scale = __builtin_ctz(scale);
	return true;
}

static bool x86_operand(struct operand *o)
{
	if (take(o, '$'))
		return take_number(o, &o->arg.value) || take_symbol(o);
	if (*o->at == '%')
		return take_reg(o, &o->arg.reg) && *o->at != ':'; /* segments are out of reach */
	return x86_memory(o);
}

/* [BASE], [BASE, OFFSET], [BASE, INDEX], [BASE, INDEX, lsl SHIFT]; a # may stand before a number. */
static bool arm_operand(struct operand *o)
{
	__s64 shift = 0;

	if (!take(o, '[')) {
		o->at += *o->at == '#';
		return take_number(o, &o->arg.value) || take_reg(o, &o->arg.reg);
	}
	o->arg.kind = USDT_MEMORY;
	if (!take_reg(o, &o->arg.reg))
		return false;
	if (take(o, ',')) {
		take(o, '#');
		if (!take_number(o, &o->arg.value) && !take_reg(o, &o->arg.index))
			return false;
	}
	if (take(o, ',')) {
		skip_blanks(o);
		if (strncmp(o->at, "lsl", 3))
			return false;
		o->at += 3;
		skip_blanks(o);
		o->at += *o->at == '#';
		if (!take_number(o, &shift) || shift < 0 || shift > 4)
			return false;
		o->arg.scale = shift;
	}
	return take(o, ']');
}

static bool riscv_operand(struct operand *o)
{
	bool number = take_number(o, &o->arg.value);

	if (!take(o, '('))
		return number || take_reg(o, &o->arg.reg);
	o->arg.kind = USDT_MEMORY;
	return take_reg(o, &o->arg.reg) && take(o, ')');
}

/* To the blank that ends the operand; blanks in brackets are part of it. */
static const char *operand_end(const char *p)
{
	bool inside = false;

	for (; *p && (*p != ' ' || inside); p++)
		inside = (inside || *p == '[') && *p != ']';
	return p;
}

/* SIZE@OPERAND: negative of a signed number; "f" behind it, of a floating one, whose bits are
 * taken. */
static bool operand_parse(struct operand *o)
{
	__s64 size;

	if (!take_number(o, &size))
		return false;
	o->at += *o->at == 'f';
	if (*o->at++ != '@')
		return false;
	o->arg.is_signed = size < 0;
	size = size < 0 ? -size : size;
	if (size < 1 || size > 8 || size & (size - 1))
		return false;
	o->arg.size = size;
	o->arg.kind = USDT_VALUE;
	switch (o->machine) {
	case EM_X86_64:
	case EM_386:
		return x86_operand(o);
	case EM_AARCH64:
	case EM_ARM:
		return arm_operand(o);
	case EM_RISCV:
		return riscv_operand(o);
	default:
		return false;
	}
}

struct usdt_arg usdt_operand(struct elf *e, uint16_t machine, uint64_t vaddr, const char **text)
{
	struct operand o = { .e = e, .machine = machine, .vaddr = vaddr, .at = *text,
			     .arg = { .reg = USDT_NO_REG, .index = USDT_NO_REG } };
	const char *end = operand_end(o.at);

	if (!operand_parse(&o) || o.at != end)
		o.arg.kind = USDT_NONE;
	*text = end;
	return o.arg;
}

unsigned usdt_args(struct elf *e, const struct usdt_note *note, struct usdt_arg arg[USDT_ARGS_MAX])
{
	const char *text = note->args;
	unsigned n = 0;

	for (;;) {
		while (*text == ' ')
			text++;
		if (!*text || n == USDT_ARGS_MAX)
			return n;
		arg[n++] = usdt_operand(e, elf_machine(e), note->vaddr, &text);
	}
}

/* ---- notes ---- */

static uint64_t address_get(const char *p, size_t size)
{
	uint64_t v64;
	uint32_t v32;

	if (size == 8) {
		memcpy(&v64, p, 8);
		return v64;
	}
	memcpy(&v32, p, 4);
	return v32;
}

/* Three addresses (of the probe, of .stapsdt.base when linked, of the semaphore) and three strings.
 * The base tells whether the file was moved since, by prelink: notes are not adjusted then. */
static bool note_parse(struct elf *e, const char *desc, size_t len, uint64_t base,
		       struct usdt_note *note)
{
	const size_t size = elf_is_64(e) ? 8 : 4;
	const char *end = desc + len, *strs = desc + 3 * size, *s[3];
	uint64_t moved, semaphore;

	if (len < 3 * size)
		return false;
	for (int i = 0; i < 3; i++) {
		s[i] = strs;
		strs = memchr(strs, 0, end - strs);
		if (!strs++)
			return false;
	}
	moved = base ? base - address_get(desc + size, size) : 0;
	*note = (struct usdt_note){ .provider = s[0], .name = s[1], .args = s[2],
				    .vaddr = address_get(desc, size) + moved };
	if (!elf_vaddr_to_offset(e, note->vaddr, &note->offset))
		return false;
	semaphore = address_get(desc + 2 * size, size);
	return !semaphore || elf_vaddr_to_offset(e, semaphore + moved, &note->semaphore);
}

int usdt_each(struct elf *e, usdt_cb cb, void *arg)
{
	uint64_t base = 0, size = 0, pos = 0;
	char *notes = elf_section_load(e, ".note.stapsdt", NOTES_SIZE_MAX, &size);
	bool stopped = false;

	if (notes)
		elf_section_find(e, ".stapsdt.base", &base);
	/* Each note: two sizes and a type, then name and content, both padded to four bytes. */
	while (notes && !stopped && pos < size && size - pos >= sizeof(Elf32_Nhdr)) {
		const Elf32_Nhdr *n = (const void *)(notes + pos);
		uint64_t name = pos + sizeof(*n);
		uint64_t desc = name + (((uint64_t)n->n_namesz + 3) & ~3ULL);
		struct usdt_note note;

		pos = desc + (((uint64_t)n->n_descsz + 3) & ~3ULL);
		if (desc > size || n->n_descsz > size - desc)
			break;
		if (n->n_type == NOTE_TYPE && n->n_namesz == 8 &&
		    !memcmp(notes + name, "stapsdt", 8) &&
		    note_parse(e, notes + desc, n->n_descsz, base, &note))
			stopped = !cb(e, &note, arg);
	}
	free(notes);
	return stopped;
}

bool usdt_name_is(const char *probe, const char *name, size_t len)
{
	for (; len; len--, name++, probe++) {
		if (*probe == '_' && probe[1] == '_' && *name == '-')
			probe++;
		else if (*probe != *name)
			return false;
	}
	return !*probe;
}
