// SPDX-License-Identifier: GPL-2.0-or-later
// Trace DNS queries with their answers, on the wire: name, type, result, latency.
#include "applet.h"
#include "clock.h"
#include "dns.h"
#include "net.h"
#include "dnssnoop.h"
#include "dnssnoop.skel.h"
#define RODATA struct dnssnoop_bpf__rodata

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fnmatch.h>
#include <strings.h>

enum { OPT_TIMEOUT = 10, OPT_NAME, OPT_TYPE, OPT_RCODE };

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP(3),
	OPT_LIST('P', ports, "port", "PORT[,PORT]", "the ports of the DNS [53]", 1, 65535),
	OPT_USER(OPT_NAME, "name", "NAME", "of this name or below it, or of a pattern (* ?)"),
	OPT_USER(OPT_TYPE, "type", "TYPE[,TYPE]", "of these types only: A,AAAA or numbers"),
	OPT_USER(OPT_RCODE, "rcode", "NAME[,NAME]", "with these results only: NXDOMAIN,TIMEOUT"),
	OPT_USER('x', "failed", NULL, "only those without the result NOERROR"),
	OPT_USER_NUM('m', "min", "MS", "only those answered after at least so long", 1, 3600000),
	OPT_USER_NUM(OPT_TIMEOUT, "timeout", "SECONDS", "unanswered after so long is a timeout [5]", 1,
		     3600),
	OPT_USER('c', "counts", NULL, "a table by server"),
	OPT_USER('w', "wide", NULL, "show ROLE, client address and port, NETNS, ID, TRIES"),
	OPT_USER('T', "time", NULL, "show the time of day"),
	OPT_USER('t', "timestamp", NULL, "show the time in seconds since the start"),
	{ 0 }
};

/* What is printed: one query, with what became of it. */
struct row {
	uint64_t time_ns;	/* of the answer, or when it was given up */
	uint64_t lat_ns;	/* 0: no answer */
	struct tuple tuple;	/* from client to server */
	struct owner owner;	/* of this machine's end */
	uint32_t netns;
	uint32_t tries;		/* how often it was sent */
	int32_t result;		/* its code, or one of enum result */
	uint16_t id, type;	/* type 0: there is no question */
	bool tcp, server;	/* server: this machine has answered it */
	char name[DNS_NAME];
	char answers[1024];
};
#define EVENT struct row

enum result { OPEN = -1, TIMEOUT = -2, MALFORMED = -3 };

/* A query without an answer yet. */
struct query {
	struct query *next;
	struct row row;		/* time_ns: when it was sent first */
	uint32_t ifindex;
	bool told;		/* reported as a timeout; an answer may still come */
};

/* One direction of a TCP connection: messages, each with its length in two bytes before. */
struct stream {
	struct tuple tuple;
	uint32_t netns;
	uint32_t next;		/* sequence number */
	uint64_t time_ns;	/* of the last segment; 0: not in use */
	uint32_t have;		/* bytes of the present message, with its length */
	uint32_t here;		/* its first ones, as far as the kernel gave them */
	unsigned char data[2 + 2048];
};

/* Segments from all CPUs, each with its own buffer: to be sorted by time. */
struct segment {
	struct message m;
	uint32_t here;
	unsigned char data[];
};

struct server {
	unsigned char addr[16];
	uint32_t ip, netns;
	uint64_t queries, answers, failed, timeouts, lat_sum_ns, lat_max_ns;
};

enum { BUCKETS = 4096, QUERIES_MAX = 100000, STREAMS = 256, SERVERS = 4096, NAMES_MAX = 32 };
/* How long an answer that comes late is still known to be one. */
#define FORGET_NS (60 * NSEC)

struct own {
	struct query *bucket[BUCKETS];
	size_t queries;
	struct stream stream[STREAMS];
	struct segment **segment;
	size_t segments, room;
	struct perf_buffer *perf;
	struct server server[SERVERS];	/* by hash; ip 0: free */
	uint64_t timeout_ns, min_ns;
	const char *name;
	int type[NAMES_MAX], rcode[NAMES_MAX];
	size_t types, rcodes;
	u16 ports[ARRAY_LEN(((RODATA *)0)->ports)];
	bool reporting;		/* keep() is asked for rows */
};

