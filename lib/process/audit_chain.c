#include "audit_chain.h"

#include "json.h"
#include "num.h"

void audit_hash(struct digest *keyed, const unsigned char prev[DIGEST_SIZE], struct slice value,
                unsigned char out[DIGEST_SIZE])
{
    digest_begin(keyed);
    digest_add(keyed, slice_make((const char *)prev, DIGEST_SIZE));
    digest_add(keyed, value);
    digest_end(keyed, out);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool audit_unhex(struct slice hex, unsigned char out[DIGEST_SIZE])
{
    if (hex.n != DIGEST_HEX - 1)
        return false;
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        int high = hex_digit(hex.p[2 * i]), low = hex_digit(hex.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

bool audit_link_read(const struct stream_message *m, struct audit_link *ret)
{
    return num_u64(stream_header_get(m, "seq"), &ret->seq) &&
           audit_unhex(stream_header_get(m, "hash"), ret->hash) &&
           audit_unhex(stream_header_get(m, "prev"), ret->prev);
}

bool audit_value_is(struct slice value, uint64_t seq, struct slice writer)
{
    struct arena arena;
    struct json *object;
    struct err e;
    uint64_t found = 0;
    arena_init(&arena, 1 << 20);
    bool same = json_read(value, &json_default_limits, &arena, &object, &e) == 0 &&
                num_u64(json_text(object, "seq"), &found) && found == seq &&
                slice_eq(json_text(object, "writer"), writer);
    arena_fini(&arena);
    return same;
}
