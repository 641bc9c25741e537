# SPDX-License-Identifier: MIT
"""The names of nixpkgs' test driver that install.nix uses, with their types, for mypy (tests/nix/flake.sh)."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Optional


class Machine:
    """A machine of the driver."""

    def start(self) -> None: ...

    def shutdown(self) -> None: ...

    def succeed(self, *commands: str) -> str: ...

    def wait_for_console_text(self, regex: str, timeout: Optional[int] = None) -> None: ...

    def wait_for_open_port(self, port: int) -> None: ...

    def wait_for_shutdown(self) -> None: ...

    def wait_for_unit(self, unit: str) -> None: ...


def create_machine(start_command: str, *, name: Optional[str] = None) -> Machine: ...


def subtest(name: str) -> AbstractContextManager[None]: ...
