# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tests/fuzz/fuzz.lib.sh — runs the fuzz targets of build/fuzz, each for so many seconds or inputs
#
# Every input of tests/fuzz/corpus/<target> is run, then what libFuzzer makes of them. An input that
# breaks something stays in build/fuzz/broken; once the module is mended it belongs in the corpus.
# shellcheck source=tests/tap.lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

FUZZ=$TOP/tests/fuzz
BUILT=$TOP/build/fuzz
BROKEN=$BUILT/broken
# unpack fills thousands of file systems: ten times faster in memory.
MEMORY=$(mktemp -d /dev/shm/guest-installer-test.XXXXXX 2>/dev/null || mktemp -d -p "$SCRATCH")

remove_memory() {
	rm -rf "$MEMORY"
}
at_exit remove_memory

targets() {
	local source
	for source in "$FUZZ"/*.c; do
		basename "$source" .c
	done
}

every_corpus_has_its_target() {
	diff <(targets) <(ls "$FUZZ/corpus")
	local target
	for target in $(targets); do
		[[ $(find "$FUZZ/corpus/$target/" -type f | wc -l) -ge 3 ]]
	done
}

# The corpora are kept minimal (tests/fuzz/hours --keep): a repository is no store of inputs.
corpora_are_small() {
	local size
	size=$(du -sb "$FUZZ/corpus" | cut -f 1)
	echo "$size bytes"
	((size <= 5 * 1000 * 1000))
}

every_target_is_described() {
	diff <(targets) <(sed -n '/^| fuzz target | what it reads/,/^$/s/^| .\([a-z0-9_]*\). |.*/\1/p' "$TOP/tests/README.md")
}

# executions — how many inputs the run of that output has tried.
executions() {
	sed -n 's/^stat::number_of_executed_units: *//p'
}

# nothing_breaks TARGET SECONDS INPUTS — ends at the first of both limits. New inputs are kept only as
# long as this runs.
nothing_breaks() {
	local target=$1 output=$SCRATCH/$1.log
	local options=(-max_total_time="$2" -runs="$3" -timeout=10 -rss_limit_mb=1024
		-print_final_stats=1 -artifact_prefix="$BROKEN/$target-")
	[[ ! -f $FUZZ/$target.dict ]] || options+=(-dict="$FUZZ/$target.dict")
	mkdir -p "$BROKEN" "$SCRATCH/$target"
	if ! TMPDIR=$MEMORY "$BUILT/$target" "${options[@]}" \
		"$SCRATCH/$target" "$FUZZ/corpus/$target" &>"$output"; then
		tail -n 60 "$output"
		return 1
	fi
	# Every kept input ran, and mutated ones did, however slow the machine is.
	(($(executions <"$output") > $(find "$FUZZ/corpus/$target/" -type f | wc -l)))
}

# fuzz_all SECONDS INPUTS — one test point for every target; INPUTS may be -1, for no limit.
fuzz_all() {
	local target
	run_case "every target has inputs to begin with" every_corpus_has_its_target
	run_case "every target has a row in tests/README.md, in order" every_target_is_described
	run_case "the inputs that are kept take 5 MB at most" corpora_are_small
	for target in $(targets); do
		run_case "no input of $1 seconds breaks $target" nothing_breaks "$target" "$1" "$2"
	done
}
