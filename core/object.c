// SPDX-License-Identifier: GPL-2.0-or-later
// The embedded BPF object: decompressed, opened, its variables found by name.
#include "frames.h"
#include "btf.h"
#include "btf_min.h"
#include "procs.h"
#include "libbpf/fold.h"

#include <bpf/btf.h>
#include <zlib.h>
#include <unistd.h>

/* What all objects have in common (bpf/dictionary.bpf.c), compressed by itself. */
__asm__(".pushsection .rodata.dictionary,\"a\"\ndictionary_start:\n"
	".incbin \"dictionary.bpf.pack\"\ndictionary_end:\n.popsection\n");
extern const unsigned char dictionary_start[] __attribute__((visibility("hidden")));
extern const unsigned char dictionary_end[] __attribute__((visibility("hidden")));

/* `name` is for the message. */
static struct folded unpack(const unsigned char *packed, const unsigned char *end,
			    const struct folded *before, const char *name)
{
	struct folded object = packed_sizes(end);

	object.p = xalloc(object.size);
	if (!folded_inflate(&object, packed, end, before))
		die(EXIT_FAIL, "the embedded object of %s is damaged; build bpftools again", name);
	return object;
}

void *object_inflate(const struct applet *applet, size_t *size)
{
	static struct folded dictionary;
	struct folded object;

	if (!dictionary.p)
		dictionary = unpack(dictionary_start, dictionary_end, NULL, "all applets");
	object = unpack(applet->object, applet->object_end, &dictionary, applet->name);
	fold_object(object.p, true);
	*size = object.size;
	return object.p;
}

static struct bpf_map *data_map(const struct run *run, const char *section)
{
	struct bpf_map *map;
	const char *dot;

	/* libbpf puts the object's name before the section's: "opensnoo.bss". */
	bpf_object__for_each_map(map, run->obj) {
		dot = strchr(bpf_map__name(map), '.');
		if (dot && !strcmp(dot, section) && bpf_map__is_internal(map))
			return map;
	}
	return NULL;
}

void *object_var(const struct run *run, const char *section, const char *name, size_t *size)
{
	struct btf *btf = bpf_object__btf(run->obj);
	struct bpf_map *map = data_map(run, section);
	const struct btf_var_secinfo *var;
	const struct btf_type *sec;
	size_t room;
	char *start;
	int id = btf__find_by_name_kind(btf, section, BTF_KIND_DATASEC);

	if (!map || id < 0)
		return NULL;
	start = bpf_map__initial_value(map, &room);
	sec = btf__type_by_id(btf, id);
	var = btf_var_secinfos(sec);
	for (int i = 0; start && i < btf_vlen(sec); i++, var++) {
		const struct btf_type *t = btf__type_by_id(btf, var->type);

		if (strcmp(btf__name_by_offset(btf, t->name_off), name))
			continue;
		if (size)
			*size = var->size;
		return start + var->offset;
	}
	return NULL;
}

void *bss_var(const struct run *run, const char *name)
{
	void *p = object_var(run, ".bss", name, NULL);

	if (!p)
		p = object_var(run, ".data", name, NULL);
	if (!p)
		abort(); /* a name of the applet's own: its test sees it */
	return p;
}

static bool filter_chooses(const struct filter *filter)
{
	return filter->pid || filter->tid || filter->uid != UID_ANY || filter->comm[0] ||
	       filter->cgroup_id || filter->mntns;
}

bool tasks_chosen(const struct run *run)
{
	const struct filter *filter = object_var(run, ".rodata", "filter", NULL);

	return filter && filter_chooses(filter);
}

/* In a pid namespace of its own the tool's user means the pids of that namespace. */
static void filter_settle(const struct run *run, struct filter *filter)
{
	/* To name the stack of an event files are opened, which may be events again. */
	if (run->applet->event_min && frames_wanted(run))
		filter->not_pid = getpid();
	filter->any = filter->not_pid || filter_chooses(filter);
	filter->pidns_ino = own_pidns(NULL);
}

/* The file that libbpf takes the types to relocate by from, cut down to those that the object names,
 * where that can be; NULL: the kernel's own, or there are none. A file from elsewhere is read once
 * by ourselves first, since libbpf trusts it. */
static const char *types_path(const struct run *run, const void *elf, size_t size)
{
	static char found[4096];
	static const char *path;
	static bool known;
	const void *raw;
	struct btf *btf;
	char why[256];
	__u32 raw_size;

	if (known)
		return path;
	known = true;
	if (!run->core->common.btf && !access("/sys/kernel/btf/vmlinux", R_OK))
		return path = btf_min_kernel(elf, size);
	if (run->core->common.btf) {
		snprintf(found, sizeof(found), "%s", run->core->common.btf);
		btf = btf_load_file(found, why, sizeof(why));
		if (!btf)
			die(EXIT_FAIL, "--btf %s: %s", found, why);
	} else {
		btf = btf_kernel(found, sizeof(found), why, sizeof(why));
		if (!btf)
			return NULL; /* programs without relocations may load all the same */
	}
	raw = btf__raw_data(btf, &raw_size);
	path = raw ? btf_min_from(elf, size, raw, raw_size) : NULL;
	if (!path)
		path = btf_custom_path(found, btf);
	btf__free(btf);
	if (!path)
		die(EXIT_FAIL, "--btf %s: %s", found, strerror(errno));
	return path;
}

void object_open(struct run *run)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = run->applet->name);
	struct bpf_map *rodata;
	struct filter *filter;
	size_t size;
	void *elf = object_inflate(run->applet, &size);

	opts.btf_custom_path = types_path(run, elf, size);
	run->obj = bpf_object__open_mem(elf, size, &opts);
	free(elf);
	if (!run->obj)
		die(EXIT_FAIL, "cannot open the BPF object: %s", strerror(errno));
	rodata = data_map(run, ".rodata");
	run->rodata = rodata ? bpf_map__initial_value(rodata, &size) : NULL;
	if (run->rodata) {
		opts_store(run);
		filter = object_var(run, ".rodata", "filter", NULL);
		if (filter)
			filter_settle(run, filter);
	}
	maps_setup(run);
	events_setup(run);
	hist_setup(run);
	stacks_setup(run);
	top_setup(run);
	usdt_setup(run);
	uprobes_setup(run);
	if (run->applet->setup)
		run->applet->setup(run);
}

struct bpf_program *prog_find(const struct run *run, const char *name)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(run->obj, name);

	if (!prog)
		abort(); /* a name of the applet's own */
	return prog;
}

int map_fd(const struct run *run, const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(run->obj, name);

	if (fd < 0)
		abort();
	return fd;
}

void map_resize(const struct run *run, const char *name, uint32_t entries)
{
	struct bpf_map *map = bpf_object__find_map_by_name(run->obj, name);

	if (!map)
		abort();
	/* One entry means that the map is not used this time. */
	if (run->core->common.map_entries && entries > 1)
		entries = run->core->common.map_entries;
	bpf_map__set_max_entries(map, entries ? entries : 1);
}
