#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# events.sh — proves that the schema of the events has the stages of the program, accepts the examples of the
# manual page and refuses what is none
#
# Modules: verdict/protocol.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

stages_are_the_programs() {
	jq -r '."$defs".stage.enum[]' "$TOP/share/events.schema.json" >schema
	sed -n 's/^\t\[STAGE_[A-Z_]*\] = { "\([a-z]*\)".*/\1/p' "$TOP/installer/verdict/protocol.c" |
		grep -vx end | diff schema -
}

# An example may continue on lines that begin with a blank.
examples_of_the_manual_page_are_valid() {
	sed -e 's/@VERSION@/1/' "$TOP/share/man/guest-installer-protocol.7.in" |
		awk '/^\{"/ { if (line) print line; line = $0; next } /^ "/ { line = line $0; next }
			line { print line; line = "" }' >examples
	(($(wc -l <examples) >= 6))
	"$TOP/tests/valid-events" examples
}

what_is_no_event_is_refused() {
	local event
	while IFS= read -r event; do
		echo "$event" >event
		if "$TOP/tests/valid-events" event; then return 1; fi
	done <<-'END'
		{}
		{"event":"begun"}
		{"event":"hello","protocol":2,"version":"1"}
		{"event":"progress","stage":"nowhere","percent":1,"text":""}
		{"event":"progress","stage":"copy","percent":101,"text":""}
		{"event":"progress","stage":"copy","percent":1,"text":"","bytes":1}
		{"event":"progress","stage":"copy","percent":1,"text":"","other":1}
		{"event":"failed","code":0,"stage":"copy","text":"x"}
		{"event":"successful","protocol":1}
		{"event":"result","key":"a"}
	END
}

a_report_without_the_version_of_the_protocol_is_refused() {
	echo '{"event":"successful"}' >event
	"$TOP/tests/valid-events" event
	if "$TOP/tests/valid-events" --report event; then return 1; fi
}

cd "$SCRATCH"
run_case 'the schema has the stages of the program' stages_are_the_programs
run_case 'the examples of the manual page are valid' examples_of_the_manual_page_are_valid
run_case 'what is no event is refused' what_is_no_event_is_refused
run_case 'a report has the version of the protocol' a_report_without_the_version_of_the_protocol_is_refused
