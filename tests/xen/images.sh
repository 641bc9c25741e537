#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# images.sh — proves that an image file installed without any machine runs under the real Xen, with
# kernel and initrd taken out of the image; and that xl takes every domain file. install.sh boots a
# guest by pygrub, and pygrub.sh reads such images with it. Beside that, settings are read from xenstore.
#
# Modules: input/xenstore.
# shellcheck source=tests/xen/dom0.lib.sh
. "$(dirname "$0")/dom0.lib.sh"

share=$SCRATCH/share

image_is_installed() {
	mkdir guests
	cd guests
	cp "$share/key.pub" .
	truncate -s 1600M direct.img
	truncate -s 64M root.img boot.img
	"$TOP/build/guest-installer" install --cache "$TOP/build/cache" --key key.pub --disk direct.img \
		--manifest "$TOP/build/guest-direct.json" \
		--set "trusted-keys=$(cat "${XDG_CACHE_HOME:-$HOME/.cache}/guest-installer/signing-key.pub")" \
		>direct.log || { cat direct.log && return 1; }
	sed -n 's/^INSTALL_RESULT ssh-host-key=/* /p' direct.log >direct.known_hosts
	make_guests_disk "$share" .
}

write_script() {
	cat >"$share/script" <<'END'
. /share/steps.lib.sh
cd /tmp/guests
common=(--memory 256M --bridge xenbr0 --mac)

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
	for kind in install start pygrub direct; do
		xl -N create "$kind.xl" >"$kind.json"
	done
	grep -F "\"pdev_path\": \"$odd\"" install.json
	grep -F '"pdev_path": "/dev/vg/root"' install.json
	grep -F '"is_cdrom": 1' install.json
	grep -F '"cmdline": "console=tty0 a,b=c"' start.json
}

write_files() {
	/share/tools/qemu/xen-domain pygrub --name pygrub --disk boot.img --disk root.img \
		"${common[@]}" 00:16:3e:00:00:01 --out pygrub.xl
	/share/tools/qemu/xen-domain direct --name direct --disk direct.img --installed direct.log \
		"${common[@]}" 00:16:3e:00:00:02 --out direct.xl
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
step write-files write_files
step accepts accepts
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
cp "$TOP/build/guest-installer" "$share"
write_script
run_case "a guest is installed on an image file" image_is_installed
run_case "dom0 runs the script to its end" dom0_run 2300 "$share"
open_guests_disk "$share"
run_case "kernel and initrd come out of the image as they are" files_are_those_of_the_closure
run_case "settings and keys in xenstore are read" step_passed "$share" xenstore
run_case "xl accepts every domain file" step_passed "$share" accepts
run_case "the kernel of the host boots the one image, and the owner gets in" boots_paravirtualised
run_case "the guest leaves a clean file system" file_system_is_clean
steps_took "$share"
