#include "map_path.h"

#include "map_run.h"

struct slice map_path_name(const struct map_run *run, union map_path path)
{
    return run->view ? json_path_text(path.tree) : hl7_path_text(path.hl7);
}

enum hl7_state map_path_state(const struct map_run *run, union map_path path)
{
    static const enum hl7_state states[] = {[JSON_IS_ABSENT] = HL7_ABSENT,
                                            [JSON_IS_EMPTY] = HL7_EMPTY,
                                            [JSON_IS_NULL] = HL7_NULL,
                                            [JSON_IS_VALUE] = HL7_VALUE};
    if (run->view)
        return states[json_state_of(json_path_get(path.tree, run->view))];
    return hl7_state_of(hl7_path_get(path.hl7, run->msg, run->scope));
}
