#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves what the host reads from the serial console and the virtio-serial port, and which verdict counts."""

import json
import random
import unittest

import tap
from host.protocol import start, verdict
from host.base.codes import Code, Failure
from host.protocol.verdict import Channel, Failed, Hello, Progress, Result, Successful

FAILED = Failed(12, "target", "not blank")


def serial(text):
    channel = Channel(verdict.read_serial_line)
    channel.feed(text if isinstance(text, bytes) else text.encode())
    return channel


def port(*values):
    channel = Channel(verdict.read_json_line)
    for value in values:
        channel.feed(json.dumps(value).encode() + b"\n")
    return channel


class SerialLines(unittest.TestCase):
    def test_lines_of_the_protocol_are_read(self):
        for line, event in (
            (b"INSTALL_SUCCESSFUL", Successful()),
            (b"INSTALL_SUCCESSFUL\r", Successful()),
            (b"\0INSTALL_SUCCESSFUL today", Successful()),
            (b"INSTALL_FAILED code=12 stage=target not blank", FAILED),
            (b"INSTALL_FAILED code=60 stage=boot-loader", Failed(60, "boot-loader", "")),
            (b"INSTALL_PROGRESS copy 42 at work", Progress("copy", 42, "at work")),
            (b"INSTALL_PROGRESS copy 42", Progress("copy", 42, "")),
            (b"INSTALL_PROGRESS copy 999 much", Progress("copy", 100, "much")),
            (b"INSTALL_RESULT kernel=/a=b", Result("kernel", "/a=b")),
            (b"INSTALL_RESULT kernel=", Result("kernel", "")),
        ):
            with self.subTest(line=line):
                self.assertEqual(verdict.read_serial_line(line), event)

    def test_other_lines_are_nothing(self):
        for line in (
            b"",
            b"log: INSTALL_SUCCESSFUL",
            b" INSTALL_SUCCESSFUL",
            b"INSTALL_SUCCESSFULLY",
            b"INSTALL_SUCCESSFUL_",
            b"INSTALL_FAILEDcode=12",
            b"install_successful",
            b"x\rINSTALL_SUCCESSFUL",
            b"INSTALL_PROGRESS Copy 42 x",
            b"INSTALL_PROGRESS copy -1 x",
            b"INSTALL_PROGRESS copy 1000 x",
            "INSTALL_PROGRESS copy ４２ x".encode(),
            b"INSTALL_RESULT key value",
            b"INSTALL_RESULT " + b"k" * 65 + b"=v",
            b"\xff\xfe\x80",
        ):
            with self.subTest(line=line):
                self.assertIsNone(verdict.read_serial_line(line))

    def test_a_failure_that_makes_no_sense_has_code_0(self):
        for rest in ("", " code=0 stage=copy x", " code=80 stage=copy x", " code=x stage=copy x"):
            with self.subTest(rest=rest):
                event = verdict.read_serial_line(f"INSTALL_FAILED{rest}".encode())
                self.assertEqual(event, Failed(0, "", f"INSTALL_FAILED{rest}"))

    def test_text_is_made_harmless(self):
        event = verdict.read_serial_line(
            b"INSTALL_FAILED code=1 stage=copy \x1b]0;title\x07 \xc2\x9b31m \xe2\x80\xae end"
        )
        self.assertEqual(event.text, "?]0;title? ?31m ? end")
        event = verdict.read_serial_line(b"INSTALL_RESULT cmdline=" + b"x" * 9999)
        self.assertEqual(len(event.value), verdict.LONGEST_TEXT)


