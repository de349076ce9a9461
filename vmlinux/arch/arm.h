/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Registers at the entry of the kernel, 32-bit arm. */
struct pt_regs {
	unsigned long uregs[18];
};
