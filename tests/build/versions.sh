#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# versions.sh — proves that every program has the version of the file VERSION and the commit that it was built from,
# also from a source archive, and that docs/versions.md has the versions of the formats that the code has
#
# Modules: base/version (version_number, version_commit).
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
cd "$TOP"

# archive FOLDER — the sources of HEAD without git, in the new FOLDER.
archive() {
	mkdir "$1"
	git archive HEAD | tar -x -C "$1"
}

the_program_has_version_and_commit() {
	[[ $(build/guest-installer --version) == "guest-installer $(<VERSION) (commit $(<build/commit))" ]]
	grep -E '^[0-9a-f]{40}(-dirty)?$' build/commit
}

a_clone_says_what_git_says() {
	git clone -q --no-hardlinks . "$SCRATCH/clone"
	cd "$SCRATCH/clone"
	[[ $(release/commit) == "$(git log -1 --format='%H %ct')" ]]
	[[ $(qemu/first-run --version) == "first-run $(<VERSION) (commit $(git rev-parse HEAD))" ]]
	echo >>README.md
	[[ $(release/commit) != *dirty* ]]
	echo >>installer/main.c
	[[ $(release/commit) == "$(git log -1 --format='%H-dirty %ct')" ]]
}

# Below a repository of another project, whose commit must not be taken for this one's.
an_archive_says_its_commit() {
	git init -q "$SCRATCH/other"
	git -C "$SCRATCH/other" -c user.name=a -c user.email=a@localhost commit -q --allow-empty -m other
	archive "$SCRATCH/other/tree"
	[[ $("$SCRATCH/other/tree/release/commit") == "$(git log -1 --format='%H %ct')" ]]
	[[ $("$SCRATCH/other/tree/qemu/iso" --version) == "iso $(<VERSION) (commit $(git rev-parse HEAD))" ]]
}

a_copy_without_either_says_so() {
	cp -r qemu "$SCRATCH/copy"
	[[ $("$SCRATCH/copy/iso" --version) == "iso unknown (commit unknown)" ]]
}

# Rows of the table: version, constant, file.
documented() {
	# shellcheck disable=SC2016 # Markdown's quotes
	sed -nE 's/^\|[^|]*\| ([0-9]+) \| `([A-Z_]+)` in `([^`]+)`.*/\1 \2 \3/p' docs/versions.md
}

the_table_has_the_versions_of_the_code() {
	local version constant file
	while read -r version constant file; do
		grep -E "^#define ${constant}[[:space:]]+\"?$version(\\\\n\"|[[:space:]]|\$)" "$file"
	done < <(documented)
	(($(documented | wc -l) == 5))
}

# The names of a release's files in commands.
the_pages_name_files_of_this_version() {
	local page
	for page in README.md docs/quick-start.md docs/services.md; do
		grep -oE '\bguest-installer(-host)?[-_][0-9]+\.[0-9]+\.[0-9]+' "$page" | grep -o '[0-9.]*$' | sort -u | diff - VERSION
	done
}

writers_and_pages_have_the_same_versions() {
	local manifest protocol plan
	read -r manifest protocol plan < <(documented | awk '/MANIFEST|PROTOCOL|PLAN_JSON/ { print $1 }' | xargs)
	[[ $(sed -nE 's/^\t+version: ([0-9]+),.*/\1/p' iso/make-manifest) == "$manifest" ]]
	[[ $(jq '."$defs".protocol.const' share/events.schema.json) == "$protocol" ]]
	grep -x ".Nd what an installer tells its host, version $protocol" share/man/guest-installer-protocol.7.in
	grep -x "The version of this format: $plan." share/man/guest-installer-plan.5.in
	jq -es "all(.version == $plan)" tests/unit/golden/answer-*.json
}

# manifest VERSION — checks a manifest of this version, which has no other member.
manifest() {
	echo "{\"version\":$1}" >"$SCRATCH/guest.json"
	build/guest-installer check "$SCRATCH/guest.json" 2>&1
}

a_later_manifest_is_refused() {
	local last status=0
	last=$(documented | sed -n 's/ MANIFEST_VERSION.*//p')
	{ manifest "$last" || true; } | grep -F 'system is missing'
	manifest $((last + 1)) >"$SCRATCH/said" || status=$?
	[[ $status == 2 ]]
	grep -F "but this installer reads versions up to $last" "$SCRATCH/said"
}

run_case "--version of the program has version and commit" the_program_has_version_and_commit
run_case "in a clone the commit is git's, and changes of what is built mark it" a_clone_says_what_git_says
run_case "a source archive has its commit, also below another repository" an_archive_says_its_commit
run_case "tools without their tree say that version and commit are unknown" a_copy_without_either_says_so
run_case "docs/versions.md has the versions of the code" the_table_has_the_versions_of_the_code
run_case "the files of a release that the pages name have the version of the program" the_pages_name_files_of_this_version
run_case "what writes a format and what describes it have its version" writers_and_pages_have_the_same_versions
run_case "a manifest of a later version is refused with code 2" a_later_manifest_is_refused
