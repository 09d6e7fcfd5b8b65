/* event_id.h - ids, pseudonyms and keys (design: the event; domain rule: events.md 1).
 *
 * All of it is a pure function of bytes and keys: the same message gives the same ids on every run.
 */
#ifndef WEIR_EVENT_ID_H
#define WEIR_EVENT_ID_H

#include "digest.h"
#include "slice.h"

/* Keys of a site. Opened once from secrets; the struct owns the digests. */
struct event_keys {
    char kid[16];             /* key id in front of pseudonyms */
    struct digest *pseudonym; /* HMAC */
    struct digest *plain;     /* SHA-256 */
};
int event_keys_open(struct slice kid, struct slice key, struct event_keys *ret, struct err *reterr);
void event_keys_close(struct event_keys *k);

enum { EVENT_ID_SIZE = 96, EVENT_PSEUDONYM_SIZE = 64 };

/* SHA-256 of source, control id and the message bytes less the volatile ranges (sorted, not
 * overlapping; MSH-7 for HL7 v2), parts told apart by their lengths. What event ids of this message
 * begin with. */
void event_message_digest(const struct event_keys *k, struct slice source, struct slice control_id,
                          struct slice bytes, const struct slice *volatile_parts,
                          unsigned nvolatile, unsigned char out[DIGEST_SIZE]);
/* HMAC-SHA-256 of n parts, told apart by their lengths; an absent one is as an empty one. With the
 * key of the pseudonyms, since a record may be known by no more than a number of its patient. */
void event_parts_digest(const struct event_keys *k, const struct slice *parts, unsigned n,
                        unsigned char out[DIGEST_SIZE]);
/* "<b64url of the first 16 bytes>-<type>-<number>": of a message which of its type it is, from 1;
 * of a record with a key (map_key.h) a print of what it says. */
struct slice event_id_write(const unsigned char digest[DIGEST_SIZE], struct slice type,
                            unsigned count, char out[EVENT_ID_SIZE]);

/* Revisions. What a mended map makes otherwise of the same message is published as "<id>.r<n>", n
 * from 1; the id without it is the stem. */
enum { EVENT_REVISION_SIZE = EVENT_ID_SIZE + 16 };
/* Bytes of an id that name the message. */
enum { EVENT_ID_MESSAGE = 22 };
/* The stem and the revision (0: none) of an id. */
struct slice event_id_stem(struct slice id, unsigned *ret_revision);
/* "<stem>.r<n>", the stem itself for 0; absent where it is longer than an id can be. */
struct slice event_id_revise(struct slice stem, unsigned revision, char out[EVENT_REVISION_SIZE]);
/* The type that the event of that id, or its first revision, had; absent where it is no id that
 * event_id_write made. */
struct slice event_id_type(struct slice id);

/* "kid:<b64url of 16 bytes>" of a normalised NHS number (authority absent), or of authority and
 * local number. */
struct slice event_pseudonym(const struct event_keys *k, struct slice authority,
                             struct slice number, char out[EVENT_PSEUDONYM_SIZE]);

/* NHS number: digits without blanks and hyphens; false unless ten digits with a right check digit
 * (NHS Data Dictionary) that are not all the same. */
bool event_nhs_number(struct slice sent, char out[11]);

#endif
