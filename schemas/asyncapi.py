"""Topics, keys, headers and messages as one AsyncAPI 3 document: schemas/asyncapi.json.

AsyncAPI's own schema dialect is JSON Schema draft-07, in which nothing counts beside a $ref: the same schemas are written so that
both read them alike.
"""

import json

from catalogue import HERE, load

OUT = HERE / "asyncapi.json"
JSON = "application/cloudevents+json"
BINDING = "0.5.0"
DEFINITIONS = "#/components/schemas/"


def draft7(node):
    """The schema with references into components, and what stands beside one moved into allOf."""
    if isinstance(node, list):
        return [draft7(n) for n in node]
    if not isinstance(node, dict):
        return node
    out = {k: draft7(v) for k, v in node.items() if k != "$ref"}
    if "$ref" in node:
        ref = {"$ref": node["$ref"].replace("#/$defs/", DEFINITIONS).replace("../event.schema.json", DEFINITIONS + "event")}
        return {"allOf": [ref], **out} if out else ref
    return out


def schemas(catalogue):
    event = {k: v for k, v in catalogue.event.items() if not k.startswith("$")}
    out = {name: draft7(node) for name, node in catalogue.event["$defs"].items()}
    out["event"] = draft7(event)
    for name, schema in catalogue.schemas.items():
        out[name] = draft7({k: v for k, v in schema.items() if k not in ("$schema", "$id", "examples")})
    return out


def headers(rows):
    properties = {}
    for name, row in rows.items():
        properties[name] = {"type": "string", "description": row["description"]}
        if "values" in row:
            properties[name]["enum"] = row["values"]
    needed = [n for n, row in rows.items() if row.get("needed")]
    return {"type": "object", "properties": properties} | ({"required": needed} if needed else {})


PAYLOADS = {
    "event": (JSON, {"$ref": DEFINITIONS + "event"}),
    "event-or-empty": (JSON, {"$ref": DEFINITIONS + "event"}),
    "json": ("application/json", {"type": "object"}),
    "text": ("text/plain", {"type": "string"}),
    "bytes": ("application/octet-stream", {"type": "string", "description": "Bytes."}),
    "empty": ("application/octet-stream", {"type": "string", "maxLength": 0}),
}


def key(topic):
    return {"kafka": {"key": {"type": "string", "description": topic["key"]}, "bindingVersion": BINDING}}


def message(topic, row):
    kind, payload = PAYLOADS[row["payload"]]
    return {"name": row["name"], "title": f"{topic['title']}: {row['name']}", "summary": row["description"], "contentType": kind,
            "headers": headers(row["headers"]), "payload": payload, "bindings": key(topic)}


def type_message(catalogue, row):
    """Headers and key are those of all types: they stand once, in components."""
    name = row["type"]
    out = {"name": name, "title": name, "summary": row["description"], "contentType": JSON,
           "tags": [{"name": row["group"], "description": catalogue.title(row["group"])}],
           "headers": {"$ref": DEFINITIONS + "headers"}, "payload": {"$ref": DEFINITIONS + name},
           "bindings": {"$ref": "#/components/messageBindings/event"},
           "examples": [{"name": name, "payload": catalogue.schemas[name]["examples"][0]}]}
    if "sender" in row:
        out["description"] = "No known sender."
    return out


def key_of(topic, name):
    return f"{topic['topic'].replace('{', '').replace('}', '')}.{name}"


def messages(catalogue, topic):
    """Key in components and message, for each that the topic holds."""
    for row in topic["messages"]:
        if row["payload"] != "types":
            yield key_of(topic, row["name"]), message(topic, row)
            continue
        for t in catalogue.types:
            yield t["type"], type_message(catalogue, t)


def channel(topic, names):
    policy = "compact" if topic["kept"] == "compact" else "delete"
    binding = {"topicConfiguration": {"cleanup.policy": [policy]}, "bindingVersion": BINDING}
    if topic.get("one"):
        binding["partitions"] = 1
    parameters = {"prefix": {"description": "The region's, such as north.; empty on the embedded stream.", "default": ""}}
    if "{route}" in topic["topic"]:
        parameters["route"] = {"description": "Name of the route in the configuration."}
    return {"address": "{prefix}" + topic["topic"], "title": topic["title"],
            "description": f"{topic['description']} Key: {topic['key'] or 'none.'} Kept: {topic['kept']}. Read by: {topic['readers']}.",
            "parameters": parameters, "messages": {n.replace(".", "_"): {"$ref": f"#/components/messages/{n}"} for n in names},
            "bindings": {"kafka": binding}}


def channel_name(topic):
    return topic["topic"].replace("flow.", "").replace(".{route}", "")


def document(catalogue):
    channels, components, operations = {}, {}, {}
    topics = load(HERE / "topics.json")["topics"]
    events = next(t for t in topics if t["messages"] and t["messages"][0]["payload"] == "types")
    for topic in topics:
        found = dict(messages(catalogue, topic))
        components |= found
        name = channel_name(topic)
        channels[name] = channel(topic, found)
        if found:
            operations[f"send_{name}"] = {"action": "send", "channel": {"$ref": f"#/channels/{name}"}, "summary": f"weir writes: {topic['title'].lower()}."}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "weir: patient-flow events", "version": "1.0.0",
                 "description": "Topics, keys, headers and messages of weir's stream. A reader of a route reads `flow.route.<name>` with isolation.level=read_committed; "
                                "an event may come twice, with the same id. A person's events stand in one partition, in order (partitioner murmur2_random).",
                 "license": {"name": "Apache-2.0"}},
        "defaultContentType": JSON,
        "servers": {"kafka": {"host": "{node}", "protocol": "kafka-secure", "description": "The nodes of the site: stream.kafka.nodes.",
                              "variables": {"node": {"default": "kafka1.example.nhs.uk:9093"}}}},
        "channels": channels,
        "operations": operations,
        "components": {"messages": components, "messageBindings": {"event": key(events)},
                       "schemas": {"headers": headers(events["messages"][0]["headers"]), **schemas(catalogue)}},
    }


def write_or_compare(catalogue, check):
    """Writes the document; with check, returns what differs."""
    text = json.dumps(document(catalogue), indent=1, ensure_ascii=False) + "\n"
    if not check:
        OUT.write_text(text, encoding="utf-8")
    elif not OUT.is_file() or OUT.read_text(encoding="utf-8") != text:
        return [f"{OUT} is not current: run schemas/generate_pages.py"]
    return []
