#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# quick_start.sh — proves that an ordinary user of a fresh bookworm or trixie gets to a guest's prompt by the three
# commands of README.md, with the packages and the files of a release that stand there, and no others
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2317 # the user's shell expands; the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../page.lib.sh
source "$TOP/tests/page.lib.sh"
# shellcheck source=roots.lib.sh
source "$TOP/tests/long/roots.lib.sh"

cd "$SCRATCH"
release=clone/build/dist/guest-installer-$(<"$TOP/VERSION")

make_release() {
	git clone -q "$TOP" clone
	env -u MAKEFLAGS -u MAKELEVEL -u COMMIT RELEASE_KEY=none make -s -C clone dist
}

# A line that ends with a backslash is continued by the next one.
they_are_three() {
	blocks_run_by README.md tests/long/quick_start.sh >commands
	blocks_run_by docs/quick-start.md tests/long/quick_start.sh | diff commands -
	(($(grep -cv '\\$' commands) == 3))
}

# packages — those of the `apt-get install` that both pages have, with commas.
packages() {
	sed -n 's/.*`apt-get install \([^`]*\)`.*/\1/p' "$TOP/README.md" | head -n 1 | tr ' ' ','
}

the_pages_name_the_same_packages() {
	[[ $(packages) == *qemu* ]]
	grep -F "apt-get install $(packages | tr , ' ')\`" "$TOP/docs/quick-start.md"
}

make_user() {
	local home=root-$1/home/me
	in_root "$1" useradd --create-home me
	mkdir "$home/.ssh"
	ssh-keygen -q -t ed25519 -N '' -f "$home/.ssh/id_ed25519"
	cp "$release"/*-host.tar.gz "$release"/*.iso commands "$home/"
	in_root "$1" chown -R me: /home/me
	if in_root "$1" bash -c 'command -v gcc make nix'; then return 1; fi
}

# as_user SUITE COMMAND
as_user() {
	in_root "$1" su - me -c "$2"
}

# The commands have a terminal, in which the user types ahead what the guest's shell is to do.
they_lead_to_a_prompt() {
	printf 'echo "$(uname -n) $(id -un) $((6 * 7))"\nexit\n' |
		as_user "$1" 'script --quiet --return --command "bash -eu commands" /dev/null' | tr -d '\r' | tee typed
	grep -x 'sample-gpt root 42' typed
}

it_is_stopped() {
	local status=0
	as_user "$1" './*-host/bin/guest-installer-run-guest guest.qcow2 --stop'
	as_user "$1" './*-host/bin/guest-installer-run-guest guest.qcow2 --status' || status=$?
	((status == 3))
}

run_case "make dist" make_release
run_case "README.md and the quick start have the same three commands" they_are_three
run_case "they name the same packages" the_pages_name_the_same_packages
for suite in bookworm trixie; do
	run_case "$suite: a fresh root has these packages" make_root "$suite" "$(packages)"
	run_case "$suite: a user has the release and a key, and no tools to build with" make_user "$suite"
	run_case "$suite: the commands lead to a prompt of the guest" they_lead_to_a_prompt "$suite"
	run_case "$suite: the guest is stopped" it_is_stopped "$suite"
done
