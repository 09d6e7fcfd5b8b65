#include "view.h"

#include <poll.h>
#include <stdlib.h>
#include <unistd.h>
#include "config_open.h"
#include "proc_stream.h"

/* A directory that is not there yet; Kafka's nodes answer for themselves. */
static int check_data(const struct site *site, const struct stream_options *so, struct err *reterr)
{
    if (site->stream.kafka.node || access(so->dir.p, R_OK | X_OK) == 0)
        return 0;
    return err_set(reterr, ERR_IO,
                   "%s: no data there yet, or not yours to read; 'weir run' makes it", so->dir.p);
}

enum { QUIET_MS = 10 * 1000 };

int view_open(const struct options *o, struct view *ret, struct err *reterr)
{
    struct view v = {0};
    struct stream_options so;
    if (config_open(o, (o->reveal ? SITE_AUDIT : 0) | SITE_OPERATOR, &v.site, reterr) < 0)
        return -1;
    if (proc_stream_check(v.site, reterr) < 0 ||
        proc_stream_options(v.site, SITE_USER_OPERATOR, "operator", &so, reterr) < 0 ||
        check_data(v.site, &so, reterr) < 0 || stream_open(&so, &v.stream, reterr) < 0) {
        site_close(v.site);
        return -1;
    }
    *ret = v;
    return 0;
}

void view_close(struct view *v)
{
    stream_close(v->stream);
    site_close(v->site);
    *v = (struct view){0};
}

int view_read(struct view *v, const char *topic, enum stream_start start,
              struct stream_reader **ret, struct err *reterr)
{
    struct slice topics[] = {slice_str(topic)};
    struct stream_reader_options o = {.topics = topics, .ntopics = 1, .start = start};
    return stream_reader_open(v->stream, &o, ret, reterr);
}

int view_fold(struct stream_reader *r, stream_fold_fn fn, void *arg, struct err *reterr)
{
    return stream_fold(r, QUIET_MS, fn, arg, reterr);
}

bool view_wait(struct stream_reader *r, int timeout_ms)
{
    struct pollfd p[] = {{.fd = stream_reader_fd(r), .events = POLLIN}, {.fd = STDOUT_FILENO}};
    poll(p, 2, timeout_ms);
    return !(p[1].revents & (POLLERR | POLLHUP | POLLNVAL));
}

bool view_colour(void)
{
    const char *no = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && !(no && *no);
}
