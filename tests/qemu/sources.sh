#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# sources.sh — proves that configuration and keys are taken from every source, that the stronger
# source wins, and that the keys of several places are added together. With LONG=1 also that a machine
# reports the line of user-data that is no YAML.
#
# Modules: input/cloud_drive, input/config_sources, input/firmware_data, input/key_sources.
# shellcheck source-path=SCRIPTDIR disable=SC2119,SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=expect.lib.sh
source "$TOP/tests/qemu/expect.lib.sh"

# smbios STRING… — QEMU's arguments for strings of SMBIOS type 11.
smbios() {
	local string
	for string; do
		printf '%s\n' -smbios "type=11,value=$(qemu_quote "$string")"
	done
}

# fwcfg LINE… — QEMU's arguments for a file of settings in fw_cfg.
fwcfg() {
	printf '%s\n' "$@" >fw_cfg
	printf '%s\n' -fw_cfg name=opt/org.guest-installer/config,file=fw_cfg
}

# cidata FORMAT — QEMU's arguments for a NoCloud drive with the files of the folder `seed`.
cidata() {
	if [[ $1 == vfat ]]; then
		printf '%s\n' -drive \
			if=virtio,driver=vvfat,dir=seed,floppy=on,label=cidata,readonly=on
	else
		xorriso -as mkisofs -quiet -V CIDATA -J -r -o seed.iso seed 2>messages
		printf '%s\n' -drive file=seed.iso,format=raw,media=cdrom,readonly=on
	fi
}

# expectkeys FILE… — the guest's authorized_keys are these, in this order.
expectkeys() {
	debugfs -R 'cat /root/.ssh/authorized_keys' "disk?offset=$(root_offset disk)" | cmp - <(cat "$@")
}

every_source_beats_the_one_before_and_all_keys_are_added() {
	local uuid=6e6f7420-7468-4973-8f6e-6f7220746861
	blank_disk disk 2G
	# drive < command line: a second is too short; fw_cfg < drive: the drive has the host key, and a
	# file for the guest.
	give_keys 'timeout = 1' 'host-keys = drive' 'files = /var/lib/age.txt=drive:file-1:0600:17:42'
	ssh-keygen -q -t ed25519 -N '' -C '' -f keys/ssh_host_ed25519_key
	echo age >keys/file-1
	mkdir seed
	printf 'instance-id: one\nlocal-hostname: a\n' >seed/meta-data
	newkey clouded >/dev/null
	cat >seed/user-data <<-END
		#cloud-config
		hostname: b
		users:
		- name: me
		  ssh_authorized_keys: ['$(cat key.pub)']
		ssh_authorized_keys:
		- $(cat clouded.pub)
		runcmd: [[reboot]]
	END
	: >seed/vendor-data
	newkey fw >/dev/null
	# The ISO's own file < the serial number: it is the bios guest. SMBIOS < fw_cfg: the root's UUID.
	mapfile -t arguments < <(
		disk disk && key_drive keys && cidata iso9660
		printf '%s\n' -smbios "type=1,serial=ds=nocloud;h=x gi:manifest=file:///medium/guest-bios.json" \
			-fw_cfg name=opt/io.systemd.credentials/ssh.authorized_keys.root,file=fw.pub
		smbios "org.guest-installer:root-uuid=11111111-1111-4111-8111-111111111111" \
			"io.systemd.credential:ssh.authorized_keys.root=$(newkey plain)" \
			"io.systemd.credential.binary:ssh.authorized_keys.root=$(newkey encoded | base64 -w 0)" \
			'io.systemd.credential:other=x' 'somebody else'
		fwcfg "root-uuid = $uuid" 'host-keys = none'
		port "file,path=events"
	)
	local more="guest-installer.timeout=900 ip=ens3:dhcp ip=link-local"
	more+=" systemd.set_credential_binary=ssh.authorized_keys.root:$(newkey line | base64 -w 0)"
	run_installer console "${arguments[@]}"
	expect_verdict console INSTALL_SUCCESSFUL
	[[ $(blkid -p -O "$(root_offset disk)" -o value -s UUID disk) == "$uuid" ]]
	grep -a '^INSTALL_RESULT layout=bios' console
	grep -aF "INSTALL_RESULT ssh-host-key=$(cut -d ' ' -f 1,2 keys/ssh_host_ed25519_key.pub)" console
	debugfs -R 'cat /etc/ssh/ssh_host_ed25519_key' "disk?offset=$(root_offset disk)" |
		cmp - keys/ssh_host_ed25519_key
	debugfs -R 'cat /var/lib/age.txt' "disk?offset=$(root_offset disk)" | cmp - keys/file-1
	debugfs -R 'stat /var/lib/age.txt' "disk?offset=$(root_offset disk)" | tee found
	grep -E 'Mode: +0600' found && grep -E 'User: +17 +Group: +42' found
	expectkeys key.pub clouded.pub plain.pub encoded.pub fw.pub line.pub
	grep -a 'warning: user-data .*: the keys of the user me, runcmd' console
	grep -a 'warning: the cidata drive: .*: vendor-data' console
	grep -a 'warning: "ip=link-local" of the kernel command line is ignored' console
	# Both channels reported the same, in the same order.
	jq -r 'if .event == "progress" then "PROGRESS \(.stage) \(.percent) \(.text)"
		elif .event == "result" then "RESULT \(.key)=\(.value)"
		elif .event == "successful" then "SUCCESSFUL" else empty end' events >told
	tr -d '\r' <console | sed -n 's/^INSTALL_//p' | diff - told
	jq -es 'map(select(.total_bytes)) | length > 1 and (.[-1] | .bytes == .total_bytes)' events
}

