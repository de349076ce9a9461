// SPDX-License-Identifier: GPL-2.0-or-later
// Tell what this kernel and this user can do, and which tools work.
#include "applet.h"
#include "audit.h"
#include "btf.h"
#include "btf_min.h"
#include "features.h"
#include "registry.h"
#include "trial.h"

#include <bpf/btf.h>
#include <sys/stat.h>

struct row {
	__u64 time_ns;
	char kind[8];
	char name[32];
	char state[16];
	char detail[512];
};
#define EVENT struct row

static const struct opt opts[] = {
	OPT_USER('k', "kernel", NULL, "only what the kernel can do"),
	OPT_USER('t', "tool", "NAME", "only this tool"),
	OPT_USER('m', "min-btf", "OUT", "make of --btf FILE a small file that all tools can use"),
	{ 0 }
};

static const struct col cols[] = {
	COL(kind, "KIND", -7),
	COL(name, "NAME", -16),
	COL(state, "STATE", -10),
	COL(detail, "DETAIL", 0),
	{ 0 }
};

static void row_say(struct run *run, const char *kind, const char *name, const char *state,
		    const char *detail)
{
	struct row row = { .time_ns = run->now_ns };

	snprintf(row.kind, sizeof(row.kind), "%s", kind);
	snprintf(row.name, sizeof(row.name), "%s", name);
	snprintf(row.state, sizeof(row.state), "%s", state);
	snprintf(row.detail, sizeof(row.detail), "%s", detail);
	row_print(run, &row, true);
}

static void features_say(struct run *run)
{
	size_t n;
	const struct feature *f = features(&n);

	for (size_t i = 0; i < n; i++)
		row_say(run, "kernel", f[i].name, f[i].there ? "yes" : "no", f[i].detail);
}

static struct btf *types_open(const char *path)
{
	char why[256];
	struct btf *btf = btf_load_file(path, why, sizeof(why));

	if (!btf)
		die(EXIT_FAIL, "--btf %s: %s", path, why);
	return btf; /* lives as long as we do */
}

/* Whole or not at all: half a file would be taken for types with members missing. */
static void min_btf_write(struct run *run, const struct btf *btf)
{
	const char *path = opt_str(run, 'm');
	struct stat st;
	size_t size;
	__u32 raw_size;
	const void *raw;
	void *bytes;
	FILE *f;

	if (!btf)
		opt_bad(run, 'm', "the kernel's types have to be given, by --btf FILE");
	raw = btf__raw_data(btf, &raw_size);
	bytes = raw ? btf_min_all(raw, raw_size, &size) : NULL;
	if (!bytes)
		die(EXIT_FAIL, "--btf %s: has kinds of types that cannot be cut down", run_btf(run));
	f = fopen(path, "we");
	if (!f || fwrite(bytes, 1, size, f) != size || fclose(f)) {
		int err = errno;

		if (f && !stat(path, &st) && S_ISREG(st.st_mode))
			remove(path);
		die(EXIT_FAIL, "%s: %s", path, strerror(err));
	}
	free(bytes);
}

static int doctor_main(struct run *run)
{
	static const char *const states[] = { "runs", "falls back", "cannot" };
	const char *only = opt_str(run, 't'), *types = run_btf(run);
	struct btf *btf = types ? types_open(types) : NULL;
	struct audit_kernel *kernel = btf ? audit_kernel_new(btf) : NULL;
	bool known = false;

	if (opt_on(run, 'm')) {
		min_btf_write(run, btf);
		return EXIT_OK;
	}
	rows_begin(run);
	if (!kernel && !only)
		features_say(run);
	for (size_t i = 0; i < applets_count() && !opt_on(run, 'k'); i++) {
		const struct applet *a = applets_get(i);
		struct trial t;

		if (!strcmp(a->name, "doctor") || (only && strcmp(only, a->name)))
			continue;
		known = true;
		if (kernel)
			trial_offline(a, kernel, &t);
		else
			trial_live(a, &t);
		row_say(run, "tool", a->name, states[t.state], t.text);
	}
	if (only && !known)
		opt_bad(run, 't', "there is no such tool; 'bpftools --list' names them");
	return EXIT_OK;
}

APPLET(doctor) = {
	.name = "doctor",
	.brief = "Tell what this kernel and this user can do, and which tools work.",
	.help = "A tool \"runs\" by the best way it knows, \"falls back\" to another, or \"cannot\".\n"
		"It is tried for real, for a moment. With --btf FILE another kernel is asked by\n"
		"its types alone, without root: what types cannot tell counts as working.\n"
		"FILE is raw BTF, a vmlinux with BTF, or gzip of these; scripts/min-btf takes more.\n",
	.opts = opts,
	.cols = cols,
	.main = doctor_main,
};
