// SPDX-License-Identifier: GPL-2.0-or-later
// Where the kernel keeps the registers of a probed function: pt_regs, an interface to user space.
#include "gen.h"

struct reg {
	const char *name;
	int off;
};

#if defined(__x86_64__) /* arch/x86/include/uapi/asm/ptrace.h */
static const int args[] = {112, 104, 96, 88, 72, 64};
const int regs_ret = 80, regs_ip = 128, regs_sp = 152;
static const struct reg regs[] = {
	{"r15", 0},	{"r14", 8},  {"r13", 16}, {"r12", 24},	    {"bp", 32},	 {"bx", 40},
	{"r11", 48},	{"r10", 56}, {"r9", 64},  {"r8", 72},	    {"ax", 80},	 {"cx", 88},
	{"dx", 96},	{"si", 104}, {"di", 112}, {"orig_ax", 120}, {"ip", 128}, {"cs", 136},
	{"flags", 144}, {"sp", 152}, {"ss", 160},
};
#elif defined(__aarch64__)		     /* regs[31], sp, pc, pstate */
static const int args[] = {0, 8, 16, 24, 32, 40, 48, 56};
const int regs_ret = 0, regs_ip = 256, regs_sp = 248;
static const struct reg regs[] = {
	{"r0", 0},    {"r1", 8},    {"r2", 16},	  {"r3", 24},	{"r4", 32},   {"r5", 40},
	{"r6", 48},   {"r7", 56},   {"r8", 64},	  {"r19", 152}, {"r20", 160}, {"r21", 168},
	{"r22", 176}, {"r29", 232}, {"r30", 240}, {"sp", 248},	{"pc", 256},  {"pstate", 264},
};
#elif defined(__riscv) && __riscv_xlen == 64 /* pc, ra, sp, gp, tp, t0-2, s0-1, a0-7, ... */
static const int args[] = {80, 88, 96, 104, 112, 120, 128, 136};
const int regs_ret = 80, regs_ip = 0, regs_sp = 16;
static const struct reg regs[] = {
	{"pc", 0},   {"ra", 8},	  {"sp", 16},  {"gp", 24},  {"tp", 32},
	{"s0", 64},  {"s1", 72},  {"a0", 80},  {"a1", 88},  {"a2", 96},
	{"a3", 104}, {"a4", 112}, {"a5", 120}, {"a6", 128}, {"a7", 136},
};
#else					     /* no registers: arg0 and the like are refused */
static const int args[] = {-1};
const int regs_ret = -1, regs_ip = -1, regs_sp = -1;
static const struct reg regs[] = {{"", -1}};
#endif

int regs_arg(unsigned i)
{
	return i < ARRAY_LEN(args) ? args[i] : -1;
}

int regs_named(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(regs); i++)
		if (!strcmp(regs[i].name, name))
			return regs[i].off;
	return -1;
}
