# SPDX-License-Identifier: MIT
"""One installation by first-run: its steps, from the disks to their final names, and its records."""

from __future__ import annotations
import dataclasses
import errno
import os
import time
from typing import Optional
from host.base import files, process
from host.protocol import records, verdict
from host.install.hypervisor import Hypervisor
from host.install.options import Options
from host.install.closure import served
from host.base.codes import Code, Failure
from host.qemu.emulator import emulation_reason
from host.protocol.deadlines import EMULATION_FACTOR, INSTALLER_SECONDS, Deadlines, Limits
from host.install.follow import Follower
from host.install.machine import Machine
from host.install.keydrive import KeyDrive
from host.protocol.hints import hint
from host.protocol.progress import Display
from host.install.proof import BOOT_SECONDS, Proof, Request, prove_boot
from host.install.proof_disk import missing_programs
from host.install.proof_login import given_keys

# From this code on the installer writes; then a full host looks like a broken disk to it.
FIRST_WRITING_CODE = 30
NO_ROOM = os.strerror(errno.ENOSPC)
NOT_BOOTED_BY_FIRMWARE = ("direct", "pygrub")


class Attempt:
    """One installation and what is known of it."""

    def __init__(
        self,
        options: Options,
        hypervisor: Hypervisor,
        display: Display,
        drive: KeyDrive,
        private: str,
    ) -> None:
        self._options, self._display, self._private = options, display, private
        self._hypervisor, self._drive = hypervisor, drive
        self._accel = hypervisor.accel
        self._began = time.time()
        self._follower: Optional[Follower] = None

    def install(self) -> None:
        """Makes the disks, runs the installer, checks the result and publishes the disks."""
        options = self._options
        records.remove(
            f"{options.records}.{kind}" for kind in ("verdict.json", "known_hosts", "xl", "xml")
        )
        log = records.Log(f"{options.records}.log")
        try:
            self._hypervisor.make()
            with served(options.closure, options.beside("cache")) as settings:
                self._drive.add_settings(options.missing(settings))
                self._drive.write(os.path.join(self._private, "keys"))
                self._run_installer(log)
        finally:
            log.close()
        self._hypervisor.check()
        proof = self._prove_boot() if self._wants_proof() else None
        self._keep_results()
        self._hypervisor.write_domain(self._results())
        process.ignore_signals()
        self._hypervisor.publish()
        self._record_success(proof)

    def _run_installer(self, log: records.Log) -> None:
        options, display = self._options, self._display
        source = {"source": options.source.image} if options.source else {}
        display.event(
            "started", disk=options.disks[0].path, log=log.path, accel=self._accel, **source
        )
        if self._accel == "tcg" and options.machine.accel == "auto" and not options.quiet:
            here = options.hypervisor == "qemu"
            reason = (
                emulation_reason(options.machine.architecture)
                if here
                else "the host has no hardware virtualisation"
            )
            display.report(f"the processor is emulated, which takes minutes: {reason}")
        machine = self._hypervisor.machine(self._private)
        try:
            deadlines = Deadlines(self._limits(), time.monotonic)
            display.follow(deadlines)
            self._follower = follower = Follower(machine, deadlines, display, log)
            follower.follow()
            machine.require_good_end(follower.serial.verdict is not None)
            self._judge(follower, machine, log)
        finally:
            machine.close()

    def _judge(self, follower: Follower, machine: Machine, log: records.Log) -> None:
        """Raises the failure of the verdict, or NO_ROOM if the host's storage was full."""
        try:
            verdict.require_success(follower.serial, follower.port)
        except Failure as failure:
            wrote = FIRST_WRITING_CODE <= failure.code < Code.EMULATOR
            full = machine.has_no_room() or self._host_is_full() or self._copy_had_no_room(failure)
            if full and (wrote or failure.code == Code.NO_VERDICT):
                raise Failure(Code.NO_ROOM, f"no room on the host: {failure.sentence}") from None
            more = hint(failure.code, failure.sentence)
            sentence = f"{failure.sentence} ({more + '; ' if more else ''}log: {log.path})"
            if failure.code == Code.NO_VERDICT:
                sentence = f"{failure.sentence}; the end of {log.path}:\n{log.tail()}"
            raise Failure(failure.code, sentence) from None

    def _copy_had_no_room(self, failure: Failure) -> bool:
        """What the program had written of a copy is gone with it, so that there is room again."""
        return self._options.source is not None and NO_ROOM in failure.sentence

    def _host_is_full(self) -> bool:
        """A host that cannot be asked must not replace the installer's verdict."""
        try:
            return self._hypervisor.has_no_room()
        except Failure:
            return False

    def _limits(self) -> Limits:
        options = self._options
        own = options.setting("timeout") or ""
        return Limits(
            self._accel == "tcg",
            options.timeout,
            options.stage_timeout,
            int(own) if own.isdecimal() and len(own) < 9 else INSTALLER_SECONDS,
        )

    def _wants_proof(self) -> bool:
        """Whether the disk is booted before it is published: on demand, and by default where that
        takes seconds and the guest's SSH server can be reached."""
        options = self._options
        known = {result.key: result.value for result in self._results()}
        layout = known.get("layout")
        if options.prove_boot and layout in NOT_BOOTED_BY_FIRMWARE:
            raise Failure(
                Code.MISUSE,
                f"--prove-boot boots by firmware, which a disk of layout {layout} cannot",
            )
        if options.prove_boot is not None:
            return options.prove_boot
        if self._accel != "kvm" or layout in NOT_BOOTED_BY_FIRMWARE:
            return False
        absent = missing_programs()
        if absent:
            self._display.report(f"no boot proof: {', '.join(absent)} is not installed")
        return not absent and options.setting("keys") != "none"

    def _prove_boot(self) -> Proof:
        options = self._options
        self._display.event("proving", text="the installed disk is booted")
        factor = EMULATION_FACTOR if self._accel == "tcg" else 1
        results = self._results()
        known = {result.key: result.value for result in results}
        user = options.setting("keys-user") or known.get("keys-user") or "root"
        request = Request(
            user=user,
            keys=given_keys(self._drive.key_texts()),
            known_hosts=records.known_hosts(results),
            seconds=options.stage_timeout or BOOT_SECONDS * factor,
            logs_in=options.setting("keys") != "none",
        )
        try:
            proof = prove_boot(options, request, self._private, f"{options.records}.boot.log")
        except Failure as failure:
            if options.prove_boot is None:
                sentence = f"{failure.sentence}; --no-prove-boot leaves the proof out"
                raise Failure(failure.code, sentence) from None
            raise
        self._display.event("proved", user=user, **dataclasses.asdict(proof))
        if not options.quiet and not options.json:
            self._display.report(proof.describe(user))
        return proof

    def _keep_results(self) -> None:
        """Saves the guest's host keys, so that ssh can verify the host at the first login."""
        hosts = records.known_hosts(self._results())
        if hosts:
            files.write_whole(f"{self._options.records}.known_hosts", hosts)

    def _results(self) -> list[verdict.Result]:
        follower = self._follower
        return verdict.results(follower.serial, follower.port) if follower else []

    def _record_success(self, proof: Optional[Proof]) -> None:
        """After publication: a killed run leaves no record of success. A host without room for the
        record has the guest nevertheless."""
        try:
            self.record(Code.SUCCESS, self._options.done(), proof)
        except OSError as error:
            self._display.report(f"cannot write the verdict file: {error.strerror or error}")

    def record(self, code: int, text: str, proof: Optional[Proof] = None) -> None:
        """Writes the verdict file."""
        options, follower = self._options, self._follower
        channels = {
            "serial": verdict.describe(follower.serial.verdict if follower else None),
            "port": verdict.describe(follower.port.verdict if follower else None),
        }
        records.write_verdict(
            f"{options.records}.verdict.json",
            {
                "code": int(code),
                "text": text,
                "disk": options.disks[0].path,
                "source": options.source.image if options.source else None,
                "began": int(self._began),
                "seconds": round(time.time() - self._began, 1),
                "accel": self._accel,
                "channels": channels,
                "proof": dataclasses.asdict(proof) if proof else None,
                "results": [{"key": r.key, "value": r.value} for r in self._results()],
            },
        )
