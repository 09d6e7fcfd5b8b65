#include "stay_message.h"

#include <stdio.h>
#include "hospital_message.h"
#include "segment.h"

static void put_header(const struct pen *p, const struct stay_message *m, int64_t sent,
                       const char *key)
{
    struct segment s = segment_begin(p->out, "MSH");
    buf_printf(p->out, "|^~\\&|%s|%s|WEIR|REGION|", m->place->system, m->place->organisation);
    s.at = 6;
    segment_stamp(&s, 6, p->zone, sent);
    buf_printf(p->out, "||ADT^%s^%s|%s|P|2.4|||||GBR|UNICODE UTF-8\rEVN|%s|", m->trigger,
               m->structure, key, m->trigger);
    s.at = 2;
    segment_stamp(&s, 2, p->zone, sent);
    if (m->occurred)
        segment_stamp(&s, 6, p->zone, m->occurred);
    buf_putc(p->out, '\r');
}

static void put_person(const struct pen *p, const struct stay_message *m, const struct affair *a)
{
    struct person person;
    pen_person(p, &a->who, &person);
    buf_printf(p->out, "PID|1||%s^^^NHS^NH~%c%07u^^^%s^MR||%s^%s||%04u%02u%02u|%c|||%u %s^^%s^^",
               person.nhs, m->place->organisation[2], a->who.person, m->place->organisation,
               person.family, person.given, person.year, person.month, person.day, person.sex,
               person.house, person.street, person.town);
    pen_postcode(p, &person);
    buf_puts(p->out, "|||||||||||||||||||||01\rPD1|||^^Y99001\r");
}

static void put_visit(const struct pen *p, const struct stay_message *m, const struct affair *a)
{
    const struct stay_place *at = m->place;
    struct segment s = segment_begin(p->out, "PV1");
    buf_printf(p->out, "|1|I|%s^^%02u^%s01|%s||||||710", at->ward, at->bed, at->organisation,
               m->method);
    s.at = 10;
    segment_to(&s, 19);
    buf_printf(p->out, "S%08u^^^%s^VN", a->number, at->organisation);
    if (m->how_out)
        segment_put(&s, 36, m->how_out);
    if (m->where_to)
        segment_put(&s, 37, m->where_to);
    segment_stamp(&s, 44, p->zone, m->admitted);
    if (m->ended)
        segment_stamp(&s, 45, p->zone, m->ended);
    buf_putc(p->out, '\r');
}

void stay_message_write(const struct pen *p, const struct stay_message *m, const struct affair *a,
                        int64_t sent, struct telling *t)
{
    hospital_control_id(p->seed, t->n, t->key);
    t->key[0] = m->place->organisation[2];
    put_header(p, m, sent, t->key);
    put_person(p, m, a);
    if (m->place->ward)
        put_visit(p, m, a);
}
