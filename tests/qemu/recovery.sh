#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# recovery.sh — proves that first-run, killed in random stages, it or its QEMU, never leaves a disk
# published that is not whole, that a full file system is reported, and that the next call succeeds.
# The guest is the smallest one. KILLS=N sets the number of kills, SEED=N chooses other stages.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"

KILLS=${KILLS:-2}
RANDOM=${SEED:-1}
STAGES=(start disks partition copy 'copy [3-5]' database activation bootloader verify)

INSTALL=(--size 2G --cores 1 --iso "$ISO" --key key.pub --direct
	--set manifest=file:///medium/guest-direct.json)

begin() {
	"$TOP/qemu/first-run" --disk guest.raw "${INSTALL[@]}" \
		>said 2>&1 </dev/null &
	tool=$!
}

# A disk with its final name is the same as after an undisturbed installation.
published_is_whole() {
	[[ $(mark_state guest.raw) == 2 ]]
	disk_is_clean guest.raw
	jq -e '.code == 0' guest.raw.verdict.json
}

# reached STAGE — the installer has reported the stage.
reached() {
	grep -aqs "^INSTALL_PROGRESS $1" guest.raw.log
}

no_qemu_is_left() {
	! pgrep -f "qemu-system.*$SCRATCH" >/dev/null
}

# kill_once tool|qemu STAGE — kills up to half a second after the stage began, and checks what is left.
kill_once() {
	local status=0 whom
	rm -f guest.raw.log
	begin
	await 200 reached "$2"
	whom=$tool
	[[ $1 == tool ]] || whom=$(pgrep -P "$tool" qemu-system || true)
	[[ ! $whom ]] || kill -KILL "$whom" || true
	wait "$tool" || status=$?
	await 20 no_qemu_is_left
	echo "$1 after $2: $status, $(find . -maxdepth 1 -name '*guest*' -printf '%f ')"
	case $status in
	0) published_is_whole ;;
	80) [[ $1 == qemu && ! -e guest.raw && ! -e .guest.raw.installing ]] ;;
	# One that was killed before it took its lock has made nothing.
	137) [[ $1 == tool && (-e .guest.raw.lock || ! -e .guest.raw.installing) ]] ;;
	*) cat said && return 1 ;;
	esac
	[[ ! -e guest.raw ]] || published_is_whole
	[[ $status == 0 ]] || echo "$1" >>killed
	rm -f guest.raw
}

kills_are_survived() {
	local number
	: >killed
	for ((number = 0; number < 3 * KILLS && $(wc -l <killed) < KILLS; number++)); do
		kill_once "$( ((number % 2)) && echo qemu || echo tool)" \
			"${STAGES[RANDOM % ${#STAGES[@]}]}"
	done
	[[ -s killed ]]
}

next_call_installs() {
	begin
	wait "$tool" || { cat said && return 1; }
	published_is_whole
	[[ ! $(find . -name '.guest*') && ! $(find "$TMPDIR" -mindepth 1) ]]
}

# The disk grows until the file system, which is this test's alone, is full.
full_host_is_85() {
	local status=0 namespace=(unshare --mount)
	((EUID == 0)) || namespace+=(--map-root-user)
	mkdir full
	# shellcheck disable=SC2016 # expanded by the inner shell
	"${namespace[@]}" bash -c 'mount -t tmpfs -o size=40M full full || exit 1
		"$@" || status=$?
		find full -mindepth 1 -printf "%f\n" >left
		exit "$status"' - "$TOP/qemu/first-run" --disk full/guest.qcow2 "${INSTALL[@]}" >said 2>&1 || status=$?
	cat said
	[[ $status == 85 && $(sort left | xargs) == 'guest.qcow2.log guest.qcow2.verdict.json' ]]
	grep -F 'no room on the host: a disk could not grow' said
}

cd "$SCRATCH"
mkdir tmp
export TMPDIR=$SCRATCH/tmp
unset RUNTIME_DIRECTORY XDG_RUNTIME_DIR
tool=
ssh-keygen -q -t ed25519 -N '' -C tester -f key
run_case "$KILLS kills are survived" kills_are_survived
run_case "a host without room is 85, and nothing stays" full_host_is_85
run_case "the next call installs and leaves nothing over" next_call_installs
