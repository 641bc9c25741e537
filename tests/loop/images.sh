#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# images.sh — proves that image files are installed on without a machine, for guests whose kernel the
# host starts; that the command verify reads them back and finds what is broken; that others are
# refused untouched; and that nothing stays attached, however it ends
#
# Modules: verify/host_boot, verify/pygrub_disk, format/disk_lock, format/target_mount, disk/loop_device,
# plan/candidates, verify_command, verify/installed_disk, verify/verify_request, verify/verify,
# verify/boot_loader, guest/boot_files, init/run_folder, install_steps, plan_command, target,
# format/disk_transaction.
# shellcheck disable=SC2016 # the inner shell expands what single quotes hold
# shellcheck source=tests/loop/effects.lib.sh
. "$(dirname "$0")/effects.lib.sh"
# shellcheck source=tests/fingerprint.lib.sh
. "$TOP/tests/fingerprint.lib.sh"

CACHE=$TOP/build/cache
GUEST_INSTALLER=$TOP/build/asan/guest-installer
export NIX_CONFIG='build-users-group =
experimental-features = nix-command'

# install OPTION… — with the sample's cache and the test's key; the output goes to the file `said`.
install_image() {
	"$GUEST_INSTALLER" install --cache "${cache:-$CACHE}" --key key.pub \
		--set "trusted-keys=$(sample_key)" \
		"$@" >said 2>&1
}

# wait_until COMMAND… — half a minute at most.
wait_until() {
	local try
	for ((try = 0; try < 600; try++)); do
		! "$@" || return 0
		sleep 0.05
	done
	echo "never: $*" && return 1
}

# new_image FILE [SIZE] — sparse, as truncate makes it.
new_image() {
	rm -f "$1"
	truncate -s "${2:-1600M}" "$1"
}

# refused CODE PATTERN OPTION… — with this code and sentence.
refused() {
	local code=$1 pattern=$2 status=0
	shift 2
	install_image "$@" || status=$?
	[[ $status == "$code" ]] && grep -Eq "^INSTALL_FAILED code=$code .*$pattern" said && return
	echo "status $status, expected $code:" && cat said && return 1
}

# is_blank FILE — not a byte of it was written.
is_blank() {
	[[ $(stat -c %b "$1") == 0 ]] && return
	echo "$1 was written to" && return 1
}

