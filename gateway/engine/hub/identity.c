#include "engine/base/mem.h"
#include "engine/hub/private.h"

static enum tg_err out_of_memory(struct tg_refusal *refusal)
{
    tg_refusal_set(refusal, TG_CODE_OVERLOADED, NULL, "out of memory");
    return TG_ENOMEM;
}

/* For tests: a client says itself what is known of it. */
static enum tg_err believe(struct tg_hub *hub, struct tg_slice claims,
                           struct tg_admission *admission, struct tg_refusal *refusal)
{
    const struct tg_identity_facts facts = {
        .client = hub->config.random(hub->config.context),
        .claims = claims,
    };
    struct tg_account *account = tg_account_create();
    if (account == NULL) {
        return out_of_memory(refusal);
    }
    admission->identity = tg_identity_create(&facts, account);
    if (admission->identity != NULL) {
        (void)tg_account_connect(account, 0);
    }
    tg_account_unref(account);
    return admission->identity == NULL ? out_of_memory(refusal) : TG_OK;
}

/* Who says `message`? `admission` is all zero before; an anonymous client leaves it so.
 */
static enum tg_err admit(struct tg_hub *hub, struct tg_peer *peer,
                         const struct tg_message *message, struct tg_admission *admission,
                         struct tg_refusal *refusal)
{
    struct tg_credentials credentials = {.ticket = message->ticket,
                                         .session = message->session};
    if (message->claims.size != 0) {
        return believe(hub, message->claims, admission, refusal);
    }
    if (credentials.ticket.size == 0 && credentials.session.size == 0) {
        return TG_OK;
    }
    if (hub->config.identify == NULL) {
        const char *member = credentials.ticket.size != 0 ? "ticket" : "session";
        tg_refusal_set(refusal, TG_CODE_NOT_SUPPORTED, member,
                       "this gateway does not support \"%s\"", member);
        return TG_EINVAL;
    }
    return hub->config.identify(hub->config.context, peer, &credentials, admission,
                                refusal);
}

/* The peer's program, and its place among those of its identity. On failure what was done
 * is peer_forget's. */
static enum tg_err settle(struct tg_hub *hub, struct tg_peer *peer,
                          struct tg_slice program)
{
    size_t bytes = 0;
    if (program.size != 0) {
        uint8_t *copy = tg_alloc(program.size);
        if (copy == NULL) {
            return TG_ENOMEM;
        }
        memcpy(copy, program.data, program.size);
        peer->program = tg_slice(copy, program.size);
        bytes += program.size + TG_HEAP_OVERHEAD;
    }
    if (peer->identity != NULL) {
        if (groups_enter(hub, peer) != TG_OK) {
            return TG_ENOMEM;
        }
        bytes += tg_identity_weight(peer->identity) + groups_weight(peer);
    }
    peer->identity_bytes = (uint32_t)bytes;
    return TG_OK;
}

void peer_forget(struct tg_hub *hub, struct tg_peer *peer)
{
    groups_leave(hub, peer);
    if (peer->identity != NULL) {
        tg_account_disconnect(peer->identity->account);
        tg_identity_unref(peer->identity);
        peer->identity = NULL;
    }
    tg_free((void *)(uintptr_t)peer->program.data);
    peer->program = tg_slice(NULL, 0);
    peer->identity_bytes = 0;
}

static void refuse(struct tg_hub *hub, struct tg_peer *peer,
                   const struct tg_message_id *id, const struct tg_refusal *refusal)
{
    hub_refuse(hub, peer, id, refusal);
    if (refusal->code == TG_CODE_UNAUTHENTICATED &&
        tg_session_refuse(&peer->session, hub->config.refused_connects_max) ==
            TG_VERDICT_CLOSE) {
        peer_close(hub, peer, TG_CLOSE_TRY_AGAIN_LATER);
    }
}

static void answer(struct tg_hub *hub, struct tg_peer *peer,
                   const struct tg_message_id *id, const struct tg_admission *admission)
{
    const struct tg_connected connected = {
        .client = peer->session.client,
        .user = peer->identity == NULL ? tg_slice(NULL, 0) : peer->identity->facts.user,
        .token = admission->token[0] == '\0' ? NULL : admission->token,
        .expires_in_ms = admission->expires_in_ms,
        .catalogue = hub_catalogue_version(hub),
        .ping_interval_ms = hub->config.ping_interval_ms,
        .message_bytes_max = hub->config.message_bytes_max,
        .subscriptions_max = hub->config.subscriptions_max,
    };
    tg_buf_clear(&hub->text);
    tg_write_connected(&hub->text, id, &connected);
    peer_answer(hub, peer);
    if (hub->text.size != 0) {
        explicit_bzero(hub->text.data, hub->text.size); /* The token stands in it. */
    }
}

void hub_connect(struct tg_hub *hub, struct tg_peer *peer,
                 const struct tg_message *message)
{
    struct tg_admission admission = {0};
    struct tg_refusal refusal;
    if (admit(hub, peer, message, &admission, &refusal) != TG_OK) {
        refuse(hub, peer, &message->id, &refusal);
        return;
    }
    peer->identity = admission.identity;
    if (settle(hub, peer, message->client) == TG_OK) {
        tg_session_open(&peer->session, peer->identity != NULL
                                            ? peer->identity->facts.client
                                            : hub->config.random(hub->config.context));
        answer(hub, peer, &message->id, &admission);
    } else {
        /* The ticket is spent, and the answer with the session would be lost. */
        peer_forget(hub, peer);
        peer_close(hub, peer, TG_CLOSE_INTERNAL_ERROR);
    }
    explicit_bzero(admission.token, sizeof admission.token);
}
