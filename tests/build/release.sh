#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# release.sh — proves that two clones give the same source archive, that the bill of materials is valid and has every
# library of the link line, and that the signature of a release verifies until a byte changes
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

cd "$SCRATCH"
name=guest-installer-$(<"$TOP/VERSION")
libraries=$("$TOP/installer/static-libs" --where)
link=$(make -s --no-print-directory -C "$TOP" print-link | tail -n 1)
bill=$SCRATCH/bill.json

# The second one has another umask, another time zone and line ends of another system in git's settings.
archives_are_equal() {
	git clone -q --no-hardlinks "$TOP" one
	git clone -q --no-hardlinks "$TOP" another/place
	one/release/dist source
	(
		umask 077
		export TZ=Asia/Tokyo GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=core.autocrlf GIT_CONFIG_VALUE_0=true
		export GIT_CONFIG_KEY_1=tar.umask GIT_CONFIG_VALUE_1=0077
		another/place/release/dist source
	)
	cmp {one,another/place}"/build/dist/$name.tar.gz"
}

the_archive_has_the_files_of_the_commit() {
	tar -xzf "one/build/dist/$name.tar.gz"
	diff <(cd "$name" && find . -type f -o -type l | sed 's,^\./,,' | sort) <(git -C one ls-files | sort)
	grep -x "$(git -C one log -1 --format='%H %ct')" "$name/COMMIT"
	[[ $(find "$name" -type f -printf '%T@\n' | sort -u) == "$(git -C one log -1 --format=%ct).0000000000" ]]
}

what_is_not_committed_is_no_release() {
	echo >>one/installer/main.c
	if one/release/dist source 2>said; then return 1; fi
	grep -x 'dist: the tree has changes that are not committed: commit or stash them' said
	git -C one checkout -q installer/main.c
}

a_release_needs_a_key_or_none() {
	if (unset RELEASE_KEY && one/release/dist 2>said); then return 1; fi
	grep -x 'dist: RELEASE_KEY is not set: name the SSH key that signs, or set it to none' said
	if RELEASE_KEY=nowhere one/release/dist 2>said; then return 1; fi
	grep -x 'dist: RELEASE_KEY: there is no key nowhere' said
}

# Two of the ISO's packages stand for all: reading the licences of all takes 12 seconds.
some_debs() {
	local all
	all=$("$TOP/iso/fetch-debs")
	mkdir debs
	jq '{mount, "libblkid1"}' "$all/index.json" >debs/index.json
	jq -r '.[].file' debs/index.json | sed "s,^,$all/," | xargs ln -st debs
}

the_bill_is_valid() {
	some_debs
	cp "$TOP/build/guest-installer" "$name-x86_64"
	echo >"$name.iso"
	"$TOP/release/sbom" --build x86_64 "$libraries" debs "$link" "$name-x86_64" "$name.iso" >"$bill"
	"$TOP/tests/release/valid-spdx" "$bill"
}

