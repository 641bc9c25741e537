#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# sshd.sh — proves that login_check lets a configuration of sshd pass exactly where the guest's own
# sshd lets the owner in (login_check, sshd_run, sshd_login, sshd_transport, revoked_keys)
# shellcheck source=tests/loop/effects.lib.sh
. "$(dirname "$0")/effects.lib.sh"
# shellcheck source=tests/loop/login.lib.sh
. "$(dirname "$0")/login.lib.sh"

# with_config TEXT — the guest's sshd_config from now on, with the host key that the guest has.
with_config() {
	rm -f "$ROOT/etc/ssh/sshd_config"
	printf '%s\n' "$1" | grep -q '^HostKey' || echo 'HostKey /etc/ssh/ssh_host_ed25519_key' >"$ROOT/etc/ssh/sshd_config"
	printf '%s\n' "$1" >>"$ROOT/etc/ssh/sshd_config"
}

# give_keys FILE… — to root in the guest; login_check is told the same.
give_keys() {
	cat "$@" >keys
	install -m 0600 keys "$ROOT/root/.ssh/authorized_keys"
}

# agree in|out PATTERN KEY — both answers are this one; a refusal has a sentence like the pattern.
agree() {
	local ours=in real=in
	our_answer root keys >ours || ours=out
	real_login root "$3" >real 2>&1 || real=out
	cat ours real
	[[ $ours == "$real" && $ours == "$1" ]] || { echo "ours: $ours, real: $real, expected: $1" && return 1; }
	[[ $1 == in ]] || grep -Eq "^41: .*$2" ours
}

config_is() {
	local expected=$1 pattern=$2 key=${4:-ed}
	give_keys "$key.pub"
	with_config "$3"
	agree "$expected" "$pattern" "$key"
}

# ours_is in|out PATTERN CONFIG — where the real answer depends on the address of the client, or on a server that
# counts its connections: the one of real_login has only one.
ours_is() {
	local ours=in
	give_keys ed.pub
	with_config "$3"
	our_answer root keys >ours || ours=out
	cat ours
	[[ $ours == "$1" ]] && grep -Eq "$2" ours
}

case_file_is() {
	config_is "$1" "$2" "$(cat "$TOP/tests/loop/sshd/$3")" "${4:-ed}"
}

config_is_of_unreadable_host_key() {
	give_keys ed.pub
	with_config ''
	chmod 0640 "$ROOT/etc/ssh/ssh_host_ed25519_key"
	our_answer root keys >ours && return 1
	chmod 0600 "$ROOT/etc/ssh/ssh_host_ed25519_key"
	grep -E '^41: .*(too open|no hostkeys|has mode 640)' ours
}

host_keys_may_be_made_at_boot() {
	give_keys ed.pub
	with_config ''
	mv "$ROOT"/etc/ssh/ssh_host_* .
	our_answer root keys >ours || { cat ours && return 1; }
	mv ssh_host_* "$ROOT/etc/ssh"
	grep -Fx 'port=22' ours
}

without_privilege_separation_user() {
	give_keys ed.pub
	with_config ''
	sed -i.kept '/^sshd:/d' "$ROOT/etc/passwd"
	our_answer root keys >ours && return 1
	mv "$ROOT/etc/passwd.kept" "$ROOT/etc/passwd"
	grep -E '^41: .*Privilege separation user sshd does not exist' ours
}

# account_is in|out PATTERN FILE SED — /etc/FILE of the guest edited.
account_is() {
	local status=0
	give_keys ed.pub
	with_config "${5:-UsePAM no}"
	cp -p "$ROOT/etc/$3" kept
	sed -i "$4" "$ROOT/etc/$3"
	agree "$1" "$2" ed || status=1
	cp -p kept "$ROOT/etc/$3"
	return "$status"
}

# open_home_is in|out PATTERN STRICT-MODES
open_home_is() {
	local status=0
	give_keys ed.pub
	with_config "StrictModes $3"
	chmod 0777 "$ROOT/root"
	agree "$1" "$2" ed || status=1
	chmod 0700 "$ROOT/root"
	return "$status"
}

the_port_is_told() {
	give_keys ed.pub
	with_config 'Port 2222'
	our_answer root keys | grep -Fx 'port=2222'
}

included_file_is_read() {
	give_keys ed.pub
	mkdir -p "$ROOT/etc/ssh/sshd_config.d"
	echo 'PermitRootLogin no' >"$ROOT/etc/ssh/sshd_config.d/10.conf"
	with_config 'Include /etc/ssh/sshd_config.d/*.conf'
	agree out 'PermitRootLogin' ed
	rm -r "$ROOT/etc/ssh/sshd_config.d"
}

# Of another architecture, say: the installer reads the file itself, and refuses what it cannot
# evaluate.
unrunnable_is() {
	local ours=in sshd
	sshd=$ROOT$(sed -n 's/^ExecStart=\([^ ]*\) .*/\1/p' "$SYSTEM/etc/systemd/system/sshd.service")
	give_keys ed.pub
	with_config "$3"
	cp -p "$sshd" kept
	printf '\177ELF\002\001\001' >"$sshd"
	our_answer root keys >ours || ours=out
	cp -p kept "$sshd"
	cat ours
	[[ $ours == "$1" ]] && grep -Eq "$2" ours
}

