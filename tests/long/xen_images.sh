#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# xen_images.sh — proves that an image file installed without any machine runs under the real Xen, with
# kernel and initrd taken out of the image
# shellcheck source=tests/xen/dom0.lib.sh
. "$(dirname "$0")/../xen/dom0.lib.sh"

share=$SCRATCH/share

image_is_installed() {
	mkdir guests
	cd guests
	cp "$share/key.pub" .
	truncate -s 1600M direct.img
	"$TOP/build/guest-installer" install --cache "$TOP/build/cache" --key key.pub --disk direct.img \
		--manifest "$TOP/build/guest-direct.json" \
		--set "trusted-keys=$(sample_key)" \
		>direct.log || { cat direct.log && return 1; }
	sed -n 's/^INSTALL_RESULT ssh-host-key=/* /p' direct.log >direct.known_hosts
	make_guests_disk "$share" .
}

write_script() {
	cat >"$share/script" <<'END'
. /share/steps.lib.sh
cd /tmp/guests
common=(--memory 256M --bridge xenbr0 --mac)

write_files() {
	/share/tools/qemu/xen-domain direct --name direct --disk direct.img --installed direct.log \
		"${common[@]}" 00:16:3e:00:00:02 --out direct.xl
}

network_up
step write-files write_files
step boot-direct boot_guest direct direct.xl direct.known_hosts
END
}

boots_paravirtualised() {
	step_passed "$share" boot-direct
	grep -x PV "$share/steps/boot-direct"
	grep -F "init=$(readlink -f "$TOP/build/sample-direct")/init" "$share/steps/boot-direct"
}

files_are_those_of_the_closure() {
	step_passed "$share" write-files
	cmp "$guests/direct.xl.kernel" "$TOP/build/sample-direct/kernel"
	cmp "$guests/direct.xl.ramdisk" "$TOP/build/sample-direct/initrd"
}

file_system_is_clean() {
	e2fsck -fn "$guests/direct.img?offset=1048576"
}

cd "$SCRATCH"
make_share "$share"
write_script
run_case "a guest is installed on an image file" image_is_installed
run_case "dom0 runs the script to its end" dom0_run 2300 "$share"
open_guests_disk "$share"
run_case "kernel and initrd come out of the image as they are" files_are_those_of_the_closure
run_case "the kernel of the host boots the one image, and the owner gets in" boots_paravirtualised
run_case "the guest leaves a clean file system" file_system_is_clean
steps_took "$share"
