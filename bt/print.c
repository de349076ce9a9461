// SPDX-License-Identifier: GPL-2.0-or-later
// Values as people and programs read them.
#include "session.h"
#include "clock.h"
#include "ctypes.h"
#include "demangle.h"
#include "format.h"
#include "ksyms.h"
#include "usyms.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

static uint64_t u64_at(const void *data)
{
	uint64_t v;

	memcpy(&v, data, sizeof(v));
	return v;
}

int64_t value_number(const struct bt_type *t, const void *data)
{
	(void)t;
	return u64_at(data);
}

/* What comes from elsewhere is escaped on its way to a terminal; JSON escapes by itself. */
void string_text(struct session *s, struct out *o, const char *str, size_t max)
{
	if (s->json)
		out_bytes(o, str, strnlen(str, max));
	else
		out_text(o, str, max);
}

/* ---- symbols ---- */

static void ksym_text(struct session *s, struct out *o, uint64_t addr, bool offset)
{
	uint64_t off;
	const char *name;

	if (!s->ksyms)
		s->ksyms = ksyms_new();
	name = ksyms_find(s->ksyms, addr, &off, NULL);
	if (!name) {
		out_printf(o, "0x%llx", (unsigned long long)addr);
		return;
	}
	string_text(s, o, name, SYM_NAME_MAX);
	if (offset)
		out_printf(o, "+%llu", (unsigned long long)off);
}

static void usym_text(struct session *s, struct out *o, uint64_t addr, uint32_t pid, bool offset)
{
	char readable[512];
	const char *name, *dso;
	uint64_t off;
	bool in_file = s->build_ids && build_ids_name(s->build_ids, addr, &name, &off);

	if (!in_file) {
		if (!s->usyms)
			s->usyms = usyms_new();
		name = usyms_find(s->usyms, pid, addr, &off, &dso);
	}
	if (!name) {
		out_printf(o, in_file ? "[unknown file]+0x%llx" : "0x%llx",
			   (unsigned long long)(in_file ? off : addr));
		return;
	}
	name = demangle(name, readable, sizeof(readable));
	string_text(s, o, name, sizeof(readable));
	if (offset)
		out_printf(o, "+%llu", (unsigned long long)off);
}

static void frame_text(struct session *s, struct out *o, const struct bt_type *t, uint64_t addr,
		       uint32_t pid)
{
	out_str(o, t->min == 1 ? "\n\t" : "\n    ");
	if (t->min == 2) {
		out_printf(o, "%llx", (unsigned long long)addr);
		return;
	}
	if (t->min == 1)
		out_printf(o, "%llx ", (unsigned long long)addr);
	symbol_text(s, o, t, addr, pid, true);
}

bool stack_read(struct session *s, const struct bt_type *t, const void *data, struct stack_ips *ips)
{
	int64_t id = u64_at(data);
	uint32_t key = id, most = MIN(t->n, s->bt->stack_depth);

	memset(ips, 0, sizeof(*ips));
	ips->pid = t->kind == T_USTACK ? u64_at((const char *)data + 8) : 0;
	if (id == -EFAULT) /* there is none: a kernel thread's user stack */
		return true;
	if (id >= 0 && t->kind == T_USTACK && s->bt->config.build_ids) {
		bool there = !build_ids_read(s, key, ips);

		ips->n = MIN(ips->n, most);
		return there;
	}
	if (id < 0 || bpf_map_lookup_elem(s->table[TABLE_STACKS], &key, ips->ip))
		return false;
	while (ips->n < most && ips->ip[ips->n])
		ips->n++;
	return true;
}

void symbol_text(struct session *s, struct out *o, const struct bt_type *t, uint64_t addr,
		 uint32_t pid, bool offset)
{
	if (t->kind == T_KSTACK)
		ksym_text(s, o, addr, offset);
	else
		usym_text(s, o, addr, pid, offset);
}

static void stack_text(struct session *s, struct out *o, const struct bt_type *t, const void *data)
{
	struct stack_ips ips;

	if (!stack_read(s, t, data, &ips))
		out_str(o, "\n    [lost stack]");
	for (uint32_t i = 0; i < ips.n; i++)
		frame_text(s, o, t, ips.ip[i], ips.pid);
	out_str(o, "\n");
}

/* ---- the rest ---- */

static void probe_text(struct session *s, struct out *o, const struct bt_type *t, uint64_t v)
{
	const struct bt_site *site = v < s->bt->nsites ? s->bt->site[v] : NULL;

	if (site) /* none: of a map's entry that is not there */
		string_text(s, o, t->min && site->func ? site->func : site->name, 4096);
}

