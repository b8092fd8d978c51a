/* A doubly linked ring of links that live inside what is listed. The list head is a
 * link too; a link that is in no list points at itself. */
#ifndef TG_BASE_LIST_H
#define TG_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct tg_link {
    struct tg_link *prev;
    struct tg_link *next;
};

/* The structure of `type` whose member `member` is the link. */
#define TG_ENTRY(link, type, member) \
    ((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline void tg_list_init(struct tg_link *head)
{
    head->prev = head;
    head->next = head;
}

static inline bool tg_list_empty(const struct tg_link *head)
{
    return head->next == head;
}

static inline void tg_list_append(struct tg_link *head, struct tg_link *link)
{
    link->prev = head->prev;
    link->next = head;
    head->prev->next = link;
    head->prev = link;
}

/* Take `link` out of whichever list it is in; harmless if it is in none. */
static inline void tg_list_remove(struct tg_link *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    tg_list_init(link);
}

/* Move all of `from` to the end of `to`. */
static inline void tg_list_move_all(struct tg_link *to, struct tg_link *from)
{
    if (tg_list_empty(from)) {
        return;
    }
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    tg_list_init(from);
}

#endif
