#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Proves that a table of options gives a parser, a --help and a manual page that agree."""

import subprocess
import unittest

import tap
from host import manual
from host.base.codes import Code, Failure
from host.base.command_line import Option, Program, Section, help_text, parse

PROGRAM = Program(
    name="tool",
    usage=("take --size SIZE FILE... [OPTION]...", "--format raw|qcow2"),
    text="Does a thing.\n\n  literal = text\n",
    positional="files",
    sections=(
        Section(
            "Sizes",
            (
                Option("size", "SIZE", "the size", default="4G"),
                Option("format", "raw|tap=NAME", "the format; see --size and mdoc(7)"),
                Option("key", "FILE", "a key", many=True),
                Option("force", "", "overwrite"),
            ),
        ),
    ),
    statuses=(("0", "It is done."), ("1 to 79", "It failed.")),
)


class Tables(unittest.TestCase):
    def refused(self, sentence, *words):
        with self.assertRaises(Failure) as caught:
            parse(PROGRAM, words)
        self.assertEqual(caught.exception.code, Code.MISUSE)
        self.assertIn(sentence, caught.exception.sentence)

    def test_options_and_words_may_come_in_any_order(self):
        for words in (["a", "--key", "k", "b"], ["--key=k", "a", "b"], ["a", "b", "--key", "k"]):
            given = parse(PROGRAM, words)
            self.assertEqual((given.files, given.key, given.size), (["a", "b"], ["k"], "4G"))

    def test_what_is_in_no_table_is_refused(self):
        self.refused("unknown option '--siz'", "--siz", "1G")
        self.refused("--size needs a value", "--size")
        self.refused("--force takes no value", "--force=yes")

    def test_help_has_every_option_and_its_default(self):
        text = help_text(PROGRAM)
        self.assertIn(
            "Usage: tool take --size SIZE FILE... [OPTION]...\n       tool --format", text
        )
        self.assertIn("  --size SIZE             the size (default 4G)\n", text)
        self.assertIn("a key (repeatable)", text)
        self.assertIn("\n  literal = text\n", text)
        self.assertIn("  1 to 79  It failed.\n", text)

    def test_a_manual_page_has_macros_and_not_their_names(self):
        source = ".Dd $Mdocdate$\n.Dt TOOL 1\n.Os\n.Sh NAME\n.Nm tool\n.Nd do\n.Sh SYNOPSIS\n"
        source += "@SYNOPSIS@\n.Sh OPTIONS\n@OPTIONS@\n.Sh EXIT STATUS\n@EXIT_STATUS@\n"
        page = manual.fill(PROGRAM, source)
        command = ["mandoc", "-T", "ascii", "-O", "width=100"]
        done = subprocess.run(command, input=page, text=True, capture_output=True, check=True)
        text = " ".join(
            subprocess.run(
                ["col", "-bx"], input=done.stdout, text=True, capture_output=True, check=True
            ).stdout.split()
        )
        self.assertIn("tool take --size SIZE FILE ... [option ...]", text)
        self.assertIn("--format raw | tap=NAME The format; see --size and mdoc(7).", text)
        self.assertIn("--force Overwrite.", text)
        self.assertIn("1 to 79 It failed.", text)


if __name__ == "__main__":
    tap.main()
