# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the test files
# tests/engines/engines.lib.sh — machines of the shapes that engines give them (tests/engines/shapes)
#
# Source it after tests/qemu/machine.lib.sh, installed.lib.sh and page.lib.sh. A shape is QEMU arguments on one line. They use the
# drives "disk" and "iso", and "seed" for cloud-init's data. Its first lines are comments: where the shape comes
# from, "firmware: uefi", and "keys: cidata" or "keys: config-2" if the owner's key is on the seed.

# shape NAME — leaves the arguments of the shape in `shape`, and its comments in `about`.
shape() {
	about=$(grep '^#' "$TOP/tests/engines/shapes/$1")
	mapfile -t shape < <(grep -v '^#' "$TOP/tests/engines/shapes/$1" | xargs printf '%s\n')
}

# drives DISK — the arguments for the drives of a shape.
drives() {
	printf '%s\n' -drive "if=none,id=disk,format=raw,file=$(qemu_quote "$1")$(past_the_page_cache)" \
		-drive "if=none,id=iso,media=cdrom,format=raw,readonly=on,file=$(qemu_quote "$ISO")"
}

# with_key — the arguments by which the owner's key arrives: on the seed that the shape names, or as systemd's
# credential (systemd.system-credentials(7)).
with_key() {
	local key
	key=$(cat "$SCRATCH/key.pub")
	mkdir -p seed/openstack/latest
	case $about in
	*'keys: cidata'*)
		echo 'instance-id: shape' >seed/meta-data
		printf '#cloud-config\nssh_authorized_keys: ["%s"]\n' "$key" >seed/user-data
		seed_drive cidata
		;;
	*'keys: config-2'*)
		jq -n --arg key "$key" '{uuid: "u", public_keys: {me: $key}}' >seed/openstack/latest/meta_data.json
		seed_drive config-2
		;;
	*) printf '%s\n' -smbios "type=11,value=io.systemd.credential:ssh.authorized_keys.root=$key" ;;
	esac
}

# seed_drive LABEL — the files of the folder `seed` as the drive "seed", by the command of docs/engines/README.md.
seed_drive() {
	block docs/engines/README.md 'A cidata drive' | sed -n "s/-V cidata/-V $1/p" >seed.commands
	bash -eu seed.commands 2>seed.messages
	# A disk for ATA cannot be read-only.
	printf '%s\n' -drive if=none,id=seed,format=raw,file=seed.iso
}

# with_firmware — the arguments for the shape's firmware. Its variables are those of the last start.
with_firmware() {
	[[ $about != *'firmware: uefi'* ]] || uefi_drives keep
}

# run_shape CONSOLE SHAPE DISK [QEMU ARGUMENT]… — the installer from its kernel on, in a machine of this shape.
run_shape() {
	local console=$1 about shape arguments
	shape "$2"
	mapfile -t arguments < <(drives "$3" && with_key)
	run_machine "$console" 300 -kernel "$boot/vmlinux" -initrd "$boot/initrd.img" \
		-append "$(cat "$boot/command-line") mitigations=off ${more-}" "${shape[@]}" "${arguments[@]}" "${@:4}"
}

# start_shape SHAPE DISK — starts the machine with its firmware and the ISO attached; in_guest logs in. Do not
# call it in run_case: the guest would end with the subshell.
start_shape() {
	local about shape arguments port
	shape "$1"
	port=$(free_ports 1)
	mapfile -t arguments < <(drives "$2" && with_key && with_firmware)
	printf 'ssh -p %s root@127.0.0.1\n' "$port" >"$SCRATCH/guest.out"
	rm -f "$SCRATCH/channel" "$SCRATCH/known_hosts"
	"${tied[@]}" qemu-system-x86_64 -accel "$ACCEL" -cpu "$(processor)" -m 512 -display none -no-reboot \
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

# Words of the ISO's command line by which an emulated kernel starts in half the time.
FASTER='cryptomgr.notests initcall_blacklist=crypto_kdf108_init init_on_alloc=0 mitigations=off'

# run_microvm CONSOLE [QEMU ARGUMENT]… — as run_machine, without its PCI devices and its serial port.
run_microvm() {
	status=0
	"${tied[@]}" "$TOP/tests/patient" 300 "${tied[@]}" qemu-system-x86_64 -accel "$ACCEL" -cpu "$(processor)" -m 512 \
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

# installs_by_firmware SHAPE NAME — as installs, but the machine starts as its engine starts it: nothing boots from
# the disk, so the firmware boots the ISO.
installs_by_firmware() {
	local about shape arguments
	rm -f disk vars.fd
	truncate -s 2G disk
	shape "$1"
	mapfile -t arguments < <(drives disk && with_key && with_firmware)
	run_machine console 400 "${shape[@]}" "${arguments[@]}"
	is_installed disk "$2"
}

# lets_its_owner_in PARTITION — the guest that start_shape has started boots from that partition.
lets_its_owner_in() {
	guest_lets_in
	[[ $(in_guest 'findmnt -no SOURCE /') == "$1" ]]
}

# long_shape SHAPE NAME SENTENCE — SENTENCE names the machine: it installs, and the same machine with the ISO still
# attached boots the guest, which lets its owner in. NAME is the disk there. Only with LONG=1.
long_shape() {
	[[ ${LONG-} ]] || return 0
	run_case "$3 installs by its firmware" installs_by_firmware "$1" "$2"
	start_shape "$1" disk
	run_case "$3 boots the guest with the ISO attached, and lets its owner in" lets_its_owner_in "/dev/${2}3"
	end_guest
}
