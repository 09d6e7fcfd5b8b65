#include "hospital_message.h"

#include "person.h"
#include "segment.h"

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
    struct segment s = segment_begin(out, "MSH");
    hospital_control_id(style->seed, n->serial, id);
    buf_puts(out, "|^~\\&|SIMPAS|");
    buf_puts(out, hospital);
    buf_puts(out, "|WEIR|REGION");
    s.at = 5;
    segment_stamp(&s, 6, style->zone, n->sent);
    segment_put(&s, 8, "ADT^");
    buf_puts(out, notice_trigger(n->trigger));
    buf_putc(out, '^');
    buf_puts(out, notice_structure(n->trigger));
    segment_put(&s, 9, id);
    segment_put(&s, 10, "P");
    segment_put(&s, 11, "2.4");
    segment_put(&s, 16, "GBR");
    if (n->odd != ODD_CHARSET)
        segment_put(&s, 17, "UNICODE UTF-8");
    buf_putc(out, '\r');
}

static void put_event(struct buf *out, const struct hospital_style *style, const struct notice *n)
{
    struct segment s = segment_begin(out, "EVN");
    segment_put(&s, 1, notice_trigger(n->trigger));
    if (n->odd == ODD_DATE)
        segment_put(&s, 2, "20261399");
    else
        segment_stamp(&s, 2, style->zone, n->recorded);
    if (n->occurred)
        segment_stamp(&s, 6, style->zone, n->occurred);
    buf_putc(out, '\r');
}

static void put_mrn(struct buf *out, const char *hospital, uint32_t record)
{
    buf_putc(out, hospital[2]);
    segment_digits(out, record, 7);
    buf_puts(out, "^^^");
    buf_puts(out, hospital);
    buf_puts(out, "^MR");
}

static void put_address(struct buf *out, const struct person *p)
{
    segment_number(out, p->house);
    buf_putc(out, ' ');
    buf_puts(out, p->street);
    buf_puts(out, "^^");
    buf_puts(out, p->town);
    buf_puts(out, "^^");
    buf_puts(out, p->postcode_area);
    buf_putc(out, ' ');
    segment_number(out, p->sector);
    buf_putc(out, "ABDEFGHJLNPQRSTUWXYZ"[p->unit]);
    buf_putc(out, 'Z');
}

static void put_ids(struct segment *s, const struct notice *n, const struct person *p,
                    const char *hospital)
{
    segment_to(s, 3);
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
    struct segment s = segment_begin(out, "PID");
    person_make(style->seed, n->person, n->moves, &p);
    segment_put(&s, 1, "1");
    put_ids(&s, n, &p, hospital);
    segment_put(&s, 5, n->odd == ODD_CHARSET ? p.accented : n->known ? p.family : "UNKNOWN");
    buf_putc(out, '^');
    buf_puts(out, n->known ? p.given : "UNKNOWN");
    segment_to(&s, 7);
    if (n->known)
        segment_digits(out, (p.year * 100 + p.month) * 100 + p.day, SEGMENT_DATE_DIGITS);
    segment_put(&s, 8, p.sex == 'F' ? "F" : "M");
    segment_to(&s, 11);
    if (n->known)
        put_address(out, &p);
    if (died(n)) {
        segment_stamp(&s, 29, style->zone, n->visit.ended);
        segment_put(&s, 30, "Y");
    }
    segment_put(&s, 32, n->known ? "01" : "04"); /* NHS number status, HL7 UK A.3 */
    buf_putc(out, '\r');
}

static void put_place(struct segment *s, unsigned field, const struct notice *n, struct place p,
                      const char *hospital)
{
    const struct ward_kind *k = ward_kind(p.ward);
    segment_to(s, field);
    if (p.ward == WARD_NONE)
        return;
    buf_puts(s->out, n->odd == ODD_WARD ? "Q9" : k->name);
    buf_putc(s->out, '^');
    if (k->bay && p.bed) {
        buf_putc(s->out, 'B');
        segment_number(s->out, (p.bed - 1U) / k->bay + 1U);
    }
    buf_putc(s->out, '^');
    if (p.bed)
        segment_digits(s->out, p.bed, 2);
    buf_putc(s->out, '^');
    buf_puts(s->out, hospital);
    buf_puts(s->out, "01");
}

static void put_doctor(struct segment *s, unsigned field, unsigned doctor)
{
    static const char *const names[] = {"Ferris^Maud", "Bhatt^Rohan", "Amadi^Joy",  "Strand^Piet",
                                        "Lowe^Hester", "Okoro^Sam",   "Penn^Audra", "Rees^Gwyn"};
    segment_put(s, field, "C70");
    segment_digits(s->out, 10000 + doctor * 37U, 5);
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
    struct segment s = segment_begin(out, "PV1");
    segment_put(&s, 1, "1");
    segment_put(&s, 2, class);
    put_place(&s, 3, n, v->now, hospital);
    segment_put(&s, 4, v->method ? v->method : "");
    if (tells_way(n->trigger))
        put_place(&s, 6, n, v->before, hospital);
    put_doctor(&s, 9, v->doctor);
    segment_put(&s, 10, ward_kind(v->now.ward)->specialty);
    segment_put(&s, 19, "V");
    segment_digits(out, v->number, 8);
    buf_puts(out, "^^^");
    buf_puts(out, hospital);
    buf_puts(out, "^VN");
    if (v->how_out)
        segment_put(&s, 36, v->how_out);
    if (v->where_to)
        segment_put(&s, 37, v->where_to);
    if (v->admitted)
        segment_stamp(&s, 44, style->zone, v->admitted);
    if (v->ended)
        segment_stamp(&s, 45, style->zone, v->ended);
    buf_putc(out, '\r');
}

static void put_plan(struct buf *out, const struct hospital_style *style, const struct visit *v)
{
    struct segment s = segment_begin(out, "PV2");
    if (v->planned)
        segment_stamp(&s, 8, style->zone, v->planned);
    if (v->expected)
        segment_stamp(&s, 9, style->zone, v->expected);
    buf_putc(out, '\r');
}

/* Ready to leave, and since when (HL7 UK A.3, ZU1). */
static void put_ready(struct buf *out, const struct hospital_style *style, const struct notice *n)
{
    struct segment s = segment_begin(out, "ZU1");
    segment_put(&s, 22, "Y");
    segment_stamp(&s, 24, style->zone, n->occurred);
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
    if (n->trigger == ADT_A16)
        put_ready(out, style, n);
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
