# SPDX-License-Identifier: MIT
"""Runs a file's unittest cases and prints a TAP point for each, with its name as a sentence."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
import unittest
from typing import Any, Callable, Optional

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
sys.path.insert(0, os.path.join(TOP, "qemu"))
sys.dont_write_bytecode = True

from host.base.codes import Failure  # it is found from here on


def enter_folder(test: unittest.TestCase) -> str:
    """A new folder, which is the current one until the test ends."""
    folder = tempfile.TemporaryDirectory()
    test.addCleanup(folder.cleanup)
    test.addCleanup(os.chdir, os.getcwd())
    os.chdir(folder.name)
    return folder.name


class Refusing(unittest.TestCase):
    """Cases of what is refused."""

    def refuses(self, code: int, words: str, action: Callable[..., Any], *arguments: Any) -> None:
        """The action fails with this code, and with these words in its sentence."""
        with self.assertRaises(Failure) as caught:
            action(*arguments)
        self.assertEqual(caught.exception.code, code)
        self.assertIn(words, caught.exception.sentence)


class Points(unittest.TestResult):
    """One point for each test, and what was wrong with it below."""

    def __init__(self) -> None:
        super().__init__()
        self.bad = 0
        self._notes: list[str] = []
        self._skipped = ""

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self._notes, self._skipped = [], ""

    def stopTest(self, test: unittest.TestCase) -> None:
        super().stopTest(test)
        sentence = test.id().rpartition(".test_")[2].replace("_", " ")
        verdict = "not ok" if self._notes else "ok"
        print(f"{verdict} {self.testsRun} - {sentence}{self._skipped}")
        for note in self._notes:
            print("".join(f"# {line}\n" for line in note.splitlines()), end="")
        self.bad += bool(self._notes)

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        self._skipped = f" # SKIP {reason}"

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        self._notes.append("".join(traceback.format_exception(*err)))

    addError = addFailure

    def addSubTest(
        self, test: unittest.TestCase, subtest: unittest.TestCase, err: Optional[Any]
    ) -> None:
        if err is not None:
            self._notes.append(str(subtest))
            self.addFailure(test, err)


def main() -> None:
    """Runs the cases of the program's own file."""
    result = Points()
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"]).run(result)
    print(f"1..{result.testsRun}")
    sys.exit(1 if result.bad else 0)
