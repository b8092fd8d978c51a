#include "engine/base/mem.h"
#include "engine/hub/private.h"

/* Peers that show the same: a user of an application, a session of it. */
struct tg_hub_group {
    struct tg_link peers;
    size_t key_size;
    uint8_t key[];
};

enum { BY_USER = 'u', BY_SESSION = 's' };
enum { KEY_MAX = 1 + TG_APP_BYTES_MAX + 1 + TG_USER_BYTES_MAX };

/* By what a group is known. */
struct key {
    size_t size;
    uint8_t bytes[KEY_MAX];
};

/* False: nobody has such a name. (Who has testing.claims has none, and no application.)
 */
static bool key_make(struct key *key, uint8_t by, struct tg_slice app,
                     struct tg_slice name)
{
    if (app.size == 0 || app.size > TG_APP_BYTES_MAX || name.size == 0 ||
        name.size > TG_USER_BYTES_MAX) {
        return false;
    }
    key->size = 1 + app.size + 1 + name.size;
    key->bytes[0] = by;
    memcpy(key->bytes + 1, app.data, app.size);
    key->bytes[1 + app.size] = 0; /* The application's name has none. */
    memcpy(key->bytes + 2 + app.size, name.data, name.size);
    return true;
}

static struct tg_slice group_key(const struct tg_hub_group *group)
{
    return tg_slice(group->key, group->key_size);
}

static struct tg_hub_group *group_find(const struct tg_hub *hub, const struct key *key)
{
    return tg_map_get(&hub->groups, tg_slice(key->bytes, key->size));
}

/* NULL without memory. */
static struct tg_hub_group *group_create(struct tg_hub *hub, const struct key *key)
{
    struct tg_hub_group *group = tg_alloc(sizeof *group + key->size);
    if (group == NULL) {
        return NULL;
    }
    tg_list_init(&group->peers);
    group->key_size = key->size;
    memcpy(group->key, key->bytes, key->size);
    if (tg_map_put(&hub->groups, group_key(group), group) != TG_OK) {
        tg_free(group);
        return NULL;
    }
    return group;
}

static enum tg_err place_enter(struct tg_hub *hub, struct tg_hub_place *place, uint8_t by,
                               struct tg_slice app, struct tg_slice name)
{
    struct key key;
    if (!key_make(&key, by, app, name)) {
        return TG_OK;
    }
    struct tg_hub_group *group = group_find(hub, &key);
    if (group == NULL) {
        group = group_create(hub, &key);
    }
    if (group == NULL) {
        return TG_ENOMEM;
    }
    place->group = group;
    tg_list_append(&group->peers, &place->link);
    return TG_OK;
}

static void place_leave(struct tg_hub *hub, struct tg_hub_place *place)
{
    struct tg_hub_group *group = place->group;
    if (group == NULL) {
        return;
    }
    tg_list_remove(&place->link);
    place->group = NULL;
    if (tg_list_empty(&group->peers)) {
        tg_map_remove(&hub->groups, group_key(group));
        tg_free(group);
    }
}

enum tg_err groups_enter(struct tg_hub *hub, struct tg_peer *peer)
{
    const struct tg_identity_facts *facts = &peer->identity->facts;
    enum tg_err err = place_enter(hub, &peer->of_user, BY_USER, facts->app, facts->user);
    if (err == TG_OK) {
        err = place_enter(hub, &peer->of_session, BY_SESSION, facts->app, facts->session);
    }
    if (err != TG_OK) {
        place_leave(hub, &peer->of_user);
    }
    return err;
}

void groups_leave(struct tg_hub *hub, struct tg_peer *peer)
{
    place_leave(hub, &peer->of_user);
    place_leave(hub, &peer->of_session);
}

static size_t place_weight(const struct tg_hub_place *place)
{
    return place->group == NULL ? 0
                                : sizeof *place->group + place->group->key_size +
                                      TG_HEAP_OVERHEAD + 3 * sizeof(struct tg_map_entry);
}

size_t groups_weight(const struct tg_peer *peer)
{
    return place_weight(&peer->of_user) + place_weight(&peer->of_session);
}

/* A walk over all peers whom a selection may mean. */

static struct tg_hub_walk walk_of(struct tg_link *head, size_t offset)
{
    return (struct tg_hub_walk){.head = head, .at = head, .offset = offset};
}

struct tg_hub_walk groups_walk(struct tg_hub *hub, const struct tg_selection *selection)
{
    bool by_session = selection->session.size != 0;
    struct key key;
    if (!by_session && selection->user.size == 0) {
        return walk_of(&hub->peers, offsetof(struct tg_peer, link));
    }
    struct tg_hub_group *group = NULL;
    if (key_make(&key, by_session ? BY_SESSION : BY_USER, selection->app,
                 by_session ? selection->session : selection->user)) {
        group = group_find(hub, &key);
    }
    return walk_of(group == NULL ? NULL : &group->peers,
                   by_session ? offsetof(struct tg_peer, of_session.link)
                              : offsetof(struct tg_peer, of_user.link));
}

struct tg_peer *walk_next(struct tg_hub_walk *walk)
{
    if (walk->head == NULL || walk->at->next == walk->head) {
        return NULL;
    }
    walk->at = walk->at->next;
    return (struct tg_peer *)(void *)((char *)walk->at - walk->offset);
}
