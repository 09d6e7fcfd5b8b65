#include "json_stream.h"

#include <setjmp.h>
#include <yajl/yajl_parse.h>
#include "utf8.h"

/* yajl writes no deeper than 127; what is read can then be written again. */
enum { DEPTH_MAX = 120 };

const struct json_limits json_default_limits = {
    .bytes = 16 * 1024 * 1024, .depth = 64, .values = 1000 * 1000};

struct stream {
    struct slice text;
    struct json_limits limits;
    struct arena *arena;
    json_token_fn *fn;
    void *ctx;
    struct err *err;
    yajl_handle yajl;
    jmp_buf no_memory;
    size_t from, end; /* of the token at hand; end of the one before while it is looked at */
    unsigned depth, values;
    bool finishing; /* yajl is fed its own blank to end a number that ends the text */
};

/* yajl's memory comes from the arena; the size of each piece stands in front of it for realloc.
 * yajl does not test what it is given, so a full arena is left by a jump: nothing of yajl's needs
 * to be freed. */
enum { PIECE_HEAD = 16 };

static void *piece_alloc(void *ctx, size_t n)
{
    struct stream *s = ctx;
    char *p = arena_alloc(s->arena, PIECE_HEAD + n);
    if (!p)
        longjmp(s->no_memory, 1);
    memcpy(p, &n, sizeof(n));
    return p + PIECE_HEAD;
}

static void *piece_realloc(void *ctx, void *old, size_t n)
{
    char *p = piece_alloc(ctx, n);
    if (!old)
        return p;
    size_t had;
    memcpy(&had, (char *)old - PIECE_HEAD, sizeof(had));
    memcpy(p, old, had < n ? had : n);
    return p;
}

static void piece_free(void *ctx, void *p)
{
    (void)ctx;
    (void)p;
}

