/* What a client shows in `connect`. */
#include <time.h>

#include "server/identity/identities.h"
#include "server/net/connection.h"

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

enum tg_err tg_clients_identify(void *context, struct tg_peer *peer,
                                struct tg_credentials *credentials,
                                struct tg_admission *admission,
                                struct tg_refusal *refusal)
{
    struct client *client = TG_ENTRY(peer, struct client, peer);
    struct tg_shard_common *common = client->clients->common;
    uint64_t now = tg_net_now(client->conn.net);
    (void)context;
    if (client->origin != NULL) {
        credentials->origin = tg_slice_of(client->origin);
    }
    enum tg_err err = tg_identities_admit(common->identities, credentials, now_us(),
                                          admission, refusal);
    if (err == TG_OK) {
        int64_t left_ms = admission->expires_in_ms;
        client->expires_ms = left_ms > 0 ? now + (uint64_t)left_ms : now;
    } else if (err == TG_EINVAL) {
        client->refusals++;
        tg_addresses_refused(common->addresses, &client->address, now);
    }
    return err;
}
