#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# coverage.sh — proves that the lists of `make coverage` have a reason in each line, that they name modules and
# conditions that exist, and that a module which decides cannot be forgotten
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

REPORT=$TOP/tests/coverage/report

# refused LINE… — a list of exclusions with these lines is refused.
refused() {
	printf '%s\n' "$@" >"$SCRATCH/exclusions"
	! "$REPORT" --lint --exclusions "$SCRATCH/exclusions" && return
	echo "taken:" && cat "$SCRATCH/exclusions" && return 1
}

faulty_exclusions_are_found() {
	refused $'plan/select\tis_auto\ttrue\t!disk_key_is_name(disk)'
	refused $'plan/select\tis_auto\ttrue\t!disk_key_is_name(disk)\t '
	refused $'plan/selekt\tis_auto\ttrue\t!disk_key_is_name(disk)\tA reason.'
	refused $'plan/select\tis_auto\tmaybe\t!disk_key_is_name(disk)\tA reason.'
	refused $'plan/select\tis_auto\ttrue\tdisk_is_gone(disk)\tA reason.'
	refused $'plan/select\tis_manual\ttrue\tfound > 1\tA reason.'
}

every_deciding_folder_is_listed() {
	local source module
	for source in installer/{plan,verify}/*.c; do
		module=${source#installer/}
		grep -q "^${module%.c}"$'\t' tests/coverage/deciding || { echo "$source" && return 1; }
	done
}

cd "$TOP"
run_case 'an exclusion without a reason, or of a condition that does not exist, is found' \
	faulty_exclusions_are_found
run_case 'every deciding module and every exclusion has its reason' "$REPORT" --lint
run_case 'every module of plan/ and verify/ is on the list' every_deciding_folder_is_listed