# nothing_attached FILE… — neither by a loop device nor by a mount.
nothing_attached() {
	local name
	for name; do
		losetup -j "$name" | tee attached
		[[ ! -s attached ]]
	done
	if grep -F "$PWD" /proc/*/mountinfo 2>/dev/null; then return 1; fi
}

# attach_root IMAGE OFFSET FOLDER — mounts a copy's file system where Nix may look at it.
attach_root() {
	mkdir -p "$3"
	mount -o "loop,offset=$2" "$1" "$3"
}

detach_roots() {
	while umount "$SCRATCH/mnt" 2>/dev/null; do :; done
}
at_exit detach_roots

direct_is_installed() {
	need_root
	new_image nixos.img
	echo '{ }' >configuration.nix
	echo 'https://nixos.org/channels/nixos-unstable nixos' >channels
	install_image --disk nixos.img --layout direct --manifest "$TOP/build/guest-direct.json" \
		--file /etc/nixos/configuration.nix=configuration.nix --file /root/.nix-channels=channels ||
		{ cat said && return 1; }
	[[ $(tail -n 1 said) == INSTALL_SUCCESSFUL ]]
	sfdisk --json nixos.img | tee table
	jq -e '.partitiontable | .label == "dos" and (.partitions | length == 1)' table
	[[ $(blkid -p -O 1048576 -o value -s LABEL nixos.img) == NIXOS ]]
	e2fsck -fn 'nixos.img?offset=1048576'
	nothing_attached nixos.img
}

further_files_are_there() {
	need_root
	debugfs -R 'stat /etc/nixos/configuration.nix' 'nixos.img?offset=1048576' | tee found
	grep -E 'Type: regular .*Mode: +0644' found
	grep -E 'User: +0 +Group: +0' found
	debugfs -R 'cat /root/.nix-channels' 'nixos.img?offset=1048576' | cmp - channels
	debugfs -R 'cat /root/.ssh/authorized_keys' 'nixos.img?offset=1048576' | cmp - key.pub
}

store_is_whole() {
	need_root
	cp --sparse=always nixos.img copy.img
	attach_root copy.img 1048576 mnt
	nix-store --store "$PWD/mnt" --verify --check-contents 2>&1 | tee verified
	if grep -E 'missing|modified|error' verified; then return 1; fi
	[[ $(nix-store --store "$PWD/mnt" -qR "$(readlink -f "$TOP/build/sample-direct")" | sort) == "$(nix-store -qR "$TOP/build/sample-direct" | sort)" ]]
	umount mnt
	rm copy.img
}

# The command verify accepts the image and writes nothing to it.
an_installed_image_verifies() {
	need_root
	local before
	before=$(fingerprint nixos.img)
	"$GUEST_INSTALLER" verify nixos.img 2>&1 | tee verified
	grep -Fx "system: $(readlink -f "$TOP/build/sample-direct")" verified
	grep -Fx 'layout: direct' verified
	[[ $(fingerprint nixos.img) == "$before" ]]
	nothing_attached nixos.img
}

an_image_that_is_not_raw_does_not_verify() {
	need_root
	local status=0
	qemu-img create -q -f qcow2 other.qcow2 1G
	"$GUEST_INSTALLER" verify other.qcow2 2>said || status=$?
	cat said
	[[ $status == 2 ]]
	grep -F 'it is no raw image: convert it with qemu-img convert -O raw' said
}

# broken SENTENCE COMMAND… — with this done to a copy of the image, mounted in mnt, verify ends with 41
# and this sentence.
broken() {
	local sentence=$1 status=0
	shift
	cp --sparse=always nixos.img copy.img
	attach_root copy.img 1048576 mnt
	"$@"
	umount mnt
	"$GUEST_INSTALLER" verify copy.img >verified 2>&1 || status=$?
	cat verified
	[[ $status == 41 ]]
	grep -E "^guest-installer: .*$sentence" verified
	nothing_attached copy.img
	rm copy.img
}

# store_file NAME — a file of the installed system below mnt.
store_file() {
	readlink -m "mnt$(readlink -f "$TOP/build/sample-direct/$1")"
}

# set_boot_options SED — edits boot.json, where the host finds the kernel's options.
set_boot_options() {
	sed -i "$1" "$(store_file boot.json)"
}

broken_images_do_not_verify() {
	need_root
	broken 'initrd .* is empty' truncate -s 0 "$(store_file initrd)"
	broken 'is not a kernel' cp key.pub "$(store_file kernel)"
	broken 'is not a kernel for aarch64' sh -c 'printf aarch64-linux >"$1"' - "$(store_file system)"
	broken 'says "z80", which is no platform' sh -c 'printf z80 >"$1"' - "$(store_file system)"
	broken 'init is not executable' chmod 0444 "$(store_file init)"
	broken 'mounts / from LABEL=other, which is not on this disk' \
		sh -c 'echo "LABEL=other / ext4" >"$1"' - "$(store_file etc/fstab)"
	broken 'hides the SSH keys in /root/.ssh/authorized_keys' \
		sh -c 'echo "tmpfs /root tmpfs" >>"$1"' - "$(store_file etc/fstab)"
	broken 'root=LABEL=other' set_boot_options 's,root=LABEL=NIXOS,root=LABEL=other,'
	broken 'last init= .* is /bin/false' set_boot_options 's#"root=LABEL=NIXOS"#&,"init=/bin/false"#'
	broken '/nix/var/nix/profiles/system' rm mnt/nix/var/nix/profiles/system
	broken 'authorized_keys has mode' chmod 0666 mnt/root/.ssh/authorized_keys
}

what_is_no_guest_does_not_verify() {
	need_root
	local status=0
	truncate -s 10M empty.img
	"$GUEST_INSTALLER" verify empty.img >verified 2>&1 || status=$?
	cat verified
	[[ $status == 2 ]]
	grep -F 'empty.img holds no guest in a layout that guest-installer makes' verified
}

an_installed_image_is_refused() {
	need_root
	local before
	before=$(fingerprint nixos.img)
	refused 13 'image is already installed' --disk nixos.img --layout direct \
		--manifest "$TOP/build/guest-direct.json"
	[[ $(fingerprint nixos.img) == "$before" ]]
}

pair_is_installed() {
	need_root
	new_image root.img
	new_image boot.img 64M
	install_image --disk root.img --boot-disk boot.img --manifest "$TOP/build/guest-pygrub.json" ||
		{ cat said && return 1; }
	e2fsck -fn root.img
	e2fsck -fn boot.img
	[[ $(blkid -p -o value -s LABEL root.img) == NIXROOT ]]
	[[ $(blkid -p -o value -s LABEL boot.img) == NIXBOOT ]]
	nothing_attached root.img boot.img
	"$GUEST_INSTALLER" verify --boot-disk boot.img root.img | tee verified
	grep -Fx 'layout: pygrub' verified
}

menu_is_written_without_grub() {
	need_root
	new_image root.img
	new_image boot.img 64M
	install_image --disk root.img --boot-disk boot.img --layout pygrub --set root-label=NIXOS \
		--system "$TOP/build/sample-direct" || { cat said && return 1; }
	debugfs -R 'cat /grub/grub.cfg' boot.img | tee menu
	grep -E "^  linux /kernels/[^ ]+ init=$(readlink -f "$TOP/build/sample-direct")/init " menu
	debugfs -R "dump $(sed -n 's/^  initrd //p' menu) initrd" boot.img
	cmp initrd "$TOP/build/sample-direct/initrd"
}

boot_loaders_need_a_machine() {
	need_root
	new_image nixos.img
	refused 2 'image file.* start one from the installer.s ISO' --disk nixos.img \
		--manifest "$TOP/build/guest.json"
	refused 2 'image file.* start one from the installer.s ISO' --disk nixos.img \
		--manifest "$TOP/build/guest-bios.json"
	is_blank nixos.img
}

other_images_are_refused() {
	need_root
	local direct=(--layout direct --manifest "$TOP/build/guest-direct.json")
	new_image nixos.img 512M
	refused 14 'too small' --disk nixos.img "${direct[@]}"
	is_blank nixos.img
	new_image nixos.img
	mkfs.ext4 -q -L precious nixos.img
	refused 12 'ext4 file system labelled precious' --disk nixos.img "${direct[@]}"
	new_image nixos.img
	new_image boot.img 64M
	mkfs.ext4 -q boot.img
	refused 12 'boot.img .*ext4' --disk nixos.img --boot-disk boot.img \
		--manifest "$TOP/build/guest-pygrub.json"
	is_blank nixos.img
	refused 2 'are one' --disk nixos.img --boot-disk nixos.img \
		--manifest "$TOP/build/guest-pygrub.json"
	is_blank nixos.img
	if install_image --disk missing.img "${direct[@]}"; then return 1; fi
	grep -F 'missing.img: No such file or directory' said
}

# An image that is in use: a loop device, another installer, a QEMU.
busy_images_are_refused() {
	need_root
	local direct=(--disk nixos.img --layout direct --manifest "$TOP/build/guest-direct.json") device holder
	new_image nixos.img
	device=$(attach nixos.img)
	refused 10 "held by ${device##*/}" "${direct[@]}"
	losetup -d "$device"
	ln nixos.img alias.img
	device=$(attach alias.img)
	refused 10 "held by ${device##*/}" "${direct[@]}"
	is_blank nixos.img
	losetup -d "$device"
	exec 7<nixos.img
	flock 7
	refused 10 'in use by another program' "${direct[@]}"
	exec 7<&-
	new_image boot.img 64M
	exec 7<boot.img
	flock 7
	refused 10 'boot.img is in use' --disk nixos.img --boot-disk boot.img \
		--manifest "$TOP/build/guest-pygrub.json"
	is_blank nixos.img
	exec 7<&-
	mkfifo control
	qemu-system-x86_64 -accel tcg -S -nodefaults -display none -monitor stdio \
		-drive file=nixos.img,format=raw,if=virtio <control >held 2>&1 &
	holder=$!
	exec 6>control
	wait_until grep -q QEMU held
	refused 10 'in use by another program' "${direct[@]}"
	echo quit >&6
	exec 6>&-
	wait "$holder"
	is_blank nixos.img
}

