#include "ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include "buf.h"
#include "digest.h"
#include "write_all.h"

enum { FLUSH_AT = 256 * 1024, ROW_MAX = 4096 };

struct ledger {
    int fd, fault; /* the errno of the first failed write */
    struct buf out;
    struct digest *digest;
};

int ledger_open(const char *path, struct ledger **ret, struct err *reterr)
{
    struct ledger *l = calloc(1, sizeof(*l));
    if (!l)
        return err_set(reterr, ERR_NOMEM, "no memory for a ledger");
    if (digest_open(SLICE_ABSENT, &l->digest, reterr) < 0) {
        free(l);
        return -1;
    }
    l->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (l->fd < 0) {
        err_fill(reterr, ERR_IO, "%s: %s", path, strerror(errno));
        digest_close(l->digest);
        free(l);
        return -1;
    }
    buf_init(&l->out, FLUSH_AT + ROW_MAX);
    *ret = l;
    return 0;
}

static void flush(struct ledger *l)
{
    if (!buf_ok(&l->out) && !l->fault)
        l->fault = ENOMEM;
    if (!l->fault && write_all(l->fd, buf_slice(&l->out)) < 0)
        l->fault = errno;
    buf_reset(&l->out);
}

int ledger_close(struct ledger *l, struct err *reterr)
{
    if (!l)
        return 0;
    flush(l);
    if (close(l->fd) < 0 && !l->fault)
        l->fault = errno;
    int fault = l->fault;
    buf_fini(&l->out);
    digest_close(l->digest);
    free(l);
    return fault ? err_set(reterr, ERR_IO, "the ledger: %s", strerror(fault)) : 0;
}

static void put_id(struct buf *out, struct slice s)
{
    static const char plain[] = "-_.";
    buf_putc(out, '"');
    for (size_t i = 0; i < s.n && i < ROW_MAX / 8; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool good = letter || (c >= '0' && c <= '9') || (c && strchr(plain, c));
        buf_putc(out, good ? c : '?');
    }
    buf_putc(out, '"');
}

static void begin(struct ledger *l, const char *row, struct slice control_id)
{
    if (l->out.n > FLUSH_AT)
        flush(l);
    buf_puts(&l->out, "{\"row\":\"");
    buf_puts(&l->out, row);
    buf_puts(&l->out, "\",\"control_id\":");
    put_id(&l->out, control_id);
}

static void put_types(struct buf *out, const char *const *types)
{
    buf_puts(out, ",\"types\":[");
    for (unsigned i = 0; types[i]; i++) {
        buf_puts(out, i ? ",\"" : "\"");
        buf_puts(out, types[i]);
        buf_putc(out, '"');
    }
    buf_putc(out, ']');
}

/* What an adapter will keep of it: of a row, its columns stand before it. */
static struct slice sum_up(struct ledger *l, const struct telling *t, char hex[DIGEST_HEX])
{
    unsigned char sum[DIGEST_SIZE];
    digest_begin(l->digest);
    if (t->rows) {
        digest_add(l->digest, slice_str(t->rows->header));
        digest_add(l->digest, SLICE("\n"));
    }
    digest_add(l->digest, t->bytes);
    digest_end(l->digest, sum);
    return digest_hex(sum, sizeof(sum), hex);
}

void ledger_made(struct ledger *l, struct telling *t)
{
    char hex[DIGEST_HEX];
    if (!l)
        return;
    struct slice sum = sum_up(l, t, hex);
    if (!t->key[0])
        memcpy(t->key, hex, sizeof(hex));
    begin(l, "made", slice_str(t->key));
    buf_printf(&l->out, ",\"patient\":\"%s\",\"n\":%u", t->line, t->n);
    if (t->also_n)
        buf_printf(&l->out, ",\"also\":[\"%s\",%u]", t->also, t->also_n);
    else
        buf_puts(&l->out, ",\"also\":null");
    put_types(&l->out, t->types);
    buf_puts(&l->out, ",\"sha256\":\"");
    buf_put(&l->out, sum);
    buf_printf(&l->out, "\",\"trigger\":\"%s\",\"refuse\":%s", t->name,
               t->refuse ? "true" : "false");
    if (t->again)
        buf_printf(&l->out, ",\"again\":\"%s\"", t->again);
    if (t->person[0])
        buf_printf(&l->out, ",\"person\":\"%s\"", t->person);
    buf_puts(&l->out, "}\n");
}

void ledger_sent(struct ledger *l, const char *control_id, unsigned connection)
{
    if (!l)
        return;
    begin(l, "sent", slice_str(control_id));
    buf_printf(&l->out, ",\"connection\":\"c%u\"}\n", connection);
}

void ledger_again(struct ledger *l, const char *control_id)
{
    if (!l)
        return;
    begin(l, "again", slice_str(control_id));
    buf_puts(&l->out, "}\n");
}

void ledger_answer(struct ledger *l, const char *expected, struct slice control_id,
                   struct slice code, unsigned connection)
{
    if (!l)
        return;
    begin(l, "answer", control_id);
    buf_puts(&l->out, ",\"expected\":");
    put_id(&l->out, slice_str(expected));
    buf_puts(&l->out, ",\"code\":");
    put_id(&l->out, code);
    buf_printf(&l->out, ",\"connection\":\"c%u\"}\n", connection);
}
