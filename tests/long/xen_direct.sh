#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# xen_direct.sh — proves with the real Xen that neither of two disks is touched if one holds data, and
# that a guest for the host's kernel is installed in an HVM domain, which is given the installer's
# kernel, and runs paravirtualised
# shellcheck source=tests/xen/dom0.lib.sh
. "$(dirname "$0")/../xen/dom0.lib.sh"

share=$SCRATCH/share

prepare() {
	make_guests "$share"
	truncate -s 1600M guests/data-root.img
	truncate -s 500M guests/data-boot.img
	printf 'of somebody else' |
		dd of=guests/data-boot.img bs=1 seek=$((1 << 19)) conv=notrunc status=none
	make_guests_disk "$share" guests
	cat >"$share/script" <<'END'
. /share/steps.lib.sh
cd /tmp/guests

common=(--hypervisor xen --direct --iso installer.iso --key key.pub --memory 384M
	--network bridge=xenbr0 --timeout 7200 --stage-timeout 3600)

# A write to a sparse image changes its blocks or its time of modification.
state() {
	stat -c '%n %s %b %Y' data-*.img
	sha256sum data-boot.img
}

refuse_data() {
	local code=0 before
	before=$(state)
	/share/tools/qemu/first-run --disk data-root.img --boot-disk data-boot.img --existing --name data \
		--set manifest=file:///medium/guest-pygrub.json "${common[@]}" || code=$?
	[[ $code == 12 ]]
	[[ $(state) == "$before" ]]
	[[ $(xl list | wc -l) == 2 ]]
}

install_direct() {
	/share/tools/qemu/first-run --disk root.img --size 2G --name direct \
		--set manifest=file:///medium/guest-direct.json "${common[@]}"
}

network_up
step refuse-data refuse_data
step install-direct install_direct
cp ./*.log root.img.kernel /share/
step boot-direct boot_guest direct root.img.xl root.img.known_hosts
END
}

boots_paravirtualised() {
	step_passed "$share" boot-direct
	grep -x PV "$share/steps/boot-direct"
	cmp "$share/root.img.kernel" "$TOP/build/sample-direct/kernel"
}

cd "$SCRATCH"
run_case "dom0 runs the script to its end" hvm_run prepare 1500 "$share"
run_case "two disks of which one holds data are refused and left alone" step_passed "$share" refuse-data
run_case "an HVM domain installs a guest for the host's kernel" step_passed "$share" install-direct
run_case "the guest boots PV with the kernel out of its disk" boots_paravirtualised
steps_took "$share"
