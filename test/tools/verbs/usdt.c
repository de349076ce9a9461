// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * USDT probes as the language runtimes and databases have them, each with a semaphore without which
 * it is not even reached. Their arguments are in operands of all kinds.
 *
 *   usdt     LANG N US              N rounds of what a program in that language does, each of its parts
 *                                   US microseconds long; says nothing. LANG: java node perl php python
 *                                   ruby tcl, or postgres and mysql, for which a round is a query
 *   query    SERVER N US            N queries of "SELECT w FROM SERVER", each US microseconds long, by
 *                                   the functions of servers without probes: postgres; mariadb and
 *                                   mysql, which have N commands of other kinds too
 *   blocks   N SIZE                 malloc(SIZE), calloc(3, SIZE) and realloc() to 2 * SIZE, xN each
 */
#include "work.h"

#if __SIZEOF_POINTER__ == 8
#define ADDRESS ".8byte "
#define WORD "8@"
#else
#define ADDRESS ".4byte "
#define WORD "4@"
#endif
/* A word that is passed however the compiler likes: constant, register or memory. On armhf memory
 * would be the constants among the code, of which the note has no more than a label. */
#define A(n) WORD "%" #n
#ifdef __arm__
#define ANY "nr"
#else
#define ANY "nor"
#endif

/* The note of a probe at label 990, as sys/sdt.h would write it. */
#define NOTE(provider, name, args) \
	".pushsection .note.stapsdt,\"\",%%note\n" \
	".balign 4\n.4byte 992f-991f, 994f-993f, 3\n" \
	"991: .asciz \"stapsdt\"\n992: .balign 4\n" \
	"993: " ADDRESS "990b\n" ADDRESS "_.stapsdt.base\n" \
	ADDRESS #provider "_" #name "_semaphore\n" \
	".asciz \"" #provider "\"\n.asciz \"" #name "\"\n.asciz \"" args "\"\n" \
	"994: .balign 4\n.popsection\n"

#define SEMAPHORE(provider, name) \
	extern volatile unsigned short provider##_##name##_semaphore; \
	volatile unsigned short provider##_##name##_semaphore \
		__attribute__((used, section(".probes"))) = 0

#define PROBE(provider, name, args, ...) do { \
	if (provider##_##name##_semaphore) \
		__asm__ volatile("990: nop\n" NOTE(provider, name, args) : : __VA_ARGS__); \
} while (0)

__asm__(".pushsection .stapsdt.base,\"aG\",%progbits,.stapsdt.base,comdat\n"
	".weak _.stapsdt.base\n.hidden _.stapsdt.base\n_.stapsdt.base: .space 1\n"
	".size _.stapsdt.base, 1\n.popsection\n");

static long pause_us;

static void part(void)
{
	if (pause_us)
		sleep_us(pause_us);
}

/* Not terminated, as Java's are. */
const char *usdt_names[] = { "pkg/Klass;", "innermost!", "outer!" };

SEMAPHORE(hotspot, method__entry);
SEMAPHORE(hotspot, method__return);
SEMAPHORE(hotspot, gc__begin);
SEMAPHORE(hotspot, gc__end);
SEMAPHORE(hotspot, mem__pool__gc__begin);
SEMAPHORE(hotspot, mem__pool__gc__end);
SEMAPHORE(hotspot, object__alloc);
SEMAPHORE(hotspot, class__loaded);
SEMAPHORE(hotspot, thread__start);
SEMAPHORE(hotspot, thread__stop);
SEMAPHORE(hotspot_jni, ExceptionOccurred__entry);

/* By index and scale, a byte of a register, a variable's place in memory, a constant. */
static PROBED void java_enter_inner(void)
{
#if defined(__x86_64__)
	PROBE(hotspot, method__entry, "8@%%rdi 8@(%%rbx,%%rcx,8) 1@%%ah 8@usdt_names+8(%%rip) -4@$9",
	      "b"(usdt_names - 1), "c"(1L), "a"(0xff0977L), "D"(getpid()));
#elif defined(__aarch64__)
	register const char **names __asm__("x9") = usdt_names;
	register long len __asm__("x10") = 0x100000009;

	PROBE(hotspot, method__entry, "8@1 8@[x9] -4@w10 8@[x9, 8] 4@9", "r"(names), "r"(len));
#else
	PROBE(hotspot, method__entry, A(0) " " A(1) " " A(2) " " A(3) " " A(4), ANY(0L),
	      ANY(usdt_names[0]), ANY(9L), ANY(usdt_names[1]), ANY(9L));
#endif
}

