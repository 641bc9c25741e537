# SPDX-License-Identifier: MIT
"""Exit codes of the host tools, and the exception that carries one with its sentence.

Codes 1 to 79 are the installer's own (installer/base/error.h) and travel through the host tools
unchanged; 80 to 85 say that the host's side could not do its part.
"""

from __future__ import annotations

import enum
import sys
from typing import NoReturn

from host.base.version import name_of


class Code(enum.IntEnum):
    """What an exit status means; the installer's codes that the host uses itself come first."""

    SUCCESS = 0
    INTERNAL = 1
    MISUSE = 2
    EMULATOR = 80
    NO_VERDICT = 81
    BUSY = 82
    DEADLINE = 83
    CONTRADICTION = 84
    NO_ROOM = 85


class Failure(Exception):
    """The tool cannot go on. `code` is the exit status: a Code, or the installer's own number."""

    def __init__(self, code: int, sentence: str) -> None:
        super().__init__(sentence)
        self.code = int(code)
        self.sentence = sentence


def refuse(sentence: str) -> NoReturn:
    """What the user asked for is wrong."""
    raise Failure(Code.MISUSE, sentence)


def report(tool: str, sentence: str) -> None:
    """Prints a sentence on the standard error; a closed stream is no error."""
    try:
        print(f"{name_of(tool)}: {sentence}", file=sys.stderr, flush=True)
    except OSError:
        pass


def report_help(tool: str) -> None:
    """Says where the options are listed."""
    report(tool, f"{name_of(tool)} --help lists the options")