static struct loss *loss_of(const struct run *run)
{
	return bss_var(run, "loss");
}

/* ---- names ---- */

static const char *const rcodes[] = {
	"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
	"NXRRSET", "NOTAUTH", "NOTZONE", "DSOTYPENI",
};

static const struct { const char *name; uint16_t type; } types[] = {
	{ "A", 1 }, { "NS", 2 }, { "CNAME", 5 }, { "SOA", 6 }, { "PTR", 12 }, { "HINFO", 13 },
	{ "MX", 15 }, { "TXT", 16 }, { "RP", 17 }, { "AAAA", 28 }, { "LOC", 29 }, { "SRV", 33 },
	{ "NAPTR", 35 }, { "CERT", 37 }, { "DNAME", 39 }, { "OPT", 41 }, { "DS", 43 },
	{ "SSHFP", 44 }, { "RRSIG", 46 }, { "NSEC", 47 }, { "DNSKEY", 48 }, { "NSEC3", 50 },
	{ "TLSA", 52 }, { "CDS", 59 }, { "CDNSKEY", 60 }, { "SVCB", 64 }, { "HTTPS", 65 },
	{ "SPF", 99 }, { "TKEY", 249 }, { "TSIG", 250 }, { "IXFR", 251 }, { "AXFR", 252 },
	{ "ANY", 255 }, { "URI", 256 }, { "CAA", 257 },
};

static int type_number(const char *word)
{
	uint64_t n;

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (!strcasecmp(types[i].name, word))
			return types[i].type;
	return parse_u64(word, &n) && n <= 0xffff ? (int)n : -1;
}

static const char *type_name(uint16_t type, char text[16])
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].type == type)
			return types[i].name;
	snprintf(text, 16, "TYPE%u", type);
	return text;
}

static int rcode_number(const char *word)
{
	uint64_t n;

	for (size_t i = 0; i < ARRAY_LEN(rcodes); i++)
		if (!strcasecmp(rcodes[i], word))
			return i;
	if (!strcasecmp("TIMEOUT", word))
		return TIMEOUT;
	if (!strcasecmp("MALFORMED", word))
		return MALFORMED;
	return parse_u64(word, &n) && n < 16 ? (int)n : OPEN;
}

/* ---- setup ---- */

static size_t words_take(struct run *run, int key, int (*number)(const char *), const char *why,
			 int *to)
{
	const char *given = opt_str(run, key);
	char *copy = given ? xstrdup(given) : NULL, *save = NULL;
	size_t n = 0;

	for (char *word = copy ? strtok_r(copy, ",", &save) : NULL; word;
	     word = strtok_r(NULL, ",", &save)) {
		if (n == NAMES_MAX)
			opt_bad(run, key, "too many names");
		to[n] = number(word);
		if (to[n++] == -1)
			opt_bad(run, key, why);
	}
	if (given && !n)
		opt_bad(run, key, "expected a name");
	free(copy);
	return n;
}

static void setup(struct run *run)
{
	struct own *own = run->own;

	/* An interval is for the table. Timeouts, and what comes by TCP, are looked for each second. */
	if (!opt_on(run, 'c'))
		run->interval_ns = NSEC;
	if (own)
		return;
	own = run->own = xalloc(sizeof(*own));
	memcpy(own->ports, (void *)RUN_RODATA(run)->ports, sizeof(own->ports));
	own->timeout_ns = opt_u64(run, OPT_TIMEOUT, 5) * NSEC;
	own->min_ns = opt_u64(run, 'm', 0) * 1000000;
	own->name = opt_str(run, OPT_NAME);
	own->types = words_take(run, OPT_TYPE, type_number, "expected names as A,MX or numbers",
				own->type);
	own->rcodes = words_take(run, OPT_RCODE, rcode_number,
				 "expected names as NXDOMAIN,SERVFAIL,TIMEOUT or numbers below 16",
				 own->rcode);
}

