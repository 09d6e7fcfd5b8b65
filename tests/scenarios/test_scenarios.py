"""The scenarios as their systems send them: each input over its transport into the adapter of its sector, and the events of expected.tsv in the stream
and at a consumer. Sent once more, after a reload each, all of it gives nothing new. What only history tells (by = journey) is listed."""
import http.client
import json
import os
import unittest
import xml.etree.ElementTree

import check
import kit
import mllp
import records
import yaml
from fhir_site import JSON, XML, Caller

SCHEMAS = check.HERE.parents[1] / "schemas"
SCENARIOS = sorted(path.parent.name for path in check.HERE.glob("*/weir.yaml"))

JOURNEY = ["b_sdec/03_a08_noise.hl7 (none)", "b_sdec/05_home_resent.hl7 (none)",
           "d_oap/02_mhsds_referral.csv placement.out_of_area_started", "d_oap/04_discharge_away.hl7 placement.out_of_area_ended",
           "e_ambulance/06_at_hospital.json wait.breached", "e_ambulance/06_at_hospital.json wait.breached",
           "f_whole_system/05_ready.hl7 discharge.ready", "f_whole_system/13_restricted.hl7 patient.restricted_changed"]


class MllpDoor:
    def __init__(self, site, name):
        self.port = kit.free_port()
        self.config = {"mllp": {"listen": f"127.0.0.1:{self.port}", "allow": ["127.0.0.1"]}}
        self.client = None

    def send(self, _, data):
        self.client = self.client or mllp.Client("127.0.0.1", self.port)
        asked = mllp.field(data, b"MSH", 10)
        code, answered, _ = self.client.ask(data)
        return {"accepted": (code, answered) == ("AA", asked), "answer": (code, answered)}

    def close(self):
        if self.client:
            self.client.close()


class FhirDoor:
    """A message goes to $process-message, whatever else to the url of its type."""

    def __init__(self, site, name):
        self.port = kit.free_port()
        self.config = {"fhir": {"listen": f"127.0.0.1:{self.port}", "allow": ["127.0.0.1"]}}
        self.caller = Caller(self.port)

    def send(self, name, data):
        if name.endswith(".xml"):
            kind = xml.etree.ElementTree.fromstring(data).tag.rpartition("}")[2]
        else:
            kind = json.loads(data)["resourceType"]
        message = kind == "Bundle"
        got = self.caller.ask("POST", "/$process-message" if message else f"/{kind}", data, XML if name.endswith(".xml") else JSON)
        return {"accepted": got.status == (200 if message else 201), "answer": (got.status, got.headers.get("location"), got.body)}

    def close(self):
        self.caller.close()


class JsonDoor:
    media = "application/json"

    def __init__(self, site, name):
        self.port = kit.free_port()
        self.config = {"http": {"listen": f"127.0.0.1:{self.port}", "allow": ["127.0.0.1"], "path": "/"}}
        self.line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def send(self, _, data):
        self.line.request("POST", "/", data, {"Content-Type": self.media})
        got = self.line.getresponse()
        return {"accepted": got.status == 204, "answer": (got.status, got.read())}

    def close(self):
        self.line.close()


class CloudEventDoor(JsonDoor):
    media = "application/cloudevents+json"


class FolderDoor:
    """A file of another kind each time: each row of it is read."""

    def __init__(self, site, name):
        self.folder = site.path(f"drop-{name}")
        os.mkdir(self.folder)
        self.config = {"folder": {"path": self.folder, "settle": "0ms", "poll": "20ms"}}
        self.sent = 0

    def send(self, name, data):
        name = "again-" * self.sent + name
        self.sent += 1
        with open(os.path.join(self.folder, "." + name), "wb") as f:
            f.write(data)
        os.rename(os.path.join(self.folder, "." + name), os.path.join(self.folder, name))
        away = [os.path.join(self.folder, d, name) for d in ("done", "bad")]
        kit.wait_until(lambda: any(map(os.path.exists, away)), 30, f"{name} is in done/ or bad/")
        with open(next(filter(os.path.exists, away)) + ".report.json", encoding="utf-8") as f:
            report = json.load(f)
        told = {k: report[k] for k in ("result", "bytes", "rows", "accepted", "refused", "unchanged", "faults", "refusals")}
        whole = dict(told, result="done", bytes=len(data), accepted=told["rows"], refused=0, unchanged=0, faults=[], refusals=[])
        return {"accepted": told == whole and told["rows"] > 0, "answer": told}

    def close(self):
        pass


DOORS = {"mllp": MllpDoor, "http-fhir": FhirDoor, "http-json": JsonDoor, "http-cloudevent": CloudEventDoor, "file-csv": FolderDoor}


