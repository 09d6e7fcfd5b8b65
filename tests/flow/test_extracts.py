"""Drop folders of rows and objects: each row a message, bad ones told with their line, unchanged ones passed over."""
import json
import os
import unittest

import kit
import records
from drop_folder import DropFolder

MAP = """
trigger: {const: row}
ids:
  nhs_number: [nhs]
  local: [id]
times:
  at: [at]
fields:
  data.visit.number: id
triggers:
  row:
    require: [id]
    events:
      referral.received: {time: at}
"""
HEADER = b"id,nhs,at,note\n"


def row(n, note=b""):
    return b"R%d,9990001146,2026-03-01T10:%02d:00Z,%s\n" % (n, n % 60, note)


class ExtractTest(DropFolder, unittest.TestCase):
    patience = 60

    def site_of(self, form="csv", csv=None, **folder):
        site = kit.Site()
        self.addCleanup(site.close)
        self.folder = site.path("drop")
        os.makedirs(self.folder)
        os.makedirs(site.path(f"maps/acute/{form}"))
        site.write(f"maps/acute/{form}/rows.yaml", MAP)
        site.config["maps"] = site.path("maps")
        source = site.config["sources"]["test-pas"]
        del source["mllp"], source["pl"]
        source.update(format=form, folder={"path": self.folder, "settle": "0ms", "poll": "20ms", **folder})
        if csv:
            source["csv"] = csv
        site.config["consumers"]["file"] = kit.file_consumer(site.path("all.ndjson"))
        return site

    def test_each_row_is_a_message(self):
        """Header and row make one message; quotes, line ends within them, CR LF, a byte order mark. Bad input row 5."""
        site = self.site_of()
        site.start()
        quoted = b'R3,9990001146,2026-03-01T10:03:00Z,"two\r\nlines, ""quoted"""'
        self.drop("a.csv", b"\xef\xbb\xbf" + HEADER.replace(b"\n", b"\r\n") + row(1).replace(b"\n", b"\r\n") + b"\r\n"
                  + row(2).replace(b"\n", b"\r\n") + quoted)
        report = self.report("done", "a.csv")
        self.assertEqual([report[k] for k in ("rows", "accepted", "unchanged", "refused", "columns")], [3, 3, 0, 0, 4])
        self.assertEqual([v for _, v in records.rows(site, "acute", "flow.messages")],
                         [HEADER + row(1)[:-1], HEADER + row(2)[:-1], HEADER + quoted])
        self.assertEqual(self.visits(site, 3), ["R1", "R2", "R3"])

    def test_a_bad_row_costs_itself(self):
        """on_bad_row: row. A broken quote, too few and too many fields, too long, refused by the map: each with its
        line; nothing of it in the report. Bad input rows 2, 3 and 6."""
        site = self.site_of(message_max="4KiB")
        site.start()
        self.drop("a.csv", HEADER + row(1) + b'R2,"SMITH"x,,\n' + row(3) + b"R4,SMITH\n" + row(5)[:-1] + b",SMITH\n"
                  + b",9990001146,2026-03-01T10:00:00Z,SMITH\n" + row(7, b"x" * 5000) + b'R8,"SMITH,,\n' + row(9))
        report = self.report("bad", "a.csv")
        self.assertEqual([report[k] for k in ("rows", "accepted", "refused", "faults")], [9, 3, 6, []])
        self.assertEqual([(r["line"], r.get("column")) for r in report["refusals"]],
                         [(3, 11), (5, None), (6, None), (7, None), (8, None), (9, 4)])
        for r, why in zip(report["refusals"], ("closing quote", "2 fields, the header has 4", "5 fields", "id",
                                               "longer than may be", "quote does not end"), strict=True):
            self.assertIn(why, r["why"])
        self.assertNotIn("SMITH", json.dumps(report) + site.adapter().log())
        self.assertEqual(self.visits(site, 3), ["R1", "R3", "R9"])
        rejected = [v for _, v in records.rows(site, "acute", "flow.rejected")]
        self.assertEqual(len(rejected), 6)
        self.assertEqual(rejected[0], HEADER + b'R2,"SMITH"x,,')
        self.assertEqual(site.adapter().metric("weir_messages_rejected_total", source="test-pas"), 6)

    def test_rows_of_one_trouble_are_one_line(self):
        """weir rejected list, whatever line of the file they stood on."""
        site = self.site_of()
        site.start()
        self.drop("a.csv", HEADER + b"".join(b"R%d,SMITH\n" % n for n in range(300)) + b",,2026-03-01T10:00:00Z,\n")
        self.report("bad", "a.csv")
        found = [json.loads(line) for line in site.weir("rejected", "list", "--json").stdout.splitlines()]
        self.assertEqual(sorted(t["count"] for t in found), [1, 300])
        many, one = sorted(found, key=lambda t: -t["count"])
        self.assertIn("line *", many["reasons"])
        self.assertNotIn("*", one["reasons"])

    def test_a_bad_row_costs_the_file(self):
        """on_bad_row: file. Nothing of it is taken; once it is mended all of it is. Bad input row 2."""
        site = self.site_of(on_bad_row="file")
        site.start()
        good = HEADER + b"".join(row(n) for n in range(1, 2001))
        for name, bad in (("a.csv", b"R1,2\n"), ("b.csv", b",9990001146,2026-03-01T10:00:00Z,\n")):
            self.drop(name, good + bad)
            report = self.report("bad", name)
            self.assertEqual((report["taken"], report["accepted"], report["refused"]), ("nothing", 0, 1))
            self.assertEqual(report["refusals"][0]["line"], 2002)
        self.assertEqual(records.rows(site, "acute", "flow.messages"), [])
        self.assertEqual(records.rows(site, "acute", "flow.rejected"), [])
        self.drop("c.csv", good)
        self.assertEqual(self.report("done", "c.csv")["accepted"], 2000)
        self.assertEqual(len(self.visits(site, 2000)), 2000)

    def test_what_is_wrong_with_a_file(self):
        """A missing column, two of one name, UTF-16 without a mark, UTF-32, nothing in it: the file as a whole, and why. Bad input rows 1, 5 and 8."""
        site = self.site_of(csv={"columns": ["id", "at"]})
        site.start()
        for name, data, why in (("a.csv", b"id,nhs,note\nR1,1,2\n", 'no column "at"'),
                                ("b.csv", b"id,at, id\nR1,1,2\n", "columns 1 and 3 have the same name"),
                                ("c.csv", HEADER.decode().encode("utf-32"), "UTF-32"),
                                ("d.csv", HEADER.decode().encode("utf-16-le"), "zero bytes"),
                                ("e.csv", b"", "nothing in the file"), ("f.csv", b'id,"at\n', "line 1, column 4")):
            with self.subTest(name):
                self.drop(name, data)
                report = self.report("bad", name)
                self.assertEqual((report["taken"], report["accepted"]), ("nothing", 0))
                self.assertIn(why, report["faults"][0])
                self.assertEqual(report["bytes"], len(data))
        self.drop("g.csv", HEADER)
        self.assertEqual(self.report("done", "g.csv")["rows"], 0)
        self.assertEqual(records.rows(site, "acute", "flow.messages"), [])

    def test_utf16_and_a_byte_order_mark(self):
        """As spreadsheets save "Unicode text": read as UTF-8 from the first byte to the last; places are those of the text. A
        mark goes before the charset of the source. Bad input row 5."""
        site = self.site_of()
        site.config["sources"]["test-pas"]["charset"] = "windows-1252"
        site.start()
        rows = [row(n, "Zoë Ō \U0001f600".encode()) for n in range(1, 3001)]
        text = (HEADER + b"".join(rows) + b'R0,"x"y,,\n').decode()
        for name, data in (("little.csv", text.encode("utf-16")), ("b-big.csv", b"\xfe\xff" + text.encode("utf-16-be")),
                           ("c-8.csv", text.encode("utf-8-sig"))):
            self.drop(name, data)
            report = self.report("bad", name)
            self.assertEqual([report[k] for k in ("bytes", "rows", "accepted", "refused")], [len(data), 3001, 3000, 1])
            self.assertEqual([report["refusals"][0][k] for k in ("line", "column")], [3002, 7])
        self.assertEqual({v for _, v in records.rows(site, "acute", "flow.messages")}, {b"\xef\xbb\xbf" + HEADER + r[:-1] for r in rows})
        self.drop("d.csv", HEADER + "R3001,9990001146,2026-03-01T10:00:00Z,Zoë\n".encode("cp1252"))
        self.report("done", "d.csv")
        self.assertEqual(len(self.visits(site, 3001)), 3001)

    def test_unchanged_rows_are_passed_over(self):
        """The file of the next day: only what is new or differs becomes a message; a whole file again gives nothing;
        without the hashes all comes again and the broker drops it. No patient data in the hashes. Bad input row 18."""
        site = self.site_of()
        site.start()
        first = HEADER + b"".join(row(n) for n in range(1, 301))
        self.drop("ref-20260301.csv", first)
        self.assertEqual(self.report("done", "ref-20260301.csv")["accepted"], 300)
        self.drop("ref-20260302.csv", HEADER + row(300) + row(301) + b"".join(row(n) for n in range(2, 300)) + row(1, b"x"))
        report = self.report("done", "ref-20260302.csv")
        self.assertEqual([report[k] for k in ("rows", "unchanged", "accepted")], [301, 299, 2])
        self.drop("ref-20260303.csv", first)
        self.assertEqual(self.report("done", "ref-20260303.csv")["unchanged"], 299)
        self.drop("other.csv", first)  # another kind of file
        self.assertEqual(self.report("done", "other.csv")["accepted"], 300)
        self.assertEqual(site.adapter().metric("weir_rows_unchanged_total", source="test-pas"), 598)
        kept = os.path.join(site.data, "extracts", "test-pas")
        self.assertEqual(len(os.listdir(kept)), 2)
        for name in os.listdir(kept):
            with open(os.path.join(kept, name), "rb") as f:
                data = f.read()
            self.assertNotIn(b"9990001146", data)
            os.unlink(os.path.join(kept, name))
        self.drop("ref-20260304.csv", first)
        self.assertEqual(self.report("done", "ref-20260304.csv")["accepted"], 300)
        self.assertEqual(sorted(set(self.visits(site, 302))), sorted(f"R{n}" for n in range(1, 302)))
        self.assertEqual(len(kit.read_ndjson(site.path("all.ndjson"))), 302)

    def test_another_header(self):
        """Told as an alarm and taken, or refused, as the source says; its own columns are never in a log. Bad input row 4."""
        site = self.site_of()
        site.start()
        self.drop("a1.csv", HEADER + row(1))
        self.assertFalse(self.report("done", "a1.csv")["other_header"])
        self.drop("a2.csv", b"id,nhs,at,SMITH\n" + row(1))
        report = self.report("done", "a2.csv")
        self.assertEqual((report["other_header"], report["accepted"], report["unchanged"]), (True, 1, 0))
        log = site.adapter().log()
        self.assertIn("alarm.header", log)
        self.assertIn("column 4", log)
        site.config["sources"]["test-pas"]["csv"] = {"on_other_header": "refuse"}
        site.write_config()
        site.weir("reload")
        self.drop("a3.csv", HEADER + row(2))
        report = self.report("bad", "a3.csv")
        self.assertIn("not that of the file before", report["faults"][0])
        self.assertNotIn("SMITH", json.dumps(report) + site.adapter().log())
        self.drop("a4.csv", b"id,nhs,at,SMITH\n" + row(3))
        self.assertEqual(self.report("done", "a4.csv")["accepted"], 1)

    def test_no_header_and_another_delimiter(self):
        site = self.site_of(csv={"header": False, "columns": ["id", "nhs", "at"], "delimiter": "tab"})
        site.start()
        self.drop("a.txt", b"R1\t9990001146\t2026-03-01T10:00:00Z\nR2\t9990001146\n")
        report = self.report("bad", "a.txt")
        self.assertEqual((report["accepted"], report["refused"]), (1, 1))
        self.assertEqual([v for _, v in records.rows(site, "acute", "flow.messages")],
                         [b"id\tnhs\tat\nR1\t9990001146\t2026-03-01T10:00:00Z"])
        self.assertEqual(self.visits(site, 1), ["R1"])

    def test_json_a_line_each_and_one_over_many(self):
        """Bad input row 9."""
        site = self.site_of("json")
        site.start()

        def thing(n, **more):
            return {"id": f"J{n}", "nhs": "9990001146", "at": "2026-03-01T10:00:00Z", **more}

        lines = [json.dumps(thing(n)).encode() for n in (1, 2)]
        self.drop("a.ndjson", lines[0] + b"\n\n" + lines[1] + b'\n{"id": \n')
        report = self.report("bad", "a.ndjson")
        self.assertEqual((report["rows"], report["accepted"], report["refused"]), (3, 2, 1))
        self.assertEqual(report["refusals"][0]["line"], 4)
        self.drop("b.json", json.dumps(thing(3, deep={"a": [1, 2]}), indent=2).encode())
        self.assertEqual(self.report("done", "b.json")["accepted"], 1)
        self.assertEqual(self.visits(site, 3), ["J1", "J2", "J3"])

    def test_a_file_that_changes_while_it_is_read(self):
        """Bad input row 16. Somebody goes on writing to a file that was claimed, and over its first row: it is read from
        its first byte once it is at rest; no row is lost, and none is taken of the half of a line."""
        site = self.site_of()
        site.start("broker")
        self.drop("a.csv", HEADER + b"".join(row(n) for n in range(1, 5001)) + b"R5001,9990001146,2026-03-0")
        with open(self.path("a.csv"), "r+b") as f:
            site.start("acute")
            kit.wait_until(lambda: records.rows(site, "acute", "flow.messages"), 30, "it is being read")
            f.seek(0, os.SEEK_END)
            f.write(b"1T10:00:00Z,\n")
            f.write(row(5002))
            f.flush()
            f.seek(len(HEADER))
            f.write(row(1).replace(b"R1,", b"Q1,"))
        report = self.report("done", "a.csv")
        self.assertEqual([report[k] for k in ("rows", "refused", "refusals")], [5002, 0, []])
        self.visits(site, 5003)
        self.assertEqual(sorted(self.visits(site, 5003)), sorted(["Q1"] + [f"R{n}" for n in range(1, 5003)]))
        self.assertEqual(records.rows(site, "acute", "flow.rejected"), [])

    def test_another_file_in_its_place(self):
        """Bad input row 16. One of the same name comes while the first is read: a file of its own, read behind it."""
        site = self.site_of()
        site.start("broker")
        self.drop("a.csv", HEADER + b"".join(row(n) for n in range(1, 2001)))
        site.start("acute")
        kit.wait_until(lambda: os.path.exists(self.path("work", "a.csv")), 30, "it is claimed")
        self.drop("a.csv", HEADER + row(2001))
        self.assertEqual(self.report("done", "a.csv")["accepted"], 2000)
        self.assertEqual(self.report("done", "a.csv.2")["accepted"], 1)
        self.assertEqual(self.visits(site, 2001), [f"R{n}" for n in range(1, 2002)])

    def test_kill_at_any_place(self):
        """kill -9 while a file is read: no row is lost, none gives a second event. Bad input row 17."""
        site = self.site_of()
        site.start()
        self.drop("a.csv", HEADER + b"".join(row(n) for n in range(1, 1501)))
        adapter = site.adapter()
        for wanted in (1, 400, 900):
            kit.wait_until(lambda n=wanted: len(records.rows(site, "acute", "flow.messages")) >= n, 60, f"{wanted} rows")
            adapter.kill()
            adapter.start()
            kit.wait_until(adapter.healthy, 20, "the adapter is healthy")
        self.assertEqual(self.report("done", "a.csv")["rows"], 1500)
        self.assertEqual(self.visits(site, 1500), [f"R{n}" for n in range(1, 1501)])
        self.assertEqual(len({e["id"] for e in kit.read_ndjson(site.path("all.ndjson"))}), 1500)

    def test_what_cannot_be_stored_stays(self):
        """No room on the disk: nothing is taken, nothing is moved, no hash is kept; then all of it."""
        site = self.site_of()
        site.config["stream"]["free_min"] = "100000000GiB"
        site.start("acute")
        self.drop("a.csv", HEADER + row(1) + row(2))
        kit.wait_until(lambda: os.path.exists(self.path("work", "a.csv")), 20, "the file is claimed")
        self.assertEqual(records.rows(site, "acute", "flow.messages"), [])
        self.assertEqual(site.adapter().stop(), 0)
        site.config["stream"]["free_min"] = "1MiB"
        site.start()
        self.assertEqual(self.report("done", "a.csv")["accepted"], 2)
        self.assertEqual(self.visits(site, 2), ["R1", "R2"])
