# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the test file
# tests/qemu/start.lib.sh — starts of an installed guest with the ISO attached
#
# Source it after machine.lib.sh.

UP='Server listening on 0.0.0.0'
further=() # more of QEMU's arguments for start_until
IF_INSTALLED=(-smbios 'type=11,value=org.guest-installer:if-installed=boot')

# start_arguments — QEMU's arguments for the disk `disk` (disk.raw) and if-installed=boot.
start_arguments() {
	mapfile -t arguments < <(disk "${disk:-disk.raw}")
	arguments+=("${IF_INSTALLED[@]}")
}

# start_once CONSOLE [WORDS] — the ISO from its kernel on, with further words of its command line, until the
# machine has ended.
start_once() {
	local arguments more=${2-}
	start_arguments
	run_installer "$1" "${arguments[@]}"
}

# start_until CONSOLE WORDS CHECK… — the same until the command CHECK succeeds; then the machine loses its
# power.
start_until() {
	local console=$1 more=$2 arguments machine
	shift 2
	start_arguments
	: >"$console"
	seconds=600 run_installer "$console" "${arguments[@]}" "${further[@]}" &
	machine=$!
	lose_power "$console" "$machine" "$@"
}

# lose_power CONSOLE PID CHECK… — ends the machine when CHECK has succeeded, which has to be before it ends.
lose_power() {
	local console=$1 machine=$2 reached=0
	shift 2
	await 300 is_reached_or_ended "$machine" "$@" || true
	"$@" || reached=$?
	end_child "$machine"
	((reached == 0)) && return
	echo "this was not reached: $*" && cat "$console" && return 1
}

is_reached_or_ended() {
	"${@:2}" || ! kill -0 "$1" 2>/dev/null
}

# says CONSOLE PATTERN
says() {
	grep -aqE "$2" "$1"
}

# mounts IMAGE OFFSET — how often the file system there was mounted for writing.
mounts() {
	dumpe2fs -h "$1?offset=$2" 2>/dev/null | sed -n 's/^Mount count: *//p'
}

# has_mounted IMAGE OFFSET COUNT — a guest has mounted it since then.
has_mounted() {
	local now
	now=$(mounts "$1" "$2")
	[[ $now ]] && ((now > $3))
}

# expect_start CONSOLE WAY — the result start is WAY.
expect_start() {
	[[ $(result "$1" start) == "start=$2" ]] && return
	echo "the start is not $2:" && cat "$1" && return 1
}

# mark_start IMAGE — the start in the install mark (installer/disk/install_mark.h).
mark_start() {
	od -An -tu4 -j "$(($(root_offset "$1") + 512))" -N 4 "$1" | tr -d " "
}

# firmware_machine FIRMWARE ORDER CONSOLE SECONDS [QEMU ARGUMENT]… — disk.raw and the ISO, in the order "cd"
# (the disk first) or "dc".
firmware_machine() {
	local order=$2 console=$3 seconds=$4 first=1 second=2 files=()
	[[ $order == cd ]] || { first=2 && second=1; }
	[[ $1 != uefi ]] || mapfile -t files < <(uefi_drives fresh)
	run_machine "$console" "$seconds" "${files[@]}" \
		-drive if=none,id=disk,file=disk.raw,format=raw -device "virtio-blk-pci,drive=disk,bootindex=$first" \
		-drive "if=none,id=iso,media=cdrom,format=raw,readonly=on,file=$(qemu_quote "$ISO")" \
		-device "ide-cd,drive=iso,bootindex=$second" "${@:5}"
}

# has_started COUNT CONSOLE PID — the guest has come up so often, or the machine has ended.
has_started() {
	(($(grep -ac "$UP" "$2") >= $1)) || ! kill -0 "$3" 2>/dev/null
}

# cdrom_first FIRMWARE — one machine is reset four times; the ISO starts its guest each time.
cdrom_first() {
	local machine count
	rm -f disk.raw
	"$TOP/qemu/first-run" --disk disk.raw --size 2G --cores 1 --iso "$ISO" --key key.pub --direct
	: >console
	# The last -action counts: a reset ends no machine.
	firmware_machine "$1" dc console 1500 "${IF_INSTALLED[@]}" -action reboot=reset \
		-monitor unix:monitor,server,nowait &
	machine=$!
	for count in 1 2 3 4 5; do
		await 400 has_started "$count" console "$machine" || break
		((count == 5)) || echo system_reset | timeout 5 socat - UNIX-CONNECT:monitor || break
	done
	end_child "$machine"
	[[ $(tr -d '\r' <console | grep -acx 'INSTALL_RESULT start=kexec') == 5 ]] &&
		(($(grep -ac "$UP" console) == 5)) && return
	cat console && return 1
}

# disk_first FIRMWARE — an install that is cut, the one that finishes it, and two starts of the guest, which may
# print the verdict.
disk_first() {
	local arguments
	rm -f disk.raw
	truncate -s 2G disk.raw
	rm -rf keys
	give_keys
	mapfile -t arguments < <(key_drive keys)
	: >cut.console
	firmware_machine "$1" cd cut.console 600 "${arguments[@]}" &
	lose_power cut.console $! says cut.console '^INSTALL_PROGRESS (copy|database)'
	firmware_machine "$1" cd console 600 "${arguments[@]}"
	expect_verdict console INSTALL_SUCCESSFUL
	grep -a 'unfinished install of ours' console
	for console in first second; do
		: >"$console"
		firmware_machine "$1" cd "$console" 600 "${arguments[@]}" &
		lose_power "$console" $! says "$console" "$UP"
		if grep -a '^INSTALL_PROGRESS' "$console"; then return 1; fi
	done
}
