/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers at the entry of the kernel, x86-64, with the names until 6.x as the kernel has them. */
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx;
	unsigned long r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax;
	unsigned long ip, cs, flags, sp, ss;
};
