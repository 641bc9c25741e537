#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves what of an installation's deadlines is shown, in how many columns, and which deadlines it has."""

import json
import unittest

import tap
from host.protocol.deadlines import EMULATION_FACTOR, MOST_STAGES, Deadlines, Limits
from host.protocol.progress import render_bar, render_event, render_time
from host.protocol.verdict import Failed, Hello, Progress, Result, Successful, read_json_line


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def begin(limits=None):
    clock = Clock()
    return Deadlines(limits or Limits(False), clock), clock


class WhatIsNews(unittest.TestCase):
    def test_what_two_channels_say_is_news_once(self):
        deadlines, _ = begin()
        events = [
            (Progress("disks", 1, "looking"), True),
            (Progress("copy", 11, "copying"), True),
            (Progress("disks", 1, "looking"), False),
            (Progress("copy", 11, "copying"), False),
            (Progress("copy", 11, "copying", 5, 9), True),
            (Progress("copy", 11, "copying"), False),
            (Progress("copy", 11, "copying", 6, 9), True),
            (Progress("plan", 11, "planning"), True),
            (Progress("copy", 11, "copying", 7, 9), False),
            (Progress("plan", 10, "planning"), False),
        ]
        for number, (event, news) in enumerate(events):
            self.assertEqual(deadlines.take(event), news, number)

    def test_stages_that_a_guest_makes_up_get_no_time_without_end(self):
        deadlines, clock = begin(Limits(False, total=10**8, stage=10))
        for number in range(10000):
            clock.now += 9
            deadlines.take(Progress(f"stage{number}", 50, ""))
        self.assertLess(deadlines.overdue(), 0)
        self.assertEqual(deadlines.last.stage, f"stage{MOST_STAGES - 1}")


class StageDeadlines(unittest.TestCase):
    def test_each_stage_has_its_own(self):
        deadlines, clock = begin()
        clock.now = 119
        self.assertEqual(deadlines.overdue(), 1)
        deadlines.take(Progress("copy", 11, ""))
        self.assertEqual(deadlines.overdue(), 1800)
        clock.now = 119 + 1800
        self.assertEqual(deadlines.overdue(), 0)
        self.assertEqual(deadlines.describe_deadline(), "no end of stage copy after 1800 s")

    def test_progress_within_a_stage_gives_no_more_time(self):
        deadlines, clock = begin(Limits(False, stage=10))
        deadlines.take(Progress("copy", 11, ""))
        clock.now = 9
        deadlines.take(Progress("copy", 50, ""))
        self.assertEqual(deadlines.overdue(), 1)

    def test_all_together_have_one_too(self):
        deadlines, clock = begin(Limits(False, total=50))
        self.assertEqual(deadlines.overdue(), 50)
        clock.now = 50
        self.assertEqual(deadlines.describe_deadline(), "no end after 50 s, in stage start")

    def test_emulation_stretches_all_that_the_user_did_not_name(self):
        self.assertEqual(Limits(True).stage("copy"), 1800 * EMULATION_FACTOR)
        self.assertEqual(Limits(True).total, 3900 * EMULATION_FACTOR)
        self.assertEqual(Limits(True, total=7, stage=3).total, 7)
        self.assertEqual(Limits(True, total=7, stage=3).stage("copy"), 3)

    def test_the_installers_own_deadline_is_left_its_time(self):
        self.assertEqual(Limits(False, installer=7200).total, 7500)

    def test_after_the_verdict_the_machine_has_a_minute(self):
        deadlines, _ = begin()
        deadlines.finish()
        self.assertEqual(deadlines.overdue(), 60)


class Bar(unittest.TestCase):
    def bar(self, columns, *progress, seconds=60):
        deadlines, clock = begin()
        deadlines.take(Progress(*progress))
        clock.now = seconds
        return render_bar(deadlines, columns)

    def test_at_80_columns_all_is_there(self):
        self.assertEqual(
            self.bar(80, "copy", 40, "x", 42 << 20, 106 << 20),
            " 40% copy          [############...................]    42/106 MiB    1:30 left",
        )

    def test_at_40_columns_the_bytes_are_left_out(self):
        self.assertEqual(
            self.bar(40, "copy", 40, "x", 42 << 20, 106 << 20),
            " 40% copy          [###.....] 1:30 left",
        )

    def test_at_30_columns_the_time_is_left_out(self):
        self.assertEqual(self.bar(30, "copy", 40, "x"), " 40% copy          [###.....]")

    def test_it_is_shorter_than_any_terminal(self):
        for columns in range(0, 300):
            for stage in ("copy", "configuration", "x" * 64):
                line = self.bar(columns, stage, 100, "x", 1 << 62, 1 << 62, seconds=10**6)
                self.assertLess(len(line), max(columns, 1))

    def test_time_is_told_in_minutes_and_hours(self):
        for seconds, text in ((0, "0:00"), (61, "1:01"), (3600, "1:00:00"), (86400, "24:00:00")):
            self.assertEqual(render_time(seconds), text)

    def test_nobody_knows_the_time_left_at_the_beginning(self):
        self.assertIn("0:02", self.bar(80, "copy", 40, "", seconds=2))
        self.assertIn("1:00", self.bar(80, "copy", 4, ""))
        self.assertNotIn("left", self.bar(80, "copy", 4, ""))


class Events(unittest.TestCase):
    def test_events_are_told_as_they_were_heard(self):
        for event in (
            Hello(1, "0.1"),
            Progress("copy", 1, "x"),
            Progress("copy", 1, "x", 0, 9),
            Result("a", "b"),
            Failed(12, "target", "x"),
            Successful(),
        ):
            self.assertEqual(read_json_line(json.dumps(render_event(event)).encode()), event)


if __name__ == "__main__":
    tap.main()
