#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# boot_menus.sh — proves that boot menus are read as GRUB and systemd-boot read them: each menu of
# tests/loop/menus is started by grub-emu, each ESP is listed by bootctl, and both must agree with us;
# and that an ESP without its files, or with those of another system, is refused
#
# Modules: verify/grub_cfg, verify/grub_commands, verify/grub_script, verify/grub_words,
# verify/loader_entries, verify/systemd_boot, verify/efi_program.
# shellcheck source=tests/tap.lib.sh
. "$(dirname "$0")/../tap.lib.sh"
# shellcheck source=tests/loop/esp.lib.sh
. "$TOP/tests/loop/esp.lib.sh"

MENUS=$TOP/tests/loop/menus

# ---------------------------------------------------------------- GRUB

# started_by_grub MENU — kernel and options of the entry that grub-emu starts by itself; "waits"
# if it starts none. Its kernel loader is replaced by a function that prints and ends it.
started_by_grub() {
	local folder=$SCRATCH/grub-$1 limit=30
	mkdir -p "$folder"
	[[ $1 != waits-* ]] || limit=3
	# shellcheck disable=SC2016 # GRUB's variables
	{
		echo 'function linux { echo "STARTED|$@"; exit; }'
		cat "$MENUS/$1.cfg"
	} >"$folder/grub.cfg"
	timeout "$limit" script -qec "stty cols 500; exec grub-emu -d $folder -r host" /dev/null </dev/null >"$folder/screen" 2>&1 || true
	tr -d '\r' <"$folder/screen" | sed -n 's/^STARTED|//p' >"$folder/started"
	[[ -s $folder/started ]] || echo waits >"$folder/started"
	sed -i 's/^([^)]*)//' "$folder/started"
}

# What we say is quoted where the kernel needs it; GRUB's echo has no quotes.
started_by_us() {
	"$READER" grub "$MENUS/$1.cfg" | tr -d '"' | sed 's/^[^|]*|//; s/|$//; s/|/ /'
}

menu_agrees() {
	local name=$1 ours theirs
	ours=$(started_by_us "$name")
	theirs=$(<"$SCRATCH/grub-$name/started")
	echo "we: $ours, grub-emu: $theirs"
	case $name in
	waits-*) [[ $theirs == waits && $ours == "refused: "*@(waits for ever|asks for a password)* ]] ;;
	refused-*) [[ $theirs != waits && $ours == "refused: "* ]] ;;
	*) [[ $ours == "$theirs" ]] ;;
	esac
}

