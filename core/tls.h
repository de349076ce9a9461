/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TLS libraries, for the tools that watch them by bpf/tls.bpf.h. */
#ifndef CORE_TLS_H
#define CORE_TLS_H

#include "applet.h"
#include "../bpf/tls.h"

/* Which libraries; the words of --extra-lib are openssl, gnutls, nss. */
enum { TLS_LIB_OPENSSL = 1, TLS_LIB_GNUTLS = 2, TLS_LIB_NSS = 4, TLS_LIB_CRYPTO = 8 };

#define TLS_EXTRA_HELP "this file too, TYPE openssl, gnutls or nss; as often as needed"

/* Watch, of the libraries in the mask `libs`, the functions with any of `flags` (TLS_DATA and so on):
 * wherever they are, of process `pid` also in its program itself; and those of each option `extra`
 * (0: none), "TYPE:PATH", whatever the mask. Programs that only exist for other functions are turned
 * off. tls_setup() in setup(), tls_attach() in attach(). */
void tls_setup(struct run *run, uint32_t libs, uint32_t flags, int extra);
void tls_attach(struct run *run, uint32_t libs, uint32_t flags, int pid, int extra);

const char *tls_name(uint32_t function);

#endif
