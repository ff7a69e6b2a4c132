"""What stands in pcap/ is what record.py records: no scenario without a folder, none untold, none both kept and pending."""
import re
import tempfile
import unittest
from pathlib import Path

import pcapfile
import recordings
from record import ROOT
from topology import NETWORKS, address

OURS = {address(network, 1, version) for network in NETWORKS for version in (4, 6)}


class Folders(unittest.TestCase):
    """The folders of pcap/."""

    def test_each_scenario_has_its_folder(self):
        for recording in recordings.all_recordings():
            with self.subTest(recording.name):
                place = ROOT / recording.name
                self.assertEqual((place / "config.yaml").read_text(), recording.config.standalone())
                self.assertIn(recording.tells, (place / "README.md").read_text())
                for line in (place / "replay.env").read_text().splitlines():
                    self.assertRegex(line, r"^[A-Z_]+=\S+$")

    def test_sounds_are_those_of_the_configuration(self):
        for recording in recordings.all_recordings():
            with self.subTest(recording.name), tempfile.TemporaryDirectory() as folder:
                made = recording.config.write_sounds(folder)
                kept = ROOT / recording.name
                self.assertEqual({file.name: file.read_bytes() for file in made},
                                 {file.name: file.read_bytes() for file in kept.glob("*.wav")})

    def test_captures_are_small_and_in_order_of_time(self):
        for recording in recordings.all_recordings():
            with self.subTest(recording.name):
                file = ROOT / recording.name / "input.pcap"
                rows = list(pcapfile.frames(file))
                self.assertTrue(rows)
                self.assertLess(file.stat().st_size, 250000)
                self.assertEqual(rows, sorted(rows, key=lambda row: row[0]))
                media_out = [row for row in rows if row[2][0] in OURS and 5060 not in (row[2][1], row[3][1])]
                self.assertEqual(media_out, [])

    def test_the_list_names_each_once(self):
        told = re.findall(r"^\| `([a-z0-9-]+)` \| (.+) \|$", (ROOT / "README.md").read_text(), re.M)
        wanted = [(recording.name, recording.title) for recording in recordings.all_recordings()]
        self.assertEqual([row for row in told if row[0] in dict(wanted)], wanted)

    def test_pending_has_no_folder(self):
        for line in (ROOT / "PENDING").read_text().splitlines():
            name, told, missing = line.split("\t")
            with self.subTest(name):
                self.assertTrue(told and missing)
                self.assertFalse((ROOT / name).exists())


if __name__ == "__main__":
    unittest.main()
