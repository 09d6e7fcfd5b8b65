#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include "clock.h"
#include "rfc3339.h"

enum { LINE_MAX_BYTES = 2048 };

static enum log_level lowest = LOG_INFO;

void log_set_level(enum log_level level)
{
    lowest = level;
}

static void escape_controls(char *line, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
}

void log_line(enum log_level level, const char *what, const char *fmt, ...)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    if (level < lowest)
        return;
    char line[LINE_MAX_BYTES], at[RFC3339_SIZE];
    rfc3339_utc(clock_wall_ms(), at);
    int n = snprintf(line, sizeof(line) - 1, "%s %-5s %s ", at, names[level], what);
    va_list ap;
    va_start(ap, fmt);
    int more = vsnprintf(line + n, sizeof(line) - 1 - (size_t)n, fmt, ap);
    va_end(ap);
    size_t end = (size_t)n + (more > 0 ? (size_t)more : 0);
    if (end > sizeof(line) - 2)
        end = sizeof(line) - 2;
    escape_controls(line, end);
    line[end++] = '\n';
    ssize_t done = write(STDERR_FILENO, line, end);
    (void)done; /* nobody is left to tell */
}
