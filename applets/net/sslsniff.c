// SPDX-License-Identifier: GPL-2.0-or-later
// Show what programs send and receive through TLS, in the clear.
#include "tls.h"
#include "sslsniff.h"
#include "sslsniff.skel.h"
#define RODATA struct sslsniff_bpf__rodata
#define EVENT struct event

#include <bpf/libbpf.h>

enum { NO_OPENSSL = 'o', NO_GNUTLS = 'g', NO_NSS = 'n', HEXDUMP = 10, HANDSHAKE, EXTRA_LIB };

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM('c'), FILTER_CGROUP(2),
	OPT_USER(NO_OPENSSL, "no-openssl", NULL, "not what goes through OpenSSL"),
	OPT_USER(NO_GNUTLS, "no-gnutls", NULL, "not what goes through GnuTLS"),
	OPT_USER(NO_NSS, "no-nss", NULL, "not what goes through NSS"),
	OPT_USER(EXTRA_LIB, "extra-lib", "TYPE:PATH", TLS_EXTRA_HELP),
	OPT_USER(HEXDUMP, "hexdump", NULL, "the data as a hex dump"),
	OPT_RANGE(13, max_bytes, "max-buffer-size", "N", "show N bytes of a call at most [8192]", 1,
		  PIECE * PIECES_MAX),
	OPT_USER('x', "extra", NULL, "show UID and TID"),
	OPT_USER('l', "latency", NULL, "show how long each call took"),
	OPT_USER(HANDSHAKE, "handshake", NULL, "-l: handshakes, too"),
	OPT('C', calls, "calls", NULL,
	    "a row for each call, also handshakes and cryptography; no data"),
	LETTER('d', "verbose"),
	{ 0 }
};

static uint32_t libs_wanted(const struct run *run)
{
	uint32_t libs = opt_on(run, 'C') ? TLS_LIB_CRYPTO : 0;

	if (opt_on(run, NO_OPENSSL))
		libs = 0; /* libcrypto is a part of it */
	else
		libs |= TLS_LIB_OPENSSL;
	if (!opt_on(run, NO_GNUTLS))
		libs |= TLS_LIB_GNUTLS;
	if (!opt_on(run, NO_NSS))
		libs |= TLS_LIB_NSS;
	return libs;
}

static uint32_t flags_wanted(const struct run *run)
{
	if (opt_on(run, 'C'))
		return TLS_DATA | TLS_HANDSHAKE | TLS_CRYPTO;
	return TLS_DATA | (opt_on(run, HANDSHAKE) ? TLS_HANDSHAKE : 0);
}

/* Data are long: in the usual buffer there is room for 64 calls only. A small machine gives less than
 * these 4 MB. */
static void buffer_enlarge(struct run *run)
{
	struct bpf_map *events = bpf_object__find_map_by_name(run->obj, "events");
	uint32_t usual = 512 * 1024, bytes = 4 << 20;

	if (bpf_map__type(events) != BPF_MAP_TYPE_RINGBUF || bpf_map__max_entries(events) != usual)
		return;
	while (bytes > usual && bytes > memory_part(64))
		bytes /= 2;
	bpf_map__set_max_entries(events, bytes);
}

static void setup(struct run *run)
{
	if (opt_on(run, HANDSHAKE) && !opt_on(run, 'l') && !opt_on(run, 'C'))
		die(EXIT_USAGE, "--handshake is about their latency: it needs -l");
	if (!libs_wanted(run) && !opt_on(run, EXTRA_LIB))
		die(EXIT_USAGE, "no library is left to be watched");
	tls_setup(run, libs_wanted(run), flags_wanted(run), EXTRA_LIB);
	if (!opt_on(run, 'C'))
		buffer_enlarge(run);
}

static void attach(struct run *run)
{
	tls_attach(run, libs_wanted(run), flags_wanted(run), opt_u64(run, 'p', 0), EXTRA_LIB);
}

/* ---- columns ---- */

static void fmt_kind(struct cell *cell, const void *row)
{
	uint32_t function = ((const EVENT *)row)->function;

	cell_str(cell, function & TLS_OUT ? "WRITE/SEND"
		     : function & TLS_IN ? "READ/RECV" : "HANDSHAKE");
}

static void fmt_call(struct cell *cell, const void *row)
{
	cell_str(cell, tls_name(((const EVENT *)row)->function));
}

/* A handshake has none. */
static void fmt_len(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->function & TLS_DATA)
		cell_u64(cell, *(const uint32_t *)cell_ptr(cell, row));
	else
		cell_none(cell);
}

/* A NUL would end the text. */
static void fmt_data(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	char text[2 * PIECE];
	size_t n = 0;

	if (!(e->function & TLS_DATA)) {
		cell_none(cell);
		return;
	}
	for (uint32_t i = 0; i < e->bytes && i < PIECE; i++) {
		if (!e->data[i])
			text[n++] = '\\';
		text[n++] = e->data[i] ? e->data[i] : '0';
	}
	cell_strn(cell, text, n);
}

static void fmt_base64(struct cell *cell, const void *row)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const EVENT *e = row;
	const unsigned char *data = (const void *)e->data;
	char text[PIECE / 3 * 4 + 8];
	uint32_t bytes = MIN(e->bytes, (uint32_t)PIECE);
	size_t n = 0;

	if (!(e->function & TLS_DATA)) {
		cell_none(cell);
		return;
	}
	for (uint32_t i = 0; i < bytes; i += 3) {
		uint32_t left = bytes - i;
		uint32_t v = data[i] << 16;

		v |= left > 1 ? data[i + 1] << 8 : 0;
		v |= left > 2 ? data[i + 2] : 0;
		text[n++] = digits[v >> 18];
		text[n++] = digits[v >> 12 & 63];
		text[n++] = left > 1 ? digits[v >> 6 & 63] : '=';
		text[n++] = left > 2 ? digits[v & 63] : '=';
	}
	cell_strn(cell, text, n);
}