static PROBED void java_enter_outer(const char *class, const char *method)
{
	PROBE(hotspot, method__entry, A(0) " " A(1) " " A(2) " " A(3) " " A(4), ANY(0L), ANY(class),
	      ANY(9L), ANY(method), ANY(5L));
}

static PROBED void java_leave(const char *class, const char *method, long len)
{
	PROBE(hotspot, method__return, A(0) " " A(1) " " A(2) " " A(3) " " A(4), ANY(0L), ANY(class),
	      ANY(9L), ANY(method), ANY(len));
}

static PROBED void java_gc(const char *manager, const char *pool, long used)
{
	PROBE(hotspot, gc__begin, A(0), ANY(1L));
	PROBE(hotspot, mem__pool__gc__begin,
	      A(0) " " A(1) " " A(2) " " A(3) " " A(4) " " A(5) " " A(6) " " A(7), ANY(manager),
	      ANY(4L), ANY(pool), ANY(4L), ANY(0L), ANY(used), ANY(0L), ANY(9000L));
	part();
	PROBE(hotspot, mem__pool__gc__end,
	      A(0) " " A(1) " " A(2) " " A(3) " " A(4) " " A(5) " " A(6) " " A(7), ANY(manager),
	      ANY(4L), ANY(pool), ANY(4L), ANY(0L), ANY(used / 2), ANY(0L), ANY(9000L));
	part();
	PROBE(hotspot, gc__end, "", ANY(0L));
}

static PROBED void java_thread(const char *name)
{
	PROBE(hotspot, thread__start, A(0) " " A(1) " " A(2) " " A(3) " " A(4), ANY(name), ANY(6L),
	      ANY(7L), ANY((long)getpid()), ANY(1L));
	PROBE(hotspot, thread__stop, A(0) " " A(1) " " A(2) " " A(3) " " A(4), ANY(name), ANY(6L),
	      ANY(7L), ANY((long)getpid()), ANY(1L));
}

static PROBED void java_other(const char *class)
{
	PROBE(hotspot, class__loaded, A(0) " " A(1) " " A(2) " " A(3), ANY(class), ANY(9L), ANY(0L),
	      ANY(0L));
	PROBE(hotspot_jni, ExceptionOccurred__entry, A(0), ANY(0L));
	for (int i = 0; i < 3; i++)
		PROBE(hotspot, object__alloc, A(0) " " A(1) " " A(2) " " A(3), ANY(0L), ANY(class),
		      ANY(9L), ANY(48L));
}

static void java_round(void)
{
	java_enter_outer(usdt_names[0], usdt_names[2]);
	for (int i = 0; i < 2; i++) {
		java_enter_inner();
		part();
		java_leave(usdt_names[0], usdt_names[1], 9);
	}
	java_leave(usdt_names[0], usdt_names[2], 5);
	java_gc("Copy?", "Eden?", 5000);
	java_thread("worker?");
	java_other(usdt_names[0]);
}

SEMAPHORE(node, gc__start);
SEMAPHORE(node, gc__done);

static PROBED void node_round(void)
{
	PROBE(node, gc__start, A(0) " " A(1), ANY(2L), ANY(0L)); /* kGCTypeMarkSweepCompact of V8 */
	part();
	PROBE(node, gc__done, A(0) " " A(1), ANY(2L), ANY(0L));
}

/* Runtimes whose probes have two names that are terminated: at two numbers among their arguments. */
#define CALLS(lang, provider, enter, leave, args, ...) \
	SEMAPHORE(provider, enter); \
	SEMAPHORE(provider, leave); \
	static PROBED void lang##_enter(const char *class, const char *method) \
	{ \
		(void)class; \
		PROBE(provider, enter, args, __VA_ARGS__); \
	} \
	static PROBED void lang##_leave(const char *class, const char *method) \
	{ \
		(void)class; \
		PROBE(provider, leave, args, __VA_ARGS__); \
	}
