# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2154 # out, debian, glibc … are the derivations' variables
# Imitates nixpkgs' standard environment: what the derivations' builders share. The packages may be of another
# architecture: no program of theirs runs here.

umask 022
export LC_ALL=C

# Files get neither owners nor set-user-ID bits, which Nix forbids its builders.
unpack() {
	local deb
	mkdir "$out"
	for deb in "$@"; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$out" --no-same-owner --no-same-permissions
	done
}

unpack_kernel() {
	dpkg-deb --fsys-tarfile "$package" | tar -x --no-same-owner ./boot ./lib/modules
	mkdir "$out"
	mv "boot/vmlinuz-$release" "$out/$kernelFile"
	mv "boot/config-$release" "$out/config"
	mv lib "$out/lib"
	depmod -b "$out" "$release"
}

install_glibc() {
	local from=$debian/lib/$multiarch library
	mkdir -p "$out/lib"
	for library in "$loader" libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 \
		librt.so.1 libresolv.so.2 libutil.so.1 libanl.so.1 libnss_files.so.2 libnss_dns.so.2; do
		cp -L "$from/$library" "$out/lib/$library"
	done
}

# find_library SONAME — its file in the unpacked packages.
find_library() {
	local dir
	for dir in {,usr/}"lib/$multiarch"{,/systemd} usr/lib/nix; do
		[[ -e $debian/$dir/$1 ]] || continue
		readlink -f "$debian/$dir/$1"
		return
	done
	echo "no package has $1" >&2
	return 1
}

# rpath PATH… — the search path of libraries with the folders lib of these store paths.
rpath() {
	local path joined
	joined=$(for path in "$@"; do printf ':%s/lib' "$path"; done)
	printf '%s\n' "${joined#:}"
}

# is_present SONAME — one of the store paths in `present` has this library.
is_present() {
	local path
	for path in $present; do
		[[ ! -e $path/lib/$1 ]] || return 0
	done
	return 1
}

# The data of ICU are 31 MiB, a third of the guest, and needed only for encodings that no XML file here has.
# ICU's own build has such a stub (icu4c/source/stubdata): a table of contents without entries.
install_icu_stub() {
	gcc -shared -nostdlib "-Wl,-soname,$1" -o "$out/lib/$1" -x c - <<-END
		const struct {
			unsigned short header_size;
			unsigned char magic[2];
			unsigned short info_size, reserved;
			unsigned char big_endian, charset, size_of_char, zero, format[4], format_version[4], version[4];
			unsigned int count, more;
		} icudt${1##*.}_dat = {
			32, {0xda, 0x27}, 20, 0, 0, 0, 2, 0, {'T', 'o', 'C', 'P'}, {1, 0, 0, 0}, {0}, 0, 0
		};
	END
}

