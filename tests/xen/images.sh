#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# images.sh — proves that image files installed without any machine run under the real Xen: by
# pygrub, and with kernel and initrd taken out of the image; and that xl takes every domain file
# shellcheck source=tests/xen/dom0.lib.sh
. "$(dirname "$0")/dom0.lib.sh"

share=$SCRATCH/share

# install_image NAME OPTION… — the installer's output goes to NAME.log.
install_image() {
	local name=$1
	shift
	"$TOP/build/guest-installer" install --cache "$TOP/build/cache" --key key.pub \
		--manifest "$TOP/build/guest-$name.json" \
		--set "trusted-keys=$(cat "${XDG_CACHE_HOME:-$HOME/.cache}/guest-installer/signing-key.pub")" \
		"$@" >"$name.log" || { cat "$name.log" && return 1; }
	sed -n 's/^INSTALL_RESULT ssh-host-key=/* /p' "$name.log" >"$name.known_hosts"
}

images_are_installed() {
	cd "$share"
	truncate -s 1600M root.img direct.img
	truncate -s 500M boot.img
	install_image pygrub --disk root.img --boot-disk boot.img
	install_image direct --disk direct.img
}

write_script() {
	cat >"$share/script" <<'END'
. /share/steps.lib.sh
cd /share
common=(--memory 256M --bridge xenbr0 --mac)

# Names with commas, blanks and letters of other languages are names to xl, too.
accepts() {
	local odd='/tmp/a,vdev=xvdz b ü.img' kind
	truncate -s 64M "$odd" /tmp/kernel
	tools/qemu/xen-domain install --name odd --disk "$odd" --disk phy:vg/root --iso "$odd" \
		--keys "$odd" --bridge xenbr0 --serial "$odd" --cores 2 --out install.xl
	tools/qemu/xen-domain install --name odd --disk "$odd" --iso "$odd" --kernel /tmp/kernel \
		--ramdisk /tmp/kernel --command-line 'console=tty0 a,b="c' --out start.xl && return 1
	tools/qemu/xen-domain install --name odd --disk "$odd" --iso "$odd" --kernel /tmp/kernel \
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
	tools/qemu/xen-domain pygrub --name pygrub --disk boot.img --disk root.img \
		"${common[@]}" 00:16:3e:00:00:01 --out pygrub.xl
	tools/qemu/xen-domain direct --name direct --disk direct.img --installed direct.log \
		"${common[@]}" 00:16:3e:00:00:02 --out direct.xl
}

network_up
step write-files write_files
step accepts accepts
step boot-pygrub boot_guest pygrub pygrub.xl pygrub.known_hosts
step boot-direct boot_guest direct direct.xl direct.known_hosts
END
}

boots_paravirtualised() {
	step_passed "$share" "boot-$1"
	grep -x PV "$share/steps/boot-$1"
	grep -F "init=$(readlink -f "$TOP/build/sample-$1")/init" "$share/steps/boot-$1"
}

files_are_those_of_the_closure() {
	step_passed "$share" write-files
	cmp "$share/direct.xl.kernel" "$TOP/build/sample-direct/kernel"
	cmp "$share/direct.xl.ramdisk" "$TOP/build/sample-direct/initrd"
}

file_systems_are_clean() {
	e2fsck -fn "$share/boot.img"
	e2fsck -fn "$share/root.img"
	e2fsck -fn "$share/direct.img?offset=1048576"
}

make_share "$share"
write_script
run_case "guests are installed on image files" images_are_installed
run_case "dom0 runs the script to its end" dom0_run 2300 "$share"
run_case "kernel and initrd come out of the image as they are" files_are_those_of_the_closure
run_case "xl accepts every domain file" step_passed "$share" accepts
run_case "pygrub boots the two images, and the owner gets in" boots_paravirtualised pygrub
run_case "the kernel of the host boots the one image, and the owner gets in" boots_paravirtualised direct
run_case "the guests leave clean file systems" file_systems_are_clean
steps_took "$share"
