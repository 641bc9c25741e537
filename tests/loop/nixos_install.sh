#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# nixos_install.sh — proves how the engine nixos-install calls its programs, what it leaves on the
# target, and that whatever they do becomes a verdict. The programs are small ones that stand in for
# NixOS's; what they put into the store they put there by the real Nix. The stand-in for nixos-install
# takes the options of that of nixpkgs (pkgs/by-name/ni/nixos-install, 2026) and refuses any other.
#
# NIXOS_INSTALL=FILE, nixpkgs' own nixos-install.sh, replaces it where a configuration is built, and
# NIXOS_GENERATE_CONFIG=FILE, nixpkgs' own nixos-generate-config.pl, the other one (it needs Perl's
# File::Slurp).
# Modules: run, scratch, layout_modules.
# shellcheck source=tests/loop/effects.lib.sh
. "$(dirname "$0")/effects.lib.sh"

GUEST_INSTALLER=$TOP/build/asan/guest-installer
export NIX_CONFIG='build-users-group =
experimental-features = nix-command'

# stand_in NAME — a program of the live system, from standard input.
stand_in() {
	cat >"bin/$1"
	chmod +x "bin/$1"
}

# As NixOS's does: it leaves what the hardware is, and a configuration where there is none.
make_generate_config() {
	stand_in nixos-generate-config <<END
#!/usr/bin/env bash
printf '%s\n' "\$@" >$PWD/generate.arguments
readlink /proc/self/ns/pid >$PWD/generate.namespace
echo 'writing the hardware configuration'
mkdir -p "\$2/etc/nixos"
echo '{ }' >"\$2/etc/nixos/hardware-configuration.nix"
[[ -e \$2/etc/nixos/configuration.nix ]] || echo '{ generated = true; }' >"\$2/etc/nixos/configuration.nix"
END
}

# The options of nixos-install: sets root and, as it hands them to Nix, flags.
parser() {
	cat <<'END'
root=/mnt flags=()
while (($#)); do
	case $1 in
	--root) root=$2 && shift 2 ;;
	--max-jobs | -j | --cores | -I | --substituters) flags+=("$1" "$2") && shift 2 ;;
	--option) flags+=("$1" "$2" "$3") && shift 3 ;;
	--show-trace | --impure | --keep-going) flags+=("$1") && shift ;;
	--system | --closure | --flake | --file | -f | --attr | -A | --channel | --update-input) shift 2 ;;
	--override-input) shift 3 ;;
	--recreate-lock-file | --no-update-lock-file | --no-write-lock-file | --no-registries | \
		--commit-lock-file | --no-channel-copy | --no-root-password | --no-root-passwd | \
		--no-bootloader | -v* | --verbose) shift ;;
	*) echo "$0: unknown option \`$1'" && exit 1 ;;
	esac
done
[[ $(stat -c '%u:%g' "$root") == 0:0 ]] || { echo "$root is not owned by root:root" && exit 1; }
END
}

# installer_does — what nixos-install does besides taking notes; \$root is the target.
installer_does() {
	{
		echo '#!/usr/bin/env bash'
		echo 'set -e'
		echo "cd $PWD; env | sort >install.environment"
		# shellcheck disable=SC2028 # expanded by the stand-in
		echo "printf '%s\n' \"\$@\" >install.arguments"
		echo 'readlink /proc/self/ns/pid >install.namespace; ls /proc >install.processes'
		parser
		# shellcheck disable=SC2016 # expanded by the stand-in
		echo 'cp -r "$root/etc/nixos" install.configuration'
		cat
	} | stand_in nixos-install
	rm -rf install.*
}

copies_the_system() {
	cat <<END
nix copy --no-check-sigs --to "\$root" $SYSTEM
nix-env --store "\$root" -p "\$root/nix/var/nix/profiles/system" --set $SYSTEM
END
}

# What nixos-install does with a configuration.
builds_the_configuration() {
	cat <<'END'
link=$(mktemp -d -p "$root")
trap 'rm -r "$link"' EXIT
from=(--store "$root" "${flags[@]}" --extra-substituters 'auto?trusted=1')
nix-build --out-link "$link/system" "${from[@]}" '<nixpkgs/nixos>' -A system \
	-I "nixos-config=$root/etc/nixos/configuration.nix"
nix-env "${from[@]}" -p "$root/nix/var/nix/profiles/system" --set "$(readlink -f "$link/system")"
END
}

