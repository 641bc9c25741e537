#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves that figures of test runs reach the table of tests/README.md, and that others of it stay."""

import importlib.machinery
import importlib.util
import subprocess
import tempfile
import unittest
from pathlib import Path

import tap

PROGRAM = Path(__file__).resolve().parent.parent / "figures"
LOADER = importlib.machinery.SourceFileLoader("figures", str(PROGRAM))
SPEC = importlib.util.spec_from_loader("figures", LOADER)
assert SPEC
figures = importlib.util.module_from_spec(SPEC)
LOADER.exec_module(figures)

OLD = (
    "| machines killed at random moments | 3 kills | `long/kills.sh` | 0123456789ab, 2020-01-01 |\n"
)


def document(rows: str) -> str:
    return f"before\n{figures.BEGIN}{figures.HEAD}{rows}{figures.END}after\n"


class TestFigures(unittest.TestCase):
    def run_program(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([PROGRAM, *arguments], check=False, capture_output=True, text=True)

    def test_the_last_figure_of_a_name_counts(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = f"{folder}/figures"
            for value in ("1 kill", "9 kills"):
                self.run_program("--file", file, "--record", "kills", value).check_returncode()
            new = figures.recorded(Path(file))
            self.assertEqual(new["kills"].value, "9 kills")
            self.assertIn("| 9 kills |", self.run_program("--file", file).stdout)

    def test_an_unknown_figure_is_refused(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            for name, value in (("colour", "red"), ("kills", "1 | 2"), ("kills", "1\n2")):
                answer = self.run_program("--file", f"{folder}/f", "--record", name, value)
                self.assertEqual(answer.returncode, 1)
                self.assertIn("is no figure of the table", answer.stderr)

    def test_new_figures_replace_old_ones_and_others_stay(self) -> None:
        new = {"cuts": figures.Figure("400 cuts", "c, 2021-01-01")}
        once = figures.replaced(document(OLD), new)
        self.assertIn(OLD, once)
        self.assertIn("| 400 cuts | `long/cuts.sh` | c, 2021-01-01 |", once)
        kills = {"kills": figures.Figure("50 kills", "d, 2022-01-01")}
        self.assertNotIn("3 kills", figures.replaced(once, kills))

    def test_the_table_of_the_tree_is_as_the_program_writes_it(self) -> None:
        readme = figures.README.read_text(encoding="utf-8")
        self.assertEqual(figures.replaced(readme, {}), readme)


if __name__ == "__main__":
    tap.main()
