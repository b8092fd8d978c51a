#include "server/tls/certificates_test.h"

#include <assert.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

static void must(int right)
{
    if (right != 1) {
        abort();
    }
}

static X509 *certificate_make(const char *name, EVP_PKEY *key)
{
    X509 *made = X509_new();
    must(made != NULL && X509_set_version(made, 2) == 1);
    ASN1_INTEGER_set(X509_get_serialNumber(made), 7);
    X509_gmtime_adj(X509_getm_notBefore(made), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made), 3600);
    must(X509_set_pubkey(made, key));
    X509_NAME *subject = X509_get_subject_name(made);
    must(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                    (const unsigned char *)name, -1, -1, 0));
    must(X509_set_issuer_name(made, subject));
    char names[128];
    snprintf(names, sizeof names, "DNS:%s,IP:127.0.0.1", name);
    X509_EXTENSION *extension =
        X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    must(extension != NULL && X509_add_ext(made, extension, -1) == 1);
    X509_EXTENSION_free(extension);
    must(X509_sign(made, key, EVP_sha256()) > 0);
    return made;
}

EVP_PKEY *certificate_write(const char *name, const char *certificate, const char *key)
{
    EVP_PKEY *pair = EVP_EC_gen("P-256");
    must(pair != NULL);
    X509 *made = certificate_make(name, pair);
    FILE *file = fopen(certificate, "w");
    must(file != NULL && PEM_write_X509(file, made) == 1 && fclose(file) == 0);
    file = fopen(key, "w");
    must(file != NULL &&
         PEM_write_PrivateKey(file, pair, NULL, NULL, 0, NULL, NULL) == 1 &&
         fclose(file) == 0);
    X509_free(made);
    return pair;
}

void key_write(const char *path, const char *phrase)
{
    EVP_PKEY *pair = EVP_EC_gen("P-256");
    FILE *file = fopen(path, "w");
    must(pair != NULL && file != NULL);
    must(PEM_write_PrivateKey(file, pair, phrase == NULL ? NULL : EVP_aes_128_cbc(),
                              (const unsigned char *)phrase,
                              phrase == NULL ? 0 : (int)strlen(phrase), NULL, NULL));
    must(fclose(file) == 0);
    EVP_PKEY_free(pair);
}
