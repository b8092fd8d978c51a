#include "engine/hub/private.h"

/* Names of types that this client may know of. */
static bool may_have(void *context, const struct tg_type *type)
{
    return peer_may_have(context, type);
}

void peer_refuse_type(const struct tg_hub *hub, const struct tg_peer *peer,
                      struct tg_slice name, struct tg_refusal *refusal)
{
    struct tg_slice quoted = tg_refusal_quote(name);
    if (peer->identity != NULL) {
        tg_refusal_set(refusal, TG_CODE_UNKNOWN_TYPE, "type",
                       "there is no event type \"%.*s\" that this client may have",
                       TG_FMT(quoted));
    } else {
        tg_refusal_set(refusal, TG_CODE_UNAUTHENTICATED, "type",
                       "there is no public event type \"%.*s\", and this client has not "
                       "said who it is: connect with a ticket or a session",
                       TG_FMT(quoted));
    }
    if (hub->roster != NULL) {
        struct tg_nearest nearest;
        tg_nearest_init(&nearest, name);
        tg_catalogue_nearest(hub->roster->catalogue, may_have, (void *)(uintptr_t)peer,
                             &nearest);
        tg_refusal_suggest_all(refusal, &nearest);
    }
}

/* False: they take more than a connection may. */
static bool write_types(struct tg_hub *hub, const struct tg_peer *peer,
                        const struct tg_message_id *id)
{
    const struct tg_catalogue *catalogue = hub->roster == NULL ? NULL
                                                               : hub->roster->catalogue;
    size_t size = catalogue == NULL ? 0 : tg_catalogue_size(catalogue);
    bool fits = true;
    tg_buf_clear(&hub->text);
    tg_write_types_begin(&hub->text, id, hub_catalogue_version(hub));
    for (size_t i = 0; i < size && fits; i++) {
        const struct tg_type *type = tg_catalogue_at(catalogue, i);
        if (peer_may_have(peer, type)) {
            tg_json_write_comma(&hub->text);
            tg_type_write(type, false, &hub->text);
            fits = hub->text.size + TG_OUTBOX_OVERHEAD <=
                   hub->config.connection_bytes_max;
        }
    }
    tg_write_types_end(&hub->text);
    return fits;
}

void hub_types(struct tg_hub *hub, struct tg_peer *peer, const struct tg_message *message)
{
    if (write_types(hub, peer, &message->id)) {
        peer_answer(hub, peer);
        return;
    }
    struct tg_refusal refusal;
    tg_refusal_set(&refusal, TG_CODE_TOO_LARGE, NULL,
                   "the list of event types takes more than the connection's limit of "
                   "%u bytes",
                   hub->config.connection_bytes_max);
    hub_refuse(hub, peer, &message->id, &refusal);
}