grub_accepts_the_syntax() {
	local menu
	for menu in "$MENUS"/*.cfg; do
		tr -d '\r' <"$menu" | grub-script-check
	done
}

# ---------------------------------------------------------------- systemd-boot

entries_are_ordered() {
	new_esp 'timeout 5\n'
	add_entry nixos-9.conf 'sort-key nixos\nversion Generation 9'
	add_entry nixos-10.conf 'sort-key nixos\nversion Generation 10'
	add_entry nixos-11+0-3.conf 'sort-key nixos\nversion Generation 11'
	add_entry nixos-8+3.conf 'sort-key nixos\nversion Generation 8'
	add_entry zzz.conf 'version 99'
	add_entry aaa-2.conf 'options x'
	add_entry aaa-10.conf 'options x'
	add_entry other.conf 'sort-key arch\nversion 1\narchitecture x64'
	order_agrees
	add_entry one.conf 'sort-key nixos\nmachine-id 00000000000000000000000000000001\nversion 1'
	add_entry two.conf 'sort-key nixos\nmachine-id 00000000000000000000000000000002\nversion 2'
	order_agrees
	new_esp 'timeout 5\n'
	add_entry a.conf 'devicetree /k\ndevicetree-overlay /k /k\nprofile 1'
	add_entry b.conf "version Generation 2 $(printf 'tag-%.0s' {1..60})"
	add_entry c.conf "title $(printf 'title %.0s' {1..60})\nnew-key x"
	order_agrees
}

# default_agrees CONFIG — with entries of several generations.
default_agrees() {
	new_esp "$1"
	for i in 1 2 10; do
		add_entry "nixos-generation-$i.conf" "sort-key nixos\nversion Generation $i"
	done
	add_entry Other+1-2.conf 'sort-key a'
	order_agrees
}

defaults_are_found() {
	default_agrees 'default nixos-generation-2.conf\n'
	default_agrees 'default nixos-*\n'
	default_agrees 'default nixos-generation-[12].conf\ntimeout 0\neditor no\nconsole-mode keep\n'
	default_agrees 'default other*\n'
	default_agrees 'default nothing\n'
	default_agrees '# default nixos-generation-2.conf\ndefault nixos-generation-1?.conf\n'
	default_agrees 'default nixos-generation-1.conf\ndefault @saved\n'
	default_agrees '\n'
}

versions_agree() {
	local a b status signs=([0]='=' [11]='>' [12]='<')
	for a in 1 1.2 1~rc1 1^post 01a 1.a '' 1_2 'Generation 9'; do
		for b in 1 1.10 1-1 1~rc2 9 b 1+2 'Generation 10'; do
			status=0
			systemd-analyze compare-versions "$a" "$b" >/dev/null || status=$?
			printf '%s %s %s\n' "$a" "${signs[status]}" "$b"
		done
	done >"$SCRATCH/theirs"
	"$READER" versions "$SCRATCH/theirs" | diff "$SCRATCH/theirs" -
}

# ---------------------------------------------------------------- what an ESP must hold

a_whole_esp_starts() {
	new_target
	esp_is starts
	rm loader/loader.conf
	esp_is starts
	echo secrets >EFI/nixos/secrets
	echo 'initrd /EFI/nixos/secrets' >>loader/entries/nixos-generation-1.conf
	mv loader/entries/nixos-generation-1.conf loader/entries/nixos-generation-1+3.conf
	esp_is starts
	echo tree >EFI/nixos/tree.efi
	echo 'devicetree /EFI/nixos/tree.efi' >>loader/entries/nixos-generation-1+3.conf
	printf 'title Other\nlinux /EFI/nixos/k.efi\nnew-key x\n' >loader/entries/a-other.conf
	echo 'default @saved' >>loader/loader.conf
	esp_is starts
}

incomplete_esps_are_refused() {
	new_target && rm -r ./*
	esp_is 'refused: *BOOTX64.EFI*'
	new_target && rm -r loader EFI/nixos
	esp_is 'refused: *no boot entry with a kernel*'
	new_target && rm EFI/nixos/k.efi
	esp_is 'refused: *no boot entry with a kernel*'
	new_target && rm EFI/nixos/i.efi
	esp_is 'refused: *i.efi*'
	new_target && : >EFI/nixos/i.efi
	esp_is 'refused: *nixos-generation-1.conf: *i.efi*'
	new_target && : >EFI/BOOT/BOOTX64.EFI
	esp_is 'refused: *BOOTX64.EFI is not an EFI program*'
	new_target && cp "$STUB" EFI/BOOT/BOOTX64.EFI
	esp_is 'refused: *BOOTX64.EFI * is not systemd-boot*'
}

other_systems_are_refused() {
	new_target && echo other >EFI/nixos/k.efi
	esp_is 'refused: *k.efi*'
	new_target && sed -i "s,options.*,& init=/bin/false," loader/entries/*.conf
	esp_is 'refused: *the last init= of its command line is /bin/false*'
	new_target && sed 's,1,2,; s,options.*,options init=/nix/store/x/init,' \
		loader/entries/nixos-generation-1.conf >loader/entries/nixos-generation-2.conf
	esp_is starts
	echo 'default nixos-generation-2.conf' >loader/loader.conf
	esp_is 'refused: *nixos-generation-2.conf does not start the system*'
	new_target && echo 'timeout menu-force' >>loader/loader.conf
	esp_is 'refused: *waits for ever*'
	new_target && echo kernel >EFI/nixos/k.efi && cp EFI/nixos/k.efi "$SCRATCH/root$SYSTEM/kernel"
	esp_is 'refused: UEFI cannot start the kernel, * CONFIG_EFI_STUB *'
	new_target && echo 'devicetree /EFI/nixos/none.efi' >>loader/entries/nixos-generation-1.conf
	esp_is 'refused: *none.efi*'
	new_target && echo 'new-key x' >>loader/entries/nixos-generation-1.conf
	esp_is 'refused: nixos-generation-1.conf line 6 is not understood: new-key x'
	new_target && sed -i 's,^linux,efi,' loader/entries/*.conf
	esp_is 'refused: *EFI program*'
}

unified_images_are_compared() {
	local store=$SCRATCH/root$SYSTEM
	new_target && rm -r loader
	make_image "$store/kernel" "$store/initrd" "init=$SYSTEM/init"
	esp_is starts
	make_image "$store/initrd" "$store/initrd" "init=$SYSTEM/init"
	esp_is 'refused: The section .linux of /EFI/Linux/nixos-1.efi differs*'
	make_image "$store/kernel" "$store/kernel" "init=$SYSTEM/init"
	esp_is 'refused: The section .initrd *'
	make_image "$store/kernel" "$store/initrd" quiet
	esp_is 'refused: *nixos-1.efi does not start the system*'
	truncate -s 1000 EFI/Linux/nixos-1.efi
	esp_is 'refused: *nixos-1.efi*'
}

build_reader
run_case "GRUB's own checker accepts every menu" grub_accepts_the_syntax
for menu in "$MENUS"/*.cfg; do
	started_by_grub "$(basename "$menu" .cfg)" &
done
wait
for menu in "$MENUS"/*.cfg; do
	name=$(basename "$menu" .cfg)
	run_case "grub-emu and we start the same entry of the menu $name" menu_agrees "$name"
done
run_case "versions are compared as systemd-analyze does" versions_agree
if ((UID)); then
	skip "entries have bootctl's order" "only root can mount"
	skip "the default is bootctl's" "only root can mount"
else
	mount_esp
	run_case "entries have bootctl's order" entries_are_ordered
	run_case "the default is bootctl's" defaults_are_found
fi
run_case "an ESP that starts the system is accepted" a_whole_esp_starts
run_case "an ESP that lacks kernel, initrd, menu or program is refused" incomplete_esps_are_refused
run_case "an ESP that starts something else, or nothing by itself, is refused" other_systems_are_refused
run_case "the sections of a unified kernel image are compared" unified_images_are_compared
