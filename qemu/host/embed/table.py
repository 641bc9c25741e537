# SPDX-License-Identifier: MIT
"""The options of the tool iso: its parser, --help and manual page come from here."""

from __future__ import annotations

from host.base.command_line import Option, Program, Section
from host.install import secret_files

PROGRAM = Program(
    name="iso",
    usage=(
        "customize [OPTION]... IN.iso OUT.iso",
        "show ISO",
        "reset [--force] IN.iso OUT.iso",
        "extract [--url BASE] ISO DIR",
    ),
    text="""
Changes what an installer's ISO installs without making the ISO again. customize embeds settings, keys,
files and a closure, show prints what is embedded, reset makes the original ISO, bit for bit, and extract
makes a folder from which machines start by network. It needs xorriso, and Nix only for --system.
""",
    positional="words",
    sections=(
        Section(
            "customize",
            (
                Option(
                    "set",
                    "KEY=VALUE",
                    "one line of the installer's configuration, such as disk=serial:root",
                    many=True,
                ),
                Option(
                    "key",
                    "FILE",
                    "a public key, an authorized_keys, a folder of them or a URL; also guest-installer.conf, ca.pem, netrc, and configuration.nix or flake.nix, as with first-run(1)",
                    many=True,
                ),
                *secret_files.OPTIONS,
                Option(
                    "kernel-args",
                    "WORDS",
                    "words for the command line of the lean ISO's kernel, such as console=ttyS1",
                    many=True,
                ),
                Option(
                    "system",
                    "PATH",
                    "install this system of this host's Nix store; its closure is appended to the ISO; needs --manifest",
                ),
                Option(
                    "manifest",
                    "FILE",
                    "the guest.json of the system, or a file that iso/make-manifest completes to one",
                ),
                Option(
                    "cache",
                    "FOLDER|URL",
                    "a binary cache that has the system of --manifest; a folder is appended to the ISO; --set trusted-keys names its public key",
                ),
                Option(
                    "signing-key",
                    "FILE",
                    "the secret key that signs the closure of --system; by default one that is made for this run",
                ),
            ),
        ),
        Section(
            "customize and reset",
            (Option("force", "", "replace OUT.iso if it exists, which may be IN.iso"),),
        ),
        Section(
            "extract",
            (
                Option(
                    "url",
                    "BASE",
                    "the URL at which DIR will be served, for boot.ipxe; without it, boot.ipxe has a placeholder",
                ),
            ),
        ),
    ),
    statuses=(
        ("0", "The file or folder is written."),
        ("2", "The options, the files or the ISO are wrong, or the installer refuses them."),
        ("20", "The installer refuses the keys."),
        ("80", "xorriso or Nix failed, or is not installed."),
        ("85", "The ISO or the host has no room."),
        ("128 and more", "128 and the number of the signal that ended the program."),
    ),
)
