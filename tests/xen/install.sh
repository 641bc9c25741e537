#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# install.sh — proves that first-run installs in an HVM domain of the real Xen, whose BIOS starts the
# ISO, and that the domain file it writes runs the guest paravirtualised, by pygrub
# shellcheck source=tests/xen/dom0.lib.sh
. "$(dirname "$0")/dom0.lib.sh"

share=$SCRATCH/share

prepare() {
	make_share "$share"
	rm -rf guests
	mkdir guests
	cp "$TOP/build/guest-installer.iso" guests/installer.iso
	cp "$share/key.pub" guests/
	make_guests_disk "$share" guests
	cat >"$share/script" <<'END'
. /share/steps.lib.sh
cd /tmp/guests
common=(--hypervisor xen --iso installer.iso --key key.pub --memory 384M --network bridge=xenbr0
	--set manifest=file:///medium/guest-pygrub.json --timeout 2700 --stage-timeout 1200)

install_pygrub() {
	/share/tools/qemu/first-run --disk root.img --size 2G --name pygrub --boot-disk boot.img:500M \
		"${common[@]}"
	xl list
	[[ $(xl list | wc -l) == 2 ]]
}

network_up
step install-pygrub install_pygrub
cp ./*.log /share/
xl -N create root.img.xl >/dev/null
step boot-pygrub boot_guest pygrub root.img.xl root.img.known_hosts
END
}

cd "$SCRATCH"
run_case "dom0 runs the script to its end" hvm_run prepare 1500 "$share"
run_case "an HVM domain installs onto two disks from the ISO" step_passed "$share" install-pygrub
run_case "the guest boots PV through pygrub and lets its owner in" step_passed "$share" boot-pygrub
steps_took "$share"
