# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # variables shared with the test files
# tests/qemu/kernels.lib.sh — kernels that are not on the guest's disk, and the modules to mount it
#
# Source it after machine.lib.sh.

# make_initrd MODULE-FOLDER FILE [MODULE]… — the installed system's initrd with another kernel's modules:
# files of a later archive replace those of an earlier one. Modules that this kernel has built in or does
# not have are left out.
make_initrd() {
	local root=$SCRATCH/initrd-root path
	rm -rf "$root"
	mkdir -p "$root/lib/modules"
	{ cat "$TOP/iso/sample/modules" && printf '%s\n' "${@:3}"; } >"$SCRATCH/list"
	("$TOP/iso/select-modules" "$1" "$SCRATCH/list" 2>/dev/null || true) | while read -r path; do
		cp "$1/$path" "$root/lib/modules/"
		printf '%s\n' "${path##*/}"
	done >"$root/lib/modules/order"
	grep -qx "virtio_blk.ko" "$root/lib/modules/order"
	install -m 644 "$(readlink "$TOP/build/sample-gpt")/initrd" "$2"
	truncate -s %512 "$2" # an archive begins on four bytes
	(cd "$root" && find . -mindepth 1 | cpio -o -H newc -R 0:0 --quiet) >>"$2"
}
