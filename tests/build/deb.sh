#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# deb.sh — proves that the Debian packages are clean by lintian's rules and have what `make install` installs, and
# that the unit guest@ is valid and as confined as the services of the NixOS module
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

version=$(<"$TOP/VERSION")
program=$SCRATCH/deb/guest-installer_${version}_amd64.deb
host=$SCRATCH/deb/guest-installer-host_${version}_all.deb
unit=$SCRATCH/root/lib/systemd/system/guest@.service
cd "$SCRATCH"

packages_are_made() {
	make -s -C "$TOP" deb
	cp -r "$TOP/build/deb" .
	dpkg-deb -x "$program" root
	dpkg-deb -x "$host" root
}

lintian_finds_nothing() {
	lintian --allow-root --fail-on error,warning "$program" "$host"
}

# Each override has its reason in the line before.
overrides_have_reasons() {
	local file count=0
	for file in "$TOP"/release/debian/*.lintian-overrides; do
		awk '/^#/ { reason = 1; next } !reason { print FILENAME ": " $0; bad = 1 } { reason = 0 } END { exit bad }' "$file"
		count=$((count + 1))
	done
	((count == 2))
}

# files FOLDER — the installed files, under the names that both ways of installing share.
files() {
	(cd "$1" && find usr ! -type d) | sed -e 's/\.gz$//' -e 's,zsh/site-functions,zsh/vendor-completions,' |
		grep -v '^usr/share/\(doc\|lintian\)/' | sort
}

packages_have_what_is_installed() {
	make -s -C "$TOP" install DESTDIR="$PWD/installed" PREFIX=/usr
	diff <(files installed) <(files root)
	cmp root/usr/bin/guest-installer "$TOP/build/guest-installer"
	[[ $(root/usr/bin/guest-installer-first-run --version) == "guest-installer-first-run $version (commit $(<"$TOP/build/commit"))" ]]
}

they_are_the_same_twice() {
	mv deb first
	packages_are_made
	cmp first/*_amd64.deb deb/*_amd64.deb
	cmp first/*_all.deb deb/*_all.deb
}

# The unit with programs of this machine in the place of the installed ones.
the_unit_is_valid() {
	mkdir -p units
	sed 's,^ExecStart=/usr/bin/guest-installer-run-guest,ExecStart=/bin/true,' "$unit" >'units/guest@.service'
	SYSTEMD_UNIT_PATH=$PWD/units: systemd-analyze --man=no verify units/guest@web.service 2>&1 | tee said
	! grep -F 'guest@' said
}

# Settings of the NixOS module's units that do not name the guest.
settings() {
	grep -E '^(CapabilityBoundingSet|DevicePolicy|KillMode|LockPersonality|NoNewPrivileges|NotifyAccess|Private|Protect|Remove|Restart|Restrict|SuccessExitStatus|SystemCall|TimeoutStartSec|Type|UMask)' "$1" |
		sort -u
}

the_unit_is_that_of_the_module() {
	diff <(settings "$TOP/tests/nix/golden/guest-web.service") <(settings "$unit")
	(($(settings "$unit" | wc -l) > 25))
}

# What systemd makes of the example becomes options that run-guest takes.
the_example_is_accepted() {
	local OPTIONS
	# shellcheck source=/dev/null
	source root/etc/guest-installer/example.conf
	ssh-keygen -q -t ed25519 -N '' -f key
	# shellcheck disable=SC2086 # words, as systemd splits them
	if root/usr/bin/guest-installer-run-guest "$PWD/none.qcow2" --key key.pub $OPTIONS 2>said; then return 1; fi
	cat said
	grep -x 'guest-installer-first-run: cannot read the ISO /srv/guest-installer.iso: No such file or directory' said
}

run_case "the packages can be made" packages_are_made
run_case "lintian finds neither errors nor warnings" lintian_finds_nothing
run_case "each override has a reason" overrides_have_reasons
run_case "the packages have what make install installs" packages_have_what_is_installed
run_long "the same sources give the same packages" they_are_the_same_twice
run_case "the unit guest@ is valid" the_unit_is_valid
run_case "it is as confined as the services of the NixOS module" the_unit_is_that_of_the_module
run_case "run-guest takes the options of the example" the_example_is_accepted
