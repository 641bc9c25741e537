#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves that QEMU's monitor is asked, refuses, tells events, ends and stays silent as the client says."""

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

import tap
from host.base import sockets
from host.qemu.emulator import find_emulator
from host.base.process import Child, run
from host.qemu.qmp import Monitor, MonitorClosed, MonitorError, MonitorTimeout

PARENT = """
import sys, time
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
from host.base.process import Child
print(Child(["sleep", "600"]).pid, flush=True)
sys.stdin.read()
"""


class Emulators(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        # Longer than an address holds.
        self.path = os.path.join(self.temporary.name, "x" * 120, "monitor")
        os.mkdir(os.path.dirname(self.path))
        listener = sockets.listen(self.path)
        number = listener.fileno()
        chardev = f"socket,id=monitor,fd={number},server=on,wait=off"
        machine = ["-M", "none", "-nodefaults", "-display", "none"]
        monitor = ["-chardev", chardev, "-mon", "chardev=monitor,mode=control"]
        self.child = Child([find_emulator(), *machine, *monitor], keep=[number])
        listener.close()

    def tearDown(self):
        self.child.close()
        self.temporary.cleanup()

    def test_a_command_is_answered_and_an_unknown_one_refused(self):
        with Monitor.connect(self.path) as monitor:
            self.assertEqual(monitor.execute("query-status")["status"], "running")
            with self.assertRaisesRegex(MonitorError, "no-such-command"):
                monitor.execute("no-such-command")
            self.assertIn("VM status: running", monitor.human("info status"))

    def test_events_are_kept_while_an_answer_is_awaited(self):
        with Monitor.connect(self.path) as monitor:
            monitor.execute("stop")
            monitor.execute("cont")
            self.assertEqual(monitor.wait_event(("RESUME",), 10)["event"], "RESUME")
            with self.assertRaises(MonitorTimeout):
                monitor.wait_event(("STOP",), 0.1)

    def test_the_end_is_told_with_its_reason(self):
        with Monitor.connect(self.path) as monitor:
            monitor.execute("quit")
            event = monitor.wait_event(("SHUTDOWN",), 10)
            self.assertEqual(event["data"]["reason"], "host-qmp-quit")
            with self.assertRaises(MonitorClosed):
                monitor.wait_event((), 10)
        self.assertEqual(self.child.wait(10), 0)
        with self.assertRaises(MonitorClosed):
            Monitor.connect(self.path)

    def test_a_stopped_emulator_is_not_waited_for_for_ever(self):
        with Monitor.connect(self.path) as monitor:
            os.kill(self.child.pid, signal.SIGSTOP)
            with self.assertRaises(MonitorTimeout):
                monitor.execute("query-status", seconds=0.2)
            os.kill(self.child.pid, signal.SIGCONT)
            self.assertTrue(monitor.execute("query-version"))


class Strangers(unittest.TestCase):
    def test_what_is_no_monitor_is_told_from_one(self):
        for words, error in (
            (b'{"hello": 1}\n', MonitorError),
            (b"SSH-2.0-x\n", MonitorError),
            (b"[]\n", MonitorError),
            (b"", MonitorClosed),
        ):
            ours, theirs = socket.socketpair()
            theirs.sendall(words)
            theirs.close()
            with self.assertRaises(error):
                Monitor(ours, 5)


class Children(unittest.TestCase):
    def test_output_and_status_of_a_short_program_come_back(self):
        self.assertEqual(run(["sh", "-c", "echo a; echo b >&2; exit 3"], 10), (3, "a\nb\n"))

    def test_a_child_dies_with_its_killed_parent(self):
        words = [sys.executable, "-c", PARENT, os.path.join(tap.TOP, "qemu")]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
            pid = int(parent.stdout.readline())
            child = os.pidfd_open(pid)
            parent.kill()
        poll = select.poll()
        poll.register(child, select.POLLIN)
        self.assertTrue(poll.poll(10000))
        os.close(child)

    def test_who_does_not_listen_is_killed(self):
        words = ["sh", "-c", "trap '' TERM; echo deaf; read never"]
        child = Child(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.assertEqual(child.read_line(10), b"deaf\n")
        self.assertEqual(child.end(0.2), -signal.SIGKILL)
        child.close()


if __name__ == "__main__":
    tap.main()
