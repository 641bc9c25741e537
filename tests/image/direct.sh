#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# direct.sh — proves that an ordinary user makes images of guests whose kernel the host starts, without a
# mount, a loop device or a program of the guest; that they hold what an ordinary install writes; and that
# the same seed gives the same bytes
#
# Modules: image/image_request, image/image_view, image/image_boot_view, image/image_root,
# image/image_writer, image/image_boot_disk, image/image_login, image/image_verify, image_command.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=image.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/image.lib.sh"

OFFSET=1048576

# The calls that need a privilege, make namespaces or attach devices, and every program that is started.
CALLS=mount,umount2,move_mount,fsmount,open_tree,fsopen,chroot,pivot_root,unshare,setns,clone,clone3
CALLS+=,ioctl,execve,execveat,setuid,setreuid,setresuid,chown,fchown,lchown,fchownat,mknod,mknodat

an_ordinary_user_makes_one() {
	local options
	mapfile -t options < <(image_options direct)
	as_nobody strace -f -qq -e "trace=$CALLS" -o out/calls "$GUEST_INSTALLER" image "${options[@]}" \
		--size 1200M --seed "$SEED" out/direct.img >said 2>&1 || { cat said && return 1; }
	[[ $(tail -n 1 said) == INSTALL_SUCCESSFUL ]]
	nothing_is_left
}

# Threads and the supervised child are no namespaces; the only program is the installer itself. It may give
# its temporary files to the user who has them already, and libext2fs asks whether a file is a block device.
it_needed_no_privilege() {
	grep -E 'execve\(' out/calls | tee started
	[[ $(wc -l <started) == 1 ]]
	if grep -vE ' (execve|clone3?|ioctl)\(| fchown\([0-9]+, 65534, 65534\) |\+\+\+|---|resumed' out/calls; then return 1; fi
	if grep -E 'CLONE_NEW|LOOP_|BLK.* = 0$' out/calls; then return 1; fi
}

it_is_sound() {
	sfdisk --json out/direct.img | jq -e '.partitiontable | .label == "dos" and (.partitions | length == 1)'
	[[ $(blkid -p -O "$OFFSET" -o value -s LABEL out/direct.img) == NIXOS ]]
	e2fsck -fn "out/direct.img?offset=$OFFSET"
	sha256sum out/direct.img | grep -F "$(result image-sha256)"
	[[ $(stat -c %s out/direct.img) == "$((1200 * 1024 * 1024))" && $(result image-bytes) == "$((1200 * 1024 * 1024))" ]]
	(($(stat -c %b out/direct.img) * 512 < 200 * 1024 * 1024))
}

install_ordinarily() {
	truncate -s 1200M ordinary.img
	"$GUEST_INSTALLER" install --disk ordinary.img --manifest "$TOP/build/guest-direct.json" \
		--cache "$CACHE" --key key.pub --set "trusted-keys=$(sample_key)" --seed "$SEED" >said 2>&1 ||
		{ cat said && return 1; }
}

# What activation adds to the ordinary one is left to the first boot.
it_holds_what_an_install_writes() {
	install_ordinarily
	entries out/direct.img "$OFFSET" mnt >found
	entries ordinary.img "$OFFSET" other >expected
	(($(wc -l <expected) > 500))
	diff expected found
	attach_root out/direct.img "$OFFSET" mnt
	attach_root ordinary.img "$OFFSET" other
	cat mnt/nix/store/*/boot.json | cmp - <(cat other/nix/store/*/boot.json)
	(cd mnt && find . -path ./nix/store -prune -o -printf '%P %y %m %U %G %l\n' | sort) >ours
	(cd other && find . -path ./nix/store -prune -o -printf '%P %y %m %U %G %l\n' | sort) >theirs
	cmp mnt/root/.ssh/authorized_keys key.pub
	stat -c '%a %u %g' mnt/nix/store other/nix/store | uniq | tee modes
	umount mnt
	umount other
	[[ $(wc -l <modes) == 1 ]]
	# Only an image has these. The rest of its files are an install's, with mode and owner.
	comm -23 ours theirs | tee only
	diff - only <<-END
		etc/machine-id f 444 0 0 
		nix/var/nix/gcroots/profiles l 777 0 0 /nix/var/nix/profiles
	END
}

the_disk_has_the_mark_of_an_install() {
	dd if=out/direct.img bs=1024 skip=1024 count=1 status=none >ours
	dd if=ordinary.img bs=1024 skip=1024 count=1 status=none | cmp - ours
}

