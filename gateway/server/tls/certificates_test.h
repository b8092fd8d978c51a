/* Certificates for the tests of this folder, made anew for each run. */
#ifndef TG_TLS_CERTIFICATES_TEST_H
#define TG_TLS_CERTIFICATES_TEST_H

#include <openssl/evp.h>

/* Write a self-signed certificate for `name` (a DNS name) and its key as PEM; the key,
 * which is the caller's to free. */
EVP_PKEY *certificate_write(const char *name, const char *certificate, const char *key);
/* Write only a key, with a pass phrase if there is one. */
void key_write(const char *path, const char *phrase);

#endif
