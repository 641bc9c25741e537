#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# image_seed.sh — proves that one seed gives the same image and the same copy of it in ten runs: by root and by an
# ordinary user, in other folders, time zones and locales, on one processor, by one, two and four workers, from caches
# of other compressions, and through standard output
# shellcheck source-path=SCRIPTDIR disable=SC2317 # the cases are called by name
# shellcheck source=../image/image.lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../image/image.lib.sh"
# shellcheck source=../fingerprint.lib.sh
source "$TOP/tests/fingerprint.lib.sh"
export NIX_CONFIG=$'build-users-group =\nexperimental-features = nix-command\nsubstituters ='

# What comes before the program in each run; `-` is one that writes to standard output, `none` and `xz` are caches.
RUNS=('as_nobody' 'env' 'as_nobody env TZ=Asia/Tokyo LC_ALL=C' 'as_nobody env TMPDIR=/dev/shm' 'taskset -c 0'
	'env HOME=/ nice' 'as_nobody -' 'as_nobody none' 'as_nobody xz' 'in_another_folder')

WORKERS=(auto 1 2 4)

in_another_folder() {
	mkdir -p "$SCRATCH/another/folder"
	(umask 077 && cd "$SCRATCH/another/folder" && "$@")
}

# run_number NUMBER OPTION… — the image run.img, or its copy.
run_number() {
	local before cache=$CACHE workers=${WORKERS[$1 % 4]}
	read -ra before <<<"${RUNS[$1]}"
	rm -f out/run.img out/boot.img
	[[ ${before[1]-} != none && ${before[1]-} != xz ]] || cache=$SCRATCH/cache-${before[1]}
	mapfile -t options < <(CACHE=$cache && "${@:2}")
	if [[ ${before[1]-} == - ]]; then
		as_nobody "$GUEST_INSTALLER" image "${options[@]}" - >out/run.img 2>said
	else
		[[ $cache == "$CACHE" ]] || before=(as_nobody)
		"${before[@]}" "$GUEST_INSTALLER" image "${options[@]}" "$SCRATCH/out/run.img" >said 2>&1
	fi || { cat said && return 1; }
}

# ten_runs_are_equal COMMAND… — which prints the options of a run, a line each. The last image stays as kept.img.
ten_runs_are_equal() {
	local number
	rm -f sums
	for number in "${!RUNS[@]}"; do
		run_number "$number" "$@"
		fingerprint out/run.img >>sums
		[[ ! -e out/boot.img ]] || fingerprint out/boot.img >>boot-sums
		sleep 0.3
	done
	cat sums
	[[ $(wc -l <sums) == 10 && $(sort -u sums | wc -l) == 1 ]]
	[[ ! -e boot-sums || $(sort -u boot-sums | wc -l) == 1 ]]
	mv out/run.img kept.img
	rm -f boot-sums
}

seeded() {
	image_options "$1"
	printf '%s\n' --seed "$SEED" "${@:2}" --set workers="$workers"
}

copied() {
	printf '%s\n' --from "$SCRATCH/source.img" --key "$SCRATCH/key.pub" --seed "$SEED" --host-key "$SCRATCH/given"
}

pack_caches() {
	for compression in none xz; do
		nix copy --to "file://$SCRATCH/cache-$compression?compression=$compression" \
			--from "file://$CACHE" --no-check-sigs "$(readlink -f "$TOP/build/sample-$1")"
	done
	chmod -R a+rX cache-none cache-xz
}

another_seed_gives_other_bytes() {
	SEED=6ba7b811-9dad-11d1-80b4-00c04fd430c8
	run_number 0 seeded direct --size 1200M
	! cmp -s out/run.img source.img
}

prepare_images
ssh-keygen -q -t ed25519 -N '' -C given -f given
chmod 644 given
for sample in direct pygrub systemd-boot; do
	manifest_of "$sample"
	pack_caches "$sample"
done
run_case "ten images of direct are equal" ten_runs_are_equal seeded direct --size 1200M
mv kept.img source.img
chmod 644 source.img
run_case "ten copies of it are equal" ten_runs_are_equal copied
run_case "ten images of systemd-boot are equal" ten_runs_are_equal seeded systemd-boot --shrink
run_case "ten images of pygrub are equal" ten_runs_are_equal seeded pygrub --shrink --boot-output "$SCRATCH/out/boot.img"
run_case "another seed gives other bytes" another_seed_gives_other_bytes
