#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# words.sh — proves that comments have none of the words that hide who acts (tests/build/opaque)
# shellcheck source-path=SCRIPTDIR disable=SC2016,SC2317 # fixtures are not expanded; the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

# Every file with comments that git knows, by its name's ending or by its first line; not this file,
# whose fixtures are comments within strings.
commented_files() {
	{
		git ls-files '*.c' '*.h' '*.nix' '*.py' '*.sh' Makefile
		git grep -lE '^#!.*(bash|python3|perl)'
	} | sort -u | grep -vx tests/build/words.sh
}

comments_are_plain() {
	commented_files | xargs tests/build/opaque | tee "$SCRATCH/found"
	[[ ! -s $SCRATCH/found ]]
}

finds_words_in_comments_only() {
	cd "$SCRATCH"
	printf '%s\n' 'char *nobody = "/* whoever */";' '/* What fails' ' * can pass. */' 'int x; // Whoever' >a.c
	printf '%s\n' 'echo "nobody" ${#nobody}' 'x=1 # for nobody' >a.sh
	printf '%s\n' '"""First.' '' 'Held against nothing.' '"""' 'nobody = 1  # lets it be.' >a.py
	printf '%s\n' '# somebody' 'x = "# nobody"; /* whoever */' >a.nix
	"$TOP/tests/build/opaque" a.c a.sh a.py a.nix | tee found
	diff <(cut -d: -f1,2 found) - <<-END
		a.c:3
		a.c:4
		a.sh:2
		a.py:5
		a.nix:1
		a.nix:2
	END
}

# clang-format does not wrap comments, because it would wrap tables and lists in them, too.
comments_fit() {
	git ls-files '*.c' '*.h' | xargs perl -CSD -ne '
		$in_comment = 1 if m{^/\*};
		chomp(my $line = $_);
		$line =~ s/\t/        /g;
		print "$ARGV:$.: a comment of more than 100 columns\n" if $in_comment && length $line > 100;
		$in_comment = 0 if m{\*/};
		close ARGV if eof' | tee "$SCRATCH/wide"
	[[ ! -s $SCRATCH/wide ]]
}

cd "$TOP"
run_case 'opaque words are found in comments, and in comments only' finds_words_in_comments_only
run_case 'no comment has an opaque word' comments_are_plain
run_case 'comments between the functions of C fit into 100 columns' comments_fit
