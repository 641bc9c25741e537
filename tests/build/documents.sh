#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# documents.sh — proves that every file and every function that the documents name exists, that each command block
# of README.md and docs/ names the test that runs it, or says why none does, and that each host tool has one name
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2317 # fixtures are not expanded; the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
cd "$TOP"

documents=(README.md CONTRIBUTING.md CHANGES.md SECURITY.md keys/README.md docs/*.md docs/engines/*.md)
all_documents=("${documents[@]}" tests/README.md tests/bench/README.md)
with_commands=(README.md keys/README.md docs/*.md docs/engines/*.md)

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
	((count > 0)) || [[ $1 == @(CHANGES|SECURITY).md ]]
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

# block_marks FILE — for each indented block its line and the last line of text before it, which has to be its mark.
# An empty line does not end a block.
block_marks() {
	awk '
		/^    / && blank && before !~ /^    / { print NR ": " before }
		!/^[[:space:]]*$/ { before = $0 }
		{ blank = /^[[:space:]]*$/ }' "$1"
}

# A test that runs blocks reads them from the page, so it names the page.
blocks_are_marked() {
	local line mark test wrong=0
	while IFS= read -r line; do
		mark=${line#*: }
		if [[ $mark =~ ^'<!-- run by '([^ ]+)' -->'$ ]]; then
			test=${BASH_REMATCH[1]}
			grep -qsF "$1" "$test" && continue
			echo "$1:${line%%:*}: $test does not read the blocks of this page"
		elif [[ $mark =~ ^'<!-- not run: '.{5,}' -->'$ ]]; then
			continue
		else
			echo "$1:${line%%:*}: no '<!-- run by TEST -->' or '<!-- not run: REASON -->' before the block"
		fi
		wrong=1
	done < <(block_marks "$1")
	return "$wrong"
}

faulty_marks_are_found() {
	local page=$SCRATCH/page.md mark
	for mark in 'Some text.' '<!-- not run: -->' '<!-- run by tests/none.sh -->' \
		'<!-- run by tests/build/documents.sh -->' '<!-- not run: needs it --> text'; do
		printf '%s\n' '<!-- not run: needs a product -->' '' '    first' '' "$mark" '' '    second' >"$page"
		! blocks_are_marked "$page" >"$SCRATCH/found" || { echo "accepted: $mark" && return 1; }
		[[ $(wc -l <"$SCRATCH/found") == 1 ]]
		grep -F 'page.md:7: ' "$SCRATCH/found"
	done
	printf '%s\n' 'Text.' '' '- item' '  continued' '    and deeper' >"$page"
	blocks_are_marked "$page"
}

# short_names FILE — the lines that call a host tool by another name than the installed one. Some documents name
# the files of a checkout, too.
short_names() {
	perl -ne '
		BEGIN { $tool = "first-run|run-guest|serve-cache|xen-domain|make-key-drive" }
		$found = m{(?<![\w/.-])($tool)(?![\w-])} || m{(?<![\w/.-])iso(?:\(1\)| (customize|show|reset|extract)\b)};
		$found ||= m{(?<![\w-])(qemu|keys)/($tool|iso)\b} unless $ENV{HAS_FILES};
		print "$ARGV:$.: $_" if $found' "$1"
}

tools_have_one_name() {
	case $1 in
	CHANGES.md | docs/ARCHITECTURE.md | docs/quick-start.md) export HAS_FILES=1 ;;
	esac
	short_names "$1" | tee "$SCRATCH/found"
	[[ ! -s $SCRATCH/found ]]
}

short_names_are_found() {
	local line
	for line in 'run first-run' '`make-key-drive`' 'see iso(1)' 'by `iso customize`' '    qemu/first-run --help' '`keys/make-key-drive`'; do
		[[ $(short_names - <<<"$line") ]] || { echo "accepted: $line" && return 1; }
	done
	for line in 'guest-installer-first-run' 'guest-installer-iso(1)' '`guest-installer-iso customize`' 'an iso that shows' \
		'tests/qemu/first_run.sh' 'tools/bin/guest-installer-run-guest'; do
		[[ ! $(short_names - <<<"$line") ]] || { echo "found: $line" && return 1; }
	done
}

every_page_is_in_the_index() {
	local page
	for page in docs/engines/*.md; do
		[[ $page == docs/engines/README.md ]] || grep -F "](${page##*/})" docs/engines/README.md || return
	done
}

run_case "a block without a mark, and a mark without a reason or a test, are found" faulty_marks_are_found
run_case "every page of docs/engines is in its index" every_page_is_in_the_index
for document in "${with_commands[@]}"; do
	run_case "every command block of $document is run by a test, or says why not" blocks_are_marked "$document"
done
run_case "a host tool under another name than the installed one is found" short_names_are_found
for document in "${all_documents[@]}"; do
	run_case "$document has one name for each host tool" tools_have_one_name "$document"
done
for document in "${documents[@]}"; do
	run_case "every path that $document names exists" paths_exist "$document"
	run_case "every function that $document names exists" functions_exist "$document"
done
