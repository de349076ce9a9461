// SPDX-License-Identifier: GPL-2.0-or-later
// User stacks by build-id (trace -s): where a frame is in which file, as the kernel finds it, so
// that files given beforehand name the functions of processes that have ended, or run stripped
// copies.
#include "session.h"
#include "elf.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

enum { FILES_MOST = 1000, FILE_SHIFT = 40 };
/* A frame in struct stack_ips: this bit, the number of the file from 1 on (0: none of ours), its
 * offset. No address of a process has that bit. */
#define IN_FILE (1ULL << 62)

struct build_func {
	uint64_t offset, size;
	const char *name;
};

struct build_file {
	unsigned char id[BPF_BUILD_ID_SIZE];
	struct build_func *func; /* by offset */
	size_t n;
};

struct build_ids {
	struct bt *bt;
	struct build_file file[FILES_MOST];
	size_t n;
};

static bool func_see(const struct elf_func *fn, void *arg)
{
	struct build_ids *ids = arg;
	struct build_file *file = &ids->file[ids->n];

	file->func = bt_grow(ids->bt, file->func, file->n, sizeof(*file->func));
	file->func[file->n++] = (struct build_func){
		fn->offset, fn->size, bt_strndup(ids->bt, fn->name, strlen(fn->name))};
	return true;
}

static int func_order(const void *a, const void *b)
{
	const struct build_func *x = a, *y = b;

	return x->offset != y->offset ? x->offset < y->offset ? -1 : 1 : strcmp(x->name, y->name);
}

static void file_add(struct build_ids *ids, const char *path)
{
	struct build_file *file = &ids->file[ids->n];
	char hex[ELF_BUILD_ID_LEN];
	const char *why;
	struct elf *e = elf_file_open(path, &why);

	if (!e)
		die(EXIT_FAIL, "%s: %s", path, why);
	if (!elf_build_id(e, hex))
		die(EXIT_FAIL, "%s has no build-id", path);
	for (size_t i = 0; i < sizeof(file->id) && hex[2 * i] && hex[2 * i + 1]; i++) {
		char byte[3] = {hex[2 * i], hex[2 * i + 1], 0};

		file->id[i] = strtoul(byte, NULL, 16);
	}
	elf_each_func(e, func_see, ids);
	elf_file_close(e);
	if (file->n)
		qsort(file->func, file->n, sizeof(*file->func), func_order);
	ids->n++;
}

struct build_ids *build_ids_new(struct bt *bt, const char *list)
{
	struct build_ids *ids = bt_alloc(bt, sizeof(*ids));

	ids->bt = bt;
	for (const char *p = list; *p;) {
		size_t n = strcspn(p, ",");

		if (n && ids->n == FILES_MOST)
			die(EXIT_USAGE, "more than %d files", FILES_MOST);
		if (n)
			file_add(ids, bt_strndup(bt, p, n));
		p += n + (p[n] == ',');
	}
	return ids;
}

int build_ids_read(struct session *s, uint32_t key, struct stack_ips *ips)
{
	static struct bpf_stack_build_id frame[FRAMES_MOST];
	const struct build_ids *ids = s->build_ids;
	uint32_t most = MIN(s->bt->stack_depth, (uint32_t)FRAMES_MOST);
	size_t file;

	memset(frame, 0, sizeof(frame));
	if (bpf_map_lookup_elem(s->table[TABLE_BUILD_IDS], &key, frame))
		return -errno;
	for (ips->n = 0; ips->n < most && frame[ips->n].status != BPF_STACK_BUILD_ID_EMPTY;
	     ips->n++) {
		const struct bpf_stack_build_id *f = &frame[ips->n];

		for (file = 0; file < ids->n; file++)
			if (!memcmp(ids->file[file].id, f->build_id, sizeof(f->build_id)))
				break;
		ips->ip[ips->n] = f->ip;
		if (f->status == BPF_STACK_BUILD_ID_VALID)
			ips->ip[ips->n] = IN_FILE | f->offset |
					  (uint64_t)(file < ids->n ? file + 1 : 0) << FILE_SHIFT;
	}
	return 0;
}

uint64_t build_ids_offset(uint64_t ip)
{
	return ip & IN_FILE ? ip & ((1ULL << FILE_SHIFT) - 1) : ip;
}

bool build_ids_name(const struct build_ids *ids, uint64_t ip, const char **name, uint64_t *off)
{
	uint64_t at = build_ids_offset(ip), number = (ip & ~IN_FILE) >> FILE_SHIFT;
	const struct build_file *file = number && number <= ids->n ? &ids->file[number - 1] : NULL;
	size_t low = 0, high = file ? file->n : 0;

	if (!(ip & IN_FILE))
		return false;
	while (low < high) { /* the first one behind it */
		size_t middle = (low + high) / 2;

		if (file->func[middle].offset > at)
			high = middle;
		else
			low = middle + 1;
	}
	*off = at;
	*name = NULL;
	if (low && (!file->func[low - 1].size ||
		    at - file->func[low - 1].offset < file->func[low - 1].size)) {
		*name = file->func[low - 1].name;
		*off = at - file->func[low - 1].offset;
	}
	return true;
}