static const struct col text_cols[] = {
	COL_FMT(function, "FUNC", -12, fmt_kind),
	COL_TIME_REL(0, "TIME(s)"),
	COL(comm, "COMM", -16),
	COL(pid, "PID", -7),
	COL_FMT(len, "LEN", 6, fmt_len),
	COL_IF('x', uid, "UID", -6),
	COL_IF('x', tid, "TID", -7),
	COL_DIV_IF('l', lat_ns, "LAT(ms)", 10, 1000000, 3),
	{ 0 }
};

static const struct col data_cols[] = {
	COL_FMT(function, "FUNC", -12, fmt_kind),
	COL_FMT(function, "CALL", -12, fmt_call),
	COL_TIME_REL(0, "TIME(s)"),
	COL(comm, "COMM", -16),
	COL(pid, "PID", -7),
	COL_FMT(len, "LEN", 6, fmt_len),
	COL(uid, "UID", -6),
	COL(tid, "TID", -7),
	COL_DIV(lat_ns, "LAT(ms)", 10, 1000000, 3),
	COL_FMT(offset, "OFFSET", 6, fmt_len),
	COL_FMT(lost, "TRUNCATED", 6, fmt_len),
	COL_FMT(data, "DATA", 0, fmt_data),
	COL_FMT(data, "BASE64", 0, fmt_base64),
	{ 0 }
};

static const struct col call_cols[] = {
	COL_TIME_REL(0, "TIME(s)"),
	COL_IF('x', uid, "UID", -6),
	COL(pid, "PID", -7),
	COL(tid, "TID", -7),
	COL(comm, "COMM", -16),
	COL_DIV(lat_ns, "LAT(us)", 10, 1000, 3),
	COL(result, "RET", 6),
	COL_FMT(function, "FUNC", 0, fmt_call),
	{ 0 }
};

static const struct col *cols_make(struct run *run)
{
	return opt_on(run, 'C') ? call_cols : run->format == FORMAT_TEXT ? text_cols : data_cols;
}

/* ---- data below a row ---- */

/* Indented, so that no data can look like a row, or like the end of data. */
static void lines_print(struct run *run, const char *data, size_t n)
{
	for (size_t len; n; data += len, n -= len) {
		const char *end = memchr(data, '\n', n);

		len = end ? (size_t)(end - data) : n;
		bytes_print(run, "    ", 4);
		text_print(run, data, len && data[len - 1] == '\r' && end ? len - 1 : len);
		bytes_print(run, "\n", 1);
		len += end != NULL;
	}
}

static void hexdump_print(struct run *run, const EVENT *e, size_t n)
{
	for (size_t at = 0; at < n; at += 16) {
		const unsigned char *data = (const void *)(e->data + at);
		size_t len = MIN(n - at, 16u), i;
		char line[96];
		int used = snprintf(line, sizeof(line), "    %08zx", e->offset + at);

		for (i = 0; i < 16; i++)
			used += snprintf(line + used, sizeof(line) - used, i < len ? "%s%02x" : "%s  ",
					 i % 8 ? " " : "  ", i < len ? data[i] : 0);
		used += snprintf(line + used, sizeof(line) - used, "  |");
		for (i = 0; i < len; i++)
			line[used++] = data[i] >= ' ' && data[i] < 127 ? data[i] : '.';
		line[used++] = '|';
		line[used++] = '\n';
		bytes_print(run, line, used);
	}
}

static void below(struct run *run, const void *event)
{
	const EVENT *e = event;
	uint32_t n = MIN(e->bytes, (uint32_t)PIECE);

	if (opt_on(run, 'C') || !(e->function & TLS_DATA))
		return;
	line_print(run, "----- DATA -----");
	if (opt_on(run, HEXDUMP))
		hexdump_print(run, e, n);
	else
		lines_print(run, e->data, n);
	if (e->lost)
		line_print(run, "----- END DATA (TRUNCATED, %u bytes lost) -----", e->lost);
	else
		line_print(run, "----- END DATA -----");
	bytes_print(run, "\n", 1);
}

BPF_OBJECT(sslsniff);

APPLET(sslsniff) = {
	.name = "sslsniff",
	.brief = "Show what programs send and receive through TLS, in the clear.",
	.help = "OpenSSL, GnuTLS and NSS are watched: as installed here, and as mapped by any\n"
		"process, in containers too, now or later. Of programs that have one in\n"
		"themselves name the file, or the process.\n"
		"Examples:\n"
		"  sslsniff -c curl              what curl sends and receives\n"
		"  sslsniff -p 181 --hexdump     of one process, its program's own TLS too\n"
		"  sslsniff -l --handshake       with latencies\n"
		"  sslsniff --extra-lib openssl:/usr/bin/node\n"
		"JSON has the data as text, and as they are in \"base64\". Of a call as many bytes\n"
		"are shown as --max-buffer-size says, in pieces of 16384. A read's latency has the\n"
		"waiting in it; where sockets do not block, a handshake is several calls, of which\n"
		"the last one is shown. What goes through an OpenSSL BIO is not seen.\n"
		"Go programs and those with rustls call no such library.\n",
	OBJECT(sslsniff),
	EVENT_UPTO(data),
	.opts = opts,
	.cols_make = cols_make,
	.cols = data_cols,
	.setup = setup,
	.attach = attach,
	.below = below,
};

ALIAS(sslsnoop) = {
	.name = "sslsnoop",
	.applet = "sslsniff",
	.brief = "Trace calls of TLS libraries: their result, how long they took.",
	.args = "-C",
};