# What came onto an image while the keys were read, after it had been found blank, is kept.
changed_images_are_refused() {
	need_root
	local started status=0 before
	new_image nixos.img
	mkfifo late.pub
	install_image --disk nixos.img --layout direct --manifest "$TOP/build/guest-direct.json" \
		--key late.pub &
	started=$!
	exec 8>late.pub
	mkfs.ext4 -q -L precious nixos.img
	before=$(fingerprint nixos.img)
	cat key.pub >&8
	exec 8>&-
	wait "$started" || status=$?
	tail -n 1 said
	[[ $status == 12 ]]
	grep -E '^INSTALL_FAILED code=12 .*nixos.img is not what it was' said
	[[ $(fingerprint nixos.img) == "$before" ]]
}

DIRECT=(--disk nixos.img --layout direct --manifest "$TOP/build/guest-direct.json")

is_locked() { grep -q ":$(stat -c %i nixos.img) " /proc/locks; }
is_attached() { [[ $(losetup -j nixos.img) ]]; }
is_detached() { ! is_attached; }

# changed_meanwhile PATTERN WHEN COMMAND… — fails with this sentence if the command is run while the
# image is locked or attached.
changed_meanwhile() {
	need_root
	local pattern=$1 when=$2 started status=0
	shift 2
	new_image nixos.img
	install_image "${DIRECT[@]}" &
	started=$!
	wait_until "$when" || { cat said && return 1; }
	"$@"
	wait "$started" || status=$?
	tail -n 1 said
	((status != 0))
	grep -E "^INSTALL_FAILED code=$status .*nixos.img $pattern" said
	nothing_attached nixos.img
}

