#include "pen.h"

#include "rfc3339.h"
#include "world_parts.h"

void pen_instant(const struct pen *p, int64_t at)
{
    char text[RFC3339_SIZE];
    buf_put(p->out, rfc3339_write(at * 1000, zone_offset_at(p->zone, at), text));
}

static int64_t local(const struct pen *p, int64_t at)
{
    return at + zone_offset_at(p->zone, at) * 60;
}

void pen_day(const struct pen *p, int64_t at)
{
    int y, m, d;
    if (at == 0)
        return;
    rfc3339_date(local(p, at) / DAY_S, &y, &m, &d);
    buf_printf(p->out, "%04d-%02d-%02d", y, m, d);
}

void pen_clock(const struct pen *p, int64_t at)
{
    int of_day = (int)(local(p, at) % DAY_S);
    if (at)
        buf_printf(p->out, "%02d:%02d:%02d", of_day / HOUR_S, of_day / MINUTE_S % 60, of_day % 60);
}

void pen_uk(const struct pen *p, int64_t at)
{
    int y, m, d;
    if (at == 0)
        return;
    rfc3339_date(local(p, at) / DAY_S, &y, &m, &d);
    buf_printf(p->out, "%02d/%02d/%04d ", d, m, y);
    pen_clock(p, at);
}

void pen_day_clock(const struct pen *p, int64_t at)
{
    pen_day(p, at);
    buf_putc(p->out, ',');
    pen_clock(p, at);
}

void pen_person(const struct pen *p, const struct who *who, struct person *ret)
{
    person_make(p->seed, who->person, who->moves, ret);
}

void pen_nhs(const struct pen *p, const struct who *who)
{
    struct person person;
    if (!who->known)
        return;
    pen_person(p, who, &person);
    buf_puts(p->out, person.nhs);
}

void pen_postcode(const struct pen *p, const struct person *person)
{
    buf_printf(p->out, "%s %u%cZ", person->postcode_area, person->sector,
               "ABDEFGHJLNPQRSTUWXYZ"[person->unit]);
}