class JsonLines(unittest.TestCase):
    def test_objects_of_the_protocol_are_read(self):
        for value, event in (
            ({"event": "hello", "protocol": 1, "version": "0.1.0"}, Hello(1, "0.1.0")),
            ({"event": "successful", "more": [1]}, Successful()),
            ({"event": "failed", "code": 12, "stage": "target", "text": "not blank"}, FAILED),
            ({"event": "result", "key": "kernel", "value": "/a"}, Result("kernel", "/a")),
            (
                {"event": "progress", "stage": "copy", "percent": 42, "text": "x"},
                Progress("copy", 42, "x"),
            ),
            (
                {
                    "event": "progress",
                    "stage": "copy",
                    "percent": 42,
                    "bytes": 1,
                    "total_bytes": 1 << 40,
                },
                Progress("copy", 42, "", 1, 1 << 40),
            ),
        ):
            with self.subTest(value=value):
                self.assertEqual(verdict.read_json_line(json.dumps(value).encode()), event)

    def test_what_is_no_object_of_the_protocol_is_nothing(self):
        for line in (
            b"",
            b"null",
            b"[]",
            b'"successful"',
            b"{",
            b'{"event": ["successful"]}',
            b'{"event": {"event": "successful"}}',
            b'{"event": "Successful"}',
            b'{"Event": "successful"}',
            b'{"event": "successful"} x',
            b'{"event": "hello"}',
            b'{"event": "hello", "protocol": true}',
            b'{"event": "progress", "stage": "copy", "percent": 101}',
            b'{"event": "progress", "stage": "copy", "percent": 4.2}',
            b'{"event": "progress", "stage": "copy", "percent": NaN}',
            b'{"event": "progress", "stage": "\\u001b[2J", "percent": 1}',
            b'{"event": "result", "key": "a b", "value": ""}',
            b'{"event": "result", "key": "a", "value": 1}',
            b"[" * 16000,
            b'{"a":' * 3000,
            b'{"event": "progress", "stage": "copy", "percent": ' + b"9" * 9000 + b"}",
            b"\xff\xfe{\0}\0",
        ):
            with self.subTest(line=line[:60]):
                self.assertIsNone(verdict.read_json_line(line))

    def test_a_failure_that_makes_no_sense_has_code_0(self):
        for code in (0, 80, -1, True, "12", None, 1e9):
            with self.subTest(code=code):
                line = json.dumps({"event": "failed", "code": code, "stage": "copy"}).encode()
                self.assertEqual(verdict.read_json_line(line).code, 0)

    def test_text_is_made_harmless(self):
        line = rb'{"event": "result", "key": "k", "value": "a\u001b[2J\n\u202e\ud800z"}'
        self.assertEqual(verdict.read_json_line(line).value, "a?[2J???z")


class Channels(unittest.TestCase):
    def test_the_last_verdict_counts(self):
        text = "INSTALL_SUCCESSFUL\nINSTALL_FAILED code=12 stage=target not blank\n"
        self.assertEqual(serial(text).verdict, FAILED)

    def test_an_incomplete_last_line_counts_for_nothing(self):
        self.assertIsNone(serial("INSTALL_SUCCESSFUL").verdict)

    def test_bytes_may_come_in_any_pieces(self):
        text = b"[ 1.0] boot\r\nINSTALL_RESULT a=b\r\nINSTALL_SUCCESSFUL\r\n[ 9.1] Power down\r\n"
        for size in range(1, len(text) + 1):
            channel = Channel(verdict.read_serial_line)
            events = []
            for at in range(0, len(text), size):
                events += channel.feed(text[at : at + size])
            self.assertEqual(events, [Result("a", "b"), Successful()], size)

    def test_a_line_without_end_is_passed_over_in_bounded_memory(self):
        channel = Channel(verdict.read_serial_line)
        for _ in range(1000):
            channel.feed(b"INSTALL_SUCCESSFUL " * 1000)
            self.assertLessEqual(len(channel._rest), verdict.LONGEST_LINE)
        channel.feed(b"\n")
        self.assertIsNone(channel.verdict)
        channel.feed(b"INSTALL_SUCCESSFUL\n")
        self.assertEqual(channel.verdict, Successful())

    def test_a_line_too_long_that_comes_at_once_is_passed_over(self):
        long = b"INSTALL_SUCCESSFUL " + b"x" * verdict.LONGEST_LINE
        self.assertIsNone(serial(long + b"\n").verdict)

    def test_results_are_bounded(self):
        channel = serial("INSTALL_RESULT a=b\n" * 10000)
        self.assertEqual(len(channel.results), verdict.MOST_RESULTS)

    def test_another_protocol_is_not_believed(self):
        channel = port({"event": "hello", "protocol": 2}, {"event": "successful"})
        self.assertIsNone(channel.verdict)

    def test_noise_harms_nothing(self):
        noise = random.Random(1)
        words = [b"INSTALL_", b"FAILED", b" code=", b"{", b'"event":', b"\n", b"\0", b"\x1b[", b"9"]
        for read in (verdict.read_serial_line, verdict.read_json_line):
            channel = Channel(read)
            for _ in range(20000):
                for event in channel.feed(noise.choice([*words, noise.randbytes(3)])):
                    for text in vars(event).values():
                        self.assertTrue(not isinstance(text, str) or text.isascii(), event)
            channel.feed(b'\nINSTALL_SUCCESSFUL\n{"event": "successful"}\n')
            self.assertEqual(channel.verdict, Successful())


