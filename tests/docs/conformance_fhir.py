"""What docs/conformance-fhir.md says of each row: FHIR, bad input, CloudEvents."""
from conformance_words import LATER, NOT

HEAD = """# FHIR, bad input and CloudEvents: what is taken, and how

Written by `tests/docs/conformance_page.py` from the tests; a test fails when this page and they differ. HL7 v2 has a page of its own:
[conformance.md](conformance.md); what others' FHIR files become: [corpus.md](corpus.md#fhir); how FHIR comes in: [fhir.md](fhir.md). The defaults are those of a
tolerant receiver that stores nothing to be read: what can be read is taken, what would be a promise that a broker cannot keep (a search, a version) is refused.
"""

OUT = "*a later step:* FHIR as a form that events are forwarded in"
TOKEN = "*a later step:* consumers that ask for a token"
FHIR = {
    1: ("`POST Type`", "201 with `Location` (`Type/id/_history/1`) and `ETag`; id and version are made of the bytes, an id in the body names nothing, and is no update. "
        "No `Last-Modified`: nothing is kept whose age it could say"),
    2: ("`PUT Type/id`", "200, whether or not it came before; another id in the body, or none: 400; `If-Match`, `If-None-Match`, `If-Unmodified-Since`: 412, as no versions are kept"),
    3: ("What cannot be done", "400, 401, 403, 404, 405, 406, 408, 409, 412, 413, 415, 422, 431, 503 with `Retry-After`, each with an OperationOutcome. " + NOT + "410 and 429: "
        "nothing is kept that could be gone, and a source that is too fast is held by its connections"),
    4: ("Media types of the body", "`application/fhir+json` and `+xml`, `application/json`, `text/json`, `application/json+fhir`, `application/xml`, `text/xml`, `application/xml+fhir`; UTF-8 only, else 415; "
        "answers in the `+json` or `+xml` form with `charset=utf-8`"),
    5: ("`fhirVersion`", "4.0, 3.0 and 1.0; another one 415 in `Content-Type`, 406 in `Accept`; other parameters are passed over"),
    6: ("`Prefer`", "`return=OperationOutcome` is done, any other is `minimal`: there is nothing to represent"),
    7: ("`If-None-Exist`", "412 and `not-supported`: nothing is searched here"),
    8: ("`GET /metadata`", "a CapabilityStatement of what is taken, and each claim of it holds"),
    9: ("A transaction", "all of it in one set of records or nothing; `transaction-response` in the order of the request; refused: one OperationOutcome, also where it is sent as a resource, to `/Bundle`. Entries are read in the order sent: "
        "events have times, and order among them is the journey's"),
    10: ("A batch", "each entry a message of its own, with its own status and outcome; 200 for the whole"),
    11: ("Links within a transaction", "`urn:` has to be a `fullUrl` of it, else 400; two of one `fullUrl`: 400; references by search: 400"),
    12: ("Unknown elements, null in arrays, what is empty, duplicate keys, a `modifierExtension`", "unknown elements are passed over; null, empty objects and arrays, and duplicate keys: 400 with the place; "
         "a `modifierExtension` whose url is not in table `modifier_extension`: 422, where the resource is read"),
    13: ("Depth, length, numbers, gzip", "bounded: 413 or 400 with flat memory; numbers keep their digits"),
    14: ("XML", "the same events as its JSON twin, to the last id; a DTD, entities and whatever lies outside of the document are refused; narrative is not read"),
    15: ("OperationOutcome", "severity, code, diagnostics without a word of the request, expression where the fault has a place; `transient` is what to send again"),
    16: ("When 2xx comes", "when it is durable; a request that comes again, with its `X-Request-ID` where it has one, is answered as the first time (`profile: bars`: with 409), and makes no second event"),
    17: ("`POST $process-message`", "a message Bundle whose first resource is a MessageHeader with one event; of R4 with a `timestamp`; each entry with a `fullUrl`; else 400"),
    18: ("`async=true`", "422: every message is answered at once, so that weir never opens a connection that a request names"),
    19: ("4xx, 5xx", "4xx: not again unchanged; 503: again"),
    20: ("The answer to a message", "a message Bundle whose `response` has `identifier` and `code`; refused: an OperationOutcome"),
    21: ("Which id is that of a message", "MessageHeader.id, else Bundle.identifier, else Bundle.id, and what the message says; the envelope (Bundle.id, identifier, timestamp, meta) is no part of it. A map names it otherwise with `control_id:`"),
    22: ("Ids of message and Bundle that come again", "both new: taken; both seen, or the message in another Bundle: the same answer, no second event; a Bundle.id of another message: taken, with `unique_bundles: true` 409, also while the other is under way. The answer is made of the message, so that none is kept"),
    23: ("A consequence, a notification", "both are sent again without harm: the same ids"),
    24: ("An event without a map, a destination that is not ours, a focus that is not there", "taken and counted as unmapped, with `on_unmapped: refuse` or `profile: bars` 422; a destination that "
         "is none of `endpoints`: 422; a focus that is not in the Bundle: 400"),
    25: ("Notification: a history Bundle", OUT), 26: ("Notification: its Parameters", OUT), 27: ("Notification: requests of its entries", OUT),
    28: ("Notification: content", OUT), 29: ("Subscription: handshake", OUT), 30: ("Subscription: heartbeat, numbers", OUT), 31: ("Subscription: channel", OUT),
    32: ("MNS signals", "read as sent, a history Bundle or a CloudEvent ([fhir-events.md](fhir-events.md)); a second, hydrated entry is a resource of its own; publishing them is a later step"),
    33: ("Token: a signed assertion", TOKEN), 34: ("Token: kept and renewed", TOKEN), 35: ("Token: sent to nobody else", TOKEN),
    36: ("Token: keys", TOKEN), 37: ("Token: its server is down", TOKEN),
    38: ("`X-Request-ID`, `X-Correlation-ID`", "echoed, on refusals too, up to 128 printable characters; `require_request_id: true`: 400 for what is no GUID, `profile: bars` the same for both"),
    39: ("The same, to a consumer", "*a later step:* consumers get CloudEvents, whose `id` is the same on each attempt"),
    40: ("A consumer that says 408, 429, 503, 409", "again with back-off and `Retry-After`; 409 with `duplicate` in it is delivered, another one is parked"),
    41: ("Codes of NHS England's errors", "`profile: bars`: `REC_…` in `issue.details.coding` of each refusal, of the system that the examples of the API have"),
    42: ("What is logged of an exchange", "source, address, status, both ids where they are GUIDs, with `profile: bars` the ODS code of who asks; never the body. Refusals at warn, once a second at most; what was taken at debug alone"),
    43: ("ITK3, ADW: STU3 and DSTU2 in XML", "read by the same maps; `data.origin.format` says which"),
    44: ("ITK-MessageHandling", "`profile: itk3`: InfAckRequested is done, SenderReference given back; flags that mean nothing are refused"),
    45: ("ITK-Response", "`profile: itk3`: in the answer of the request, 20013 or the code of the refusal, also where the flags cannot be read; never 20007. " + NOT + "codes 3xxxx: whether the patient is known is not for weir to say"),
    46: ("MESH", NOT + "mailboxes and control files are not spoken"),
}