/* ---- what is shown ---- */

static bool one_of(const int *list, size_t n, int v)
{
	bool yes = !n;

	for (size_t i = 0; i < n; i++)
		yes |= list[i] == v;
	return yes;
}

/* A pattern, or a name: that itself and what is below it. */
static bool name_wanted(const char *want, const char *name)
{
	size_t n = strlen(want), len = strlen(name);

	if (n > 1 && want[n - 1] == '.')
		n--;
	if (strpbrk(want, "*?"))
		return !fnmatch(want, name, FNM_NOESCAPE | FNM_CASEFOLD);
	return len >= n && !strncasecmp(name + len - n, want, n) &&
	       (len == n || name[len - n - 1] == '.');
}

static bool wanted(struct run *run, const struct row *row)
{
	const struct own *own = run->own;

	if ((own->name && !name_wanted(own->name, row->name)) ||
	    !one_of(own->type, own->types, row->type) ||
	    !one_of(own->rcode, own->rcodes, row->result))
		return false;
	return row->lat_ns >= own->min_ns && !(opt_on(run, 'x') && !row->result);
}

static struct server *server_of(struct own *own, const struct row *row)
{
	uint32_t hash = row->netns;

	for (int i = 0; i < 16; i++)
		hash = (hash ^ row->tuple.daddr[i]) * 16777619;
	for (uint32_t i = 0; i < SERVERS; i++) {
		struct server *s = &own->server[(hash + i) % SERVERS];

		if (s->ip == row->tuple.ip && s->netns == row->netns &&
		    !memcmp(s->addr, row->tuple.daddr, sizeof(s->addr)))
			return s;
		if (s->ip)
			continue;
		memcpy(s->addr, row->tuple.daddr, sizeof(s->addr));
		s->ip = row->tuple.ip;
		s->netns = row->netns;
		return s;
	}
	return NULL;
}

static void server_count(struct run *run, const struct row *row)
{
	struct server *s = server_of(run->own, row);

	if (!s) {
		loss_of(run)->entries++;
		return;
	}
	s->queries++;
	s->timeouts += row->result == TIMEOUT;
	s->failed += row->result > 0 || row->result == MALFORMED;
	if (!row->lat_ns)
		return;
	s->answers++;
	s->lat_sum_ns += row->lat_ns;
	s->lat_max_ns = MAX(s->lat_max_ns, row->lat_ns);
}

static void show(struct run *run, const struct row *row)
{
	if (!wanted(run, row))
		return;
	if (opt_on(run, 'c'))
		server_count(run, row);
	else
		row_event(run, row);
}

/* ---- queries and answers ---- */

static struct query **bucket_of(struct own *own, const struct row *row)
{
	const unsigned char *addr = row->tuple.daddr;
	uint32_t hash = row->id * 31 + row->tuple.sport;

	for (int i = 0; i < 4; i++)
		hash = (hash ^ addr[i]) * 16777619;
	return &own->bucket[(hash ^ hash >> 16) % BUCKETS];
}

/* An answer to a question that its sender did not understand may come without it. */
static bool same_query(const struct row *a, const struct row *b)
{
	return a->id == b->id && a->tcp == b->tcp && a->server == b->server &&
	       a->netns == b->netns && !memcmp(&a->tuple, &b->tuple, sizeof(a->tuple)) &&
	       (!*b->name || (a->type == b->type && !strcasecmp(a->name, b->name)));
}

static struct query **query_find(struct own *own, const struct row *row)
{
	struct query **q = bucket_of(own, row);

	while (*q && !same_query(&(*q)->row, row))
		q = &(*q)->next;
	return q;
}

static void query_drop(struct own *own, struct query **at)
{
	struct query *q = *at;

	*at = q->next;
	own->queries--;
	free(q);
}

