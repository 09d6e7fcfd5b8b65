#include "unknown_codes.h"

#include <stdio.h>
#include <stdlib.h>

const struct slice unknown_code_flag = {"unmapped_code:", 14};

enum { TEXT_MAX = 256, PATH_MAX_LEN = 128, SHOWN_MAX = 16, SHOWN_PERSONAL_MAX = 3 };

int unknown_codes_open(struct unknown_codes *u, unsigned max, bool reveal, struct err *reterr)
{
    *u = (struct unknown_codes){.max = max, .reveal = reveal};
    arena_init(&u->arena, (size_t)max * 4 * TEXT_MAX);
    dict_init(&u->index, max);
    u->rows = calloc(max, sizeof(*u->rows));
    return u->rows ? 0 : err_set(reterr, ERR_NOMEM, "no memory to count codes");
}

void unknown_codes_close(struct unknown_codes *u)
{
    free(u->rows);
    dict_fini(&u->index);
    arena_fini(&u->arena);
}

/* ---- what the field held ---- */

/* Fields whose code stands elsewhere, and the tables they are looked up in. */
static const struct {
    const char *field, *raw, *table;
} elsewhere[] = {
    {"visit.class_group", "data.visit.class", "patient_class"},
    {"care.destination_group", "data.care.discharge_destination.raw", "discharge_destination"},
};
enum { ELSEWHERE = sizeof(elsewhere) / sizeof(elsewhere[0]) };

static int field_at(struct slice field, const char *member)
{
    char path[PATH_MAX_LEN];
    int n = snprintf(path, sizeof(path), "data.%.*s%s", SLICE_ARG(field), member);
    return n < (int)sizeof(path) ? event_field_find(slice_make(path, (size_t)n)) : -1;
}

static struct slice value_at(const struct event *e, int field)
{
    return field < 0 ? SLICE_ABSENT : event_get(e, (unsigned)field);
}

/* A place is known by site and ward, as in the site's table. */
static bool is_place(struct slice field)
{
    return field_at(field, ".ward") >= 0;
}

static struct slice place_of(const struct event *e, struct slice field, char text[TEXT_MAX])
{
    struct slice site = value_at(e, field_at(field, ".site"));
    struct slice ward = value_at(e, field_at(field, ".ward"));
    if (!slice_present(site))
        site = event_get(e, EV_DATA_PROVIDER);
    if (!slice_present(ward))
        return SLICE_ABSENT;
    int n = snprintf(text, TEXT_MAX, "%.*s/%.*s", SLICE_ARG(site), SLICE_ARG(ward));
    return slice_make(text, n < TEXT_MAX ? (size_t)n : TEXT_MAX - 1);
}

static struct slice raw_of(const struct event *e, struct slice field, char text[TEXT_MAX])
{
    for (unsigned i = 0; i < ELSEWHERE; i++)
        if (slice_eq_str(field, elsewhere[i].field))
            return value_at(e, event_field_find(slice_str(elsewhere[i].raw)));
    if (is_place(field))
        return place_of(e, field, text);
    int raw = field_at(field, ".raw");
    return value_at(e, raw >= 0 ? raw : field_at(field, ""));
}

static struct slice table_of(struct slice field)
{
    for (unsigned i = 0; i < ELSEWHERE; i++)
        if (slice_eq_str(field, elsewhere[i].field))
            return slice_str(elsewhere[i].table);
    if (is_place(field))
        return SLICE("location");
    int code = field_at(field, ".code");
    return code >= 0 && event_fields[code].codes ? slice_str(event_fields[code].codes)
                                                 : SLICE_ABSENT;
}

/* ---- what of it may be seen ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Short, without blanks, and few digits: no name and no number of a person looks so, a date of
 * birth (8 digits) and an NHS number (10) within it included. SNOMED CT's have more digits, and
 * nothing else. */
