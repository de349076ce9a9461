// SPDX-License-Identifier: GPL-2.0-or-later
// A tree of stacks, as a flame graph and as text.
#include "flame.h"

#include <stdlib.h>
#include <string.h>

/* The drawing, in pixels before the viewer scales it. */
enum { WIDTH = 1200, FRAME_HEIGHT = 16, MARGIN = 10, TOP = 40, BOTTOM = 30, TEXT_MIN = 28 };

struct node {
	const char *name;
	uint64_t value;		/* of this frame and all below it */
	uint32_t child, next;	/* numbers of nodes, 0 for none; children in order of their names */
	uint32_t depth;
	enum flame_kind kind;
};

struct flame {
	struct node *node;	/* the first is the root, "all" */
	size_t n, room;
	uint32_t depth;		/* of the deepest one */
};

struct flame *flame_new(void)
{
	struct flame *flame = xalloc(sizeof(*flame));

	flame->room = 256;
	flame->node = xalloc(flame->room * sizeof(*flame->node));
	flame->node[0].name = xstrdup("all");
	flame->n = 1;
	return flame;
}

void flame_free(struct flame *flame)
{
	for (size_t i = 0; flame && i < flame->n; i++)
		free((char *)flame->node[i].name);
	if (flame)
		free(flame->node);
	free(flame);
}

uint64_t flame_total(const struct flame *flame)
{
	return flame->node[0].value;
}

static int frame_order(const struct node *a, const struct flame_frame *b)
{
	int order = strcmp(a->name, b->name);

	return order ? order : (int)a->kind - (int)b->kind;
}

/* The child of `parent` for that frame, made where there is none. */
static uint32_t child_of(struct flame *flame, uint32_t parent, const struct flame_frame *frame)
{
	uint32_t before = 0, at = flame->node[parent].child, made;
	int order;

	for (; at; before = at, at = flame->node[at].next) {
		order = frame_order(&flame->node[at], frame);
		if (!order)
			return at;
		if (order > 0)
			break;
	}
	if (flame->n == flame->room) {
		flame->room *= 2;
		flame->node = xrealloc(flame->node, flame->room * sizeof(*flame->node));
	}
	made = flame->n++;
	flame->node[made] = (struct node){ .name = xstrdup(frame->name), .kind = frame->kind,
					   .next = at, .depth = flame->node[parent].depth + 1 };
	flame->depth = MAX(flame->depth, flame->node[made].depth);
	*(before ? &flame->node[before].next : &flame->node[parent].child) = made;
	return made;
}

void flame_add(struct flame *flame, const struct flame_frame *frames, size_t n, uint64_t value)
{
	uint32_t at = 0;

	flame->node[0].value += value;
	for (size_t i = 0; i < n; i++) {
		at = child_of(flame, at, &frames[i]);
		flame->node[at].value += value;
	}
}

/* ---- SVG ---- */

/* Warm colours for the kernel, green for user space, blue for tasks; the name gives the shade, so
 * that a function looks the same in every graph. */
static void frame_colour(struct out *o, const struct node *n)
{
	static const struct { unsigned char r, g, b, dr, dg, db; } base[] = {
		[FLAME_TASK] = { 120, 160, 205, 40, 40, 30 },
		[FLAME_USER] = { 110, 190, 80, 70, 45, 50 },
		[FLAME_KERNEL] = { 235, 130, 50, 20, 80, 40 },
	};
	unsigned hash = 5381;

	for (const char *p = n->name; *p; p++)
		hash = hash * 33 + (unsigned char)*p;
	hash ^= hash >> 15;
	out_printf(o, "#%02x%02x%02x", base[n->kind].r + hash % 97 * base[n->kind].dr / 97,
		   base[n->kind].g + hash % 89 * base[n->kind].dg / 89,
		   base[n->kind].b + hash % 83 * base[n->kind].db / 83);
}

struct drawing {
	struct flame *flame;
	struct out *o;
	const char *unit;
	uint64_t scale;
	int height;
};

static void frame_draw(const struct drawing *d, const struct node *n, uint64_t before)
{
	double total = MAX(flame_total(d->flame), 1), inner = WIDTH - 2 * MARGIN;
	double x = MARGIN + before / total * inner, w = n->value / total * inner;
	int y = d->height - BOTTOM - (int)(n->depth + 1) * FRAME_HEIGHT;
	struct out *o = d->o;

	out_str(o, "<g class=\"f\"><title>");
	out_xml(o, n->name, 1000);
	out_printf(o, " (%llu %s, %.2f%%)</title>", (unsigned long long)(n->value / d->scale),
		   d->unit, n->value / total * 100);
	out_printf(o, "<rect x=\"%.3f\" y=\"%d\" width=\"%.3f\" height=\"%d\" fill=\"", x, y, w,
		   FRAME_HEIGHT - 1);
	frame_colour(o, n);
	out_printf(o, "\"/><text x=\"%.3f\" y=\"%d\">", x + 3, y + 12);
	if (w >= TEXT_MIN)
		out_xml(o, n->name, (size_t)((w - 6) / 7.5));
	out_str(o, "</text></g>\n");
}

