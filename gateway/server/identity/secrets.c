#include "server/identity/secrets.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdlib.h>

#include "server/log/log.h"

/* OpenSSL fails here only without memory or without its own parts. */
static void must(bool went_well)
{
    if (!went_well) {
        tg_error("identity.no_crypto", TG_F("reason", "OpenSSL refused"));
        abort();
    }
}

void tg_secrets_random(uint8_t *bytes, size_t size)
{
    must(RAND_bytes(bytes, (int)size) == 1);
}

void tg_secrets_digest(struct tg_slice text, uint8_t digest[TG_MAC_BYTES])
{
    must(SHA256(text.data, text.size, digest) != NULL);
}

void tg_secrets_mac(struct tg_slice key, struct tg_slice bytes, uint8_t mac[TG_MAC_BYTES])
{
    unsigned size = 0;
    must(HMAC(EVP_sha256(), key.data, (int)key.size, bytes.data, bytes.size, mac,
              &size) != NULL &&
         size == TG_MAC_BYTES);
}

bool tg_secrets_verify(const uint8_t key[TG_ED25519_BYTES], struct tg_slice text,
                       const uint8_t signature[TG_ED25519_SIGNATURE_BYTES])
{
    EVP_PKEY *owner =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, TG_ED25519_BYTES);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool right = owner != NULL && context != NULL &&
                 EVP_DigestVerifyInit(context, NULL, NULL, NULL, owner) == 1 &&
                 EVP_DigestVerify(context, signature, TG_ED25519_SIGNATURE_BYTES,
                                  text.data, text.size) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(owner);
    ERR_clear_error(); /* Whoever does TLS on this thread looks there. */
    return right;
}