static bool may_show(struct slice raw, bool personal)
{
    enum { DIGITS_MAX = 7, SCTID_MIN = 15, SCTID_MAX = 18 };
    size_t digits = 0;
    for (size_t i = 0; i < raw.n; i++) {
        if (!is_digit(raw.p[i]) && !is_letter(raw.p[i]) && !memchr("_.:/^-+*", raw.p[i], 8))
            return false;
        digits += is_digit(raw.p[i]);
    }
    if (digits > DIGITS_MAX)
        return digits == raw.n && raw.n >= SCTID_MIN && raw.n <= SCTID_MAX;
    return raw.n <= (personal ? SHOWN_PERSONAL_MAX : SHOWN_MAX);
}

static struct slice shape(struct slice raw, char text[TEXT_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < raw.n && n < TEXT_MAX; i++) {
        char c = raw.p[i];
        if ((unsigned char)c >= 0x80 && (c & 0xc0) == 0x80)
            continue; /* the rest of a character */
        text[n++] = is_digit(c)                                ? '9'
                    : is_letter(c) || (unsigned char)c >= 0x80 ? 'x'
                    : c < 0x20 || c == 0x7f                    ? '?'
                                                               : c;
    }
    return slice_make(text, n);
}

static bool is_personal(struct slice field)
{
    int raw = field_at(field, ".raw");
    raw = raw >= 0 ? raw : field_at(field, "");
    return raw >= 0 && event_fields[raw].personal;
}

/* ---- counting ---- */

static struct unknown_code *row_of(struct unknown_codes *u, struct slice source, struct slice field,
                                   struct slice code)
{
    char key[3 * TEXT_MAX];
    bool fresh;
    int n = snprintf(key, sizeof(key), "%.*s\n%.*s\n%.*s", SLICE_ARG(source), SLICE_ARG(field),
                     SLICE_ARG(code));
    uint64_t *at = dict_put(
        &u->index, slice_make(key, (size_t)n < sizeof(key) ? (size_t)n : sizeof(key) - 1), &fresh);
    if (!at)
        return NULL;
    if (!fresh)
        return &u->rows[*at];
    struct unknown_code *r = &u->rows[u->n];
    *r = (struct unknown_code){.source = arena_copy(&u->arena, source),
                               .field = arena_copy(&u->arena, field),
                               .code = code.n ? arena_copy(&u->arena, code) : SLICE_ABSENT,
                               .table = table_of(field)};
    *at = u->n++;
    return r;
}

static void count(struct unknown_codes *u, const struct event *e, struct slice source,
                  struct slice field, struct slice received)
{
    char text[TEXT_MAX], masked[TEXT_MAX];
    struct slice raw = slice_sub(raw_of(e, field, text), 0, TEXT_MAX);
    if (!u->reveal && !may_show(raw, is_personal(field)))
        raw = shape(raw, masked);
    struct unknown_code *r = row_of(u, source, field, raw);
    if (!r) {
        u->others++;
        return;
    }
    r->count++;
    if (received.n < sizeof(r->last) && slice_cmp(received, slice_str(r->last)) > 0)
        snprintf(r->last, sizeof(r->last), "%.*s", SLICE_ARG(received));
}

void unknown_codes_add(struct unknown_codes *u, const struct event *e, struct slice source,
                       struct slice received)
{
    unsigned n = event_count(e, EV_DATA_QUALITY);
    for (unsigned i = 0; i < n; i++) {
        struct slice flag = event_nth(e, EV_DATA_QUALITY, i);
        if (slice_starts(flag, unknown_code_flag))
            count(u, e, source, slice_sub(flag, unknown_code_flag.n, flag.n), received);
    }
}

static int by_count(const void *a, const void *b)
{
    const struct unknown_code *x = a, *y = b;
    int order = (x->count < y->count) - (x->count > y->count);
    if (!order)
        order = slice_cmp(x->source, y->source);
    if (!order)
        order = slice_cmp(x->field, y->field);
    return order ? order : slice_cmp(x->code, y->code);
}

void unknown_codes_sort(struct unknown_codes *u)
{
    qsort(u->rows, u->n, sizeof(*u->rows), by_count);
}
