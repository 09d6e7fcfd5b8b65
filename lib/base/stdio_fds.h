/* stdio_fds.h - a program that is started with its standard input, output or error closed.
 *
 * What it opens next would take their numbers, and get what is printed or logged: a lock file the
 * log, a socket the answer. */
#ifndef WEIR_STDIO_FDS_H
#define WEIR_STDIO_FDS_H

/* Puts /dev/null in the place of each of the three that is closed; called before anything is
 * opened. It cannot be read as input nor written as output, so that whoever needs it is told. 0, or
 * -1 with errno. */
int stdio_fds_hold(void);

#endif