/* The same query at another device is the same packet on its way down (a bridge, a bond). */
static void query_take(struct run *run, const struct row *row, uint32_t ifindex)
{
	struct own *own = run->own;
	struct query *q = *query_find(own, row);

	if (q) {
		q->row.tries += q->ifindex == ifindex;
		return;
	}
	if (own->queries == QUERIES_MAX) {
		loss_of(run)->entries++;
		return;
	}
	q = xalloc(sizeof(*q));
	q->row = *row;
	q->row.tries = 1;
	q->ifindex = ifindex;
	q->next = *bucket_of(own, row);
	*bucket_of(own, row) = q;
	own->queries++;
}

static void answer_add(struct row *row, const char *text)
{
	size_t n = strlen(row->answers);

	if (n + strlen(text) + 5 < sizeof(row->answers))
		sprintf(row->answers + n, "%s%s", n ? "," : "", text);
	else if (!strstr(row->answers, ",..."))
		strcat(row->answers, ",...");
}

static void answer_text(struct row *row, const struct dns *dns, const struct dns_record *r)
{
	char name[DNS_NAME], text[INET6_ADDRSTRLEN];

	if (r->class != DNS_IN)
		answer_add(row, type_name(r->type, name));
	else if (r->type == DNS_A && r->size == 4)
		answer_add(row, inet_ntop(AF_INET, r->data, text, sizeof(text)));
	else if (r->type == DNS_AAAA && r->size == 16)
		answer_add(row, inet_ntop(AF_INET6, r->data, text, sizeof(text)));
	else if ((r->type == DNS_CNAME || r->type == 2 || r->type == 12) && /* NS, PTR */
		 dns_data_name(dns, r, 0, name))
		answer_add(row, name);
	else if (r->type == 15 && dns_data_name(dns, r, 2, name)) /* MX */
		answer_add(row, name);
	else
		answer_add(row, type_name(r->type, name));
}

/* The row is of the answer; what the query has to say is added. */
static void answer_take(struct run *run, struct row *row, struct dns *dns)
{
	struct query **q = query_find(run->own, row);
	struct dns_record r;

	if (!*q)
		return; /* the query was before us, or goes elsewhere */
	while (dns_answer(dns, &r))
		answer_text(row, dns, &r);
	row->lat_ns = row->time_ns > (*q)->row.time_ns ? row->time_ns - (*q)->row.time_ns : 1;
	row->tries = (*q)->row.tries;
	if (!row->server)
		row->owner = (*q)->row.owner;
	if (!*row->name) {
		memcpy(row->name, (*q)->row.name, sizeof(row->name));
		row->type = (*q)->row.type;
	}
	query_drop(run->own, q);
	show(run, row);
}

/* The ends change places: a row is from client to server. */
static void tuple_turn(struct tuple *t)
{
	struct tuple was = *t;

	memcpy(t->saddr, was.daddr, sizeof(t->saddr));
	memcpy(t->daddr, was.saddr, sizeof(t->daddr));
	t->sport = was.dport;
	t->dport = was.sport;
}

static bool dns_port(const struct run *run, unsigned port)
{
	const struct own *own = run->own;

	for (size_t i = 0; i < ARRAY_LEN(own->ports) && own->ports[i]; i++)
		if (own->ports[i] == port)
			return true;
	return false;
}

static void message_take(struct run *run, const struct message *m, const void *data, size_t size)
{
	struct row row = { .time_ns = m->time_ns, .tuple = m->tuple, .owner = m->owner,
			   .netns = m->netns, .tcp = m->tcp };
	struct dns dns;
	bool good = dns_read(&dns, data, size);
	/* Without a header that can be read the port has to tell. */
	bool response = size >= 12 ? dns.response : !dns_port(run, m->tuple.dport);

	row.id = dns.id;
	row.type = dns.type;
	row.result = good ? dns.rcode : MALFORMED;
	row.server = response == m->out;
	memcpy(row.name, good ? dns.name : "", good ? sizeof(row.name) : 1);
	if (response)
		tuple_turn(&row.tuple);
	if (!good && !response) {
		row.tries = 1;
		if (m->out) /* else who knows whether it is for this machine */
			show(run, &row);
	} else if (response) {
		answer_take(run, &row, &dns);
	} else {
		row.result = OPEN;
		query_take(run, &row, m->ifindex);
	}
}