BAD = {
    1: ("CSV: a column of `columns` is missing", "the file goes to `bad/` untaken, its report names the column"),
    2: ("CSV: a row of too few or too many fields", "the row is refused with line and column, or the file (`on_bad_row`)"),
    3: ("CSV: a quote that is not closed, or stands in the middle", "the same; reading goes on with the next line"),
    4: ("CSV: another header than in the file before", "`alarm.header`, or the file is refused (`on_other_header`)"),
    5: ("A byte order mark", "UTF-8: passed over, also in JSON and XML; UTF-16: read as UTF-8, of JSON and FHIR refused; UTF-32: refused"),
    6: ("A file of any size", "read in the memory of one row; a row over `message_max` is refused"),
    7: ("Bytes that are not of the character set, NUL", "U+FFFD in the event, flagged; FHIR and JSON: 400"),
    8: ("CSV: two columns alike, no header", "the file is refused"),
    9: ("JSON or NDJSON that is no object, duplicate keys", "refused: 400, or its line with its place"),
    10: ("A wrong Bundle", "a transaction is refused whole, and kept in `flow.rejected`"),
    11: ("A DTD, an XML bomb, an external entity", "400; nothing is fetched, memory stays flat"),
    12: ("A gzip bomb, gzip that is cut off", "413, 400; unpacked no further than `message_max`"),
    13: ("JSON or XML of a depth of 100,000", "413 or 400, memory stays flat"),
    14: ("HTTP that dribbles", "408 at `head_time` or `body_time`; others are not held up"),
    15: ("HTTP that reads two ways, huge headers", "400, 431, and the connection ends"),
    16: ("A file that grows, or is replaced", "taken once it has been at rest; claimed by rename"),
    17: ("Killed in the middle of a file", "read again from its start, with the same ids"),
    18: ("A whole file again; the hashes of its rows lost", "nothing is taken again; taken again and dropped by the broker"),
    19: ("A media type, character set or encoding that is not spoken", "415, nothing is kept"),
    20: ("A body longer than said, cut off, or none", "400, or the connection ends; nothing is kept of what is not whole"),
}

CLOUDEVENTS = {
    1: ("id, source, specversion, type", "in each event; `source` and `id` are unique"),
    2: ("Names and values of attributes", "lower-case letters and digits, strings; what is nested stands in `data`"),
    3: ("Patient data in attributes", "none: `subject` is a pseudonym"),
    4: ("Events above 64 KiB", NOT + "an event holds codes and places, not documents; one that no record can hold is refused before it is sent, and kept"),
    5: ("id", "made of the message: translated again it is the same"),
    6: ("Extensions", "the ones of the schema, short and documented; those that are not known are kept"),
    7: ("time, recordedtime", "when it happened, with its offset; when weir took the message. `data.recorded_at` is the sender's"),
    8: ("JSON format", "`data` is JSON; attributes that are not known come back"),
    9: ("Kafka, structured", "in `flow.events` and routes `content-type: application/cloudevents+json`; the event is the value"),
    10: ("One form everywhere", "the same bytes in SQLite, Kafka, file and webhook"),
    11: ("Key", "the record's key is the subject; the event is not altered for it"),
    12: ("Tombstones", NOT + "weir writes no null values; what is taken back is an event, `event.retracted`"),
    13: ("HTTP", "structured, one event a request. " + NOT + "binary and batch mode"),
    14: ("Webhook answers", "2xx is done, 3xx is not followed"),
    15: ("Abuse handshake", NOT + "a consumer is named in the configuration, which is consent; OPTIONS is not asked"),
}

PARTS = (("FHIR", "FHIR", FHIR), ("bad input", "Bad input", BAD), ("CloudEvents", "CloudEvents", CLOUDEVENTS))
