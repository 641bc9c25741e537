#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# keydrive.sh — proves that what lies on a key drive is read whole, sorted, and nothing else of it
#
# On folders. That the drive itself is found among others: tests/qemu/disks.sh, because the kernel
# that runs this may know no FAT.
# shellcheck source=tests/loop/effects.lib.sh
. "$(dirname "$0")/effects.lib.sh"

KEY='ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGR1bW15IGtleSBmb3IgdGhlIHRlc3RzIG9ubHkh me@here'

folder() {
	rm -rf "$SCRATCH/folder"
	mkdir "$SCRATCH/folder"
	cd "$SCRATCH/folder"
}

key_files_are_read_in_order() {
	folder
	echo "$KEY" >ssh.pub
	echo b >b.pub
	echo A >A.PUB
	echo auth >authorized_keys
	echo no >id_ed25519
	echo no >._ssh.pub
	echo no >ssh.pub.txt
	printf 'disk = auto\r\n' >Guest-Installer.conf
	mkdir folder.pub
	ln -s /etc/passwd link.pub
	mkfifo pipe.pub
	local found names
	found=$("$EFFECTS" folder .)
	has "$found" "found=1 disk= node= count=4" "file=ssh.pub $((${#KEY} + 1)) $KEY"
	names=$(grep -o '^file=[^ ]*' <<<"$found" | xargs)
	[[ $names == "file=A.PUB file=authorized_keys file=b.pub file=ssh.pub" ]]
	grep -E '^config=13 disk = auto' <<<"$found"
	lacks "$found" root:
}

host_keys_are_no_keys_of_users() {
	folder
	ssh-keygen -q -t ed25519 -N '' -f ssh_host_ed25519_key
	mv ssh_host_ed25519_key.pub SSH_HOST_ED25519_KEY.PUB
	echo no >ssh_host_ed25519_key.bak
	echo no >ssh_host_key
	has "$("$EFFECTS" folder .)" "found=1 disk= node= count=0" \
		"host=ssh_host_ed25519_key $(stat -c %s ssh_host_ed25519_key)" \
		"host=SSH_HOST_ED25519_KEY.PUB $(stat -c %s SSH_HOST_ED25519_KEY.PUB)"
	lacks "$("$EFFECTS" folder .)" .bak
	seq -f 'ssh_host_%g_key' 15 | xargs touch
	fails_with 20 "more than 16 files of host keys" "$EFFECTS" folder .
}

empty_folder_is_no_key_drive() {
	folder
	echo no >readme.txt
	has "$("$EFFECTS" folder .)" "found=0 disk= node= count=0"
}

configuration_alone_is_enough() {
	folder
	echo 'keys = none' >guest-installer.conf
	has "$("$EFFECTS" folder .)" "found=1 disk= node= count=0"
}

certificates_and_passwords_are_read_beside_keys() {
	folder
	echo certificate >CA.CRT
	echo 'machine h login u password p' >netrc
	has "$("$EFFECTS" folder .)" "found=0 disk= node= count=0" "ca=certificate" "netrc=machine h login u password p"
	echo "$KEY" >ssh.pub
	has "$("$EFFECTS" folder .)" "found=1 disk= node= count=1" "ca=certificate"
	echo other >ca.pem
	fails_with 2 "two files for the same purpose" "$EFFECTS" folder .
	rm ca.pem
	printf '{ }\0hidden' >configuration.nix
	fails_with 2 "configuration.nix has a NUL byte" "$EFFECTS" folder .
}

what_nixos_install_builds_is_read_beside_keys() {
	folder
	echo '{ a = 1; }' >CONFIGURATION.NIX
	has "$("$EFFECTS" folder .)" "found=0 disk= node= count=0" "configuration={ a = 1; }"
	echo '{ outputs = 1; }' >flake.nix
	echo '{ "version": 7 }' >flake.lock
	has "$("$EFFECTS" folder .)" "flake={ outputs = 1; }" 'lock={ "version": 7 }'
	truncate -s $((1024 * 1024 + 1)) flake.nix
	fails_with 2 "flake.nix has 1048577 bytes" "$EFFECTS" folder .
}

too_large_files_are_refused() {
	folder
	truncate -s $((256 * 1024)) limit.pub
	"$EFFECTS" folder . >/dev/null
	truncate -s $((256 * 1024 + 1)) limit.pub
	fails_with 20 "limit.pub has 262145 bytes" "$EFFECTS" folder .
	folder
	truncate -s 1M guest-installer.conf
	fails_with 2 "guest-installer.conf has 1048576 bytes" "$EFFECTS" folder .
}

too_many_files_are_refused() {
	folder
	seq -f '%g.pub' 64 | xargs touch
	has "$("$EFFECTS" folder . | tr -d '\0')" "found=1 disk= node= count=64"
	touch 65.pub
	fails_with 20 "more than 64 key files" "$EFFECTS" folder .
}

# Only what was meant to be read: not a FAT drive, and not any other disk.
drives_that_are_not_read_are_known() {
	folder
	truncate -s 4M cidata other fat
	truncate -s 16M blank
	mke2fs -Fqt ext4 -L CIDATA cidata
	mke2fs -Fqt ext4 -L data other
	mkfs.fat -n CIDATA fat >/dev/null
	has "$("$EFFECTS" unread cidata)" "unread=cidata ext4"
	[[ ! $("$EFFECTS" unread other) && ! $("$EFFECTS" unread fat) && ! $("$EFFECTS" unread blank) ]]
	# exFAT's boot sector (exFAT file system specification, 3.1), as libblkid recognises it.
	truncate -s 16M exfat
	printf '\xeb\x76\x90EXFAT   ' | dd of=exfat conv=notrunc status=none
	printf '\x00\x80\x00\x00\x00\x00\x00\x00\x80\x00\x00\x00\x80\x00\x00\x00\x00\x01\x00\x00\x00\x0f\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x09\x03\x01' |
		dd of=exfat bs=1 seek=72 conv=notrunc status=none
	blkid -p exfat | grep -F 'TYPE="exfat"' && has "$("$EFFECTS" unread exfat)" "unread=exfat exfat"
}

run_case "drives of file systems that are not read are known" drives_that_are_not_read_are_known
run_case "key files are read sorted by name, other kinds of file are not" key_files_are_read_in_order
run_case "host keys are read, and are no keys of users" host_keys_are_no_keys_of_users
run_case "a folder without keys is no key drive" empty_folder_is_no_key_drive
run_case "a configuration alone makes a key drive" configuration_alone_is_enough
run_case "certificates and passwords are read, but are no reason to be a key drive" \
	certificates_and_passwords_are_read_beside_keys
run_case "what nixos-install is to build is read beside keys" what_nixos_install_builds_is_read_beside_keys
run_case "too large files are refused by name" too_large_files_are_refused
run_case "too many key files are refused" too_many_files_are_refused
