#include "kafka_story.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include "clock.h"
#include "kit.h"
#include "stream_bed.h"

void story_tell(void *arg, const struct err *e)
{
    struct story_line *l = arg;
    size_t n = strlen(l->story->text);
    snprintf(l->story->text + n, sizeof(l->story->text) - n, "%s%s ", l->name, e ? "!" : "");
    if (e)
        l->story->last = *e;
    l->story->calls++;
}

void story_append(struct stream *s, struct story_line *l, const char *topic)
{
    struct stream_record r = {slice_str(topic), SLICE("k"), slice_str(l->name), NULL, 0, false};
    struct err e = {0};
    ck_assert_msg(stream_append(s, &r, 1, story_tell, l, &e) == STREAM_OK, "%s", e.text);
}

void story_wait(struct stream *s, const struct story *story, unsigned calls)
{
    int64_t until = clock_mono_ms() + BED_DEADLINE_MS, left;
    struct pollfd p = {.fd = stream_fd(s), .events = POLLIN};
    while (story->calls < calls) {
        left = until - clock_mono_ms();
        ck_assert_msg(left > 0 && poll(&p, 1, (int)left) == 1, "only: %s", story->text);
        stream_dispatch(s);
    }
}
