#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# clone.sh — proves that the copy of an image is another guest: with identifiers, keys and host keys of its
# own, sound file systems and the same store; that no earlier user may log in to it; and that an image which
# must not be copied so is refused
#
# Modules: clone_image, image_publish, image/image_copy, image/image_guest, image/image_identity,
# image/image_owner, image/image_old_keys, image/qemu_img, ext4/ext4_identity, ext4/ext4_remove,
# input/host_key_make.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=image.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/image.lib.sh"
# shellcheck source=clone.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/clone.lib.sh"
# shellcheck source=../fingerprint.lib.sh
source "$TOP/tests/fingerprint.lib.sh"

# clone FROM OUTPUT OPTION… — by an ordinary user, for the key second.pub.
clone() {
	as_nobody "$GUEST_INSTALLER" image --from "$1" --key second.pub "${@:3}" "$2" >said 2>&1
}

cloned() {
	clone "$@" || { cat said && return 1; }
	[[ $(tail -n 1 said) == INSTALL_SUCCESSFUL ]]
	nothing_is_left
}

# clone_refused CODE PATTERN FROM OPTION… — and no output appears.
clone_refused() {
	local status=0
	clone "$3" out/refused.img "${@:4}" || status=$?
	if ((status != $1)) || ! grep -E "^INSTALL_FAILED code=$1 .*$2" said; then
		echo "status $status, expected $1: $2" && cat said && return 1
	fi
	[[ ! -e out/refused.img ]]
	nothing_is_left
}

an_image_is_cloned() {
	made direct out/first.img --size 1200M
	fingerprint out/first.img >before
	cloned out/first.img out/second.img
	fingerprint out/first.img | diff before -
	all_are_new out/first.img out/second.img 2
	owner_is_second out/second.img "$OFFSET"
	entries out/first.img "$OFFSET" mnt >expected
	entries out/second.img "$OFFSET" mnt | diff expected -
}

two_clones_differ() {
	cloned out/first.img out/third.img
	all_are_new out/second.img out/third.img 2
	if cmp -s host_key <(file_in out/third.img "$OFFSET" /etc/ssh/ssh_host_ed25519_key); then return 1; fi
	rm out/third.img
}

# What an install in the ordinary way leaves: accounts, host keys, a random seed. It was never a guest's disk, so
# verify reads it at once. Its owner has given keys to others, too.
an_install_is_cloned() {
	local old=(/home/operator/.ssh/authorized_keys=key.pub:0600:1000:1001
		/home/left/.ssh/authorized_keys2=key.pub /etc/ssh/authorized_keys.d/operator=key.pub)
	truncate -s 1200M out/installed.img
	"$GUEST_INSTALLER" install --disk out/installed.img --manifest "$TOP/build/guest-direct.json" \
		--cache "$CACHE" --key key.pub --set "trusted-keys=$(sample_key)" "${old[@]/#/--file=}" \
		>installed 2>&1 || { cat installed && return 1; }
	for file in "${old[@]%%=*}"; do file_in out/installed.img "$OFFSET" "$file" | cmp - key.pub; done
	chown 65534 out/installed.img
	cloned out/installed.img out/copy.img
	owner_is_second out/copy.img "$OFFSET"
	if file_in out/copy.img "$OFFSET" /var/lib/systemd/random-seed | grep .; then return 1; fi
	if grep -F "$(reported ssh-host-key)" installed; then return 1; fi
	"$GUEST_INSTALLER" verify out/copy.img | tee verified
	grep -F "host key: $(reported ssh-host-key-fingerprint)" verified
}

# With keys=none, the copy has no key at all.
the_keys_of_earlier_users_are_gone() {
	for file in /home/operator/.ssh/authorized_keys /home/left/.ssh/authorized_keys2 \
		/etc/ssh/authorized_keys.d/operator; do
		if file_in out/copy.img "$OFFSET" "$file" | grep .; then return 1; fi
	done
	cloned out/installed.img out/closed.img --set keys=none
	if file_in out/closed.img "$OFFSET" /root/.ssh/authorized_keys | grep .; then return 1; fi
	e2fsck -fn "out/closed.img?offset=$OFFSET"
	rm out/closed.img
}

# A host key is secret, so no seed makes it. 0x12cea600 is the first day of 1980.
the_same_seed_gives_the_same_copy() {
	cloned out/first.img out/one.img --seed "$SEED" --host-key given.readable
	TZ=Asia/Tokyo cloned out/first.img out/other.img --seed "$SEED" --host-key given.readable
	cmp out/one.img out/other.img
	debugfs -R 'stat /etc/machine-id' "out/one.img?offset=$OFFSET" | grep -E 'mtime: 0x12cea600'
	SOURCE_DATE_EPOCH=1700000000 cloned out/first.img out/dated.img --seed "$SEED" --host-key given.readable
	debugfs -R 'stat /etc/machine-id' "out/dated.img?offset=$OFFSET" | grep -E 'mtime: 0x6553f100'
	rm out/one.img out/other.img out/dated.img
}

