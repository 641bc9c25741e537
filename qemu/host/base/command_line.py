# SPDX-License-Identifier: MIT
"""A program's options as a table, from which its parser, --help and manual page are made.

Pure: text in, text out. An option is written down in its program's table and nowhere else.
"""

from __future__ import annotations

import argparse
import re
import textwrap
from dataclasses import dataclass, field
from typing import NoReturn, Optional, Sequence

from host.base import version
from host.base.codes import Code, Failure

COLUMNS = 98
TEXT_COLUMN = 26


@dataclass(frozen=True)
class Option:
    """One option. Without `value` it is a flag; `many` may be given several times. The value is
    what --help shows: words in capitals stand for something else, small ones for themselves."""

    name: str
    value: str
    text: str
    many: bool = False
    default: str = ""

    def head(self) -> str:
        """The option as it is typed."""
        return f"--{self.name} {self.value}".rstrip()


@dataclass(frozen=True)
class Section:
    """Options under one heading; the heading of the first section may be empty."""

    heading: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Program:
    """A program: its usage lines without the name, paragraphs about it, options and exit statuses.

    `positional` names the words that are no options; they are kept as a list under that name."""

    name: str
    usage: tuple[str, ...]
    text: str
    sections: tuple[Section, ...]
    statuses: tuple[tuple[str, str], ...]
    positional: str = ""
    notes: str = ""
    common: Section = field(
        default=Section(
            "",
            (
                Option("help", "", "print this help"),
                Option("version", "", "print the version"),
            ),
        )
    )

    def options(self) -> dict[str, Option]:
        """All options but --help and --version, by name."""
        return {option.name: option for section in self.sections for option in section.options}


class _Parser(argparse.ArgumentParser):
    """Reports what is wrong with the options in sentences of ours, by Failure(MISUSE)."""

    def error(self, message: str) -> NoReturn:
        if match := re.match(r"argument (--[a-z-]+): expected one argument", message):
            message = f"{match[1]} needs a value"
        elif match := re.match(r"argument (--[a-z-]+): ignored explicit argument", message):
            message = f"{match[1]} takes no value"
        elif match := re.match(r"unrecognized arguments: (-\S*)", message):
            message = f"unknown option '{match[1]}'"
        elif match := re.match(r"unrecognized arguments: (\S*)", message):
            message = f"unexpected argument '{match[1]}'"
        raise Failure(Code.MISUSE, message)


def parse(program: Program, arguments: Sequence[str]) -> argparse.Namespace:
    """The options, under their names with underscores: flags as bool, `many` as list, others as
    text. Failure(MISUSE) for what is in no table."""
    parser = _Parser(prog=program.name, add_help=False, allow_abbrev=False)
    for option in program.options().values():
        if not option.value:
            parser.add_argument(f"--{option.name}", action="store_true")
        elif option.many:
            parser.add_argument(f"--{option.name}", action="append", default=[])
        else:
            parser.add_argument(f"--{option.name}", default=option.default)
    if program.positional:
        parser.add_argument(program.positional, nargs="*")
    found = parser.parse_intermixed_args(_joined(program, arguments))
    for name, option in program.options().items():
        if option.many and "" in getattr(found, name.replace("-", "_")):
            raise Failure(Code.MISUSE, f"--{name} needs a value")
    return found


def given_words(program: Program, arguments: Sequence[str]) -> dict[str, list[str]]:
    """The options that were given, by name, each with its values; a flag has the value `yes`."""
    parser = _Parser(prog=program.name, add_help=False, allow_abbrev=False)
    for option in program.options().values():
        if not option.value:
            parser.add_argument(
                f"--{option.name}", action="store_const", const=["yes"], default=argparse.SUPPRESS
            )
        else:
            parser.add_argument(f"--{option.name}", action="append", default=argparse.SUPPRESS)
    parser.add_argument(program.positional, nargs="*")
    found = vars(parser.parse_intermixed_args(_joined(program, arguments)))
    words = {name.replace("_", "-"): list(values) for name, values in found.items() if values}
    for name, option in program.options().items():
        if "" in words.get(name, []):
            raise Failure(Code.MISUSE, f"--{name} needs a value")
        if name in words and not option.many:
            words[name] = words[name][-1:]
    return words


def _joined(program: Program, arguments: Sequence[str]) -> list[str]:
    """The arguments with each option and its value in one word: a value may begin with a dash."""
    options = program.options()
    words = list(arguments)
    joined = []
    while words:
        word = words.pop(0)
        option = options.get(word[2:]) if word.startswith("--") else None
        if option and option.value and words:
            word = f"{word}={words.pop(0)}"
        joined.append(word)
    return joined


def help_text(program: Program) -> str:
    """What --help prints."""
    lines = []
    name = version.name_of(program.name)
    for number, usage in enumerate(program.usage):
        start = "Usage:" if not number else "      "
        lines += textwrap.wrap(
            f"{start} {name} {usage}",
            COLUMNS,
            subsequent_indent=" " * (8 + len(name)),
            break_on_hyphens=False,
            drop_whitespace=True,
        )
    lines += ["", *_paragraphs(program.text), ""]
    for section in (*program.sections, program.common):
        if section.heading:
            lines.append(f"{version.named(section.heading)}:")
        for option in section.options:
            lines += _option_lines(option)
        lines.append("")
    if program.notes:
        lines += [*_paragraphs(program.notes), ""]
    lines.append("Exit status:")
    width = max(len(status) for status, _ in program.statuses)
    for status, meaning in program.statuses:
        lines.append(f"  {status:<{width}}  {version.named(meaning)}")
    return "\n".join(lines) + "\n"


def answer_common(program: Program, arguments: Sequence[str]) -> Optional[str]:
    """The text that --help or --version prints, or None if neither was given."""
    if "--help" in arguments:
        return help_text(program)
    if "--version" in arguments:
        return f"{version.name_of(program.name)} {version.number()} (commit {version.commit()})\n"
    return None


def _paragraphs(text: str) -> list[str]:
    lines: list[str] = []
    for paragraph in version.named(text).strip().split("\n\n"):
        if lines:
            lines.append("")
        if paragraph.startswith("  "):  # literal
            lines += paragraph.split("\n")
        else:
            lines += textwrap.wrap(" ".join(paragraph.split()), COLUMNS, break_on_hyphens=False)
    return lines


def _option_lines(option: Option) -> list[str]:
    head = f"  {option.head()}"
    body = textwrap.wrap(
        version.named(describe(option)), COLUMNS - TEXT_COLUMN, break_on_hyphens=False
    )
    lines = [] if len(head) + 2 <= TEXT_COLUMN else [head]
    for line in body:
        start = head if not lines else ""
        lines.append(f"{start:<{TEXT_COLUMN}}{line}")
    return lines


def describe(option: Option) -> str:
    """The option's text, with its default and whether it may be repeated."""
    more = ["repeatable"] if option.many else []
    if option.default:
        more.append(f"default {option.default}")
    return option.text + (f" ({', '.join(more)})" if more else "")
