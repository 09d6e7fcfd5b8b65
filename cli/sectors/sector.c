#include "sector.h"

#include <string.h>

static const struct {
    const char *name;
    unsigned ways;
} rows[SECTORS] = {
    [SECTOR_ACUTE] = {"acute", 1U << WAY_MLLP | 1U << WAY_FHIR},
    [SECTOR_AMBULANCE] = {"ambulance", 1U << WAY_JSON | 1U << WAY_FHIR | 1U << WAY_ROWS},
    [SECTOR_COMMUNITY] = {"community", 1U << WAY_MLLP | 1U << WAY_FHIR | 1U << WAY_ROWS},
    [SECTOR_MENTAL_HEALTH] = {"mental-health",
                              1U << WAY_MLLP | 1U << WAY_AWAY | 1U << WAY_FHIR | 1U << WAY_ROWS},
};

const char *sector_name(enum sector s)
{
    return rows[s].name;
}

bool sector_read(const char *name, enum sector *ret)
{
    for (unsigned i = 0; i < SECTORS; i++)
        if (strcmp(name, rows[i].name) == 0) {
            *ret = (enum sector)i;
            return true;
        }
    return false;
}

bool sector_sends(enum sector s, enum way w)
{
    return rows[s].ways >> w & 1;
}