first_boot_semantics_are_systemds() {
	attach_root out/direct.img "$OFFSET" mnt
	[[ $(cat mnt/etc/machine-id) == uninitialized ]]
	[[ ! -e mnt/var/lib/systemd/random-seed && ! -e mnt/etc/ssh && ! -e mnt/etc/passwd ]]
	grep -F "root UUID: $(blkid -p -O "$OFFSET" -o value -s UUID out/direct.img)" mnt/var/log/guest-installer.log
	umount mnt
}

keys_belong_to_the_user_of_the_manifest() {
	made direct out/operator.img --shrink --set keys-user=operator --file /home/operator/note=key.pub:0640:1000:1001
	attach_root out/operator.img "$OFFSET" mnt
	stat -c '%a %u:%g %n' mnt/home mnt/home/operator mnt/home/operator/{note,.ssh,.ssh/authorized_keys} | diff - <(
		echo '755 0:0 mnt/home'
		echo '700 1000:1001 mnt/home/operator'
		echo '640 1000:1001 mnt/home/operator/note'
		echo '700 1000:1001 mnt/home/operator/.ssh'
		echo '600 1000:1001 mnt/home/operator/.ssh/authorized_keys'
	)
	umount mnt
	rm out/operator.img
}

the_same_seed_gives_the_same_bytes() {
	local options
	made direct out/again.img --size 1200M --seed "$SEED" --set workers=1
	cmp out/direct.img out/again.img
	mapfile -t options < <(image_options direct)
	"$GUEST_INSTALLER" image "${options[@]}" --size 1200M --seed "$SEED" --set workers=4 out/root.img >said 2>&1
	cmp out/direct.img out/root.img
	rm out/again.img out/root.img
	made direct out/other.img --size 1200M
	if cmp out/direct.img out/other.img; then return 1; fi
	rm out/other.img
}

a_pair_for_pygrub_is_made() {
	made pygrub out/root.img --shrink --boot-output out/boot.img --seed "$SEED"
	e2fsck -fn out/root.img
	e2fsck -fn out/boot.img
	[[ $(blkid -p -o value -s LABEL out/root.img) == NIXROOT && $(blkid -p -o value -s LABEL out/boot.img) == NIXBOOT ]]
	sha256sum out/boot.img | grep -F "$(result boot-image-sha256)"
}

# The menu that an install writes for a guest without GRUB, and the same kernel and initrd.
its_menu_is_an_installs() {
	made direct-for-pygrub out/root2.img --shrink --boot-output out/boot2.img --seed "$SEED" \
		--set root-label=NIXOS
	truncate -s 1100M root.img
	truncate -s 64M boot.img
	"$GUEST_INSTALLER" install --disk root.img --boot-disk boot.img --layout pygrub --set root-label=NIXOS \
		--system "$TOP/build/sample-direct" --cache "$CACHE" --key key.pub \
		--set "trusted-keys=$(sample_key)" --seed "$SEED" >said 2>&1 || { cat said && return 1; }
	attach_root out/boot2.img 0 mnt
	attach_root boot.img 0 other
	diff -r mnt other
	umount mnt
	umount other
}

prepare_images
manifest_of direct
manifest_of pygrub
jq '.layout = "pygrub" | .mounts[0].label = "NIXOS" | .firmware = []' direct.json >direct-for-pygrub.json
run_case "an ordinary user makes an image" an_ordinary_user_makes_one
run_case "no call needed a privilege, and no other program ran" it_needed_no_privilege
run_case "table and file system are sound, and the sum is right" it_is_sound
run_case "Nix finds the store whole" image_store_is_whole out/direct.img "$OFFSET" direct
run_case "it holds what an install writes, with modes, owners and times" it_holds_what_an_install_writes
run_case "the disk has the mark of an install" the_disk_has_the_mark_of_an_install
run_case "what copies must not share is left to the first boot" first_boot_semantics_are_systemds
run_case "keys and files belong to the user that the manifest describes" keys_belong_to_the_user_of_the_manifest
run_case "the same seed gives the same bytes, to any user and by any number of workers" the_same_seed_gives_the_same_bytes
run_case "a pair of disks for pygrub is made" a_pair_for_pygrub_is_made
run_case "menu, kernel and initrd for pygrub are those of an install" its_menu_is_an_installs
