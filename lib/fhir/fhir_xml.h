/* fhir_xml.h - FHIR XML as the tree of its JSON twin (FHIR R4 §2.6.1, §2.6.2); libxml2 is used only
 * here.
 *
 * Elements that repeat are arrays, numbers and booleans are such, as the definitions say
 * (fhir_element.h: R4, else STU3, else DSTU2); an element that no definition has is an array where
 * it repeats. A primitive's id and extensions stand beside it in `_name`. Narrative is the text of
 * its div. DTDs, entities of one's own, encodings other than UTF-8 and the network are refused. */
#ifndef WEIR_FHIR_XML_H
#define WEIR_FHIR_XML_H

#include "json.h"

/* Reads the whole of text into the arena. libxml2 needs memory beside it for as long as the call,
 * in the order of the text. ERR_INPUT with line and column, never the text itself; ERR_LIMIT. */
int fhir_xml_read(struct slice text, const struct json_limits *limits, struct arena *arena,
                  struct json **ret, struct err *reterr);

/* Behind the tag that begins at `at`; 0 where it has more attributes than any of FHIR's. */
size_t fhir_xml_behind_tag(struct slice text, size_t at);

#endif
