#include "resolved.h"

#include <stdio.h>
#include <stdlib.h>
#include "num.h"

enum { BLOCK = 4096, WORD = 64 };

void resolved_init(struct resolved *r)
{
    dict_init(&r->blocks, RESOLVED_BLOCKS_MAX);
}

void resolved_fini(struct resolved *r)
{
    size_t at = 0;
    struct slice key;
    uint64_t v;
    while (dict_next(&r->blocks, &at, &key, &v))
        free((void *)(uintptr_t)v);
    dict_fini(&r->blocks);
}

bool resolved_is(const struct stream_message *m)
{
    return slice_eq_str(stream_header_get(m, "kind"), "resolved");
}

static struct slice block_name(struct slice partition, int64_t block, char out[RESOLVED_PLACE])
{
    snprintf(out, RESOLVED_PLACE, "%.*s/%lld", SLICE_ARG(slice_sub(partition, 0, STREAM_NAME_MAX)),
             (long long)block);
    return slice_str(out);
}

struct slice resolved_name(const struct stream_message *m, char out[RESOLVED_PLACE])
{
    return block_name(m->partition, m->offset, out);
}

bool resolved_place(struct slice name, struct slice *ret_partition, int64_t *ret_offset)
{
    struct slice rest = name, partition = slice_split(&rest, '/');
    uint64_t offset;
    if (partition.n == 0 || partition.n > STREAM_NAME_MAX || !num_u64(rest, &offset) ||
        offset > INT64_MAX)
        return false;
    *ret_partition = partition;
    *ret_offset = (int64_t)offset;
    return true;
}

int resolved_take(struct resolved *r, const struct stream_message *m, struct err *reterr)
{
    char name[RESOLVED_PLACE];
    struct slice partition;
    int64_t offset;
    bool is_new;
    if (!resolved_is(m) || !resolved_place(stream_header_get(m, "of"), &partition, &offset))
        return 0;
    struct slice key = block_name(partition, offset / BLOCK, name);
    uint64_t *v = dict_put(&r->blocks, key, &is_new);
    if (!v)
        return err_set(reterr, ERR_LIMIT, "more resolved refusals than can be told apart");
    if (is_new)
        *v = (uint64_t)(uintptr_t)calloc(BLOCK / WORD, sizeof(uint64_t));
    uint64_t *bits = (uint64_t *)(uintptr_t)*v;
    if (!bits) {
        dict_delete(&r->blocks, key);
        return err_set(reterr, ERR_NOMEM, "no memory for what is resolved");
    }
    bits[offset % BLOCK / WORD] |= UINT64_C(1) << (offset % WORD);
    return 0;
}

bool resolved_has(const struct resolved *r, struct slice partition, int64_t offset)
{
    char name[RESOLVED_PLACE];
    const uint64_t *v = dict_get(&r->blocks, block_name(partition, offset / BLOCK, name));
    const uint64_t *bits = v ? (const uint64_t *)(uintptr_t)*v : NULL;
    return bits && (bits[offset % BLOCK / WORD] >> (offset % WORD) & 1);
}
