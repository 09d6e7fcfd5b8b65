/* fuzz_hl7_time: a value is a time that can be written as RFC 3339 and read back as the same
 * instant, or an error; a zone made of any bytes answers or is refused. */
#include <stdint.h>
#include <stdlib.h>
#include "hl7_time.h"
#include "rfc3339.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_time(struct slice text, const struct zone *zone)
{
    struct hl7_time_rules rules = {zone, false};
    struct hl7_time t;
    struct err err;
    char out[RFC3339_SIZE], date[HL7_DATE_SIZE];
    struct slice got;
    if (hl7_time_read(text, &rules, &t, &err) == 0) {
        int64_t ms;
        int offset;
        if (!rfc3339_read(rfc3339_write(t.wall_ms, t.offset_min, out), &ms, &offset) ||
            ms != t.wall_ms || offset != t.offset_min)
            abort();
    }
    if (hl7_date_read(text, date, &got, &err) == 0 && (got.n < 4 || got.n > 10))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_make((const char *)data, size);
    struct zone *zone = NULL;
    struct err err;
    if (size > 4 && memcmp(data, "TZif", 4) == 0) {
        if (zone_read(in, &zone, &err) == 0)
            for (int64_t s = -4000000000; s < 40000000000; s += 1234567890) {
                struct zone_reading r = zone_from_local(zone, s);
                zone_offset_at(zone, r.instant_s);
            }
    } else if (size && zone_open(ZONE_DIR, "Europe/London", &zone, &err) == 0) {
        check_time(in, zone);
    }
    zone_close(zone);
    return 0;
}