/* From /etc/passwd: a static program has no name service. */
static void user_text(struct session *s, struct out *o, uint64_t uid)
{
	char line[1024];
	unsigned long id;
	char *p, *name_end;
	bool found = false;
	FILE *f = fopen("/etc/passwd", "re");

	while (f && !found && fgets(line, sizeof(line), f)) {
		name_end = strchr(line, ':');
		p = name_end ? strchr(name_end + 1, ':') : NULL;
		if (!p)
			continue;
		id = strtoul(p + 1, &p, 10);
		found = *p == ':' && id == uid;
		if (found)
			string_text(s, o, line, name_end - line);
	}
	if (f)
		fclose(f);
	if (!found)
		out_printf(o, "%llu", (unsigned long long)uid);
}

/* The folder whose inode has that number, which is a cgroup's id in version 2. */
static bool cgroup_find(char *path, size_t room, uint64_t id, int depth)
{
	size_t n = strlen(path);
	DIR *dir = depth < 16 ? opendir(path) : NULL;
	struct dirent *e;
	struct stat st;
	bool found = !stat(path, &st) && st.st_ino == id;

	while (!found && dir && (e = readdir(dir))) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.' || n + strlen(e->d_name) + 2 > room)
			continue;
		snprintf(path + n, room - n, "/%s", e->d_name);
		found = e->d_ino == id || cgroup_find(path, room, id, depth + 1);
		if (!found)
			path[n] = 0;
	}
	if (dir)
		closedir(dir);
	return found;
}

static void cgroup_text(struct session *s, struct out *o, uint64_t id)
{
	static const char *const roots[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	char path[4096];

	for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
		snprintf(path, sizeof(path), "%s", roots[i]);
		if (!cgroup_find(path, sizeof(path), id, 0))
			continue;
		string_text(s, o, path[strlen(roots[i])] ? path + strlen(roots[i]) : "/",
			    sizeof(path));
		return;
	}
	out_printf(o, "%llu", (unsigned long long)id);
}

static void inet_text(struct out *o, const void *data)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (inet_ntop(u64_at(data) == AF_INET6 ? AF_INET6 : AF_INET, (const char *)data + 8, text,
		      sizeof(text)))
		out_str(o, text);
}

static void time_text(struct session *s, struct out *o, const void *data)
{
	uint64_t action = u64_at((const char *)data + 8), wall;
	char text[256], part[256], fmt[256];
	size_t n = 0;
	struct tm tm;
	time_t secs;

	if (action >= s->bt->nactions)
		return;
	wall = clock_wall(u64_at(data));
	secs = wall / NSEC;
	localtime_r(&secs, &tm);
	/* %f is a microsecond's, which strftime() does not know. */
	for (const char *p = s->bt->action[action]->fmt; *p && n < sizeof(fmt) - 8; p++) {
		if (p[0] == '%' && p[1] == 'f') {
			n += snprintf(fmt + n, sizeof(fmt) - n, "%06llu",
				      (unsigned long long)(wall % NSEC / 1000));
			p++;
		} else {
			fmt[n++] = *p;
			if (p[0] == '%' && p[1])
				fmt[n++] = *++p;
		}
	}
	fmt[n] = 0;
	n = strftime(part, sizeof(part), fmt, &tm);
	snprintf(text, sizeof(text), "%.*s", (int)n, part);
	out_str(o, text);
}

static void mac_text(struct out *o, const unsigned char *m)
{
	out_printf(o, "%02X:%02X:%02X:%02X:%02X:%02X", m[0], m[1], m[2], m[3], m[4], m[5]);
}

/* \x and hex digits for all bytes that are not printable; or plain hex. */
static void buf_text(struct out *o, const struct bt_type *t, const void *data, char hex)
{
	const unsigned char *p = (const unsigned char *)data + 8;
	size_t n = MIN(u64_at(data), (uint64_t)t->size);

	for (size_t i = 0; i < n; i++) {
		if (hex == 'h')
			out_printf(o, "%s%02x", i ? " " : "", p[i]);
		else if (hex == 'x' || p[i] < ' ' || p[i] > '~' || p[i] == '\\')
			out_printf(o, "\\x%02x", p[i]);
		else
			out_bytes(o, (const char *)p + i, 1);
	}
}

static void int_text(struct session *s, struct out *o, const struct bt_type *t, uint64_t v)
{
	const char *name = t->enum_name ? ctype_enum_text(s->bt, t->enum_name, v) : NULL;

	if (name)
		out_str(o, name);
	else
		out_printf(o, t->sign ? "%lld" : "%llu", (long long)v);
}

static void record_text(struct session *s, struct out *o, const struct bt_type *t,
			const char *data);

