# SPDX-License-Identifier: MIT
"""iso: embeds settings, keys, files and a closure in an installer's ISO; see embed/."""

from __future__ import annotations

import argparse
import os
from typing import Sequence

from host.base import process
from host.base.codes import Code, Failure, report
from host.base.command_line import answer_common, parse
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
    answer = answer_common(PROGRAM, argv)
    if answer is not None:
        print(answer, end="")
        return Code.SUCCESS
    os.umask(0o022)
    try:
        process.raise_on_signals()
        _run(_parse(argv))
    except Failure as failure:
        report(TOOL, failure.sentence)
        if failure.code == Code.MISUSE:
            report(TOOL, f"{TOOL} --help lists the options")
        return failure.code
    except process.Interrupted as interrupted:
        return 128 + interrupted.number
    except OSError as error:
        report(TOOL, f"cannot write {error.filename or 'the result'}: {error.strerror}")
        return Code.NO_ROOM
    return Code.SUCCESS


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
    if (
        WORDS[command] == 2
        and command != "extract"
        and os.path.lexists(words[1])
        and not given.force
    ):
        raise Failure(Code.MISUSE, f"{words[1]} exists already; --force replaces it")
    new = os.path.realpath(f"{words[-1]}.new")
    if command in ("customize", "reset") and os.path.realpath(words[0]) == new:
        raise Failure(
            Code.MISUSE, f"{words[0]} is written over while {words[1]} is made: rename it"
        )
    return given


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
