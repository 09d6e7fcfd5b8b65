"""Rows that come again with more in them: only what is new is delivered; corrections are; a map is mended under them."""
import json
import os
import unittest

import kit
import records
from drop_folder import DropFolder

COLUMNS = ("Incident Number", "Patient Number", "NHS Number", "Surname", "Callsign", "Category", "Call Answered", "Mobilised",
           "On Scene", "At Hospital", "Patient Handover", "Clear", "Destination")
CALLED = {"Incident Number": "INC-1", "Patient Number": "1", "Callsign": "A101", "Category": "C2",
          "Call Answered": "03/03/2026 10:00", "Mobilised": "03/03/2026 10:02"}
AT_HOSPITAL = {**CALLED, "Surname": "SMITH", "On Scene": "03/03/2026 10:09", "At Hospital": "03/03/2026 10:45", "Destination": "RXF05"}
OVER = {**AT_HOSPITAL, "Patient Handover": "03/03/2026 11:05", "Clear": "03/03/2026 11:20"}


def extract(*rows):
    lines = [COLUMNS, *([row.get(c, "") for c in COLUMNS] for row in rows)]
    return "".join(",".join(line) + "\n" for line in lines).encode()


class RowsGrow(DropFolder, unittest.TestCase):
    def setUp(self):
        self.site = kit.Site()
        self.addCleanup(self.site.close)
        self.folder = self.site.path("drop")
        os.makedirs(self.folder)
        config = self.site.config
        config["listen"]["ambulance"] = "127.0.0.1:0"
        config["sources"] = {"test-epcr": {
            "adapter": "ambulance", "sector": "ambulance", "ods": "RX8", "system": "epcr", "timezone": "Europe/London",
            "test_numbers": True, "format": "csv", "overlays": ["own.yaml"],
            "folder": {"path": self.folder, "settle": "0ms", "poll": "20ms"}}}
        self.site.write("own.yaml", "groups: {}\n")
        config["consumers"]["file"] = kit.file_consumer(self.site.path("all.ndjson"))
        self.site.write_config()
        self.adapter = self.site.another("ambulance", "ambulance")
        self.adapter.start()
        self.site.start("broker")
        kit.wait_until(self.adapter.healthy, 20, "the adapter is healthy")
        self.files = 0
        self.heard = 0

    def told(self, n, *rows):
        """Drops the rows as the next file; the events delivered because of it are n: their types and times."""
        self.files += 1
        name = f"epcr-{self.files}.csv"
        self.drop(name, extract(*rows))
        self.assertEqual(self.report("done", name)["refused"], 0)
        kit.wait_until(self.all_read, 20, "the journey has read all that was reported")
        kit.wait_until(lambda: len(self.events()) >= self.heard + n, 20, lambda: f"{n} more events: {self.events()}")
        new = self.events()[self.heard:]
        self.heard = len(self.events())
        return [(e["type"].removeprefix("ambulance."), e["time"][11:16]) for e in new]

    def events(self):
        return kit.read_ndjson(self.site.path("all.ndjson"))

    def reported(self):
        return [h for h, _ in records.rows(self.site, "ambulance", "flow.reported")]

    def all_read(self):
        """Each reported event was dropped as a repeat, or stands in flow.events."""
        repeats = self.site.broker().metric("weir_events_repeated_total") or 0
        return repeats + len(records.rows(self.site, "broker", "flow.events")) == len(self.reported())

    def test_only_what_is_new_is_delivered(self):
        self.assertEqual(self.told(2, CALLED), [("call_received", "10:00"), ("dispatched", "10:02")])
        self.assertEqual(self.told(2, AT_HOSPITAL), [("on_scene", "10:09"), ("arrived", "10:45")])
        self.assertEqual(self.told(2, OVER), [("handed_over", "11:05"), ("clear", "11:20")])
        self.assertEqual(self.told(0, OVER), [])
        self.assertEqual(self.events()[-1]["data"]["patient"]["family"], "SMITH")
        self.assertEqual(len({h["ce_id"] for h in self.reported()}), 6)

    def test_corrections_are_delivered(self):
        """Another time, another value that the event says, another person: another event. Others stay what they were."""
        self.told(2, CALLED)
        self.told(2, AT_HOSPITAL)
        self.assertEqual(self.told(1, {**AT_HOSPITAL, "On Scene": "03/03/2026 10:11"}), [("on_scene", "10:11")])
        self.assertEqual(self.told(1, {**AT_HOSPITAL, "Destination": "RXF10"}), [("arrived", "10:45")])
        self.assertEqual(self.told(1, {**AT_HOSPITAL, "Callsign": "A102", "On Scene": "", "At Hospital": ""}),
                         [("dispatched", "10:02")])
        late = self.told(4, {**AT_HOSPITAL, "NHS Number": "9990001421"})
        self.assertEqual(len(late), 4)
        self.assertEqual({e["data"]["patient"].get("nhs_number") for e in self.events()[-4:]}, {"9990001421"})

    def test_a_map_is_mended_under_a_row_that_grew(self):
        """Each event is corrected once, under its own id, whichever row of the record it was made from."""
        self.told(2, CALLED)
        self.told(2, AT_HOSPITAL)
        self.site.write("own.yaml", "groups: {vehicle: {data.reason.text: {const: mended}}}\n")
        self.site.weir("reload")
        ask = ("retranslate", "--source", "test-epcr", "--since", "1h", "--json")
        done = json.loads(self.site.weir(*ask).stdout)
        self.assertEqual([done[k] for k in ("messages", "corrected", "new", "retracted", "forgotten")], [2, 3, 0, 0, 0])
        kit.wait_until(lambda: len(self.events()) == 7, 20, "the corrections are delivered")
        before = {e["id"]: e["type"] for e in self.events()[:4]}
        for e in self.events()[4:]:
            self.assertEqual(before[e["data"]["replaces"]], e["type"])
            self.assertEqual(e["data"]["reason"]["text"], "mended")
        done = json.loads(self.site.weir(*ask).stdout)
        self.assertEqual([done[k] for k in ("corrected", "new", "retracted")], [0, 0, 0])
        self.heard = len(self.events())
        self.assertEqual(self.told(2, OVER), [("handed_over", "11:05"), ("clear", "11:20")])

    def test_a_map_that_makes_an_event_of_the_later_row_only(self):
        """The first row takes it back, the second still says it: it stands, as a revision, and stays so."""
        self.told(2, CALLED)
        self.told(2, AT_HOSPITAL)
        self.site.write("own.yaml", "triggers: {record: {events: {ambulance.dispatched: {when: [{path: \"'On Scene'\", present: true}]}}}}\n")
        self.site.weir("reload")
        ask = ("retranslate", "--source", "test-epcr", "--since", "1h", "--json")
        done = json.loads(self.site.weir(*ask).stdout)
        self.assertEqual([done[k] for k in ("corrected", "new", "retracted")], [1, 0, 1])
        kit.wait_until(lambda: len(self.events()) == 6, 20, "the revisions are delivered")
        first, (taken, last) = self.events()[1], self.events()[-2:]
        self.assertEqual([e["type"] for e in (first, taken, last)], ["ambulance.dispatched", "event.retracted", "ambulance.dispatched"])
        self.assertEqual(last["id"], first["id"] + ".r2")
        done = json.loads(self.site.weir(*ask).stdout)
        self.assertEqual([done[k] for k in ("corrected", "new", "retracted")], [0, 0, 0])
