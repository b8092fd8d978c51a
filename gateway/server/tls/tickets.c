#include "server/tls/tickets.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>
#include <time.h>

static int64_t now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static bool key_make(struct tg_ticket_key *key)
{
    return RAND_bytes((unsigned char *)key, (int)sizeof *key) == 1;
}

bool tg_tls_tickets_init(struct tg_tls_tickets *tickets)
{
    pthread_mutex_init(&tickets->lock, NULL);
    tickets->born_s = now_s();
    return key_make(&tickets->keys[0]) && key_make(&tickets->keys[1]);
}

void tg_tls_tickets_finish(struct tg_tls_tickets *tickets)
{
    explicit_bzero(tickets->keys, sizeof tickets->keys);
    pthread_mutex_destroy(&tickets->lock);
}

static bool rotate_locked(struct tg_tls_tickets *tickets)
{
    struct tg_ticket_key made;
    bool right = key_make(&made);
    if (right) {
        tickets->keys[1] = tickets->keys[0];
        tickets->keys[0] = made;
        tickets->born_s = now_s();
    }
    explicit_bzero(&made, sizeof made);
    return right;
}

bool tg_tls_tickets_rotate(struct tg_tls_tickets *tickets)
{
    pthread_mutex_lock(&tickets->lock);
    bool right = rotate_locked(tickets);
    pthread_mutex_unlock(&tickets->lock);
    return right;
}

bool tg_tls_tickets_forget(struct tg_tls_tickets *tickets)
{
    pthread_mutex_lock(&tickets->lock);
    bool right = rotate_locked(tickets) && rotate_locked(tickets);
    pthread_mutex_unlock(&tickets->lock);
    return right;
}

/* No key makes tickets, or is good, for longer than it should. */
static bool renew_locked(struct tg_tls_tickets *tickets)
{
    int64_t age_s = now_s() - tickets->born_s;
    return age_s < TG_TICKETS_LIFE_S ||
           (rotate_locked(tickets) &&
            (age_s < 2 * TG_TICKETS_LIFE_S || rotate_locked(tickets)));
}

/* The key to make a ticket with (`name` NULL), or the one that made the ticket of this
 * name; its place, or -1. */
static int key_take(struct tg_tls_tickets *tickets, const uint8_t *name,
                    struct tg_ticket_key *key)
{
    int at = -1;
    pthread_mutex_lock(&tickets->lock);
    bool right = renew_locked(tickets);
    for (int i = 0; right && at < 0 && i < 2; i++) {
        if (name == NULL ||
            memcmp(name, tickets->keys[i].name, sizeof tickets->keys[i].name) == 0) {
            *key = tickets->keys[i];
            at = i;
        }
    }
    pthread_mutex_unlock(&tickets->lock);
    return at;
}

static bool mac_begin(EVP_MAC_CTX *mac, struct tg_ticket_key *key)
{
    OSSL_PARAM params[3] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key->mac, sizeof key->mac),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* What OpenSSL wants to hear. */
enum { FAILED = -1, NOT_OURS = 0, GOOD = 1, GOOD_BUT_OLD = 2 };

static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv,
                     EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int makes)
{
    struct tg_tls_tickets *tickets = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    struct tg_ticket_key key;
    int at = key_take(tickets, makes ? NULL : name, &key);
    if (at < 0) {
        return makes ? FAILED : NOT_OURS;
    }
    bool right = mac_begin(mac, &key);
    if (makes) {
        memcpy(name, key.name, sizeof key.name);
        right = right && RAND_bytes(iv, EVP_MAX_IV_LENGTH) == 1 &&
                EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.cipher, iv) == 1;
    } else {
        right = right &&
                EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), NULL, key.cipher, iv) == 1;
    }
    explicit_bzero(&key, sizeof key);
    return !right ? FAILED : at == 0 ? GOOD : GOOD_BUT_OLD;
}

bool tg_tls_tickets_serve(struct tg_tls_tickets *tickets, SSL_CTX *context)
{
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_timeout(context, TG_TICKETS_LIFE_S);
    return SSL_CTX_set_app_data(context, tickets) == 1 &&
           SSL_CTX_set_num_tickets(context, 1) == 1 &&
           SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket) == 1;
}
