// SPDX-License-Identifier: GPL-2.0-or-later
// Show how long calls of TLS libraries take, as histograms.
#include "tls.h"
#include "ssllatency.h"
#include "ssllatency.skel.h"
#define RODATA struct ssllatency_bpf__rodata
#define EVENT struct hist_key

enum { EXTRA_LIB = 10, ALL_LIBS = TLS_LIB_OPENSSL | TLS_LIB_GNUTLS | TLS_LIB_NSS | TLS_LIB_CRYPTO,
       ALL_FLAGS = TLS_DATA | TLS_HANDSHAKE | TLS_CRYPTO };

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM('c'), FILTER_CGROUP(2),
	OPT_CONST('m', hist_div, "milliseconds", "in milliseconds, not microseconds", 1000000),
	OPT_CONST('N', hist_div, "nanoseconds", "in nanoseconds", 1),
	OPT_USER(EXTRA_LIB, "extra-lib", "TYPE:PATH", TLS_EXTRA_HELP),
	OPT_USER('T', "timestamp", NULL, "say the time before each report"),
	{ 0 }
};

static void setup(struct run *run)
{
	tls_setup(run, ALL_LIBS, ALL_FLAGS, EXTRA_LIB);
}

static void attach(struct run *run)
{
	tls_attach(run, ALL_LIBS, ALL_FLAGS, opt_u64(run, 'p', 0), EXTRA_LIB);
}

static void fmt_function(struct cell *cell, const void *row)
{
	cell_str(cell, tls_name(((const EVENT *)row)->function));
}

static void fmt_result(struct cell *cell, const void *row)
{
	cell_str(cell, ((const EVENT *)row)->failed ? "failed" : "ok");
}

static const struct col keys[] = {
	COL_FMT(function, "function", 0, fmt_function),
	COL_FMT(failed, "result", 0, fmt_result),
	{ 0 }
};

static const struct hist hist = { .name = "latency", .keys = keys, .extension = HIST_ALWAYS };

BPF_OBJECT(ssllatency);

APPLET(ssllatency) = {
	.name = "ssllatency",
	.brief = "Show how long calls of TLS libraries take, as histograms.",
	.help = "Of OpenSSL, GnuTLS and NSS: reading, writing, handshakes; of OpenSSL also\n"
		"signing, verifying and the like. Which files are watched is as in sslsniff.\n"
		"Examples:\n"
		"  ssllatency                    until Ctrl-C, all processes\n"
		"  ssllatency -p 181 5 3         one process, each 5 seconds, 3 times\n"
		"A read's latency has the waiting for data in it. Calls that failed are shown apart:\n"
		"where sockets do not block that is how \"not yet\" is said.\n",
	OBJECT(ssllatency),
	.opts = opts,
	.hist = &hist,
	.operands = OPERANDS_INTERVAL,
	.stamp_key = 'T',
	.setup = setup,
	.attach = attach,
};