class Agreement(unittest.TestCase):
    GOOD, BAD = "INSTALL_SUCCESSFUL\n", "INSTALL_FAILED code=12 stage=target not blank\n"
    ODD = "INSTALL_FAILED code=800 stage=target\n"

    def code(self, text, *values):
        try:
            verdict.require_success(serial(text), port(*values))
        except Failure as failure:
            return failure.code
        return 0

    def test_two_channels_are_judged_as_the_table_says(self):
        good = {"event": "successful"}
        bad = {"event": "failed", "code": 12, "stage": "target", "text": "other words"}
        other = {"event": "failed", "code": 41, "stage": "verify", "text": "differs"}
        odd = {"event": "failed", "code": 0}
        for text, value, code in (
            (self.GOOD, good, 0),
            (self.GOOD, None, 0),
            ("", good, 0),
            ("", None, Code.NO_VERDICT),
            (self.BAD, None, 12),
            ("", bad, 12),
            (self.BAD, bad, 12),
            (self.ODD, None, Code.NO_VERDICT),
            (self.ODD, bad, 12),
            (self.BAD, odd, 12),
            (self.ODD, odd, Code.NO_VERDICT),
            (self.GOOD, bad, Code.CONTRADICTION),
            (self.BAD, good, Code.CONTRADICTION),
            (self.BAD, other, Code.CONTRADICTION),
            (self.ODD, good, Code.CONTRADICTION),
            (self.GOOD, odd, Code.CONTRADICTION),
        ):
            with self.subTest(serial=text, port=value):
                self.assertEqual(self.code(text, *([value] if value else [])), code)

    def test_the_channel_that_said_more_gives_the_results(self):
        one, two = {"key": "a", "value": "1"}, {"key": "b", "value": "2"}
        told = port(*({"event": "result", **value} for value in (one, two)))
        self.assertEqual(len(verdict.results(serial("INSTALL_RESULT a=1\n"), told)), 2)
        self.assertEqual(len(verdict.results(serial("INSTALL_RESULT a=1\n"), port())), 1)


class Starts(unittest.TestCase):
    def code(self, event):
        try:
            start.check_result(event)
        except Failure as failure:
            return failure.code
        return 0

    def test_a_guest_that_starts_in_the_machine_is_refused(self):
        self.assertEqual(self.code(Result("start", "kexec")), Code.MISUSE)
        self.assertEqual(self.code(Result("already-installed", "yes")), 13)

    def test_other_events_pass(self):
        for event in (Successful(), Result("start", "reboot"), Result("layout", "gpt"), FAILED):
            with self.subTest(event=event):
                self.assertEqual(self.code(event), 0)


if __name__ == "__main__":
    tap.main()