/* ---- TCP ---- */

/* The stream of a segment; the one that was silent for longest makes room for a new one. */
static struct stream *stream_find(struct run *run, const struct message *m)
{
	struct stream *stream = ((struct own *)run->own)->stream, *oldest = stream;

	for (struct stream *s = stream; s < stream + STREAMS; s++) {
		if (s->time_ns && s->netns == m->netns &&
		    !memcmp(&s->tuple, &m->tuple, sizeof(m->tuple)))
			return s;
		if (s->time_ns < oldest->time_ns)
			oldest = s;
	}
	if (oldest->have)
		loss_of(run)->missed++;
	memset(oldest, 0, offsetof(struct stream, data));
	oldest->tuple = m->tuple;
	oldest->netns = m->netns;
	oldest->next = m->seq;
	return oldest;
}

/* Bytes of the message that is under way, which may be more than are here (`here`, of `size`). Returns
 * how many of `size` belong to it. */
static uint32_t stream_take(struct run *run, struct stream *s, const struct message *m,
			    const unsigned char *data, uint32_t here, uint32_t size)
{
	uint32_t whole = s->here < 2 ? 2 : 2 + (s->data[0] << 8 | s->data[1]), n;

	n = MIN(size, whole - s->have);
	for (uint32_t i = 0; i < n; i++, s->have++)
		if (i < here && s->here == s->have && s->here < sizeof(s->data))
			s->data[s->here++] = data[i];
	if (s->have == 2 && s->here == 2 && (s->data[0] || s->data[1]))
		return n; /* now the length is known */
	if (s->have < whole)
		return n;
	if (s->here > 2)
		message_take(run, m, s->data + 2, s->here - 2);
	s->have = s->here = 0;
	return n;
}

static void segment_take(struct run *run, const struct message *m, const unsigned char *data,
			 uint32_t here)
{
	struct stream *s = stream_find(run, m);
	uint32_t size = m->size;
	int32_t ahead = m->seq - s->next;

	s->time_ns = m->time_ns;
	if (ahead < 0)
		return; /* sent again */
	if (ahead > 0) { /* a gap: begin anew */
		loss_of(run)->missed++;
		s->have = s->here = 0;
	}
	s->next = m->seq + size;
	while (size) {
		uint32_t n = stream_take(run, s, m, data, here, size);

		data += MIN(n, here);
		here -= MIN(n, here);
		size -= n;
	}
}

static void segment_came(void *ctx, int cpu, void *data, uint32_t size)
{
	struct run *run = ctx;
	struct own *own = run->own;
	const struct message *m = data;
	uint32_t at = sizeof(*m) + m->at, here;
	struct segment *s;

	(void)cpu;
	if (size < sizeof(*m) || size < at)
		return;
	here = MIN(size - at, m->size); /* the kernel adds padding */
	s = xalloc(sizeof(*s) + here);
	s->m = *m;
	s->here = here;
	memcpy(s->data, (const char *)data + at, here);
	if (own->segments == own->room) {
		own->room = own->room ? own->room * 2 : 64;
		own->segment = xrealloc(own->segment, own->room * sizeof(*own->segment));
	}
	own->segment[own->segments++] = s;
}

static void segments_lost(void *ctx, int cpu, unsigned long long n)
{
	(void)cpu;
	loss_of(ctx)->events += n;
}

static int segment_order(const void *a, const void *b)
{
	const struct segment *x = *(struct segment *const *)a, *y = *(struct segment *const *)b;

	return x->m.time_ns < y->m.time_ns ? -1 : x->m.time_ns > y->m.time_ns;
}

