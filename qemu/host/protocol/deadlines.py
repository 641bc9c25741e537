# SPDX-License-Identifier: MIT
"""How far an installation is, and how long it may still take.

Pure but for the clock that it is given. Both channels tell the same, one of them late; what a
late one repeats is no news and starts no deadline anew.
"""

from __future__ import annotations

from typing import Callable, Optional

from host.protocol.verdict import Progress

# Seconds for a stage where the processor is not emulated; "start" begins with power-on, "end" with
# the verdict.
STAGE_SECONDS = {"start": 120, "copy": 1800, "activation": 600, "verify": 900, "end": 60}
OTHER_STAGE_SECONDS = 300
# What the installer takes for itself if it is told nothing else, and what comes before and after.
INSTALLER_SECONDS = 3600
AROUND_SECONDS = 300
EMULATION_FACTOR = 6
# More than any installer has. A guest cannot extend its deadline by inventing stages.
MOST_STAGES = 64


class Limits:
    """The deadlines of one installation, in seconds. Those that the user names are not scaled."""

    def __init__(
        self,
        emulated: bool,
        total: Optional[int] = None,
        stage: Optional[int] = None,
        installer: int = INSTALLER_SECONDS,
    ) -> None:
        """`installer` is the installer's own deadline, which ours leaves time for."""
        self._factor = EMULATION_FACTOR if emulated else 1
        self._stage = stage
        self.total = total or (installer + AROUND_SECONDS) * self._factor

    def stage(self, name: str) -> int:
        """How long one stage may take."""
        return self._stage or STAGE_SECONDS.get(name, OTHER_STAGE_SECONDS) * self._factor


class Deadlines:
    """What is known of an installation's progress; `clock` counts seconds."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self.last = Progress("start", 0, "")
        self._past: set[str] = set()
        self._limits = limits
        self._clock = clock
        self._begin = self._stage_begin = clock()

    def take(self, progress: Progress) -> bool:
        """Whether this is news. A stage that was left, or a smaller percentage, never is."""
        last = self.last
        if progress.percent < last.percent or progress.stage in self._past:
            return False
        if progress.stage != last.stage:
            if len(self._past) == MOST_STAGES:
                return False
            self._past.add(last.stage)
            self._stage_begin = self._clock()
        elif progress.percent == last.percent and progress.text == last.text:
            if progress.done is None or progress.done == last.done:
                return False
        self.last = progress
        return True

    def finish(self) -> None:
        """The verdict is there: what remains is the machine's end."""
        self.take(Progress("end", 100, "waiting for the machine to power off"))

    def elapsed(self) -> float:
        """Seconds since power-on."""
        return self._clock() - self._begin

    def left(self) -> Optional[float]:
        """About how many seconds the rest takes; None while too little is known."""
        elapsed, percent = self.elapsed(), self.last.percent
        if percent < 5 or percent >= 100 or elapsed < 3:
            return None
        return elapsed * (100 - percent) / percent

    def overdue(self) -> float:
        """Seconds until the next deadline; not above 0 when one has passed."""
        stage = self._stage_begin + self._limits.stage(self.last.stage)
        return min(stage, self._begin + self._limits.total) - self._clock()

    def describe_deadline(self) -> str:
        """A sentence on the deadline that has passed."""
        stage = self.last.stage
        if self.elapsed() >= self._limits.total:
            return f"no end after {self._limits.total} s, in stage {stage}"
        return f"no end of stage {stage} after {self._limits.stage(stage)} s"
