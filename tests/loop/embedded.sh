#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# embedded.sh — proves that the installer reads what the tool iso embedded in an ISO and refuses a damaged
# area with code 2, that the tool refuses what the installer would refuse, and that it loses no ISO (with LONG=1 also
# that it appends a system of this host's store)
#
# An ISO that a machine starts from is tested by qemu/customized_iso.sh: not every kernel can mount one.
# Modules: input/embedded_source, check_command.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2317 # the cases are called by name; inner shells expand
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../page.lib.sh
source "$TOP/tests/page.lib.sh"

SIGNED_BY=$(sample_key)

# A small ISO with the space and the boot menus of a lean one.
make_iso() {
	mkdir -p root/isolinux root/boot/grub
	truncate -s 1M root/guest-installer.embedded
	local comments
	comments=$(for ((i = 0; i < 16; i++)); do printf '%063d\n' 0 | tr 0 '#'; done)
	printf 'LABEL install\n  APPEND console=ttyS0 quiet\n%s\n' "$comments" >root/isolinux/isolinux.cfg
	printf 'linux /boot/vmlinuz console=ttyS0 quiet\n%s\n' "$comments" >root/boot/grub/grub.cfg
	xorriso -as mkisofs -quiet -r -J -V SMALL -o small.iso root
}

iso() { "$TOP/qemu/iso" "$@"; }

# customize OUT [OPTION]… — with a closure in this host's files.
customize() {
	iso customize --key key.pub --set "manifest=$TOP/build/guest-bios.json" --set "cache=$TOP/build/cache" \
		--set "trusted-keys=$SIGNED_BY" --set disk=serial:absent --set machine=any "${@:2}" \
		small.iso "$1"
}

# offset_of FILE — where it is in the ISO.
offset_of() {
	xorriso -indev small.iso -find "$1" -exec report_lba 2>/dev/null |
		awk -F ' *, *' '/^File data/ { print $2 * 2048 }'
}

# plan ISO — what the installer plans in a live system where this ISO's area is in /iso; its JSON goes to
# `planned`.
plan() {
	local status=0
	tail -c "+$(($(offset_of /guest-installer.embedded) + 1))" "$1" | head -c 1M >area
	unshare --mount bash -euc '
		mkdir -p live
		mount -t tmpfs tmpfs live
		mkdir live/upper live/work live/root
		mount -t overlay -o "lowerdir=/,upperdir=$PWD/live/upper,workdir=$PWD/live/work" overlay live/root
		for path in /dev /proc /sys /run "$1"; do mount --rbind "$path" "live/root$path"; done
		mkdir live/root/iso
		cp area live/root/iso/guest-installer.embedded
		cp "$1/build/guest-installer" live/root/guest-installer
		chroot live/root /guest-installer plan --json >planned' - "$TOP" || status=$?
	cat planned
	return "$status"
}

# refuses_to_plan ISO CODE STAGE PATTERN
refuses_to_plan() {
	local status=0
	plan "$1" || status=$?
	((status == $2))
	jq -e --arg stage "$3" --arg pattern "$4" \
		'.refusal.stage == $stage and (.refusal.sentence | test($pattern))' planned
}

# lacks PATTERN FILE
lacks() {
	if grep -E "$1" "$2"; then return 1; fi
}

# refuses PATTERN CODE COMMAND…
refuses() {
	local status=0
	"${@:3}" 2>said >&2 || status=$?
	cat said
	((status == $2)) && grep -E -- "$1" said
}

# The target is chosen when manifest and closure have been read.
settings_and_keys_count() {
	customize large.iso
	customize twice.iso
	cmp large.iso twice.iso
	refuses_to_plan large.iso 10 target 'serial:absent'
}

nothing_is_embedded_in_the_original() {
	refuses_to_plan small.iso 2 configuration 'neither manifest nor system is set'
}

damaged_areas_are_refused() {
	cp large.iso damaged.iso
	printf X | dd of=damaged.iso bs=1 seek="$(($(offset_of /guest-installer.embedded) + 700))" conv=notrunc
	refuses_to_plan damaged.iso 2 disks 'damaged, because it has another checksum'
	refuses 'damaged, because it has another checksum' 2 iso show damaged.iso
	refuses 'damaged, because it has another checksum' 2 iso reset damaged.iso out.iso
	refuses 'damaged, because it has another checksum' 2 iso customize --key key.pub damaged.iso out.iso
	[[ ! -e out.iso && ! -e out.iso.new ]]
}

with_closure() {
	iso customize --key key.pub --manifest "$TOP/build/guest-bios.json" --cache "$TOP/build/cache" \
		--set "trusted-keys=$SIGNED_BY" small.iso "$1"
}

isos_that_are_cut_off_are_refused() {
	with_closure short.iso
	truncate -s -4096 short.iso
	refuses 'copy the ISO again' 2 iso show short.iso
	head -c 1M small.iso >short.iso
	refuses 'is cut off' 2 iso show short.iso
}

