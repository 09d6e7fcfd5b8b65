#include "person.h"

#include <string.h>
#include "dice.h"

static const char *const families[] = {
    "ASHWORTH", "BELLO",   "CHAUDHRY",  "DUNN",     "EZE",   "FAIRCLOUGH", "GILL",
    "HUSSAIN",  "IDLE",    "JANKOWSKA", "KAUR",     "LOMAX", "MBEKI",      "NUTTALL",
    "OKAFOR",   "PYE",     "QUAYLE",    "ROTHWELL", "SINGH", "TATTERSALL", "USMAN",
    "VARLEY",   "WHITTLE", "XU",        "YATES",    "ZAMAN", "O'NEILL",    "SMITH-JONES",
    "PATEL",    "KHAN",    "WILLIAMS",  "EVANS",
};
static const char *const given[2][16] = {
    {"BILAL", "DEV", "FEMI", "HARUN", "JACEK", "MO", "OWEN", "STAN", "WES", "ALFIE", "GEORGE",
     "TARIQ", "LEE", "COLIN", "RHYS", "PIOTR"},
    {"AGNES", "CARYS", "EDITH", "GRACE", "ISLA", "KIRAN", "LENA", "NADIA", "PRIYA", "RUTH", "TAMAR",
     "UNA", "VERA", "AISHA", "MEGAN", "OLIVE"},
};
static const char *const accented[] = {"FRAN\xC7OIS", "NU\xD1\x45Z", "O\222DONNELL", "M\xDCLLER"};
static const char *const streets[] = {"Weir Lane",   "Mill Street", "Lock Road",   "Sluice Row",
                                      "Heron Close", "Otter Way",   "Ferry Drive", "Reed Walk"};
static const struct {
    const char *name, *area;
} towns[] = {
    {"Rawtenstall", "BB4"}, {"Todmorden", "OL14"}, {"Bacup", "OL13"}, {"Haslingden", "BB4"}};

enum { FAMILIES = sizeof(families) / sizeof(families[0]), DAYS_OF_MONTH = 28 };

void person_nhs_number(uint32_t n, char ret[NHS_NUMBER_SIZE])
{
    /* Of the ten numbers that share all but their ninth digit, at most one has no check digit: nine
     * of each ten are used, so that no number has to be searched for. */
    uint32_t head = n / 9 % 100000, tail = n % 9;
    unsigned sum = (10 + 9 + 8) * 9, digits[9] = {9, 9, 9};
    for (unsigned i = 8; i-- > 3; head /= 10) {
        digits[i] = head % 10;
        sum += digits[i] * (10 - i);
    }
    for (unsigned x = 0; x <= tail && x < 9; x++)
        if ((sum + 2 * x) % 11 == 1)
            tail++;
    sum += 2 * tail;
    digits[8] = tail;
    for (unsigned i = 0; i < 9; i++)
        ret[i] = (char)('0' + digits[i]);
    ret[9] = (char)('0' + (11 - sum % 11) % 11);
    ret[10] = '\0';
}

static unsigned take(uint64_t *bits, unsigned n)
{
    unsigned v = (unsigned)(*bits % n);
    *bits /= n;
    return v;
}

void person_make(uint64_t seed, uint32_t number, unsigned moves, struct person *ret)
{
    uint64_t who = dice_mix(seed ^ dice_mix(number)), where = dice_mix(who + moves);
    unsigned sex = take(&who, 2), town = take(&where, 4);
    struct person p = {.sex = sex ? 'F' : 'M'};
    p.family = families[take(&who, FAMILIES)];
    p.given = given[sex][take(&who, 16)];
    p.accented = accented[take(&who, 4)];
    p.year = 2025 - take(&who, 50) - take(&who, 50); /* more of middle age than of either end */
    p.month = 1 + take(&who, 12);
    p.day = 1 + take(&who, DAYS_OF_MONTH);
    p.street = streets[take(&where, 8)];
    p.town = towns[town].name;
    p.postcode_area = towns[town].area;
    p.house = 1 + take(&where, 180);
    p.sector = take(&where, 10);
    p.unit = take(&where, 20);
    person_nhs_number((uint32_t)((dice_mix(seed) % PERSON_MAX + number) % PERSON_MAX), p.nhs);
    *ret = p;
}