# A nixpkgs that evaluates the parts of the configuration, and whose system is the sample guest.
make_nixpkgs() {
	mkdir -p nixpkgs/nixos
	cat >nixpkgs/nixos/default.nix <<-END
		let
		  read = file: builtins.deepSeq (import file) true;
		  debs = "${XDG_CACHE_HOME:-$HOME/.cache}/guest-installer/debs";
		in
		assert builtins.all read (import <nixos-config>).imports;
		{ system = (import $TOP/iso/sample { inherit debs; }).direct; }
	END
}

# The genuine program, if there is one, with the folder of Nix's programs.
take_nixos_install() {
	builds_the_configuration | installer_does
	[[ ! ${NIXOS_INSTALL-} ]] ||
		sed -e "s,@runtimeShell@,$BASH," -e "s,@path@,/usr/bin," "$NIXOS_INSTALL" >bin/nixos-install
}

# The same of nixos-generate-config. What nixpkgs puts into it: programs and the first configuration.
take_generate_config() {
	[[ ${NIXOS_GENERATE_CONFIG-} ]] || return 0
	# shellcheck disable=SC2016 # expanded by Perl
	sed -e 's,@perl@,/usr/bin/perl,; s,@detectvirt@,systemd-detect-virt,; s,@btrfs@,btrfs,' \
		-e 's,@hostPlatformSystem@,x86_64-linux,; s,@xserverEnabled@,,; s,@desktopConfiguration@,,' \
		-e 's,@configuration@,{ imports = [ ./hardware-configuration.nix ];\n$bootLoaderConfig },' \
		"$NIXOS_GENERATE_CONFIG" >bin/nixos-generate-config
}

# What it found: the file system of the target, and the host.
hardware_was_detected() {
	[[ ${NIXOS_GENERATE_CONFIG-} ]] || return 0
	on_target 'cat /etc/nixos/hardware-configuration.nix' | tee hardware
	grep -A 2 'fileSystems."/" *=' hardware | grep -F 'fsType = "ext4";'
	grep -F 'nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";' hardware
	on_target 'cat /etc/nixos/guest.nix' | grep -F boot.loader
}

# install OPTION… — into the image nixos.img; the output goes to the file `said`.
around=() # a command that runs it
install() {
	PATH=$PWD/bin:$PATH "${around[@]}" "$GUEST_INSTALLER" install --disk nixos.img --layout direct --key key.pub \
		--set engine=nixos-install "$@" >said 2>&1
}

new_image() {
	rm -f nixos.img
	truncate -s "${1:-6G}" nixos.img
}

# fails CODE PATTERN OPTION… — on a new image, with this code and sentence.
fails() {
	local code=$1 pattern=$2 status=0
	shift 2
	new_image
	install "$@" || status=$?
	[[ $status == "$code" ]] && grep -Eq "^INSTALL_FAILED code=$code .*$pattern" said && return
	echo "status $status, expected $code:" && tail -n 50 said && return 1
}

is_blank() {
	[[ $(stat -c %b nixos.img) == 0 ]]
}

# on_target COMMAND — debugfs on the installed root file system.
on_target() {
	debugfs -R "$1" 'nixos.img?offset=1048576' 2>/dev/null
}

a_system_is_installed() {
	need_root
	copies_the_system | installer_does
	new_image
	install || { tail -n 50 said && return 1; }
	[[ $(tail -n 1 said) == INSTALL_SUCCESSFUL ]]
	grep -Fx "INSTALL_RESULT system=$SYSTEM" said
	grep -Fx "INSTALL_RESULT store-paths=$(nix-store -qR "$SYSTEM" | wc -l)" said
	e2fsck -fn 'nixos.img?offset=1048576'
	[[ -z $(losetup -j nixos.img) ]]
}

arguments_are_these() {
	need_root
	local offline=()
	ip route show default | grep -q . || offline=(--substituters '')
	diff generate.arguments <(printf '%s\n' --root /run/guest-installer/target)
	diff install.arguments <(printf '%s\n' --root /run/guest-installer/target --no-root-passwd \
		--no-channel-copy --no-bootloader "${offline[@]}")
}

environment_is_small() {
	need_root
	grep -Ev '^(PATH|HOME|LANG|TMPDIR|XDG_CACHE_HOME|NIX_CONFIG|NIX_PATH|NIX_SSL_CERT_FILE|[a-z]+_proxy|PWD|OLDPWD|SHLVL|_)=|^experimental-features' \
		install.environment >others || true
	diff /dev/null others
	grep -Fx TMPDIR=/run/guest-installer/target/tmp/guest-installer install.environment
	grep -Fx "NIX_CONFIG=build-users-group =" install.environment
}

