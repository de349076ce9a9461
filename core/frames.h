/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stacks that bpf/stack_store.bpf.h keeps, and the names of their frames: for sums of stacks
 * (stacks.c), for events and keys of histograms (COL_STACKS). Names are looked up when something
 * is printed, and not before. */
#ifndef FRAMES_H
#define FRAMES_H

#include "core.h"
#include "../bpf/stack.h"

enum { FRAMES_MAX = 1024, FRAME_TEXT = 512 };

struct frames {
	uint64_t ip[FRAMES_MAX]; /* innermost first */
	int n;
	bool lost;	/* there was a stack, but it is not in the store */
	bool kernel;
	uint32_t pid;	/* whose user stack it is */
};

/* How a frame is written; all off: NAME, or [OBJECT] where there is no name. */
struct frame_style {
	bool address;		/* 0x.., no names */
	bool offsets;		/* NAME+0x.. */
	const char *kernel_tail; /* behind each kernel function; NULL: nothing */
};

/* For how many stacks of `each` bytes there is room: the store is memory that is taken at once, so a
 * small machine gives a 32nd of what it has. */
uint32_t frames_storage(size_t each);

/* Before load: room for `storage` stacks of `depth` frames; 0: as many as frames_storage() has. For a
 * tool that takes stacks of its own, not to be shown as they are. */
void frames_size(struct run *run, uint32_t depth, uint64_t storage);

/* Are stacks to be shown in this run? */
bool frames_wanted(const struct run *run);
/* Before load: sizes of the maps, where the object has them. `depth` and `storage` are what the user
 * asked for, frames of a stack and room for stacks; 0: the defaults. */
void frames_setup(struct run *run, uint64_t depth, uint64_t storage);
/* After load. */
void frames_open(struct run *run);
/* Read the mappings of the processes met since, while they live; done as soon as one is met, and to be
 * done before stacks are shown. */
void frames_look(struct run *run);

/* The stack of that id; the kernel's without what a tracepoint or a trampoline puts between the
 * function and the program. */
void frames_get(struct run *run, uint64_t id, bool kernel, uint32_t pid, struct frames *f);
/* The `i`th frame as a word without ";", which would end it in folded output. */
void frame_text(struct run *run, const struct frames *f, int i, const struct frame_style *style,
		char text[FRAME_TEXT]);
void frame_line(struct out *o, const char *text);
/* `"kernel":[...]` or `"user":[...]`, null for one that was lost. */
void frames_json(struct run *run, const struct frames *f, const struct frame_style *style);

/* Both stacks: as lines of text, as the two members of JSON, or as one field of CSV with ";"
 * between the frames. */
void stack_ref_print(struct run *run, const struct stack_ref *ref);

#endif
