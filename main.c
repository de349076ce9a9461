// SPDX-License-Identifier: GPL-2.0-or-later
// bpftools: the name it is called by, or its first argument, says which tool it is.
#include "core/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
	"bpftools " VERSION ": BPF performance tools in one file\n\n"
	"usage: bpftools NAME [OPTIONS]    run a tool; bpftools NAME --help tells its options\n"
	"       NAME [OPTIONS]             the same through a link of that name\n"
	"       bpftools --list            the names, one a line\n"
	"       bpftools --install [-s] [--prefix P] DIR\n"
	"                                  make a link for each tool (-s: symbolic)\n"
	"       bpftools --version\n\n"
	"Tools:\n";

static int finish(void)
{
	if (fflush(stdout) && errno != EPIPE)
		die(EXIT_FAIL, "cannot write: %s", strerror(errno));
	return EXIT_OK;
}

static int list(bool brief)
{
	size_t n;
	struct name *all = names_sorted(&n);

	for (size_t i = 0; i < n; i++) {
		if (brief)
			printf("  %-18s %s\n", all[i].name, all[i].brief);
		else
			puts(all[i].name);
	}
	free(all);
	return finish();
}

static void install_one(const char *self, const char *dir, const char *prefix, const char *name,
			bool symbolic)
{
	char path[4096];

	if ((size_t)snprintf(path, sizeof(path), "%s/%s%s", dir, prefix, name) >= sizeof(path))
		die(EXIT_FAIL, "%s: the name is too long", dir);
	if (symbolic ? symlink(self, path) : link(self, path)) {
		if (errno == EXDEV)
			die(EXIT_FAIL, "%s is on another file system; use -s for symbolic links",
			    dir);
		die(EXIT_FAIL, "%s: %s", path, strerror(errno));
	}
}

static int install(int argc, char **argv)
{
	const char *prefix = "", *dir = NULL;
	bool symbolic = false;
	char self[4096];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	struct name *all;
	size_t n;

	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "-s"))
			symbolic = true;
		else if (!strcmp(argv[i], "--prefix") && i + 1 < argc)
			prefix = argv[++i];
		else if (argv[i][0] == '-' || dir)
			die(EXIT_USAGE, "--install: unexpected '%s'; usage: bpftools --install [-s] "
					"[--prefix P] DIR", argv[i]);
		else
			dir = argv[i];
	}
	if (!dir)
		die(EXIT_USAGE, "--install: which folder? usage: bpftools --install [-s] "
				"[--prefix P] DIR");
	if (len < 0)
		die(EXIT_FAIL, "/proc/self/exe: %s", strerror(errno));
	self[len] = 0;
	all = names_sorted(&n);
	for (size_t i = 0; i < n; i++)
		install_one(self, dir, prefix, all[i].name, symbolic);
	free(all);
	return EXIT_OK;
}

/* Descriptors 0 to 2 must be open: what is opened later would take their place. */
static void std_open(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

int main(int argc, char **argv)
{
	const struct alias *alias;
	const struct applet *applet;

	std_open();
	applet = applet_find_called(argc ? argv[0] : "bpftools", &alias);
	if (!applet && argc > 1 && argv[1][0] != '-') {
		applet = applet_find_called(argv[1], &alias);
		if (!applet)
			die(EXIT_USAGE, "there is no tool '%s'; 'bpftools --list' names them",
			    argv[1]);
		argc--;
		argv++;
	}
	if (applet) {
		prog_name = alias ? alias->name : applet->name;
		return run_applet(applet, alias, argc - 1, argv + 1);
	}
	if (argc < 2) {
		fputs(usage, stdout);
		list(true);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--list"))
		return list(false);
	if (!strcmp(argv[1], "--install"))
		return install(argc - 2, argv + 2);
	if (!strcmp(argv[1], "--version")) {
		puts("bpftools " VERSION);
		return finish();
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		fputs(usage, stdout);
		return list(true);
	}
	die(EXIT_USAGE, "unknown option '%s'; try 'bpftools --help'", argv[1]);
}
