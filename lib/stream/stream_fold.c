#include "stream_fold.h"

#include <poll.h>
#include "clock.h"

static bool waited(struct stream_reader *r, int64_t until)
{
    int64_t left = until - clock_mono_ms();
    if (left <= 0)
        return false;
    struct pollfd p = {.fd = stream_reader_fd(r), .events = POLLIN};
    poll(&p, 1, left < 50 ? (int)left : 50);
    return true;
}

int stream_fold_some(struct stream_reader *r, stream_fold_fn fn, void *arg, struct err *reterr)
{
    struct stream_message m;
    for (;;) {
        switch (stream_next(r, &m, reterr)) {
        case STREAM_GOT:
            if (fn(arg, &m, reterr) < 0)
                return -1;
            break;
        case STREAM_NONE:
            return stream_caught_up(r);
        case STREAM_ERROR:
            return 0;
        default:
            break;
        }
    }
}

int stream_fold(struct stream_reader *r, int quiet_ms, stream_fold_fn fn, void *arg,
                struct err *reterr)
{
    struct stream_message m;
    int64_t until = clock_mono_ms() + quiet_ms;
    bool told = false; /* reterr says what has kept the reader since its last record */
    for (;;) {
        enum stream_next got = stream_next(r, &m, reterr);
        if (got == STREAM_GOT) {
            if (fn(arg, &m, reterr) < 0)
                return -1;
            until = clock_mono_ms() + quiet_ms;
            told = false;
        } else if (got == STREAM_NONE && stream_caught_up(r)) {
            return 0;
        }
        told = told || got == STREAM_ERROR;
        if (got != STREAM_GOT && got != STREAM_LOST && got != STREAM_MOVED && !waited(r, until)) {
            if (told)
                return -1;
            return err_set(reterr, ERR_PEER,
                           "the end of the stream was not reached: nothing came "
                           "for %d ms",
                           quiet_ms);
        }
    }
}
