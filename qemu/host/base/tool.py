# SPDX-License-Identifier: MIT
"""The frame of a tool: --help and --version, signals, and errors as a sentence and an exit status."""

from __future__ import annotations

import os
from typing import Callable, Optional, Sequence

from host.base import process
from host.base.codes import Code, Failure, report, report_help
from host.base.command_line import Program, answer_common

PUBLIC_UMASK = 0o022  # files of secrets are created with a mode of their own


def run(
    program: Program,
    argv: Sequence[str],
    work: Callable[[Sequence[str]], None],
    describe: Callable[[OSError], str],
    *,
    code: Code = Code.NO_ROOM,
    umask: Optional[int] = PUBLIC_UMASK,
) -> int:
    """Carries out `work` on the arguments; returns the exit status. `describe` makes a sentence of an error
    of the host, whose status is `code`. With None the umask stays the user's."""
    answer = answer_common(program, argv)
    if answer is not None:
        print(answer, end="")
        return Code.SUCCESS
    if umask is not None:
        os.umask(umask)
    try:
        process.raise_on_signals()
        work(argv)
    except Failure as failure:
        report(program.name, failure.sentence)
        if failure.code == Code.MISUSE:
            report_help(program.name)
        return failure.code
    except process.Interrupted as interrupted:
        return 128 + interrupted.number
    except OSError as error:
        report(program.name, describe(error))
        return code
    return Code.SUCCESS
