#include "hospital_message.h"

#include "person.h"

enum { DAY_S = 86400, DATE_DIGITS = 8 };

/* A segment that is being written: at is the field that the next bytes belong to. */
struct segment {
    struct buf *out;
    unsigned at;
};

static struct segment begin(struct buf *out, const char *id)
{
    buf_put(out, slice_make(id, 3));
    return (struct segment){out, 0};
}

static void to_field(struct segment *s, unsigned field)
{
    for (; s->at < field; s->at++)
        buf_putc(s->out, '|');
}

static void put(struct segment *s, unsigned field, const char *text)
{
    to_field(s, field);
    buf_puts(s->out, text);
}

static void digits(struct buf *out, uint64_t v, unsigned width)
{
    char text[20];
    for (unsigned i = width; i-- > 0; v /= 10)
        text[i] = (char)('0' + v % 10);
    buf_put(out, slice_make(text, width));
}

static void number(struct buf *out, unsigned v)
{
    digits(out, v, v > 99 ? 3 : v > 9 ? 2 : 1);
}

/* Year, month and day of a day since 1970 (Howard Hinnant's days_from_civil, turned round). */
static void civil(int64_t day, unsigned *y, unsigned *m, unsigned *d)
{
    int64_t z = day + 719468, era = z / 146097;
    unsigned doe = (unsigned)(z - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    *d = doy - (153 * mp + 2) / 5 + 1;
    *m = mp < 10 ? mp + 3 : mp - 9;
    *y = (unsigned)(era * 400) + yoe + (*m <= 2);
}

/* YYYYMMDDHHMMSS by the clock on the wall. */
static void stamp(struct segment *s, unsigned field, const struct zone *zone, int64_t instant)
{
    unsigned y, m, d;
    to_field(s, field);
    if (instant == 0)
        return;
    int64_t local = instant + zone_offset_at(zone, instant) * 60;
    unsigned of_day = (unsigned)(local % DAY_S);
    civil(local / DAY_S, &y, &m, &d);
    digits(s->out, (y * 100 + m) * 100 + d, DATE_DIGITS);
    digits(s->out, (of_day / 3600 * 100 + of_day / 60 % 60) * 100 + of_day % 60, 6);
}

void hospital_control_id(uint64_t seed, uint32_t serial, char ret[CONTROL_ID_SIZE])
{
    static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    uint64_t tag = dice_mix(seed);
    ret[0] = 'S';
    for (unsigned i = 1; i < 5; i++, tag /= 36)
        ret[i] = alphabet[tag % 36];
    for (unsigned i = 15; i-- > 5; serial /= 10)
        ret[i] = (char)('0' + serial % 10);
    ret[15] = '\0';
}

static void put_header(struct buf *out, const struct hospital_style *style, const struct notice *n,
                       const char *hospital)
{
    char id[CONTROL_ID_SIZE];
    struct segment s = begin(out, "MSH");
    hospital_control_id(style->seed, n->serial, id);
    buf_puts(out, "|^~\\&|SIMPAS|");
    buf_puts(out, hospital);
    buf_puts(out, "|WEIR|REGION");
    s.at = 5;
    stamp(&s, 6, style->zone, n->sent);
    put(&s, 8, "ADT^");
    buf_puts(out, notice_trigger(n->trigger));
    buf_putc(out, '^');
    buf_puts(out, notice_structure(n->trigger));
    put(&s, 9, id);
    put(&s, 10, "P");
    put(&s, 11, "2.4");
    put(&s, 16, "GBR");
    if (n->odd != ODD_CHARSET)
        put(&s, 17, "UNICODE UTF-8");
    buf_putc(out, '\r');
}

static void put_event(struct buf *out, const struct hospital_style *style, const struct notice *n)
{
    struct segment s = begin(out, "EVN");
    put(&s, 1, notice_trigger(n->trigger));
    if (n->odd == ODD_DATE)
        put(&s, 2, "20261399");
    else
        stamp(&s, 2, style->zone, n->recorded);
    if (n->occurred)
        stamp(&s, 6, style->zone, n->occurred);
    buf_putc(out, '\r');
}

static void put_mrn(struct buf *out, const char *hospital, uint32_t record)
{
    buf_putc(out, hospital[2]);
    digits(out, record, 7);
    buf_puts(out, "^^^");
    buf_puts(out, hospital);
    buf_puts(out, "^MR");
}

static void put_address(struct buf *out, const struct person *p)
{
    number(out, p->house);
    buf_putc(out, ' ');
    buf_puts(out, p->street);
    buf_puts(out, "^^");
    buf_puts(out, p->town);
    buf_puts(out, "^^");
    buf_puts(out, p->postcode_area);
    buf_putc(out, ' ');
    number(out, p->sector);
    buf_putc(out, "ABDEFGHJLNPQRSTUWXYZ"[p->unit]);
    buf_putc(out, 'Z');
}

static void put_ids(struct segment *s, const struct notice *n, const struct person *p,
                    const char *hospital)
{
    to_field(s, 3);
    if (n->odd == ODD_NOBODY)
        return;
    if (n->known) {
        buf_puts(s->out, p->nhs);
        buf_puts(s->out, "^^^NHS^NH~");
    }
    put_mrn(s->out, hospital, n->visit.record);
}

static bool died(const struct notice *n)
{
    return n->trigger == ADT_A03 && n->visit.how_out && n->visit.how_out[0] == '4';
}

static void put_person(struct buf *out, const struct hospital_style *style, const struct notice *n,
                       const char *hospital)
{
    struct person p;
    struct segment s = begin(out, "PID");
    person_make(style->seed, n->person, n->moves, &p);
    put(&s, 1, "1");
    put_ids(&s, n, &p, hospital);
    put(&s, 5, n->odd == ODD_CHARSET ? p.accented : n->known ? p.family : "UNKNOWN");
    buf_putc(out, '^');
    buf_puts(out, n->known ? p.given : "UNKNOWN");
    to_field(&s, 7);
    if (n->known)
        digits(out, (p.year * 100 + p.month) * 100 + p.day, DATE_DIGITS);
    put(&s, 8, p.sex == 'F' ? "F" : "M");
    to_field(&s, 11);
    if (n->known)
        put_address(out, &p);
    if (died(n)) {
        stamp(&s, 29, style->zone, n->visit.ended);
        put(&s, 30, "Y");
    }
    put(&s, 32, n->known ? "01" : "04"); /* NHS number status, HL7 UK A.3 */
    buf_putc(out, '\r');
}

static void put_place(struct segment *s, unsigned field, const struct notice *n, struct place p,
                      const char *hospital)
{
    const struct ward_kind *k = ward_kind(p.ward);
    to_field(s, field);
    if (p.ward == WARD_NONE)
        return;
    buf_puts(s->out, n->odd == ODD_WARD ? "Q9" : k->name);
    buf_putc(s->out, '^');
    if (k->bay && p.bed) {
        buf_putc(s->out, 'B');
        number(s->out, (p.bed - 1U) / k->bay + 1U);
    }
    buf_putc(s->out, '^');
    if (p.bed)
        digits(s->out, p.bed, 2);
    buf_putc(s->out, '^');
    buf_puts(s->out, hospital);
    buf_puts(s->out, "01");
}

static void put_doctor(struct segment *s, unsigned field, unsigned doctor)
{
    static const char *const names[] = {"Ferris^Maud", "Bhatt^Rohan", "Amadi^Joy",  "Strand^Piet",
                                        "Lowe^Hester", "Okoro^Sam",   "Penn^Audra", "Rees^Gwyn"};
    put(s, field, "C70");
    digits(s->out, 10000 + doctor * 37U, 5);
    buf_putc(s->out, '^');
    buf_puts(s->out, names[doctor % 8]);
}

static bool tells_way(enum trigger t)
{
    return t == ADT_A01 || t == ADT_A02 || t == ADT_A06 || t == ADT_A12;
}

static void put_visit(struct buf *out, const struct hospital_style *style, const struct notice *n,
                      const char *hospital)
{
    const struct visit *v = &n->visit;
    const char class[2] = {v->patient_class, '\0'};
    struct segment s = begin(out, "PV1");
    put(&s, 1, "1");
    put(&s, 2, class);
    put_place(&s, 3, n, v->now, hospital);
    put(&s, 4, v->method ? v->method : "");
    if (tells_way(n->trigger))
        put_place(&s, 6, n, v->before, hospital);
    put_doctor(&s, 9, v->doctor);
    put(&s, 10, ward_kind(v->now.ward)->specialty);
    put(&s, 19, "V");
    digits(out, v->number, 8);
    buf_puts(out, "^^^");
    buf_puts(out, hospital);
    buf_puts(out, "^VN");
    if (v->how_out)
        put(&s, 36, v->how_out);
    if (v->where_to)
        put(&s, 37, v->where_to);
    if (v->admitted)
        stamp(&s, 44, style->zone, v->admitted);
    if (v->ended)
        stamp(&s, 45, style->zone, v->ended);
    buf_putc(out, '\r');
}

static void put_plan(struct buf *out, const struct hospital_style *style, const struct visit *v)
{
    struct segment s = begin(out, "PV2");
    if (v->planned)
        stamp(&s, 8, style->zone, v->planned);
    if (v->expected)
        stamp(&s, 9, style->zone, v->expected);
    buf_putc(out, '\r');
}

static void end_in_line_feeds(struct buf *out, size_t from)
{
    for (size_t i = from; i < out->n; i++)
        if (out->p[i] == '\r')
            out->p[i] = '\n';
}

void hospital_message_write(struct buf *out, const struct hospital_style *style,
                            const struct notice *n)
{
    char hospital[4];
    size_t from = out->n;
    ward_hospital(n->visit.hospital, hospital);
    put_header(out, style, n, hospital);
    put_event(out, style, n);
    put_person(out, style, n, hospital);
    if (n->trigger == ADT_A40 && n->odd != ODD_NO_MRG) {
        buf_puts(out, "MRG|");
        put_mrn(out, hospital, n->retired);
        buf_putc(out, '\r');
    }
    if (n->has_visit)
        put_visit(out, style, n, hospital);
    if (n->has_visit && (n->visit.planned || n->visit.expected))
        put_plan(out, style, &n->visit);
    if (n->odd == ODD_LINE_FEEDS)
        end_in_line_feeds(out, from);
}

void hospital_wards_write(struct buf *out, unsigned hospitals)
{
    char hospital[4];
    buf_puts(out, "table,key,value\n");
    for (unsigned h = 0; h < hospitals; h++) {
        ward_hospital(h, hospital);
        for (unsigned w = WARD_NONE + 1; w < WARDS; w++)
            buf_printf(out, "location,%s01/%s,%s\n", hospital, ward_kind(w)->name,
                       ward_kind(w)->group);
        buf_printf(out, "identifier,*/%s/MR,mrn\nidentifier,*/%s/VN,visit\n", hospital, hospital);
    }
    buf_puts(out, "identifier,*/NHS/NH,nhs_number\n");
}