a_bad_value_is_told_with_its_source_wherever_it_stands() {
	blank_disk disk 2G
	give_keys 'swap = three'
	mapfile -t arguments < <(disk disk && key_drive keys &&
		smbios 'org.guest-installer:swap=one' && fwcfg '' 'swap = two')
	more='guest-installer.swap=four' run_installer console "${arguments[@]}"
	expect_refusal console 2 configuration '.*'
	last_line console | grep -E 'SMBIOS: swap cannot be "one".*; fw_cfg [^;]*config:2: swap cannot be "two".*; guest-installer\.conf on the key drive:1: swap cannot be "three".*; the kernel command line: swap cannot be "four"'
	expect_unchanged disk
}

# The medium is a virtio disk, as an ISO written to a volume is.
keys_of_a_fat_cidata_drive_alone_are_enough() {
	blank_disk disk 2G
	mkdir seed
	printf '#cloud-config\nssh_authorized_keys: ["%s"]\n' "$(cat key.pub)" >seed/user-data
	mapfile -t arguments < <(disk disk && cidata vfat && smbios org.guest-installer:layout=bios)
	medium_device=virtio-blk-pci run_installer console "${arguments[@]}"
	expect_refusal console 2 target 'layout = bios, but the guest is built for the layout gpt'
	grep -a 'keys: 1' console
	grep -aE 'medium: /dev/vd' console
	expect_unchanged disk
}

a_credential_alone_is_enough_and_places_that_are_not_named_are_not_read() {
	blank_disk disk 2G
	mkdir keys seed
	cp key keys/private.pub
	printf '#cloud-config\n{[\n' >seed/user-data
	mapfile -t arguments < <(disk disk && key_drive keys && cidata iso9660 &&
		smbios "io.systemd.credential:ssh.authorized_keys.root=$(cat key.pub)" &&
		fwcfg 'keys = credential' 'layout = bios')
	run_installer console "${arguments[@]}"
	expect_refusal console 2 target 'layout = bios, but the guest is built for the layout gpt'
	expect_unchanged disk
}

aliastonothing() {
	blank_disk disk 2G
	mkdir seed
	printf '#cloud-config\na: &a x\nb: *b\n' >seed/user-data
	mapfile -t arguments < <(disk disk && cidata vfat &&
		smbios "io.systemd.credential:ssh.authorized_keys.root=$(cat key.pub)")
	run_installer console "${arguments[@]}"
	expect_refusal console 2 keys 'user-data on the cidata drive: line 3: it is not well-formed YAML: found undefined alias'
	expect_unchanged disk
}

take_boot_files
run_tests "${BASH_SOURCE[0]}"
run_long "an alias to nothing in user-data is refused with its line" in_own_folder aliastonothing