/* Those from before now: what a CPU's buffer got after it was looked at is newer than all of them. */
static void segments_read(struct run *run)
{
	struct own *own = run->own;
	uint64_t now = clock_now();
	size_t n = 0;

	if (!own->perf)
		return;
	perf_buffer__consume(own->perf);
	qsort(own->segment, own->segments, sizeof(*own->segment), segment_order);
	while (n < own->segments && (run->last || own->segment[n]->m.time_ns < now)) {
		segment_take(run, &own->segment[n]->m, own->segment[n]->data, own->segment[n]->here);
		free(own->segment[n++]);
	}
	own->segments -= n;
	memmove(own->segment, own->segment + n, own->segments * sizeof(*own->segment));
}

static void attach(struct run *run)
{
	struct own *own = run->own;

	if (!prog_loaded(run, "out_btf"))
		return;
	own->perf = perf_buffer__new(map_fd(run, "segments"), 16, segment_came, segments_lost, run,
				     NULL);
	if (!own->perf)
		die(EXIT_FAIL, "cannot map the buffer for TCP: %s", strerror(errno));
}

/* ---- events ---- */

/* Rows of the table of -c come here, too. */
static bool keep(struct run *run, void *event)
{
	const struct packet *p = event;
	uint32_t here;

	if (((struct own *)run->own)->reporting)
		return true;
	here = MIN(p->m.size, sizeof(p->data));
	if (p->m.tcp)
		segment_take(run, &p->m, p->data, here);
	else
		message_take(run, &p->m, p->data, here);
	return false;
}

static void query_age(struct run *run, struct query *q, uint64_t age)
{
	struct own *own = run->own;
	bool late = age >= own->timeout_ns;
	struct row row;

	if (q->told || q->row.server || (!late && !run->last))
		return;
	q->told = true;
	row = q->row;
	row.time_ns = run->now_ns;
	row.result = late ? TIMEOUT : OPEN;
	show(run, &row);
}

static void queries_age(struct run *run)
{
	struct own *own = run->own;

	for (size_t i = 0; i < BUCKETS; i++) {
		struct query **q = &own->bucket[i];

		while (*q) {
			uint64_t age = run->now_ns > (*q)->row.time_ns ? run->now_ns - (*q)->row.time_ns
								       : 0;

			query_age(run, *q, age);
			if (age > own->timeout_ns + FORGET_NS)
				query_drop(own, q);
			else
				q = &(*q)->next;
		}
	}
}

static void look(struct run *run)
{
	((struct own *)run->own)->reporting = false;
	segments_read(run);
	queries_age(run);
}

/* ---- columns ---- */

static void fmt_proto(struct cell *cell, const void *row)
{
	cell_str(cell, ((const EVENT *)row)->tcp ? "TCP" : "UDP");
}

static void fmt_role(struct cell *cell, const void *row)
{
	cell_str(cell, ((const EVENT *)row)->server ? "server" : "client");
}

static void fmt_type(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	char text[16];

	if (e->type)
		cell_str(cell, type_name(e->type, text));
	else
		cell_none(cell);
}

static void fmt_result(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->result >= 0)
		cell_enum(cell, rcodes, ARRAY_LEN(rcodes), e->result);
	else if (e->result == OPEN)
		cell_none(cell);
	else
		cell_str(cell, e->result == TIMEOUT ? "TIMEOUT" : "MALFORMED");
}

