#include "json_post.h"

#include <stdlib.h>
#include "problem.h"

struct json_post {
    struct reply_to to; /* first: the intake knows the post by it */
    struct json_post *prev, *next;
    struct json_posts *all;
    struct http_exchange *exchange; /* NULL: gone */
    struct reply *reply;
    int status;
    bool taking;
};

static struct json_post *post_of(struct reply_to *to)
{
    return (struct json_post *)(void *)to;
}

static void drop(struct json_post *post)
{
    struct json_posts *all = post->all;
    if (post->prev)
        post->prev->next = post->next;
    else
        all->first = post->next;
    if (post->next)
        post->next->prev = post->prev;
    if (post->reply && post->reply->ready)
        reply_give_back(&all->intake->pool, post->reply);
    else if (post->reply)
        post->reply->to = NULL;
    free(post);
}

static void later(struct http_exchange *x)
{
    http_reply_field(x, "Retry-After", "5");
    problem_reply(x, 503, SLICE("it could not be made durable now: send it again later"));
}

static void finish(struct json_post *post)
{
    struct http_exchange *x = post->exchange;
    if (x && post->reply->later)
        later(x);
    else if (x && post->reply->refused)
        problem_reply(x, post->status, slice_str(post->reply->why));
    else if (x)
        http_reply(x, 204, NULL, SLICE(""));
    drop(post);
}

static void on_ready(struct reply_to *to, struct reply *r)
{
    struct json_post *post = post_of(to);
    post->reply = r;
    if (!post->taking)
        finish(post);
}

static void on_later(struct reply_to *to)
{
    (void)to;
}

/* HL7 table 0357 as HTTP says it. */
static void on_answer(struct reply_to *to, struct reply *r, const struct translation *t)
{
    struct json_post *post = post_of(to);
    (void)r;
    if (t->verdict != TRANSLATE_REFUSED || !t->nreasons)
        return;
    switch (t->reasons[0].code) {
    case HL7_SEGMENT_SEQUENCE:
    case HL7_DATA_TYPE:
        post->status = 400;
        return;
    case HL7_VALUE_TOO_LONG:
        post->status = 413;
        return;
    default:
        post->status = 422;
        return;
    }
}

static void on_gone(void *arg)
{
    struct json_post *post = arg;
    post->exchange = NULL;
}

void json_posts_take(struct json_posts *p, struct http_exchange *x)
{
    struct json_post *post = intake_full(p->intake) ? NULL : calloc(1, sizeof(*post));
    if (!post) {
        later(x);
        return;
    }
    *post = (struct json_post){.all = p, .exchange = x, .next = p->first, .taking = true};
    post->to = (struct reply_to){.ready = on_ready, .later = on_later, .answer = on_answer};
    if (p->first)
        p->first->prev = post;
    p->first = post;
    http_defer(x, on_gone, post);
    post->reply = intake_message(p->intake, p->source, &post->to, http_body(x));
    post->taking = false;
    if (!post->reply) {
        later(x);
        drop(post);
    } else if (post->reply->ready) {
        finish(post);
    } else {
        http_drop_body(x); /* what was taken is a copy */
    }
}

void json_posts_close(struct json_posts *p)
{
    while (p->first)
        drop(p->first);
}