put_other_in_place() {
	new_image other.img
	mv other.img nixos.img
}

replaced_images_are_not_written() {
	local when
	for when in is_locked is_attached; do
		changed_meanwhile 'was replaced' "$when" put_other_in_place
		is_blank nixos.img
	done
}

removed_images_fail() {
	changed_meanwhile 'was removed' is_attached rm nixos.img
}

resized_images_fail() {
	changed_meanwhile 'had .* bytes when it was chosen' is_attached truncate -s 2G nixos.img
	changed_meanwhile 'had .* bytes when it was chosen' is_attached truncate -s 1G nixos.img
}

# cut_short — leaves an install of ours unfinished on nixos.img, whose table has been taken off again.
cut_short() {
	local started
	new_image nixos.img
	: >said
	install_image "${DIRECT[@]}" &
	started=$!
	wait_until grep -q '^INSTALL_PROGRESS format' said || { cat said && return 1; }
	pkill -KILL -P "$started" || true
	wait "$started" && return 1
	wait_until is_detached
}

# partition_by_hand OFFSET — with our own label and data, and the old mark still at 1 MiB.
partition_by_hand() {
	mke2fs -Fqt ext4 -L NIXOS -E "offset=$1" -d "$TOP/tests/loop" nixos.img 1000M
	cmp -n 15 -i 1048576:0 nixos.img <(printf guest-installer)
}

unfinished_marks_guard_no_data() {
	need_root
	local before
	cut_short
	sfdisk -q nixos.img <<<$'label: dos\n4096,,83'
	partition_by_hand 2097152
	before=$(fingerprint nixos.img)
	refused 12 'holds a partition table .* labelled NIXOS' "${DIRECT[@]}"
	[[ $(fingerprint nixos.img) == "$before" ]]
	# The same after its first sector was lost.
	dd if=/dev/zero of=nixos.img bs=512 count=1 conv=notrunc status=none
	before=$(fingerprint nixos.img)
	refused 12 'holds an unfinished install of another' "${DIRECT[@]}"
	[[ $(fingerprint nixos.img) == "$before" ]]
}

new_file_systems_on_unfinished_installs_are_refused() {
	need_root
	local before
	cut_short
	cp --sparse=always nixos.img kept.img
	# mke2fs leaves the boot block alone only inside of a partition.
	dd if=nixos.img of=mark bs=1k skip=1024 count=1 status=none
	mke2fs -Fqt ext4 -L NIXOS -E offset=1048576 -d "$TOP/tests/loop" nixos.img 1000M
	dd if=mark of=nixos.img bs=1k seek=1024 conv=notrunc status=none
	before=$(fingerprint nixos.img)
	refused 12 'unfinished install of another' "${DIRECT[@]}"
	[[ $(fingerprint nixos.img) == "$before" ]]
	mv kept.img nixos.img
	install_image "${DIRECT[@]}" || { cat said && return 1; }
}

# holds_mount PID — the process, or a child of it, has the file system hostfs/inner mounted. Other
# processes may: a test that runs beside this one has a copy of all mounts.
holds_mount() {
	local process
	for process in "$1" $(pgrep -P "$1"); do
		! grep -s "$PWD/hostfs/inner" "/proc/$process/mountinfo" || return 0
	done
	return 1
}