only_what_builds_runs_apart() {
	need_root
	[[ $(cat generate.namespace) == "$(readlink /proc/self/ns/pid)" ]]
	[[ $(cat install.namespace) != "$(readlink /proc/self/ns/pid)" ]]
	grep -Fx 1 install.processes
	if grep -Fx "$$" install.processes; then return 1; fi
}

configuration_is_there_before_it_starts() {
	need_root
	(cd install.configuration && find . -type f | sort) | diff - <(printf './%s\n' configuration.nix \
		guest-installer.nix guest-installer/{common,direct,xen}.nix guest.nix hardware-configuration.nix)
	[[ $(cat install.configuration/guest.nix) == '{ generated = true; }' ]]
	find install.configuration -type f -exec nix-instantiate --parse {} + >/dev/null
	grep -F "\"$(cat key.pub)\"" install.configuration/guest-installer.nix
	cmp install.configuration/guest-installer/direct.nix "$TOP/iso/layouts/direct.nix"
}

log_is_kept() {
	need_root
	on_target 'cat /var/log/guest-installer.log' >log
	grep -F 'nixos-generate-config: writing the hardware configuration' log
	grep -F "nixos-install: copying path '$SYSTEM'" log
	grep -E '^INSTALL_PROGRESS copy [0-9]+ [0-9]+ of [0-9]+ store paths$' said
}

nothing_else_is_left() {
	need_root
	on_target 'ls -p /tmp' | awk -F/ 'NF > 5 && $6 !~ /^\.\.?$/ { print $6 }' | diff /dev/null -
	on_target 'stat /etc/nixos/guest-installer.nix' | grep 'Mode: *0644'
	on_target 'cat /root/.ssh/authorized_keys' | cmp - key.pub
}

database_is_nixs_own() {
	need_root
	mkdir -p mnt
	mount -o loop,offset=1048576 nixos.img mnt
	nix-store --store "$PWD/mnt" --verify --check-contents 2>&1 | tee verified
	if grep -E 'missing|modified|error' verified; then return 1; fi
	umount mnt
}

what_is_built_already_is_handed_on() {
	need_root
	new_image
	install --set "system=$SYSTEM" || { tail -n 50 said && return 1; }
	tail -n +6 install.arguments | head -n 2 | diff - <(printf '%s\n' --system "$SYSTEM")
	new_image
	copies_the_system | installer_does
	install --set "flake=$PWD/bin#guest" --set "cache=/iso/cache http://host/cache" \
		--set 'trusted-keys=a:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=' || { tail -n 50 said && return 1; }
	tail -n +6 install.arguments | diff - <(printf '%s\n' --flake "$PWD/bin#guest" \
		--substituters 'file:///iso/cache http://host/cache' --option trusted-public-keys \
		'a:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=')
	[[ $(cat install.configuration/configuration.nix) == '{ generated = true; }' ]]
}

a_proxy_is_asked_where_nobody_else_can_be() {
	need_root
	installer_does <<<'exit 1'
	around=(unshare --net)
	fails 40 nixos-install
	tail -n 2 install.arguments | diff - <(printf '%s\n' --substituters '')
	https_proxy=http://proxy:3128 fails 40 nixos-install
	around=()
	if grep -Fx -- --substituters install.arguments; then return 1; fi
}

nothing_is_cut() {
	need_root
	local folder caches
	folder=$(printf '/%04000d' 0) caches=$(printf ' /%0900d' {1..4})
	copies_the_system | installer_does
	new_image
	NIX_PATH=nixpkgs=$folder$folder$folder PATH=$PATH:$folder install --set "cache=${caches//0/!}" \
		--set trusted-keys=none || { tail -n 50 said | cut -c -300 && return 1; }
	grep -Fx "NIX_PATH=nixpkgs=$folder$folder$folder" install.environment
	grep -Fx "PATH=$PWD/bin:$PATH:$folder" install.environment
	grep -A 1 -Fx -- --substituters install.arguments | tail -n 1 | diff - \
		<(sed -e 's,/,file:///,g' -e 's/0/%21/g' -e 's/^ //' <<<"$caches")
}

a_configuration_is_built() {
	need_root
	take_nixos_install
	take_generate_config
	make_nixpkgs
	new_image
	around=(unshare --net env "NIX_PATH=nixpkgs=$PWD/nixpkgs")
	install || { tail -n 50 said && return 1; }
	around=()
	make_generate_config
	hardware_was_detected
	grep -Fx "INSTALL_RESULT system=$SYSTEM" said
	nothing_else_is_left
	on_target 'ls -p /' | awk -F/ 'NF > 5 && $6 ~ /^tmp\./ { print $6 }' | diff /dev/null -
	on_target 'cat /etc/nixos/configuration.nix' | grep -F 'nix-channel --update'
}

