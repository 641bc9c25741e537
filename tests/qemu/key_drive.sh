#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# key_drive.sh — proves that make-key-drive makes the drive that QEMU's virtual FAT would, and refuses the rest
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=expect.lib.sh
source "$TOP/tests/qemu/expect.lib.sh"

drive() {
	run "$TOP/keys/make-key-drive" "$@"
}

every_file_arrives_byte_for_byte() {
	printf %s "$(cat key.pub)" >odd.pub
	printf 'disk = auto\n' >guest-installer.conf
	drive drive.img key.pub odd.pub guest-installer.conf
	expect_status 0
	[[ $(blkid -p -o value -s TYPE drive.img) == vfat ]]
	[[ $(mdir -b -i drive.img :: | sort | tr '\n' ' ') == '::/guest-installer.conf ::/key.pub ::/odd.pub ' ]]
	local file
	for file in key.pub odd.pub guest-installer.conf; do
		mtype -i drive.img "::/$file" | cmp - "$file"
	done
}

the_same_input_makes_the_same_image() {
	drive one.img key.pub
	touch -d tomorrow key.pub
	TZ=Asia/Tokyo drive two.img key.pub
	cmp one.img two.img
}

a_folder_gives_all_its_files() {
	mkdir folder
	cp key.pub folder/a.pub
	cp key.pub folder/authorized_keys
	drive drive.img folder
	expect_status 0
	[[ $(mdir -b -i drive.img :: | sort | tr '\n' ' ') == '::/a.pub ::/authorized_keys ' ]]
}

names_that_fat_takes_for_the_same_are_numbered() {
	mkdir a b
	cp key.pub a/id.pub
	sed s/tester/other/ key.pub >b/ID.pub
	drive drive.img a/id.pub b/ID.pub
	expect_status 0
	mtype -i drive.img ::/id.pub | cmp - a/id.pub
	mtype -i drive.img ::/2-ID.pub | cmp - b/ID.pub
}

private_keys_are_refused_by_name_under_any_name() {
	cp key innocent.pub
	drive drive.img key.pub innocent.pub
	expect_status 2
	expect_output 'innocent.pub is a private key'
	mkdir folder
	cp key key.pub folder
	drive drive.img folder
	expect_status 2
	expect_output 'folder/key is a private key'
	[[ ! -e drive.img ]]
}

secrets_arrive_and_only_the_owner_can_read_them() {
	ssh-keygen -q -t ecdsa -N '' -f web.key
	echo age >age.txt
	drive --host-key web.key --file /var/lib/key.txt=age.txt:0600 drive.img key.pub
	expect_status 0
	[[ $(stat -c %a drive.img) == 600 ]]
	mtype -i drive.img ::/ssh_host_ecdsa_key | cmp - web.key
	mtype -i drive.img ::/file-1 | cmp - age.txt
	[[ $(mtype -i drive.img ::/guest-installer.conf) == $'host-keys = drive\nfiles = /var/lib/key.txt=drive:file-1:0600' ]]
	drive --host-key web.key.pub two.img key.pub
	expect_status 2
	expect_output 'web.key.pub is no private key of OpenSSH'
	[[ ! -e two.img ]]
}

nothing_to_carry_is_refused() {
	mkdir folder
	drive drive.img folder
	expect_status 2
	printf '# only a comment\n\n' >empty.pub
	drive drive.img empty.pub
	expect_status 2
	[[ ! -e drive.img ]]
}

other_files_are_refused_by_name() {
	echo text >notes.txt
	drive drive.img key.pub notes.txt
	expect_status 2
	expect_output 'notes.txt'
}

too_much_for_the_drive_is_85() {
	head -c 3000000 /dev/zero | tr '\0' '#' >configuration.nix
	drive drive.img key.pub configuration.nix
	expect_status 85
	[[ ! -e drive.img ]]
}

an_existing_image_stays_without_force() {
	echo precious >drive.img
	drive drive.img key.pub
	expect_status 2
	[[ $(cat drive.img) == precious ]]
	drive --force drive.img key.pub
	expect_status 0
	mtype -i drive.img ::/key.pub | cmp - key.pub
}

run_tests "${BASH_SOURCE[0]}"