# revoked_is in|out PATTERN KEY COMMAND… — with what the command makes the file of revoked keys.
revoked_is() {
	local status=0 file=$ROOT/etc/ssh/revoked
	give_keys ed.pub rsa.pub
	with_config 'RevokedKeys /etc/ssh/revoked'
	rm -f "$file"
	"${@:4}" "$file"
	agree "$1" "$2" "$3" || status=1
	rm -f "$file"
	return "$status"
}

revoke_by_list() { # KEY… FILE
	cat "${@:1:$#-1}" >"${!#}"
}

revoke_by_krl() { # KEY… FILE
	ssh-keygen -q -k -f "${!#}" "${@:1:$#-1}"
}

need_root
cd "$SCRATCH"
"$TOP/iso/make-cache"
find_system
build_login
at_exit unmount_guest
ssh-keygen -q -t ed25519 -N '' -C owner -f ed
ssh-keygen -q -t rsa -b 2048 -N '' -C owner -f rsa
install_sample guest.img "$TOP/build/cache" --key ed.pub || { cat said && exit 1; }
mount_guest guest.img

while IFS='|' read -r file expected pattern key; do
	run_case "case $file: $expected${key:+ with $key}" case_file_is "$expected" "$pattern" "$file" "${key:-ed}"
done <<'END'
00-good|in|
01-permit-no|out|PermitRootLogin
05-pubkey-yes-comment|in|
06-pubkey-yes-quoted|in|
08-match-all-pubkey-no|out|PubkeyAuthentication
11-denyusers-at|out|DenyUsers
16-authmethods|out|AuthenticationMethods
18-equals|out|PermitRootLogin
19-tab|out|PermitRootLogin
25-permit-No-Case|out|.
26-allow-neg|in|
35-syntax-error|out|PermitRotLogin
37-missing-value|out|.
comment|out|PermitRootLogin
trailing-blank|out|PermitRootLogin
pubkey-quoted|in|
accepted-algorithms|out|PubkeyAcceptedAlgorithms|rsa
accepted-algorithms|in||ed
accepted-minus|out|PubkeyAcceptedAlgorithms|ed
accepted-no-rsa|out|PubkeyAcceptedAlgorithms|rsa
accepted-no-rsa|in||ed
accepted-caret|in||rsa
match-all|out|PermitRootLogin
match-user-yes|in|
END
while IFS='|' read -r expected pattern key config; do
	run_case "$expected: ${config//\\/ / }" config_is "$expected" "$pattern" "$(printf '%b' "$config")" "$key"
done <<'END'
in||ed|permitrootlogin\tyes
in||ed|PermitRootLogin yes\nPermitRootLogin no
out|PermitRootLogin|ed|PermitRootLogin no\r
out|PermitRootLogin|ed|PermitRootLogin forced-commands-only
out|AuthorizedKeysFile|ed|AuthorizedKeysFile none
in||ed|AuthorizedKeysFile /etc/ssh/other %h/.ssh/authorized_keys
out|AuthorizedKeysFile|ed|AuthorizedKeysFile /etc/ssh/authorized_keys.d/%u
in||ed|AuthorizedKeysFile /root/.ssh/authorized_keys
out|AllowUsers|ed|AllowUsers alice b*
in||ed|AllowUsers r??t
out|DenyUsers|ed|DenyUsers bob r*
out|AllowGroups|ed|AllowGroups admins
in||ed|AllowGroups admins ro*
out|DenyGroups|ed|DenyGroups root
out|AuthenticationMethods|ed|AuthenticationMethods publickey,publickey
in||ed|AuthenticationMethods publickey,password publickey
out|RequiredRSASize|rsa|RequiredRSASize 4096
in||ed|RequiredRSASize 4096
in||ed|Match User alice\n  PubkeyAuthentication no
out|PubkeyAuthentication|ed|Match Group root\n  PubkeyAuthentication no
in||ed|Match User !root,*\n  PubkeyAuthentication no
out|Bad Match condition|ed|Match exec true\n  PubkeyAuthentication no
in||ed|CASignatureAlgorithms ssh-ed25519\nKbdInteractiveAuthentication no
out|ForceCommand|ed|ForceCommand /bin/false
out|ForceCommand|ed|ForceCommand internal-sftp
out|ChrootDirectory|ed|ChrootDirectory /var/empty
out|MaxSessions|ed|MaxSessions 0
out|MaxAuthTries|ed|MaxAuthTries 0
in||ed|PerSourceMaxStartups 1
out|KexAlgorithms|ed|KexAlgorithms diffie-hellman-group14-sha1
out|Ciphers|ed|Ciphers aes128-cbc
out|MACs|ed|Ciphers aes128-ctr\nMACs hmac-md5
in||ed|Ciphers aes128-gcm@openssh.com\nMACs hmac-md5
out|nonsense|ed|nonsense yes
END

