# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the test files
# tests/engines/libvirtd.lib.sh — a real libvirtd of the test's own, without a service manager
#
# The paths of a system's libvirtd are compiled in. The test therefore runs in a mount namespace where
# they are folders of its own: call enter_namespace before any other library is sourced, and start_libvirtd
# after tap.lib.sh.

# enter_namespace [ARG]… — starts the test again in a mount namespace of its own. In a process namespace
# libvirtd and its machines, which have no parent, end with the test, however that ends.
enter_namespace() {
	[[ ${TEST_NAMESPACE-} ]] ||
		TEST_NAMESPACE=1 exec unshare --mount --propagation private --pid --fork --kill-child --mount-proc \
			"$0" "$@"
}

# start_libvirtd POOL — with a storage pool of this name, the folder $SCRATCH/pool.
start_libvirtd() {
	local folder name
	for folder in /run/libvirt /var/lib/libvirt /etc/libvirt /var/cache/libvirt /var/log/libvirt; do
		name=$SCRATCH/host${folder//\//-}
		mkdir -p "$folder" "$name"
		mount --bind "$name" "$folder"
	done
	# The package libvirt-daemon-system would make these.
	add_line /etc/passwd 'libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin'
	add_line /etc/group 'libvirt-qemu:x:64055:'
	add_line /etc/group 'kvm:x:64056:'
	printf '%s\n' 'auth_unix_ro = "none"' 'auth_unix_rw = "none"' 'unix_sock_group = "root"' \
		>/etc/libvirt/libvirtd.conf
	printf '%s\n' 'user = "root"' 'group = "root"' 'security_driver = "none"' 'cgroup_controllers = []' \
		'namespaces = []' 'stdio_handler = "file"' >/etc/libvirt/qemu.conf
	# The distribution's Python has the module libvirt.
	export PATH=/usr/bin:$PATH LIBVIRT_DEFAULT_URI=qemu:///system
	at_exit end_libvirtd
	libvirtd --daemon --pid-file "$SCRATCH/libvirtd.pid" </dev/null >"$SCRATCH/libvirtd.out" 2>&1
	mkdir "$SCRATCH/pool"
	virsh -q pool-create-as "$1" dir --target "$SCRATCH/pool"
}

# add_line FILE LINE — unless its first field exists; only this test sees the change.
add_line() {
	! grep -q "^${2%%:*}:" "$1" || return 0
	cp "$1" "$SCRATCH/host-${1##*/}.new"
	echo "$2" >>"$SCRATCH/host-${1##*/}.new"
	mountpoint -q "$1" && umount "$1"
	mv "$SCRATCH/host-${1##*/}.new" "$SCRATCH/host-${1##*/}"
	mount --bind "$SCRATCH/host-${1##*/}" "$1"
}

end_libvirtd() {
	local domain
	for domain in $(virsh -q list --name); do
		virsh -q destroy "$domain" || true
	done
	[[ ! -s $SCRATCH/libvirtd.pid ]] || kill "$(<"$SCRATCH/libvirtd.pid")"
}

# make_ssh_host — a host "remote", which is this one, for qemu+ssh://. Its sshd talks over a pipe, so no
# port is needed. Prints the URI; $SCRATCH/key logs in.
make_ssh_host() {
	local folder=$SCRATCH/ssh
	mkdir -p "$folder" /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f "$folder/host_key"
	printf '%s\n' "HostKey $folder/host_key" "AuthorizedKeysFile $SCRATCH/key.pub" 'PermitRootLogin yes' \
		'StrictModes no' 'UsePAM no' 'PidFile none' >"$folder/sshd_config"
	echo "remote $(<"$folder/host_key.pub")" >"$folder/known_hosts"
	printf '%s\n' 'Host remote' "ProxyCommand /usr/sbin/sshd -i -f $folder/sshd_config" \
		"UserKnownHostsFile $folder/known_hosts" "IdentityFile $SCRATCH/key" 'IdentitiesOnly yes' \
		'BatchMode yes' >"$folder/config"
	printf '%s\n' '#!/bin/sh' "exec ssh -F $folder/config \"\$@\"" >"$folder/command"
	chmod 755 "$folder/command"
	echo "qemu+ssh://root@remote/system?command=$folder/command"
}

# volumes — the names of the pool's volumes, sorted.
volumes() {
	virsh -q pool-refresh vms >/dev/null
	virsh -q vol-list vms | awk '{ print $1 }' | sort | xargs
}

# forward_ssh DOMAIN — prints a port of the loopback that leads to the guest's SSH server.
forward_ssh() {
	virsh qemu-monitor-command "$1" --hmp 'hostfwd_add tcp:127.0.0.1:0-:22' >/dev/null
	virsh qemu-monitor-command "$1" --hmp 'info usernet' | awk '/HOST_FORWARD/ { print $4 }'
}

# press_the_power_button — of the guest that run-guest runs in the background; leaves in `ended` how run-guest ended.
press_the_power_button() {
	kill -TERM "$guest"
	ended=0
	wait "$guest" || ended=$?
}
