#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# tools.sh — proves that the host tools work from the package that Nix builds, with Debian's
# programs instead of those of nixpkgs (tests/nix/pkgs.nix) and an empty environment
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../../iso/lib.sh
source "$TOP/iso/lib.sh"

# A separate store for this test.
export NIX_STORE_DIR=$SCRATCH/store NIX_STATE_DIR=$SCRATCH/state NIX_LOG_DIR=$SCRATCH/log

build_by_nix() {
	nix_setup
	nix-build -o result -E "import $TOP/qemu/package.nix { pkgs = import $TOP/tests/nix/pkgs.nix; }"
}

# says_its_options TOOL PROGRAM
says_its_options() {
	env -i "result/bin/guest-installer-$1" --help | tr -s ' \n' ' ' >said
	"$TOP/$2" --help | sed -E "1,/^$/s/^(Usage:|      ) iso /\1 guest-installer-iso /" |
		"$TOP/share/installed-names" "${tools[@]}" | tr -s ' \n' ' ' | diff - said
}

says_its_version() {
	[[ $(env -i result/bin/guest-installer-iso --version) == "guest-installer-iso $(<"$TOP/VERSION") (commit unknown)" ]]
}

makes_a_key_drive() {
	ssh-keygen -q -t ed25519 -N '' -C tester -f key
	env -i result/bin/guest-installer-make-key-drive drive.img key.pub
	mtype -i drive.img ::key.pub | diff key.pub -
}

# Runs the commands of a tool's wrapper, then a question in Python instead of the tool.
finds_its_firmware() {
	{
		sed '$d' result/bin/guest-installer-run-guest
		echo 'python3 -c "from host.qemu import emulator; print(*emulator.find_firmware())"'
	} >ask
	env -i PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$PWD/result/share/guest-installer/qemu" bash ask | tee found
	grep -Ex "$NIX_STORE_DIR/.*_CODE.fd $NIX_STORE_DIR/.*_VARS.fd" found
}

tools=(qemu/first-run qemu/run-guest qemu/serve-cache qemu/xen-domain qemu/iso keys/make-key-drive)
cd "$SCRATCH"
run_case "Nix builds the host tools" build_by_nix
for tool in "${tools[@]}"; do
	run_case "${tool#*/} prints its options" says_its_options "${tool#*/}" "$tool"
done
run_case "a tool prints the version" says_its_version
run_case "make-key-drive makes a key drive" makes_a_key_drive
run_case "the firmware for UEFI is nixpkgs'" finds_its_firmware