class ScenarioSite(kit.Site):
    """The sources of a scenario's weir.yaml, each with a door of the transport that its inputs name."""

    def __init__(self, scenario, transports):
        super().__init__()
        home = check.HERE / scenario
        given = yaml.safe_load((home / "weir.yaml").read_text())
        self.config.update(table_files=[str(home / path) for path in given["table_files"]], tables={}, sources=given["sources"],
                           routes={"all": {"keep": ["all", "data.care.legal_status"], "identifiers": True}},
                           consumers={"all": kit.file_consumer(self.path("all.ndjson"))})
        self.doors = {}
        for name, source in self.config["sources"].items():
            self.doors[name] = DOORS[transports[name]](self, name)
            source.update(self.doors[name].config)
        self.adapters = sorted({source["adapter"] for source in self.config["sources"].values()})
        self.config["listen"] = {name: "127.0.0.1:0" for name in ["broker", *self.adapters]}

    def start_all(self):
        self.start("broker")
        started = [self.another(adapter, adapter).start() for adapter in self.adapters]
        for p in started:
            kit.wait_until(p.healthy, 20, f"{p.name} is healthy")

    def reload(self, n):
        """Another table: the maps of every source are made anew."""
        self.config["tables"] = {"location": {f"XXX/{n}": "ward"}}
        self.write_config()
        self.weir("reload")

    def adapter_of(self, source):
        return self.config["sources"][source]["adapter"]

    def reported(self, adapter):
        """(source, event) of what an adapter has told so far."""
        return [(head["source"], json.loads(value)) for head, value in records.rows(self, adapter, "flow.reported")]

    def delivered(self):
        return kit.read_ndjson(self.path("all.ndjson"))

    def close(self):
        for door in self.doors.values():
            door.close()
        super().close()


@unittest.skipUnless(check.DATA.is_dir(), f"the scenarios are not at {check.DATA}")
class ScenarioTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.validators = check.load_validators(SCHEMAS)

    def send(self, site, scenario, name, source):
        """The events that the adapter of the source has in the stream when it has answered."""
        adapter = site.adapter_of(source)
        before = len(site.reported(adapter))
        got = site.doors[source].send(name, (check.DATA / scenario / name).read_bytes())
        self.assertTrue(got["accepted"], f"{name}: {got['answer']}")
        told = site.reported(adapter)[before:]
        self.assertEqual({s for s, _ in told} - {source}, set(), name)
        return [event for _, event in told], got["answer"]

    def check_delivered(self, site, inputs, told):
        """The consumer has each event once, valid and as it was reported, and no other but what the journey makes of them."""
        wanted = {event["id"] for events, _ in told.values() for event in events}
        kit.wait_until(lambda: wanted <= {e["id"] for e in site.delivered()}, 30, "all is delivered")
        events = {e["id"]: e for e in site.delivered() if "derived_from" not in e["data"]}
        self.assertEqual(len(events), len([e for e in site.delivered() if "derived_from" not in e["data"]]), "delivered once each")
        self.assertEqual(set(events) - wanted, set())
        faults = [(name, fault) for name, rows, _ in inputs
                  for fault in check.check_input(rows, [events[e["id"]] for e in told[name][0]], self.validators)]
        self.assertEqual(faults, [])

    def play(self, scenario):
        inputs = list(check.inputs(check.DATA / scenario / "expected.tsv"))
        site = ScenarioSite(scenario, {r["source"]: r["transport"] for _, rows, later in inputs for r in rows + later})
        self.addCleanup(site.close)
        site.start_all()
        told = {name: self.send(site, scenario, name, check.source_of(rows + later)) for name, rows, later in inputs}
        self.assertEqual([(name, fault) for name, rows, _ in inputs for fault in check.check_input(rows, told[name][0], self.validators)], [])
        self.check_delivered(site, inputs, told)
        broker = site.broker()
        delivered, repeats = len(site.delivered()), broker.metric("weir_events_repeated_total") or 0
        for n, (name, rows, later) in enumerate(inputs):
            site.reload(n)
            events, answer = self.send(site, scenario, name, check.source_of(rows + later))
            self.assertEqual(([e["id"] for e in events], answer), ([e["id"] for e in told[name][0]], told[name][1]), name)
        repeats += sum(len(events) for events, _ in told.values())
        kit.wait_until(lambda: broker.metric("weir_events_repeated_total") == repeats, 30, "all of it again is known")
        self.assertEqual(len(site.delivered()), delivered)
        self.assertEqual([records.rows(site, adapter, "flow.rejected") for adapter in site.adapters], [[]] * len(site.adapters))

    def test_a_community_diagnostic_centre(self):
        self.play("a_cdc")

    def test_same_day_emergency_care(self):
        self.play("b_sdec")

    def test_a_region_of_mental_health(self):
        self.play("c_region")

    def test_a_placement_out_of_area(self):
        self.play("d_oap")

    def test_ambulances_as_the_clocks_change(self):
        self.play("e_ambulance")

    def test_a_whole_system(self):
        self.play("f_whole_system")

    def test_none_is_left_out(self):
        self.assertEqual(SCENARIOS, sorted(path.parent.name for path in check.DATA.glob("*/expected.tsv")))

    def test_what_the_journey_tells(self):
        """What one message alone does not say is listed, and is these: no other row is left to the journey."""
        listed = [f"{scenario}/{name} {row['event']}" for scenario in SCENARIOS
                  for name, _, rows in check.inputs(check.DATA / scenario / "expected.tsv") for row in rows]
        self.assertEqual(listed, JOURNEY)
        print("the journey's part, not looked at here:", *listed, sep="\n  ")
