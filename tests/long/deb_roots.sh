#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# deb_roots.sh — proves that the Debian packages can be installed in fresh roots of bookworm and trixie with what
# they declare, and that their programs, manual pages and unit work there
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=roots.lib.sh
source "$TOP/tests/long/roots.lib.sh"

cd "$SCRATCH"

make_packages() {
	make -s -C "$TOP" deb
	cp "$TOP"/build/deb/*.deb .
}

# install SUITE — APT resolves what the packages depend on. Of what they recommend, the unit needs udev and
# libnss-systemd. The manual pages stay; documents of others go.
install() {
	make_root "$1" "systemd,udev,libnss-systemd,man-db,$(find "$PWD" -maxdepth 1 -name '*.deb' | paste -sd ,)"
}

programs_run() {
	local tool
	[[ $(in_root "$1" guest-installer --version) == "guest-installer $(<"$TOP/VERSION") "* ]]
	for tool in first-run run-guest serve-cache xen-domain iso make-key-drive; do
		in_root "$1" "guest-installer-$tool" --help >said
		[[ $(head -n 1 said) == "Usage: guest-installer-$tool "* ]]
	done
}

a_key_drive_is_made() {
	ssh-keygen -q -t ed25519 -N '' -f "root-$1/root/key" <<<y >/dev/null
	in_root "$1" guest-installer-make-key-drive /root/drive.img /root/key.pub
	mtype -i "root-$1/root/drive.img" ::key.pub | cmp - "root-$1/root/key.pub"
}

pages_are_found() {
	in_root "$1" man -w guest-installer guest-installer-first-run guest-installer.conf | tee said
	(($(wc -l <said) == 3))
}

the_unit_is_valid() {
	in_root "$1" systemd-analyze verify guest@web.service >said 2>&1 || true
	cat said
	! grep -F 'guest@' said
}

# A unit whose SupplementaryGroups= has an unknown group does not start.
the_units_group_exists() {
	local group
	group=$(sed -n 's/^SupplementaryGroups=//p' "root-$1/lib/systemd/system/guest@.service")
	in_root "$1" getent group "$group"
}

nothing_is_started() {
	[[ ! -e root-$1/etc/systemd/system/multi-user.target.wants/guest@web.service ]]
	[[ $(find "root-$1/etc/guest-installer" -type f) == "root-$1/etc/guest-installer/example.conf" ]]
}

they_can_be_removed() {
	in_root "$1" dpkg --purge guest-installer-host guest-installer
	# The folder of the packages was mounted below that of this test, and man-db keeps what it formatted.
	find "root-$1" -xdev -path '*guest-installer*' -not -path "root-$1${SCRATCH}*" -not -path '*/var/cache/man/*' | tee left
	[[ ! -s left ]]
}

run_case "the packages are made" make_packages
for suite in bookworm trixie; do
	run_case "$suite: they are installed with what they depend on" install "$suite"
	run_case "$suite: every program runs" programs_run "$suite"
	run_case "$suite: a key drive is made" a_key_drive_is_made "$suite"
	run_case "$suite: man finds the pages" pages_are_found "$suite"
	run_case "$suite: the unit guest@ is valid" the_unit_is_valid "$suite"
	run_case "$suite: the group of its user exists" the_units_group_exists "$suite"
	run_case "$suite: no guest is enabled" nothing_is_started "$suite"
	run_case "$suite: they are removed without a trace" they_can_be_removed "$suite"
done