#define CALLS_RUN(lang, class) do { \
	lang##_enter(class, "outer"); \
	for (int i = 0; i < 2; i++) { \
		lang##_enter(class, "inner"); \
		part(); \
		lang##_leave(class, "inner"); \
	} \
	lang##_leave(class, "outer"); \
} while (0)

CALLS(perl, perl, sub__entry, sub__return, A(0) " " A(1) " " A(2) " " A(3), ANY(method), ANY("f.pl"),
      ANY(1L), ANY(class))
CALLS(php, php, function__entry, function__return, A(0) " " A(1) " " A(2) " " A(3) " " A(4),
      ANY(method), ANY("f.php"), ANY(1L), ANY(class), ANY("::"))
CALLS(python, python, function__entry, function__return, A(0) " " A(1) " " A(2), ANY(class),
      ANY(method), ANY(1L))
CALLS(ruby, ruby, method__entry, method__return, A(0) " " A(1) " " A(2) " " A(3), ANY(class),
      ANY(method), ANY("f.rb"), ANY(1L))
CALLS(ruby_c, ruby, cmethod__entry, cmethod__return, A(0) " " A(1) " " A(2) " " A(3), ANY(class),
      ANY(method), ANY("f.rb"), ANY(1L))
CALLS(tcl, tcl, proc__entry, proc__return, A(0) " " A(1), ANY(method), ANY(0L))

static void perl_round(void)
{
	CALLS_RUN(perl, "Klass");
}

SEMAPHORE(php, compile__file__entry);
SEMAPHORE(php, exception__thrown);

static PROBED void php_other(void)
{
	PROBE(php, compile__file__entry, A(0) " " A(1), ANY("f.php"), ANY("f.php"));
	PROBE(php, exception__thrown, A(0), ANY("Exception"));
}

static void php_round(void)
{
	CALLS_RUN(php, "Klass");
	php_other();
}

SEMAPHORE(python, gc__start);
SEMAPHORE(python, gc__done);
SEMAPHORE(python, import__find__load__start);

static PROBED void python_other(long collected)
{
	PROBE(python, gc__start, A(0), ANY(2L));
	part();
	PROBE(python, gc__done, A(0), ANY(collected));
	PROBE(python, import__find__load__start, A(0), ANY("module"));
}

static void python_round(void)
{
	CALLS_RUN(python, "f.py");
	python_other(-7);
}

SEMAPHORE(ruby, gc__mark__begin);
SEMAPHORE(ruby, gc__mark__end);
SEMAPHORE(ruby, gc__sweep__begin);
SEMAPHORE(ruby, gc__sweep__end);
SEMAPHORE(ruby, object__create);
SEMAPHORE(ruby, string__create);
SEMAPHORE(ruby, array__create);
SEMAPHORE(ruby, hash__create);
SEMAPHORE(ruby, require__entry);
SEMAPHORE(ruby, load__entry);
SEMAPHORE(ruby, raise);

static PROBED void ruby_gc(void)
{
	PROBE(ruby, gc__mark__begin, "", ANY(0L));
	part();
	PROBE(ruby, gc__mark__end, "", ANY(0L));
	PROBE(ruby, gc__sweep__begin, "", ANY(0L));
	PROBE(ruby, gc__sweep__end, "", ANY(0L));
}

static PROBED void ruby_other(const char *file)
{
	PROBE(ruby, object__create, A(0) " " A(1) " " A(2), ANY("Widget"), ANY(file), ANY(1L));
	PROBE(ruby, string__create, A(0) " " A(1) " " A(2), ANY(5L), ANY(file), ANY(1L));
	PROBE(ruby, array__create, A(0) " " A(1) " " A(2), ANY(3L), ANY(file), ANY(1L));
	PROBE(ruby, hash__create, A(0) " " A(1) " " A(2), ANY(2L), ANY(file), ANY(1L));
	PROBE(ruby, require__entry, A(0) " " A(1) " " A(2), ANY("lib"), ANY(file), ANY(1L));
	PROBE(ruby, load__entry, A(0) " " A(1) " " A(2), ANY("lib"), ANY(file), ANY(1L));
	PROBE(ruby, raise, A(0) " " A(1) " " A(2), ANY("Error"), ANY(file), ANY(1L));
}

static void ruby_round(void)
{
	CALLS_RUN(ruby, "Klass");
	CALLS_RUN(ruby_c, "Core");
	ruby_gc();
	ruby_other("f.rb");
}

