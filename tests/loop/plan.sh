#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# plan.sh — proves that `plan` works without root, and that it gives the reason for every disk also
# when the configuration is incomplete (candidates_classify, select_classify); and that `check` accepts what
# plan accepts
# Modules: check_command, plan_command, install_decision, plan/manifest_check.
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

plan_direct() {
	plan --disk disk.img --layout direct --manifest guest.json --cache cache --key key.pub \
		--set "trusted-keys=$(sample_key)"
}

image_is_planned_without_root() {
	truncate -s 1600M disk.img
	chmod 666 disk.img
	plan_direct || { cat said && return 1; }
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

# check OPTION… MANIFEST — as that user; what it prints goes to the file `said`.
check() {
	as_user ./guest-installer check "$@" >said 2>&1
}

# edited FILTER — writes the manifest of the gpt guest, changed, to edited.json.
edited() {
	jq "$1" "$TOP/build/guest.json" >edited.json
}

every_sample_can_be_installed() {
	local manifest disk
	for manifest in "$TOP"/build/guest*.json; do
		cp "$manifest" checked.json
		check checked.json || { cat said && return 1; }
		disk=$(sed -n 's/^disk: .* (\([0-9]*\) bytes)$/\1/p' said)
		jq -e --argjson disk "$disk" '.nar_bytes < $disk' checked.json
		grep -Fx "layout: $(jq -r .layout checked.json)" said
	done
}

# The disk that check names is large enough, and a smaller one is not.
the_size_is_the_least() {
	local disk status=0
	check guest.json
	disk=$(sed -n 's/^disk: .* (\([0-9]*\) bytes)$/\1/p' said)
	rm -f disk.img
	truncate -s "$disk" disk.img
	chmod 666 disk.img
	plan_direct || { cat said && return 1; }
	truncate -s $((disk - 512)) disk.img
	plan_direct || status=$?
	[[ $status == 14 ]]
}

# refuses SENTENCE FILTER OPTION… — the changed manifest, with code 2.
refuses() {
	local status=0
	edited "$2"
	check "${@:3}" edited.json || status=$?
	cat said
	[[ $status == 2 ]] && grep -F "$1" said
}

needs_of_the_configuration_are_named() {
	edited '.swap = {label: "swap"} | .version = 2 | .ssh.permit_root_login = "no"'
	check edited.json || { cat said && return 1; }
	grep '^to be set: swap, ' said
	grep '^to be set: keys-user or keys\. .*PermitRootLogin no' said
	echo 'swap = 512M' >swap.conf
	cat >>swap.conf <<-END
		keys-user = alice
		manifest = file:///medium/guest.json
		cache = file:///medium/cache
		trusted-keys = none
	END
	check --config swap.conf edited.json || { cat said && return 1; }
	if grep '^to be set' said; then return 1; fi
}

# The install runs programs of the guest. The command check, by which ISOs are made, runs none.
a_guest_of_another_architecture_is_refused() {
	local status=0
	jq '.version = 4 | .platform = "aarch64-linux"' guest.json >arm.json
	rm -f disk.img
	truncate -s 1600M disk.img
	chmod 666 disk.img
	plan --disk disk.img --layout direct --manifest arm.json --cache cache --key key.pub \
		--set "trusted-keys=$(sample_key)" || status=$?
	cat said
	[[ $status == 2 ]]
	grep -F 'The guest is made for aarch64, but this machine and its installer are x86_64' said
	check arm.json
	refuses 'the guest boots by BIOS, but it is made for aarch64' '.version = 4 | .platform = "aarch64-linux"'
	refuses 'A guest for aarch64 cannot have the layout bios' \
		'.version = 4 | .platform = "aarch64-linux" | .layout = "bios"'
}

a_configuration_is_checked_whole() {
	local status=0
	echo 'swap = 512M' >swap.conf
	check --config swap.conf guest.json || status=$?
	grep -F 'cache is not set' said
	[[ $status == 2 ]]
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
run_case "every sample guest can be installed" every_sample_can_be_installed
run_case "the disk that check names is the smallest one that plan takes" the_size_is_the_least
run_case "a disk that no machine has is refused" refuses 'written to /dev/disk/by-id/x' \
	'.bootloader.device = "/dev/disk/by-id/x"'
run_case "an unknown member is refused by name" refuses 'edited.json: ' '.another = 1'
run_case "check names what the configuration has to set" needs_of_the_configuration_are_named
run_case "a guest of another architecture is refused, and check accepts it" \
	a_guest_of_another_architecture_is_refused
run_case "a configuration that check is given has to be whole" a_configuration_is_checked_whole
run_case "an image has its reason although no system is named" image_is_judged_although_no_system_is_named
