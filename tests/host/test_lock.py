#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves that one guest has one run, and that a killed run's private folder goes, and nothing else."""

import os
import signal
import subprocess
import sys
import tempfile
import unittest

import tap
from host.base.codes import Code, Failure
from host.base.lock import PREFIX, Lock

HOLD = """
import sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
from host.base.lock import Lock
with Lock(sys.argv[2], "guest") as lock, lock.run_folder() as folder:
    print(folder, flush=True)
    sys.stdin.read()
"""


class Locking(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.temporary.name, ".guest.lock")
        for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"):
            os.environ.pop(name, None)
        os.environ["RUNTIME_DIRECTORY"] = self.temporary.name

    def tearDown(self):
        self.temporary.cleanup()

    def hold(self):
        child = subprocess.Popen(
            [sys.executable, "-c", HOLD, os.path.join(tap.TOP, "qemu"), self.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.addCleanup(child.stdout.close)
        return child, child.stdout.readline().decode().strip()

    def test_a_second_run_is_busy_and_harms_nothing(self):
        child, folder = self.hold()
        with self.assertRaises(Failure) as caught, Lock(self.path, "guest.qcow2"):
            pass
        self.assertEqual(caught.exception.code, Code.BUSY)
        self.assertIn("guest.qcow2", caught.exception.sentence)
        self.assertTrue(os.path.isdir(folder))
        child.communicate()
        self.assertEqual(os.listdir(self.temporary.name), [])

    def test_a_killed_run_leaves_what_the_next_one_removes(self):
        child, folder = self.hold()
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdin.close()
        self.assertTrue(os.path.isdir(folder))
        with Lock(self.path, "guest") as lock, lock.run_folder() as other:
            self.assertFalse(os.path.exists(folder))
            self.assertEqual(os.stat(other).st_mode & 0o777, 0o700)
        self.assertEqual(os.listdir(self.temporary.name), [])

    def test_a_run_that_is_refused_removes_what_a_killed_one_left(self):
        child, folder = self.hold()
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdin.close()
        with Lock(self.path, "guest"):
            self.assertFalse(os.path.exists(folder))
        self.assertEqual(os.listdir(self.temporary.name), [])

    def test_a_forged_lock_file_removes_nothing_else(self):
        precious = os.path.join(self.temporary.name, "precious")
        shared = os.path.join(self.temporary.name, PREFIX + "0123456789abcdef")
        os.mkdir(precious, 0o700)
        os.mkdir(shared)
        os.chmod(shared, 0o755)
        linked = os.path.join(self.temporary.name, PREFIX + "fedcba9876543210")
        os.symlink(precious, linked)
        for text in (precious, shared, linked, "/", "", "x" * 5000, f"{shared}\0", "\0"):
            with open(self.path, "w") as file:
                file.write(text)
            with Lock(self.path, "guest") as lock, lock.run_folder():
                pass
            self.assertTrue(os.path.isdir(precious) and os.path.isdir(shared), text[:60])

    def test_a_link_in_place_of_the_lock_is_not_followed(self):
        os.symlink(os.path.join(self.temporary.name, "elsewhere"), self.path)
        with self.assertRaises(OSError), Lock(self.path, "guest"):
            pass

    def test_the_folder_is_where_the_system_wants_it(self):
        with tempfile.TemporaryDirectory() as other:
            os.environ["XDG_RUNTIME_DIR"] = other
            for runtime, base in (
                (self.temporary.name, self.temporary.name),
                (f"{self.temporary.name}:/x", self.temporary.name),
                ("", other),
                ("/nonexistent", other),
                ("relative", other),
            ):
                os.environ["RUNTIME_DIRECTORY"] = runtime
                with Lock(self.path, "guest") as lock, lock.run_folder() as folder:
                    self.assertEqual(os.path.dirname(folder), base)


if __name__ == "__main__":
    tap.main()
