// SPDX-License-Identifier: GPL-2.0-or-later
// Stacks merged into a tree: as text and as the drawing's elements.
#include "../../core/flame.h"
#include "check.h"

#include <stdlib.h>

static struct out o;

static const char *taken(void)
{
	static char text[sizeof(o.buf) + 1];

	memcpy(text, o.buf, o.n);
	text[o.n] = 0;
	o.n = 0;
	return text;
}

static int count(const char *text, const char *word)
{
	int n = 0;

	for (; (text = strstr(text, word)); text++)
		n++;
	return n;
}

int main(void)
{
	static const struct flame_frame a[] = { { "cat", FLAME_TASK }, { "main", FLAME_USER },
						{ "a<b>&\x1b", FLAME_USER } };
	static const struct flame_frame b[] = { { "cat", FLAME_TASK }, { "main", FLAME_USER },
						{ "vfs_read", FLAME_KERNEL } };
	static const struct flame_frame c[] = { { "cat", FLAME_TASK }, { "vfs_read", FLAME_KERNEL } };
	struct flame *flame = flame_new();
	const char *svg;

	flame_add(flame, a, 3, 5000);
	flame_add(flame, b, 3, 80000);
	flame_add(flame, c, 2, 15000);
	flame_add(flame, a, 3, 0);
	check(flame_total(flame) == 100000, "total %llu", (unsigned long long)flame_total(flame));

	flame_tree(flame, &o, 1000);
	check_str(taken(),
		  "100.00%          100  cat\n"
		  " 85.00%           85    main\n"
		  " 80.00%           80      vfs_read_[k]\n"
		  "  5.00%            5      a<b>&\\x1b\n"
		  " 15.00%           15    vfs_read_[k]\n", "tree");

	flame_svg(flame, &o, "t<", "us", 1000);
	svg = taken();
	check(count(svg, "<g class=\"f\">") == 6, "frames: %d", count(svg, "<g class=\"f\">"));
	check(strstr(svg, ">t&lt;</text>"), "the title");
	check(strstr(svg, "<title>a&lt;b&gt;&amp;? (5 us, 5.00%)</title>"), "a hostile name");
	/* 80 % of 1180 pixels, behind the 5 % of its sibling */
	check(strstr(svg, "<title>vfs_read (80 us, 80.00%)</title><rect x=\"69.000\" y=\"40\" "
			  "width=\"944.000\""), "place and width");
	check(!strstr(svg, "http://") || count(svg, "http://") == 1, "outside resources");
	flame_free(flame);
	return checks_end("flame_test");
}
