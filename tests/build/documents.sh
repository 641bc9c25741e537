#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# documents.sh — proves that every file and every function that the documents name exists
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
cd "$TOP"

documents=(README.md CONTRIBUTING.md CHANGES.md docs/*.md docs/engines/*.md)

# Paths below the folders of the repository, and the Markdown links to files. A word in angle
# brackets or capitals, as in tests/unit/test_<module>.c, stands for many files.
named_paths() {
	perl -ne '
		while (m{(?<![\w/.:-])((?:\.ci|docs|installer|iso|keys|qemu|share|tests)/[\w./*<>-]*)}g) {
			print "$1\n" if $1 !~ /[<>]/;
		}
		while (m{\]\((?!\w+:|#)([^)#]+)}g) { print "$1\n" }' "$1" | sed 's/[.-]*$//' | sort -u
}

paths_exist() {
	local path count=0 missing=0
	while read -r path; do
		count=$((count + 1))
		compgen -G "$path" >/dev/null || compgen -G "$(dirname "$1")/$path" >/dev/null && continue
		echo "$1 names $path, which does not exist"
		missing=1
	done < <(named_paths "$1")
	((count > 0)) || [[ $1 == CHANGES.md ]]
	return "$missing"
}

# Functions are written with parentheses: planner_make().
functions_exist() {
	local name missing=0
	while read -r name; do
		grep -qrE "^[a-z_].*\b$name\(" --include='*.[ch]' installer && continue
		echo "$1 names $name(), which installer/ does not define"
		missing=1
	done < <(grep -oE '\b[a-z_0-9]+\(\)' "$1" | tr -d '()' | sort -u)
	return "$missing"
}

for document in "${documents[@]}"; do
	run_case "every path that $document names exists" paths_exist "$document"
	run_case "every function that $document names exists" functions_exist "$document"
done