static const struct col cols[] = {
	COL_TIME('T', "TIME"),
	COL_TIME_REL('t', "TIME(s)"),
	COL_FMT(owner, "PID", -7, fmt_owner_pid),
	COL_FMT(owner, "COMM", -16, fmt_owner_comm),
	COL_FMT_IF('w', owner, "UID", -6, fmt_owner_uid),
	COL_IF('w', netns, "NETNS", -10),
	COL_FMT_IF('w', server, "ROLE", -6, fmt_role),
	COL_FMT(tcp, "PROTO", -5, fmt_proto),
	COL_FMT_IF('w', tuple, "CLIENT", -15, fmt_saddr),
	COL_FMT_IF('w', tuple, "CPORT", -5, fmt_sport),
	COL_FMT(tuple, "SERVER", -15, fmt_daddr),
	COL_FMT_IF('w', tuple, "PORT", -5, fmt_dport),
	COL_IF('w', id, "ID", -5),
	COL_IF('w', tries, "TRIES", 5),
	COL_FMT(type, "TYPE", -6, fmt_type),
	COL_FMT(result, "RCODE", -9, fmt_result),
	COL_FMT(lat_ns, "LAT(ms)", 9, fmt_ms),
	COL_FMT(name, "NAME", -30, fmt_text),
	COL_FMT(answers, "ANSWERS", 0, fmt_text),
	{ 0 }
};

/* The table of -c. The first member is the key, by which equal rows keep their places. */
struct count_row {
	struct server server;
};
#undef EVENT
#define EVENT struct count_row

static void fmt_server(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	cell_addr(cell, e->server.ip, e->server.addr);
}

static void fmt_average(struct cell *cell, const void *row)
{
	const struct server *s = &((const EVENT *)row)->server;

	if (s->answers)
		cell_f64(cell, s->lat_sum_ns / 1e6 / s->answers, 3);
	else
		cell_none(cell);
}

static const struct col count_cols[] = {
	COL_FMT(server, "SERVER", -39, fmt_server),
	COL(server.netns, "NETNS", -10),
	COL(server.queries, "QUERIES", 8),
	COL(server.answers, "ANSWERS", 8),
	COL(server.failed, "FAILED", 8),
	COL(server.timeouts, "TIMEOUTS", 8),
	COL_FMT(server, "AVG(ms)", 9, fmt_average),
	COL_FMT(server.lat_max_ns, "MAX(ms)", 9, fmt_ms),
	{ 0 }
};

static void fill(struct run *run, void (*give)(const void *key, const void *value, void *arg),
		 void *arg)
{
	struct own *own = run->own;

	/* The report comes before look(): what the interval still has belongs to it. */
	look(run);
	for (size_t i = 0; i < SERVERS; i++)
		if (own->server[i].ip)
			give(&own->server[i], &own->server[i].queries, arg);
	memset(own->server, 0, sizeof(own->server));
	own->reporting = true;
}

static const struct top counts = {
	.when = 'c',
	.cols = count_cols,
	.fill = fill,
	.key_size = offsetof(struct server, queries),
	.value_size = sizeof(struct server) - offsetof(struct server, queries),
	.sort = "QUERIES",
};

static const struct probe probes[] = {
	{ "packets", "out_btf in_btf" },
	{ "packets", "out_raw in_raw" },
	{ 0 }
};

BPF_OBJECT(dnssnoop);

APPLET(dnssnoop) = {
	.name = "dnssnoop",
	.brief = "Trace DNS queries with their answers, on the wire: name, type, result, latency.",
	.help = "Examples:\n"
		"  dnssnoop --name example.com   that name, and what is below it\n"
		"  dnssnoop -x                   failed ones, and those without an answer\n"
		"  dnssnoop -m 100 -T            those that took 100 ms and more, with the time\n"
		"  dnssnoop -c --interval 10     how each server did, each 10 seconds\n"
		"By UDP and TCP, of any resolver, in all network namespaces. A query is told of\n"
		"when it is answered, or after --timeout: RCODE is TIMEOUT then, and an answer that\n"
		"comes later is shown as well. RCODE \"-\": still open at the end. PID is who asked;\n"
		"of what this machine answered for others (-w: ROLE is server) who answered.\n"
		"Encrypted DNS, and ports changed by NAT before the packet goes out, are not seen.\n",
	OBJECT(dnssnoop),
	.event_min = sizeof(struct message),
	.opts = opts,
	.cols = cols,
	.top = &counts,
	.probes = probes,
	.interval = 1,
	.setup = setup,
	.attach = attach,
	.keep = keep,
	.look = look,
};
