/* map_key.h - `key:` of a trigger of JSON or CSV: what a record is known by, where the same one
 * comes again as it grows; and `key:` of an event: what makes it the same, whoever tells it.
 *
 *     MHS510: {key: [[LeaveId, HospProvSpellID, LocalPatientId]], events: {…}}
 *
 * Without it the ids of events rest on the whole message, and a row that gains a value tells all of
 * its events anew. With it an id rests on source, trigger and key, and then on type, time, whom the
 * event is about and the values that its own rules read: what is told again is the same event, and
 * what was corrected is another; what goes back to what it was is the first again. What else is
 * known of the patient (name, birth date, address, practice), and of the call that an incident
 * began with where all events of the trigger say it, is not part of it, and comes with the next
 * event. An event with once: is about the record, and not about the first person in it.
 *
 *     leave.ended: {time: back, key: [data.visit.number, data.visit.authority, time]}
 *
 * A FHIR resource says each time that it is sent what it said before: that a leave has ended stands
 * in it for good. The id of such an event rests on source, trigger, type, whom it is about and
 * these fields, and on nothing else of the message; the other events of the trigger have ids of the
 * message. */
#ifndef WEIR_MAP_KEY_H
#define WEIR_MAP_KEY_H

#include "map_compile.h"
#include "map_run.h"

/* key: of the trigger, whose events are compiled. node: the list, or NULL. ERR_CONF with place. */
int map_key_compile(struct map_compiler *c, const struct yaml *node, struct map_trigger *trigger,
                    struct err *reterr);
/* key: of one event. node: a list of its fields, or NULL. ERR_CONF with place. */
int map_key_compile_event(struct map_compiler *c, const struct yaml *node, struct map_event *event,
                          struct err *reterr);
/* What the ids of the record's events begin with; false where the trigger has no key, or the
 * message has no value for a part of it: then they rest on the message. */
bool map_key_digest(struct map_run *run, const struct map_trigger *trigger,
                    unsigned char ret[DIGEST_SIZE]);
/* The number of the event at hand within record and type, made of what it says. Not 0. */
uint32_t map_key_number(struct map_run *run, const struct map_event *event);
/* Of run->event, which is whole but for its id; about: a pseudonym of its patient, absent where it
 * has none. False where the event has no key, or no value in the first field of it, so that nobody
 * could say what it is about. */
bool map_key_event_digest(struct map_run *run, const struct map_trigger *trigger,
                          const struct map_event *event, struct slice about,
                          unsigned char ret[DIGEST_SIZE]);

#endif
