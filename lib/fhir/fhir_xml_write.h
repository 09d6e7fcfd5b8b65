/* fhir_xml_write.h - the tree of a FHIR document written as XML (FHIR R4 §2.6.1): what fhir_xml.h
 * reads, the other way round. For answers to senders that speak XML. */
#ifndef WEIR_FHIR_XML_WRITE_H
#define WEIR_FHIR_XML_WRITE_H

#include "json.h"

/* Writes the resource. A name that cannot stand in XML fails out (buf_ok). */
void fhir_xml_write(const struct json *resource, struct buf *out);

#endif