# The host unmounts a file system that was mounted before the install began. The mount above it is
# shared, as a running host's are.
host_can_unmount_meanwhile() {
	need_root
	local started installer
	new_image nixos.img
	mkdir -p hostfs
	mount -t tmpfs host hostfs
	mount --make-shared hostfs
	mkdir hostfs/inner
	mount -t tmpfs host hostfs/inner
	rm -f late.pub
	mkfifo late.pub
	install_image "${DIRECT[@]}" --key late.pub &
	started=$!
	exec 8>late.pub
	installer=$(pgrep -P "$started")
	holds_mount "$installer"
	umount hostfs/inner
	if holds_mount "$installer"; then return 1; fi
	cat key.pub >&8
	exec 8>&-
	wait "$started" || { cat said && return 1; }
	umount hostfs
}

both_attached() { [[ $(losetup -j root.img) && $(losetup -j boot.img) ]]; }
none_attached() { [[ ! $(losetup -j root.img)$(losetup -j boot.img) ]]; }

# interrupted SIGNAL — while the store is copied.
interrupted() {
	need_root
	local signal=$1 started
	new_image root.img
	new_image boot.img 64M
	install_image --disk root.img --boot-disk boot.img --manifest "$TOP/build/guest-pygrub.json" &
	started=$!
	wait_until both_attached || { cat said && return 1; }
	pkill -"$signal" -P "$started" || true
	wait "$started" && return 1
	wait_until none_attached
	nothing_attached root.img boot.img
	install_image --disk root.img --boot-disk boot.img --manifest "$TOP/build/guest-pygrub.json" ||
		{ cat said && return 1; }
	nothing_attached root.img boot.img
}

# A store path that is not what its signature says: after the boot disk got its file system.
failure_leaves_nothing_to_boot() {
	need_root
	local cache=$PWD/broken kernel nar
	cp -r "$CACHE" "$cache"
	kernel=$(readlink -f "$TOP/build/sample-pygrub/kernel")
	kernel=${kernel#/nix/store/}
	nar=$cache/$(sed -n 's/^URL: //p' "$cache/${kernel%%-*}.narinfo")
	printf X | dd of="$nar" bs=1 seek=3000000 conv=notrunc status=none
	new_image root.img
	new_image boot.img 64M
	if install_image --disk root.img --boot-disk boot.img \
		--manifest "$TOP/build/guest-pygrub.json"; then return 1; fi
	tail -n 1 said
	[[ -z $(blkid -p -o value -s TYPE boot.img) ]]
	cmp -n 15 boot.img <(printf guest-installer)
	rm -rf "$cache"
	unset cache
	install_image --disk root.img --boot-disk boot.img --manifest "$TOP/build/guest-pygrub.json" ||
		{ cat said && return 1; }
}

((UID)) || "$TOP/iso/make-cache"
cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
run_case "an image file with a table is installed by one command" direct_is_installed
run_case "further files, channels and keys are in it" further_files_are_there
run_case "Nix finds its store whole" store_is_whole
run_case "the command verify reads it back" an_installed_image_verifies
run_case "verify names an image that is not raw" an_image_that_is_not_raw_does_not_verify
run_case "what is broken in it ends verify with 41 and a sentence" broken_images_do_not_verify
run_case "what holds no guest is refused" what_is_no_guest_does_not_verify
run_case "a second time it is refused" an_installed_image_is_refused
run_case "two image files are installed for pygrub" pair_is_installed
run_case "a system without GRUB and manifest gets a menu" menu_is_written_without_grub
run_case "layouts with a boot loader are refused with the way out" boot_loaders_need_a_machine
run_case "small ones, others' and missing ones are refused" other_images_are_refused
run_case "those that somebody works on are refused" busy_images_are_refused
run_case "one that changes after it was judged is refused" changed_images_are_refused
for signal in INT TERM KILL; do
	run_case "ended by $signal nothing stays attached, and the next run takes them" interrupted "$signal"
done
run_case "one that another file replaces meanwhile is refused, and the other is not written" replaced_images_are_not_written
run_case "one that is removed meanwhile is refused" removed_images_fail
run_case "one that is truncated or extended meanwhile is refused" resized_images_fail
run_case "an unfinished install that was partitioned by hand since is refused untouched" unfinished_marks_guard_no_data
run_case "an unfinished install with another file system in its place is refused untouched" new_file_systems_on_unfinished_installs_are_refused
run_case "the host can unmount its file systems meanwhile" host_can_unmount_meanwhile
run_case "a failed one leaves no boot file system, and the next run takes it" failure_leaves_nothing_to_boot
