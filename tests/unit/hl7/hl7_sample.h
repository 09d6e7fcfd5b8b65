/* hl7_sample.h - what the tests of lib/hl7 share: messages in buffers of their exact size, so that
 * one byte read too far is seen. */
#ifndef WEIR_HL7_SAMPLE_H
#define WEIR_HL7_SAMPLE_H

#include <check.h>
#include "hl7_msg.h"

/* A message of an admission, CR between segments; the NHS number is from the 999 range. */
extern const char sample_adt[];

/* One message under test with all it needs; sample_close frees it. */
struct sample {
    char *bytes;
    struct arena arena;
    struct hl7_msg msg;
    struct err err;
    int rc;
};

/* Parses a copy of text in a buffer of its exact size. */
void sample_open(struct sample *s, struct slice text);
/* As sample_open with limits of the caller's. */
void sample_open_limited(struct sample *s, struct slice text, const struct hl7_limits *limits);
void sample_close(struct sample *s);
/* An exact copy on the heap, no NUL behind; free it. */
char *sample_exact(struct slice text);

#define ck_slice(got, want)                                                                        \
    ck_assert_msg(slice_present(got) && slice_eq_str((got), (want)), "got <%.*s>, want <%s>",      \
                  SLICE_ARG(got), (want))
#define ck_absent(got) ck_assert_msg(!slice_present(got), "got <%.*s>, want absent", SLICE_ARG(got))

TCase *msg_tests(void);
TCase *path_tests(void);
TCase *escape_tests(void);
TCase *frame_tests(void);
TCase *ack_tests(void);
TCase *ack_due_tests(void);
TCase *batch_tests(void);
TCase *charset_tests(void);
TCase *zone_tests(void);
TCase *time_tests(void);
TCase *names_tests(void);

#endif
