// SPDX-License-Identifier: GPL-2.0-or-later
// Which TLS libraries are watched, and by which programs.
#include "tls.h"
#include "core.h"
#include "libs.h"

#define ROW(name, flags) { #name, "enter_" #name, "leave", TLS_##name | (flags) },
#define FLAGS(name, flags) flags,

/* As many rows as the enum has numbers, in its order: those of a library are together. */
static const struct lib_func all_funcs[] = { TLS_ALL(ROW) { 0 } };
static const uint32_t all_flags[] = { TLS_ALL(FLAGS) };

#define ONE(name, flags) +1
enum {
	OPENSSL_FIRST = 0, OPENSSL_N = TLS_OPENSSL(ONE),
	GNUTLS_FIRST = OPENSSL_FIRST + OPENSSL_N, GNUTLS_N = TLS_GNUTLS(ONE),
	NSS_FIRST = GNUTLS_FIRST + GNUTLS_N, NSS_N = TLS_NSS(ONE),
	CRYPTO_FIRST = NSS_FIRST + NSS_N, CRYPTO_N = TLS_LIBCRYPTO(ONE),
};

static const struct kind_of_lib {
	const char *word;
	uint32_t mask;
	int first, n;
	const char *names[3];	/* of files */
} kinds[] = {
	{ "openssl", TLS_LIB_OPENSSL, OPENSSL_FIRST, OPENSSL_N, { "ssl" } },
	{ "gnutls", TLS_LIB_GNUTLS, GNUTLS_FIRST, GNUTLS_N, { "gnutls" } },
	{ "nss", TLS_LIB_NSS, NSS_FIRST, NSS_N, { "nspr4", "nss3", "ssl3" } },
	{ "crypto", TLS_LIB_CRYPTO, CRYPTO_FIRST, CRYPTO_N, { "crypto" } },
};

const char *tls_name(uint32_t function)
{
	return all_funcs[MIN(function & TLS_NUMBER, (uint32_t)TLS_FUNCTIONS - 1)].name;
}

/* Its functions that have any of `flags`. */
static const struct lib_func *funcs_of(const struct kind_of_lib *kind, uint32_t flags)
{
	struct lib_func *funcs = xalloc((kind->n + 1) * sizeof(*funcs));
	int n = 0;

	for (int i = kind->first; i < kind->first + kind->n; i++)
		if (all_flags[i] & flags)
			funcs[n++] = all_funcs[i];
	return funcs;
}

/* "TYPE:PATH" */
static const struct kind_of_lib *extra_parse(const struct run *run, int option, const char *text,
					     const char **path)
{
	size_t n = strcspn(text, ":");

	*path = text + n + (text[n] == ':');
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].mask != TLS_LIB_CRYPTO && strlen(kinds[i].word) == n &&
		    !strncmp(kinds[i].word, text, n) && **path)
			return &kinds[i];
	opt_bad(run, option, "expected openssl:PATH, gnutls:PATH or nss:PATH");
}

void tls_setup(struct run *run, uint32_t libs, uint32_t flags, int extra)
{
	const char *path;
	size_t nextra = 0;
	const char *const *text = extra ? opt_strs(run, extra, &nextra) : NULL;

	for (size_t i = 0; i < nextra; i++)
		libs |= extra_parse(run, extra, text[i], &path)->mask;
	libs_setup(run, "enter_any", all_funcs);
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
		for (int i = kinds[k].first; i < kinds[k].first + kinds[k].n; i++)
			if (!(libs & kinds[k].mask && all_flags[i] & flags))
				prog_off(run, all_funcs[i].enter);
}

static void extra_attach(struct run *run, const char *path, const struct kind_of_lib *kind,
			 uint32_t flags, int pid)
{
	const char *why;
	int n = lib_attach(run, path, pid, NULL, funcs_of(kind, flags), &why);

	if (n < 0)
		die(EXIT_FAIL, "%s cannot be watched: %s", path, why);
	if (!n)
		die(EXIT_FAIL, "%s has no functions of %s", path, kind->word);
}

void tls_attach(struct run *run, uint32_t libs, uint32_t flags, int pid, int extra)
{
	struct lib *all = xalloc((3 * ARRAY_LEN(kinds) + 1) * sizeof(*all));
	size_t n = 0;
	const char *path;
	size_t nextra = 0;
	const char *const *text = extra ? opt_strs(run, extra, &nextra) : NULL;

	for (size_t i = 0; i < nextra; i++) {
		const struct kind_of_lib *kind = extra_parse(run, extra, text[i], &path);

		extra_attach(run, path, kind, flags, pid);
	}
	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		const struct lib_func *funcs;

		if (!(libs & kinds[k].mask))
			continue;
		funcs = funcs_of(&kinds[k], flags);
		for (size_t i = 0; i < ARRAY_LEN(kinds[k].names) && kinds[k].names[i]; i++)
			all[n++] = (struct lib){ kinds[k].names[i], funcs };
		if (pid)
			libs_program(run, pid, NULL, (const struct lib[]){ { "", funcs }, { 0 } });
	}
	libs_watch(run, pid, !pid, NULL, all);
}
