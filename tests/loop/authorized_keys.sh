#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# authorized_keys.sh — proves that a key and its options are taken exactly where ssh-keygen and a
# real sshd take them (ssh_keys, ssh_key_line, ssh_key_options)
# shellcheck source=tests/loop/effects.lib.sh
. "$(dirname "$0")/effects.lib.sh"
# shellcheck source=tests/loop/login.lib.sh
. "$(dirname "$0")/login.lib.sh"

CASES=$TOP/tests/loop/authorized_keys

# The distribution's sshd, which serves one connection on its standard input, with this file as
# root's authorized_keys. It prints what it thinks of the file on standard error.
sshd_takes() {
	cp "$1" authorized
	timeout 20 ssh -v -F none -o "ProxyCommand=/usr/sbin/sshd -i -f $PWD/config" \
		-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes \
		-o IdentitiesOnly=yes -i ed root@host true >real 2>&1
	grep -Eq '^Authenticated to ' real
}

ours_takes() {
	"$LOGIN" keys "$1" >ours
}

# agree yes|no PATTERN — of the file `line`.
agree() {
	local ours=yes real=yes
	ours_takes line || ours=no
	sshd_takes line || real=no
	cat ours real
	[[ $ours == "$real" && $ours == "$1" ]] || { echo "ours: $ours, real: $real, expected: $1" && return 1; }
	grep -Eq "$2" ours
}

options_are() {
	printf '%s %s\n' "$3" "$(cat ed.pub)" >line
	agree "$1" "$2"
}

# A key with one byte changed, or cut off: ssh-keygen -l says whether it is one.
damaged_key_is() {
	local type=$1 blob damaged at
	read -r _ blob _ <"$type.pub"
	for at in 4 20 40 60 100 -8 -4; do
		damaged=$(python3 -c '
import base64, sys
blob = bytearray(base64.b64decode(sys.argv[1]))
at = int(sys.argv[2])
if abs(at) < len(blob):
    blob[at] ^= 0x55
print(base64.b64encode(blob).decode())' "$blob" "$at")
		echo "$(cut -d ' ' -f 1 "$type.pub") $damaged" >line
		local ours=yes real=yes
		ours_takes line || ours=no
		ssh-keygen -lf line >real 2>&1 || real=no
		cat ours real
		[[ $ours == "$real" ]] || { echo "byte $at: ours $ours, ssh-keygen $real" && return 1; }
	done
}

case_is() {
	local status=yes
	ours_takes "$CASES/$3" || status=no
	cat ours
	[[ $status == "$1" ]] && grep -Eq "$2" ours
}

need_root
cd "$SCRATCH"
build_login
for type in ed25519 ecdsa rsa; do ssh-keygen -q -t "$type" -N '' -f "$type"; done
mv ed25519 ed && mv ed25519.pub ed.pub && cp ed.pub ed25519.pub
ssh-keygen -q -t ecdsa -b 521 -N '' -f ecdsa521
ssh-keygen -q -t ed25519 -N '' -f host
mkdir -p /run/sshd
printf 'HostKey %s/host\nAuthorizedKeysFile %s/authorized\nStrictModes no\nUsePAM no\nPermitRootLogin yes\n' \
	"$PWD" "$PWD" >config

while IFS='|' read -r expected pattern options; do
	run_case "$expected: $options" options_are "$expected" "$pattern" "$options"
done <<'END'
yes|ssh-ed25519|restrict
yes|ssh-ed25519|restrict,,pty
yes|ssh-ed25519|,pty
yes|ssh-ed25519|pty,
yes|ssh-ed25519|No-PTY,agent-forwarding
no|do not know|touchy
no|do not know|no-restrict
yes|ssh-ed25519|touch-required
yes|ssh-ed25519|no-verify-required
yes|ssh-ed25519|command="true"
no|twice|command="true",command="false"
no|double quotes|command=true
no|quote|command="true
yes|ssh-ed25519|environment="A=b c",environment="B="
no|environment=|environment="X"
no|environment=|environment="X Y=1"
no|environment=|environment="=x"
yes|ssh-ed25519|permitopen="h:22",permitopen="[::1]:*"
no|permitopen=|permitopen="foo"
no|permitopen=|permitopen="foo:0"
no|permitopen=|permitopen="foo:65536"
no|permitopen=|permitopen="[::1]22"
yes|ssh-ed25519|permitlisten="22",permitlisten="h:ssh"
no|permitlisten=|permitlisten="h:"
no|permitlisten=|permitlisten="none"
no|permitlisten=|permitlisten="65536"
yes|ssh-ed25519|from="host/8,*.example/x,10.0.0.1/999,*"
no|no address matches|from="!10.0.0.0/8"
no|no address matches|from=""
no|no address matches|from="*,!*"
no|cert-authority|principals="root"
yes|ssh-ed25519|tunnel="any"
no|tunnel=|tunnel="x"
no|tunnel=|tunnel="5x"
yes|ssh-ed25519|tunnel="2147483645"
no|tunnel=|tunnel="2147483646"
yes|ssh-ed25519|expiry-time="20991231"
yes|ssh-ed25519|expiry-time="209912312359"
yes|ssh-ed25519|expiry-time="20991231235959Z"
no|expired|expiry-time="20991231",expiry-time="20200101"
no|expiry-time=|expiry-time="20991231EST"
no|expiry-time=|expiry-time="2099"
no|expiry-time=|expiry-time="20991301"
no|expiry-time=|expiry-time="x"
END

for type in ed25519 ecdsa ecdsa521 rsa; do
	run_case "a damaged key of $type is refused as by ssh-keygen -l" damaged_key_is "$type"
done

while IFS='|' read -r file expected pattern; do
	run_case "case $file: $expected" case_is "$expected" "$pattern" "$file"
done <<'END'
certificate-only.pub|no|is a certificate
dss-among-good|yes|ssh-ed25519
empty-option|yes|ssh-ed25519
environment-no-equals|no|environment=
expired|no|has expired
from-bad-cidr|no|from=
mldsa44-ed25519-openssh.com.pub|yes|ssh-mldsa44-ed25519
pem.pub|no|is a PEM file
permitopen-no-port|no|permitopen=
principals-without-ca|no|without cert-authority
rfc4716.pub|no|RFC 4716
touch-required|yes|ssh-ed25519
utf16.pub|no|UTF-16
END
