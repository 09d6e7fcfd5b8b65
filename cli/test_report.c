#include "test_report.h"

#include <stdio.h>

enum { REPORT_MAX = 256 << 20 };

int test_report_open(struct test_report *r, bool json, struct err *reterr)
{
    *r = (struct test_report){0};
    buf_init(&r->out, REPORT_MAX);
    if (!json)
        return 0;
    if (json_writer_open(&r->out, &r->json, reterr) < 0)
        return -1;
    json_object(r->json);
    json_key(r->json, SLICE("files"));
    json_array(r->json);
    return 0;
}

void test_report_close(struct test_report *r)
{
    json_writer_close(r->json);
    buf_fini(&r->out);
}

void test_report_file(struct test_report *r, const char *name)
{
    if (!r->json)
        return;
    json_object(r->json);
    json_key(r->json, SLICE("file"));
    json_string(r->json, slice_str(name));
    json_key(r->json, SLICE("cases"));
    json_array(r->json);
}

void test_report_file_end(struct test_report *r)
{
    if (!r->json)
        return;
    json_array_end(r->json);
    json_object_end(r->json);
}

static void text_member(struct json_writer *w, const char *name, struct slice value)
{
    json_key(w, slice_str(name));
    json_string(w, value);
}

static void place_members(struct json_writer *w, const struct yaml *at)
{
    text_member(w, "file", slice_str(at->file));
    json_key(w, SLICE("line"));
    json_int(w, at->line);
}

static void number_member(struct json_writer *w, const char *name, double value)
{
    char digits[32];
    snprintf(digits, sizeof(digits), "%.3f", value);
    json_key(w, slice_str(name));
    json_number(w, slice_str(digits));
}

static void case_json(struct json_writer *w, const struct test_case *c,
                      const struct test_fault *faults, double ms)
{
    json_object(w);
    text_member(w, "name", c->name);
    place_members(w, c->at);
    json_key(w, SLICE("passed"));
    json_bool(w, !faults);
    number_member(w, "ms", ms);
    json_key(w, SLICE("faults"));
    json_array(w);
    for (const struct test_fault *f = faults; f; f = f->next) {
        json_object(w);
        place_members(w, f->at);
        text_member(w, "what", f->what);
        text_member(w, "wanted", f->wanted);
        text_member(w, "came", f->came);
        json_object_end(w);
    }
    json_array_end(w);
    json_object_end(w);
}

static void case_text(struct buf *out, const struct test_case *c, const struct test_fault *faults)
{
    buf_printf(out, "FAIL  %s:%u  %.*s\n", c->at->file, c->at->line, SLICE_ARG(c->name));
    for (const struct test_fault *f = faults; f; f = f->next)
        buf_printf(out,
                   "      %s:%u: %.*s\n"
                   "          wanted  %.*s\n"
                   "          came    %.*s\n",
                   f->at->file, f->at->name_line ? f->at->name_line : f->at->line,
                   SLICE_ARG(f->what), SLICE_ARG(f->wanted), SLICE_ARG(f->came));
}

void test_report_case(struct test_report *r, const struct test_case *c,
                      const struct test_fault *faults, double ms, struct slice explanation)
{
    r->passed += !faults;
    r->failed += faults != NULL;
    r->took_ms += ms;
    if (r->json)
        case_json(r->json, c, faults, ms);
    else if (faults) {
        case_text(&r->out, c, faults);
        buf_put(&r->out, explanation);
    }
}

int test_report_flush(struct test_report *r, struct err *reterr)
{
    if (!buf_ok(&r->out))
        return err_set(reterr, ERR_LIMIT, "the report is larger than %d bytes", REPORT_MAX);
    if (fwrite(r->out.p ? r->out.p : "", 1, r->out.n, stdout) != r->out.n || fflush(stdout) != 0)
        return err_set(reterr, ERR_IO, "standard output cannot be written");
    buf_drop(&r->out, r->out.n);
    return 0;
}

void test_report_end(struct test_report *r)
{
    if (!r->json) {
        buf_printf(&r->out, "%u passed, %u failed (%.1f ms)\n", r->passed, r->failed, r->took_ms);
        return;
    }
    json_array_end(r->json);
    json_key(r->json, SLICE("passed"));
    json_int(r->json, r->passed);
    json_key(r->json, SLICE("failed"));
    json_int(r->json, r->failed);
    number_member(r->json, "ms", r->took_ms);
    json_object_end(r->json);
    buf_putc(&r->out, '\n');
}
