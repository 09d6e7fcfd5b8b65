/* site_parts.h - how site.c is split: one file per section of the config (internal to lib/conf).
 *
 * Each part reads its section into the site, checks what it can see alone, and prints its options.
 */
#ifndef WEIR_SITE_PARTS_H
#define WEIR_SITE_PARTS_H

#include "site.h"

/* Bytes of a record beside the message: key and headers. */
enum { SITE_RECORD_EXTRA = 64 * 1024 };

/* [a-z0-9][a-z0-9-]*, at most 48: what names a source, route or consumer. `what` for the message;
 * the position is that of the entry's key. */
int site_check_name(const struct yaml *entry, const char *what, struct err *reterr);
/* [a-z][a-z0-9_]*, at most 48: what names a list or table. */
int site_check_word(const struct yaml *entry, const char *what, struct err *reterr);
/* As yaml_err, at the key of the entry. */
int site_name_err(const struct yaml *entry, struct err *reterr, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Refuses "name" that is none of the entries of a section, with the nearest one. */
int site_unknown(const struct yaml *at, struct slice name, const char *what,
                 const struct yaml *section, struct err *reterr);
/* A section as a map of named entries; NULL where it is empty. */
int site_section(const struct yaml *node, const char *what, const struct yaml **ret,
                 struct err *reterr);
/* A file name made absolute in place; absent stays absent. */
int site_absolute(struct site *s, struct slice *name, struct err *reterr);
int site_no_room(const struct site *s, struct err *reterr);

/* Each is APPLICATION/FACILITY; node has the option `sending`. */
int site_check_sending(const struct yaml *node, const struct conf_texts *sending,
                       struct err *reterr);
/* A listener of a source: the section with the options `listen`, `allow`, `plaintext`, what they
 * hold, the port to show as an example, and what encrypts the way to it. */
struct site_listen {
    const struct yaml *node;
    struct slice listen;
    const struct conf_texts *allow;
    const char *port, *encrypt;
    bool tls, plaintext;
};
/* Other machines reach it only where it says which, and unencrypted only where that is meant. */
int site_check_listen(const struct site_listen *l, struct err *reterr);
/* The section of the source's listener that has this port, of those before `except` (NULL: of all).
 */
struct conf_addr;
const struct yaml *site_port_taken(const struct site_source *src, const struct yaml *except,
                                   const struct conf_addr *addr);
/* A port belongs to one source and one way in: what comes there has no other name. Of the source
 * against itself and those before it. */
int site_check_ports(const struct site *s, const struct site_source *src, struct err *reterr);
/* Whether a message of so many bytes, the value of that option, fits a record of the stream. */
int site_check_fits(const struct site *s, const struct yaml *at, const char *option, uint64_t bytes,
                    struct err *reterr);
/* The section `tls` of a listener. */
int site_read_tls(struct site *s, const struct yaml *node, struct site_tls *ret,
                  struct err *reterr);
/* What a section of the kind of site_door.h has beside that: a struct whose first member is the
 * door. */
enum { SITE_DOOR_OWN_MAX = 16 };
struct site_door_own {
    const struct conf_option *options;
    unsigned n;
    const char *port; /* to show as an example */
};
int site_read_door(struct site *s, const struct yaml *node, const struct site_door_own *own,
                   struct site_door *ret, struct err *reterr);
/* The words of a text as a list. */
int site_words(struct site *s, const char *text, struct conf_texts *ret, struct err *reterr);
int site_source_secrets(struct site *s, struct err *reterr);
int site_read_sources(struct site *s, const struct yaml *section, struct err *reterr);
int site_read_routes(struct site *s, const struct yaml *section, struct err *reterr);
int site_read_consumers(struct site *s, const struct yaml *section, struct err *reterr);
/* The section `folder` of a source, if it has one. */
int site_read_folder(struct site *s, struct site_source *src, struct err *reterr);
/* The section `csv` of a source, or what is preset. */
int site_read_csv(struct site *s, struct site_source *src, struct err *reterr);
/* The section `http` of a source, if it has one. */
int site_read_er7(struct site *s, struct site_source *src, struct err *reterr);
/* The section `fhir` of a source, if it has one. */
int site_read_fhir(struct site *s, struct site_source *src, struct err *reterr);
/* The section `ack` of a source; node NULL: what is preset. */
int site_read_ack(struct site *s, const struct yaml *node, struct site_ack *ret,
                  struct err *reterr);
/* The section `mllp` of a consumer; then what is secret in it. */
int site_read_mllp_to(struct site *s, const struct yaml *node, struct site_mllp_to *ret,
                      struct err *reterr);
int site_mllp_to_secrets(struct site *s, struct site_mllp_to *m, struct err *reterr);
/* The section `kafka` of a stream. */
int site_read_kafka(struct site *s, const struct yaml *node, struct site_kafka *ret,
                    struct err *reterr);
/* The section `relay`, after sources and routes. */
int site_read_relay(struct site *s, const struct yaml *node, struct err *reterr);
/* Secrets of a set of users (1 << enum site_user). */
int site_kafka_secrets(struct site *s, struct site_kafka *k, unsigned users, struct err *reterr);
/* After all sections: keys of routes that name none. */
int site_route_keys(struct site *s, struct err *reterr);
int site_consumer_secrets(struct site *s, struct err *reterr);

void site_print_base(struct buf *out);
void site_print_kafka(struct buf *out);
void site_print_relay(struct buf *out);
void site_print_tls(struct buf *out);
void site_print_sources(struct buf *out);
void site_print_ack(struct buf *out);
void site_print_folder(struct buf *out);
void site_print_csv(struct buf *out);
void site_print_door(const struct site_door_own *own, struct buf *out);
void site_print_bearer(struct buf *out);
void site_print_er7(struct buf *out);
void site_print_fhir(struct buf *out);
void site_print_routes(struct buf *out);
void site_print_consumers(struct buf *out);
void site_print_mllp_to(struct buf *out);

#endif
