/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Source text to tokens. */
#ifndef BT_LEX_H
#define BT_LEX_H

#include "bt.h"

enum token_kind {
	TOK_END,
	TOK_INT,
	TOK_STR,
	TOK_NAME,
	TOK_VAR,
	TOK_MAP,
	TOK_POSITIONAL,
	TOK_POSITIONAL_COUNT,
	TOK_PUNCT,
};

struct bt_token {
	enum token_kind kind;
	struct bt_span span;
	const char *text; /* name, variable with its $, map with its @, string's bytes */
	size_t len;	  /* of a string's bytes */
	uint64_t num;
	char punct[4]; /* "<<=" */
};

struct bt_macro {
	const char *name;
	const char *body;
	size_t len;
	struct bt_macro *next;
};

struct bt_lexer {
	struct bt *bt;
	const char *p, *end; /* what is being read: the source, or the body of a macro */
	uint32_t at; /* of the macro's use in the source; while reading it all spans are that */
	struct {
		const char *p, *end;
		const struct bt_macro *macro;
	} outer[8];
	size_t depth;
	bool skipping[16]; /* #if: is this branch left out? */
	bool taken[16];
	size_t nifs;
};

void lex_begin(struct bt_lexer *lx, struct bt *bt);
void lex_next(struct bt_lexer *lx, struct bt_token *t);
/* The raw text of an attach point: up to white space, a comma, a brace, or the slash of a filter.
 * Empty at the end of the file. */
struct bt_span lex_point(struct bt_lexer *lx, char **text);
const char *token_text(const struct bt_token *t, char text[48]);

#endif
