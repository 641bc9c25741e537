#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# xen_direct.sh — proves with the real Xen that neither of two disks is touched if one holds data,
# and that a guest for the host's kernel is installed in an HVM domain and runs paravirtualised
# shellcheck source=tests/xen/dom0.lib.sh
. "$(dirname "$0")/../xen/dom0.lib.sh"

share=$SCRATCH/share

# A write to a sparse image changes its blocks or its time of modification.
state() {
	(cd "$share" && stat -c '%n %s %b %Y' data-*.img && sha256sum data-boot.img)
}

prepare() {
	make_share "$share"
	cp "$TOP/build/guest-installer.iso" "$share/installer.iso"
	truncate -s 1600M "$share/data-root.img"
	truncate -s 500M "$share/data-boot.img"
	printf 'of somebody else' |
		dd of="$share/data-boot.img" bs=1 seek=$((1 << 19)) conv=notrunc status=none
	state >"$SCRATCH/before"
	cat >"$share/script" <<'END'
. /share/steps.lib.sh
cd /share
common=(--hypervisor xen --direct --iso installer.iso --key key.pub --memory 384M
	--network bridge=xenbr0 --timeout 2700 --stage-timeout 1200)

refuse_data() {
	local code=0
	tools/qemu/first-run --disk data-root.img --boot-disk data-boot.img --existing --name data \
		--set manifest=file:///medium/guest-pygrub.json "${common[@]}" || code=$?
	[[ $code == 12 ]]
	[[ $(xl list | wc -l) == 2 ]]
}

install_direct() {
	tools/qemu/first-run --disk root.img --size 2G --name direct \
		--set manifest=file:///medium/guest-direct.json "${common[@]}"
}

network_up
step refuse-data refuse_data
step install-direct install_direct
step boot-direct boot_guest direct root.img.xl root.img.known_hosts
END
}

nothing_was_written() {
	step_passed "$share" refuse-data
	state | diff "$SCRATCH/before" -
}

boots_paravirtualised() {
	step_passed "$share" boot-direct
	grep -x PV "$share/steps/boot-direct"
	cmp "$share/root.img.kernel" "$TOP/build/sample-direct/kernel"
}

run_case "dom0 runs the script to its end" hvm_run prepare 1500 "$share"
run_case "two disks of which one holds data are refused and left alone" nothing_was_written
run_case "an HVM domain installs a guest for the host's kernel" step_passed "$share" install-direct
run_case "the guest boots PV with the kernel out of its disk" boots_paravirtualised
steps_took "$share"
