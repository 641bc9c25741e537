# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tests/page.lib.sh — runs the command blocks of documents as they stand there
#
# Source it after tests/tap.lib.sh.

# block PAGE SECTION — the indented text of a section of a page.
block() {
	sed -n "/^## $2\$/,/^## /s/^    //p" "$TOP/$1"
}

# blocks_run_by PAGE TEST — the indented blocks behind `<!-- run by TEST -->`.
blocks_run_by() {
	awk -v mark="<!-- run by $2 -->" '
		$0 == mark { wanted = 1; next }
		wanted && /^    / { print substr($0, 5); next }
		/[^[:space:]]/ { wanted = 0 }' "$TOP/$1"
}

# installed_names — prints a folder in which the tools have the names that `make install` gives them.
installed_names() {
	local tool folder=$SCRATCH/installed-names
	mkdir -p "$folder"
	for tool in qemu/{first-run,run-guest,serve-cache,xen-domain,iso} keys/make-key-drive; do
		ln -sf "$TOP/$tool" "$folder/guest-installer-${tool#*/}"
	done
	echo "$folder"
}

# here — the commands of standard input with this test's names: emulated processors, a small disk, the key.
here() {
	sed "s,~/.ssh/id_ed25519.pub,$SCRATCH/key.pub,; s,size=8,size=2,; s,virt-install,& --virt-type qemu,
		s,-accel kvm -cpu host,-accel $ACCEL -cpu max,; s,web.qcow2 8G,web.qcow2 2G,"
}
