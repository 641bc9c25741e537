#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# report.sh — proves that the verdict reaches report-url whatever ended the install, that a server
# which does not take it changes nothing and delays nothing for long, and that passwords stay secret
#
# Modules: verdict/report_post.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=receiver.lib.sh
source "$TOP/tests/net/receiver.lib.sh"

INSTALLER=$TOP/build/guest-installer

# install [SETTING]… — an install that fails, and could not write: there is no such disk; leaves its exit status in `status`.
install() {
	printf '%s\n' 'machine = any' 'keys = none' 'disk = /dev/none' "manifest = $PWD/none.json" \
		'cache = /none' 'trusted-keys = none' "$@" >conf
	status=0
	"$INSTALLER" install --config conf >console 2>&1 </dev/null || status=$?
}

said() {
	grep -E -- "$1" console && return
	cat console && return 1
}

a_failure_is_received() {
	start_receiver got
	install "report-url = http://127.0.0.1:$port/here?a=b"
	[[ $status == 42 ]]
	said '^INSTALL_RESULT report=sent'
	[[ $(tail -n 1 console) == 'INSTALL_FAILED code=42 stage=closure '* ]]
	jq -e --arg text "$(sed -n 's/^INSTALL_FAILED code=42 stage=closure //p' console)" \
		'.protocol == 1 and .event == "failed" and .code == 42 and .stage == "closure" and
		.text == $text and (.results | type == "array")' got/body
	grep -x 'POST /here?a=b HTTP/1.1' got/requests
	grep -xi 'content-type: application/json' <(tr -d '\r' <got/requests)
}

a_bad_configuration_is_received() {
	start_receiver got
	install "report-url = http://127.0.0.1:$port/" 'wipe = maybe'
	[[ $status == 2 ]]
	jq -e '.code == 2 and .stage == "configuration" and (.text | test("wipe"))' got/body
}

an_installer_that_died_is_received() {
	local supervisor child
	mkfifo manifest
	start_receiver got
	printf '%s\n' 'machine = any' 'keys = none' 'disk = /dev/none' "manifest = $PWD/manifest" \
		'cache = /none' 'trusted-keys = none' "report-url = http://127.0.0.1:$port/" >conf
	"$INSTALLER" install --config conf >console 2>&1 </dev/null &
	supervisor=$!
	wait_until 60 grep -qs '^INSTALL_PROGRESS closure' console
	child=$(pgrep -P "$supervisor")
	kill -KILL "$child"
	status=0
	wait "$supervisor" || status=$?
	[[ $status == 1 ]]
	jq -e '.code == 1 and .stage == "closure" and (.text | test("killed by signal 9"))' got/body
}

a_busy_server_is_asked_again() {
	start_receiver got busy
	install "report-url = http://127.0.0.1:$port/"
	said '^INSTALL_RESULT report=sent'
	[[ $(grep -c ^POST got/requests) == 3 && $(wc -l <got/body) == 1 ]]
}

a_server_that_never_answers_holds_nobody_up_for_long() {
	start_receiver got silent
	local began=$SECONDS
	install "report-url = http://127.0.0.1:$port/"
	echo "$((SECONDS - began)) s"
	((SECONDS - began >= 20 && SECONDS - began < 60))
	[[ $status == 42 && ! -s got/body ]]
	said '^INSTALL_RESULT report=failed'
	[[ $(tail -n 1 console) == 'INSTALL_FAILED code=42 stage=closure '* ]]
}

a_password_in_the_url_is_used_and_not_told() {
	start_receiver got
	install "report-url = http://user:geheim@127.0.0.1:$port/"
	grep -xi "authorization: basic $(printf user:geheim | base64)" <(tr -d '\r' <got/requests)
	install "report-url = http://user:geheim@127.0.0.1:1/" 'fetch-attempts = 1'
	said '^INSTALL_RESULT report=failed'
	said 'report: .*127\.0\.0\.1:1'
	if grep -F geheim console; then return 1; fi
}

in_own_folder() {
	mkdir "$SCRATCH/$1"
	cd "$SCRATCH/$1"
	"$1"
}

while IFS= read -r name; do
	run_case "${name//_/ }" in_own_folder "$name"
done < <(sed -n 's/^\(an\{0,1\}_[a-z0-9_]*\)() {$/\1/p' "${BASH_SOURCE[0]}")