# Everything that the programs named in the arguments are linked with, except for what is present.
install_libraries() {
	local -A done_with=()
	local -a queue=()
	local file soname path
	mkdir -p "$out/lib"
	for file in "$@"; do
		queue+=("$debian/$file")
	done
	while ((${#queue[@]})); do
		file=${queue[0]}
		queue=("${queue[@]:1}")
		patchelf --print-needed "$file" >needed
		while read -r soname; do
			if [[ ${done_with[$soname]:-} ]] || is_present "$soname"; then continue; fi
			done_with[$soname]=1
			if [[ $soname == libicudata.so.* ]]; then
				install_icu_stub "$soname"
				continue
			fi
			path=$(find_library "$soname")
			cp "$path" "$out/lib/$soname"
			chmod u+w "$out/lib/$soname"
			queue+=("$path")
		done <needed
	done
	# shellcheck disable=SC2086 # split into words: store paths have no blanks
	patchelf --set-rpath "$(rpath $present "$out")" "$out"/lib/*
}

install_programs() {
	local file
	mkdir -p "$out/bin"
	for file in "$@"; do
		cp -L "$debian/$file" "$out/bin/"
		# shellcheck disable=SC2086 # split into words: store paths have no blanks
		patchelf --set-interpreter "$glibc/lib/$loader" \
			--set-rpath "$(rpath "$glibc" $libraries)" "$out/bin/${file##*/}"
	done
}

# Its libraries are not among those that every guest has.
install_objcopy() {
	install_libraries "$file"
	libraries="$libraries $out" install_programs "$file"
	mv "$out/bin/${file##*/}" "$out/bin/objcopy"
}

link_nix_commands() {
	local link
	for link in "$debian"/usr/bin/nix-*; do
		[[ ! -L $link ]] || ln -s nix "$out/bin/${link##*/}"
	done
	# Nix asks it before each build whether another machine builds.
	mkdir -p "$out/libexec/nix"
	ln -s ../../bin/nix "$out/libexec/nix/build-remote"
}

# applets FILE — prints the names in a BusyBox, which are a sorted list of strings (busybox,
# include/applet_tables.h): `FILE --list` without running it.
applets() {
	perl -0777 -ne 'print tr/\0/\n/r for /\0(\[\0\[\[\0(?:[^\0\n]+\0)+)\0/' "$1"
}

install_busybox() {
	local applet
	mkdir -p "$out/bin"
	cp "$debian/bin/busybox" "$out/bin/"
	while read -r applet; do
		[[ $applet == busybox ]] || ln -s busybox "$out/bin/$applet"
	done < <(applets "$out/bin/busybox")
	[[ -L $out/bin/sh && -L $out/bin/wget ]] || { echo 'the applets of BusyBox cannot be read' >&2 && return 1; }
}

install_grub_modules() {
	local platform from module
	mkdir -p "$out/share/locale"
	for platform in "$@"; do
		from=$debian/usr/lib/grub/$platform
		mkdir -p "$out/lib/grub/$platform"
		cp "$from"/*.lst "$from"/modinfo.sh "$out/lib/grub/$platform/"
		find "$from" -name '*.img' -exec cp {} "$out/lib/grub/$platform/" \;
		# moddep.lst: "module: dependency …", not transitive.
		awk 'FNR == NR { name = $1; sub(/:$/, "", name); $1 = ""; needs[name] = $0; next }
			function add(name, parts, count, i) {
				if (!(name in needs) || seen[name]++)
					return
				print name
				count = split(needs[name], parts)
				for (i = 1; i <= count; i++)
					add(parts[i])
			}
			/^[a-z]/ { add($1) }' "$from/moddep.lst" "$wanted" | sort >modules
		while read -r module; do
			cp "$from/$module.mod" "$out/lib/grub/$platform/"
		done <modules
	done
}

install_modules() {
	local tree=lib/modules/$release path
	bash "$selectModules" "$linux/$tree" "$wanted" >order
	mkdir -p "$out/$tree"
	cp "$linux/$tree"/modules.{order,builtin,builtin.modinfo} "$out/$tree/"
	while read -r path; do
		install -D -m 644 "$linux/$tree/$path" "$out/$tree/$path"
	done <order
	depmod -b "$out" "$release"
	cp order "$out/$tree/modules.load"
}

# substitute FROM TO — copies a text and puts each variable's value for its @name@.
substitute() {
	local text name
	text=$(cat "$1")
	while read -r name; do
		text=${text//"@$name@"/"${!name:?"$1 names it"}"}
	done < <(grep -oE '@[a-zA-Z]+@' "$1" | tr -d @ | sort -u)
	printf '%s\n' "$text" >"$2"
}

# install_script FROM TO — substitute, and the interpreter comes from the store.
install_script() {
	substitute "$1" "$2"
	sed -i -e "1s|^#!/bin/bash|#!${bash:-}/bin/bash|" -e "1s|^#!/bin/sh|#!${busybox:-}/bin/sh|" "$2"
	chmod 755 "$2"
}

# pack_initrd — writes the folder root as $out/initrd.
pack_initrd() {
	mkdir -p "$out"
	(
		cd root || exit
		find . -exec touch -h -d @1 {} +
		find . -print0 | sort -z |
			cpio -0 -o -H newc -R 0:0 --reproducible --quiet | gzip -9n
	) >"$out/initrd"
}

# The initial RAM disk: stage 1, BusyBox and the modules in load order.
install_initrd() {
	local tree=$modules/lib/modules/$release path
	mkdir -p root/{bin,proc,sys,dev,lib/modules,mnt-root}
	cp "$busybox/bin/busybox" root/bin/
	ln -s busybox root/bin/sh
	while read -r path; do
		cp "$tree/$path" root/lib/modules/
		printf '%s\n' "${path##*/}"
	done <"$tree/modules.load" >root/lib/modules/order
	substitute "$initrd/mount-etc.sh" root/bin/mount-etc
	substitute "$stage1" root/init
	chmod 755 root/bin/mount-etc root/init
	pack_initrd
}

# copy_libraries FILE… — everything that programs of the initial RAM disk are linked with.
copy_libraries() {
	local file soname
	for file in "$@"; do
		patchelf --print-needed "$file" >needed
		while read -r soname; do
			[[ ! -e root/usr/lib/$soname ]] || continue
			cp "$(find_library "$soname")" "root/usr/lib/$soname"
			copy_libraries "root/usr/lib/$soname"
		done < <(cat needed)
	done
}

# The initial RAM disk with systemd, as Debian's packages have it.
install_systemd_initrd() {
	local file
	mkdir -p root/{dev,etc/modules-load.d,proc,run,sys,sysroot,tmp,usr/bin,usr/lib}
	ln -s usr/lib root/lib64
	for file in bin lib; do ln -s "usr/$file" "root/$file"; done
	ln -s bin root/usr/sbin
	ln -s bin root/sbin
	while read -r file; do
		[[ $file != '#'* ]] || continue
		mkdir -p "root/usr/${file%/*}"
		cp -P "$debian/$file" "root/usr/$file"
	done <"$initrd/files"
	copy_libraries root/usr/bin/* root/usr/lib/systemd/systemd* root/usr/lib/systemd/system-generators/*
	cp "$(find_library "$loader")" root/usr/lib/
	cp "$busybox/bin/busybox" root/usr/bin/
	ln -s busybox root/usr/bin/sh
	ln -s kmod root/usr/bin/modprobe
	ln -s lib/systemd/systemd root/init
	cp -r "$modules/lib/modules" root/usr/lib/
	printf '%s\n' loop erofs overlay vfat nls_cp437 nls_ascii >root/etc/modules-load.d/nixos.conf
	install_units root/usr/lib/systemd
	pack_initrd
}

# install_units FOLDER — what is not Debian's, and what is started.
install_units() {
	local units=$1/system unit
	mkdir -p root/etc/systemd "$units"/{sockets.target.wants,sysinit.target.wants,initrd-fs.target.requires}
	cp "$initrd/system.conf" root/etc/systemd/
	substitute "$initrd/mount-etc.sh" root/bin/mount-etc
	chmod 755 root/bin/mount-etc
	cp "$initrd"/*.service "$units/"
	ln -s initrd.target "$units/default.target"
	ln -s ../mount-etc.service "$units/initrd-fs.target.requires/"
	for unit in systemd-udevd-control.socket systemd-udevd-kernel.socket; do
		ln -s "../$unit" "$units/sockets.target.wants/"
	done
	for unit in systemd-modules-load systemd-udevd systemd-udev-trigger; do
		ln -s "../$unit.service" "$units/sysinit.target.wants/"
	done
	echo 'ID=nixos' >root/etc/os-release
	ln -s os-release root/etc/initrd-release
	: >root/etc/machine-id
}
