#include "status_print.h"

#include <stdio.h>
#include "plain_text.h"

enum { LINE_MAX_BYTES = 4 * 1024 * 1024 };

static void print_scalar(const struct json *v)
{
    if (v->kind == JSON_BOOL)
        printf("%s", v->boolean ? "yes" : "no");
    else if (v->kind == JSON_NULL)
        printf("-");
    else
        plain_put(stdout, v->text);
}

/* Objects and lists of the answer become indented blocks: whatever a process tells is shown, known
 * to this command or not. */
static void print_tree(const struct json *v, int depth)
{
    for (const struct json *m = v->child; m; m = m->next) {
        bool nested = m->kind == JSON_OBJECT || m->kind == JSON_ARRAY;
        if (depth == 0 && slice_eq_str(m->name, "ok"))
            continue;
        printf("%*s", 2 + 2 * depth, "");
        if (slice_present(m->name))
            printf("%-*.*s ", 24 - 2 * depth, SLICE_ARG(m->name));
        else
            printf("- ");
        if (!nested)
            print_scalar(m);
        printf("\n");
        if (nested && depth < 6)
            print_tree(m, depth + 1);
    }
}

void status_print(const char *process, const struct json *answer, const char *why)
{
    printf("%s%s%s\n", process, answer ? "" : ": ", answer ? "" : why);
    if (answer)
        print_tree(answer, 0);
}

void status_print_json(const char *process, const struct json *answer, const char *why)
{
    struct buf out;
    struct json_writer *w;
    struct err err = {0};
    buf_init(&out, LINE_MAX_BYTES);
    if (json_writer_open(&out, &w, &err) < 0) {
        fprintf(stderr, "weir status: %s\n", err.text);
        buf_fini(&out);
        return;
    }
    json_object(w);
    json_key(w, SLICE("process"));
    json_string(w, slice_str(process));
    json_key(w, SLICE("up"));
    json_bool(w, answer != NULL);
    if (answer) {
        json_key(w, SLICE("status"));
        json_tree(w, answer);
    } else {
        json_key(w, SLICE("error"));
        json_string(w, slice_str(why));
    }
    json_object_end(w);
    puts(buf_cstr(&out));
    json_writer_close(w);
    buf_fini(&out);
}
