# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # variables of image.lib.sh
# tests/image/clone.lib.sh — what is compared of an image and its copy
#
# Source it after image.lib.sh. The copy is made for the key second.pub.

# shellcheck disable=SC2034 # used by the tests
OFFSET=1048576
# shellcheck disable=SC2034 # used by the tests
GPT_OFFSET=$((514 * 1048576))

# reported KEY — a result of the last image.
reported() {
	sed -n "s/^INSTALL_RESULT $1=//p" said
}

# identifiers IMAGE — every UUID and serial number of the disk, a line each.
identifiers() {
	sfdisk --json "$1" | jq -r '.partitiontable | .id, (.partitions[] | .uuid // empty)'
	for start in $(sfdisk --json "$1" | jq '.partitiontable.partitions[].start'); do
		blkid -p -O $((start * 512)) -o value -s UUID "$1" || true
	done
}

# names IMAGE — what the guest finds its file systems by.
names() {
	sfdisk --json "$1" | jq -r '.partitiontable.partitions[] | .name, .type'
	for start in $(sfdisk --json "$1" | jq '.partitiontable.partitions[].start'); do
		blkid -p -O $((start * 512)) -o value -s LABEL -s TYPE "$1" || true
	done
}

# all_are_new IMAGE CLONE COUNT — so many identifiers, and none of them is in both.
all_are_new() {
	identifiers "$1" | sort >old
	identifiers "$2" | sort >new
	[[ $(wc -l <old) == "$3" && $(wc -l <new) == "$3" && ! $(comm -12 old new) ]] || { cat old new && return 1; }
	diff <(names "$1") <(names "$2")
}

file_in() {
	debugfs -R "cat $3" "$1?offset=$2" 2>/dev/null
}

# The reported host key is the one in the clone, and ssh-keygen agrees that its halves belong together.
host_key_is_reported() {
	file_in "$1" "$2" /etc/ssh/ssh_host_ed25519_key >host_key
	chmod 600 host_key
	[[ $(ssh-keygen -y -P '' -f host_key) == "$(reported ssh-host-key)" ]]
	file_in "$1" "$2" /etc/ssh/ssh_host_ed25519_key.pub | grep -Fx "$(reported ssh-host-key)"
}

# owner_is_second IMAGE OFFSET
owner_is_second() {
	file_in "$1" "$2" /root/.ssh/authorized_keys | cmp - second.pub
	file_in "$1" "$2" /etc/machine-id | grep -Fx uninitialized
	host_key_is_reported "$1" "$2"
	e2fsck -fn "$1?offset=$2"
	debugfs -R 'stat /etc/ssh/ssh_host_ed25519_key' "$1?offset=$2" | grep -F 'Mode:  0600'
}
