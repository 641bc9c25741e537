# SPDX-License-Identifier: MIT
"""states — every state in which a power cut may leave a disk, by the log of what was written to it.

A disk may lose or reorder what was written after the last flush that has ended, and may write a part of a
request: whole sectors of 512 bytes. The states, in the order of the log:

    215          a prefix: the requests 1 to 215
    215-210,212  the prefix, but the requests 210 and 212, which no flush followed, were lost
    215<3        the prefix, but of request 215 only the first 3 sectors were written
    215>3        the same, its last 3 sectors

Of a window between two flushes with up to EXHAUSTIVE writes every subset is a state, of a longer one a
sample, and so are the torn writes. A write that the guest's kernel had not waited for when it sent a
flush is taken for flushed: the log does not record when a request was sent.
"""

import random
import re
from dataclasses import dataclass
from itertools import combinations

from write_log import FUA, SECTOR

EXHAUSTIVE = 4  # writes of a window
NAME = re.compile(r"(\d+)(?:-([\d,]+)|([<>])(\d+))?$")


@dataclass(frozen=True)
class State:
    """What was written on top of the flushed requests; torn is "", or "<N" or ">N" of the last one."""

    position: int
    pending: tuple  # the requests that no flush followed, up to the position
    lost: frozenset = frozenset()
    torn: str = ""

    @property
    def kind(self):
        return "torn" if self.torn else "reordered" if self.lost else "prefixes"

    @property
    def name(self):
        lost = ",".join(map(str, sorted(self.lost)))
        return f"{self.position}{'-' if lost else ''}{lost}{self.torn}"

    def pieces(self):
        """Pairs of offset and data, in the order in which they were written."""
        kept = [r for r in self.pending if r.number not in self.lost]
        pieces = [(r.offset, r.data) for r in kept]
        if self.torn:
            offset, data = pieces.pop()
            size = int(self.torn[1:]) * SECTOR
            first = self.torn[0] == "<"
            pieces.append(
                (offset, data[:size]) if first else (offset + len(data) - size, data[-size:])
            )
        return pieces

    def touches(self, start, end):
        """What of this part of the disk the state has that a prefix has not: for a cache of verdicts."""
        inside = [r for r in self.pending if r.offset < end and start < r.end]
        numbers = [r.number for r in inside if r.number not in self.lost]
        last = max(numbers, default=0)
        missing = tuple(r.number for r in inside if r.number in self.lost and r.number < last)
        return last, missing, self.torn if inside and last == self.position else ""


def lost_sets(writes, samples, chance):
    """Sets of lost requests of a window: all of them, or a sample; none of them is a prefix."""
    numbers = [r.number for r in writes if not r.flags & FUA]
    if len(writes) <= EXHAUSTIVE:
        sets = [set(c) for n in range(1, len(numbers)) for c in combinations(numbers, n)]
    else:
        sets = [{n for n in numbers if chance.random() < 0.5} for _ in range(samples)]
    ends = [set(numbers[n:]) for n in range(len(numbers) + 1)]  # these are prefixes
    return [frozenset(s) for s in sets if s not in ends]


def tears(request, is_watched, samples, chance):
    """A sample of the cuts of one write, as the torn of a State. Of a watched write also those that part
    its first sector, which is a boot sector or what a mark says, from the rest."""
    sectors = len(request.data) // SECTOR
    every = [f"{side}{cut}" for cut in range(1, sectors) for side in "<>"]
    first = ["<1", f">{sectors - 1}"] if is_watched and sectors > 1 else []
    return first + [
        cut for cut in chance.sample(every, min(samples, len(every))) if cut not in first
    ]


def window_states(first, writes, is_watched, samples, chance):
    """The states of a window whose first request has the number first."""
    if first == 1:
        yield State(0, ())
    for count, request in enumerate(writes, 1):
        pending = tuple(writes[:count])
        yield State(request.number, pending)
        for torn in tears(request, is_watched(request), samples, chance):
            yield State(request.number, pending, torn=torn)
    for lost in lost_sets(writes, samples, chance):
        yield State(writes[-1].number, tuple(writes), lost)


def windows(requests):
    """Lists of writes, each with the number of its first request; a flush ends a window."""
    writes, first = [], 1
    for request in requests:
        if len(request.data):
            writes.append(request)
        if request.is_flush:
            yield first, writes
            writes, first = [], request.number + 1
    yield first, writes


def find_state(requests, name):
    """The state of this name, as its base (the requests that were flushed) and the state."""
    match = NAME.match(name)
    if not match or int(match[1]) > len(requests):
        raise ValueError(f"{name} is no state of this log")
    upto = requests[: int(match[1])]
    flushed = max((r.number for r in upto if r.is_flush), default=0)
    pending = tuple(r for r in upto[flushed:] if len(r.data))
    lost = frozenset(map(int, match[2].split(","))) if match[2] else frozenset()
    return requests[:flushed], State(
        int(match[1]), pending, lost, (match[3] or "") + (match[4] or "")
    )
