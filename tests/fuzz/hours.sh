#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# hours.sh — proves that tests/fuzz/hours finds a planted defect, and that its tally grows from run to run
# shellcheck source=tests/tap.lib.sh
. "$(dirname "$0")/../tap.lib.sh"

BUILT=$SCRATCH/built
export XDG_CACHE_HOME=$SCRATCH/cache

# planted CONDITION — a target named planted, which aborts where that holds of data and size_bytes.
planted() {
	mkdir -p "$BUILT"
	printf '%s\n' '#include <stdint.h>' '#include <stdlib.h>' \
		'int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes) {' \
		"if ($1) abort(); return 0; }" >"$SCRATCH/planted.c"
	clang -g -fsanitize=fuzzer -o "$BUILT/planted" "$SCRATCH/planted.c"
}

hours() {
	"$TOP/tests/fuzz/hours" --built "$BUILT" --jobs 1 "$@" | tee "$SCRATCH/table"
}

# column NUMBER — of the row of the planted target: 2 seconds, 3 inputs, 6 findings.
column() {
	awk -v number="$1" '$1 == "planted" { print $number }' "$SCRATCH/table"
}

tally_grows() {
	local before
	planted 'size_bytes > 100000'
	hours --seconds 0.5 planted
	before=$(column 3)
	((before > 1000))
	hours --seconds 0.5 planted
	(($(column 3) > before + 1000 && $(column 6) == 0))
	# Without a time it prints the table alone.
	before=$(column 3)
	hours planted
	(($(column 3) == before))
}

defect_is_found() {
	local status=0
	planted 'size_bytes > 1 && data[0] == 71 && data[1] == 105'
	hours --seconds 20 planted || status=$?
	((status == 1 && $(column 6) == 1))
	local finding
	finding=$(tail -n 1 "$SCRATCH/table")
	[[ $(head -c 2 "$finding") == Gi ]]
	! "$BUILT/planted" "$finding" 2>/dev/null
}

run_case "the tally of a target grows from run to run" tally_grows
run_case "the input of a planted defect is kept, and the run fails" defect_is_found
