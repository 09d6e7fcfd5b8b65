#include "retried.h"

#include <stdio.h>

void retried_init(struct retried *r)
{
    r->resolved = r->events = r->stay = r->not_configured = 0;
    r->already[0] = r->stopped[0] = '\0';
}

void retried_leave(struct retried *r, const char *name, const char *why)
{
    if (r->stay < RETRIED_LEFT_MAX) {
        snprintf(r->left[r->stay].name, sizeof(r->left[0].name), "%s", name);
        snprintf(r->left[r->stay].why, sizeof(r->left[0].why), "%s", why);
    }
    r->stay++;
}

void retried_stop(struct retried *r, const char *why)
{
    if (!*r->stopped)
        snprintf(r->stopped, sizeof(r->stopped), "%s", why);
}

static void put_count(struct json_writer *w, const char *name, uint64_t n)
{
    json_key(w, slice_str(name));
    json_int(w, (int64_t)n);
}

static void put_text(struct json_writer *w, const char *name, const char *text)
{
    if (!*text)
        return;
    json_key(w, slice_str(name));
    json_string(w, slice_str(text));
}

void retried_write(const struct retried *r, struct json_writer *w)
{
    put_count(w, "resolved", r->resolved);
    put_count(w, "events", r->events);
    put_count(w, "stay", r->stay);
    put_count(w, "not_configured", r->not_configured);
    put_text(w, "already", r->already);
    put_text(w, "stopped", r->stopped);
    json_key(w, SLICE("left"));
    json_array(w);
    for (unsigned i = 0; i < r->stay && i < RETRIED_LEFT_MAX; i++) {
        json_object(w);
        put_text(w, "name", r->left[i].name);
        put_text(w, "why", r->left[i].why);
        json_object_end(w);
    }
    json_array_end(w);
}
