# SPDX-License-Identifier: MIT
"""Parts of a host tool's manual page, made from its table of options.

`python3 -m host.manual PROGRAM <PAGE.in >PAGE` replaces the lines @SYNOPSIS@, @OPTIONS@ and
@EXIT_STATUS@ of an mdoc(7) source; share/make-page does the rest.
"""

from __future__ import annotations

import re
import sys

from host import make_key_drive, serve_cache, xen_domain
from host.base.command_line import Option, Program, describe
from host.embed import table as embed_table
from host.install import table as install_table
from host.run import table as run_table

PROGRAMS = {
    program.name: program
    for program in (
        install_table.PROGRAM,
        run_table.PROGRAM,
        make_key_drive.PROGRAM,
        serve_cache.PROGRAM,
        xen_domain.PROGRAM,
        embed_table.PROGRAM,
    )
}
# Words of a text that have a macro of their own: options, and pages of the manual.
MARKED = re.compile(r"(?P<option>--[a-z][a-z-]*)|(?P<page>[a-z][a-z.-]+)\((?P<section>[1-8])\)")


def escape(text: str) -> str:
    """Text that roff prints as it is."""
    text = text.replace("\\", "\\e")
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.MULTILINE)


def _word(text: str) -> str:
    """One argument of a macro; quoted, so that it is taken for no macro and no punctuation."""
    return '"' + escape(text).replace('"', "\\(dq") + '"'


def value(text: str) -> str:
    """A value: words in capitals are arguments, small ones are typed as they are."""
    parts = []
    for choice in text.split("|"):
        match = re.fullmatch(r"([a-z0-9-]+)(=?)([A-Z]*)", choice)
        if not match:
            parts.append(f"Ar {_word(choice)}")
        elif match[3]:
            parts.append(f"Cm {_word(match[1] + match[2])} Ns Ar {_word(match[3])}")
        else:
            parts.append(f"Cm {_word(match[1])}")
    return " | ".join(parts)


def option(text: Option) -> str:
    """The head of an option's paragraph."""
    head = f".It Fl {_word('-' + text.name)}"
    return f"{head} {value(text.value)}" if text.value else head


def paragraph(text: str) -> str:
    """Sentences on lines of their own, with the macros of options and pages."""
    lines: list[str] = []
    text = " ".join(text.split())
    for sentence in re.split(r"(?<=[.;]) (?=[A-Z])", text):
        position = 0
        for match in MARKED.finditer(sentence):
            before, after = sentence[position : match.start()].strip(), match.end()
            if before:
                lines.append(escape(before))
            trail = re.match(r"[.,;:)]+", sentence[after:])
            tail = "".join(f" {sign}" for sign in trail[0]) if trail else ""
            position = after + (trail.end() if trail else 0)
            if match["option"]:
                macro = f".Fl {_word(match['option'][1:])}"
            else:
                macro = f".Xr {match['page']} {match['section']}"
            if lines and lines[-1].endswith("("):
                lines[-1] = lines[-1][:-1].rstrip()
                macro = f".Po\n{macro}" if not lines[-1] else macro
            lines.append(macro + tail)
        rest = sentence[position:].strip()
        if rest:
            lines.append(escape(rest))
    return "\n".join(line for line in lines if line)


def sentence(text: str) -> str:
    """The text of an option as a sentence."""
    return text[0].upper() + text[1:] + ("" if text.endswith(".") else ".")


def options(program: Program) -> str:
    """The options, by their sections."""
    lines = []
    for section in (*program.sections, program.common):
        if section.heading:
            lines.append(f".Ss {section.heading[0].upper()}{section.heading[1:]}")
        elif section is program.common and len(program.sections) > 1:
            lines.append(".Ss Help")
        lines.append(".Bl -tag -width Ds")
        for item in section.options:
            lines += [option(item), paragraph(sentence(describe(item)))]
        lines.append(".El")
    return "\n".join(lines)


def synopsis(program: Program) -> str:
    """One form a line, with the subcommand where there is one."""
    lines = []
    for usage in program.usage:
        lines.append(".Nm")
        for part in re.findall(r"--\S+ [^\s\[-]\S*|--\S+|\[OPTION\]\.\.\.|\S+", usage):
            name, _, words = part.partition(" ")
            more = " ..." if part.endswith("...") else ""
            if name.startswith("--"):
                given = value(words[: -3 if more else None]) if words else ""
                lines.append(f".Fl {_word(name[1:])} {given}{more}".rstrip())
            elif part == "[OPTION]...":
                lines.append(".Op Ar option ...")
            elif re.fullmatch(r"[a-z]+", part):
                lines.append(f".Cm {part}")
            else:
                lines.append(f".{value(part[: -3 if more else None])}{more}")
    return "\n".join(lines)


def exit_status(program: Program) -> str:
    """The exit statuses as a list."""
    lines = [".Bl -tag -width Ds"]
    for status, meaning in program.statuses:
        lines += [f".It {status if status.isdecimal() else _word(status)}", paragraph(meaning)]
    return "\n".join([*lines, ".El"])


def fill(program: Program, source: str) -> str:
    """The source with the parts in it."""
    parts = {"SYNOPSIS": synopsis, "OPTIONS": options, "EXIT_STATUS": exit_status}
    for name, make in parts.items():
        source = re.sub(rf"^@{name}@$", lambda _: make(program), source, flags=re.MULTILINE)
    return source


if __name__ == "__main__":
    sys.stdout.write(fill(PROGRAMS[sys.argv[1]], sys.stdin.read()))
