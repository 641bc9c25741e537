#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# output.sh — proves that an install ends with its exit status whatever becomes of its standard
# output: the reader has ended, or does not read
# shellcheck source=tests/loop/effects.lib.sh
. "$(dirname "$0")/effects.lib.sh"

GUEST_INSTALLER=$TOP/build/asan/guest-installer

# ends_with_output_to KIND — within a minute, and with the status of what is wrong with it.
ends_with_output_to() {
	local status=0
	timeout --kill-after=5 60 python3 - "$1" "$GUEST_INSTALLER" install --set disk=nonsense <<-'END' || status=$?
		import os, pty, socket, subprocess, sys, termios
		if sys.argv[1] == "terminal":
		    unread, output = pty.openpty()
		    termios.tcflow(output, termios.TCOOFF)
		elif sys.argv[1] == "socket":
		    ends = socket.socketpair()
		    unread, output = (end.fileno() for end in ends)
		else:
		    unread, output = os.pipe()
		if sys.argv[1] == "nobody":
		    os.close(unread)
		else:
		    os.set_blocking(output, False)
		    for size in 4096, 1:
		        try:
		            while os.write(output, b"x" * size):
		                pass
		        except BlockingIOError:
		            pass
		    os.set_blocking(output, True)
		status = subprocess.run(sys.argv[2:], stdout=output, timeout=40).returncode
		if not os.get_blocking(output):
		    sys.exit("it is another one's descriptor, too, and does not block any longer")
		sys.exit(status % 256)
	END
	[[ $status == 2 ]] || { echo "status $status" && return 1; }
}

run_case "nobody is there any longer" ends_with_output_to nobody
run_case "a pipe is full and nobody reads" ends_with_output_to pipe
run_case "a terminal is stopped" ends_with_output_to terminal
run_case "a socket is full and nobody reads" ends_with_output_to socket
