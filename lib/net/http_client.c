#include "http_client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "address.h"
#include "buf.h"
#include "clock.h"
#include "http_call.h"

enum { CONNECTIONS = 8, CONNECT_MS = 5000, TOTAL_MS = 15000, RESPONSE_MAX = 65536 };

struct http_client {
    struct loop *loop;
    struct http_client_options o;
    char *ca_file;
    CURLM *multi;
    struct loop_timer *timer;
    struct http_call *first; /* under way */
    unsigned active;
};

/* A descriptor of libcurl that the loop watches. */
struct watch {
    struct http_client *client;
    struct loop_fd *fd;
};

const char *http_fault_name(enum http_fault f)
{
    static const char *const names[] = {"none",    "resolve", "connect",
                                        "timeout", "tls",     "refused_address",
                                        "garbage", "config",  "internal"};
    return names[f];
}

unsigned http_client_active(const struct http_client *c)
{
    return c->active;
}

static void unlink_call(struct http_call *call)
{
    struct http_client *c = call->client;
    *call->link = call->next;
    if (call->next)
        call->next->link = call->link;
    curl_multi_remove_handle(c->multi, call->easy);
    c->active--;
}

void http_call_cancel(struct http_call *call)
{
    unlink_call(call);
    http_call_free(call);
}

static void finish(struct http_call *call, CURLcode code)
{
    struct http_result r;
    unlink_call(call);
    http_call_result(call, code, &r);
    call->done(&r, call->arg);
    http_call_free(call);
}

/* One at a time: a callback may cancel the next in the queue. */
static void reap(struct http_client *c)
{
    CURLMsg *m;
    int left;
    while ((m = curl_multi_info_read(c->multi, &left))) {
        if (m->msg != CURLMSG_DONE)
            continue;
        char *call = NULL;
        CURLcode code = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &call);
        finish((struct http_call *)(void *)call, code);
    }
}

static void on_timer(void *arg)
{
    struct http_client *c = arg;
    int running;
    curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    reap(c);
}

static int set_timer(CURLM *multi, long ms, void *arg)
{
    (void)multi;
    struct http_client *c = arg;
    if (ms < 0)
        loop_timer_stop(c->timer);
    else
        loop_timer_start(c->timer, ms);
    return 0;
}

static void on_fd(int fd, unsigned what, void *arg)
{
    struct http_client *c = ((struct watch *)arg)->client;
    int running, mask = (what & LOOP_READ ? CURL_CSELECT_IN : 0) |
                        (what & LOOP_WRITE ? CURL_CSELECT_OUT : 0);
    curl_multi_socket_action(c->multi, fd, mask, &running);
    reap(c);
}

static void drop_watch(struct watch *w)
{
    loop_fd_remove(w->fd);
    free(w);
}

static int set_watch(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    (void)easy;
    struct http_client *c = arg;
    struct watch *w = socket_arg;
    if (what == CURL_POLL_REMOVE) {
        if (w)
            drop_watch(w);
        curl_multi_assign(c->multi, fd, NULL);
        return 0;
    }
    unsigned mask =
        (what & CURL_POLL_IN ? LOOP_READ : 0u) | (what & CURL_POLL_OUT ? LOOP_WRITE : 0u);
    if (w)
        return loop_fd_set(w->fd, mask) ? 0 : -1;
    struct err e;
    w = calloc(1, sizeof(*w));
    if (!w)
        return -1;
    w->client = c;
    if (loop_fd_add(c->loop, fd, mask, on_fd, w, &w->fd, &e) != 0) {
        free(w);
        return -1;
    }
    curl_multi_assign(c->multi, fd, w);
    return 0;
}

static void set_presets(struct http_client_options *o)
{
    if (!o->connections)
        o->connections = CONNECTIONS;
    if (!o->connect_timeout_ms)
        o->connect_timeout_ms = CONNECT_MS;
    if (!o->timeout_ms)
        o->timeout_ms = TOTAL_MS;
    if (!o->response_max)
        o->response_max = RESPONSE_MAX;
}

static int start_multi(struct http_client *c, struct err *reterr)
{
    c->multi = curl_multi_init();
    if (!c->multi)
        return err_set(reterr, ERR_NOMEM, "libcurl does not start");
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, set_watch);
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)c->o.connections);
    curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)c->o.connections);
    /* One request per connection: with several, a hanging answer would hold up its neighbours. */
    curl_multi_setopt(c->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    return loop_timer_add(c->loop, on_timer, c, &c->timer, reterr);
}

int http_client_open(struct loop *l, const struct http_client_options *o, struct http_client **ret,
                     struct err *reterr)
{
    struct http_client *c = calloc(1, sizeof(*c));
    if (!c || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(c);
        return err_set(reterr, ERR_NOMEM, "no memory for an HTTP client");
    }
    c->loop = l;
    c->o = *o;
    set_presets(&c->o);
    c->ca_file = o->ca_file ? strdup(o->ca_file) : NULL;
    c->o.ca_file = c->ca_file;
    if (start_multi(c, reterr) != 0) {
        http_client_close(c);
        return -1;
    }
    *ret = c;
    return 0;
}

void http_client_close(struct http_client *c)
{
    if (!c)
        return;
    while (c->first)
        http_call_cancel(c->first);
    if (c->multi)
        curl_multi_cleanup(c->multi);
    loop_timer_remove(c->timer);
    free(c->ca_file);
    free(c);
    curl_global_cleanup();
}

int http_client_send(struct http_client *c, const struct http_request *q, http_done_fn done,
                     void *arg, struct http_call **ret, struct err *reterr)
{
    struct http_call *call = NULL;
    if (http_call_new(&c->o, q, &call, reterr) != 0)
        return -1;
    call->client = c;
    call->done = done;
    call->arg = arg;
    if (curl_multi_add_handle(c->multi, call->easy) != CURLM_OK) {
        http_call_free(call);
        return err_set(reterr, ERR_NOMEM, "libcurl takes no more requests");
    }
    call->link = &c->first;
    call->next = c->first;
    if (c->first)
        c->first->link = &call->next;
    c->first = call;
    c->active++;
    if (ret)
        *ret = call;
    return 0;
}
