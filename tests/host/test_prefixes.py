#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves which states tests/qemu/prefixes finds in a log of writes, and that it reports each broken promise."""

import os
import struct
import sys
import tempfile
import unittest

import tap

sys.path.insert(0, os.path.join(tap.TOP, "tests/qemu/prefixes"))

from judge import Judge
from model import Geometry, Part, Verdict
from states import find_state, lost_sets, window_states, windows
from write_log import FLUSH, MAGIC, Image, Request, read_log

SECTOR = 512
SIGNATURE = bytes(510) + b"\x55\xaa"
ROOT = Part(64 * SECTOR, 64 * SECTOR)
MARKS = {
    state: b"guest-installer\0" + struct.pack("<II", 3, state) + bytes(488) for state in (1, 2)
}


def write(number, sector, data):
    return Request(number, sector * SECTOR, memoryview(data), 0)


def flush(number):
    return Request(number, 0, memoryview(b""), FLUSH)


class Nothing:
    def random(self):
        return 0.0

    def sample(self, population, count):
        return list(population)[:count]


class States(unittest.TestCase):
    def names(self, writes, samples=0):
        return [
            s.name
            for s in window_states(writes[0].number, writes, lambda _: True, samples, Nothing())
        ]

    def test_each_prefix_and_each_subset_of_a_short_window_is_a_state(self):
        writes = [write(n, n, bytes(SECTOR)) for n in (5, 6, 7)]
        self.assertEqual(self.names(writes), ["5", "6", "7", "7-5", "7-6", "7-5,6", "7-5,7"])

    def test_the_state_before_the_first_request_is_one(self):
        self.assertEqual(self.names([write(1, 1, bytes(SECTOR))]), ["0", "1"])

    def test_a_watched_write_is_torn_behind_its_first_sector_and_at_others(self):
        writes = [write(2, 9, bytes(4 * SECTOR))]
        self.assertEqual(self.names(writes), ["2", "2<1", "2>3"])
        self.assertEqual(self.names(writes, 3), ["2", "2<1", "2>3", "2>1", "2<2"])

    def test_the_sample_of_a_long_window_has_no_prefix(self):
        writes = [write(n, n, bytes(SECTOR)) for n in range(1, 7)]
        self.assertEqual(lost_sets(writes, 3, Nothing()), [])

    def test_a_flush_ends_a_window(self):
        requests = [write(1, 1, bytes(SECTOR)), flush(2), write(3, 2, bytes(SECTOR))]
        found = [(first, [r.number for r in writes]) for first, writes in windows(requests)]
        self.assertEqual(found, [(1, [1]), (3, [3])])

    def test_a_state_is_found_by_its_name(self):
        requests = [write(1, 1, b"a" * SECTOR), flush(2), write(3, 2, b"b" * SECTOR)]
        requests.append(write(4, 3, b"c" * SECTOR + b"d" * SECTOR))
        flushed, state = find_state(requests, "4>1")
        self.assertEqual([r.number for r in flushed], [1, 2])
        self.assertEqual(
            [(o, bytes(d)[:1]) for o, d in state.pieces()], [(1024, b"b"), (2048, b"d")]
        )
        _, state = find_state(requests, "4-3")
        self.assertEqual([o for o, _ in state.pieces()], [1536])
        for name in ("5", "4<", "x", "-1"):
            self.assertRaises(ValueError, find_state, requests, name)


class Log(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "log")
        self.addCleanup(self.folder.cleanup)

    def write_log(self, end, magic=MAGIC):
        header = struct.pack("<QQQI", magic, 1, 2, SECTOR).ljust(SECTOR, b"\0")
        first = struct.pack("<QQQQ", 7, 1, 0, SECTOR).ljust(SECTOR, b"\0") + b"x" * SECTOR
        second = struct.pack("<QQQQ", 0, 0, FLUSH, 0).ljust(SECTOR, b"\0")
        with open(self.path, "wb") as file:
            file.write((header + first + second)[:end])

    def test_a_log_is_read(self):
        self.write_log(None)
        first, second = read_log(self.path)
        self.assertEqual((first.offset, bytes(first.data)), (7 * SECTOR, b"x" * SECTOR))
        self.assertTrue(second.is_flush and not first.is_flush)

    def test_a_log_that_is_cut_off_or_another_file_is_an_error(self):
        self.write_log(3 * SECTOR - 1)
        self.assertRaises(ValueError, read_log, self.path)
        self.write_log(None, magic=1)
        self.assertRaises(ValueError, read_log, self.path)


class Promises(unittest.TestCase):
    """With a model that reads the guest from one sector of the root: "w" is a complete one."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        path = os.path.join(self.folder.name, "image")
        with open(path, "wb") as file:
            file.truncate(200 * SECTOR)
        self.image = Image(path)
        self.geometry = Geometry(ROOT, Part(SECTOR, SECTOR))
        self.read_count = 0

    def judge(self, image, sector, mark, _root_key, _loader_key):
        whole = image.read(ROOT.offset + 4 * SECTOR, 1) == b"w"
        startable = sector == SIGNATURE
        boots = "yes" if startable and whole else "no"
        return Verdict(startable, whole, mark, {"bios": boots, "uefi": "no"})

    def faults(self, requests, taken="true", ask_every=1):
        judge = Judge(self.image, self, lambda _: [taken], 1, ask_every)
        judge.run(requests, 2, 1)
        return judge.faults

    def test_an_install_in_the_right_order_breaks_none(self):
        requests = [write(1, 64, MARKS[1]), flush(2), write(3, 68, b"w" * SECTOR), flush(4)]
        requests += [write(5, 0, SIGNATURE), flush(6), write(7, 64, MARKS[2]), flush(8)]
        self.assertEqual(self.faults(requests), [])

    def test_a_boot_sector_that_no_flush_precedes_is_found(self):
        requests = [write(1, 68, b"w" * SECTOR), write(2, 0, SIGNATURE), flush(3)]
        self.assertEqual(
            self.faults(requests), ["2-1: it can be started, and its guest is not complete"]
        )

    def test_a_mark_that_no_flush_precedes_is_found(self):
        requests = [write(1, 68, b"w" * SECTOR), flush(2), write(3, 0, SIGNATURE)]
        requests += [write(4, 64, MARKS[2]), flush(5)]
        self.assertEqual(
            self.faults(requests), ["4-3: it is marked as installed, and would not boot"]
        )

    def test_a_disk_that_the_next_install_refuses_is_found(self):
        faults = self.faults([write(1, 64, MARKS[1]), flush(2)], taken="false")
        self.assertEqual(faults, ["1: the next install does not take it: "])

    def test_the_installer_is_asked_of_every_nth_state(self):
        requests = [write(1, 64, MARKS[1]), flush(2), write(3, 64, MARKS[1]), flush(4)]
        faults = self.faults(requests, taken="false", ask_every=2)
        self.assertEqual(faults, ["3: the next install does not take it: "])


if __name__ == "__main__":
    tap.main()
