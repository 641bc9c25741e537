# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# keys/lib.sh — decides what may lie on a key drive; used by make-key-drive and first-run

# Prints the name that FILE gets on the drive.
key_drive_name() {
	local name=${1##*/}
	name=${name//[^A-Za-z0-9._-]/_}
	case ${name,,} in
	authorized_keys | guest-installer.conf) name=${name,,} ;;
	*.pub) ;;
	*) return 1 ;;
	esac
	printf '%s\n' "${name/#./_}"
}

# Copies FILE into FOLDER under its drive name, numbered where the name is taken (FAT ignores case).
key_drive_add_file() {
	local folder=$1 file=$2 name number=2 target
	[[ -f $file && -r $file ]] || die 2 "cannot read the key file $file"
	if grep -qaE 'PRIVATE KEY-----|^PuTTY-User-Key-File' -- "$file"; then
		die 2 "$file is a private key; only public keys may leave this machine"
	fi
	name=$(key_drive_name "$file") ||
		die 2 "$file is no *.pub, authorized_keys or guest-installer.conf"
	target=$name
	while [[ -n $(find "$folder" -maxdepth 1 -iname "$target") ]]; do
		[[ $name == *.pub ]] || die 2 "two files are named $name; join them into one"
		target=$((number++))-$name
	done
	cat -- "$file" >"$folder/$target"
}

# Copies every FILE, and every file in every DIR, into FOLDER; at least one line of content is needed.
key_drive_collect() {
	local folder=$1 source file
	shift
	for source; do
		if [[ -d $source ]]; then
			for file in "$source"/*; do
				[[ ! -e $file ]] || key_drive_add_file "$folder" "$file"
			done
		else
			key_drive_add_file "$folder" "$source"
		fi
	done
	grep -rqsE '^[^#[:space:]]' "$folder" || die 2 "nothing to put on the key drive: no key in $*"
}
