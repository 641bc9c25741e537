#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves in which order first-run publishes and records, and which of two failures it reports."""

import contextlib
import errno
import json
import os
import types
import unittest
from unittest import mock

import tap
from host import attempt
from host.attempt import Attempt
from host.base.codes import Code, Failure
from host.protocol.verdict import Result

VERDICT = "web.verdict.json"


class Steps(unittest.TestCase):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        folder = tap.enter_folder(self)
        stack.enter_context(
            mock.patch.object(attempt, "served", lambda *_: contextlib.nullcontext([]))
        )
        stack.enter_context(mock.patch.object(attempt.process, "ignore_signals", lambda: None))
        stack.enter_context(mock.patch.object(Attempt, "_run_installer", lambda *_: None))
        self.options = options = mock.Mock(
            records="web",
            prove_boot=False,
            disks=[types.SimpleNamespace(path="web")],
            source=None,
            done=lambda: "installed",
        )
        self.hypervisor, self.display = mock.Mock(accel="kvm"), mock.Mock()
        self.attempt = Attempt(options, self.hypervisor, self.display, mock.Mock(), folder)

    def test_success_is_recorded_when_the_disks_have_their_names(self):
        seen = []
        self.hypervisor.publish = lambda: seen.append(os.path.exists(VERDICT))
        self.attempt.install()
        self.assertEqual(seen, [False])
        with open(VERDICT) as file:
            self.assertEqual(json.load(file)["code"], 0)

    def test_the_record_of_a_copy_names_the_image(self):
        self.options.source = types.SimpleNamespace(image="/image.raw")
        self.options.done = lambda: "copied"
        self.attempt.install()
        self.hypervisor.publish.assert_called_once_with()
        with open(VERDICT) as file:
            record = json.load(file)
        self.assertEqual((record["text"], record["source"]), ("copied", "/image.raw"))

    def test_a_disk_that_firmware_cannot_boot_is_not_proved(self):
        self.options.prove_boot = True
        results = [Result("layout", "direct")]
        with mock.patch.object(Attempt, "_results", lambda _: results):
            with self.assertRaises(Failure) as caught:
                self.attempt.install()
        self.assertIn("a disk of layout direct cannot", caught.exception.sentence)
        self.hypervisor.publish.assert_not_called()

    def test_a_guest_is_published_even_if_its_record_has_no_room(self):
        full = OSError(errno.ENOSPC, "No space left on device")
        with mock.patch.object(attempt.records, "write_verdict", side_effect=full):
            self.attempt.install()
        self.hypervisor.publish.assert_called_once_with()
        self.assertIn("No space left", self.display.report.call_args.args[0])

    def judge(self, machine_is_full, sentence="copying failed"):
        follower = mock.Mock()
        failed = Failure(40, sentence)
        with mock.patch.object(attempt.verdict, "require_success", side_effect=failed):
            with self.assertRaises(Failure) as caught:
                machine = mock.Mock(has_no_room=lambda: machine_is_full)
                self.attempt._judge(follower, machine, mock.Mock(path="web.log"))
        return caught.exception

    def test_a_host_that_cannot_be_asked_for_room_does_not_replace_the_verdict(self):
        self.hypervisor.has_no_room.side_effect = Failure(Code.EMULATOR, "cannot read the pool")
        failure = self.judge(False)
        self.assertEqual((failure.code, failure.sentence), (40, "copying failed (log: web.log)"))

    def test_a_copy_without_room_does_though_there_is_room_again(self):
        self.hypervisor.has_no_room.return_value = False
        self.assertEqual(self.judge(False, "copy: No space left on device").code, 40)
        self.options.source = types.SimpleNamespace(image="/image.raw")
        failure = self.judge(False, "copy: No space left on device")
        self.assertEqual(failure.code, Code.NO_ROOM)

    def test_a_host_without_room_does(self):
        self.hypervisor.has_no_room.return_value = True
        self.assertEqual(self.judge(False).code, Code.NO_ROOM)


if __name__ == "__main__":
    tap.main()
