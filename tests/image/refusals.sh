#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# refusals.sh — proves that no image is made of a guest that it could not hold, or whose owner could not
# log in, and that each refusal has its code and names the fix
#
# Modules: image_decision, image/image_verify, image/image_login, plan/unmounted_check.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=image.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/image.lib.sh"
# shellcheck source=../changed_cache.lib.sh
source "$TOP/tests/changed_cache.lib.sh"

# plain NAME — the sample's own manifest.
plain() {
	cp "$TOP/build/$1.json" "$1.json"
}

what_only_programs_of_the_guest_can_make_is_refused() {
	refused 2 'is GRUB, which only the guest.s own grub-install .* use systemd-boot' guest out/a.img --shrink
	refused 2 'is GRUB' guest-bios out/a.img --shrink
	refused 2 'is GRUB' guest-grub-uefi out/a.img --shrink
	refused 2 'boot loader is external.* only a program of the guest' guest-sealed out/a.img --shrink
	refused 2 'overlay on /etc' guest-overlay out/a.img --shrink
	[[ ! $(ls out) ]]
}

sizes_and_outputs_have_to_go_together() {
	refused 2 'Say how large the image shall be: --size' direct out/a.img
	refused 14 'but the guest needs' direct out/a.img --size 512M
	refused 2 'has two disks: say where the boot disk' pygrub out/a.img --shrink
	refused 2 'leave --boot-output out' direct out/a.img --shrink --boot-output out/b.img
	refused 2 'No file can be made in the folder of none/a.img' direct none/a.img --shrink
	touch out/there.img
	refused 12 'there.img exists already, and an image replaces no file' direct out/there.img --shrink
	[[ $(ls out) == there.img && ! -s out/there.img ]]
	rm out/there.img
}

settings_that_need_a_machine_are_refused() {
	refused 2 'hostname = web is not written into an image' direct out/a.img --shrink --set hostname=web
	refused 2 'engine is nixos-install, but manifest names a finished system' direct out/a.img --shrink --set engine=nixos-install
	refused 2 'host-keys = generate' direct out/a.img --shrink --set host-keys=generate
	ssh-keygen -q -t ecdsa -N '' -f ecdsa
	chmod 644 ecdsa
	refused 20 'is not of type ed25519' direct out/a.img --shrink --host-key ecdsa
	[[ ! $(ls out) ]]
}

keys_need_a_user_whom_the_manifest_describes() {
	refused 2 'no user bob to give the keys to' direct out/a.img --shrink --set keys-user=bob
	refused 20 'No SSH key was found' direct out/a.img --shrink --set keys=drive
	[[ ! $(ls out) ]]
}

# Nothing says whether activation gives root a password, and the sample's server has UsePAM no.
an_unknown_account_counts_as_locked() {
	refused 41 'account root is locked .*set UsePAM to yes' guest-direct out/a.img --shrink
	grep -F 'the manifest lists no accounts, so root counts as locked' said
	[[ ! $(ls out) ]]
}

# refused_with SENTENCE EDIT — after this edit of the system's /etc, which is signed anew.
refused_with() {
	rm -rf cache
	change "$(dirname "$(readlink -f "$TOP/build/sample-direct/etc")")" sh -c "$2"
	chmod -R a+rX cache
	CACHE=$SCRATCH/cache refused 41 "$1" direct out/a.img --shrink
}

what_only_sshd_could_judge_is_refused() {
	refused_with 'RevokedKeys' 'echo "RevokedKeys /etc/ssh/revoked" >>etc/ssh/sshd_config'
	refused_with 'Match' 'printf "Match Address 192.0.2.0/24\nAllowUsers bob\n" >>etc/ssh/sshd_config'
	refused_with 'PermitRootLogin' 'sed -i "s/^PermitRootLogin .*/PermitRootLogin no/" etc/ssh/sshd_config'
	refused_with 'starts no SSH server' 'rm etc/systemd/system; mkdir etc/systemd/system'
	refused_with 'mounts / from LABEL=other' 'echo "LABEL=other / ext4 defaults 0 1" >etc/fstab'
	[[ ! $(ls out) ]]
}

files_that_activation_replaces_are_refused() {
	refused 41 'its own /etc/hostname, and its first activation would replace' direct out/a.img --shrink \
		--file /etc/hostname=key.pub
	refused 2 'the image has a file of that name already' direct out/a.img --shrink --file /etc/NIXOS=key.pub
	[[ ! $(ls out) ]]
}

# A copy is damaged on its way: the sum says so, and nothing gets the name.
a_damaged_cache_leaves_nothing() {
	rm -rf cache
	cp -r "$TOP/build/cache" cache
	find cache -name '*.nar*' -size +4k -exec sh -c 'printf x | dd of="$1" bs=1 seek=2000 conv=notrunc status=none' - {} \;
	CACHE=$SCRATCH/cache refused '4[12]' '' direct out/a.img --shrink
	[[ ! $(ls out) ]]
}

prepare_images
for name in guest guest-bios guest-grub-uefi guest-sealed guest-overlay guest-direct; do plain "$name"; done
manifest_of direct
manifest_of pygrub
run_case "guests that need a program of theirs are refused" what_only_programs_of_the_guest_can_make_is_refused
run_case "sizes and outputs that do not go together are refused" sizes_and_outputs_have_to_go_together
run_case "settings that need a machine are refused" settings_that_need_a_machine_are_refused
run_case "keys for a user who is not described are refused" keys_need_a_user_whom_the_manifest_describes
run_case "an account that is not known counts as locked" an_unknown_account_counts_as_locked
run_case "what only the guest's sshd could judge is refused" what_only_sshd_could_judge_is_refused
run_case "files that the first activation would replace are refused" files_that_activation_replaces_are_refused
run_case "a damaged cache leaves nothing behind" a_damaged_cache_leaves_nothing
