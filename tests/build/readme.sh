#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# readme.sh — proves that README.md is short and plain, that its pictures are what their scripts make, and that the
# tables of docs/ agree with the program
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=../page.lib.sh
source "$TOP/tests/page.lib.sh"
cd "$TOP"

has_120_lines_at_most() {
	(($(wc -l <README.md) <= 120))
}

# words_of_a_sentence FILE — the average over the sentences of its text: no tables, headings, blocks and comments.
words_of_a_sentence() {
	perl -0777 -ne '
		s/<!--.*?-->//gs; s/!\[.*?\]\(.*?\)//gs; s/^(?: {4}|\||#).*$//gm; s/\]\([^)]*\)/]/g;
		my @sentences = grep { /\w/ } split /(?<=[.!?:])\s+|\n\s*\n|\n- /;
		my $words = 0;
		$words += () = /\S+/g foreach @sentences;
		printf "%d\n", 100 * $words / (@sentences || 1)' "$1"
}

sentences_are_short() {
	local hundredths
	hundredths=$(words_of_a_sentence README.md)
	echo "$hundredths hundredths of a word"
	((hundredths > 300 && hundredths <= 1800))
	printf 'one two three four five six seven eight nine ten eleven twelve. One two.\n' >"$SCRATCH/text"
	[[ $(words_of_a_sentence "$SCRATCH/text") == 700 ]]
}

# long_sentences FILE — those with more than 25 words; a semicolon or colon ends one, too.
long_sentences() {
	perl -0777 -ne '
		s/<!--.*?-->//gs; s/!\[.*?\]\(.*?\)//gs; s/^(?: {4}|\||#).*$//gm; s/\]\([^)]*\)/]/g;
		foreach (split /(?<=[.!?:;])\s+|\n\s*\n|\n\s*(?:-|\d+\.) /) {
			my $words = () = /\S*\w\S*/g;
			print "$words words: $_\n" if $words > 25;
		}' "$1"
}

# docs/ARCHITECTURE.md names files and functions within its sentences.
no_sentence_is_long() {
	local page
	for page in README.md SECURITY.md CONTRIBUTING.md keys/README.md docs/*.md docs/engines/*.md tests/README.md; do
		[[ $page == docs/@(ARCHITECTURE|options).md ]] || long_sentences "$page"
	done | tee "$SCRATCH/long"
	[[ ! -s $SCRATCH/long ]]
	printf 'A sentence%s.\n' "$(printf ' word%.0s' {1..24})" >"$SCRATCH/text"
	[[ $(long_sentences "$SCRATCH/text") == '26 words: '* ]]
}

the_overview_is_what_its_script_makes() {
	docs/pictures/make-overview | diff - docs/pictures/overview.svg
}

# A change of the commands needs a new run of docs/pictures/record-session.
the_session_has_the_commands_of_the_readme() {
	python3 - <<-'END'
		import html, re
		picture = open("docs/pictures/session.svg").read()
		recorded = html.unescape(re.search(r"<desc>(.*?)</desc>", picture, re.DOTALL)[1])
		block = open("README.md").read().split("<!-- run by tests/qemu/install_gpt.sh -->\n\n")[1]
		commands = re.sub(r"^    ", "", block.split("\n\n")[0], flags=re.MULTILINE)
		assert recorded.startswith(commands), f"{recorded}\nis not\n{commands}"
		assert "installed: ~/guest.qcow2" in picture
		assert re.search(r"\$ </tspan>ssh -p ", picture)
	END
}

# codes of the page, as lines `CODE MEANING`.
codes_of_the_page() {
	sed -nE 's/^## Code ([0-9]+): (.*)/\1 \2/p' docs/troubleshooting.md
}

every_exit_code_has_its_section() {
	sed -nE 's/^\t\{ EXIT_[A-Z_]+, "(.*)" \},/\1/p' installer/base/error.c >"$SCRATCH/meanings"
	codes_of_the_page | cut -d ' ' -f 2- | diff "$SCRATCH/meanings" -
	sed -nE 's/^\tEXIT_[A-Z_]+ = ([0-9]+),.*/\1/p' installer/base/error.h >"$SCRATCH/codes"
	codes_of_the_page | cut -d ' ' -f 1 | diff "$SCRATCH/codes" -
	(($(wc -l <"$SCRATCH/codes") > 20))
}

# The host's tools have the same numbers (qemu/host/base/codes.py).
every_code_of_the_host_has_its_section() {
	local code
	sed -nE 's/^    [A-Z_]+ = ([0-9]+)$/\1/p' qemu/host/base/codes.py >"$SCRATCH/host-codes"
	[[ -s $SCRATCH/host-codes ]]
	while read -r code; do
		grep "^## Code $code: " docs/troubleshooting.md || { echo "no section for $code" && return 1; }
	done <"$SCRATCH/host-codes"
}

every_code_has_three_causes() {
	awk '/^## Code/ { if (name && count != 3) print name ": " count; name = $3; count = $3 == "0:" ? 3 : 0 }
		/^- / { count++ }
		END { if (count != 3) print name ": " count }' docs/troubleshooting.md | tee "$SCRATCH/other"
	[[ ! -s $SCRATCH/other ]]
}

every_claim_on_security_names_a_test() {
	grep '^|' docs/security.md | grep -Ev '^\|(---| it can \|| risk \|)' >"$SCRATCH/claims"
	(($(wc -l <"$SCRATCH/claims") > 15))
	# shellcheck disable=SC2016 # backquotes of Markdown
	if grep -vE '`tests/[^`]+` \|$' "$SCRATCH/claims"; then return 1; fi
	# shellcheck disable=SC2016 # backquotes of Markdown
	grep -oE '`tests/[^`]+`' docs/security.md | tr -d '\`' | while read -r path; do
		[[ -f $path ]] || { echo "no $path" && return 1; }
	done
}

every_document_can_be_reached() {
	local page
	for page in docs/*.md; do
		grep -qF "($page)" README.md || grep -lF "](${page#docs/})" docs/*.md || { echo "$page" && return 1; }
	done
}

# The comment in the template has every option that is needed: only the ISO is missing here.
the_template_names_whole_commands() {
	sed -n 's/^  #   \(.*\)/\1/p' iso/template/flake.nix | sed '/run-guest/d; s/result.*iso/absent.iso/' >"$SCRATCH/commands"
	if PATH=$(installed_names):$PATH bash -e "$SCRATCH/commands" 2>"$SCRATCH/said"; then return 1; fi
	grep 'cannot read the ISO absent.iso' "$SCRATCH/said"
}

run_case "README.md has 120 lines at most" has_120_lines_at_most
run_case "its sentences have 18 words at most, on average" sentences_are_short
run_case "no sentence of a document has more than 25 words" no_sentence_is_long
run_case "the overview is what its script makes" the_overview_is_what_its_script_makes
run_case "the recorded session ran the commands of README.md" the_session_has_the_commands_of_the_readme
run_case "every exit code has its section" every_exit_code_has_its_section
run_case "every code of the host's tools has its section" every_code_of_the_host_has_its_section
run_case "every code has three causes" every_code_has_three_causes
run_case "every claim on security names a test that exists" every_claim_on_security_names_a_test
run_case "every document can be reached from README.md" every_document_can_be_reached
run_case "the commands in the template are whole" the_template_names_whole_commands
