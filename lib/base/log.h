/* log.h - one line per event of a program: time, level, what happened, then key=value pairs, to
 * standard error.
 *
 * Only programs log; libraries return errors. Never pass bytes of a message: log ids, names,
 * positions, counts. Control bytes are escaped, so nothing that was sent can forge a line. The
 * level is the only global of the tree. */
#ifndef WEIR_LOG_H
#define WEIR_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Lines below this level are dropped; LOG_INFO at start. */
void log_set_level(enum log_level level);
/* log_line(LOG_INFO, "source.connected", "source=%s peer=%s", …): `what` is a fixed dotted name,
 * fmt may be "". Written with one write(2), so lines of several processes do not mix. */
void log_line(enum log_level level, const char *what, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
