# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tests/image/guest.lib.sh — images of the sample guests: for tests that use a guest and do not install it
#
# Source it after tests/tap.lib.sh.

# manifest_of NAME [FILE] — the sample's manifest with the accounts that its activation makes, as NAME.json.
manifest_of() {
	jq '.users = [
		{name: "root", uid: 0, gid: 0, group: "root", home: "/root", locked: false,
			shell: "/run/current-system/sw/bin/bash"},
		{name: "operator", uid: 1000, gid: 1001, group: "operator", home: "/home/operator",
			locked: false, shell: "/run/current-system/sw/bin/bash"},
		{name: "sshd", uid: 998, gid: 998, group: "sshd", home: "/var/empty", locked: true,
			shell: "/run/current-system/sw/bin/nologin"}
	]' "$BUILT/${2:-guest-$1.json}" >"$1.json"
}

# make_guest FILE — the guest with systemd-boot, which UEFI starts, as an image; key.pub logs in. It takes two
# seconds, where an install in an emulated machine takes twelve.
make_guest() {
	manifest_of systemd-boot
	"$TOP/build/guest-installer" image --manifest systemd-boot.json --cache "$BUILT/cache" --key key.pub \
		--set "trusted-keys=$(sample_key)" --size 2G "$1"
}
