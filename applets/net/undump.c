// SPDX-License-Identifier: GPL-2.0-or-later
// Show what is received on UNIX sockets.
#include "applet.h"
#include "undump.h"
#include "undump.skel.h"
#define RODATA struct undump_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP('c'),
	OPT_USER('t', "type", "stream|dgram|seqpacket", "sockets of this type only"),
	OPT_USER('P', "path", "PATH", "sockets of this path, or @NAME, only"),
	OPT_RANGE('n', most, "bytes", "N", "N bytes of each call, no more [all, up to 262144]", 0,
		  PIECE * PIECES_MAX),
	OPT_USER('x', "hex", NULL, "the data in hexadecimal digits"),
	LETTER('d', "duration"),
	{ 0 }
};

static const char *const types[] = { [1] = "stream", [2] = "dgram", [5] = "seqpacket" };

static void setup(struct run *run)
{
	const char *word = opt_str(run, 't');

	for (size_t i = 0; word && i < ARRAY_LEN(types); i++)
		if (types[i] && !strcmp(word, types[i]))
			RUN_RODATA(run)->only_type = i;
	if (word && !RUN_RODATA(run)->only_type)
		opt_bad(run, 't', "expected stream, dgram or seqpacket");
}

/* As text: an abstract name with "@" for its NUL. Empty where there is none. */
static void path_text(const EVENT *e, char text[PATH_LEN + 1])
{
	size_t n = MIN((size_t)e->path_len, (size_t)PATH_LEN);

	memcpy(text, e->path, n);
	text[n] = 0;
	if (n && !text[0])
		text[0] = '@';
}

static bool keep(struct run *run, void *event)
{
	char path[PATH_LEN + 1];

	path_text(event, path);
	return !opt_str(run, 'P') || !strcmp(opt_str(run, 'P'), path);
}

static void fmt_path(struct cell *cell, const void *row)
{
	char path[PATH_LEN + 1];

	path_text(row, path);
	if (path[0])
		cell_str(cell, path);
	else
		cell_none(cell);
}

static void fmt_type(struct cell *cell, const void *row)
{
	cell_enum(cell, types, ARRAY_LEN(types), ((const EVENT *)row)->type);
}

static void fmt_peer(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->peer)
		cell_u64(cell, e->peer);
	else
		cell_none(cell);
}

/* A NUL would end the text, and a backslash be taken for the begin of what stands for a byte. */
static void fmt_data(struct cell *cell, const void *row)
{
	static const char digits[] = "0123456789abcdef";
	char text[4 * PIECE];
	const EVENT *e = row;
	bool hex = opt_on(cell_run(cell), 'x');
	size_t n = 0;

	for (uint32_t i = 0; i < e->bytes && i < PIECE; i++) {
		unsigned char c = e->data[i];

		if (hex) {
			text[n++] = digits[c >> 4];
			text[n++] = digits[c & 15];
		} else if (!c) {
			memcpy(text + n, "\\x00", 4);
			n += 4;
		} else {
			if (c == '\\')
				text[n++] = c;
			text[n++] = c;
		}
	}
	cell_strn(cell, text, n);
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL(comm, "COMM", -16),
	COL(pid, "PID", -7),
	COL_FMT(peer, "PEER", -7, fmt_peer),
	COL_FMT(type, "TYPE", -9, fmt_type),
	COL_FMT(path, "PATH", -24, fmt_path),
	COL(size, "SIZE", 6),
	COL(offset, "OFFSET", 6),
	COL(missing, "MISSING", 7),
	COL_FMT(data, "DATA", 0, fmt_data),
	{ 0 }
};

static const struct probe probes[] = {
	{ "what UNIX sockets receive", "stream_fentry stream_fexit dgram_fentry dgram_fexit "
				       "seqpacket_fentry seqpacket_fexit" },
	{ "what UNIX sockets receive", "stream_enter stream_leave dgram_enter dgram_leave "
				       "seqpacket_enter seqpacket_leave" },
	{ "what UNIX sockets receive", "read_enter read_exit ?recvfrom_enter ?recvfrom_exit "
				       "recvmsg_enter recvmsg_exit" },
	{ 0 }
};

BPF_OBJECT(undump);

APPLET(undump) = {
	.name = "undump",
	.brief = "Show what is received on UNIX sockets.",
	.help = "Examples:\n"
		"  undump -p 181                what process 181 receives\n"
		"  undump -P /run/x.sock -x     on one socket, in hexadecimal\n"
		"  undump -n 64                 the first 64 bytes of each call\n"
		"A row is a piece of up to 8192 bytes, at OFFSET of the SIZE that one call received;\n"
		"MISSING are bytes after it that are not shown. Bytes that are no text are \\xNN, a\n"
		"backslash is two. PATH is what the socket, or its other end, is bound to; PEER who\n"
		"made that end (of stream sockets). Not seen is what splice() takes, nor data that\n"
		"is only peeked at. Where a kernel lets no function be watched, read, recvfrom and\n"
		"recvmsg are seen, no other calls.\n",
	OBJECT(undump),
	EVENT_UPTO(data),
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
	.keep = keep,
};
