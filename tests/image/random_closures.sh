#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# random_closures.sh — proves that an image has random closures as Nix unpacks them: every type, mode, owner, time,
# size, link and content; and that what does not fit is refused with a code and leaves nothing
#
# CLOSURES (200) and FIRST_SEED (1) choose the closures of the long run. A failing point names its seed.
#
# Modules: image_command, store/unpack, ext4/ext4_image, ext4/allocator, ext4/directory, ext4/inode.
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=image.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/image.lib.sh"
# shellcheck source=../qemu/machine.lib.sh
source "$TOP/tests/qemu/machine.lib.sh"
# shellcheck source=../qemu/installed.lib.sh
source "$TOP/tests/qemu/installed.lib.sh"
export NIX_CONFIG=$'build-users-group =\nexperimental-features = nix-command\nsubstituters ='
LAYOUTS=(direct direct direct systemd-boot pygrub)
readonly GIB=$((1 << 30))

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
		cd "$1/nix/store"
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

closures_are_whole() {
	local seed
	for ((seed = ${FIRST_SEED:-1}; seed < ${FIRST_SEED:-1} + ${CLOSURES:-200}; seed++)); do
		a_closure_is_whole "$seed"
	done
}

# Seed 28 has more files than the smallest disk has inodes, which is taken if the manifest names too few files.
what_does_not_fit_is_refused() {
	make_cache 28 direct
	make_manifest direct
	does_not_fit 14 'the guest needs' --size 1200M
	make_manifest direct 0
	does_not_fit 43 'No space left on device' --shrink
}

# does_not_fit CODE PATTERN OPTION… — nothing is left.
does_not_fit() {
	local status=0
	make_random direct "${@:3}" || status=$?
	tail -n 1 said
	((status == $1)) && grep -E "^INSTALL_FAILED code=$1 .*$2" said
	[[ ! $(ls -A out) ]]
	nothing_is_left
}

prepare_images
for sample in direct pygrub systemd-boot; do manifest_of "$sample"; done
run_case "a random closure of systemd-boot is whole, on a larger disk" a_closure_is_whole 3
run_case "a random closure of pygrub is whole" a_closure_is_whole 4
run_case "a random closure of direct is whole" a_closure_is_whole 7
run_long "a closure with a file of more than 4 GiB just fits, and is whole" a_closure_is_whole 10 $((4 * GIB + 1048576))
run_long "what does not fit is refused, and leaves nothing" what_does_not_fit_is_refused
run_long "${CLOSURES:-200} random closures are whole" closures_are_whole
