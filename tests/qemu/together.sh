#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# together.sh — proves that several first-runs at once from one ISO install guests that accept the
# login of their owner, have recorded host keys and share no identity; by --direct, of three guests one by
# firmware, and one with --prove-boot; in 256 MiB of memory, with a swap partition. GUESTS=N sets the number of
# guests.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"

GUESTS=${GUESTS:-2}

# Of three guests the second boots before it is published, and the third starts by firmware.
install_all() {
	local number more pids=() failed=0
	for ((number = 1; number <= GUESTS; number++)); do
		more=()
		((number % 3 == 0)) || more+=(--direct)
		((number % 3 != 2)) || more+=(--prove-boot)
		"$TOP/qemu/first-run" --disk "guest$number.qcow2" --size 2G --cores 1 --iso "$ISO" --key key.pub \
			--memory 256M --set swap=200M "${more[@]}" >"guest$number.out" 2>&1 </dev/null &
		pids+=($!)
	done
	for number in "${!pids[@]}"; do
		wait "${pids[number]}" || { failed=1 && tail -n 20 "guest$((number + 1)).out"; }
	done
	((failed == 0))
}

both_channels_said_so() {
	local number
	for ((number = 1; number <= GUESTS; number++)); do
		jq -e '.code == 0 and .channels == {serial: "successful", port: "successful"}' \
			"guest$number.qcow2.verdict.json"
		((number % 3 != 2)) || jq -e '.proof.keys_accepted == 1' "guest$number.qcow2.verdict.json"
	done
}

swap_lies_behind_the_root() {
	qemu-img dd -f qcow2 -O raw bs=1M count=1 if=guest1.qcow2 of=table.raw
	truncate -s 2G table.raw
	sfdisk --json table.raw | tee table
	jq -e '.partitiontable.partitions | length == 4 and .[2].start == 514 * 2048 and
		.[3].start == .[2].start + .[2].size and .[3].size == 200 * 2048 and
		.[3].type == "0657FD6D-A4AB-43C4-84E5-0933C84B4F4F"' table
}

nothing_is_left_over() {
	[[ ! $(find . -name '.guest*') && ! $(find "$TMPDIR" -mindepth 1) ]]
}

identities_differ() {
	local name
	for name in .known_hosts .verdict.json; do
		(($(cat guest*.qcow2"$name" | grep -oE 'AAAA[A-Za-z0-9+/=]+|SHA256:[A-Za-z0-9+/]+' | sort -u | wc -l) >= GUESTS))
	done
	for name in ssh-host-key root-uuid; do
		jq -r ".results[] | select(.key == \"$name\").value" guest*.verdict.json | sort | tee values
		[[ -s values && ! $(uniq -d values) ]]
	done
}

# enter NUMBER — logs in, and accepts only the host key that was recorded.
enter() {
	local port
	port=$(sed -n 's/^ssh -p \([0-9]*\) .*/\1/p' "run$1.out")
	ssh -n -p "$port" -i key -F /dev/null -o IdentitiesOnly=yes -o BatchMode=yes -o LogLevel=ERROR \
		-o UserKnownHostsFile="guest$1.qcow2.known_hosts" -o StrictHostKeyChecking=yes \
		-o ConnectTimeout=6 root@127.0.0.1 "${@:2}" 2>"ssh$1"
}

# The first page of a swap area is its header.
swap_is_in_use() {
	enter "$1" 'cat /proc/swaps' | tee swaps
	grep -E "^/dev/vda4 +partition[[:space:]]+$((200 * 1024 - 4))[[:space:]]" swaps
}

# One after the other: emulated guests that boot at once would only slow each other down.
each_lets_its_owner_in() {
	local number
	for ((number = 1; number <= GUESTS; number++)); do
		((number % 3 != 2)) || continue # --prove-boot has logged in
		"${tied[@]}" "$TOP/qemu/run-guest" "guest$number.qcow2" --cores 1 --memory 256M --log "run$number.console" \
			>"run$number.out" 2>"run$number.messages" </dev/null &
		await 300 enter "$number" true || { tail -n 20 "ssh$number" "run$number".* && return 1; }
		enter "$number" 'cat /etc/ssh/ssh_host_ed25519_key.pub' | cut -d ' ' -f 2 >"seen$number"
		grep -qFf "seen$number" "guest$number.qcow2.known_hosts"
		swap_is_in_use "$number"
		end_child $!
	done
}

cd "$SCRATCH"
mkdir tmp
export TMPDIR=$SCRATCH/tmp
unset RUNTIME_DIRECTORY XDG_RUNTIME_DIR
ssh-keygen -q -t ed25519 -N '' -C tester -f key
run_case "$GUESTS first-runs at once install" install_all
enough
run_case "both channels said so" both_channels_said_so
run_case "the swap partition lies behind the root" swap_lies_behind_the_root
run_case "nothing is left over" nothing_is_left_over
run_case "no two have a host key or a UUID in common" identities_differ
run_case "each has its swap and lets its owner in, by the host key that was written down" each_lets_its_owner_in