a_given_host_key_and_a_file_are_there() {
	ssh-keygen -q -t ed25519 -N '' -C given -f given
	echo 'node 2' >node
	cp given given.readable
	chown 65534 given.readable
	cloned out/first.img out/given.img --host-key given.readable --file /etc/node=node:0640:0:30000
	file_in out/given.img "$OFFSET" /etc/ssh/ssh_host_ed25519_key | cmp - given
	file_in out/given.img "$OFFSET" /etc/node | cmp - node
	debugfs -R 'stat /etc/node' "out/given.img?offset=$OFFSET" | grep -E 'User: +0 +Group: +30000'
	rm out/given.img
}

without_a_host_key_the_first_boot_makes_it() {
	cloned out/first.img out/none.img --set host-keys=none
	if grep ssh-host-key= said; then return 1; fi
	if file_in out/none.img "$OFFSET" /etc/ssh/ssh_host_ed25519_key | grep .; then return 1; fi
	rm out/none.img
}

qcow2_is_cloned() {
	qemu-img convert -O qcow2 out/first.img out/first.qcow2
	cloned out/first.qcow2 out/second.qcow2
	qemu-img check out/second.qcow2
	qemu-img convert -O raw out/second.qcow2 out/plain.img
	owner_is_second out/plain.img "$OFFSET"
	rm out/*.qcow2 out/plain.img
}

two_disks_are_cloned() {
	made pygrub out/root.img --size 1200M --boot-output out/boot.img
	clone_refused 2 'name its boot disk by --boot-disk' out/root.img
	cloned out/root.img out/root2.img --boot-disk out/boot.img --boot-output out/boot2.img
	for disk in root boot; do
		e2fsck -fn out/"$disk"2.img
		[[ $(blkid -p -o value -s UUID out/$disk.img) != "$(blkid -p -o value -s UUID out/"$disk"2.img)" ]]
		[[ $(blkid -p -o value -s LABEL out/$disk.img) == "$(blkid -p -o value -s LABEL out/"$disk"2.img)" ]]
	done
	owner_is_second out/root2.img 0
	rm out/root*.img out/boot*.img
}

other_images_are_refused() {
	truncate -s 1200M out/blank.img
	clone_refused 2 'holds no guest in a layout' out/blank.img
	clone_refused 2 'cannot be read: No such file' out/missing.img
	cp --sparse=always out/first.img out/changed.img
	dd if=/dev/zero of=out/changed.img bs=1024 seek=1024 count=1 conv=notrunc status=none
	clone_refused 2 'was not made by guest-installer' out/changed.img
	cp --sparse=always out/first.img out/changed.img
	debugfs -w -R 'feature needs_recovery' "out/changed.img?offset=$OFFSET"
	clone_refused 2 'was not shut down cleanly' out/changed.img
	rm out/blank.img out/changed.img
}

# The first sector of a disk that GRUB starts by BIOS.
# shellcheck disable=SC2046 # store paths have no blanks
a_guest_of_grub_is_refused() {
	cp --sparse=always out/first.img out/grub.img
	dd if="$(find $(nix-store -qR "$TOP/build/sample-bios") -name boot.img)" of=out/grub.img bs=440 count=1 conv=notrunc status=none
	clone_refused 2 'GRUB finds its root by the UUID' out/grub.img
	rm out/grub.img
}

# QEMU locks the image that it has open.
an_image_in_use_is_refused() {
	mkfifo "$SCRATCH/hold"
	qemu-io -f raw out/first.img <"$SCRATCH/hold" >"$SCRATCH/opened" &
	exec {hold}>"$SCRATCH/hold"
	echo length >&"$hold"
	await 60 grep -q GiB "$SCRATCH/opened"
	clone_refused 2 'is in use by another program: shut its guest down first' out/first.img
	exec {hold}>&-
	wait $!
}

settings_that_do_not_fit_are_refused() {
	clone_refused 2 'manifest is set, but the copy of an image has what the image has' out/first.img \
		--manifest direct.json
	clone_refused 14 'say a size that is no smaller' out/first.img --size 100M
	if clone out/first.img out/refused.img --shrink; then return 1; fi
	grep -E '^guest-installer: .*leave --shrink out' said
	clone_refused 2 'the image has no such account' out/first.img --set keys-user=alice
}

prepare_images
for sample in direct pygrub; do manifest_of "$sample"; done
ssh-keygen -q -t ed25519 -N '' -C second -f second
run_case "an image is cloned: new identifiers and keys, the same store" an_image_is_cloned
run_case "two clones have nothing of their own in common" two_clones_differ
run_case "an ordinary install is cloned, and verify accepts it" an_install_is_cloned
run_case "no key of an earlier user is in the copy" the_keys_of_earlier_users_are_gone
run_case "a given host key and a file are there" a_given_host_key_and_a_file_are_there
run_case "the same seed gives the same copy" the_same_seed_gives_the_same_copy
run_case "with host-keys=none the first boot makes them" without_a_host_key_the_first_boot_makes_it
run_case "a qcow2 image is cloned" qcow2_is_cloned
run_case "the two disks of a guest of pygrub are cloned" two_disks_are_cloned
run_case "images that hold no finished guest are refused" other_images_are_refused
run_case "a guest that GRUB starts is refused" a_guest_of_grub_is_refused
run_case "an image that a guest has open is refused" an_image_in_use_is_refused
run_case "settings that do not fit are refused" settings_that_do_not_fit_are_refused