a_closure_needs_its_iso() {
	with_closure large2.iso
	refuses_to_plan large2.iso 2 disks 'not started from a device with this ISO'
}

damaged_originals_are_not_reset() {
	cp large.iso damaged.iso
	printf X | dd of=damaged.iso bs=1 seek=$((17 * 2048)) conv=notrunc
	refuses 'its original had another SHA-256' 2 iso reset damaged.iso out.iso
	[[ ! -e out.iso && ! -e out.iso.new ]]
}

foreign_isos_are_refused() {
	mkdir foreign
	echo text >foreign/file
	xorriso -as mkisofs -quiet -r -o foreign.iso foreign 2>/dev/null
	[[ -s foreign.iso ]]
	refuses 'no ISO of guest-installer' 2 iso customize --key key.pub foreign.iso out.iso
	[[ ! -e out.iso ]]
}

# The sentences are the installer's own.
the_installer_is_asked_first() {
	refuses 'there is no key "swop", "swap" was probably meant' 2 iso customize --set swop=1G small.iso out.iso
	refuses 'wipe cannot be "maybe"' 2 iso customize --set wipe=maybe small.iso out.iso
	refuses 'is set a second time' 2 iso customize --set swap=1G --set swap=2G small.iso out.iso
	echo 'ssh-ed25519 AAAA' >bad.pub
	refuses 'bad.pub' 2 iso customize --key bad.pub small.iso out.iso
	jq '.layout = "other"' "$TOP/build/guest-bios.json" >other.json
	refuses layout 2 iso customize --manifest other.json --cache "$TOP/build/cache" \
		--set trusted-keys=none small.iso out.iso
	[[ ! -e out.iso ]]
}

secrets_do_not_leak() {
	ssh-keygen -q -t ed25519 -N '' -C host -f ssh_host_ed25519_key
	echo word >secret
	echo 'machine host login me password word' >netrc
	customize secret.iso --host-key ssh_host_ed25519_key --file /etc/secret=secret:0600 --key netrc \
		--set report-url=http://me:word@host/
	[[ $(stat -c %a secret.iso) == 600 ]]
	iso show secret.iso | tee shown
	lacks 'word|PRIVATE' shown
	refuses_to_plan secret.iso 10 target 'serial:absent'
	lacks word planned
}

a_second_time_replaces() {
	iso customize --set swap=1G --kernel-args debug secret.iso second.iso
	iso show second.iso | tee shown
	grep -x '  swap = 1G' shown
	lacks 'trusted-keys|closure|ssh_host' shown
	[[ $(stat -c %a second.iso) == 644 ]]
	iso reset second.iso original.iso
	cmp original.iso small.iso
	iso reset --force secret.iso secret.iso
	cmp secret.iso small.iso
}

a_system_of_this_hosts_store_is_appended() {
	nix-instantiate --eval --strict --json "$TOP/iso/sample/layouts.nix" -A bios >facts.json
	iso customize --key key.pub --system "$TOP/build/sample-bios" --manifest facts.json \
		small.iso system.iso
	iso show system.iso | grep 'trusted-keys = first-run-1:'
	tail -c "+$(($(stat -c %s small.iso) + 1))" system.iso >closure.iso
	xorriso -osirrox on -indev closure.iso -extract / closure
	[[ $(jq -r .system closure/guest.json) == "$(readlink "$TOP/build/sample-bios")" ]]
	(($(find closure/cache -name '*.narinfo' | wc -l) == $(nix-store -qR "$TOP/build/sample-bios" | wc -l)))
}

commands_of_the_page_do_what_it_says() {
	mkdir page
	cp small.iso page/guest-installer.iso
	blocks_run_by docs/iso.md tests/loop/embedded.sh | sed "s,~/.ssh/id_ed25519.pub,../key.pub," >page/commands
	(cd page && PATH=$(installed_names):$PATH bash -eux commands) | tee shown
	grep -F 'disk = smallest' shown
	grep -F key.pub shown
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
export NIX_CONFIG='build-users-group ='
run_case "a small ISO is made" make_iso
run_case "embedded settings and keys count in a live system; the same input makes the same ISO" settings_and_keys_count
run_case "the commands of docs/iso.md do what the page says" commands_of_the_page_do_what_it_says
run_case "nothing is embedded in the original" nothing_is_embedded_in_the_original
run_case "a damaged area is refused by installer and tool" damaged_areas_are_refused
run_case "an ISO that is cut off is refused" isos_that_are_cut_off_are_refused
run_case "a closure is read from the ISO only" a_closure_needs_its_iso
run_case "a damaged original is not reset" damaged_originals_are_not_reset
run_case "an ISO of another kind is refused" foreign_isos_are_refused
run_case "the installer is asked before anything is written" the_installer_is_asked_first
run_case "secrets are neither shown nor readable for others" secrets_do_not_leak
run_case "customize replaces what was embedded, and reset can replace its ISO" a_second_time_replaces
run_long "a system of this host's store is appended" a_system_of_this_hosts_store_is_appended
