#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# unfinished.sh — proves that an install whose server fails in the middle leaves an unfinished disk,
# which the next install takes and finishes; and that a store path needs no manifest
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"

at_exit end_server
server=

end_server() {
	[[ ! $server ]] || end_child "$server"
}

serve() {
	"${tied[@]}" "$TOP/qemu/serve-cache" cache >served 2>messages </dev/null &
	server=$!
	await 30 test -s served || { cat messages && return 1; }
	url=$(sed -n 's/^url=//p' served)
}

# install_from URL — the status of the installer is in `status`, what it said in `console`.
install_from() {
	status=0
	timeout 300 "$TOP/build/guest-installer" install --disk disk --layout direct --cache "$1" \
		--system "$(readlink -f "$TOP/build/sample-direct")" --key key.pub \
		--set "trusted-keys=$(sample_key)" \
		>console 2>console.messages || status=$?
}

fails_in_the_middle() {
	install_from "$url"
	((status == 42))
	last_line console | grep -E "^INSTALL_FAILED code=42 stage=copy /nix/store/.*$url/$victim.* 404"
	[[ $(mark_state disk) == 1 ]]
	if losetup --associated disk | grep .; then return 1; fi
}

next_one_finishes() {
	cp "$TOP/build/cache/$victim" "cache/$victim"
	install_from "$url"
	((status == 0))
	[[ $(last_line console) == INSTALL_SUCCESSFUL && $(mark_state disk) == 2 ]]
	e2fsck -fn "disk?offset=$(root_offset disk)"
}

cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C tester -f key
truncate -s 2G disk
cp -r "$TOP/build/cache" cache
# The kernel's own archive, one of the larger ones.
victim=$(sed -n 's/^URL: //p' "cache/$(basename "$(dirname "$(readlink -f "$TOP/build/sample-direct/kernel")")" | cut -c -32).narinfo")
rm "cache/$victim"
serve
run_case "a server that lacks an archive leaves the disk unfinished" fails_in_the_middle
run_case "the next install takes the disk and finishes it" next_one_finishes
