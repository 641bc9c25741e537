#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# wipe_token.sh — proves that a refusal prints a token that stands for the content of this one disk: it is the
# same as long as nothing is written, another for every other content, and allows one install
#
# Modules: disk/wipe_token.
# shellcheck source=tests/loop/effects.lib.sh
. "$(dirname "$0")/effects.lib.sh"

GUEST_INSTALLER=$TOP/build/asan/guest-installer
export NIX_CONFIG='build-users-group ='

# run COMMAND IMAGE [SETTING] — the installer with the sample guest that a host starts.
run() {
	"$GUEST_INSTALLER" "$1" --disk "$2" --cache "$TOP/build/cache" --manifest "$TOP/build/guest-direct.json" \
		--key key.pub --set "wipe=${3:-refuse}" --set \
		"trusted-keys=$(sample_key)" 2>&1
}

# token IMAGE — the token in the refusal; empty if the disk is blank or installed.
token() {
	(run plan "$1" || true) | sed -n 's/.*\[wipe=\([0-9a-f]\{16\}\)\].*/\1/p'
}

# poke IMAGE OFFSET — writes one byte.
poke() {
	printf x | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

data_disk() {
	rm -f "$1"
	truncate -s 1600M "$1"
	mkfs.ext4 -q -U 0a1b2c3d-0000-4000-8000-000000000001 "$1"
}

the_token_stays_as_long_as_the_content() {
	local first
	data_disk disk
	first=$(token disk)
	[[ $first && $(token disk) == "$first" ]]
	mv disk renamed
	[[ $(token renamed) == "$first" ]]
}

each_change_makes_another_token() {
	local offset tokens=()
	mv renamed disk
	tokens=("$(token disk)")
	for offset in 0 $((1 << 20)) $((800 << 20)) $(((1600 << 20) - 1)); do
		poke disk "$offset"
		tokens+=("$(token disk)")
	done
	truncate -s 1601M disk
	tokens+=("$(token disk)")
	printf '%s\n' "${tokens[@]}" | tee list
	[[ $(sort -u list | grep -cE '^[0-9a-f]{16}$') == 6 ]]
}

a_blank_disk_has_none() {
	truncate -s 1600M blank
	run plan blank
	[[ ! $(token blank) ]]
}

another_token_is_refused() {
	local status=0
	data_disk disk
	sha256sum disk >before
	run install disk 0123456789abcdef >said || status=$?
	[[ $status == 12 ]]
	grep -F 'wipe=TOKEN to overwrite this content' said
	sha256sum -c before
}

the_token_allows_one_install() {
	local first status=0
	first=$(token disk)
	run install disk "$first"
	e2fsck -fn "disk?offset=$((1 << 20))"
	run install disk "$first" >said || status=$?
	[[ $status == 13 ]]
}

# Only the mark of the install is gone, so the disk is one with content again.
the_token_is_used() {
	local first status=0
	first=$(token disk)
	[[ ! $first ]]
	dd if=/dev/zero of=disk bs=1024 seek=1024 count=1 conv=notrunc status=none
	data_disk other
	first=$(token other)
	run install disk "$first" >said || status=$?
	[[ $status == 12 && $(token disk) != "$first" ]]
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -f key
run_case "the token is the same as long as nothing is written" the_token_stays_as_long_as_the_content
run_case "each change of content or size makes another token" each_change_makes_another_token
run_case "a blank disk has none" a_blank_disk_has_none
run_case "a token of another content is refused, and nothing is written" another_token_is_refused
run_case "the token of the content allows one install" the_token_allows_one_install
run_case "the token of what the disk held before does not allow a second one" the_token_is_used
