# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154 # variables of image.lib.sh
# tests/image/closures.lib.sh — makes images of random closures, and compares them with what Nix unpacks
#
# Source it after installed.lib.sh. The test works in $SCRATCH.

export NIX_CONFIG=$'build-users-group =\nexperimental-features = nix-command\nsubstituters ='
LAYOUTS=(direct direct direct systemd-boot pygrub)

# make_cache SEED SAMPLE [HUGE] — the folder `random` with a cache, and its paths and number of nodes.
make_cache() {
	chmod -R u+w random 2>/dev/null || true
	rm -rf random
	"$TOP/tests/image/random-closure" "$1" "$CACHE" "$PWD/random/cache" \
		"$(readlink -f "$TOP/build/sample-$2")" "${@:3}" >made-paths
	chmod -R a+rX random
	mapfile -t paths < <(sed '$d; s,^/nix/store/,,' made-paths)
}

# make_manifest SAMPLE [FILES] — the sample's with the size of the whole closure.
make_manifest() {
	local bytes
	bytes=$(for path in "${paths[@]}"; do sed -n 's/^NarSize: //p' "random/cache/${path%%-*}.narinfo"; done |
		awk '{ sum += $1 } END { print sum }')
	jq --argjson bytes "$bytes" --argjson files "${2-$(tail -n 1 made-paths)}" \
		'.nar_bytes += $bytes | .files += $files' "$1.json" >random/guest.json
}

# make_random SAMPLE OPTION… — the image random.img, by an ordinary user.
make_random() {
	local options=(--manifest random/guest.json --cache random/cache --key key.pub --set trusted-keys=none)
	[[ $1 != pygrub ]] || options+=(--boot-output out/boot.img)
	as_nobody "$GUEST_INSTALLER" image "${options[@]}" "${@:2}" out/random.img >said 2>&1
}

# listing FOLDER — all that can be seen of the new paths below that folder's store.
listing() {
	(
		cd "$1/nix/store" || exit
		find "${paths[@]}" \( -type f -printf '%s ' -o -true \) -printf '%p %y %m %U %G %T@ %l\0' | sort -z
		find "${paths[@]}" -type f -print0 | sort -z | xargs -0r sha256sum -z
	)
}

# store_is_as_nix_unpacks_it SAMPLE
store_is_as_nix_unpacks_it() {
	local offset=$((1 << 20))
	[[ $1 != systemd-boot ]] || offset=$((514 << 20))
	[[ $1 != pygrub ]] || offset=0
	e2fsck -fn "out/random.img?offset=$offset"
	[[ $1 != systemd-boot ]] || esp_is_clean out/random.img
	nix copy --no-check-sigs --from "file://$PWD/random/cache" --to "$PWD/random/origin" "${paths[@]/#//nix/store/}"
	listing random/origin >expected
	attach_root out/random.img "$offset" mnt
	listing mnt >found
	umount mnt
	(($(tr -dc '\0' <expected | wc -c) >= $(tail -n 1 made-paths)))
	cmp expected found
}

# a_closure_is_whole SEED [HUGE] — on a disk that just holds it, or on a larger one.
a_closure_is_whole() {
	local sample=${LAYOUTS[$1 % 5]} size=(--shrink)
	(($1 % 3)) || size=(--size 3G)
	(($1 % 9)) || size=(--size 12G)
	echo "seed $1: $sample ${size[*]}"
	make_cache "$1" "$sample" "${@:2}"
	make_manifest "$sample"
	make_random "$sample" "${size[@]}" || { tail -n 1 said && return 1; }
	nothing_is_left
	store_is_as_nix_unpacks_it "$sample"
	rm out/*
}

prepare_closures() {
	local sample
	prepare_images
	for sample in direct pygrub systemd-boot; do manifest_of "$sample"; done
}
