#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# pygrub.sh — proves that the installer takes a menu exactly if the real pygrub starts the system by it
#
# No Xen is needed: pygrub is unpacked from the distribution's packages and reads a disk image.
#
# Modules: verify/pv_kernel, verify/pygrub_disk.
# shellcheck source=tests/loop/effects.lib.sh disable=SC2016 # menus have variables of GRUB's
. "$(dirname "$0")/../loop/effects.lib.sh"

PACKAGES=(xen-utils-4.17 libxenmisc4.17)
STORE=/nix/store/0123456789abcdfghijklmnpqrsvwxyz
SYSTEM=$STORE-system
XEN=${XDG_CACHE_HOME:-$HOME/.cache}/guest-installer/pygrub/${PACKAGES[0]}

# pygrub and its readers of file systems, unpacked once.
fetch_pygrub() {
	local work deb
	[[ ! -x $XEN/usr/lib/xen-4.17/bin/pygrub ]] || return 0
	mkdir -p "$(dirname "$XEN")"
	work=$(mktemp -d "$XEN.XXXXXX")
	(cd "$work" && apt-get -q=2 -o APT::Sandbox::User=root download "${PACKAGES[@]}")
	for deb in "$work"/*.deb; do
		dpkg-deb -x "$deb" "$work"
		rm "$deb"
	done
	mv -T "$work" "$XEN" 2>/dev/null || rm -rf "$work"
}

# A kernel as far as its headers go: protocol 2.08, and a gzip payload with a note of Xen's.
make_kernel() {
	printf '\4\0\0\0\10\0\0\0\1\0\0\0Xen\0' | gzip -n >"$SCRATCH/payload"
	perl -e 'my $k = "\0" x 1024;
		substr($k, 0x1f1, 1) = "\1"; substr($k, 0x202, 6) = "HdrS\x08\x02";
		substr($k, 0x248, 8) = pack "VV", 0, -s "$ENV{SCRATCH}/payload"; print $k' >"$1"
	cat "$SCRATCH/payload" >>"$1"
}

# new_root — a target whose boot disk has the system's files, and no menu yet.
new_root() {
	root=$SCRATCH/root
	rm -rf "$root"
	mkdir -p "$root/boot/kernels" "$root/boot/grub" "$root$STORE-linux" "$root$SYSTEM"
	make_kernel "$root$STORE-linux/bzImage"
	echo initrd >"$root$STORE-linux/initrd"
	cp "$root$STORE-linux/bzImage" "$root/boot/kernels/k"
	cp "$root$STORE-linux/initrd" "$root/boot/kernels/i"
	cp "$root$STORE-linux/initrd" "$root/boot/kernels/j"
}

ours() {
	"$EFFECTS" pygrub "$root" "$SYSTEM" "$STORE-linux/bzImage" "$STORE-linux/initrd" 2>"$SCRATCH/ours"
}

# read_by_pygrub IMAGE — writes its answer to the file `theirs`. pygrub makes its files before it reads
# the menu, so the answer is their content and its exit status.
read_by_pygrub() {
	local out=$SCRATCH/out x=$XEN/usr/lib/xen-4.17
	rm -rf "$out"
	mkdir "$out"
	PYTHONPATH=$x/lib/python XEN_FSIMAGE_FSDIR=$x/lib/x86_64-linux-gnu/xenfsimage \
		LD_LIBRARY_PATH=$x/lib/x86_64-linux-gnu:$XEN/usr/lib/x86_64-linux-gnu \
		python3 -W ignore "$x/bin/pygrub" -q --output-format=simple --output-directory="$out" \
		"$1" >"$SCRATCH/theirs" 2>"$SCRATCH/theirs.messages"
}

theirs() {
	local image=$SCRATCH/boot.img
	rm -f "$image"
	mke2fs -q -t ext4 -O ^64bit -d "$root/boot" "$image" 8M
	read_by_pygrub "$image" || return 1
	cmp "$(sed -n 's/^kernel //p' "$SCRATCH/theirs")" "$root$STORE-linux/bzImage" &&
		cmp "$(sed -n 's/^ramdisk //p' "$SCRATCH/theirs")" "$root$STORE-linux/initrd" &&
		grep -q "^args .*init=$SYSTEM/init" "$SCRATCH/theirs"
}

# The installer's answer for an image file, by the guest's own GRUB menu or by its own.
installed_is_started() {
	local sample=$TOP/build/sample-$1
	shift
	need_root
	rm -f "$SCRATCH"/{root,boot}.img
	truncate -s 1600M "$SCRATCH/root.img"
	truncate -s 64M "$SCRATCH/boot.img"
	"$TOP/build/asan/guest-installer" install --disk "$SCRATCH/root.img" --boot-disk "$SCRATCH/boot.img" \
		--cache "$TOP/build/cache" --set "trusted-keys=$(sample_key)" --set keys=none "$@"
	read_by_pygrub "$SCRATCH/boot.img"
	cmp "$(sed -n 's/^kernel //p' "$SCRATCH/theirs")" "$sample/kernel"
	cmp "$(sed -n 's/^ramdisk //p' "$SCRATCH/theirs")" "$sample/initrd"
	grep "^args init=$(readlink -f "$sample")/init " "$SCRATCH/theirs"
}

# agree starts|fails [PATTERN] — both give this answer, and our sentence matches PATTERN.
agree() {
	local ours=fails theirs=fails
	! ours || ours=starts
	! theirs >"$SCRATCH/compared" 2>&1 || theirs=starts
	cat "$SCRATCH/ours"
	[[ $ours == "$1" && $theirs == "$1" ]] || {
		echo "expected: $1, ours: $ours, pygrub: $theirs"
		cat "$SCRATCH"/{compared,theirs.messages}
		return 1
	}
	[[ -z ${2-} ]] || grep -Eq "^(0|41): .*$2" "$SCRATCH/ours"
}

# entry [LINE]… — a menu's entry whose lines are these, or those that start the system.
entry() {
	echo 'menuentry "NixOS - Default" --class nixos --unrestricted {'
	printf '  %s\n' "${@:-linux /kernels/k init=$SYSTEM/init quiet}"
	(($#)) || echo '  initrd /kernels/i'
	echo '}'
}

# menu starts|fails PATTERN — the menu on standard input, at /grub/grub.cfg.
menu() {
	new_root
	cat >"$root/boot/grub/grub.cfg"
	agree "$@"
}

LINUX="linux /kernels/k init=$SYSTEM/init"
OTHER=$'menuentry "Other" --class nixos {\n  linux /kernels/k init=/other/init\n  initrd /kernels/i\n}'

another_place() {
	new_root
	mkdir -p "$root/boot/boot/grub"
	entry >"$root/boot/boot/grub/grub.cfg"
	echo "$OTHER" >"$root/boot/grub/grub.cfg"
	agree starts
	echo "$OTHER" >"$root/boot/boot/grub/grub.cfg"
	entry >"$root/boot/grub/grub.cfg"
	agree fails 'does not start the system'
}

no_menu() {
	new_root
	agree fails 'has no menu'
	mkdir -p "$root/boot/extlinux"
	printf 'DEFAULT nixos\nLABEL nixos\n  LINUX ../kernels/k\n  INITRD ../kernels/i\n  APPEND init=%s/init\n' \
		"$SYSTEM" >"$root/boot/extlinux/extlinux.conf"
	agree fails 'has no menu'
}

another_kernel() {
	new_root
	entry >"$root/boot/grub/grub.cfg"
	echo more >>"$root/boot/kernels/k"
	agree fails
}

# run_case gives its command no standard input.
menu_of() {
	menu "$1" "$2" <"$SCRATCH/menu"
}

# try SENTENCE starts|fails PATTERN MENU
try() {
	printf '%s\n' "$4" >"$SCRATCH/menu"
	run_case "$1" menu_of "$2" "$3"
}

fetch_pygrub
at=\($'$drive1'\)
try "the portable form" starts '' "$(entry)"
try "search lines, which it ignores" starts '' "search --set=drive1 --label NIXBOOT
$(entry 'search --set=drive1 --fs-uuid 1-2' "$LINUX" 'initrd /kernels/i')"
try "what NixOS writes before its entries" starts '' 'if [ -s $prefix/grubenv ]; then
  load_env
fi
if [ "${next_entry}" ]; then
  set default="${next_entry}"
  set next_entry=
  save_env next_entry
  set timeout=1
else
  set default=0
  set timeout=5
fi
function savedefault {
  if [ -z "${boot_once}"]; then
  saved_entry="${chosen}"
  fi
}
if [ "${grub_platform}" = "efi" ]; then
  insmod efi_gop
fi
set color_normal="white/black"
'"$(entry)"'
submenu "NixOS - All configurations" --class submenu {
'"$OTHER"'
}'
try "a variable as device" fails 'line 2 .*knows no device "\(\$drive1"' "$(entry "linux $at/kernels/k init=$SYSTEM/init" "initrd $at/kernels/i")"
try "a variable as device in another entry" fails 'line 6 ' "$(entry)
$(entry "linux $at/kernels/k")"
try "a variable as the initrd's device" fails 'line 3 ' "$(entry "$LINUX" "initrd $at/kernels/i")"
try "two slashes before the kernel" fails 'two slashes' "$(entry "linux //kernels/k init=$SYSTEM/init" 'initrd /kernels/i')"
try "two slashes before the initrd" fails 'initrd "//kernels/i" in line 3' "$(entry "$LINUX" 'initrd //kernels/i')"
try "two slashes in an entry that is not started" starts '' "$(entry)
$(entry "linux //kernels/k" 'initrd //kernels/i')"
try "a root of Xen in an entry" fails 'line 2 .*"\(xen/xvda\)"' "$(entry 'set root=(xen/xvda)' "$LINUX" 'initrd /kernels/i')"
try "a root of Xen before the entries" starts '' "set root=(xen/xvda)
$(entry)"
try "a root with a number in an entry" starts '' "$(entry "set root='hd0,msdos1'" "$LINUX" 'initrd /kernels/i')"
try "a disk's number before the path" starts '' "$(entry "linux (hd0)/kernels/k init=$SYSTEM/init" 'initrd (hd0,gpt2)/kernels/i')"
try "a name of Xen's disk before the path" starts '' "$(entry "linux (/dev/xvda)/kernels/k init=$SYSTEM/init" 'initrd /kernels/i')"
try "two files on the initrd line" fails 'more than one file' "$(entry "$LINUX" 'initrd /kernels/i /kernels/j')"
try "two initrd lines, of which the last counts" starts '' "$(entry "$LINUX" 'initrd /kernels/missing' 'initrd /kernels/i')"
try "no initrd" fails 'no initrd' "$(entry "$LINUX")"
try "no kernel" fails 'no kernel' "$(entry 'initrd /kernels/i')"
try "no entry" fails 'no kernel' 'set default=0'
try "a kernel that is not there" fails 'line 2' "$(entry "linux /kernels/x init=$SYSTEM/init" 'initrd /kernels/i')"
try "a kernel in quotes" fails 'quotes' "$(entry "linux \"/kernels/k\" init=$SYSTEM/init" 'initrd /kernels/i')"
try "another system" fails 'does not start the system' "$OTHER"
try "the second entry as default" starts '' "set default=1
$OTHER
$(entry)"
try "an entry of a submenu as default" starts '' "set default=\"1\"
$OTHER
submenu \"all\" {
$(entry)
}"
try "a default after the entries" fails 'does not start' "$(entry)
$OTHER
set default=1"
try "a default beyond the entries" starts '' "set default=7
$(entry)
$OTHER"
try "a saved entry, which it does not know" starts '' "set default=\"\${saved_entry}\"
$(entry)
$OTHER"
try "a default by name, which it does not know" starts '' "set default=\"Other\"
$(entry)
$OTHER"
try "a default below zero" fails 'below zero' "set default=-1
$(entry)"
try "a value with two equals signs" fails 'line 1' "set a=b=c
$(entry)"
try "a set without a value" fails 'line 1' "set a
$(entry)"
try "a title directly before the brace" fails 'line 4 .*menuentry' "menuentry \"NixOS\"{
$LINUX
initrd /kernels/i
}"
try "a brace on its own line" fails '' "menuentry \"NixOS\"
{
$LINUX
initrd /kernels/i
}"
try "a title without quotes" fails '' "menuentry NixOS --class nixos {
$LINUX
}"
try "an entry inside an entry" fails 'inside another' "menuentry \"a\" {
$(entry)
}"
try "an entry that does not end" fails 'ends inside' "$(entry | sed '$d')"
try "a brace too many" fails 'closed' "$(entry)
}"
try "ends of lines as DOS has them" starts '' "$(entry | sed $'s/$/\r/')"
try "tabs for blanks" starts '' "$(printf 'menuentry "NixOS" {\n\tlinux\t/kernels/k init=%s/init\n\tinitrd\t/kernels/i\n}' "$SYSTEM")"
try "a tab behind the kernel" fails 'more than one file' "$(entry "linux /kernels/k"$'\t'"init=$SYSTEM/init" 'initrd /kernels/i')"
try "a tab behind the kernel, blanks later" starts '' "$(entry "linux /kernels/k"$'\t'"init=$SYSTEM/init quiet" 'initrd /kernels/i')"
try "words of GRUB that it does not know" starts '' "insmod part_gpt
serial --unit=0 --speed=115200
terminal_input serial console
$(entry 'echo loading' "$LINUX" 'initrd /kernels/i')"
try "the names of old" starts '' "$(entry "linux16 /kernels/k init=$SYSTEM/init" 'initrd16 /kernels/i')"
try "the names for UEFI, which it does not know" fails 'no kernel' "$(entry "linuxefi /kernels/k init=$SYSTEM/init" 'initrdefi /kernels/i')"
try "umlauts in a title" starts '' "$(entry | sed 's/Default/Grüße/')"
try "bytes that are no UTF-8" fails 'no UTF-8' "$(entry | LC_ALL=C sed $'s/Default/\xff/')"
run_case "a menu in /boot/grub counts before one in /grub" another_place
run_case "without grub.cfg it is none of ours" no_menu
run_case "a kernel that is not the store's" another_kernel
((UID)) || "$TOP/iso/make-cache"
run_case "what the guest's GRUB wrote on an installed image" installed_is_started pygrub \
	--manifest "$TOP/build/guest-pygrub.json"
run_case "what the installer wrote for a guest without GRUB" installed_is_started direct \
	--layout pygrub --system "$TOP/build/sample-direct" --set root-label=NIXOS
