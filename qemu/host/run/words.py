# SPDX-License-Identifier: MIT
"""The words of run-guest's command line and of the file `.guest`.

The table of options is in table.py; options.py checks the values.
"""

from __future__ import annotations

import os
import stat

from host.base.codes import Code, Failure
from host.base.command_line import given_words
from host.run.table import PROGRAM

FILE = ".guest"
FILE_LIMIT = 1 << 16
OPTIONS = PROGRAM.options()
# What can be done with a guest: the command line's task takes the place of the file's.
TASKS = ("run", "console", "daemon", "status", "stop", "dump")
Words = dict[str, list[str]]


def read(arguments: list[str]) -> Words:
    """The options of the command line, and before them those of `.guest` where it counts.

    Raises Failure(MISUSE). `--help` is the caller's matter.
    """
    said = parse_arguments(arguments)
    words: Words = {}
    if "guest" not in said and os.path.lexists(FILE):
        words = parse_file(FILE)
    if any(name in said for name in TASKS):
        words = {name: values for name, values in words.items() if name not in TASKS}
    for name, values in said.items():
        words[name] = words.get(name, []) + values if OPTIONS[name].many else values
    return words


def parse_arguments(arguments: list[str]) -> Words:
    """The words of the command line; the one without dashes is the guest's disk."""
    words = given_words(PROGRAM, arguments)
    named = words.pop("words", [])
    if len(named) > 1:
        raise Failure(Code.MISUSE, f"one disk only: '{named[1]}'")
    return {**words, **({"guest": named} if named else {})}


def parse_file(path: str) -> Words:
    """The lines `option = value` of a file that other users cannot have written."""
    words: Words = {}
    for number, line in enumerate(_lines_of(path), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        where = f"{path}:{number}"
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals:
            raise Failure(Code.MISUSE, f"{where}: not a line 'option = value': '{line}'")
        if name not in OPTIONS:
            raise Failure(Code.MISUSE, f"{where}: unknown option '{name}'")
        if not OPTIONS[name].value and value not in ("yes", "no"):
            raise Failure(Code.MISUSE, f"{where}: {name} takes yes or no, not '{value}'")
        if not OPTIONS[name].many and name in words:
            raise Failure(Code.MISUSE, f"{where}: {name} is said twice")
        _add(words, f"{where}: {name}", name, value)
    return words


def _lines_of(path: str) -> list[str]:
    """What a stranger left in a shared folder must not share our files with a guest."""
    try:
        with open(path, encoding="utf-8") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > FILE_LIMIT:
                raise Failure(Code.MISUSE, f"{path} is no file of options")
            if status.st_uid not in (0, os.geteuid()) or status.st_mode & stat.S_IWOTH:
                raise Failure(Code.MISUSE, f"{path} is not read: others than you can write it")
            return file.read().split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(Code.MISUSE, f"cannot read {path}: {error}") from error


def _add(words: Words, what: str, name: str, value: str) -> None:
    if not value:
        raise Failure(Code.MISUSE, f"{what} needs a value")
    if OPTIONS[name].many:
        words.setdefault(name, []).append(value)
    else:
        words[name] = [value]


def one_value(words: Words, name: str) -> str:
    """The value of an option that is given once at most, or its default."""
    return words.get(name, [OPTIONS[name].default])[0]


def hypervisor(words: Words) -> str:
    """What runs the guest: qemu or libvirt."""
    name = one_value(words, "hypervisor")
    if name not in ("qemu", "libvirt"):
        raise Failure(Code.MISUSE, f"--hypervisor takes qemu or libvirt, not '{name}'")
    if name == "qemu":
        for other in ("connect", "pool", "name"):
            if other in words:
                raise Failure(Code.MISUSE, f"--{other} needs --hypervisor libvirt")
    return name
