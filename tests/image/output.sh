#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# output.sh — proves that an image goes to a file, to standard output, to a blank block device or into
# qcow2 with the same content; and that a file, or a device with content, is never written to
#
# Modules: image/image_copy, image/image_output, image/image_file, image/image_folder, image/qemu_img, image_publish.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=image.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/image.lib.sh"

standard_output_has_the_same() {
	local options
	mapfile -t options < <(image_options direct)
	as_nobody "$GUEST_INSTALLER" image "${options[@]}" --size "$SIZE" --seed "$SEED" - 2>said |
		cmp - out/direct.img
	[[ $(tail -n 1 said) == INSTALL_SUCCESSFUL ]]
	nothing_is_left
}

a_closed_pipe_is_a_failure() {
	local options status=0
	mapfile -t options < <(image_options direct)
	as_nobody "$GUEST_INSTALLER" image "${options[@]}" --size "$SIZE" - 2>said | head -c 1000 >part || status=$?
	((status != 0))
	grep -E '^INSTALL_FAILED code=[0-9]+ .*standard output|^INSTALL_FAILED code=[0-9]+ .*write the image: Broken pipe' said
	nothing_is_left
}

qcow2_has_the_same() {
	made direct out/direct.qcow2 --size "$SIZE" --seed "$SEED"
	qemu-img info --output json out/direct.qcow2 | jq -e '.format == "qcow2"'
	qemu-img compare -f raw -F qcow2 out/direct.img out/direct.qcow2
	qemu-img check out/direct.qcow2
	sha256sum out/direct.qcow2 | grep -F "$(result image-sha256)"
	made direct out/again.qcow2 --size "$SIZE" --seed "$SEED"
	cmp out/direct.qcow2 out/again.qcow2
}

# PATH holds what a raw image needs.
without_qemu_img_the_fix_is_named() {
	mkdir -p few
	ln -sf "$(command -v env)" few/env
	PATH=$PWD/few:/nonexistent
	export PATH
	/usr/bin/setpriv --reuid=65534 --regid=65534 --clear-groups /usr/bin/env TMPDIR="$SCRATCH/tmp" PATH="$PATH" \
		"$GUEST_INSTALLER" image --manifest "$SCRATCH/direct.json" --cache "$CACHE" --key key.pub \
		--set trusted-keys=none --shrink out/none.qcow2 >said 2>&1 && return 1
	/usr/bin/grep -E '^INSTALL_FAILED code=2 .*qemu-img, which is not in PATH: install it' said
	[[ ! -e out/none.qcow2 ]]
}

# copy_to FOLDER — a copy of the image, by an ordinary user.
copy_to() {
	as_nobody "$GUEST_INSTALLER" image --from out/direct.img --key key.pub "$1/copy.img" >said 2>&1
}

# The kernel does not copy between file systems of two kinds.
a_copy_may_lie_in_another_file_system() {
	local offset=$((1 << 20))
	mkdir -p mnt other
	mount -t tmpfs -o mode=1777,size=200m tmpfs other
	copy_to other || { cat said && return 1; }
	e2fsck -fn "other/copy.img?offset=$offset"
	entries out/direct.img "$offset" mnt >expected
	entries other/copy.img "$offset" mnt | diff expected -
	(($(stat -c %b other/copy.img) * 512 < 100 << 20)) # holes stay holes
	umount other
}

# And without room no part of it stays.
a_full_file_system_is_named() {
	mount -t tmpfs -o mode=1777,size=20m tmpfs other
	if copy_to other; then return 1; fi
	grep -E '^INSTALL_FAILED code=40 .*No space left on device' said
	[[ ! $(ls -A other) ]]
	nothing_is_left
	umount other
}

attach_device() {
	truncate -s "$1" device.img
	device=$(losetup -f --show "${@:2}" device.img)
	at_exit detach_device
	chown 65534 "$device"
}

detach_device() {
	[[ ! ${device-} ]] || losetup -d "$device" || true
	device=
}

# An ordinary user who may write to the device; its size is the image's.
a_device_has_the_same() {
	refused 2 'has the size of the device: leave --size' direct "$device" --size 1G
	made direct "$device" --seed "$SEED"
	cmp "$device" out/direct.img
}

# The kernel would read the partition table of an image in other places.
larger_sectors_are_refused() {
	local device
	attach_device "$SIZE" -b 4096
	refused 10 'has sectors of 4096 bytes, and the partition table of an image is for sectors of 512' direct "$device"
	cmp -n 1048576 "$device" /dev/zero
	detach_device
}

a_device_with_content_is_kept() {
	local before
	before=$(sha256sum <device.img)
	refused 12 'has a partition table: .*wipe to force' direct "$device"
	[[ $(sha256sum <device.img) == "$before" ]]
	made direct "$device" --seed "$SEED" --set wipe=force
	cmp "$device" out/direct.img
}

what_is_killed_leaves_nothing() {
	local options started
	mapfile -t options < <(image_options direct)
	as_nobody "$GUEST_INSTALLER" image "${options[@]}" --size "$SIZE" --set timeout=1 --cache http://192.0.2.1/ \
		out/late.img >said 2>&1 &
	started=$!
	wait "$started" || true
	cat said
	grep -E '^INSTALL_FAILED code=' said
	[[ ! -e out/late.img ]]
	nothing_is_left
}

prepare_images
manifest_of direct
SIZE=1200M
run_case "a file is made" made direct out/direct.img --size "$SIZE" --seed "$SEED"
run_case "standard output has the same bytes" standard_output_has_the_same
run_case "a reader that ends early is a failure" a_closed_pipe_is_a_failure
run_case "qcow2 has the same content, and is the same each time" qcow2_has_the_same
run_case "without qemu-img, qcow2 is refused with the fix" without_qemu_img_the_fix_is_named
run_case "a copy may lie in another file system" a_copy_may_lie_in_another_file_system
run_case "a file system without room is named, and nothing stays in it" a_full_file_system_is_named
run_case "a block device with larger sectors is refused" larger_sectors_are_refused
rm -f device.img
attach_device "$SIZE"
run_case "a block device has the same bytes" a_device_has_the_same
run_case "a block device with content is refused untouched, unless it is to be wiped" a_device_with_content_is_kept
run_case "an attempt that does not end in time leaves nothing" what_is_killed_leaves_nothing
