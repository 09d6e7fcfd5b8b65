#include "lane.h"

#include <stdlib.h>

void lanes_init(struct lanes *l, size_t max)
{
    *l = (struct lanes){0};
    dict_init(&l->by_key, max);
}

void lanes_fini(struct lanes *l)
{
    size_t at = 0;
    struct slice key;
    uint64_t value;
    while (dict_next(&l->by_key, &at, &key, &value))
        free((struct lane *)(uintptr_t)value);
    while (l->spare) {
        struct lane *lane = l->spare;
        l->spare = lane->free_next;
        free(lane);
    }
    dict_fini(&l->by_key);
    free(l->heap);
    *l = (struct lanes){0};
}

struct lane *lanes_find(const struct lanes *l, struct slice key)
{
    uint64_t *v = dict_get(&l->by_key, key);
    return v ? (struct lane *)(uintptr_t)*v : NULL;
}

/* The heap has a place for every lane that lives: sleeping never fails. */
static bool heap_room(struct lanes *l)
{
    if (l->count < l->heap_cap)
        return true;
    size_t cap = l->heap_cap ? l->heap_cap * 2 : 64;
    struct lane **heap = realloc(l->heap, cap * sizeof(struct lane *));
    if (!heap)
        return false;
    l->heap = heap;
    l->heap_cap = cap;
    return true;
}

static struct lane *lane_new(struct lanes *l, struct slice key)
{
    struct lane *lane = l->spare;
    if (!heap_room(l) || (!lane && !(lane = malloc(sizeof(*lane)))))
        return NULL;
    uint64_t *slot = dict_put(&l->by_key, key, NULL);
    if (!slot) {
        if (lane != l->spare)
            free(lane);
        return NULL;
    }
    if (lane == l->spare)
        l->spare = lane->free_next;
    *lane = (struct lane){.key = key, .fail_since = -1};
    *slot = (uint64_t)(uintptr_t)lane;
    l->count++;
    return lane;
}

int lanes_push(struct lanes *l, struct sched_item *item, bool *ret_new)
{
    struct lane *lane = lanes_find(l, item->key);
    *ret_new = !lane;
    if (!lane && !(lane = lane_new(l, item->key)))
        return -1;
    item->lane = lane;
    item->next = NULL;
    item->prev = lane->tail;
    if (lane->tail)
        lane->tail->next = item;
    else
        lane->head = item;
    lane->tail = item;
    return 0;
}

bool lanes_remove(struct lanes *l, struct sched_item *item)
{
    struct lane *lane = item->lane;
    if (item->prev)
        item->prev->next = item->next;
    else
        lane->head = item->next;
    if (item->next)
        item->next->prev = item->prev;
    else
        lane->tail = item->prev;
    item->lane = NULL;
    if (lane->head) {
        lane->key = lane->head->key;
        return false;
    }
    lanes_nowhere(l, lane);
    dict_delete(&l->by_key, item->key);
    lane->free_next = l->spare;
    l->spare = lane;
    l->count--;
    return true;
}

static void heap_put(struct lanes *l, size_t at, struct lane *lane)
{
    l->heap[at] = lane;
    lane->heap_at = at;
}

static void heap_up(struct lanes *l, size_t at, struct lane *lane)
{
    for (; at && l->heap[(at - 1) / 2]->wake > lane->wake; at = (at - 1) / 2)
        heap_put(l, at, l->heap[(at - 1) / 2]);
    heap_put(l, at, lane);
}

static void heap_down(struct lanes *l, size_t at, struct lane *lane)
{
    for (;;) {
        size_t child = at * 2 + 1;
        if (child + 1 < l->sleeping && l->heap[child + 1]->wake < l->heap[child]->wake)
            child++;
        if (child >= l->sleeping || l->heap[child]->wake >= lane->wake)
            break;
        heap_put(l, at, l->heap[child]);
        at = child;
    }
    heap_put(l, at, lane);
}

static void heap_remove(struct lanes *l, size_t at)
{
    struct lane *last = l->heap[--l->sleeping];
    if (at == l->sleeping)
        return;
    if (at && l->heap[(at - 1) / 2]->wake > last->wake)
        heap_up(l, at, last);
    else
        heap_down(l, at, last);
}

static void ready_remove(struct lanes *l, struct lane *lane)
{
    if (lane->ready_prev)
        lane->ready_prev->ready_next = lane->ready_next;
    else
        l->ready = lane->ready_next;
    if (lane->ready_next)
        lane->ready_next->ready_prev = lane->ready_prev;
    else
        l->ready_last = lane->ready_prev;
    lane->ready_next = lane->ready_prev = NULL;
}

void lanes_nowhere(struct lanes *l, struct lane *lane)
{
    if (lane->place == LANE_READY)
        ready_remove(l, lane);
    else if (lane->place == LANE_ASLEEP)
        heap_remove(l, lane->heap_at);
    lane->place = LANE_NOWHERE;
}

void lanes_ready(struct lanes *l, struct lane *lane)
{
    if (lane->place == LANE_READY)
        return;
    lanes_nowhere(l, lane);
    lane->place = LANE_READY;
    lane->ready_prev = l->ready_last;
    if (l->ready_last)
        l->ready_last->ready_next = lane;
    else
        l->ready = lane;
    l->ready_last = lane;
}

void lanes_sleep(struct lanes *l, struct lane *lane, int64_t wake)
{
    lanes_nowhere(l, lane);
    lane->place = LANE_ASLEEP;
    lane->wake = wake;
    heap_up(l, l->sleeping++, lane);
}

struct lane *lanes_take_ready(struct lanes *l)
{
    struct lane *lane = l->ready;
    if (lane)
        lanes_nowhere(l, lane);
    return lane;
}

struct lane *lanes_take_awake(struct lanes *l, int64_t now)
{
    if (!l->sleeping || l->heap[0]->wake > now)
        return NULL;
    struct lane *lane = l->heap[0];
    lanes_nowhere(l, lane);
    return lane;
}

int64_t lanes_wake(const struct lanes *l)
{
    return l->sleeping ? l->heap[0]->wake : -1;
}
