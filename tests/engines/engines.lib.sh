# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the test files
# tests/engines/engines.lib.sh — machines of the shapes that engines give them (tests/engines/shapes)
#
# Source it after tests/qemu/machine.lib.sh and installed.lib.sh. A shape is QEMU arguments on one line. They use the drives
# "disk" and "iso".

# shape NAME — leaves the arguments of the shape in `shape`.
shape() {
	mapfile -t shape < <(grep -v '^#' "$TOP/tests/engines/shapes/$1" | xargs printf '%s\n')
}

# drives DISK — the arguments for the drives of a shape.
drives() {
	printf '%s\n' -drive "if=none,id=disk,format=raw,file=$(qemu_quote "$1")$(past_the_page_cache)" \
		-drive "if=none,id=iso,media=cdrom,format=raw,readonly=on,file=$(qemu_quote "$ISO")"
}

# with_key — the arguments by which the owner's key arrives (systemd's credential; systemd.system-credentials(7)).
with_key() {
	printf '%s\n' -smbios "type=11,value=io.systemd.credential:ssh.authorized_keys.root=$(cat "$SCRATCH/key.pub")"
}

# run_shape CONSOLE SHAPE DISK [QEMU ARGUMENT]… — the installer from its kernel on, in a machine of this shape.
run_shape() {
	local console=$1 shape arguments
	shape "$2"
	mapfile -t arguments < <(drives "$3" && with_key)
	run_machine "$console" 300 -kernel "$boot/vmlinux" -initrd "$boot/initrd.img" \
		-append "$(cat "$boot/command-line") mitigations=off ${more-}" "${shape[@]}" "${arguments[@]}" "${@:4}"
}

# start_shape SHAPE DISK — starts the machine with its firmware and the ISO attached; in_guest logs in. Do not
# call it in run_case: the guest would end with the subshell.
start_shape() {
	local shape arguments port
	shape "$1"
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	mapfile -t arguments < <(drives "$2")
	printf 'ssh -p %s root@127.0.0.1\n' "$port" >"$SCRATCH/guest.out"
	rm -f "$SCRATCH/channel"
	"${tied[@]}" qemu-system-x86_64 -accel "$ACCEL" -cpu max -m 512 -display none -no-reboot \
		-device virtio-rng-pci -nic "user,model=virtio,hostfwd=tcp:127.0.0.1:$port-:22" \
		-serial "file:$SCRATCH/guest.console" "${shape[@]}" "${arguments[@]}" \
		</dev/null >"$SCRATCH/guest.messages" 2>&1 &
	guest=$!
}

# clock_of_emulation — the kernel's words for a microvm without KVM. With ACPI it has no timer but the one of
# the processor, and its rate is known under KVM alone; the kernel would wait for the first tick for ever.
clock_of_emulation() {
	[[ $ACCEL == kvm ]] || awk '/^cpu MHz/ { printf "tsc_early_khz=%d\n", $4 * 1000; exit }' /proc/cpuinfo
}

# run_microvm CONSOLE [QEMU ARGUMENT]… — as run_machine, without its PCI devices and its serial port.
run_microvm() {
	status=0
	"${tied[@]}" "$TOP/tests/patient" 300 "${tied[@]}" qemu-system-x86_64 -accel "$ACCEL" -cpu max -m 512 \
		-display none -no-reboot -nic none -nodefaults -chardev stdio,id=console \
		-kernel "$boot/vmlinuz" -initrd "$boot/initrd.img" "${@:2}" \
		</dev/null >"$1" 2>"$1.messages" || status=$?
}

# is_installed DISK NAME — the disk has the installed mark and a sound root file system; it was NAME in the machine.
is_installed() {
	expect_verdict console INSTALL_SUCCESSFUL
	[[ $(result console disk) == "disk=/dev/$2" ]]
	disk_is_clean "$1"
	[[ $(mark_state "$1") == 2 ]]
}

# installs SHAPE NAME — on a blank disk, which is NAME there.
installs() {
	rm -f disk
	truncate -s 2G disk
	run_shape console "$1" disk
	is_installed disk "$2"
}