static void array_text(struct session *s, struct out *o, const struct bt_type *t, const char *data)
{
	if (t->elem->is_char) {
		string_text(s, o, data, t->size);
		return;
	}
	out_str(o, "[");
	for (uint32_t i = 0; i < t->n; i++) {
		if (i)
			out_str(o, ",");
		if (t->elem->kind == T_RECORD)
			record_text(s, o, t->elem, data + i * t->elem->size);
		else if (t->elem->kind == T_ARRAY)
			array_text(s, o, t->elem, data + i * t->elem->size);
		else {
			uint64_t v = 0;

			memcpy(&v, data + i * t->elem->size, MIN(t->elem->size, 8u));
			if (t->elem->sign && t->elem->size < 8)
				v = (int64_t)(v << (64 - t->elem->size * 8)) >>
				    (64 - t->elem->size * 8);
			int_text(s, o, t->elem, v);
		}
	}
	out_str(o, "]");
}

static uint64_t member_value(const struct bt_member *m, const char *data)
{
	uint32_t bits = m->bits ? m->bits : m->type->size * 8;
	uint64_t v = 0;

	memcpy(&v, data + m->offset, MIN(m->bits ? 8u : m->type->size, 8u));
	if (!bits || bits >= 64)
		return v;
	v = v >> m->bit_off << (64 - bits);
	return m->type->sign ? (uint64_t)((int64_t)v >> (64 - bits)) : v >> (64 - bits);
}

static void record_text(struct session *s, struct out *o, const struct bt_type *t, const char *data)
{
	struct bt_record *r = t->record;
	bool first = true;

	record_fill(s->bt, r);
	out_str(o, "{ ");
	for (size_t i = 0; i < r->n; i++) {
		const struct bt_member *m = &r->member[i];

		if (m->offset + m->type->size > t->size)
			continue;
		out_str(o, first ? "" : ", ");
		first = false;
		if (m->name) /* an anonymous record is just its own members */
			out_printf(o, ".%s = ", m->name);
		if (m->type->kind == T_RECORD)
			record_text(s, o, m->type, data + m->offset);
		else if (m->type->kind == T_ARRAY)
			array_text(s, o, m->type, data + m->offset);
		else if (m->type->kind == T_PTR)
			out_printf(o, "0x%llx", (unsigned long long)member_value(m, data));
		else
			int_text(s, o, m->type, member_value(m, data));
	}
	out_str(o, " }");
}

static void tuple_text(struct session *s, struct out *o, const struct bt_type *t, const char *data)
{
	out_str(o, "(");
	for (uint32_t i = 0; i < t->n; i++) {
		if (i)
			out_str(o, ", ");
		value_text(s, o, t->elems[i], data);
		data += type_room(t->elems[i]);
	}
	out_str(o, ")");
}

void value_text(struct session *s, struct out *o, const struct bt_type *t, const void *data)
{
	switch (t->kind) {
	case T_STR:
		string_text(s, o, data, t->size);
		break;
	case T_BUF:
		buf_text(o, t, data, 0);
		break;
	case T_TUPLE:
		tuple_text(s, o, t, data);
		break;
	case T_KSTACK:
	case T_USTACK:
		stack_text(s, o, t, data);
		break;
	case T_KSYM:
		ksym_text(s, o, u64_at(data), false);
		break;
	case T_USYM:
		usym_text(s, o, u64_at(data), u64_at((const char *)data + 8), false);
		break;
	case T_INET:
		inet_text(o, data);
		break;
	case T_USER:
		user_text(s, o, u64_at(data));
		break;
	case T_CGROUP_PATH:
		cgroup_text(s, o, u64_at(data));
		break;
	case T_MAC:
		mac_text(o, data);
		break;
	case T_PROBE:
		probe_text(s, o, t, u64_at(data));
		break;
	case T_TIME:
		time_text(s, o, data);
		break;
	case T_ERRNO:
		out_str(o, strerror(llabs((long long)u64_at(data))));
		break;
	case T_RECORD:
		record_text(s, o, t, data);
		break;
	case T_ARRAY:
		array_text(s, o, t, data);
		break;
	case T_PTR:
		out_printf(o, "0x%llx", (unsigned long long)u64_at(data));
		break;
	default:
		int_text(s, o, t, u64_at(data));
	}
}

/* ---- JSON ---- */

void json_record(struct session *s, const char *type, const char *data, size_t n)
{
	out_printf(s->out, "{\"type\":\"%s\",\"data\":", type);
	out_json(s->out, data, n);
	out_str(s->out, "}\n");
}

void value_json(struct session *s, const struct bt_type *t, const void *data)
{
	if (t->kind == T_INT && !t->enum_name) {
		int_text(s, s->out, t, u64_at(data));
		return;
	}
	if (t->kind == T_TUPLE) {
		out_str(s->out, "[");
		for (uint32_t i = 0; i < t->n; i++) {
			if (i)
				out_str(s->out, ",");
			value_json(s, t->elems[i], data);
			data = (const char *)data + type_room(t->elems[i]);
		}
		out_str(s->out, "]");
		return;
	}
	s->text->n = 0;
	value_text(s, s->text, t, data);
	out_json(s->out, s->text->buf, s->text->n);
}

