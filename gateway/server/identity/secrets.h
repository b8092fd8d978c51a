/* What OpenSSL does for identities. */
#ifndef TG_IDENTITY_SECRETS_H
#define TG_IDENTITY_SECRETS_H

#include "engine/base/slice.h"

enum { TG_MAC_BYTES = 32, TG_ED25519_BYTES = 32, TG_ED25519_SIGNATURE_BYTES = 64 };

/* Without randomness the process ends: nobody's identity would mean anything. */
void tg_secrets_random(uint8_t *bytes, size_t size);
/* SHA-256. */
void tg_secrets_digest(struct tg_slice text, uint8_t digest[TG_MAC_BYTES]);
/* HMAC-SHA-256. */
void tg_secrets_mac(struct tg_slice key, struct tg_slice bytes,
                    uint8_t mac[TG_MAC_BYTES]);
/* Did the owner of this Ed25519 key sign the text? */
bool tg_secrets_verify(const uint8_t key[TG_ED25519_BYTES], struct tg_slice text,
                       const uint8_t signature[TG_ED25519_SIGNATURE_BYTES]);

#endif