int json_at(struct slice text, size_t offset, struct err *reterr)
{
    size_t line = 1, start = 0;
    if (offset > text.n)
        offset = text.n;
    for (size_t i = 0; i < offset; i++) {
        if (text.p[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    return err_at(reterr, "line %zu, column %zu", line, offset - start + 1);
}

static bool between_tokens(char c)
{
    return c == ',' || c == ':' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Finds where the token began: blanks and separators are all that stands between two. */
static void place_token(struct stream *s)
{
    size_t at = s->end;
    while (at < s->text.n && between_tokens(s->text.p[at]))
        at++;
    s->from = at;
    s->end = s->finishing ? s->text.n : yajl_get_bytes_consumed(s->yajl);
}

static int deliver(struct stream *s, enum json_token_kind kind, struct slice text)
{
    const char *end = s->text.p + s->text.n;
    struct json_token token = {.kind = kind,
                               .stays = text.p >= s->text.p && text.p <= end,
                               .text = text,
                               .from = s->from,
                               .to = s->end};
    return s->fn(s->ctx, &token, s->err);
}

static int value(struct stream *s, enum json_token_kind kind, struct slice text)
{
    place_token(s);
    if (++s->values > s->limits.values) {
        err_set(s->err, ERR_LIMIT, "more than %u values", s->limits.values);
        return 0;
    }
    return deliver(s, kind, text);
}

static int open_value(struct stream *s, enum json_token_kind kind)
{
    if (++s->depth > s->limits.depth) {
        place_token(s);
        err_set(s->err, ERR_LIMIT, "nested more than %u deep", s->limits.depth);
        return 0;
    }
    return value(s, kind, SLICE_ABSENT);
}

static int close_value(struct stream *s, enum json_token_kind kind)
{
    s->depth--;
    place_token(s);
    return deliver(s, kind, SLICE_ABSENT);
}

static int on_null(void *ctx)
{
    return value(ctx, JSON_T_NULL, SLICE("null"));
}

static int on_bool(void *ctx, int v)
{
    return value(ctx, JSON_T_BOOL, v ? SLICE("true") : SLICE("false"));
}

static int on_number(void *ctx, const char *p, size_t n)
{
    return value(ctx, JSON_T_NUMBER, slice_make(p, n));
}

static struct slice bytes(const unsigned char *p, size_t n)
{
    return slice_make(n ? (const char *)p : "", n);
}

static int on_string(void *ctx, const unsigned char *p, size_t n)
{
    return value(ctx, JSON_T_STRING, bytes(p, n));
}

static int on_key(void *ctx, const unsigned char *p, size_t n)
{
    place_token(ctx);
    return deliver(ctx, JSON_T_KEY, bytes(p, n));
}

static int on_object(void *ctx)
{
    return open_value(ctx, JSON_T_OBJECT);
}

static int on_object_end(void *ctx)
{
    return close_value(ctx, JSON_T_OBJECT_END);
}

static int on_array(void *ctx)
{
    return open_value(ctx, JSON_T_ARRAY);
}

static int on_array_end(void *ctx)
{
    return close_value(ctx, JSON_T_ARRAY_END);
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_bool,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_object,
    .yajl_map_key = on_key,
    .yajl_end_map = on_object_end,
    .yajl_start_array = on_array,
    .yajl_end_array = on_array_end,
};

/* The four digits of a \u escape at p, or -1. */
static int hex4(const char *p, const char *end)
{
    int v = 0;
    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        v = v << 4 | digit;
    }
    return v;
}

/* First escape that is half a surrogate pair, or NULL: yajl would make '?' or broken UTF-8 of it.
 * A backslash stands in strings only; other faults of escapes are left to yajl. */
static const char *lone_surrogate(struct slice text)
{
    const char *end = text.p + text.n;
    const char *p = text.p;
    while ((p = memchr(p, '\\', (size_t)(end - p)))) {
        if (end - p < 2)
            return NULL;
        int unit = p[1] == 'u' ? hex4(p + 2, end) : -1;
        if (unit < 0xd800 || unit > 0xdfff) {
            p += 2;
            continue;
        }
        const char *next = p + 6;
        int second =
            end - next >= 2 && next[0] == '\\' && next[1] == 'u' ? hex4(next + 2, end) : -1;
        if (unit >= 0xdc00 || second < 0xdc00 || second > 0xdfff)
            return p;
        p = next + 6;
    }
    return NULL;
}

/* First control character that JSON allows nowhere, or text.n: yajl would take vertical tab and
 * form feed for blanks (RFC 8259 §2 does not). */
static size_t control_character(struct slice text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < ' ' && text.p[i] != '\n' && text.p[i] != '\r' &&
            text.p[i] != '\t')
            return i;
    return text.n;
}

static int check_bytes(struct slice text, const struct json_limits *limits, struct err *reterr)
{
    if (text.n > limits->bytes)
        return err_set(reterr, ERR_LIMIT, "JSON of %zu bytes; no more than %zu are taken", text.n,
                       limits->bytes);
    size_t valid = utf8_span(text);
    if (valid < text.n) {
        err_set(reterr, ERR_INPUT, "not UTF-8");
        return json_at(text, valid, reterr);
    }
    size_t control = control_character(text);
    if (control < text.n) {
        err_set(reterr, ERR_INPUT, "control character 0x%02x", (unsigned)text.p[control]);
        return json_at(text, control, reterr);
    }
    const char *lone = text.n ? lone_surrogate(text) : NULL;
    if (lone) {
        err_set(reterr, ERR_INPUT, "escape is half of a surrogate pair");
        return json_at(text, (size_t)(lone - text.p), reterr);
    }
    return 0;
}

/* yajl's own message without its quotation of the text. */
static int syntax_error(struct stream *s)
{
    struct slice said = slice_str((const char *)yajl_get_error(s->yajl, 0, NULL, 0));
    said = slice_sub(said, 0, slice_find(said, '\n'));
    err_set(s->err, ERR_INPUT, "%.*s", SLICE_ARG(said));
    size_t at = s->finishing ? s->text.n : yajl_get_bytes_consumed(s->yajl);
    return json_at(s->text, at, s->err);
}

static int run(struct stream *s)
{
    yajl_alloc_funcs funcs = {
        .malloc = piece_alloc, .realloc = piece_realloc, .free = piece_free, .ctx = s};
    if (setjmp(s->no_memory))
        return err_set(s->err, ERR_LIMIT, "JSON needs more than the %zu bytes of memory given",
                       s->arena->max);
    s->yajl = yajl_alloc(&callbacks, &funcs, s);
    yajl_config(s->yajl, yajl_dont_validate_strings, 1);
    yajl_status status = yajl_parse(s->yajl, (const unsigned char *)s->text.p, s->text.n);
    if (status == yajl_status_ok) {
        s->finishing = true;
        status = yajl_complete_parse(s->yajl);
    }
    if (status == yajl_status_client_canceled)
        return json_at(s->text, s->from, s->err);
    return status == yajl_status_ok ? 0 : syntax_error(s);
}

int json_stream(struct slice text, const struct json_limits *limits, struct arena *arena,
                json_token_fn *fn, void *ctx, struct err *reterr)
{
    if (!slice_present(text))
        text = SLICE("");
    if (check_bytes(text, limits, reterr))
        return -1;
    struct stream s = {
        .text = text, .limits = *limits, .arena = arena, .fn = fn, .ctx = ctx, .err = reterr};
    if (s.limits.depth > DEPTH_MAX)
        s.limits.depth = DEPTH_MAX;
    return run(&s);
}
