# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tests/engines/page.lib.sh — runs the command blocks of docs/engines as they stand there
#
# Source it after tests/tap.lib.sh.

# block PAGE SECTION — the indented text of a section of a page.
block() {
	sed -n "/^## $2\$/,/^## /s/^    //p" "$TOP/$1"
}

# here — the commands of standard input with this test's names: emulated processors, a small disk, the key.
here() {
	sed "s,~/.ssh/id_ed25519.pub,$SCRATCH/key.pub,; s,size=8,size=2,; s,virt-install,& --virt-type qemu,
		s,-accel kvm -cpu host,-accel $ACCEL -cpu max,; s,web.qcow2 8G,web.qcow2 2G,"
}
