#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# architectures.sh — proves that the tables of architectures of the installer, the host's tools and the ISO have the
# same rows, and that the rows agree wherever two of them say the same thing
#
# Modules: base/architecture.
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2317 # jq expands; the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

# Each table as a JSON object of rows by name, with the names of the C table's fields.
installers_table() {
	cat >table.c <<-'END'
		#include <stdio.h>
		#include "base/architecture.h"
		int main(void)
		{
			const struct architecture *row;
			for (size_t i = 0; (row = architecture_at(i)); i++)
				printf("{\"name\":\"%s\",\"system\":\"%s\",\"efi_name\":\"%s\",\"efi_program\":\"%s\",\"grub_cpu\":\"%s\","
				       "\"root_type\":\"%s\",\"serial_console\":\"%s\",\"has_bios\":%s,\"has_bzimage\":%s,"
				       "\"pe_machine\":%d}\n",
					row->name, row->system, row->efi_name, row->efi_program, row->grub_cpu, row->root_type,
					row->serial_console, row->no_bios ? "false" : "true",
					row->kernel_formats & KERNEL_BZIMAGE ? "true" : "false", row->pe_machine);
		}
	END
	gcc -D_GNU_SOURCE= "-I$TOP/installer" -o table table.c "$TOP/installer/base/architecture.c"
	./table | jq -s 'map({key: .name, value: .}) | from_entries'
}

hosts_table() {
	PYTHONPATH=$TOP/qemu python3 -B -c 'import json
from host.base.architectures import ARCHITECTURES
names = "name system root_type serial_console has_bios pe_machine".split()
print(json.dumps({row.name: {name: getattr(row, name) for name in names} for row in ARCHITECTURES}))'
}

isos_table() {
	# shellcheck source=../../iso/lib.sh
	(. "$TOP/iso/lib.sh" && nix_setup && nix-instantiate --eval --strict --json "$TOP/iso/architectures.nix") |
		jq 'map_values({system, efi_name: .efiName, efi_program: ("/EFI/BOOT/" + .efiProgram), has_bios: .hasBios,
			grub_cpu: (.grubTarget | rtrimstr("-efi")), serial_console: .serialConsole,
			has_bzimage: (.kernelFile == "bzImage")})'
}

# agrees TABLE COUNT — its rows have this many fields at least, and each is the installer's.
agrees() {
	jq -e --slurpfile own installer.json --argjson count "$2" 'keys == ($own[0] | keys) and
		all(.[]; length >= $count) and ([to_entries[] | .key as $row | .value | to_entries[] |
			select(.value != $own[0][$row][.key])] | (map(debug) | length) == 0)' "$1"
}

# The derivation of an ISO as Nix would make it of a guest of 64-bit ARM, with Debian's programs.
nixs_iso_starts_by_uefi_alone() {
	"$TOP/iso/fetch-debs" >debs
	nix-instantiate --eval --strict --json --argstr debs "$(<debs)" -E '{ debs }: let iso = import '"$TOP"'/tests/nix/lean.nix {
		inherit debs; installer = "/bin/true"; mkfsFat = "/bin/true"; cpu = "aarch64";
	}; in { inherit (iso) ISOLINUX GRUB_MODULES architecture; }' | tee iso-of-nix.json
	jq -e '.ISOLINUX == "" and (.GRUB_MODULES | endswith("/lib/grub/arm64-efi")) and
		(.architecture | fromjson | .efiProgram == "BOOTAA64.EFI")' iso-of-nix.json
}

the_last_console_is_the_serial_port() {
	nix-instantiate --eval --strict --json "$TOP/iso/architectures.nix" |
		jq -e 'all(.[]; .serialConsole as $port | .consoles[-1] | startswith($port + ","))'
}

cd "$SCRATCH"
installers_table >installer.json
hosts_table >host.json
isos_table >iso.json
run_case "the host's tools agree with the installer" agrees host.json 6
run_case 'the ISO agrees with the installer' agrees iso.json 7
run_case 'an ISO of 64-bit ARM that Nix makes starts by UEFI alone' nixs_iso_starts_by_uefi_alone
run_case 'the last console of an ISO is the first serial port' the_last_console_is_the_serial_port