while IFS='|' read -r expected pattern config; do
	run_case "$expected: ${config//\\/ / }" ours_is "$expected" "$pattern" "$(printf '%b' "$config")"
done <<'END'
in|port=22|Match Address 192.0.2.0/24\n  PermitRootLogin no
in|port=22|PermitRootLogin no\nMatch Address 10.1.0.0/16\n  PermitRootLogin yes
out|PermitRootLogin|PermitRootLogin no\nMatch Address 127.0.0.0/8\n  PermitRootLogin yes
in|port=22|AllowUsers root@10.0.0.*
out|AllowUsers|AllowUsers root@127.0.0.1
out|PerSourceMaxStartups|PerSourceMaxStartups 0
in|port=22|AllowUsers root@2001:db8:1::/48
in|port=22|DenyUsers root@192.0.2.1
in|port=22|UseDNS yes\nAllowUsers root@admin.example.com
out|AllowUsers|UseDNS no\nAllowUsers root@admin.example.com
out|PermitRootLogin|Match LocalPort 22\n  PermitRootLogin no
out|PermitRootLogin|Port 2222\nMatch LocalPort 2222\n  PermitRootLogin no
out|loopback|ListenAddress 127.0.0.1
out|loopback|ListenAddress [::1]:22
in|port=22|ListenAddress 127.0.0.1\nListenAddress 0.0.0.0
out|HostKeyAlgorithms|HostKeyAlgorithms rsa-sha2-512
END

while IFS='|' read -r expected pattern config; do
	run_case "its sshd cannot run, $expected: ${config//\\/ / }" unrunnable_is "$expected" "$pattern" "$(printf '%b' "$config")"
done <<'END'
in|port=22|PermitRootLogin yes
out|PermitRootLogin|PermitRootLogin no
out|line 2 of /etc/ssh/sshd_config has an Include|Include /etc/ssh/x
out|line 2 of .*a Match block|Match all\n  PermitRootLogin no
in|port=22|Match User alice\n  PermitRootLogin no
out|a quote or a comment|PermitRootLogin yes # here
out|an unknown keyword|PermitRotLogin yes
in|port=22|RevokedKeys none
out|RevokedKeys /etc/ssh/revoked, which cannot be evaluated here|RevokedKeys /etc/ssh/revoked
END

run_case "in: RevokedKeys has other keys" revoked_is in '' ed revoke_by_list rsa.pub
run_case "in: RevokedKeys is empty" revoked_is in '' ed revoke_by_list /dev/null
run_case "out: RevokedKeys lists all keys" revoked_is out 'RevokedKeys.*: it lists the key' ed revoke_by_list ed.pub rsa.pub
run_case "out: RevokedKeys is a KRL of all keys" revoked_is out 'RevokedKeys.*REVOKED' ed revoke_by_krl ed.pub rsa.pub
run_case "in: RevokedKeys is a KRL of the other key" revoked_is in '' rsa revoke_by_krl ed.pub
run_case "in: RevokedKeys has the key in a comment" revoked_is in '' ed eval 'sed "s/^/#/" ed.pub >'
run_case "out: RevokedKeys lists the keys with CR LF" revoked_is out 'it lists the key' ed eval 'sed "s/^/ /; s/ owner$/\r/" ed.pub rsa.pub >'
run_case "out: RevokedKeys names no file" revoked_is out 'cannot be read' ed true
run_case "the port is told" the_port_is_told
run_case "a file that is included counts" included_file_is_read
run_case "host keys that others may read are refused" config_is_of_unreadable_host_key
run_case "host keys may be made at the first boot" host_keys_may_be_made_at_boot
run_case "a server without its user is refused" without_privilege_separation_user
run_case "a locked account without PAM is refused" account_is out 'is locked' shadow 's/^root:[^:]*:/root:!:/'
run_case "a locked account with PAM is let in by sshd" ours_is in port=22 'UsePAM no'
# shellcheck disable=SC2016
run_case "a hash of a password is no lock" account_is in '' shadow 's/^root:[^:]*:/root:$6$x$y:/'
run_case "an expired account is refused" account_is out 'has expired' shadow 's/^root:.*/root:*:1::::1:1:/'
run_case "a shell that is not in the guest is refused" account_is out 'is no program of the guest' passwd 's,^root:.*,root:x:0:0::/root:/bin/zsh,'
run_case "a shell that is no program is refused" account_is out 'is no program of the guest' passwd 's,^root:.*,root:x:0:0::/root:/etc/passwd,'
run_case "a shell that is a folder is refused" account_is out 'is no program of the guest' passwd 's,^root:.*,root:x:0:0::/root:/etc,'
run_case "a home that others may write to is refused" open_home_is out StrictModes yes
run_case "a home that others may write to, and StrictModes no" open_home_is in '' no
run_case "a shell that ends at once is refused" account_is out 'ends every session' passwd 's,^root:.*,root:x:0:0::/root:/run/current-system/sw/bin/nologin,'
run_case "no shell is /bin/sh" account_is in '' passwd 's,^root:.*,root:x:0:0::/root:,'
