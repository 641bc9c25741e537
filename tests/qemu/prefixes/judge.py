# SPDX-License-Identifier: MIT
"""judge — goes through all states of an install, and says which of them break a promise.

The promises: no state can be started whose guest is not complete; a state that is marked as installed
boots; and the installer takes again every other one. A state that no firmware would look at is judged by
its first sector and its mark alone.
"""

import random
import subprocess
from collections import Counter

from model import MIB, SIGNATURE, mark_state
from states import window_states, windows
from write_log import SECTOR

MARK_BYTES = 1024
LESS_OFTEN = 16  # of requests far from tables and starts, after which the installer is asked
KINDS = "prefixes", "reordered", "torn"


class Judge:
    """One image, on which each state is tried out. ask is a command that exits with 0 if the installer
    would take the image; of all states every nth is judged in full, and each after a watched write. Of
    those the installer is asked after every ask_every-th: it reads 320 MiB of a blank disk.
    """

    def __init__(self, image, model, ask, every, ask_every=1):
        self.image = image
        self.model = model
        self.ask = ask
        self.every = every
        self.ask_every = ask_every
        self.could_ask = 0
        self.root = model.geometry.root
        self.loader = model.geometry.esp or self.root
        self.last_write = {}  # by part: the number of the last flushed request to it
        self.counts = Counter()
        self.found = []  # pairs of state and verdict
        self.faults = []

    def is_watched(self, request):
        """Whether it writes the first sector or the mark."""
        places = (0, SECTOR), (self.root.offset, self.root.offset + MARK_BYTES)
        return any(request.offset < end and start < request.end for start, end in places)

    def may_change_the_choice(self, state):
        """Whether its last writes may change what the installer thinks of the disk: those to the tables
        and to the starts of the file systems."""
        root, size = self.root.offset, self.image.size
        places = (0, 4 * MIB), (root, root + MIB), (size - MIB, size)
        return any(r.offset < end and start < r.end for r in state.pending for start, end in places)

    def key(self, part, state):
        last, missing, torn = state.touches(part.offset, part.end)
        return last or self.last_write.get(part, 0), missing, torn

    def judge(self, state):
        pieces = state.pieces()
        sector = self.image.read_with(pieces, 0, SECTOR)
        mark = mark_state(self.image.read_with(pieces, self.root.offset, MARK_BYTES))
        self.counts[state.kind] += 1
        number = sum(self.counts[kind] for kind in KINDS)
        in_full = number % self.every == 0
        if state.pending and self.is_watched(state.pending[-1]):
            in_full = True
        asks = in_full and mark != "installed"
        asks = asks and (self.may_change_the_choice(state) or number % LESS_OFTEN == 0)
        self.could_ask += asks
        asks = asks and self.could_ask % self.ask_every == 0
        can_be_started = sector[-2:] == SIGNATURE
        self.counts["with a boot signature"] += can_be_started
        if not asks and not (in_full and can_be_started) and mark != "installed":
            return
        undo = self.image.try_out(pieces)
        keys = self.key(self.root, state), self.key(self.loader, state)
        self.check(state, self.model.judge(self.image, sector, mark, *keys), asks)
        self.image.try_out(undo)

    def check(self, state, verdict, asks):
        boots = "yes" in verdict.boots.values()
        self.counts["judged"] += 1
        self.counts["startable"] += verdict.startable
        self.counts["boots"] += boots
        self.found.append((state, verdict))
        if verdict.startable and not verdict.whole:
            self.fault(state, "it can be started, and its guest is not complete")
        if verdict.mark == "installed" and not (boots and verdict.whole):
            self.fault(state, "it is marked as installed, and would not boot")
        if asks:
            self.check_taken(state)

    def check_taken(self, state):
        self.counts["asked"] += 1
        answer = subprocess.run(
            self.ask(self.image.path), capture_output=True, text=True, check=False
        )
        if answer.returncode != 0:
            said = (answer.stdout + answer.stderr).strip()
            self.fault(state, f"the next install does not take it: {said}")

    def fault(self, state, sentence):
        self.faults.append(f"{state.name}: {sentence}")

    def advance(self, request):
        """The request has been flushed: all later states have it."""
        self.image.write(request.offset, request.data)
        for part in (self.root, self.loader):
            if request.offset < part.end and part.offset < request.end:
                self.last_write[part] = request.number

    def run(self, requests, samples, seed):
        chance = random.Random(seed)
        for first, writes in windows(requests):
            for state in window_states(first, writes, self.is_watched, samples, chance):
                self.judge(state)
            for request in writes:
                self.advance(request)
            self.counts["writes"] += len(writes)
        self.counts["requests"] = len(requests)
        self.counts["flushes"] = sum(request.is_flush for request in requests)
        self.counts["file systems read"] = self.model.read_count

    def to_start(self, count, seed):
        """States for which the model gives a plain answer, as lines "FIRMWARE yes|no STATE": for each
        firmware so many that boot, that do not although the first sector is there, and of the rest.
        """
        chance = random.Random(seed)
        lines = []
        for firmware in ("bios", "uefi"):
            for answer, startable in (("yes", True), ("no", True), ("no", False)):
                fit = [
                    state.name
                    for state, verdict in self.found
                    if verdict.boots[firmware] == answer and verdict.startable == startable
                ]
                chosen = chance.sample(fit, min(count, len(fit)))
                lines += [f"{firmware} {answer} {name}" for name in chosen]
        return lines
