/* What a client shows in `connect`. */
#include "server/identity/identities.h"
#include "server/net/connection.h"

void tg_clients_address(void *context, const struct tg_peer *peer,
                        char text[TG_HUB_ADDRESS_SIZE])
{
    (void)context;
    tg_address_write(&TG_ENTRY(peer, struct client, peer)->address, text);
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
    enum tg_err err = tg_identities_admit(common->identities, credentials, wall_us(),
                                          admission, refusal);
    if (err == TG_OK) {
        int64_t left_ms = admission->expires_in_ms;
        client->expires_ms = left_ms > 0 ? now + (uint64_t)left_ms : now;
    } else if (refusal->code == TG_CODE_UNAUTHENTICATED) {
        tg_addresses_refused(common->addresses, &client->address, now);
    }
    return err;
}
