#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# headers.sh — proves that every header names tests that exist and exercise its module, and that a
# module which calls itself pure needs no symbol of the outside world
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the tests are called by name
# shellcheck source=../tap.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../tap.lib.sh"

# What a pure module may not need: files, streams, sockets, processes, clock, environment, random
# numbers and our log. It may print to a stream that its caller hands in.
IMPURE='(f?open|f?dopen|freopen|opendir|openat|creat|mkstemp|mkostemp|tmpfile|memfd_create)(at|64)?'
IMPURE+='|p?(read|write)v?(64)?|fread|fgets|getline|getdelim|puts|v?printf|v?dprintf|perror'
IMPURE+='|f?l?stat(at|vfs|x)?(64)?|f?access(at)?|readlink(at)?|realpath|unlink(at)?|rename(at)?|mkdir(at)?'
IMPURE+='|f?chmod|f?chown|ioctl|fcntl|mmap|u?mount2?|poll|select|epoll_.*|inotify_.*'
IMPURE+='|socket|connect|bind|listen|accept4?|send(to|msg)?|recv(from|msg)?|getaddrinfo|gethostname'
IMPURE+='|v?fork|clone|exec.*|posix_spawnp?|system|popen|wait(pid|id)?|kill|raise|signal|sigaction|_?exit'
IMPURE+='|getpid|getuid|geteuid|uname|sysconf|syscall|pthread_.*'
IMPURE+='|time|clock|clock_.*|gettimeofday|nanosleep|u?sleep|localtime(_r)?|mktime'
IMPURE+='|(secure_)?getenv|setenv|putenv|environ|s?rand(om)?(_r)?|getrandom|getentropy|arc4random.*'
IMPURE+='|log_.*|stdout|stderr|stdin'

# pure_headers FOLDER — the headers of modules with a source whose opening comment says Pure.
pure_headers() {
	local header
	for header in "$1"/*.h "$1"/*/*.h; do
		[[ ! -f ${header%.h}.c ]] || ! sed '/\*\/$/!b; 1!q' "$header" | grep -qw Pure || echo "$header"
	done
}

# impure OBJECT… — prints each symbol that a pure module may not need, behind the object's name.
impure() {
	nm -A -u "$@" | awk '{ print $1, $NF }' | grep -E ": ($IMPURE)\$"
}

pure_modules_need_nothing_outside() {
	local objects
	pure_headers installer >"$SCRATCH/pure"
	(($(wc -l <"$SCRATCH/pure") > 20))
	mapfile -t objects < <(sed 's,^installer/,build/static/,; s,h$,o,' "$SCRATCH/pure")
	! impure "${objects[@]}"
}

headers_name_their_tests() {
	tests/build/untested installer/*.h installer/*/*.h | tee "$SCRATCH/untested"
	[[ ! -s $SCRATCH/untested ]]
}

finds_wrong_tests() {
	printf '%s\n' '/* SPDX */' '/*' ' * bad — nothing.' ' *' ' * Tested by: tests/unit/test_nowhere.c,' \
		' * tests/unit/image.h.' ' */' 'int bad_act(void);' >"$SCRATCH/bad.h"
	tests/build/untested "$SCRATCH/bad.h" | tee "$SCRATCH/found"
	diff "$SCRATCH/found" - <<-END
		$SCRATCH/bad.h: there is no tests/unit/test_nowhere.c
		$SCRATCH/bad.h: tests/unit/image.h mentions neither the module nor a function of it
	END
}

finds_impure_symbols() {
	gcc -D_GNU_SOURCE= -c -o "$SCRATCH/bad.o" -x c - <<-'END'
		#include <stdio.h>
		#include <stdlib.h>
		#include <time.h>
		long bad_act(FILE *to) { return fprintf(to, "%s", getenv("x")) + printf("%s", "y") + time(NULL); }
	END
	impure "$SCRATCH/bad.o" | awk '{ print $2 }' | sort | xargs | tee "$SCRATCH/found"
	[[ $(<"$SCRATCH/found") == 'getenv printf time' ]]
}

cd "$TOP"
run_case 'a test that does not exist, or is of another module, is found' finds_wrong_tests
run_case 'clock, environment and standard output are found in an object' finds_impure_symbols
run_case 'every header names its tests' headers_name_their_tests
run_case 'pure modules need no symbol of the outside world' pure_modules_need_nothing_outside
