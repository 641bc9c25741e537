#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# install.sh — proves that first-run installs in an HVM domain of the real Xen, whose BIOS starts the
# ISO, and that the domain file it writes runs the guest paravirtualised, by pygrub; that xl takes the domain
# files of xen-domain; and that settings are read from xenstore
#
# Modules: input/xenstore.
# shellcheck source=tests/xen/dom0.lib.sh
. "$(dirname "$0")/dom0.lib.sh"

share=$SCRATCH/share

prepare() {
	make_guests "$share"
	# Nothing is to be mitigated where two processors are emulated, one in the other.
	"$TOP/qemu/iso" customize --force --kernel-args mitigations=off "$TOP/build/guest-installer.iso" \
		guests/installer.iso
	make_guests_disk "$share" guests
	cp "$TOP/build/guest-installer" "$share"
	cat >"$share/script" <<'END'
. /share/steps.lib.sh
cd /tmp/guests
common=(--hypervisor xen --iso installer.iso --key key.pub --memory 384M --network bridge=xenbr0
	--set manifest=file:///medium/guest-pygrub.json --timeout 7200 --stage-timeout 3600)

install_pygrub() {
	/share/tools/qemu/first-run --disk root.img --size 2G --name pygrub --boot-disk boot.img:64M \
		"${common[@]}"
	xl list
	[[ $(xl list | wc -l) == 2 ]]
}

# Names with commas, blanks and letters of other languages are names to xl, too.
accepts() {
	local odd='/tmp/a,vdev=xvdz b ü.img' kind
	truncate -s 64M "$odd" /tmp/kernel
	/share/tools/qemu/xen-domain install --name odd --disk "$odd" --disk phy:vg/root --iso "$odd" \
		--keys "$odd" --bridge xenbr0 --serial "$odd" --cores 2 --out install.xl
	/share/tools/qemu/xen-domain install --name odd --disk "$odd" --iso "$odd" --kernel /tmp/kernel \
		--ramdisk /tmp/kernel --command-line 'console=tty0 a,b="c' --out start.xl && return 1
	/share/tools/qemu/xen-domain install --name odd --disk "$odd" --iso "$odd" --kernel /tmp/kernel \
		--ramdisk /tmp/kernel --command-line 'console=tty0 a,b=c' --out start.xl
	/share/tools/qemu/xen-domain pygrub --name odd --disk "$odd" --disk /tmp/kernel --memory 256M \
		--bridge xenbr0 --mac 00:16:3e:00:00:01 --out pygrub.xl
	for kind in install start pygrub; do
		xl -N create "$kind.xl" >"$kind.json"
	done
	grep -F "\"pdev_path\": \"$odd\"" install.json
	grep -F '"pdev_path": "/dev/vg/root"' install.json
	grep -F '"is_cdrom": 1' install.json
	grep -F '"cmdline": "console=tty0 a,b=c"' start.json
}

# What dom0 finds in its own folder is what any domain finds in its own.
refused_by() {
	local status=0
	/share/guest-installer plan --set cache=/none --set manifest=/none --set trusted-keys=none \
		>plan 2>&1 || status=$?
	cat plan
	((status == $1))
	grep -F "$2" plan
}

reads_xenstore() {
	local folder=/local/domain/0/vm-data
	xenstore-write $folder/guest-installer/colour red $folder/guest-installer/swap three
	refused_by 2 'xenstore vm-data/guest-installer: there is no key "colour"'
	refused_by 2 'xenstore vm-data/guest-installer: swap cannot be "three"'
	xenstore-rm $folder/guest-installer
	xenstore-write $folder/guest-installer/machine any \
		$folder/ssh_authorized_keys nonsense
	refused_by 20 'line 1 of vm-data/ssh_authorized_keys in xenstore'
	xenstore-rm $folder
}

network_up
step xenstore reads_xenstore
step accepts accepts
step install-pygrub install_pygrub
cp ./*.log /share/
xl -N create root.img.xl >/dev/null
step boot-pygrub boot_guest pygrub root.img.xl root.img.known_hosts
END
}

cd "$SCRATCH"
run_case "dom0 runs the script to its end" hvm_run prepare 1500 "$share"
run_case "settings and keys in xenstore are read" step_passed "$share" xenstore
run_case "xl accepts every domain file" step_passed "$share" accepts
run_case "an HVM domain installs onto two disks from the ISO" step_passed "$share" install-pygrub
run_case "the guest boots PV through pygrub and lets its owner in" step_passed "$share" boot-pygrub
steps_took "$share"
