#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves that no reader can stop the host's tools, and that every reader gets whole messages."""

import os
import time
import unittest

import tap
from host.base.output import LIMIT_BYTES, Output


class WithPipe(unittest.TestCase):
    def setUp(self):
        self.reader, self.writer = os.pipe()
        self.output = Output(self.writer)

    def tearDown(self):
        os.close(self.reader)
        os.close(self.writer)

    def fill(self):
        """Fills the pipe; returns how many messages were needed."""
        count = 0
        while not self.output.pending():
            self.output.write(f"{count:0511}\n")
            count += 1
        return count

    def test_a_message_goes_out_at_once(self):
        self.output.write("hello\n")
        self.assertEqual(os.read(self.reader, 100), b"hello\n")
        self.assertFalse(self.output.pending())

    def test_a_blocked_reader_does_not_block_us(self):
        self.fill()
        self.output.write("late\n")
        begin = time.monotonic()
        self.output.drain(0.2)
        self.assertLess(time.monotonic() - begin, 10)
        self.assertTrue(self.output.pending())

    def test_a_slow_reader_gets_everything_in_order(self):
        count = self.fill()
        self.output.write("the end\n")
        heard = b""
        while not heard.endswith(b"the end\n"):
            heard += os.read(self.reader, 1 << 20)
            self.output.pump()
        lines = heard.splitlines()
        self.assertEqual([int(line) for line in lines[:-1]], list(range(count)))

    def test_of_passing_messages_only_the_newest_waits(self):
        self.fill()
        for number in range(100000):
            self.output.write(f"passing {number}\n", passing=True)
        self.output.write("staying\n")
        heard = os.read(self.reader, 1 << 20)
        self.output.drain(10)
        heard += os.read(self.reader, 1 << 20)
        self.assertTrue(heard.endswith(b"passing 99999\nstaying\n"))
        self.assertEqual(heard.count(b"passing"), 1)

    def test_what_waits_is_bounded(self):
        self.fill()
        for _ in range(100):
            self.output.write("x" * 100000)
        self.assertLessEqual(self.output._size, LIMIT_BYTES)

    def test_a_reader_that_left_is_no_error(self):
        os.close(self.reader)
        for _ in range(10):
            self.output.write("hello\n")
        self.assertFalse(self.output.pending())
        self.reader = os.open(os.devnull, os.O_RDONLY)


class WithFile(unittest.TestCase):
    def test_a_full_disk_is_no_error(self):
        descriptor = os.open("/dev/full", os.O_WRONLY)
        output = Output(descriptor)
        output.write("hello\n")
        output.drain(10)
        self.assertFalse(output.pending())
        os.close(descriptor)


if __name__ == "__main__":
    tap.main()