# libraries named -lNAME, of which the linker's trace says the file, and the record of the build the package.
every_linked_library_is_in_the_bill() {
	local library package count=0
	jq -r '. as $b | .relationships[] | select(.relationshipType == "STATIC_LINK") | .relatedSpdxElement as $id
		| $b.packages[] | select(.SPDXID == $id) | .name' "$bill" | sort -u >linked
	while read -r library; do
		[[ -e $libraries/lib/lib$library.a ]] || continue # of musl
		package=$(grep -lx "lib/lib$library.a" "$libraries"/sources/*.products)
		grep -x "$(basename "$package" .products)" linked
		count=$((count + 1))
	done < <(grep -oE -- '-l[a-z0-9_]+' <<<"$link" | sort -u | cut -c 3-)
	((count >= 15))
	grep -x musl-dev linked
	grep -E '^libgcc-[0-9]+-dev$' linked
}

# dpkg-source's own words for what was unpacked, and the versions of the installed packages.
sources_are_those_that_were_built() {
	local dsc package count=0
	for dsc in "$libraries"/sources/*.dsc; do
		package=$(jq --arg name "$(basename "$dsc" .dsc)" \
			'.packages[] | select(.name == $name and (.SPDXID | contains("source")))' "$bill")
		[[ $(jq -r .versionInfo <<<"$package") == "$(sed -n 's/^Version: //p' "$dsc" | head -n 1)" ]]
		[[ $(jq -r '.checksums[0].checksumValue' <<<"$package") == "$(sha256sum <"$dsc" | cut -d ' ' -f 1)" ]]
		count=$((count + 1))
	done
	((count >= 13))
	jq -e '[.packages[] | select(.licenseDeclared != "NOASSERTION")] | length >= 7' "$bill"
	jq -e 'any(.packages[]; .name == "zlib" and .licenseDeclared == "Zlib")' "$bill"
}

an_unknown_library_is_refused() {
	mkdir -p copy
	cp -r "$libraries"/{lib,sources,bin} copy/
	sed -i '/libz\.a/d' copy/sources/zlib.products
	if "$TOP/release/sbom" --build x86_64 copy debs "${link//$libraries/$PWD/copy}" \
		"$name-x86_64" 2>said; then return 1; fi
	grep -F 'sbom: no source package is recorded for' said
}

# commands — those of the document, after "Verify a release": the block that has them.
commands() {
	sed -n '/^## Verify/,/^## The bill/p' "$TOP/docs/release.md" | sed -n 's/^    //p' | grep -v '^release '
}

# The line of the document with the key that signs here.
a_signature_verifies() {
	ssh-keygen -q -t ed25519 -N '' -f key
	mkdir signed
	echo content >signed/file
	(cd signed && sha256sum file >SHA256SUMS)
	ssh-keygen -q -Y sign -f key -n guest-installer-release signed/SHA256SUMS
	sed -n '/^## Verify/,/^## The bill/s/^    \(release .*\) ssh-ed25519 AAAA…/\1/p' "$TOP/docs/release.md" >options
	echo "$(<options) $(<key.pub)" >signed/allowed_signers
	commands >verify
	(cd signed && bash -e ../verify)
}

a_changed_file_fails() {
	cp -r signed changed
	echo Content >changed/file
	if (cd changed && bash -e ../verify); then return 1; fi
	sed -i 's/^./0/' changed/SHA256SUMS
	if (cd changed && bash -e ../verify) 2>said; then return 1; fi
	cat said
}

another_key_or_namespace_fails() {
	cp -r signed other
	ssh-keygen -q -t ed25519 -N '' -f other-key
	ssh-keygen -q -Y sign -f other-key -n guest-installer-release - <other/SHA256SUMS >other/SHA256SUMS.sig
	if (cd other && bash -e ../verify); then return 1; fi
	ssh-keygen -q -Y sign -f key -n file - <other/SHA256SUMS >other/SHA256SUMS.sig
	if (cd other && bash -e ../verify); then return 1; fi
}

run_case "two clones in different places give the same source archive" archives_are_equal
run_case "the archive has the files of the commit, with its date" the_archive_has_the_files_of_the_commit
run_case "changes that are not committed are no release" what_is_not_committed_is_no_release
run_case "a release needs a key, or says that it has none" a_release_needs_a_key_or_none
run_case "the bill of materials is valid SPDX 2.3" the_bill_is_valid
run_case "every library of the link line is in it, and those that the compiler adds" every_linked_library_is_in_the_bill
run_case "it has versions and checksums of the sources that were built" sources_are_those_that_were_built
run_case "a library without a recorded source is refused" an_unknown_library_is_refused
run_case "a signature verifies by the commands of docs/release.md" a_signature_verifies
run_case "a changed file or sum fails" a_changed_file_fails
run_case "another key and another namespace fail" another_key_or_namespace_fails