errors_of_the_evaluation_are_the_reason() {
	need_root
	take_nixos_install
	make_nixpkgs
	around=(unshare --net env "NIX_PATH=nixpkgs=$PWD/nixpkgs")
	echo '{ a = foo; }' >wrong.nix
	fails 40 "nixos-install failed: undefined variable 'foo' at .*/etc/nixos/guest.nix:1:7" \
		--set "configuration=$PWD/wrong.nix"
	rm -r nixpkgs
	fails 40 "nixos-install failed: file 'nixpkgs/nixos' was not found in the Nix search path"
	around=()
}

own_configuration_is_taken() {
	need_root
	local sum
	echo '{ mine = true; }' >mine.nix
	ssh-keygen -q -t ed25519 -N '' -f host
	sum=$(sha256sum <mine.nix)
	copies_the_system | installer_does
	new_image
	install --set "configuration=$PWD/mine.nix" --set "configuration-sha256=${sum%% *}" \
		--set hostname=alpha --host-key host --file /var/lib/secret=mine.nix:0600 ||
		{ tail -n 50 said && return 1; }
	grep -F "INSTALL_RESULT ssh-host-key=$(cut -d ' ' -f 1,2 host.pub)" said
	cmp install.configuration/guest.nix mine.nix
	grep -F 'networking.hostName = lib.mkForce "alpha";' install.configuration/guest-installer.nix
}

bad_sources_are_refused_before_the_first_write() {
	need_root
	local other=0000000000000000000000000000000000000000000000000000000000000000
	fails 41 'mine.nix: its SHA-256 is .* configuration-sha256' \
		--set "configuration=$PWD/mine.nix" --set "configuration-sha256=$other"
	is_blank
	fails 42 'missing.nix: ' --set "configuration=$PWD/missing.nix"
	is_blank
	fails 2 'key drive.* put flake.nix there' --set flake=drive#guest
	is_blank
	fails 2 'missing, which is no folder' --set "flake=$PWD/missing#guest"
	is_blank
	around=(unshare --net)
	fails 2 'not in the store of this live system' --set "system=$SYSTEM-missing"
	around=()
	is_blank
	mv bin/nixos-install elsewhere
	fails 2 'needs the program nixos-install.* start the machine from a NixOS installation ISO'
	is_blank
	mv elsewhere bin/nixos-install
}

failures_have_nixs_reason() {
	need_root
	installer_does <<'END'
echo 'building the configuration...'
printf '%s\n' "error: undefined variable 'foo'" '       at /etc/nixos/guest.nix:3:5:' '            2| {' >&2
exit 1
END
	fails 40 "stage=copy nixos-install failed: undefined variable 'foo' at /etc/nixos/guest.nix:3:5:"
	installer_does <<<'echo one; echo two; exit 3'
	fails 40 'nixos-install failed with exit status 3: two \(one \| two\)'
	installer_does <<<'exit 0'
	fails 40 'left no system profile'
}

a_failed_disk_is_taken_again() {
	need_root
	copies_the_system | installer_does
	install || { tail -n 50 said && return 1; }
}

a_full_disk_is_told() {
	need_root
	# shellcheck disable=SC2016 # expanded by the stand-in
	installer_does <<<'fallocate -l 1T "$root/full" || dd if=/dev/zero of="$root/full" bs=1M status=none'
	new_image 2600M
	local status=0
	install || status=$?
	grep -E '^INSTALL_FAILED code=43 stage=copy nixos-install .*No space left' said
	[[ $status == 43 ]]
	installer_does <<<'echo "error: writing to file: No space left on device"; exit 1'
	fails 43 'nixos-install failed: writing to file: No space left on device'
}

what_it_leaves_running_ends() {
	need_root
	# shellcheck disable=SC2016 # expanded by the stand-in
	{
		copies_the_system
		echo 'setsid sleep 1234567 >"$root/held" 2>&1 &'
	} | installer_does
	new_image
	install || { tail -n 50 said && return 1; }
	if pgrep -f 'sleep 1234567'; then return 1; fi
}

