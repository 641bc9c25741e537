#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# report.sh — proves that the start, the stages and the verdict reach report-url in this order, the verdict
# whatever ended the install, as the schema of the events describes them; that a server which does not take
# them changes nothing and delays nothing for long; and that passwords and tokens stay secret
#
# Modules: verdict/report_post, verdict/report_events.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"
# shellcheck source=receiver.lib.sh
source "$TOP/tests/net/receiver.lib.sh"

INSTALLER=$TOP/build/guest-installer
TOKEN=geheim-0.1_~+/==

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

# last_report — the last body, which is the verdict's.
last_report() {
	tail -n 1 got/body
}

a_failure_is_received() {
	start_receiver got
	install "report-url = http://127.0.0.1:$port/here?a=b"
	[[ $status == 42 ]]
	said '^INSTALL_RESULT report=sent'
	[[ $(tail -n 1 console) == 'INSTALL_FAILED code=42 stage=closure '* ]]
	jq -e --arg text "$(sed -n 's/^INSTALL_FAILED code=42 stage=closure //p' console)" \
		'.protocol == 1 and .event == "failed" and .code == 42 and .stage == "closure" and
		.text == $text and (.results | type == "array")' <(last_report)
	grep -x 'POST /here?a=b HTTP/1.1' got/requests
	grep -xi 'content-type: application/json' <(tr -d '\r' <got/requests)
}

a_bad_configuration_is_received() {
	start_receiver got
	install "report-url = http://127.0.0.1:$port/" 'wipe = maybe'
	[[ $status == 2 ]]
	jq -e '.code == 2 and .stage == "configuration" and (.text | test("wipe"))' <(last_report)
}

# What the console shows of the stages before the configuration was read is not sent.
a_start_and_each_stage_come_before_the_verdict() {
	start_receiver got
	install "report-url = http://127.0.0.1:$port/"
	"$TOP/tests/valid-events" --report got/body
	[[ $(jq -r .event got/body | uniq | xargs) == 'started progress failed' ]]
	jq -r 'select(.event == "progress") | "INSTALL_PROGRESS \(.stage) \(.percent) \(.text)"' got/body |
		diff - <(grep '^INSTALL_PROGRESS' console | sed '1,/ configuration /d')
}

an_installer_that_died_is_received() {
	local supervisor child
	mkfifo manifest
	start_receiver got
	printf '%s\n' 'machine = any' 'keys = none' 'disk = /dev/none' "manifest = $PWD/manifest" \
		'cache = /none' 'trusted-keys = none' "report-url = http://127.0.0.1:$port/" \
		"report-token = $TOKEN" >conf
	"$INSTALLER" install --config conf >console 2>&1 </dev/null &
	supervisor=$!
	wait_until 60 grep -qs '^INSTALL_PROGRESS closure' console
	child=$(pgrep -P "$supervisor")
	if grep -lF "$TOKEN" /proc/{"$supervisor","$child"}/{cmdline,environ}; then return 1; fi
	kill -KILL "$child"
	status=0
	wait "$supervisor" || status=$?
	[[ $status == 1 ]]
	jq -e '.code == 1 and .stage == "closure" and (.text | test("killed by signal 9"))' <(last_report)
}

a_busy_server_is_asked_again() {
	start_receiver got busy
	install "report-url = http://127.0.0.1:$port/"
	said '^INSTALL_RESULT report=sent'
	(($(grep -c ^POST got/requests) == $(wc -l <got/body) + 2))
	jq -es 'map(select(.event == "failed")) | length == 1' got/body
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

a_token_is_sent_with_each_report_and_not_told() {
	start_receiver got
	install "report-url = http://user:name@127.0.0.1:$port/" "report-token = $TOKEN"
	said '^INSTALL_RESULT report=sent'
	[[ $(tr -d '\r' <got/requests | grep -ixc "authorization: bearer $TOKEN") == $(wc -l <got/body) ]]
	if grep -F "$TOKEN" console got/body; then return 1; fi
}

a_bad_token_is_refused_and_not_told() {
	local bad
	for bad in "= $TOKEN!" "$TOKEN"; do
		install "report-token $bad"
		[[ $status == 2 ]]
		said 'report-token'
		if grep -F "$TOKEN" console; then return 1; fi
	done
}

a_token_in_the_process_list_is_refused() {
	status=0
	"$INSTALLER" install --set "report-token=$TOKEN" >console 2>&1 </dev/null || status=$?
	[[ $status == 2 ]]
	said 'report-token is a secret.*guest-installer.conf on the key drive'
	if grep -F "$TOKEN" console; then return 1; fi
}

# Nothing is installed, so nothing has started.
a_plan_reports_nothing() {
	start_receiver got
	install "report-url = http://127.0.0.1:$port/"
	wait_until 20 grep -q failed got/body
	: >got/body
	status=0
	"$INSTALLER" plan --config conf >console 2>&1 </dev/null || status=$?
	[[ $status == 42 && ! -s got/body ]]
}

in_own_folder() {
	mkdir "$SCRATCH/$1"
	cd "$SCRATCH/$1"
	"$1"
}

while IFS= read -r name; do
	run_case "${name//_/ }" in_own_folder "$name"
done < <(sed -n 's/^\(an\{0,1\}_[a-z0-9_]*\)() {$/\1/p' "${BASH_SOURCE[0]}")
