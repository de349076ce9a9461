// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions of TLS libraries, of its own: they encrypt nothing, and a test knows their data.
 *
 *   tls      CALL DATA N US         CALL xN, each of at least US microseconds. Those that write are
 *                                   given DATA, those that read give it; "@FILE" is what the file
 *                                   has; "" fails. CALL: SSL_read, SSL_write, SSL_read_ex,
 *                                   SSL_write_ex, gnutls_record_recv, gnutls_record_send (which
 *                                   calls gnutls_record_send2), PR_Read, PR_Write; plain_write is
 *                                   PR_Write on what is no TLS; SSL_do_handshake, gnutls_handshake,
 *                                   SSL_ForceHandshake; EVP_DigestSign; nested is SSL_write on one
 *                                   session by way of another
 *   unbase64                        writes the bytes that stdin has in base64
 */
#include "work.h"

/* As NSPR has it; of TLS there is a layer below. */
struct file_desc {
	const void *methods;
	void *secret;
	struct file_desc *lower, *higher;
};

static long tls_us;
static const char *data;
static int data_len;
static struct file_desc socket_desc, tls_desc = { .lower = &socket_desc };

static int data_given(void *buf)
{
	sleep_us(tls_us);
	if (buf && data_len)
		memcpy(buf, data, data_len);
	return data_len ? data_len : -1;
}

static int len_set(size_t *len, int n)
{
	*len = n > 0 ? n : 0;
	return n > 0;
}

PROBED int SSL_read(void *session, void *buf, int n)
{
	(void)session, (void)n;
	return data_given(buf);
}

static int session_outer, session_inner;

PROBED int SSL_write(void *session, const void *buf, int n)
{
	(void)n;
	if (session == &session_outer) {
		int ret = SSL_write(&session_inner, buf, n);

		__asm__ volatile("" : "+r"(ret)); /* no jump into it */
		return ret;
	}
	return data_given(NULL);
}

PROBED int SSL_read_ex(void *session, void *buf, size_t n, size_t *len)
{
	(void)session, (void)n;
	return len_set(len, data_given(buf));
}

PROBED int SSL_write_ex(void *session, const void *buf, size_t n, size_t *len)
{
	(void)session, (void)n, (void)buf;
	return len_set(len, data_given(NULL));
}

PROBED ssize_t gnutls_record_recv(void *session, void *buf, size_t n)
{
	(void)session, (void)n;
	return data_given(buf);
}

PROBED ssize_t gnutls_record_send2(void *session, const void *buf, size_t n, size_t pad, unsigned flags)
{
	(void)session, (void)n, (void)buf, (void)pad, (void)flags;
	return data_given(NULL);
}

PROBED ssize_t gnutls_record_send(void *session, const void *buf, size_t n)
{
	return gnutls_record_send2(session, buf, n, 0, 0);
}

PROBED int32_t PR_Read(struct file_desc *fd, void *buf, int32_t n)
{
	(void)fd, (void)n;
	return data_given(buf);
}

PROBED int32_t PR_Write(struct file_desc *fd, const void *buf, int32_t n)
{
	(void)fd, (void)n, (void)buf;
	return data_given(NULL);
}

PROBED int SSL_do_handshake(void *session)
{
	(void)session;
	return data_given(NULL) > 0 ? 1 : -1;
}

PROBED int gnutls_handshake(void *session)
{
	(void)session;
	return data_given(NULL) > 0 ? 0 : -12;
}

PROBED int SSL_ForceHandshake(struct file_desc *fd)
{
	(void)fd;
	return data_given(NULL) > 0 ? 0 : -1;
}

PROBED int EVP_DigestSign(void *ctx, uint8_t *sig, size_t *siglen, const uint8_t *text, size_t len)
{
	(void)ctx, (void)sig, (void)siglen, (void)text, (void)len;
	return data_given(NULL) > 0;
}

static void tls_once(const char *call, char *buf)
{
	size_t len;

	if (!strcmp(call, "SSL_read"))
		SSL_read(&session_inner, buf, data_len);
	else if (!strcmp(call, "SSL_write"))
		SSL_write(&session_inner, data, data_len);
	else if (!strcmp(call, "nested"))
		SSL_write(&session_outer, data, data_len);
	else if (!strcmp(call, "SSL_read_ex"))
		SSL_read_ex(&session_inner, buf, data_len, &len);
	else if (!strcmp(call, "SSL_write_ex"))
		SSL_write_ex(&session_inner, data, data_len, &len);
	else if (!strcmp(call, "gnutls_record_recv"))
		gnutls_record_recv(&session_inner, buf, data_len);
	else if (!strcmp(call, "gnutls_record_send"))
		gnutls_record_send(&session_inner, data, data_len);
	else if (!strcmp(call, "PR_Read"))
		PR_Read(&tls_desc, buf, data_len);
	else if (!strcmp(call, "PR_Write"))
		PR_Write(&tls_desc, data, data_len);
	else if (!strcmp(call, "plain_write"))
		PR_Write(&socket_desc, data, data_len);
	else if (!strcmp(call, "SSL_do_handshake"))
		SSL_do_handshake(&session_inner);
	else if (!strcmp(call, "gnutls_handshake"))
		gnutls_handshake(&session_inner);
	else if (!strcmp(call, "SSL_ForceHandshake"))
		SSL_ForceHandshake(&tls_desc);
	else if (!strcmp(call, "EVP_DigestSign"))
		EVP_DigestSign(NULL, NULL, NULL, NULL, 0);
	else
		die(2, "%s: no such call here", call);
}

static void do_tls(char **arg)
{
	long n = amount(arg[2]);
	enum { ROOM = 1 << 20 };

	tls_us = amount(arg[3]);
	data = arg[1];
	data_len = strlen(data);
	if (*data == '@') {
		int fd = must(open(data + 1, O_RDONLY), data + 1);

		data = buffer(ROOM);
		data_len = must(read(fd, (char *)data, ROOM), arg[1] + 1);
	}
	while (n--)
		tls_once(arg[0], buffer(data_len));
}

static void do_unbase64(char **arg)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0;
	int n = 0, c;

	(void)arg;
	while ((c = getchar()) != EOF) {
		const char *digit = c ? strchr(digits, c) : NULL;

		if (c == '=')
			bits = 0, n = 0;
		if (!digit)
			continue;
		bits = bits << 6 | (digit - digits);
		n += 6;
		if (n >= 8)
			putchar(bits >> (n -= 8) & 0xff);
	}
}

VERB("tls", 4, 4, do_tls);
VERB("unbase64", 0, 0, do_unbase64);