SEMAPHORE(tcl, obj__create);

static PROBED void tcl_other(void)
{
	PROBE(tcl, obj__create, A(0), ANY(0L));
}

static void tcl_round(void)
{
	CALLS_RUN(tcl, "");
	tcl_other();
}

SEMAPHORE(postgresql, query__start);
SEMAPHORE(postgresql, query__done);
SEMAPHORE(mysql, query__start);
SEMAPHORE(mysql, query__done);

static PROBED void postgres_query(const char *query)
{
	PROBE(postgresql, query__start, A(0), ANY(query));
	part();
	PROBE(postgresql, query__done, A(0), ANY(query));
}

static PROBED void mysql_query(const char *query)
{
	PROBE(mysql, query__start, A(0) " " A(1), ANY(query), ANY(1L));
	part();
	PROBE(mysql, query__done, A(0), ANY(0L));
}

static void postgres_round(void)
{
	postgres_query("SELECT \"w\" FROM usdt");
}

static void mysql_round(void)
{
	mysql_query("SELECT w FROM usdt");
}

static void do_usdt(char **arg)
{
	static const struct { const char *name; void (*round)(void); } langs[] = {
		{ "java", java_round }, { "node", node_round }, { "perl", perl_round },
		{ "php", php_round }, { "python", python_round }, { "ruby", ruby_round },
		{ "tcl", tcl_round }, { "postgres", postgres_round }, { "mysql", mysql_round },
	};
	long n = amount(arg[1]);

	pause_us = amount(arg[2]);
	for (size_t i = 0; i < ARRAY_LEN(langs); i++) {
		if (strcmp(arg[0], langs[i].name))
			continue;
		while (n--)
			langs[i].round();
		return;
	}
	die(2, "%s: no such runtime here", arg[0]);
}

/* Their names are those of the servers, as C++ mangles them. */
enum { COM_PING = 14, COM_QUERY = 3 };

struct com_data {
	const char *query;
	unsigned length;
};

bool mariadb_dispatch(int command, void *thd, char *text, unsigned length, bool blocking)
	__asm__("_Z16dispatch_command19enum_server_commandP3THDPcjb");
bool mysql_dispatch(void *thd, const struct com_data *data, int command)
	__asm__("_Z16dispatch_commandP3THDPK8COM_DATA19enum_server_command");

PROBED bool mariadb_dispatch(int command, void *thd, char *text, unsigned length, bool blocking)
{
	(void)thd, (void)text, (void)length, (void)blocking;
	part();
	return command == COM_PING;
}

PROBED bool mysql_dispatch(void *thd, const struct com_data *data, int command)
{
	(void)thd, (void)data;
	part();
	return command == COM_PING;
}

PROBED void exec_simple_query(const char *query)
{
	(void)query;
	part();
}

static void do_query(char **arg)
{
	long n = amount(arg[1]);
	char text[64];
	struct com_data data = { .query = text };

	pause_us = amount(arg[2]);
	/* What is behind the length belongs to nobody. */
	data.length = snprintf(text, sizeof(text), "SELECT w FROM %s", arg[0]);
	if (strcmp(arg[0], "postgres"))
		strcat(text, "garbage");
	while (n--) {
		if (!strcmp(arg[0], "postgres")) {
			exec_simple_query(text);
		} else if (!strcmp(arg[0], "mariadb")) {
			mariadb_dispatch(COM_PING, NULL, text, data.length, true);
			mariadb_dispatch(COM_QUERY, NULL, text, data.length, true);
		} else if (!strcmp(arg[0], "mysql")) {
			mysql_dispatch(NULL, &data, COM_PING);
			mysql_dispatch(NULL, &data, COM_QUERY);
		} else {
			die(2, "%s: no such server here", arg[0]);
		}
	}
}

static void do_blocks(char **arg)
{
	long n = amount(arg[0]), size = amount(arg[1]);

	while (n--) {
		char *volatile a = malloc(size), *volatile b = calloc(3, size);

		a = realloc(a, 2 * size);
		if (!a || !b)
			die(1, "out of memory");
		free(a);
		free(b);
	}
}

VERB("usdt", 3, 3, do_usdt);
VERB("query", 3, 3, do_query);
VERB("blocks", 2, 2, do_blocks);
