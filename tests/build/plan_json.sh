#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# plan_json.sh — proves that `plan --json` prints one JSON document and ends with the code in it
# Modules: plan_json, print_plan.
#
# Judged by jq: the stored answers of the unit test, and what the program that ships says here.
# shellcheck source=tests/tap.lib.sh
source "$(dirname "$0")/../tap.lib.sh"
cd "$TOP"

BINARY=build/guest-installer
GOLDEN=tests/unit/golden

# plan CODE [OPTION]… — the answer is in $SCRATCH/answer, nothing is said beside it.
plan() {
	local code=$1 status=0
	shift
	"$BINARY" plan --json "$@" >"$SCRATCH/answer" 2>"$SCRATCH/stderr" || status=$?
	cat "$SCRATCH/answer" "$SCRATCH/stderr"
	[[ $status == "$code" && ! -s $SCRATCH/stderr ]]
}

every_answer_has_the_same_members() {
	local answer
	for answer in "$GOLDEN"/answer-*.json; do
		jq -e '(keys == ["disks", "plan", "refusal", "target", "version"])
			and ((.plan == null) != (.refusal == null))
			and (.disks | map(keys) | unique | length == 1)' "$answer"
	done
}

a_plan_hangs_together() {
	jq -e '.plan as $p | $p.disk == .target
		and ([.disks[] | select(.judgement == "taken").path] == [.target])
		and ([$p.partitions[].number] == [range(1; ($p.partitions | length) + 1)])
		and ([$p.mounts[].path] == ["/", "/boot"])
		and all($p.mounts[]; . as $m | $p.partitions[$m.partition - 1]
			| .mount_path == $m.path and .file_system == $m.file_system)
		and all($p.partitions[]; .offset_bytes % 1048576 == 0)' "$GOLDEN/answer-plan.json"
}

# members — the names of all members of the stored answers.
members() {
	cat "$GOLDEN"/answer-*.json | jq -r '.. | objects | keys[]' | sort -u
}

# The page names a member with the macro Va, and no other word.
the_manual_page_has_the_members_and_no_others() {
	members >"$SCRATCH/members"
	sed -nE 's/^\.(It )?Va (.*)/\2/p' share/man/guest-installer-plan.5.in | grep -oE '[a-z_]{2,}' | sort -u |
		diff "$SCRATCH/members" -
}

need_root() {
	if ((UID)); then
		echo "only root can look at the disks"
		exit 77
	fi
}

a_refusal_ends_with_its_code() {
	need_root
	plan 2 --config "$SCRATCH/nowhere"
	jq -e '.version == 1 and .plan == null and .refusal.code == 2
		and .refusal.stage == "configuration"
		and (.refusal.sentence | test("nowhere: .*No such file"))' "$SCRATCH/answer"
	[[ $(jq -s length "$SCRATCH/answer") == 1 ]]
}

disks_are_listed_without_a_configuration() {
	need_root
	plan 2 --set layout=round --config /dev/null
	jq -e 'all(.disks[]; (.judgement | type) == "string" and .size_bytes > 0)' "$SCRATCH/answer"
	diff <(jq -r '.disks[].name' "$SCRATCH/answer" | sort) <(
		"$BINARY" plan --set layout=round --config /dev/null --json | jq -r '.disks[].name' | sort
	)
}

only_a_plan_is_printed_as_data() {
	local status=0
	"$BINARY" install --json 2>"$SCRATCH/stderr" || status=$?
	[[ $status == 2 ]]
	grep -F 'The option --json belongs to the command plan.' "$SCRATCH/stderr"
}

run_case "every answer has the same members, and a plan or a refusal" every_answer_has_the_same_members
run_case "target, partitions and mounts of a plan hang together" a_plan_hangs_together
run_case "guest-installer-plan(5) has these members and no others" the_manual_page_has_the_members_and_no_others
run_case "a refusal ends with its code" a_refusal_ends_with_its_code
run_case "disks are listed with a judgement even if the configuration is wrong" disks_are_listed_without_a_configuration
run_case "--json goes with plan only" only_a_plan_is_printed_as_data
