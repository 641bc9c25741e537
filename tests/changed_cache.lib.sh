# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # variables shared with the test files
# tests/changed_cache.lib.sh — a binary cache like the sample's in which store paths are others, signed
# with the sample's key
#
# Source it after tests/tap.lib.sh.
SIGNING_KEY=${XDG_CACHE_HOME:-$HOME/.cache}/guest-installer/signing-key

# sign NARINFO — replaces its signature by one with the sample's key.
sign() {
	local fingerprint path hash size references seed
	path=$(sed -n 's/^StorePath: //p' "$1")
	hash=$(sed -n 's/^NarHash: //p' "$1")
	size=$(sed -n 's/^NarSize: //p' "$1")
	references=$(sed -n 's/^References: //p' "$1" | tr ' ' '\n' | sort |
		sed '/./s,^,/nix/store/,' | paste -sd , -)
	fingerprint="1;$path;$hash;$size;$references"
	seed=$(cut -d : -f 2 "$SIGNING_KEY" | base64 -d | head -c 32 | od -An -v -tx1 | tr -d ' \n')
	printf '302e020100300506032b657004220420%s' "$seed" |
		python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' >key.der
	printf %s "$fingerprint" >fingerprint
	openssl pkeyutl -sign -rawin -inkey key.der -keyform DER -in fingerprint -out signature
	sed -i "s,^Sig: .*,Sig: $(cut -d : -f 1 "$SIGNING_KEY"):$(base64 -w0 signature)," "$1"
}

# change PATH EDIT [ARG]… — a copy of the sample's cache in the folder `cache` in which the store path
# was edited by a command that works in a copy of its folder. `changed` is the changed narinfo's name.
change() {
	local path=$1 narinfo copy=$SCRATCH/changed-path
	shift
	[[ -d cache ]] || cp -rlT "$TOP/build/cache" cache 2>/dev/null ||
		cp -rT "$TOP/build/cache" cache # links do not leave a file system or a mount
	rm -rf "$copy"
	cp -a "$path" "$copy"
	chmod -R u+w "$copy"
	(cd "$copy" && "$@")
	changed=$(basename "$path" | cut -d - -f 1).narinfo
	narinfo=cache/$changed
	nix-store --dump "$copy" >changed.nar
	mkdir -p cache/changed
	cp changed.nar "cache/changed/$(basename "$path").nar"
	# shellcheck disable=SC2094
	sed -e "s,^URL: .*,URL: changed/$(basename "$path").nar," \
		-e 's,^Compression: .*,Compression: none,' -e '/^FileHash:/d' -e '/^FileSize:/d' \
		-e "s,^NarHash: .*,NarHash: sha256:$(nix-hash --type sha256 --flat --base32 changed.nar)," \
		-e "s,^NarSize: .*,NarSize: $(stat -c %s changed.nar)," "$narinfo" >narinfo
	sign narinfo
	rm "$narinfo"
	mv narinfo "$narinfo"
}