void key_json(struct session *s, const struct bt_map *m, const void *key)
{
	s->text->n = 0;
	for (size_t i = 0; i < m->nkeys; i++) {
		if (i)
			out_str(s->text, ",");
		value_text(s, s->text, m->key[i], key);
		key = (const char *)key + type_room(m->key[i]);
	}
	out_json(s->out, s->text->buf, s->text->n);
}

/* ---- printf ---- */

static void number_print(struct out *o, const struct format_spec *spec, const struct bt_type *t,
			 uint64_t v)
{
	char fmt[64], text[256], precision[16] = "", width[16] = "";

	if (spec->bytes < 8) {
		int shift = 64 - spec->bytes * 8;

		v = strchr("di", spec->conv) ? (uint64_t)((int64_t)(v << shift) >> shift)
					     : v << shift >> shift;
	} else if (t->kind == T_INT && t->size < 8 && !strchr("di", spec->conv)) {
		v = v << (64 - t->size * 8) >>
		    (64 - t->size * 8); /* -1 as %x of an int: ffffffff */
	}
	if (spec->precision >= 0)
		snprintf(precision, sizeof(precision), ".%d", MIN(spec->precision, 60));
	if (spec->width >= 0)
		snprintf(width, sizeof(width), "%d", MIN(spec->width, 100));
	if (spec->conv == 'c') {
		snprintf(fmt, sizeof(fmt), "%%%s%sc", spec->flags, width);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(text, sizeof(text), fmt, (int)(unsigned char)v);
	} else if (spec->conv == 'p') {
		snprintf(fmt, sizeof(fmt), "%%%s#%sllx", spec->flags, width);
		snprintf(text, sizeof(text), fmt, (long long)v);
	} else {
		snprintf(fmt, sizeof(fmt), "%%%s%s%sll%c", spec->flags, width, precision,
			 spec->conv);
		snprintf(text, sizeof(text), fmt, (long long)v);
#pragma GCC diagnostic pop
	}
	out_str(o, text);
}

/* Padded by what it takes on a terminal. */
static void padded(struct session *s, struct out *o, const struct format_spec *spec,
		   const char *str, size_t n)
{
	size_t width;
	bool left = strchr(spec->flags, '-');

	if (spec->precision >= 0)
		n = MIN(n, (size_t)spec->precision);
	width = s->json ? n : out_text_width(str, n);
	if (!left)
		out_pad(o, spec->width - (int)width);
	string_text(s, o, str, n);
	if (left)
		out_pad(o, spec->width - (int)width);
}

static struct out made; /* what a value looks like, before it is padded */

static void text_print(struct session *s, struct out *o, const struct format_spec *spec,
		       const struct bt_type *t, const void *data)
{
	bool json = s->json, left = strchr(spec->flags, '-');

	made.n = 0;
	made.closed = true; /* never written anywhere */
	if (t->kind == T_BUF)
		buf_text(&made, t, data, spec->hex);
	else
		value_text(s, &made, t, data);
	/* It is safe by now; lines of a stack are to stay lines. */
	s->json = json;
	if (!left)
		out_pad(o, spec->width - (int)made.n);
	out_bytes(o, made.buf,
		  spec->precision >= 0 ? MIN(made.n, (size_t)spec->precision) : made.n);
	if (left)
		out_pad(o, spec->width - (int)made.n);
}

void format_print(struct session *s, struct out *o, const struct bt_action *a, const void *event,
		  size_t size)
{
	const char *data = event, *p = a->fmt, *why;
	size_t i = 0, tail = a->fixed;
	struct format_spec spec;

	do {
		const struct bt_type *t;

		p = format_next(p, &spec, &why);
		out_bytes(o, spec.text, spec.text_len);
		if (spec.conv == '%')
			out_str(o, "%");
		if (!spec.conv || spec.conv == '%')
			continue;
		t = a->type[i];
		if (t->kind == T_STR) {
			size_t n = MIN(u64_at(data + a->at[i]), size - MIN(tail, size));

			padded(s, o, &spec, data + tail, n ? strnlen(data + tail, n) : 0);
			if (t->is_bool && n == t->size && n)
				out_str(o, s->bt->config.trailer);
			tail += n;
		} else if (spec.conv == 's' || spec.conv == 'r') {
			text_print(s, o, &spec, t, data + a->at[i]);
		} else {
			number_print(o, &spec, t, u64_at(data + a->at[i]));
		}
		i++;
	} while (spec.conv);
}
