// SPDX-License-Identifier: GPL-2.0-or-later
// symbols_test FILE FUNCTION: readable names; and FUNCTION is found in FILE, which has no symbol table
// but the packed one of .gnu_debugdata, and not in a copy of FILE whose packed table is damaged.
#include "../../core/demangle.h"
#include "../../core/elf.h"
#include "check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static void test_names(void)
{
	static const struct { const char *in, *want; } cases[] = {
		{ "_ZN3foo3barEi", "foo::bar" },
		{ "_ZNSt6vectorIiSaIiEE9push_backERKi",
		  "std::vector<int, std::allocator<int> >::push_back" },
		{ "_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE", "core::fmt::Write::write_fmt" },
		{ "_RNvC6_123foo3bar", "123foo::bar" },
		{ "main", "main" },
		{ "_Zjunk", "_Zjunk" },
		{ "_R", "_R" },
		{ "", "" },
	};
	char text[512], cut[8];

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		check_str(demangle(cases[i].in, text, sizeof(text)), cases[i].want, cases[i].in);
	check_str(demangle("_ZN3foo3barEi", cut, sizeof(cut)), "foo::ba", "cut");
}

static int find(const char *path, const char *function)
{
	const char *why = "";
	struct elf *e = elf_file_open(path, &why);
	struct elf_func f;
	int err;

	check(e, "%s: %s", path, why);
	if (!e)
		return -1;
	err = elf_find_func(e, function, &f);
	elf_file_close(e);
	return err;
}

/* The same file with a byte changed in the middle of the packed data, of which xz has a checksum. */
static void test_damaged(const char *path, const char *function)
{
	static const char magic[] = { (char)0xfd, '7', 'z', 'X', 'Z', 0 };
	char *image = malloc(16 << 20), name[] = "/tmp/damaged.XXXXXX", *at;
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, image, 16 << 20);

	close(fd);
	at = memmem(image, n, magic, sizeof(magic));
	check(at, "%s has no packed data", path);
	if (!at)
		return;
	at[1000] ^= 0x55;
	fd = mkstemp(name);
	check(write(fd, image, n) == n, "cannot write %s", name);
	close(fd);
	check(find(name, function), "%s was found in damaged data", function);
	unlink(name);
	free(image);
}

int main(int argc, char **argv)
{
	test_names();
	if (argc == 3) {
		check(!find(argv[1], argv[2]), "%s: no function %s", argv[1], argv[2]);
		check(find(argv[1], "no_such_function"), "a function that is not there was found");
		test_damaged(argv[1], argv[2]);
	}
	return checks_end("symbols_test");
}
