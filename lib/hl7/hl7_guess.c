#include "hl7_guess.h"

struct start {
    const char *p;
    size_t n;
    const char *what;
};
#define START(text, what)                                                                          \
    {                                                                                              \
        (text), sizeof(text) - 1, (what)                                                           \
    }

/* The first that fits counts. */
static const struct start starts[] = {
    START("\x16\x03", "a TLS hello: its sender has TLS on"),
    START("GET ", "an HTTP request"),
    START("POST ", "an HTTP request"),
    START("PUT ", "an HTTP request"),
    START("HEAD ", "an HTTP request"),
    START("OPTIONS ", "an HTTP request"),
    START("DELETE ", "an HTTP request"),
    START("SSH-", "an SSH client"),
    START("PROXY ", "the PROXY protocol of a load balancer"),
    START("\r\n\r\n\0\r\nQUIT\n", "the PROXY protocol of a load balancer"),
    START("\xFF\xFE", "text in UTF-16"),
    START("\xFE\xFF", "text in UTF-16"),
    START("M\0S\0H\0", "HL7 v2 in UTF-16"),
    START("\0M\0S\0H", "HL7 v2 in UTF-16"),
    START("\x02", "a frame that begins with STX, not with VT"),
    START("\x0bMSH", "HL7 v2 in an MLLP frame"),
    START("\x0b\xEF\xBB\xBFMSH", "HL7 v2 in an MLLP frame"),
    START("MSH", "HL7 v2 without VT in front"),
    START("FHS", "a file of HL7 v2 without VT in front"),
    START("BHS", "a batch of HL7 v2 without VT in front"),
    START("UNA", "EDIFACT"),
    START("UNB", "EDIFACT"),
    START("<", "XML or HTML"),
    START("{", "JSON"),
    START("[", "JSON"),
};
#undef START

static const char *begins_as(struct slice s)
{
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        if (slice_starts(s, slice_make(starts[i].p, starts[i].n)))
            return starts[i].what;
    return NULL;
}

const char *hl7_guess(struct slice bytes)
{
    const char *what = begins_as(bytes);
    if (what)
        return what;
    struct slice s = bytes;
    if (slice_starts(s, SLICE("\xEF\xBB\xBF")))
        s = slice_sub(s, 3, s.n);
    return s.n ? begins_as(slice_trim(s)) : NULL;
}
