/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A condition on a function's arguments as a table: bt/predicate.c makes it of text and the kernel's
 * types, a BPF program goes through it. */
#ifndef PREDICATE_H
#define PREDICATE_H

#include "shared.h"

enum {
	TESTS = 32,	/* comparisons, of all conditions of a tool */
	STEPS = 6,	/* pointers that are followed to a value */
	ARGS = 6,	/* of a function: what all machines with fentry have in registers */
	TEXT = 64,	/* bytes, with the NUL */
};

/* In place of a test: nothing is left to find out. */
enum { TEST_YES = TESTS, TEST_NO };

enum test_op { TEST_EQ, TEST_LT, TEST_LE, TEST_TEXT };

/* One comparison of an argument, or of what lies behind it. */
struct test {
	__u64 mask, value;	/* compared is value & mask */
	__u32 off[STEPS];	/* the address of what is read next: the last value plus this */
	__u32 text_off;		/* TEST_TEXT: from the last value to the text */
	__u8 steps;
	__u8 arg;
	__u8 size;		/* of the value, in bytes; pointers on the way are as long as a long */
	bool sign;		/* of the value */
	bool wide;		/* compare as signed */
	__u8 op;		/* enum test_op */
	__u8 yes, no;		/* where to go on, always further up in the table */
	char text[TEXT];
};

#endif
