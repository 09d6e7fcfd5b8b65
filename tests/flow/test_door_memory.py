"""What one request over HTTP can make the adapter hold: bombs of gzip, JSON and XML, chunks without end, headers without end. Measured
on a release build: sanitizers keep what was freed."""
import gzip
import unittest

from door_site import DoorSite, status_of
from test_memory import MIB, sanitized  # it also takes the release build

GZIP = "Content-Encoding: gzip"
XML = b'<Encounter xmlns="http://hl7.org/fhir">'


def lol(depth=9):
    """A billion laughs."""
    entities = b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(depth))
    return b'<!DOCTYPE E [<!ENTITY a "ha">' + entities + b"]>" + XML + b'<status value="&j;"/></Encounter>'


@unittest.skipIf(sanitized(), "needs a plain build in WEIR_RELEASE")
class DoorMemoryTest(unittest.TestCase):
    def setUp(self):
        self.site = DoorSite(message_max="1MiB")
        self.addCleanup(self.site.close)
        self.site.start("acute")
        self.adapter = self.site.adapter()

    def bombs(self, door):
        """(wanted status, request): 0 is any that is its own to choose, as what is large and odd may be taken."""
        def of(wanted, body, *fields):
            return wanted, door.request(1, *fields, body=body)
        whole = 1000 * 1024
        yield of(413, gzip.compress(b" " * 200 * MIB), GZIP)
        yield of(413, gzip.compress(gzip.compress(b" " * 200 * MIB) + bytes(2 * MIB)), GZIP)
        yield 413, door.head("Transfer-Encoding: chunked") + b"\r\n" + b"1000\r\n" + b"x" * 4096 + b"\r\n" + b"ffffffff\r\n"
        yield 400, door.head("Transfer-Encoding: chunked") + b"\r\n1;" + b"x" * 4 * MIB
        yield 431, door.head() + b"X: " + b"x" * 4 * MIB
        yield of(0, b"[" * whole)
        yield of(0, b'{"a":' * (whole // 5))
        yield of(0, b'{"resourceType":"Encounter","a":[' + b"1," * (whole // 3) + b"1]}")
        yield of(0, b'{"resourceType":"Encounter",' + b",".join(b'"k%x":1' % n for n in range(70000)) + b"}")
        if door.kind != "fhir":
            return
        door.media = "application/fhir+xml"
        yield of(400, lol())
        yield of(400, b'<!DOCTYPE E [<!ENTITY x "' + b"x" * 100_000 + b'">]>' + XML + b'<status value="' + b"&x;" * 200_000 + b'"/></Encounter>')
        yield of(0, XML + b"<a>" * (whole // 4))
        yield of(0, XML + b'<a value="1"/>' * (whole // 15) + b"</Encounter>")
        yield of(0, XML + b"<a " + b" ".join(b'b%x="1"' % n for n in range(60000)) + b"/></Encounter>")
        door.media = "application/fhir+json"

    def test_memory_is_flat(self):
        """Bad input rows 11 to 13 and 15: what is far too much is refused, again and again, within the memory of a few requests."""
        for door in self.site.doors.values():
            bombs = list(self.bombs(door))
            for _ in range(2):  # what is kept for the next request is there then
                for wanted, data in bombs:
                    got = status_of(door.tell(data.replace(b"Host: a\r\n", b"Host: a\r\nConnection: close\r\n", 1), 60))
                    self.assertTrue(got == wanted if wanted else 200 <= got < 500, (door.kind, wanted, got, data[:200]))
            self.adapter.forget_peak()
            before = self.adapter.rss()
            for _ in range(3):
                for _, data in bombs:
                    door.tell(data.replace(b"Host: a\r\n", b"Host: a\r\nConnection: close\r\n", 1), 60)
            self.assertLess(self.adapter.peak() - before, 64 * MIB, door.kind)
            self.assertLess(self.adapter.rss() - before, 8 * MIB, door.kind)
            self.assertEqual(door.status(door.request()), door.good)


if __name__ == "__main__":
    unittest.main()
