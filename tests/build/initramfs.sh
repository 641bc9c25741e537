#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# initramfs.sh — proves that iso/make-initramfs refuses programs that an initramfs cannot run, and which
# modules iso/select-modules takes from a kernel
# shellcheck source=tests/tap.lib.sh
source "$(dirname "$0")/../tap.lib.sh"

PROGRAM=$TOP/build/guest-installer

# refused PATTERN OPTION FILE — instead of a program that is static.
refused() {
	local pattern=$1 option=$2 file=$3 arguments=() given
	for given in installer mkfs-fat busybox; do
		if [[ --$given == "$option" ]]; then
			arguments+=("$option" "$file")
		else
			arguments+=("--$given" "$PROGRAM")
		fi
	done
	if "$TOP/iso/make-initramfs" "${arguments[@]}" --modules "$SCRATCH" --settings /dev/null \
		"$SCRATCH/out" 2>"$SCRATCH/said"; then return 1; fi
	cat "$SCRATCH/said"
	grep -Eq "$file .*$pattern" "$SCRATCH/said"
}

dynamic_programs_are_refused() {
	local option
	readelf -l /bin/ls | grep INTERP
	for option in --installer --mkfs-fat --busybox; do
		refused 'is linked dynamically' "$option" /bin/ls
	done
}

scripts_are_refused() {
	refused 'is no 64-bit program' --mkfs-fat "$TOP/tests/run"
}

# What is refused then is the folder without modules.
static_programs_pass() {
	if refused 'is linked dynamically' --mkfs-fat "$PROGRAM"; then return 1; fi
	if grep -E 'linked|program' "$SCRATCH/said"; then return 1; fi
}

# kernel NAME… — a folder of modules with these in it; the first one is built in.
kernel() {
	local name
	rm -rf modules
	mkdir modules
	echo "kernel/$1.ko" >modules/modules.builtin
	for name in "${@:2}"; do echo "kernel/$name.ko.xz:"; done >modules/modules.dep
}

select_modules() { "$TOP/iso/select-modules" modules "${1:-list}" >selected 2>said; }

modules_come_after_what_they_need() {
	kernel built-in a b
	printf '%s\n' 'kernel/c.ko: kernel/b.ko.xz kernel/a.ko.xz' >>modules/modules.dep
	printf '%s\n' '# comment' built_in c 'missing?' 'a # again' >list
	select_modules
	diff selected <(printf 'kernel/%s\n' a.ko.xz b.ko.xz c.ko)
}

# --devices: files in load order, then patterns, unless the module is for something else, too.
drivers_are_described_by_their_devices() {
	kernel built-in pci both usb
	echo 'kernel/disk.ko: kernel/both.ko.xz kernel/pci.ko.xz' >>modules/modules.dep
	cat >modules/modules.alias <<-'END'
		# Aliases extracted from modules themselves.
		alias pci:v00001AF4d*sv* pci
		alias pci:v00001AF5d*sv* pci
		alias fs-both both
		alias pci:v00001AF6d*sv* both
		alias usb:v0123p*d*dc* usb
		alias usb:v0124p*d*dc* usb
		alias virtio:d00000002v* disk
	END
	printf '%s\n' built_in pci both usb disk >list
	"$TOP/iso/select-modules" --devices modules list | diff - <(printf '%s\n' \
		'pci.ko pci:v00001AF4d*sv* pci:v00001AF5d*sv*' both.ko 'usb.ko usb:*' \
		'pci.ko both.ko disk.ko virtio:d00000002v*')
}

# For guests whose kernel is cut down to what their machine has.
one_of_several_is_enough() {
	kernel built-in b
	echo 'a|b # the disk' >list
	select_modules
	diff selected <(echo kernel/b.ko.xz)
	echo 'a|built-in' >list
	select_modules
	[[ ! -s selected ]]
}

what_is_missing_is_named_with_its_reason() {
	kernel built-in b
	printf '%s\n' 'a|c # the disk' 'd' >list
	if select_modules; then return 1; fi
	diff said - <<-END
		select-modules: the kernel has no module a or c, which is needed for the disk: build it with this module
		select-modules: the kernel has no module d: build it with this module
	END
}

# The names are those of the kernel's own files.
the_iso_needs_little_of_a_kernel() {
	kernel ext4 virtio_blk nls_cp437 vfat isofs
	select_modules "$TOP/iso/modules"
	kernel ext4 xen-blkfront nls_cp437 vfat isofs
	select_modules "$TOP/iso/modules"
	kernel ext4 nls_cp437 vfat isofs
	if select_modules "$TOP/iso/modules"; then return 1; fi
	grep -F "no module virtio_blk or xen-blkfront, which is needed for the guest's disk" said
}

cd "$SCRATCH"
run_case "modules come after what they need" modules_come_after_what_they_need
run_case "drivers are described by their devices" drivers_are_described_by_their_devices
run_case "one of several modules is enough" one_of_several_is_enough
run_case "what is missing is named with its reason" what_is_missing_is_named_with_its_reason
run_case "the ISO needs little of a kernel" the_iso_needs_little_of_a_kernel
run_case "a program that is linked dynamically is refused" dynamic_programs_are_refused
run_case "a script is refused" scripts_are_refused
run_case "programs that are static pass" static_programs_pass
