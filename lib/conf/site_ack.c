#include "site_parts.h"

#define ROW(member) offsetof(struct site_ack, member)

static const char *const modes[] = {"original", "by_header", "enhanced", NULL};
static const char *const verdicts[] = {"accept", "refuse", NULL};
static const char *const troubles[] = {"answer", "close", NULL};
static const char *const batches[] = {"all", "errors", "each", NULL};

static const struct conf_option options[] = {
    {"mode", CONF_CHOICE, ROW(mode), "original", .choices = modes,
     .help = "`original`: one answer, AA, AE or AR, whatever MSH-15 and MSH-16 say. `by_header`: "
             "enhanced where one of them is valued. `enhanced`: always; both empty mean AL and "
             "NE."},
    {"two_answers", CONF_BOOL, ROW(two_answers), "true",
     .help = "Enhanced mode: where the sender asks for both, its accept answer (CA) and its "
             "application answer (AA) leave on its connection, one behind the other; `false`: only "
             "the first."},
    {"text", CONF_BOOL, ROW(text), "false",
     .help = "MSA-3 of a refusal says what is wrong, for senders of versions up to 2.6 that show "
             "nothing else."},
    {"on_unmapped", CONF_CHOICE, ROW(on_unmapped), "accept", .choices = verdicts,
     .help = "A message that no map is for: kept and answered AA, or refused with AR (200 or "
             "201)."},
    {"on_test", CONF_CHOICE, ROW(on_test), "accept", .choices = verdicts,
     .help = "A message whose MSH-11 says anything but P (empty passes): taken and flagged, or "
             "refused with AR (202)."},
    {"on_invalid", CONF_CHOICE, ROW(on_invalid), "refuse", .choices = verdicts,
     .help = "A message that cannot be used. `accept`, for a sender that stops its queue at a "
             "refusal: it is kept in `flow.rejected` and an alarm is raised, but its sender hears "
             "AA."},
    {"on_trouble", CONF_CHOICE, ROW(on_trouble), "answer", .choices = troubles,
     .help = "What cannot be made durable now. `answer`: AR (enhanced: CE) with 207 and RETRY. "
             "`close`, for a sender that takes any AR as final: the connection is closed instead "
             "of an answer."},
    {"batch", CONF_CHOICE, ROW(batch), "all", .choices = batches,
     .help = "The answer to a batch (FHS, BHS) that comes in one frame or one request. `all`: a "
             "batch that holds the answer to each message. `errors`: only those of refusals. "
             "`each`: no batch, each answer by itself, one behind the other (over HTTP as `all`)."},
};

enum { OPTIONS = sizeof(options) / sizeof(*options) };

int site_read_ack(struct site *s, const struct yaml *node, struct site_ack *ret, struct err *reterr)
{
    return conf_read(node, options, OPTIONS, s->arena, ret, reterr);
}

void site_print_ack(struct buf *out)
{
    buf_puts(out, "\n### sources: `<name>`: ack\n\nWhich acknowledgment, and what is refused: "
                  "[acknowledgments.md](acknowledgments.md).\n\n");
    conf_print_options(options, OPTIONS, out);
}
