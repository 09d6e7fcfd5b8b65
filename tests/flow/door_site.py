"""A site with all that is taken over HTTP: FHIR, JSON and HL7 v2, each at a port of its own, asked by the byte."""
import copy
import json
import socket

import kit
from fhir_site import JSON, encounter
from test_adapter import admit

KINDS = ("fhir", "json", "hl7")


class Door:
    """One of the ports: what is posted there, and what the answer to a good one is."""

    def __init__(self, kind):
        self.port = kit.free_port()
        self.path, self.media, self.good = {
            "fhir": ("/fhir/Encounter", JSON, 201), "json": ("/cad", "application/json", 204),
            "hl7": ("/hl7", "application/hl7-v2+er7", 200)}[kind]
        self.kind = kind

    def body(self, n=1):
        return {"fhir": lambda: json.dumps(encounter(n)).encode(), "json": lambda: json.dumps({"id": f"J{n}", "type": "example"}).encode(),
                "hl7": lambda: admit(f"H{n}", n)}[self.kind]()

    def head(self, *fields, method="POST"):
        """A head as far as its last field, Host and Content-Type among them; the blank line is left out."""
        lines = (f"{method} {self.path} HTTP/1.1", "Host: a", f"Content-Type: {self.media}", *fields)
        return "".join(f"{line}\r\n" for line in lines).encode()

    def request(self, n=1, *fields, body=None):
        body = self.body(n) if body is None else body
        return self.head(f"Content-Length: {len(body)}", *fields) + b"\r\n" + body

    def dial(self, wait=20):
        return socket.create_connection(("127.0.0.1", self.port), timeout=wait * kit.SLOWER)

    def tell(self, data, wait=20):
        """All that comes back to these bytes until the server ends the connection."""
        with self.dial(wait) as line:
            try:
                line.sendall(data)
            except ConnectionError:
                pass  # it may have answered and ended before all is sent
            return read_all(line)

    def status(self, data):
        """Of the answer to one request; 0 where there is none."""
        with self.dial() as line:
            line.sendall(data)
            return status_of(read_head(line))


def read_all(line):
    got = b""
    try:
        while piece := line.recv(65536):
            got += piece
    except ConnectionResetError:
        pass
    return got


def read_head(line):
    got = b""
    try:
        while b"\r\n\r\n" not in got and (piece := line.recv(65536)):
            got += piece
    except ConnectionResetError:
        pass
    return got


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


class DoorSite(kit.Site):
    """Options are those that the sections http and fhir share."""

    def __init__(self, **section):
        super().__init__()
        source = self.config["sources"].pop("test-pas")
        del source["mllp"], source["pl"]
        self.doors = {kind: Door(kind) for kind in KINDS}
        for kind, door in self.doors.items():
            own = {"listen": f"127.0.0.1:{door.port}", "allow": ["127.0.0.1"], "message_max": "64KiB", **copy.deepcopy(section)}
            self.config["sources"][kind] = {**source, "system": kind, **(
                {"format": "fhir", "fhir": own} if kind == "fhir"
                else {"format": "json" if kind == "json" else "hl7v2", "http": {"path": door.path, **own}})}
