// SPDX-License-Identifier: GPL-2.0-or-later
// libFuzzer target: the tracing language's parser, type checker and code generator on any text.
// What asks the kernel for its probes is left out: only BEGIN and END are compiled further than the
// parser.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "../../bt/asm.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool only_own(const struct bt *bt)
{
	for (const struct bt_probe *p = bt->probes; p; p = p->next)
		for (const struct bt_point *pt = p->points; pt; pt = pt->next)
			if (strcmp(pt->text, "BEGIN") && strcmp(pt->text, "END"))
				return false;
	return true;
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
	good = bt_parse(&bt);
	if (good && only_own(&bt))
		good = bt_check(&bt) && bt_generate(&bt);
	if (!good && !bt.error[0])
		abort(); /* an error without a message */
	for (struct bt_prog *p = bt.progs; p; p = p->next)
		code_free(p->code);
	bt_free(&bt);
	free(text);
	return 0;
}