a_flood_is_survived() {
	need_root
	{
		# shellcheck disable=SC2016,SC2028 # expanded by the stand-in
		echo 'yes "$(head -c 3000 /dev/zero | tr "\0" x)" | head -n 20000'
		echo "yes INSTALL_SUCCESSFUL | head -n 1000"
		copies_the_system
	} | installer_does
	new_image
	install || { tail -n 5 said | cut -c -300 && return 1; }
	[[ $(grep -c '^INSTALL_SUCCESSFUL' said) == 1 ]]
	on_target 'cat /var/log/guest-installer.log' >log
	[[ $(wc -c <log) -le 1048576 ]]
	tail -n 1 log | grep -E '^\([0-9]{3,} more lines were not kept\)$'
}

a_hang_ends_by_the_deadline() {
	need_root
	installer_does <<<'trap "" TERM INT HUP; sleep 1234568'
	fails 60 'did not end within 20 seconds' --set timeout=20
	if pgrep -f 'sleep 1234568'; then return 1; fi
	[[ -z $(losetup -j nixos.img) ]]
}

lost_paths_are_noticed() {
	need_root
	local lost
	lost=$(nix-store -qR "$SYSTEM" | grep -- '-acpi-events$')
	{
		copies_the_system
		echo "rm -r \"\$root\"$lost"
	} | installer_does
	fails 41 'is registered, but not there'
}

# Its boot.json is that of the system which it was copied from.
a_system_that_starts_another_is_refused() {
	need_root
	cp -r "$SYSTEM" nixos-system-other
	{
		copies_the_system
		# shellcheck disable=SC2016 # expanded by the stand-in
		echo 'nix-env --store "$root" -p "$root/nix/var/nix/profiles/system" \
			--set "$(nix-store --store "$root" --add nixos-system-other)"'
	} | installer_does
	fails 41 'nixos-system-other/boot.json starts another system: /nix/store/.*-sample-direct'
}

a_system_of_another_disk_is_refused() {
	need_root
	rm -rf nixos-system-other
	cp -r "$SYSTEM" nixos-system-other
	rm nixos-system-other/etc
	mkdir nixos-system-other/etc
	echo '/dev/disk/by-label/nixos / ext4 defaults 0 1' >nixos-system-other/etc/fstab
	# shellcheck disable=SC2016 # expanded by the stand-in
	echo 'nix-env --store "$root" -p "$root/nix/var/nix/profiles/system" \
		--set "$(nix-store --store "$root" --add nixos-system-other)"' |
		{
			copies_the_system
			cat
		} | installer_does
	fails 41 'mounts / from /dev/disk/by-label/nixos, which is not on this disk.* label NIXOS'
}

((UID)) || "$TOP/iso/make-cache"
cd "$SCRATCH"
ssh-keygen -q -t ed25519 -N '' -C alice@host -f key
mkdir bin
SYSTEM=$(readlink -f "$TOP/build/sample-direct")
make_generate_config
run_case "a system is built on an image file" a_system_is_installed
run_case "the programs get these arguments" arguments_are_these
run_case "their environment is small, and their temporary files lie on the target" environment_is_small
run_case "nixos-install runs in namespaces of its own, and what looks at the machine does not" only_what_builds_runs_apart
run_case "the whole configuration is there before nixos-install starts" configuration_is_there_before_it_starts
run_case "their output is the log and the progress" log_is_kept
run_case "keys and files have their modes, and nothing temporary is left" nothing_else_is_left
run_case "Nix finds its store whole" database_is_nixs_own
run_case "a built system, a flake and caches are handed on" what_is_built_already_is_handed_on
run_case "a proxy is asked where nobody else can be" a_proxy_is_asked_where_nobody_else_can_be
run_case "no variable and no list of caches is cut" nothing_is_cut
run_case "a configuration is built as nixos-install builds one" a_configuration_is_built
run_case "an error of the evaluation is the reason" errors_of_the_evaluation_are_the_reason
run_case "a configuration of one's own and a name are taken" own_configuration_is_taken
run_case "bad sources are refused before the first write" bad_sources_are_refused_before_the_first_write
run_case "a failure has Nix's own reason" failures_have_nixs_reason
run_case "the disk of a failed one is taken again" a_failed_disk_is_taken_again
run_case "a full disk is told as such" a_full_disk_is_told
run_case "what is left running ends" what_it_leaves_running_ends
run_case "a flood of output is survived, and says no verdict" a_flood_is_survived
run_case "a program that hangs ends by the deadline" a_hang_ends_by_the_deadline
run_case "a store path that is lost is noticed" lost_paths_are_noticed
run_case "a system whose boot.json starts another is refused" a_system_that_starts_another_is_refused
run_case "a system that mounts another disk is refused" a_system_of_another_disk_is_refused
