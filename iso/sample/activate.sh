#!/bin/bash
# SPDX-License-Identifier: MIT
# Imitates the activation script: brings /etc, accounts and /run in line with the system.

set -euo pipefail
systemConfig=@systemConfig@
export PATH=@busybox@/bin
umask 0022

# Emulated machines run this at every boot, and starting a program takes them a while: what is as it
# should be is left alone by the shell itself.

# link TARGET PATH — replaces PATH in one step.
link() {
	[[ ! -L $2 || ! $2 -ef $1 ]] || return 0
	ln -sfn "$1" "$2.tmp"
	mv -T "$2.tmp" "$2"
}

# account FILE NAME LINE — adds an account that is not there yet.
account() {
	local text=
	[[ ! -s $1 ]] || read -rd '' text <"$1" || true
	[[ $'\n'$text == *$'\n'"$2":* ]] || printf '%s\n' "$3" >>"$1"
}

setup_directories() {
	mkdir -p /etc /bin /usr/bin /home /root /run /tmp /var/lib /var/log /var/empty
	chmod 0755 / /etc /bin /usr /usr/bin /home /run /var /var/lib /var/log
	chmod 0555 /var/empty
	chmod 0700 /root
	chmod 1777 /tmp
	ln -sfn /run /var/run
	link @bash@/bin/sh /bin/sh
	link @busybox@/bin/env /usr/bin/env
}

# Every file of the static /etc becomes a link; folders are real.
setup_etc() {
	local file folder
	link "$(readlink -f "$systemConfig/etc")" /etc/static
	(cd /etc/static/ && find . ! -type d) | while read -r file; do
		file=/etc/${file#./}
		folder=${file%/*}
		[[ -d $folder ]] || mkdir -p "$folder"
		link "/etc/static/${file#/etc/}" "$file"
	done
	ln -sfn /proc/mounts /etc/mtab
}

setup_accounts() {
	local shell=/run/current-system/sw/bin/bash number
	account /etc/passwd root "root:x:0:0:System administrator:/root:$shell"
	account /etc/passwd sshd 'sshd:x:998:998:SSH privilege separation user:/var/empty:/run/current-system/sw/bin/nologin'
	account /etc/passwd nobody 'nobody:x:65534:65534:Unprivileged account:/var/empty:/run/current-system/sw/bin/nologin'
	account /etc/group root 'root:x:0:'
	account /etc/group wheel 'wheel:x:1:'
	account /etc/group tty 'tty:x:3:'
	account /etc/group sshd 'sshd:x:998:'
	account /etc/group nixbld 'nixbld:x:30000:nixbld1,nixbld2,nixbld3,nixbld4'
	account /etc/group nogroup 'nogroup:x:65534:'
	for number in 1 2 3 4; do
		account /etc/passwd "nixbld$number" \
			"nixbld$number:x:$((30000 + number)):30000:Nix build user $number:/var/empty:/run/current-system/sw/bin/nologin"
	done
	# sshd refuses accounts whose password field starts with an exclamation mark.
	account /etc/shadow root 'root:*:1::::::'
	chmod 0644 /etc/passwd /etc/group
	chmod 0600 /etc/shadow
}

# Imitates the activation of a system with the overlay on /etc: the initrd has mounted it, except for
# nixos-enter and its like.
mount_etc() {
	local metadata
	grep -q '^overlay /etc ' /proc/self/mounts && return
	mkdir -p /.rw-etc/upper /.rw-etc/work
	chmod 0755 /.rw-etc /.rw-etc/upper /.rw-etc/work
	metadata=$(TMPDIR=/run mktemp -d -t nixos-etc-metadata.XXXXXXXXXX)
	mount -t erofs -o loop,ro,nodev,nosuid "$(readlink -f "$systemConfig/etc-metadata-image")" "$metadata"
	# Kernels before 6.5 know no layer that has content alone (lowerdir=A::B).
	mount -t overlay -o "nodev,nosuid,lowerdir=$metadata:$(readlink -f "$systemConfig/etc-basedir"),upperdir=/.rw-etc/upper,workdir=/.rw-etc/work,relatime,redirect_dir=on,metacopy=on" \
		overlay /etc
}

setup_directories
if [[ -e $systemConfig/etc-metadata-image ]]; then mount_etc; else setup_etc; fi
# Otherwise systemd-sysusers creates them at boot.
[[ -e $systemConfig/etc/sysusers.d ]] || setup_accounts

ln -sfn "$systemConfig" /run/current-system
mkdir -p /nix/var/nix/gcroots
ln -sfn /run/current-system /nix/var/nix/gcroots/current-system
