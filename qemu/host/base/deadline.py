# SPDX-License-Identifier: MIT
"""Deadlines: every wait of the host tools has one."""

from __future__ import annotations

import time


class Deadline:
    """`seconds` from now, by the monotonic clock."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until then, never negative."""
        return max(0.0, self._end - time.monotonic())

    def passed(self) -> bool:
        """Whether it is over."""
        return self.left() == 0.0
