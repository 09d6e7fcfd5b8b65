#include "folder_file.h"

enum { HEAD = 64 * 1024 };

static int open_none(struct folder_file *f, struct err *reterr)
{
    (void)f;
    (void)reterr;
    return 0;
}

static void close_batch(struct folder_file *f)
{
    batch_fini(&f->batch);
}

static void begin(struct folder_file *f, uint64_t skip)
{
    batch_fini(&f->batch);
    f->batch = (struct batch){
        .queue = &f->queue,
        .limit = {f->o.source->conf->folder.message_max, "folder.message_max"},
        .skip = skip,
    };
    batch_init(&f->batch, HEAD);
}

static enum file_feed feed(struct folder_file *f, struct slice *input, bool last)
{
    static const enum file_feed of[] = {[BATCH_MORE] = FILE_MORE,
                                        [BATCH_WAIT] = FILE_WAIT,
                                        [BATCH_END] = FILE_END,
                                        [BATCH_NOMEM] = FILE_NOMEM};
    return of[batch_feed(&f->batch, input, last)];
}

static void where(const struct folder_file *f, uint64_t at, struct json_writer *w)
{
    (void)f;
    json_key(w, SLICE("at_byte"));
    json_int(w, (int64_t)at);
}

static bool good(const struct folder_file *f)
{
    return f->refused == 0 && f->batch.parts.faults == 0;
}

static void put_faults(struct json_writer *w, unsigned faults)
{
    static const struct {
        enum hl7_batch_fault fault;
        const char *text;
    } rows[] = {
        {HL7_BATCH_COUNT, "BTS-1 is not the number of messages that came"},
        {HL7_BATCH_FILE_COUNT, "FTS-1 is not the number of batches that came"},
        {HL7_BATCH_NO_END, "a BHS without its BTS: is the file cut off?"},
        {HL7_BATCH_NO_FILE_END, "an FHS without its FTS: is the file cut off?"},
    };
    json_key(w, SLICE("faults"));
    json_array(w);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (faults & rows[i].fault)
            json_string(w, slice_str(rows[i].text));
    json_array_end(w);
}

static void report(const struct folder_file *f, struct json_writer *w)
{
    json_key(w, SLICE("messages"));
    json_int(w, (int64_t)f->batch.parts.messages);
    json_key(w, SLICE("batches"));
    json_int(w, (int64_t)f->batch.parts.batches);
    put_faults(w, f->batch.parts.faults);
}

const struct file_form file_messages = {
    .open = open_none,
    .close = close_batch,
    .begin = begin,
    .feed = feed,
    .where = where,
    .good = good,
    .report = report,
    .room = HL7_BATCH_ROOM,
};
