// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The resolver's functions, of its own: they ask nobody, and a test knows what they return.
 *
 *   resolve  CALL NAME N US         CALL xN, each of at least US microseconds: getaddrinfo,
 *                                   gethostbyname, gethostbyname2, gethostbyname_r,
 *                                   gethostbyname2_r, gethostbyaddr, gethostbyaddr_r. Those without
 *                                   _r call those with it, as in C libraries. Found is 192.0.2.7, or
 *                                   2001:db8::7 for NAMEs in v6; not those in no (EAI_NONAME,
 *                                   HOST_NOT_FOUND) and again (EAI_AGAIN, TRY_AGAIN). For
 *                                   gethostbyaddr NAME is an IPv4 address.
 *   resolve  jump NAME N US         the same of getaddrinfo, but the calls are left by siglongjmp()
 *                                   at once, as curl does on a timeout; then one more that returns
 */
#include "work.h"

#include <netdb.h>
#include <setjmp.h>

static long resolve_us;
static jmp_buf out_of;
static bool jumps;

static bool ends_in(const char *name, const char *what)
{
	const char *dot = strrchr(name, '.');

	return dot && !strcmp(dot + 1, what);
}

static int error_of(const char *name, int never, int later)
{
	return ends_in(name, "no") ? never : ends_in(name, "again") ? later : 0;
}

static int address_of(const char *name, void *to)
{
	if (ends_in(name, "v6"))
		return inet_pton(AF_INET6, "2001:db8::7", to), AF_INET6;
	return inet_pton(AF_INET, "192.0.2.7", to), AF_INET;
}

PROBED int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
		       struct addrinfo **res)
{
	static struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = 0x1234 };
	static struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = 0x1234 };
	static struct addrinfo info;
	uint8_t address[16];

	(void)service, (void)hints;
	if (jumps)
		longjmp(out_of, 1);
	sleep_us(resolve_us);
	info.ai_family = address_of(name, address);
	memcpy(&v6.sin6_addr, address, 16);
	memcpy(&v4.sin_addr, address, 4);
	info.ai_addr = info.ai_family == AF_INET ? (void *)&v4 : (void *)&v6;
	*res = &info;
	return error_of(name, EAI_NONAME, EAI_AGAIN);
}

static int host_fill(const char *name, int error, struct hostent *host, struct hostent **result,
		     int *why)
{
	static uint8_t address[16];
	static char *list[2] = { (char *)address };

	sleep_us(resolve_us);
	*why = error;
	*result = error ? NULL : host;
	*host = (struct hostent){
		.h_name = (char *)name, .h_addrtype = address_of(name, address), .h_addr_list = list,
	};
	host->h_length = host->h_addrtype == AF_INET ? 4 : 16;
	return 0;
}

PROBED int gethostbyname2_r(const char *name, int af, struct hostent *host, char *buf, size_t size,
			    struct hostent **result, int *why)
{
	(void)af, (void)buf, (void)size;
	return host_fill(name, error_of(name, HOST_NOT_FOUND, TRY_AGAIN), host, result, why);
}

PROBED int gethostbyname_r(const char *name, struct hostent *host, char *buf, size_t size,
			   struct hostent **result, int *why)
{
	int err = gethostbyname2_r(name, AF_INET, host, buf, size, result, why);

	__asm__ volatile("" : "+r"(err)); /* no jump into it */
	return err;
}

PROBED struct hostent *gethostbyname2(const char *name, int af)
{
	static struct hostent host;
	struct hostent *found = NULL;
	int why;

	gethostbyname2_r(name, af, &host, NULL, 0, &found, &why);
	return found;
}

PROBED struct hostent *gethostbyname(const char *name)
{
	return gethostbyname2(name, AF_INET);
}

PROBED int gethostbyaddr_r(const void *addr, socklen_t len, int af, struct hostent *host, char *buf,
			   size_t size, struct hostent **result, int *why)
{
	(void)af, (void)buf, (void)size;
	/* 203.0.113.0/24 has no names */
	return host_fill("found", len == 4 && !memcmp(addr, "\313\0\161", 3) ? HOST_NOT_FOUND : 0, host,
			 result, why);
}

PROBED struct hostent *gethostbyaddr(const void *addr, socklen_t len, int af)
{
	static struct hostent host;
	struct hostent *found = NULL;
	int why;

	gethostbyaddr_r(addr, len, af, &host, NULL, 0, &found, &why);
	return found;
}

static void resolve_once(const char *call, const char *name)
{
	struct hostent host, *found;
	struct addrinfo *info;
	struct in_addr in;
	int why;

	if (!strcmp(call, "getaddrinfo"))
		getaddrinfo(name, "80", NULL, &info);
	else if (!strcmp(call, "gethostbyname"))
		gethostbyname(name);
	else if (!strcmp(call, "gethostbyname2"))
		gethostbyname2(name, AF_INET);
	else if (!strcmp(call, "gethostbyname_r"))
		gethostbyname_r(name, &host, NULL, 0, &found, &why);
	else if (!strcmp(call, "gethostbyname2_r"))
		gethostbyname2_r(name, AF_INET, &host, NULL, 0, &found, &why);
	else if (strncmp(call, "gethostbyaddr", 13) || inet_pton(AF_INET, name, &in) != 1)
		die(2, "%s %s: no such call, or no address", call, name);
	else if (!strcmp(call, "gethostbyaddr"))
		gethostbyaddr(&in, sizeof(in), AF_INET);
	else
		gethostbyaddr_r(&in, sizeof(in), AF_INET, &host, NULL, 0, &found, &why);
}

static void do_resolve(char **arg)
{
	volatile long n = amount(arg[2]);

	resolve_us = amount(arg[3]);
	jumps = !strcmp(arg[0], "jump");
	if (jumps) {
		while (n--)
			if (!setjmp(out_of))
				resolve_once("getaddrinfo", arg[1]);
		jumps = false;
		resolve_once("getaddrinfo", arg[1]);
		return;
	}
	while (n--)
		resolve_once(arg[0], arg[1]);
}

VERB("resolve", 4, 4, do_resolve);
