#include "problem.h"

#include "json.h"

static const char *title_of(int status)
{
    static const struct {
        int status;
        const char *title;
    } rows[] = {
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {413, "Content Too Large"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {431, "Request Header Fields Too Large"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].status == status)
            return rows[i].title;
    return "Error";
}

static void write(struct json_writer *w, int status, struct slice detail)
{
    json_object(w);
    json_key(w, SLICE("type"));
    json_string(w, SLICE("about:blank"));
    json_key(w, SLICE("title"));
    json_string(w, slice_str(title_of(status)));
    json_key(w, SLICE("status"));
    json_int(w, status);
    json_key(w, SLICE("detail"));
    json_string(w, detail);
    json_object_end(w);
}

struct slice problem_text(int status, struct slice detail, char out[PROBLEM_SIZE])
{
    struct json_writer *w = NULL;
    struct err ignored = {0};
    struct buf text;
    size_t n = 0;
    buf_init(&text, PROBLEM_SIZE);
    if (json_writer_open(&text, &w, &ignored) == 0)
        write(w, status, detail);
    json_writer_close(w);
    if (buf_ok(&text)) {
        memcpy(out, buf_slice(&text).p, text.n);
        n = text.n;
    }
    buf_fini(&text);
    return slice_make(out, n);
}

void problem_reply(struct http_exchange *x, int status, struct slice detail)
{
    char text[PROBLEM_SIZE];
    struct slice body = problem_text(status, detail, text);
    http_reply(x, status, PROBLEM_TYPE, body);
}
