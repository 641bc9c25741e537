# SPDX-License-Identifier: MIT
"""What the comparisons with other programs share: questions to our parsers, and random inputs.

Each comparison is a program: NAME ANSWERS SEED COUNT. ANSWERS is the built answers.c.
"""

from __future__ import annotations

import random
import struct
import subprocess
import sys
from typing import Callable, Optional


def ask(answers: str, command: str, requests: list[bytes]) -> list[Optional[bytes]]:
    """What our parser reads in each request; None where it refuses."""
    stream = b"".join(struct.pack("=I", len(r)) + r for r in requests)
    output = subprocess.run(
        [answers, command], input=stream, stdout=subprocess.PIPE, check=True
    ).stdout
    result: list[Optional[bytes]] = []
    at = 0
    while at < len(output):
        (size,) = struct.unpack_from("=I", output, at)
        text = output[at + 4 : at + 4 + size]
        result.append(text[1:] if text[:1] == b"+" else None)
        at += 4 + size
    assert len(result) == len(requests)
    return result


def parts(answer: bytes) -> list[bytes]:
    """The parts of an answer, each of which ends with NUL."""
    return answer.split(b"\0")[:-1]


def damage(random_: random.Random, data: bytes, alphabet: bytes = b"") -> bytes:
    """A copy in which one to three places are changed, removed, repeated or inserted."""
    copy = bytearray(data)
    for _ in range(random_.randint(1, 3)):
        at = random_.randrange(len(copy) + 1)
        byte = random_.choice(alphabet) if alphabet else random_.randrange(256)
        what = random_.randrange(4)
        if what == 0 and at < len(copy):
            copy[at] = byte
        elif what == 1:
            copy.insert(at, byte)
        elif what == 2:
            del copy[at : at + random_.randint(1, 8)]
        else:
            copy[at:at] = copy[at : at + random_.randint(1, 16)]
    return bytes(copy)


class Comparison:
    """Counts what was compared, and reports the first differences."""

    def __init__(self) -> None:
        self.compared = self.accepted = 0
        self.differences: list[str] = []

    def expect(self, same: bool, given: object, ours: object, theirs: object) -> None:
        self.compared += 1
        if not same:
            self.differences.append(f"input {given!r}\n  ours   {ours!r}\n  theirs {theirs!r}")


def main(compare: Callable[[str, random.Random, int, Comparison], None]) -> None:
    """Runs a comparison. Fails on a difference, or if too few inputs were accepted to show anything."""
    answers, seed, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    result = Comparison()
    compare(answers, random.Random(seed), count, result)
    print(f"seed {seed}: {result.compared} compared, {result.accepted} accepted by both")
    for difference in result.differences[:10]:
        print(difference)
    if result.differences:
        sys.exit(f"{len(result.differences)} differences")
    if result.accepted < count // 10:
        sys.exit("too few inputs were accepted to show anything")
