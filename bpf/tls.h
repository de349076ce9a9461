/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions of TLS libraries that bpf/tls.bpf.h watches, for that and core/tls.c. */
#ifndef TLS_H
#define TLS_H

#include "shared.h"

/* What a call does and what it returns; or-ed to its number. */
enum {
	TLS_IN = 0x100,		/* data: the second argument points to it, the result is its length */
	TLS_OUT = 0x200,
	TLS_BY_PTR = 0x400,	/* the fourth argument points to the length instead */
	TLS_HANDSHAKE = 0x800,
	TLS_CRYPTO = 0x1000,
	TLS_ZERO_OK = 0x2000,	/* 0 is no failure */
	TLS_LAYERED = 0x4000,	/* a PRFileDesc, which may be a plain file: TLS is a layer above one */
	TLS_DATA = TLS_IN | TLS_OUT,
	TLS_NUMBER = 0xff,
};

/* X(library, function, flags). OpenSSL's are those of LibreSSL and BoringSSL as well. */
#define TLS_OPENSSL(X) \
	X(SSL_read, TLS_IN) \
	X(SSL_write, TLS_OUT) \
	X(SSL_read_ex, TLS_IN | TLS_BY_PTR) \
	X(SSL_write_ex, TLS_OUT | TLS_BY_PTR) \
	X(SSL_read_early_data, TLS_IN | TLS_BY_PTR) \
	X(SSL_write_early_data, TLS_OUT | TLS_BY_PTR) \
	X(SSL_do_handshake, TLS_HANDSHAKE)

#define TLS_GNUTLS(X) \
	X(gnutls_record_recv, TLS_IN | TLS_ZERO_OK) \
	X(gnutls_record_recv_seq, TLS_IN | TLS_ZERO_OK) \
	X(gnutls_record_recv_early_data, TLS_IN | TLS_ZERO_OK) \
	X(gnutls_record_send, TLS_OUT | TLS_ZERO_OK) \
	X(gnutls_record_send2, TLS_OUT | TLS_ZERO_OK) \
	X(gnutls_record_send_range, TLS_OUT | TLS_ZERO_OK) \
	X(gnutls_record_send_early_data, TLS_OUT | TLS_ZERO_OK) \
	X(gnutls_handshake, TLS_HANDSHAKE | TLS_ZERO_OK)

/* Of NSPR, or of a libnss3 that has that in itself, and of NSS's libssl3. */
#define TLS_NSS(X) \
	X(PR_Read, TLS_IN | TLS_ZERO_OK | TLS_LAYERED) \
	X(PR_Recv, TLS_IN | TLS_ZERO_OK | TLS_LAYERED) \
	X(PR_Write, TLS_OUT | TLS_ZERO_OK | TLS_LAYERED) \
	X(PR_Send, TLS_OUT | TLS_ZERO_OK | TLS_LAYERED) \
	X(SSL_ForceHandshake, TLS_HANDSHAKE | TLS_ZERO_OK)

/* Of libcrypto. Those in small letters, and some others, only programs with their debug symbols have;
 * OpenSSL 3 itself goes through EVP. */
#define TLS_LIBCRYPTO(X) \
	X(EVP_DigestSign, TLS_CRYPTO) \
	X(EVP_DigestSignFinal, TLS_CRYPTO) \
	X(EVP_DigestVerify, TLS_CRYPTO) \
	X(EVP_DigestVerifyFinal, TLS_CRYPTO) \
	X(EVP_PKEY_derive, TLS_CRYPTO) \
	X(EVP_PKEY_encrypt, TLS_CRYPTO) \
	X(EVP_PKEY_decrypt, TLS_CRYPTO) \
	X(RSA_sign, TLS_CRYPTO) \
	X(RSA_verify, TLS_CRYPTO) \
	X(rsa_ossl_public_encrypt, TLS_CRYPTO) \
	X(rsa_ossl_public_decrypt, TLS_CRYPTO) \
	X(rsa_ossl_private_encrypt, TLS_CRYPTO) \
	X(rsa_ossl_private_decrypt, TLS_CRYPTO) \
	X(ossl_ecdsa_sign, TLS_CRYPTO) \
	X(ossl_ecdsa_verify, TLS_CRYPTO) \
	X(ossl_ecdh_compute_key, TLS_CRYPTO) \
	X(ecdh_simple_compute_key, TLS_CRYPTO) \
	X(ossl_ecdh_simple_compute_key, TLS_CRYPTO)

#define TLS_ALL(X) TLS_OPENSSL(X) TLS_GNUTLS(X) TLS_NSS(X) TLS_LIBCRYPTO(X)

#define TLS_ENUM(function, flags) TLS_##function,
enum tls_function { TLS_ALL(TLS_ENUM) TLS_FUNCTIONS };
#undef TLS_ENUM

#endif
