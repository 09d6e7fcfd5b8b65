/* map_text.h - a value of the message as text of an event: escapes decoded, in UTF-8. Of a tree it
 * stands there so already.
 *
 * The character set is decided once per message (hl7_charset.h); a guess is flagged. */
#ifndef WEIR_MAP_TEXT_H
#define WEIR_MAP_TEXT_H

#include "map_run.h"

/* Beside enum hl7_charset_flag and hl7_escape_flag in map_run.text_flags. */
enum map_text_flag {
    MAP_TEXT_CUT = 1 << 16,      /* a value ends in the truncation character */
    MAP_TEXT_IDS_MANY = 1 << 17, /* a field has more ids than are read */
};

/* Nothing more is joined behind so many bytes. */
enum { MAP_TEXT_JOINED_MAX = 4096 };

/* Flags on run->event what had to be guessed and what could not be read. */
void map_text_flags(struct map_run *run);
/* Absent where nothing was sent, or nothing but "". In the arena or in the message. */
struct slice map_text(struct map_run *run, struct slice sent);
/* Whether the sender cut the value short (MSH-2, fifth character; HL7 v2.7 §2.5.5.2). */
bool map_text_cut(const struct map_run *run, struct slice sent);
/* Several components as they stand, separators included: in UTF-8, escapes left alone. */
struct slice map_text_raw(struct map_run *run, struct slice sent);
/* The text at a path. */
struct slice map_text_at(struct map_run *run, union map_path path);
/* The text of the first path that has one. */
struct slice map_text_first(struct map_run *run, const union map_path *paths, unsigned n);
/* All values of the one path, or the first of each of several (absent where one has none), with
 * between in between. */
struct slice map_text_joined(struct map_run *run, const union map_path *paths, unsigned n,
                             struct slice between);
/* Calls fn with each text of a path, in order, until it returns false. */
void map_text_each(struct map_run *run, union map_path path,
                   bool (*fn)(struct slice text, void *arg), void *arg);
/* Component and subcomponent of a repetition, as hl7_msg_part. */
struct slice map_text_part(struct map_run *run, struct slice repetition, unsigned component,
                           unsigned subcomponent);

#endif
