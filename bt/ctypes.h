/* SPDX-License-Identifier: GPL-2.0-or-later */
/* C types: those of the kernel (BTF), those that a script defines, and both from their text. */
#ifndef BT_CTYPES_H
#define BT_CTYPES_H

#include "bt.h"

struct btf;

/* The kernel's types, read at the first call. NULL: *why says why not. */
struct btf *ctypes_btf(struct bt *bt, const char **why);

/* From now on the types of that loaded module, too: its descriptor. -1: it has none, or another
 * module was named before. */
int ctypes_module(struct bt *bt, const char *name);

/* "struct sock *", "unsigned int", "char[16]", "u32". NULL: there is no such type, and `guess` (may
 * be NULL) has one of a similar name. */
const struct bt_type *ctype_parse(struct bt *bt, const char *text, struct bt_guess *guess);
/* Is this word the name of a type, of C or of the kernel's typedefs? */
bool ctype_is_name(struct bt *bt, const char *word);
/* A declaration `type name[n]`, as tracepoints describe their fields; *name gets the name. */
const struct bt_type *ctype_declaration(struct bt *bt, const char *text, const char **name);
/* "struct NAME { ... }" of a script, at this place of the source. */
void ctype_define(struct bt *bt, struct bt_span span);

/* The members, filled in at the first question. */
void record_fill(struct bt *bt, struct bt_record *r);
/* Also through anonymous members: *offset is from the start of the record. */
const struct bt_member *record_member(struct bt *bt, struct bt_record *r, const char *name,
				      uint32_t *offset);
void record_guess(struct bt *bt, struct bt_record *r, struct bt_guess *g);

/* The value of an enumerator of the kernel; *name is its enum's, NULL for an anonymous one. */
bool ctype_enumerator(struct bt *bt, const char *name, int64_t *v, const char **enum_name);
/* The enumerator's name of a value, for (enum x)v. */
const char *ctype_enum_text(struct bt *bt, const char *enum_name, int64_t v);

/* The parameters of a kernel function, or of a raw tracepoint, as a record with 8 bytes for each,
 * and where there is one a last member "$ret" that is the result. NULL: there is none of that name.
 */
struct bt_record *ctype_function(struct bt *bt, const char *name, uint32_t *btf_id);
/* Is it a module's? Then *fd is of the module's types. */
bool ctype_is_of_module(struct bt *bt, uint32_t btf_id, int *fd);
/* All types of a kind, such as BTF_KIND_FUNC. */
void ctype_each(struct bt *bt, uint32_t kind, void (*see)(const char *name, uint32_t id, void *arg),
		void *arg);
struct bt_record *ctype_raw_tracepoint(struct bt *bt, const char *name);

/* What a pointer points to; type_none for void. */
const struct bt_type *type_target(struct bt *bt, const struct bt_type *t);
const struct bt_type *type_int(struct bt *bt, uint32_t size, bool sign);
const struct bt_type *type_new(struct bt *bt, enum bt_kind kind, uint32_t size);
const struct bt_type *type_pointer(struct bt *bt, const struct bt_type *to, enum bt_space as);
/* The same record or array in another space. */
const struct bt_type *type_in(struct bt *bt, const struct bt_type *t, enum bt_space as);

#endif
