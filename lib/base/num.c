#include "num.h"

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

bool num_u64(struct slice s, uint64_t *ret)
{
    uint64_t v = 0;
    if (s.n == 0)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        uint64_t d = (uint64_t)(s.p[i] - '0');
        if (!digit(s.p[i]) || v > (UINT64_MAX - d) / 10)
            return false;
        v = v * 10 + d;
    }
    *ret = v;
    return true;
}

bool num_i64(struct slice s, int64_t *ret)
{
    bool minus = s.n && s.p[0] == '-';
    if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
        s = slice_sub(s, 1, s.n);
    uint64_t v;
    if (!num_u64(s, &v) || v > (uint64_t)INT64_MAX + minus)
        return false;
    *ret = minus ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

struct unit {
    const char *name;
    uint64_t times;
};

/* Splits "12kB" into digits and unit and multiplies; false for an unknown unit or on overflow. */
static bool with_unit(struct slice s, const struct unit *units, uint64_t *ret)
{
    size_t n = 0;
    while (n < s.n && digit(s.p[n]))
        n++;
    uint64_t v;
    if (!num_u64(slice_sub(s, 0, n), &v))
        return false;
    struct slice name = slice_sub(s, n, s.n);
    for (; units->name; units++) {
        if (!slice_eq_str(name, units->name))
            continue;
        if (v > (uint64_t)INT64_MAX / units->times)
            return false;
        *ret = v * units->times;
        return true;
    }
    return false;
}

bool num_duration_ms(struct slice s, int64_t *ret)
{
    static const struct unit units[] = {{"ms", 1},      {"s", 1000},     {"m", 60000},
                                        {"h", 3600000}, {"d", 86400000}, {NULL, 0}};
    uint64_t v;
    if (slice_eq_str(s, "0")) {
        *ret = 0;
        return true;
    }
    if (!with_unit(s, units, &v))
        return false;
    *ret = (int64_t)v;
    return true;
}

bool num_size(struct slice s, uint64_t *ret)
{
    static const struct unit units[] = {
        {"", 1},  {"B", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024},
        {NULL, 0}};
    return with_unit(s, units, ret);
}
