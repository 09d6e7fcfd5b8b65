/* consumer_file.h - NDJSON: one event per line, appended.
 *
 * An event is delivered once fsync has returned. Events are collected while a sync runs (on a
 * thread of its own) and share the next one. A kill in the middle of a write may leave a torn last
 * line: at open the file is cut back to its last newline, and the event comes again. When the file
 * has reached rotate_bytes it is renamed to <path>.<UTC time> and a new one begun; lines never span
 * two files. */
#ifndef WEIR_CONSUMER_FILE_H
#define WEIR_CONSUMER_FILE_H

#include "consumer_kind.h"

extern const struct consumer_kind consumer_file;

#endif
