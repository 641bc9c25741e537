#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# dist.sh — proves that `make dist` gives the same release in two clones in different places, that it verifies, and
# that each file of it is what docs/release.md says
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

cd "$SCRATCH"
name=guest-installer-$(<"$TOP/VERSION")
first=$SCRATCH/one/build/dist/$name
second=$SCRATCH/another/place/build/dist/$name

release() {
	[[ -e key ]] || ssh-keygen -q -t ed25519 -N '' -f key
	git clone -q "$TOP" "$1"
	env -u MAKEFLAGS -u MAKELEVEL -u COMMIT RELEASE_KEY="$PWD/key" make -s -C "$1" dist
}

every_file_is_the_same() {
	(($(find "$first" -type f | wc -l) == 11))
	diff -r "$first" "$second"
}

# The table of files.
# shellcheck disable=SC2016 # Markdown's quotes
it_has_the_files_of_the_document() {
	sed -n '/^| file/,/^$/p' "$TOP/docs/release.md" | grep -oE '^\|( `[^`]+`,?)+' | grep -oE '`[^`]+`' | tr -d '`' |
		sed "s/VERSION/${name#guest-installer-}/" | sort | diff - <(find "$first" -type f -printf '%f\n' | sort)
}

it_verifies() {
	echo "release namespaces=\"guest-installer-release\" $(<key.pub)" >allowed_signers
	ssh-keygen -Y verify -f allowed_signers -I release -n guest-installer-release \
		-s "$first/SHA256SUMS.sig" <"$first/SHA256SUMS"
	(cd "$first" && sha256sum --check SHA256SUMS)
	(($(wc -l <"$first/SHA256SUMS") == 9))
	"$TOP/tests/release/valid-spdx" "$first/$name.spdx.json"
}

the_program_names_the_commit() {
	local wanted
	wanted="guest-installer ${name#*-*-} (commit $(git -C one rev-parse HEAD))"
	[[ $("$first/$name-x86_64" --version) == "$wanted" ]]
	[[ $(qemu-aarch64 "$first/$name-aarch64" --version) == "$wanted" ]]
}

host_tools_run_from_any_folder() {
	mkdir tools
	tar -xzf "$first/$name-host.tar.gz" -C tools
	env -i PATH=/usr/bin "tools/$name-host/bin/guest-installer-iso" show "$first/$name.iso" | tee said
	grep -F 'nothing' said
}

the_packages_have_the_program() {
	dpkg-deb -x "$first"/*_amd64.deb unpacked
	cmp unpacked/usr/bin/guest-installer "$first/$name-x86_64"
}

the_bill_has_every_package_of_the_iso() {
	local arch
	for arch in x86_64 aarch64; do
		jq -r '.[].sha256' "$("$TOP/iso/fetch-debs" --arch "$arch")/index.json"
	done | sort -u >wanted
	jq -r '.packages[].checksums[]?.checksumValue' "$first/$name.spdx.json" | sort | comm -23 wanted - | tee missing
	[[ ! -s missing ]]
}

run_case "make dist" release one
run_case "make dist in another place" release another/place
run_case "every file is the same" every_file_is_the_same
run_case "it has the files that docs/release.md lists" it_has_the_files_of_the_document
run_case "sums, signature and bill of materials verify" it_verifies
run_case "the program, built without git, names the commit" the_program_names_the_commit
run_case "the host tools run from the folder they are unpacked in" host_tools_run_from_any_folder
run_case "the packages have the program of the release" the_packages_have_the_program
run_case "the bill of materials has every package of the ISOs" the_bill_has_every_package_of_the_iso
