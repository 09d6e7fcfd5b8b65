"""docs/overlays.md: its commands are run, and what it says comes out comes out; the shipped overlays explain themselves."""
import os
import re
import subprocess
import tempfile
import unittest

import kit
from test_readme import blocks, copy_of_tree

PAGE = os.path.join(kit.TOP, "docs", "overlays.md")
CASES = os.path.join(kit.TOP, "tests", "cases")
MAPS = os.path.join(kit.TOP, "adapters")


def run(command, cwd=kit.TOP, timeout=60, **env):
    return subprocess.run(command, cwd=cwd, env=dict(os.environ, WEIR_MAPS=MAPS, **env), capture_output=True, text=True,
                          timeout=timeout * kit.SLOWER, check=False)


def shown():
    with open(PAGE, encoding="utf-8") as f:
        return [line for block in re.findall(r"^```text\n(.*?)^```$", f.read(), re.M | re.S) for line in block.splitlines()]


class Page(unittest.TestCase):
    def test_the_page_is_followed(self):
        with tempfile.TemporaryDirectory(prefix="weir-overlays-") as folder:
            copy_of_tree(folder)
            os.mkdir(os.path.join(folder, "bin"))
            os.symlink(kit.program("weir"), os.path.join(folder, "bin", "weir"))
            done = run(["bash", "-ec", "".join(blocks(PAGE))], folder, PATH=os.path.join(folder, "bin") + os.pathsep + os.environ["PATH"])
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stderr, "")
        lines = shown()
        self.assertGreater(len(lines), 10)
        for line in lines:
            self.assertIn(line, done.stdout)
        self.assertNotIn("data.patient.nhs_number", done.stdout.split("trigger A01")[1].split("  without a value:")[0], "before ids: names ZID-2")

    def test_every_overlay_that_is_shipped_is_named_and_has_messages(self):
        with open(PAGE, encoding="utf-8") as f:
            page = f.read()
        names = [n[:-5] for n in os.listdir(os.path.join(MAPS, "acute", "overlays")) if n.endswith(".yaml")]
        self.assertGreaterEqual(len(names), 5)
        for name in names:
            self.assertIn(f"(../adapters/acute/overlays/{name}.yaml)", page)
            self.assertGreaterEqual(len([n for n in os.listdir(os.path.join(CASES, name)) if n.endswith(".hl7")]), 5, name)


class Explained(unittest.TestCase):
    """The lines that somebody who did not write the overlay looks for."""

    def explain(self, source, case):
        done = run([kit.program("weir"), "translate", "--config", os.path.join(CASES, "weir.yaml"), "--source", source, "--explain",
                    os.path.join(CASES, source, case + ".hl7")], WEIR_TEST_KEY="a key of the tests, of no use elsewhere")
        self.assertIn(f"of source {source}: ", done.stdout)
        return done

    def says(self, source, case, *patterns):
        done = self.explain(source, case)
        for pattern in patterns:
            self.assertRegex(done.stdout + done.stderr, pattern)

    def test_medway(self):
        self.says("medway", "slot_not_attended",
                  r"  appointment\.dna  \[.*adt\.yaml:\d+, when: .*overlays/medway\.yaml:\d+\]",
                  r"no appointment\.cancelled: not when \{not: \[\{path: ZU3-3\.1, in_table: did_not_attend\}\]\}: ZU3-3\.1 is \"NOOUT\"",
                  r'data\.location +.*group clinic  <- PV1-3 "CL12\^Chest clinic\^\^RZZ01", places: "clinic"',
                  r'raw CHEST, code 340, system main_specialty  <- PV1-10\.1 "CHEST"')
        self.says("medway", "test_patient_by_name",
                  r'data\.quality +test_patient\n +test_patient: \[\{path: PID-5\.1, like: \["XX\*", .*overlays/medway\.yaml:\d+\]')

    def test_lorenzo(self):
        self.says("lorenzo", "slot_moved",
                  r"  appointment\.rescheduled  \[.*overlays/lorenzo\.yaml:\d+\]",
                  r"data\.appointment\.start +2026-04-21T10:00:00\+01:00  <- PV2-8\.1 \"202604211000\"  \[.*lorenzo\.yaml:\d+\]",
                  r"no appointment\.cancelled: not when .*: EVN-4\.1 is \"OPT-U\"")

    def test_ipm(self):
        self.says("ipm", "discharge_with_z01",
                  r"data\.patient\.nhs_number +9990001219  <- .*, found in PID-2  ",
                  r'data\.care\.pathway +1  <- Z01-5 "1"  \[.*overlays/ipm\.yaml:\d+\]',
                  r"data\.care\.discharge_destination +raw 19, code 19.*<- Z01-4 \"19\"",
                  r"data\.location +.*site RZZ02, ward REHAB, bay 2, bed 04, description Rehabilitation, group ward")
        self.says("ipm", "links_report_nothing", r"of source ipm: nothing", r"  no event; what the tests could look at:")

    def test_cerner(self):
        self.says("cerner", "admission_source_in_zvi",
                  r"data\.patient\.nhs_number +9990001286  <- .*, found in PID-19  ",
                  r'data\.care\.admission_method +raw 21, .*<- ZVI-5 "21".*overlays/cerner\.yaml:\d+\]',
                  r'data\.prior_location +.*site RZZ01, ward ED MAJORS,.*group ed  <- .*places: "main building", "emergency department", "ward"',
                  r"no emergency\.arrived: not when ")
        self.says("cerner", "discharge_without_a_number", r"of source cerner: refused", r"PID-3: PID-3\.1 is missing or empty")

    def test_epic(self):
        self.says("epic", "bed_planned",
                  r"data\.pending_location +.*site RZZ01, ward WARD 4, bay S1, bed 02, status P, group ward  <- .*places: \"department\", \"ward\"",
                  r"data\.patient\.ids +\{value 60012, .* type mrn\} \{value E7700123, authority EPIC, type epi\}",
                  r"  bed\.allocated  \[")
        self.says("epic", "department_that_no_rule_knows", r"table location does not have RZZ/LOUNGE", r"data\.quality +unmapped_code:location")


if __name__ == "__main__":
    unittest.main()