/* What is too narrow for a hair even when its parent fills the width is left out. */
static void frames_draw(const struct drawing *d, uint32_t at, uint64_t before)
{
	for (; at; at = d->flame->node[at].next) {
		const struct node *n = &d->flame->node[at];

		if (n->value) {
			frame_draw(d, n, before);
			frames_draw(d, n->child, before);
		}
		before += n->value;
	}
}

static const char style[] =
	"<style>text{font:12px monospace;fill:#000}.f rect{stroke:#fff;stroke-width:.3}"
	".f:hover rect{stroke:#000;stroke-width:.7}.f{cursor:pointer}.f text{pointer-events:none}"
	".hit rect{fill:#e040fb}.up{opacity:.5}#reset,#search{cursor:pointer;fill:#06c}"
	"</style>\n";

/* The script of flame.js, as it is. */
__asm__(".pushsection .rodata.flame_js,\"a\"\nflame_js:\n.incbin \"core/flame.js\"\n"
	"flame_js_end:\n.popsection\n");
extern const char flame_js[] __attribute__((visibility("hidden")));
extern const char flame_js_end[] __attribute__((visibility("hidden")));

/* An empty text on the last line, for the script. */
static void text_place(struct out *o, const char *id, const char *anchor, int x, int height)
{
	out_printf(o, "<text id=\"%s\" text-anchor=\"%s\" x=\"%d\" y=\"%d\"></text>\n", id, anchor,
		   x, height - 10);
}

void flame_svg(struct flame *flame, struct out *o, const char *title, const char *unit,
	       uint64_t scale)
{
	struct drawing d = { .flame = flame, .o = o, .unit = unit, .scale = scale };

	d.height = TOP + (int)(flame->depth + 1) * FRAME_HEIGHT + BOTTOM;
	out_printf(o, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		   "viewBox=\"0 0 %d %d\">\n", WIDTH, d.height, WIDTH, d.height);
	out_str(o, style);
	out_printf(o, "<rect width=\"%d\" height=\"%d\" fill=\"#fbfaf6\"/>\n<text x=\"%d\" y=\"24\" "
		   "text-anchor=\"middle\" style=\"font-size:16px\">", WIDTH, d.height, WIDTH / 2);
	out_xml(o, title, 140);
	/* The root is at the bottom, where the viewer begins: so is what the script writes. */
	out_str(o, "</text>\n");
	text_place(o, "told", "start", MARGIN, d.height);
	text_place(o, "found", "end", WIDTH - 200, d.height);
	text_place(o, "reset", "end", WIDTH - 80, d.height);
	text_place(o, "search", "end", WIDTH - MARGIN, d.height);
	frame_draw(&d, &flame->node[0], 0);
	frames_draw(&d, flame->node[0].child, 0);
	out_str(o, "<script><![CDATA[\n");
	out_bytes(o, flame_js, flame_js_end - flame_js);
	out_str(o, "]]></script>\n</svg>\n");
}

/* ---- text ---- */

static const struct flame *sorting; /* qsort() passes no argument */

static int value_order(const void *a, const void *b)
{
	const struct node *x = &sorting->node[*(const uint32_t *)a];
	const struct node *y = &sorting->node[*(const uint32_t *)b];

	return x->value < y->value ? 1 : x->value > y->value ? -1 : strcmp(x->name, y->name);
}

static void tree_lines(struct flame *flame, struct out *o, uint64_t scale, uint32_t parent)
{
	uint64_t total = MAX(flame_total(flame), 1), rest = 0;
	uint32_t *child = NULL;
	size_t n = 0;

	for (uint32_t at = flame->node[parent].child; at; at = flame->node[at].next) {
		child = xrealloc(child, (n + 1) * sizeof(*child));
		child[n++] = at;
	}
	sorting = flame;
	if (n)
		qsort(child, n, sizeof(*child), value_order);
	for (size_t i = 0; i < n; i++) {
		const struct node *node = &flame->node[child[i]];

		if (node->value * 1000 < total) {
			rest += node->value;
			continue;
		}
		out_printf(o, "%6.2f%% %12llu  ", 100.0 * node->value / total,
			   (unsigned long long)(node->value / scale));
		out_pad(o, 2 * (node->depth - 1));
		out_text(o, node->name, strlen(node->name));
		out_printf(o, "%s\n", node->kind == FLAME_KERNEL ? "_[k]" : "");
		tree_lines(flame, o, scale, child[i]);
	}
	if (rest) {
		out_printf(o, "%6.2f%% %12llu  ", 100.0 * rest / total,
			   (unsigned long long)(rest / scale));
		out_pad(o, 2 * flame->node[parent].depth);
		out_str(o, "...\n");
	}
	free(child);
}

void flame_tree(struct flame *flame, struct out *o, uint64_t scale)
{
	tree_lines(flame, o, scale, 0);
}
