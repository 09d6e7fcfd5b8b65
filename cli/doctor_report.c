#include "doctor_report.h"

#include <stdarg.h>
#include "json.h"
#include "plain_text.h"

/* In the order of enum doctor_verdict. */
static const char *const words[] = {"ok", "note", "set", "fault", "skipped"};

void doctor_find(struct doctor_report *r, const char *check, enum doctor_verdict verdict,
                 const char *fmt, ...)
{
    va_list ap;
    if (r->nfindings == DOCTOR_FINDINGS)
        return;
    struct doctor_finding *f = &r->findings[r->nfindings++];
    f->check = check;
    f->verdict = verdict;
    va_start(ap, fmt);
    vsnprintf(f->text, sizeof(f->text), fmt, ap);
    va_end(ap);
}

void doctor_set(struct doctor_report *r, const char *key, const char *value, bool on_ack)
{
    for (unsigned i = 0; i < r->nsettings; i++)
        if (slice_eq(slice_str(r->settings[i].key), slice_str(key)))
            return;
    if (r->nsettings < DOCTOR_SETTINGS)
        r->settings[r->nsettings++] = (struct doctor_setting){key, value, on_ack};
}

bool doctor_found(const struct doctor_report *r)
{
    for (unsigned i = 0; i < r->nfindings; i++)
        if (r->findings[i].verdict == DOCTOR_SET || r->findings[i].verdict == DOCTOR_FAULT)
            return true;
    return false;
}

static void put_word(struct buf *b, bool *first, const char *key, const char *value)
{
    if (!value)
        return;
    buf_printf(b, "%s%s: %s", *first ? "" : ", ", key, value);
    *first = false;
}

static void put_tls(const struct doctor_report *r, struct buf *b)
{
    bool first = true;
    if (!r->tls) {
        buf_puts(b, r->far ? "      plaintext: true\n" : "");
        return;
    }
    buf_puts(b, "      tls: {");
    put_word(b, &first, "ca_file", r->ca);
    put_word(b, &first, "cert_file", r->cert);
    put_word(b, &first, "key_file", r->key);
    put_word(b, &first, "server_name", r->server_name);
    buf_puts(b, "}\n");
}

static void put_settings(const struct doctor_report *r, struct buf *b)
{
    bool first = true;
    for (unsigned i = 0; i < r->nsettings; i++)
        if (!r->settings[i].on_ack)
            buf_printf(b, "      %s: %s\n", r->settings[i].key, r->settings[i].value);
    for (unsigned i = 0; i < r->nsettings; i++)
        if (r->settings[i].on_ack) {
            buf_puts(b, first ? "      on_ack: {" : "");
            put_word(b, &first, r->settings[i].key, r->settings[i].value);
        }
    buf_puts(b, first ? "" : "}\n");
}

/* The consumer as weir.yaml would have it; its name and route are the reader's. */
static void put_config(const struct doctor_report *r, struct buf *b)
{
    buf_printf(b,
               "consumers:\n  receiver:\n    route: ROUTE\n    kind: mllp\n    mllp:\n"
               "      to: \"%s\"\n",
               r->address);
    put_tls(r, b);
    put_settings(r, b);
}

enum { CONFIG_MAX = 16 * 1024, JSON_MAX = 256 * 1024, TEXT_AT = 28, WIDTH = 110 };

/* Words to the right of TEXT_AT, where the line is now. */
static void put_text(struct slice text, FILE *to)
{
    size_t at = TEXT_AT;
    for (struct slice word; slice_present(text);) {
        word = slice_split(&text, ' ');
        if (at > TEXT_AT && at + 1 + word.n > WIDTH) {
            fprintf(to, "\n%*s", TEXT_AT, "");
            at = TEXT_AT;
        } else if (at > TEXT_AT) {
            putc(' ', to);
            at++;
        }
        plain_put(to, word);
        at += word.n;
    }
    putc('\n', to);
}

void doctor_print(const struct doctor_report *r, FILE *to)
{
    struct buf config;
    for (unsigned i = 0; i < r->nfindings; i++) {
        const struct doctor_finding *f = &r->findings[i];
        fprintf(to, "%-8s %-18s ", words[f->verdict], f->check);
        put_text(slice_str(f->text), to);
    }
    if (r->away)
        return;
    buf_init(&config, CONFIG_MAX);
    put_config(r, &config);
    plain_lines(&config);
    fprintf(to, "\n%s\nFor weir.yaml%s:\n%s",
            doctor_found(r) ? "'set' wants a setting of weir.yaml, 'fault' wants the receiver "
                              "mended."
                            : "Nothing that weir would not bear by itself.",
            r->sent ? "" : ", as far as it is seen without a message (--send)", buf_cstr(&config));
    buf_fini(&config);
}

static void member(struct json_writer *w, const char *name, const char *value)
{
    json_key(w, slice_str(name));
    json_string(w, slice_str(value));
}

static void write_json(const struct doctor_report *r, struct json_writer *w, struct slice config)
{
    json_object(w);
    member(w, "address", r->address);
    json_key(w, SLICE("tls"));
    json_bool(w, r->tls);
    json_key(w, SLICE("messages_sent"));
    json_int(w, r->messages);
    json_key(w, SLICE("found"));
    json_bool(w, doctor_found(r));
    json_key(w, SLICE("findings"));
    json_array(w);
    for (unsigned i = 0; i < r->nfindings; i++) {
        json_object(w);
        member(w, "check", r->findings[i].check);
        member(w, "verdict", words[r->findings[i].verdict]);
        member(w, "text", r->findings[i].text);
        json_object_end(w);
    }
    json_array_end(w);
    json_key(w, SLICE("config"));
    json_string(w, config);
    json_object_end(w);
}

int doctor_print_json(const struct doctor_report *r, FILE *to, struct err *reterr)
{
    struct buf config, out;
    struct json_writer *w;
    buf_init(&config, CONFIG_MAX);
    buf_init(&out, JSON_MAX);
    int result = json_writer_open(&out, &w, reterr);
    if (result == 0) {
        if (!r->away)
            put_config(r, &config);
        write_json(r, w, buf_slice(&config));
        json_writer_close(w);
        fprintf(to, "%s\n", buf_cstr(&out));
    }
    buf_fini(&config);
    buf_fini(&out);
    return result;
}
