/* fhir_itk3.h - ITK3 messaging (FHIR STU3): what the sender of a message wants to hear of it, and
 * the codes in which he is told (ITK3 Messaging Distribution 2.x: handling specification, response
 * codes). */
#ifndef WEIR_FHIR_ITK3_H
#define WEIR_FHIR_ITK3_H

#include "json.h"

#define ITK3_CODES "https://fhir.nhs.uk/STU3/CodeSystem/ITK-ResponseCodes-1"
#define ITK3_PROFILE "https://fhir.nhs.uk/STU3/StructureDefinition/"

enum itk3_flag {
    ITK3_NOT_SAID,
    ITK3_NO,
    ITK3_YES,
    ITK3_UNREADABLE,
};

/* Extension ITK-MessageHandling of a MessageHeader. */
struct itk3_handling {
    enum itk3_flag infrastructure;  /* InfAckRequested */
    enum itk3_flag business;        /* BusAckRequested */
    bool recipient_unreadable;      /* RecipientType is there, and neither FA nor FI */
    const struct json *sender_text; /* SenderReference, a text to be given back; NULL: none */
};

/* header NULL is fine: nothing is said. */
void itk3_handling_read(const struct json *header, struct itk3_handling *ret);

/* What a code is called (its display), or NULL. */
const char *itk3_code_name(const char *code);

#endif
