#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# spelling.sh — proves that every word of the documents is one that aspell or the list `dictionary` has
#
# Code, paths, options, names in capitals and addresses are no words.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
cd "$TOP"

DICTIONARY=tests/build/dictionary

# text_of FILE — its words, without what is no text.
text_of() {
	perl -0777 -pe '
		s/<!--.*?-->//gs; s/^## \S+$//gm; s/^ {4}.*$//gm; s/`[^`]*`//g; s/\]\([^)]*\)/]/g; s{\w+://\S+}{}g;
		s{[\w.-]*/[\w./-]*}{}g; s/\b[\w.-]+\(\d\)//g; s/\b\w*[\d_]\w*\b//g; s/\b[A-Z]{2,}\w*\b//g;
		s/\b[\w-]+\.\w+\b//g; s/\b\w+[a-z][A-Z]\w*\b//g' "$1"
}

# unknown FILE — the words that neither list has.
unknown() {
	text_of "$1" | aspell --lang=en_US --encoding=utf-8 --ignore=2 list | sort -u |
		grep -vixFf "$DICTIONARY" || true
}

is_spelled_well() {
	unknown "$1" >"$SCRATCH/unknown"
	[[ ! -s $SCRATCH/unknown ]] || { cat "$SCRATCH/unknown" && return 1; }
}

a_wrong_word_is_found() {
	# shellcheck disable=SC2016 # backquotes of Markdown
	printf 'The `instaler` installs a gest on /dev/wdb.\n' >"$SCRATCH/page.md"
	[[ $(unknown "$SCRATCH/page.md") == gest ]]
}

the_list_is_sorted_and_needed() {
	LC_ALL=C sort -fuc "$DICTIONARY"
	cat README.md CONTRIBUTING.md CHANGES.md SECURITY.md keys/README.md docs/*.md docs/engines/*.md tests/README.md >"$SCRATCH/all"
	local word
	while read -r word; do
		grep -qiwF -- "$word" "$SCRATCH/all" || { echo "no document has $word" && return 1; }
	done <"$DICTIONARY"
}

run_case "a wrong word is found, and code is none" a_wrong_word_is_found
run_case "the list of words is sorted, and each is needed" the_list_is_sorted_and_needed
for document in README.md CONTRIBUTING.md CHANGES.md SECURITY.md keys/README.md docs/*.md docs/engines/*.md tests/README.md; do
	run_case "$document is spelled well" is_spelled_well "$document"
done
