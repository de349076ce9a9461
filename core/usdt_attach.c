// SPDX-License-Identifier: GPL-2.0-or-later
// Programs to USDT probes. What libbpf has for this cannot list probes, knows no symbols in
// operands, and refuses a whole probe for one argument that it cannot reach; the tracing language
// and tplist need a reader of the notes anyway (usdt.c), and with that the rest is little.
#include "core.h"
#include "features.h"
#include "usdt.h"

/* What the kernel was told so far. */
struct usdt_known {
	bool cookies;
	struct usdt_site *site;
	uint32_t n, room;
	struct usdt_place {
		uint64_t at;
		uint32_t number;	/* of the site */
	} *place;			/* before 5.15 */
	size_t nplaces;
};

enum { PLACES_MAX = 4096 };

void usdt_setup(struct run *run)
{
	bool *cookies = object_var(run, ".rodata", "usdt_cookies", NULL);
	struct usdt_known *known = run->core->usdt;
	struct bpf_map *places;

	if (!cookies)
		return;
	if (!known) {
		known = run->core->usdt = xalloc(sizeof(*known));
		known->cookies = libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE,
							 BPF_FUNC_get_attach_cookie, NULL) == 1;
	}
	known->n = known->nplaces = 0;
	*cookies = known->cookies;
	places = bpf_object__find_map_by_name(run->obj, "usdt_places");
	if (!known->cookies)
		bpf_map__set_max_entries(places, PLACES_MAX);
}

/* The number of the site in the kernel's table, which has each only once; or -errno. */
static int site_number(struct run *run, const struct usdt_site *site)
{
	struct usdt_known *known = run->core->usdt;
	uint32_t i;

	for (i = 0; i < known->n; i++)
		if (!memcmp(&known->site[i], site, sizeof(*site)))
			return i;
	if (bpf_map_update_elem(map_fd(run, "usdt_sites"), &i, site, BPF_ANY))
		return errno == E2BIG ? -ENOSPC : -errno;
	if (known->n == known->room) {
		known->room = known->room * 2 + 16;
		known->site = xrealloc(known->site, known->room * sizeof(*site));
	}
	known->site[known->n++] = *site;
	return i;
}

/* Before 5.15: 0; -EEXIST when another site is at the same place; -errno. */
static int place_take(struct run *run, struct elf *e, uint64_t vaddr, uint32_t number)
{
	struct usdt_known *known = run->core->usdt;
	uint64_t at = elf_is_fixed(e) ? vaddr : vaddr % USDT_PAGE;
	size_t i;

	if (known->cookies)
		return 0;
	for (i = 0; i < known->nplaces; i++)
		if (known->place[i].at == at)
			return known->place[i].number == number ? 0 : -EEXIST;
	if (bpf_map_update_elem(map_fd(run, "usdt_places"), &at, &number, BPF_ANY))
		return -errno;
	if (!(i & (i - 1)))
		known->place = xrealloc(known->place, (i ? 2 * i : 1) * sizeof(*known->place));
	known->place[known->nplaces++] = (struct usdt_place){ at, number };
	return 0;
}

struct attaching {
	struct run *run;
	const char *probe;	/* for messages */
	const char *provider, *name, *picks;
	size_t provider_len, name_len;
	uint64_t cookie;
	unsigned long *offset, *semaphore;
	__u64 *number;
	size_t n, places, left_out;
	int err;
};

/* The arguments that the program asks for, in its order; all where it names none. */
static void pick(const struct attaching *a, const struct usdt_arg *all, unsigned n,
		 struct usdt_site *site)
{
	const char *p = a->picks;
	unsigned to = 0;

	for (; !p && to < MIN(n, USDT_SITE_ARGS); to++)
		site->arg[to] = all[to];
	for (; p && *p && *p != ')' && to < USDT_SITE_ARGS; to++) {
		unsigned from = strtoul(p, NULL, 10);

		if (*p != '-' && from < n)
			site->arg[to] = all[from];
		p += strcspn(p, ",)");
		p += *p == ',';
	}
}

static bool site_see(struct elf *e, const struct usdt_note *note, void *arg)
{
	struct attaching *a = arg;
	struct usdt_arg all[USDT_ARGS_MAX];
	struct usdt_site site = { .cookie = a->cookie };
	int number;

	if (strlen(note->provider) != a->provider_len ||
	    memcmp(note->provider, a->provider, a->provider_len) ||
	    !usdt_name_is(note->name, a->name, a->name_len))
		return true;
	pick(a, all, usdt_args(e, note, all), &site);
	a->places++;
	number = site_number(a->run, &site);
	a->err = number < 0 ? number : place_take(a->run, e, note->vaddr, number);
	if (a->err == -EEXIST) {
		a->left_out++;
		a->err = 0;
		return true;
	}
	if (a->err)
		return false;
	if (!(a->n & (a->n - 1))) {
		size_t room = a->n ? 2 * a->n : 1;

		a->offset = xrealloc(a->offset, room * sizeof(*a->offset));
		a->semaphore = xrealloc(a->semaphore, room * sizeof(*a->semaphore));
		a->number = xrealloc(a->number, room * sizeof(*a->number));
	}
	a->offset[a->n] = note->offset;
	a->semaphore[a->n] = note->semaphore;
	a->number[a->n++] = number;
	return true;
}

static int sites_attach(struct attaching *a, const char *prog, int pid, const char *path)
{
	LIBBPF_OPTS(bpf_uprobe_multi_opts, many, .offsets = a->offset,
		    .ref_ctr_offsets = a->semaphore, .cnt = a->n,
		    .cookies = a->run->core->usdt->cookies ? a->number : NULL);

	return uprobes_link(a->run, prog, pid, path, &many);
}

int prog_attach_usdt(struct run *run, const char *prog, int pid, const char *path,
		     const char *probe, uint64_t cookie)
{
	const char *colon = strchr(probe, ':'), *picks = strchr(probe, '(');
	struct attaching a = { .run = run, .provider = probe, .provider_len = colon - probe,
			       .name = colon + 1, .name_len = strcspn(colon + 1, "("),
			       .picks = picks ? picks + 1 : NULL, .cookie = cookie };
	struct elf *e = elf_file_open(path, NULL);

	if (!e)
		return -ENOENT;
	usdt_each(e, site_see, &a);
	elf_file_close(e);
	if (!a.err && a.n)
		a.err = sites_attach(&a, prog, pid, path);
	if (!a.err && a.n && run->core->common.verbose)
		warn("attached %s (usdt) to %zu places of %s in %s", prog, a.n, probe, path);
	if (!a.err && a.left_out)
		warn("%zu of %zu places of %.*s are left out: before Linux 5.15 they cannot be told "
		     "from others", a.left_out, a.places, (int)(a.name_len + a.provider_len + 1),
		     probe);
	free(a.offset);
	free(a.semaphore);
	free(a.number);
	return a.err ? a.err : (int)a.n;
}
