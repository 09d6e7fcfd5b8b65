#include "drop.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "clock.h"
#include "folder_drop.h"
#include "json.h"
#include "message_file.h"
#include "plain_text.h"

enum { LOOK_MS = 50, REPORT_ARENA = 4 * 1024 * 1024 };

struct drop {
    int dir;
    char name[NAME_MAX - 32];
};

bool drop_is_folder(const char *target)
{
    struct stat st;
    return slice_ends(slice_str(target), SLICE("/")) ||
           (stat(target, &st) == 0 && S_ISDIR(st.st_mode));
}

/* The name keeps its end, by which `pattern` may choose, and is nobody else's: the report is that
 * of this file. */
static void name_it(struct drop *d, const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *base = strcmp(file, "-") == 0 ? "stdin.hl7" : slash ? slash + 1 : file;
    size_t n = strlen(base), most = 160;
    while (*base == '.')
        base++, n--;
    snprintf(d->name, sizeof(d->name), "%" PRId64 "-%ld-%s", clock_wall_ms(), (long)getpid(),
             n > most ? base + n - most : base);
}

static void print_list(const struct json *list, const char *member)
{
    for (const struct json *at = list ? list->child : NULL; at; at = at->next) {
        printf("  ");
        if (member && json_get(at, "at_byte"))
            printf("at byte %.*s: ", SLICE_ARG(json_text(at, "at_byte")));
        plain_put(stdout, member ? json_text(at, member) : at->text);
        printf("\n");
    }
}

static int print_report(const struct drop *d, struct slice text, bool *ret_bad, struct err *reterr)
{
    struct arena arena;
    struct json *report;
    arena_init(&arena, REPORT_ARENA);
    int result = json_read(text, &json_default_limits, &arena, &report, reterr);
    if (result == 0) {
        struct slice why = json_text(report, "unreadable");
        bool bad = !slice_eq(json_text(report, "result"), SLICE("done"));
        *ret_bad |= bad;
        plain_put(stdout, slice_str(d->name));
        printf(" %s: %.*s accepted, %.*s refused%s", bad ? "bad" : "done",
               SLICE_ARG(json_text(report, "accepted")), SLICE_ARG(json_text(report, "refused")),
               why.n ? "; " : "");
        plain_put(stdout, why);
        printf("\n");
        print_list(json_get(report, "faults"), NULL);
        print_list(json_get(report, "refusals"), "why");
    } else {
        err_at(reterr, "the report of %s", d->name);
    }
    arena_fini(&arena);
    return result;
}

static int wait_for_report(const struct drop *d, int64_t timeout_ms, struct buf *text,
                           struct err *reterr)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    int64_t until = clock_mono_ms() + timeout_ms;
    while (!folder_drop_report(d->dir, d->name, text)) {
        if (clock_mono_ms() < until) {
            nanosleep(&pause, NULL);
            continue;
        }
        if (unlinkat(d->dir, d->name, 0) == 0)
            return err_set(reterr, ERR_IO,
                           "nobody has taken %s, so it was taken out again: is the adapter "
                           "running, is this the folder of a source, does `pattern` take such a "
                           "name, and is --timeout longer than `settle` and `poll`?",
                           d->name);
        return err_set(reterr, ERR_IO,
                       "it is being read, and not done yet: its report will be in done/ or bad/, "
                       "as %s.report.json",
                       d->name);
    }
    return 0;
}

int drop_file(const char *folder, const char *file, int64_t timeout_ms, bool *ret_bad,
              struct err *reterr)
{
    struct drop d = {.dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    struct message_file bytes;
    struct buf report;
    if (d.dir < 0)
        return err_set(reterr, ERR_IO, "%s: %s", folder, strerror(errno));
    if (message_file_open(file, &bytes, reterr) < 0) {
        close(d.dir);
        return -1;
    }
    buf_init(&report, REPORT_ARENA);
    name_it(&d, file);
    int result = folder_drop_put(d.dir, d.name, buf_slice(&bytes.bytes), reterr);
    message_file_close(&bytes);
    if (result == 0)
        result = wait_for_report(&d, timeout_ms, &report, reterr);
    if (result == 0)
        result = print_report(&d, buf_slice(&report), ret_bad, reterr);
    else
        err_at(reterr, "%s", file);
    buf_fini(&report);
    close(d.dir);
    return result;
}
