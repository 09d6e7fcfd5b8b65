#include "fhir_itk3.h"

#include <string.h>

static const struct json *extension(const struct json *of, const char *url, bool prefix)
{
    const struct json *list = json_get(of, "extension");
    for (const struct json *e = list ? list->child : NULL; e; e = e->next) {
        struct slice name = json_text(e, "url");
        if (prefix ? slice_starts(name, slice_str(url)) : slice_eq_str(name, url))
            return e;
    }
    return NULL;
}

static enum itk3_flag flag_of(const struct json *handling, const char *url)
{
    const struct json *e = extension(handling, url, false);
    const struct json *value = json_get(e, "valueBoolean");
    if (!e)
        return ITK3_NOT_SAID;
    if (!value || value->kind != JSON_BOOL)
        return ITK3_UNREADABLE;
    return value->boolean ? ITK3_YES : ITK3_NO;
}

void itk3_handling_read(const struct json *header, struct itk3_handling *ret)
{
    /* Versions of the extension differ in their last digit. */
    const struct json *h = extension(header, ITK3_PROFILE "Extension-ITK-MessageHandling-", true);
    const struct json *recipient = extension(h, "RecipientType", false);
    struct slice code = json_text(json_get(recipient, "valueCoding"), "code");
    *ret = (struct itk3_handling){
        .infrastructure = flag_of(h, "InfAckRequested"),
        .business = flag_of(h, "BusAckRequested"),
        .recipient_unreadable = recipient && !slice_eq_str(code, "FA") && !slice_eq_str(code, "FI"),
        .sender_text = json_get(extension(h, "SenderReference", false), "valueString")};
}

const char *itk3_code_name(const char *code)
{
    static const struct {
        const char *code, *name;
    } rows[] = {
        {"10002", "Infrastructure Level Response Value - Processing Error"},
        {"10003", "Business Level Response Value - Processing Error"},
        {"10004", "Message Definition Value - Processing Error"},
        {"10009", "Unreadable message received"},
        {"10010", "Recipient Type - Processing Error"},
        {"20002", "Unrecognised Recipient Organisation"},
        {"20006", "ITK header validation failure"},
        {"20009", "Payload validation failure"},
        {"20012", "Unauthorised Sender"},
        {"20013", "Success"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].code, code) == 0)
            return rows[i].name;
    return NULL;
}
