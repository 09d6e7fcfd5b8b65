#!/usr/bin/env python3
"""Writes fhir-openapi.json: what a source's FHIR port takes and answers, as OpenAPI 3.1.

fhir_openapi.py [--check]: writes it, or says whether it is what would be written.
"""
import json
import sys
from pathlib import Path

OUT = Path(__file__).resolve().parent / "fhir-openapi.json"
TYPES = ("Encounter Patient Appointment ServiceRequest Task Location DiagnosticReport EpisodeOfCare Flag SupplyRequest "
         "SupplyDelivery Bundle").split()
JSON, XML = "application/fhir+json", "application/fhir+xml"
ENCOUNTER = {"resourceType": "Encounter", "id": "e1", "status": "in-progress",
             "identifier": [{"system": "https://rzz.example/visit", "value": "V1"}], "class": {"code": "IMP"},
             "period": {"start": "2026-03-01T10:00:00+00:00"}}
HEADER = {"resourceType": "MessageHeader", "id": "m1", "eventCoding": {"system": "urn:x", "code": "a"},
          "source": {"endpoint": "urn:them"}}
EXAMPLES = {  # JSON, and for a resource its XML twin
    "Resource": ENCOUNTER,
    "Request": {"resourceType": "Bundle", "type": "transaction",
                "entry": [{"resource": ENCOUNTER, "request": {"method": "POST", "url": "Encounter"}}]},
    "Message": {"resourceType": "Bundle", "type": "message", "timestamp": "2026-03-01T10:00:02+00:00",
                "entry": [{"fullUrl": "urn:uuid:%s" % resource["id"], "resource": resource}
                          for resource in (HEADER, ENCOUNTER)]}}
REFUSALS = {
    400: "It is no document, or breaks a rule of FHIR; or no HTTP request that can be read in one way only.",
    401: "No token that is good.", 403: "The scope of the token is not enough.",
    404: "There is nothing at this path, or this type of resource is not taken.",
    405: "There is no such method here.", 406: "No format that is spoken is accepted.",
    408: "The request took too long.",
    409: "The message was taken already, or its ids were those of another one (profile bars, unique_bundles).", 412: "Conditions cannot be honoured: nothing is searched, no versions are kept.",
    413: "Longer, deeper or of more entries than a request may be.", 415: "The body is of no format that is read.",
    422: "What a map requires is missing, or nothing of the kind is taken.", 431: "The headers are too long.",
    501: "Transfer-Encoding may be chunked.", 503: "It cannot be made durable now: send it again later."}


def outcome(text, status):
    answer = {"description": text, "content": {kind: {"schema": {"$ref": "#/components/schemas/OperationOutcome"}}
                                               for kind in (JSON, XML)}}
    if status == 405:
        answer["headers"] = {"Allow": {"schema": {"type": "string"}}}
    if status == 503:
        answer["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    return answer


def of(schema):
    return {kind: {"schema": {"$ref": f"#/components/schemas/{schema}"}} for kind in (JSON, XML)}


def asked(schema):
    content = of(schema)
    content[JSON]["example"] = EXAMPLES[schema]
    content[XML]["schema"] = {"type": "string", "description": "The XML twin."}
    return content


def operation(name, summary, done, body=None, parameters=()):
    """done: {status: (text, schema of the body or None)}."""
    answers = {str(status): {"description": text, **({"content": of(schema)} if schema else {})}
               for status, (text, schema) in done.items()}
    answers.update({str(status): {"$ref": f"#/components/responses/{status}"} for status in REFUSALS})
    common = [{"$ref": "#/components/parameters/requestId"}, {"$ref": "#/components/parameters/correlationId"}]
    return {"operationId": name, "summary": summary, "parameters": [*parameters, *common],
            **({"requestBody": {"required": True, "content": asked(body)}} if body else {}), "responses": answers}


def resource(required=("resourceType",), name=None, **more):
    of_type = {"const": name} if name else {"enum": TYPES}
    return {"type": "object", "required": list(required), "properties": {"resourceType": of_type, **more}}


def bundle(*kinds):
    return resource(("resourceType", "type"), "Bundle", type={"enum": list(kinds)})


def document():
    kind = {"name": "type", "in": "path", "required": True, "schema": {"type": "string", "enum": TYPES}, "example": "Encounter"}
    ident = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "pattern": r"^[A-Za-z0-9\-.]{1,64}$"}, "example": "e1"}
    issue = {"type": "object", "required": ["severity", "code"], "properties": {
        "severity": {"enum": ["error", "information"]}, "code": {"type": "string"}, "diagnostics": {"type": "string"},
        "expression": {"type": "array", "items": {"type": "string"}}}}
    echoed = {"schema": {"type": "string", "maxLength": 128}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "weir: FHIR port of a source", "version": "1",
                 "description": "Takes FHIR R4 (STU3 and DSTU2 as far as maps read them) and keeps nothing that could be read "
                                "here; docs/fhir.md tells more."},
        "servers": [{"url": "/fhir"}],
        "paths": {
            "/metadata": {"get": operation("metadata", "What is taken.", {200: ("As of now.", "CapabilityStatement")})},
            "/": {"post": operation("bundle", "A transaction, all or nothing, or a batch.",
                                    {200: ("Durable: an answer to each entry.", "Bundle")}, "Request")},
            "/$process-message": {"post": operation("message", "A message.",
                                                    {200: ("Durable: the response message.", "Bundle")}, "Message")},
            "/{type}": {"post": operation("create", "A resource.", {201: ("Durable.", None)}, "Resource", [kind])},
            "/{type}/{id}": {
                "put": operation("update", "A resource as it is now.", {200: ("Durable.", None)}, "Resource", [kind, ident]),
                "delete": operation("delete", "A resource is no more, or never was.", {204: ("Durable.", None)},
                                    parameters=[kind, ident])}},
        "components": {
            "schemas": {"Resource": resource(), "Request": bundle("transaction", "batch"), "Message": bundle("message"),
                        "Bundle": bundle("transaction-response", "batch-response", "message"),
                        "CapabilityStatement": resource(("resourceType", "status", "kind", "fhirVersion", "format", "rest"),
                                                        "CapabilityStatement"),
                        "OperationOutcome": resource(("resourceType", "issue"), "OperationOutcome",
                                                     issue={"type": "array", "minItems": 1, "items": issue})},
            "parameters": {
                "requestId": {"name": "X-Request-ID", "in": "header", **echoed},
                "correlationId": {"name": "X-Correlation-ID", "in": "header", **echoed}},
            "responses": {str(status): outcome(text, status) for status, text in REFUSALS.items()},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                                "certificate": {"type": "mutualTLS"}}}}


def main():
    text = json.dumps(document(), indent=2) + "\n"
    if "--check" not in sys.argv[1:]:
        OUT.write_text(text, encoding="utf-8")
        return 0
    same = OUT.exists() and OUT.read_text(encoding="utf-8") == text
    print(f"{OUT.name}: {'as written' if same else 'run schemas/fhir_openapi.py'}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
