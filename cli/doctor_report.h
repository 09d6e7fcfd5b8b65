/* doctor_report.h - what `weir doctor` found, one finding a check, and what weir.yaml has to say
 * because of it. Owns nothing: words and names are literals, texts are copied. */
#ifndef WEIR_DOCTOR_REPORT_H
#define WEIR_DOCTOR_REPORT_H

#include <stdbool.h>
#include <stdio.h>
#include "err.h"

enum doctor_verdict {
    DOCTOR_OK,
    DOCTOR_NOTE,    /* good to know; weir bears it by itself */
    DOCTOR_SET,     /* weir bears it with a setting */
    DOCTOR_FAULT,   /* no setting helps: the receiver wants mending */
    DOCTOR_SKIPPED, /* could not be asked */
};

enum { DOCTOR_FINDINGS = 24, DOCTOR_SETTINGS = 8 };

struct doctor_finding {
    const char *check; /* a literal */
    enum doctor_verdict verdict;
    char text[500];
};
struct doctor_setting { /* under consumers.<x>.mllp; on_ack where the key is a code */
    const char *key, *value;
    bool on_ack;
};

struct doctor_report {
    const char *address;
    bool sent; /* messages were asked for */
    unsigned messages;
    const char *ca, *cert, *key, *server_name;
    bool away;     /* no connection came about */
    bool tls, far; /* far: not this machine */
    struct doctor_finding findings[DOCTOR_FINDINGS];
    unsigned nfindings;
    struct doctor_setting settings[DOCTOR_SETTINGS];
    unsigned nsettings;
};

void doctor_find(struct doctor_report *r, const char *check, enum doctor_verdict verdict,
                 const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Key and value are literals. The first one for a key stays. */
void doctor_set(struct doctor_report *r, const char *key, const char *value, bool on_ack);
/* Whether some finding is DOCTOR_SET or DOCTOR_FAULT. */
bool doctor_found(const struct doctor_report *r);

void doctor_print(const struct doctor_report *r, FILE *to);
int doctor_print_json(const struct doctor_report *r, FILE *to, struct err *reterr);

#endif
