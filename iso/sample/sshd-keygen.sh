#!/bin/bash
# SPDX-License-Identifier: MIT
# Imitates the NixOS sshd module's pre-start: host keys that are missing are made.

set -euo pipefail
export PATH=@openssh@/bin:@busybox@/bin

key=@hostKeyFolder@/ssh_host_ed25519_key
if [[ ! -s $key ]]; then
	mkdir -p @hostKeyFolder@
	rm -f "$key" "$key.pub"
	ssh-keygen -q -t ed25519 -N '' -C '' -f "$key"
fi
# Debian's sshd separates privileges here.
mkdir -p /run/sshd
chmod 0755 /run/sshd
