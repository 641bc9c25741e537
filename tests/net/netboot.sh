#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# netboot.sh — proves that a folder which the tool iso extracts starts a machine by PXE (iPXE over TFTP,
# then HTTP) that installs the guest over the network with the embedded keys and files (with LONG=1
# also by UEFI)
#
# Modules: input/embedded_source.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=receiver.lib.sh
source "$TOP/tests/net/receiver.lib.sh"

# The guest of layout direct is the smallest one.
extracts() {
	ssh-keygen -q -t ed25519 -N '' -C host -f ssh_host_ed25519_key
	echo 'for the guest' >extra
	"$TOP/qemu/iso" customize --key key.pub --host-key ssh_host_ed25519_key --kernel-args mitigations=off \
		--file /var/lib/extra=extra:0640:0:7 --set manifest=file:///medium/guest-direct.json "$ISO" iso
	"$TOP/qemu/iso" extract --url "http://10.0.2.2:$port" iso served
	cmp served/guest.json "$TOP/build/guest-direct.json"
	[[ $(stat -c %a served/initrd.img) == 600 ]]
	mkdir tftp
	cp served/boot.ipxe tftp/
}

# installs DISK [QEMU ARGUMENT]… — the network card is the only thing to start from.
installs() {
	local target
	truncate -s 2G "$1"
	mapfile -t target < <(disk "$1")
	run_machine console 500 "${target[@]}" "${@:2}" -boot n -device virtio-net-pci,netdev=net,bootindex=0 \
		-netdev user,id=net,tftp=tftp,bootfile=boot.ipxe
	expect_verdict console INSTALL_SUCCESSFUL
	grep -a 'embedded in the ISO: [0-9]* files in /etc/' console
}

guest_has_what_was_embedded() {
	local root
	root="disk?offset=$(root_offset disk)"
	debugfs -R 'cat /root/.ssh/authorized_keys' "$root" | cmp - key.pub
	debugfs -R 'cat /etc/ssh/ssh_host_ed25519_key' "$root" | cmp - ssh_host_ed25519_key
	debugfs -R 'cat /var/lib/extra' "$root" | cmp - extra
	debugfs -R 'stat /var/lib/extra' "$root" | grep -E 'Mode: +0640'
	debugfs -R 'stat /var/lib/extra' "$root" | grep -E 'Group: +7'
}

everything_came_from_the_server() {
	grep -q 'GET /vmlinuz ' log
	grep -q 'GET /initrd.img ' log
	grep -q 'GET /guest.json ' log
	grep -q 'GET /cache/nar/' log
}

installs_by_uefi() {
	local firmware
	mapfile -t firmware < <(uefi_drives fresh)
	installs disk2 "${firmware[@]}"
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
port=$(free_ports 1)
run_case "a folder is extracted from an ISO in which something is embedded" extracts
enough
start_server serving "$TOP/qemu/serve-cache" --port "$port" --log "$SCRATCH/log" served
run_case "a machine without a medium installs by PXE" installs disk
run_case "the guest has the embedded keys and files" guest_has_what_was_embedded
run_case "kernel, initramfs, manifest and closure came from the server" everything_came_from_the_server
run_long "a machine without a medium installs by UEFI" installs_by_uefi
