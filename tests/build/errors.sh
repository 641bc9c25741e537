#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# errors.sh — proves that functions of installer/ return at once on failure, and chain steps with
# `if (r == 0)` only up to statements that must run after a failure too (CONTRIBUTING.md, "Errors")
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

steps_return_at_once() {
	git ls-files 'installer/*.c' | xargs tests/build/chained | tee "$SCRATCH/found"
	[[ ! -s $SCRATCH/found ]]
}

finds_chains_without_a_tail() {
	cd "$SCRATCH"
	cat >a.c <<'END'
int chained(void)
{
	int r = first();

	if (r == 0 && wanted())
		r = second(
			"long");
	return r;
}
int answered(int *ret)
{
	int value, r = first(&value);

	if (r == 0) {
		*ret = value;
		count++;
	}
	/* Not yet counted. */
	return r;
}
int begun(void)
{
	int r = first();

	if (r == 0)
		r = second();
	if (r < 0 || !wanted())
		return r;
	return third();
}
int expressed(void)
{
	int r = first();

	return r < 0 ? r
		     : second();
}
int combined(void)
{
	int r = first();

	return r == 0 && wanted() ? second() : r;
}
int undone(void)
{
	int r = first();

	if (r == 0)
		r = second();
	undo();
	return r;
}
int wrapped(struct error *err)
{
	int r = first();

	if (r == 0)
		r = second();
	if (r < 0)
		error_wrap(err, "third");
	return r;
}
int converted(struct error *err)
{
	int r = first();

	if (r == 0)
		return 0;
	return r < 0 && r > -4096 ? r : -EIO;
}
END
	"$TOP/tests/build/chained" a.c | tee found
	diff <(cut -d: -f1,2 found) - <<-END
		a.c:5
		a.c:14
		a.c:25
		a.c:35
		a.c:42
	END
}

cd "$TOP"
run_case 'chains without a tail are found, and only those' finds_chains_without_a_tail
run_case 'every function returns at once on failure, or has a tail to run' steps_return_at_once
