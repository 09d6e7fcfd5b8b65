#include "lost.h"

#include <stdio.h>
#include "log.h"

void lost_tell(struct audit *audit, struct slice group, const struct stream_message *m,
               const struct err *e)
{
    char from[24], to[24];
    struct err err = {0};
    snprintf(from, sizeof(from), "%lld", (long long)m->lost_from);
    snprintf(to, sizeof(to), "%lld", (long long)m->offset);
    const struct audit_field fields[] = {{SLICE("group"), group},
                                         {SLICE("topic"), m->topic},
                                         {SLICE("partition"), m->partition},
                                         {SLICE("from"), slice_str(from)},
                                         {SLICE("to"), slice_str(to)}};
    log_line(LOG_ERROR, "alarm.position_lost", "%s", e->text);
    if (audit && audit_append(audit, SLICE("position.lost"), SLICE("system"), fields,
                              sizeof(fields) / sizeof(fields[0]), NULL, NULL, &err) < 0)
        log_line(LOG_ERROR, "alarm.audit", "position.lost not recorded: %s", err.text);
}
