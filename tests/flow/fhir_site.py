"""A site with a FHIR port and a small map of its own, and who calls it."""
import base64
import http.client
import json
import os
import ssl
import subprocess

import kit

MAP = """\
times:
  start: [period.start]
  end: [period.end]
triggers:
  Encounter:
    events:
      patient.admitted:
        time: start
        when: [{path: status, is: in-progress}]
      patient.discharged:
        time: end
        when: [{path: status, is: finished}]
"""
JSON = "application/fhir+json"
XML = "application/fhir+xml"


def encounter(number, status="in-progress", **more):
    return {"resourceType": "Encounter", "status": status,
            "identifier": [{"system": "https://rzz.example/visit", "value": f"V{number}"}],
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
            "period": {"start": f"2026-03-01T10:{number % 60:02}:00+00:00"}, **more}


def entry(resource, method="POST", url=None, **more):
    return {"resource": resource, "request": {"method": method, "url": url or resource["resourceType"]}, **more}


def bundle(kind, *entries):
    return {"resourceType": "Bundle", "type": kind, **({"entry": list(entries)} if entries else {})}


def message(header, *resources, timestamp="2026-03-01T10:00:02+00:00", **more):
    """A message Bundle: header and resources, each under urn:uuid: of its id."""
    return {"resourceType": "Bundle", "type": "message", "timestamp": timestamp,
            "entry": [{"fullUrl": "urn:uuid:" + r["id"], "resource": r} for r in (header, *resources)], **more}


class Answer:
    def __init__(self, got):
        self.status, self.body = got.status, got.read()
        self.headers = {k.lower(): v for k, v in got.getheaders()}

    def json(self):
        return json.loads(self.body)

    def issues(self):
        """Codes of its OperationOutcome."""
        outcome = self.json()
        assert outcome["resourceType"] == "OperationOutcome", outcome
        return [i["code"] for i in outcome["issue"]]


class Caller:
    """One connection that stays."""

    def __init__(self, port, context=None, **headers):
        self.headers = {k.replace("_", "-"): v for k, v in headers.items()}
        self.line = (http.client.HTTPSConnection("127.0.0.1", port, timeout=20, context=context) if context
                     else http.client.HTTPConnection("127.0.0.1", port, timeout=20))

    def ask(self, method, path, body=None, media=JSON, **headers):
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
        head = dict(self.headers)
        if body is not None and media:
            head["Content-Type"] = media
        head.update({k.replace("_", "-"): v for k, v in headers.items()})
        self.line.request(method, "/fhir" + path, body, head)
        return Answer(self.line.getresponse())

    def close(self):
        self.line.close()


class FhirSite(kit.Site):
    def __init__(self, **fhir):
        super().__init__()
        self.fhir_port = kit.free_port()
        self.maps = os.path.join(self.dir, "maps")
        os.makedirs(os.path.join(self.maps, "acute", "fhir"))
        self.write("maps/acute/fhir/test.yaml", MAP)
        source = self.config["sources"]["test-pas"]
        del source["mllp"], source["pl"]
        source.update({"format": "fhir", "fhir": {"listen": f"127.0.0.1:{self.fhir_port}", "allow": ["127.0.0.1"],
                                                  "message_max": "256KiB", **fhir}})
        self.adapter().env["WEIR_MAPS"] = self.maps

    def caller(self, context=None, **headers):
        return Caller(self.fhir_port, context, **headers)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Issuer:
    """Signs tokens (RS256) with a key of its own, by openssl."""

    def __init__(self, folder, name="issuer"):
        self.key, self.name = os.path.join(folder, f"{name}.pem"), name
        self.openssl("genrsa", "-out", self.key, "2048")
        modulus = self.openssl("rsa", "-in", self.key, "-noout", "-modulus").decode().strip().partition("=")[2]
        self.jwk = {"kty": "RSA", "kid": name, "alg": "RS256", "use": "sig", "n": b64(bytes.fromhex(modulus)),
                    "e": "AQAB"}

    @staticmethod
    def openssl(*argv, given=None):
        return subprocess.run(["openssl", *argv], check=True, input=given, capture_output=True).stdout

    def token(self, **claims):
        head = {"alg": "RS256", "kid": self.name}
        signed = ".".join(b64(json.dumps(part).encode()) for part in (head, claims))
        return f"{signed}.{b64(self.openssl('dgst', '-sha256', '-sign', self.key, given=signed.encode()))}"


def client_context(ca, cert=None):
    """TLS that trusts that authority; cert: (key, certificate)."""
    context = ssl.create_default_context(cafile=ca)
    if cert:
        context.load_cert_chain(cert[1], cert[0])
    return context
