# SPDX-License-Identifier: MIT
"""model — whether a firmware would start a disk, and whether the guest on it is complete; without a start.

What is judged are the answers of e2fsck, debugfs, mtools and sfdisk. A guest is complete if its root file
system, after e2fsck has replayed the journal, has the files of the finished install, with their types,
modes, owners and contents. It does not need the log of the install, and its boot loader's own files are not
part of it: if one of them is missing, the guest does not boot.
"""

import hashlib
import json
import os
import shutil
import stat
import subprocess
from dataclasses import dataclass, field

SECTOR = 512
SIGNATURE = b"\x55\xaa"
CODE_BYTES = 440  # of a boot sector; the partition table follows
TABLE_BYTES = 34 * SECTOR  # a GPT with its protective MBR
MIB = 1 << 20
ESP_TYPE = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
GRUB_TYPE = "21686148-6449-6E6F-744E-656564454649"
REMOVABLE = "EFI/BOOT/BOOTX64.EFI"
NOT_THE_GUEST = ("var/log/guest-installer.log", "boot/", "lost+found")
KERNELS = ("kernels/", "EFI/nixos/", "boot/kernels/")  # kernel and initrd of each boot entry
MARK_STATES = {1: "unfinished", 2: "installed"}


@dataclass(frozen=True)
class Part:
    offset: int
    size: int

    @property
    def end(self):
        return self.offset + self.size


@dataclass
class Geometry:
    """Where things are, by sfdisk; core is where GRUB's core image lies, esp None without UEFI."""

    root: Part
    core: Part
    esp: Part = None

    @classmethod
    def of(cls, image):
        answer = subprocess.run(["sfdisk", "--json", image], check=True, capture_output=True)
        parts = json.loads(answer.stdout)["partitiontable"]["partitions"]
        by_type = {p["type"]: Part(p["start"] * SECTOR, p["size"] * SECTOR) for p in parts}
        last = parts[-1]
        return cls(
            Part(last["start"] * SECTOR, last["size"] * SECTOR),
            by_type.get(GRUB_TYPE, Part(SECTOR, MIB - SECTOR)),
            by_type.get(ESP_TYPE),
        )


@dataclass
class Verdict:
    """boots: for each firmware "yes", "no" or "unclear"."""

    startable: bool = False
    whole: bool = True
    mark: str = "none"
    boots: dict = field(default_factory=lambda: {"bios": "no", "uefi": "no"})


def mark_state(block):
    """The state in the install mark, as installer/disk/install_mark.h lays it out; the checksum is not
    read, because the installer itself is asked whether it takes the disk."""
    if block[:16] != b"guest-installer\0":
        return "none"
    return MARK_STATES.get(int.from_bytes(block[20:24], "little"), "damaged")


def read_tree(folder):
    """Every file below the folder: its type, mode, owner, and what it contains."""
    tree = {}
    for parent, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(parent, name)
            found = os.lstat(path)
            content = b""
            if stat.S_ISLNK(found.st_mode):
                content = os.readlink(path).encode()
            elif stat.S_ISREG(found.st_mode):
                with open(path, "rb") as file:
                    content = hashlib.blake2b(file.read()).digest()
            tree[os.path.relpath(path, folder)] = (
                found.st_mode,
                found.st_uid,
                found.st_gid,
                content,
            )
    return tree


def dump(command, folder):
    """The tree that a command writes into an empty folder; None if the command failed."""
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)
    answer = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    tree = read_tree(folder)
    return tree if answer.returncode == 0 else None


class Model:
    """Judges the image's states against the finished install. Trees are kept by what they depend on."""

    def __init__(self, base, final, scratch):
        self.geometry = Geometry.of(final.path)
        self.scratch = scratch
        self.trees = {}
        self.read_count = 0
        self.table = final.read(0, TABLE_BYTES if self.geometry.esp else SECTOR)
        self.core = final.read(self.geometry.core.offset, self.geometry.core.size)
        self.root_tree = self.read_root(final)
        self.loader_tree = self.read_loader(final, self.root_tree)
        if not self.root_tree or not self.loader_tree:
            raise ValueError("the finished disk has no sound file systems")
        self.guests = [self.guest_of(self.root_tree)]
        if base.read(0, SECTOR)[-2:] == SIGNATURE:  # a guest that is complete until it is erased
            self.guests.append(self.guest_of(self.read_root(base)))

    # ------------------------------------------------------- file systems

    def read_root(self, image):
        """The root's files after e2fsck has replayed its journal; None if it cannot be repaired."""
        copy, root = os.path.join(self.scratch, "root"), self.geometry.root
        image.copy_data(root.offset, root.size, copy)
        fsck = subprocess.run(["e2fsck", "-fp", copy], capture_output=True, check=False)
        if fsck.returncode > 1:
            return None
        tree = os.path.join(self.scratch, "tree")
        return dump(["debugfs", "-R", f"rdump / {tree}", copy], tree)

    def read_esp(self, image):
        at = f"{image.path}@@{self.geometry.esp.offset}"
        tree = os.path.join(self.scratch, "esp")
        return dump(["mcopy", "-s", "-n", "-Q", "-i", at, "::/", tree], tree)

    def read_loader(self, image, root_tree):
        """The files of the boot loader: those of the EFI system partition, or of the root's /boot."""
        if self.geometry.esp:
            return self.read_esp(image)
        return root_tree and {p: v for p, v in root_tree.items() if p.startswith("boot/")}

    def kept(self, what, key, read):
        """A tree that depends on what the key says alone."""
        if (what, key) not in self.trees:
            self.read_count += 1
            self.trees[what, key] = read()
        return self.trees[what, key]

    # ------------------------------------------------------- verdicts

    @staticmethod
    def guest_of(tree):
        return tree and {p: v for p, v in tree.items() if not p.startswith(NOT_THE_GUEST)}

    def is_whole(self, tree):
        return tree is not None and self.guest_of(tree) in self.guests

    def judge(self, image, sector, mark, root_key, loader_key):
        """The state that the image has now. The keys are equal only for equal file systems."""
        verdict = Verdict(mark=mark)
        if sector[-2:] != SIGNATURE:
            return verdict
        root_tree = self.kept("root", root_key, lambda: self.read_root(image))
        loader = self.kept("loader", loader_key, lambda: self.read_loader(image, root_tree))
        has_code = any(sector[:CODE_BYTES])
        has_uefi = bool(self.geometry.esp and loader and REMOVABLE in loader)
        verdict.startable = has_code or has_uefi
        verdict.whole = self.is_whole(root_tree)
        if has_code:
            core = image.read(self.geometry.core.offset, self.geometry.core.size)
            verdict.boots["bios"] = self.predict(
                image, loader, core == self.core, core[:SECTOR] != self.core[:SECTOR]
            )
        if has_uefi:
            verdict.boots["uefi"] = self.predict(image, loader, True, False)
        return verdict

    def predict(self, image, loader, core_is_same, core_is_lost):
        """Whether the guest comes up. If not all is there, GRUB and systemd-boot may need none of what
        is missing; but no guest starts without its kernel and initrd."""
        same_table = image.read(0, len(self.table)) == self.table
        if core_is_same and same_table and loader == self.loader_tree:
            return "yes"
        needed = [p for p in self.loader_tree if p.startswith(KERNELS)]
        if (
            core_is_lost
            or loader is None
            or any(loader.get(p) != self.loader_tree[p] for p in needed)
        ):
            return "no"
        return "unclear"
