#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# plan.sh — proves that `plan` works without root, and that it gives the reason for every disk also
# when the configuration is incomplete (candidates_judge, select_judge)
# shellcheck source=tests/loop/effects.lib.sh
. "$(dirname "$0")/effects.lib.sh"

# as_user COMMAND… — as an ordinary user, also if root runs this test.
as_user() {
	if ((UID)); then
		"$@"
	else
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	fi
}

# plan OPTION… — as that user; what it prints goes to the file `planned`.
plan() {
	as_user ./guest-installer plan "$@" >planned 2>said
}

image_is_planned_without_root() {
	truncate -s 1600M disk.img
	chmod 666 disk.img
	plan --disk disk.img --layout direct --manifest guest.json --cache cache --key key.pub \
		--set "trusted-keys=$(cat "${XDG_CACHE_HOME:-$HOME/.cache}/guest-installer/signing-key.pub")" ||
		{ cat said && return 1; }
	grep -F 'disk.img' planned
	grep -F 'layout: direct' planned
	[[ $(stat -c %b disk.img) == 0 ]]
}

configuration_is_checked_without_root() {
	local status=0
	echo 'no-such-key = 1' >wrong.conf
	plan --config wrong.conf || status=$?
	[[ $status == 2 ]]
	grep -F 'wrong.conf' said
	grep -F 'no-such-key' said
}

# every_disk_has_a_reason COMMAND… — although no system is named.
every_disk_has_a_reason() {
	local status=0
	"$@" ./guest-installer plan --json >planned 2>said || status=$?
	cat said
	((status != 0))
	jq -e '.plan == null and .refusal.code != 0 and all(.disks[]; .judgement and .reason)' planned
	"$@" ./guest-installer plan >listed 2>said || true
	jq -r '.disks[] | .name + " .* " + .reason[:20]' planned | while read -r pattern; do
		grep -E "^ +$pattern" listed || { cat listed && return 1; }
	done
}

image_is_judged_although_no_system_is_named() {
	rm -f disk.img
	truncate -s 1600M disk.img
	mke2fs -Fqt ext4 -L precious disk.img
	chmod 666 disk.img
	if plan --json --disk disk.img; then return 1; fi
	jq -e '.disks[0].reason | contains("labelled precious")' planned
}

((UID)) || "$TOP/iso/make-cache"
cd "$SCRATCH"
chmod 755 .
# The folders above the checkout may be closed to an ordinary user.
cp "$TOP/build/asan/guest-installer" .
cp -r "$TOP/build/cache" cache
cp "$TOP/build/guest-direct.json" guest.json
chmod -R go+rX .
ssh-keygen -q -t ed25519 -N '' -C tester -f key
run_case "an image file is planned without root" image_is_planned_without_root
run_case "a configuration is checked without root" configuration_is_checked_without_root
run_case "every disk has its reason although nothing is configured" every_disk_has_a_reason env
run_case "every disk has its reason without root" every_disk_has_a_reason as_user
run_case "an image has its reason although no system is named" image_is_judged_although_no_system_is_named
