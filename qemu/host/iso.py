# SPDX-License-Identifier: MIT
"""iso: embeds settings, keys, files and a closure in an installer's ISO; see embed/."""

from __future__ import annotations

import argparse
import os
from typing import Sequence

from host.base import files, tool
from host.base.codes import Code, Failure
from host.base.command_line import parse
from host.embed import show
from host.embed.customize import customize, reset
from host.embed.extract import extract
from host.embed.image import Image
from host.embed.table import PROGRAM

TOOL = PROGRAM.name
# How many words follow each command.
WORDS = {"customize": 2, "show": 1, "reset": 2, "extract": 2}
# The commands that have a use for an option; customize has one for all others.
USES = {"force": ("customize", "reset"), "url": ("extract",)}


def main(argv: Sequence[str]) -> int:
    """Runs the tool; returns its exit status."""
    return tool.run(
        PROGRAM,
        argv,
        lambda words: _run(_parse(words)),
        lambda error: f"cannot write {error.filename or 'the result'}: {error.strerror}",
    )


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    """The options; the first word is the command. Failure(MISUSE) says what is wrong."""
    given = parse(PROGRAM, argv)
    command, words = (given.words or [""])[0], given.words[1:]
    if command not in WORDS:
        raise Failure(Code.MISUSE, f"the first word is {', '.join(WORDS)}, not '{command}'")
    if len(words) != WORDS[command]:
        usage = next(text for text in PROGRAM.usage if text.startswith(command))
        raise Failure(Code.MISUSE, f"this is the form of the command: {TOOL} {usage}")
    for name in PROGRAM.options():
        if getattr(given, name.replace("-", "_")) and command not in USES.get(name, ("customize",)):
            raise Failure(Code.MISUSE, f"{command} has no use for --{name}")
    if command in USES["force"]:
        _check_output(*words, force=given.force)
    return given


def _check_output(source: str, out: str, *, force: bool) -> None:
    """Failure(MISUSE) if OUT exists, or if IN is the file that becomes OUT."""
    if os.path.lexists(out) and not force:
        raise Failure(Code.MISUSE, f"{out} exists already; --force replaces it")
    if os.path.realpath(source) == os.path.realpath(files.new_name(out)):
        raise Failure(Code.MISUSE, f"{source} is written over while {out} is made: rename it")


def _run(given: argparse.Namespace) -> None:
    command, *words = given.words
    if command == "customize":
        customize(TOOL, given, *words)
    elif command == "reset":
        reset(*words)
    elif command == "extract":
        extract(words[0], words[1], given.url)
    else:
        with Image(words[0]) as image:
            print(show.describe(image.embedded), end="")
