#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# static-libs.sh — how each static library is configured and built (read by static-libs)
#
# One function per source package, called in its unpacked source, with musl-cc on the PATH and
# ARCH, TOOLS and DESTDIR set. Everything is installed below $DESTDIR/static-libs. What runs over every byte is built
# for speed, the rest for size.

PREFIX=$DESTDIR/static-libs
JOBS=$(nproc)
SECTIONS="-ffunction-sections -fdata-sections"
SMALL="-Os $SECTIONS"
FAST="-O2 $SECTIONS"
COMMON=("--host=$ARCH-linux-musl" --prefix=/static-libs --sysconfdir=/etc --localstatedir=/var CC=musl-cc
	"PKG_CONFIG=pkg-config --static" "PKG_CONFIG_LIBDIR=$PREFIX/lib/pkgconfig"
	"PKG_CONFIG_SYSROOT_DIR=$DESTDIR")
CMAKE=(-B build-static -DCMAKE_C_COMPILER=musl-cc "-DCMAKE_AR=$(command -v "$AR")")
CMAKE+=("-DCMAKE_RANLIB=$(command -v "$RANLIB")" "-DCMAKE_C_FLAGS=$SMALL" -DCMAKE_BUILD_TYPE=None)
CMAKE+=(-DCMAKE_INSTALL_PREFIX=/static-libs -DCMAKE_INSTALL_LIBDIR=lib)

# autotools_configure CFLAGS OPTION... — configure, and never run autoconf or automake again,
# whatever order the files of the source package were unpacked in.
autotools_configure() {
	local cflags=$1
	shift
	find . -exec touch -h -d @1000000000 {} +
	find . -name aclocal.m4 -exec touch -d @1000000001 {} +
	find . \( -name configure -o -name Makefile.in -o -name '*.h.in' \) \
		-exec touch -d @1000000002 {} +
	./configure "${COMMON[@]}" "CFLAGS=$cflags" "$@"
}

# Only for another architecture than this machine's, for which the distribution has no musl-gcc.
build_musl() {
	./configure "--target=$ARCH-linux-musl" "CROSS_COMPILE=$TOOLS" --prefix=/static-libs \
		--syslibdir=/static-libs/lib --disable-shared --enable-wrapper=gcc
	make -j "$JOBS"
	make install "DESTDIR=$DESTDIR"
}

# The same: for the unit tests. Its header does not see that musl has uintptr_t.
build_cmocka() {
	sed -i '1i #define _UINTPTR_T 1' include/cmocka.h
	cmake "${CMAKE[@]}" -DWITH_STATIC_LIB=ON
	make -C build-static -j "$JOBS" cmocka-static
	cp build-static/src/libcmocka-static.a "$PREFIX/lib/libcmocka.a"
	cp include/cmocka*.h "$PREFIX/include/"
}

build_util_linux() {
	autotools_configure "$SMALL" --disable-shared --enable-static --disable-all-programs \
		--enable-libblkid --enable-libuuid --enable-libfdisk --enable-libmount \
		--disable-libsmartcols --disable-nls --disable-asciidoc --disable-poman \
		--disable-bash-completion --disable-rpath --without-python --without-systemd \
		--without-udev --without-selinux --without-ncursesw --without-ncurses \
		--without-readline --without-cap-ng --without-libmagic --without-econf \
		--without-cryptsetup --without-btrfs --without-user --without-slang \
		--without-utempter --without-util --without-tinfo
	make -j "$JOBS"
	make install "DESTDIR=$DESTDIR"
}

build_e2fsprogs() {
	autotools_configure "$SMALL" --disable-nls --disable-elf-shlibs --disable-libuuid \
		--disable-libblkid --disable-debugfs --disable-imager --disable-resizer \
		--disable-defrag --disable-fsck --disable-e2initrd-helper --disable-uuidd \
		--disable-fuse2fs --disable-tdb --disable-backtrace --without-pthread \
		"CPPFLAGS=-I$PREFIX/include" "LDFLAGS=-L$PREFIX/lib"
	make -j "$JOBS" libs
	make install-libs "DESTDIR=$DESTDIR"
}

build_libzstd() {
	make -j "$JOBS" -C lib libzstd.a CC=musl-cc "CFLAGS=$FAST" ZSTD_LIB_COMPRESSION=0 \
		ZSTD_LIB_DICTBUILDER=0 ZSTD_LEGACY_SUPPORT=0 ZSTD_LIB_DEPRECATED=0
	cp lib/libzstd.a "$PREFIX/lib/"
	cp lib/zstd.h lib/zstd_errors.h "$PREFIX/include/"
	make -C lib libzstd.pc PREFIX=/static-libs
	cp lib/libzstd.pc "$PREFIX/lib/pkgconfig/"
}

# zlib and brotli are libcurl's, for answers with a Content-Encoding.
build_zlib() {
	CC=musl-cc CFLAGS="$SMALL" ./configure --static --prefix=/static-libs
	make -j "$JOBS" libz.a
	cp libz.a "$PREFIX/lib/"
	cp zlib.h zconf.h "$PREFIX/include/"
	cp zlib.pc "$PREFIX/lib/pkgconfig/"
}

build_brotli() {
	cmake "${CMAKE[@]}" -DBUILD_SHARED_LIBS=OFF -DBROTLI_DISABLE_TESTS=ON
	make -C build-static -j "$JOBS" brotlidec-static
	cp build-static/libbrotlidec-static.a "$PREFIX/lib/libbrotlidec.a"
	cp build-static/libbrotlicommon-static.a "$PREFIX/lib/libbrotlicommon.a"
	cp -r c/include/brotli "$PREFIX/include/"
	cp build-static/libbrotli{dec,common}.pc "$PREFIX/lib/pkgconfig/"
}

# HTTP/2 for libcurl. The source package has no configure, and its cmake rules want a C++ compiler.
build_nghttp2() {
	local version numbers
	version=$(sed -n 's/^project(nghttp2 VERSION \([0-9.]*\))$/\1/p' CMakeLists.txt)
	IFS=. read -ra numbers <<<"$version"
	sed -e "s/@PACKAGE_VERSION@/$version/" \
		-e "s/@PACKAGE_VERSION_NUM@/$(printf '0x%02x%02x%02x' "${numbers[@]}")/" \
		lib/includes/nghttp2/nghttp2ver.h.in >lib/includes/nghttp2/nghttp2ver.h
	# shellcheck disable=SC2086 # a list of flags
	(cd lib && musl-cc $SMALL -DHAVE_ARPA_INET_H -DHAVE_NETINET_IN_H -DHAVE_TIME_H -DHAVE_CLOCK_GETTIME \
		-Iincludes -c ./*.c && ${AR-ar} rcs libnghttp2.a ./*.o)
	cp lib/libnghttp2.a "$PREFIX/lib/"
	cp -r lib/includes/nghttp2 "$PREFIX/include/"
	sed -e 's,@prefix@,/static-libs,' -e 's,@exec_prefix@,/static-libs,' -e 's,@libdir@,/static-libs/lib,' \
		-e 's,@includedir@,/static-libs/include,' -e "s,@VERSION@,$version," \
		lib/libnghttp2.pc.in >"$PREFIX/lib/pkgconfig/libnghttp2.pc"
}

build_xz_utils() {
	autotools_configure "$FAST" --disable-shared --enable-static --disable-encoders \
		--disable-microlzma --disable-lzip-decoder --disable-xz --disable-xzdec \
		--disable-lzmadec --disable-lzmainfo --disable-lzma-links --disable-scripts \
		--disable-doc --disable-nls
	make -j "$JOBS"
	make install "DESTDIR=$DESTDIR"
}

# For the kernels of PV domains only: the blocks of the format are read by our own code.
build_lz4() {
	make -j "$JOBS" -C lib liblz4.a liblz4.pc CC=musl-cc "CFLAGS=$SMALL" PREFIX=/static-libs
	cp lib/liblz4.a "$PREFIX/lib/"
	cp lib/lz4.h "$PREFIX/include/"
	cp lib/liblz4.pc "$PREFIX/lib/pkgconfig/"
}

# Kept: SHA-2 and its assembly, Ed25519, TLS 1.2 and 1.3. CFLAGS replaces OpenSSL's own -O3.
build_openssl() {
	CC=musl-cc CFLAGS="$FAST" ./Configure "linux-$ARCH" --prefix=/static-libs --libdir=lib \
		--openssldir=/etc/ssl no-shared no-tests no-async no-engine no-module no-legacy \
		no-comp no-ui-console no-cms no-ct no-dtls no-srp no-psk no-ssl3 no-idea \
		no-camellia no-seed no-bf no-cast no-rc2 no-rc4 no-md4 no-mdc2 no-whirlpool no-aria \
		no-sm2 no-sm3 no-sm4 no-gost no-ocsp no-ts no-cmp no-dso no-pinshared \
		no-secure-memory no-autoload-config
	make -j "$JOBS" build_libs
	make install_dev "DESTDIR=$DESTDIR" # its Makefile empties the variable of the environment
}

# Without --disable-netrc: passwords for a private cache come from there. Without
# --disable-dateparse: Retry-After may be a date.
build_curl() {
	autotools_configure "$SMALL" --disable-shared --enable-static "--with-openssl=$PREFIX" \
		--disable-debug --disable-ftp --disable-ldap --disable-ldaps --disable-rtsp \
		--disable-dict --disable-telnet --disable-tftp --disable-pop3 --disable-imap \
		--disable-smb --disable-smtp --disable-gopher --disable-mqtt --disable-manual \
		--disable-ntlm --disable-ntlm-wb --disable-tls-srp --disable-unix-sockets \
		--disable-alt-svc --disable-hsts --disable-libcurl-option \
		--disable-doh --disable-mime --disable-cookies "--with-zlib=$PREFIX" \
		"--with-brotli=$PREFIX" "--with-zstd=$PREFIX" "--with-nghttp2=$PREFIX" \
		--without-libpsl --without-libidn2 --without-librtmp --without-libssh2 \
		--with-ca-bundle=/etc/ssl/certs/ca-certificates.crt
	make -j "$JOBS" -C lib
	make -C lib install "DESTDIR=$DESTDIR"
	make -C include install "DESTDIR=$DESTDIR"
	make install-pkgconfigDATA "DESTDIR=$DESTDIR"
}

# The source package has no amalgamation: make it, then compile that one file.
build_sqlite3() {
	autotools_configure "$FAST" --disable-tcl --disable-shared --disable-readline
	make -j "$JOBS" sqlite3.c CROSS_BUILDING=yes
	# shellcheck disable=SC2086 # a list of flags
	musl-cc $FAST -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_DQS=0 -DSQLITE_DEFAULT_MEMSTATUS=0 \
		-DHAVE_USLEEP=1 -c sqlite3.c -o sqlite3.o
	"$AR" rcs libsqlite3.a sqlite3.o
	cp libsqlite3.a "$PREFIX/lib/"
	cp sqlite3.h "$PREFIX/include/"
	cp sqlite3.pc "$PREFIX/lib/pkgconfig/"
}

build_jansson() {
	cmake "${CMAKE[@]}" -DJANSSON_BUILD_DOCS=OFF -DJANSSON_WITHOUT_TESTS=ON -DJANSSON_EXAMPLES=OFF
	make -C build-static -j "$JOBS"
	make -C build-static install "DESTDIR=$DESTDIR"
}

# The source package has no configure, and its cmake rules know no pkg-config.
build_libyaml() {
	cmake "${CMAKE[@]}" -DBUILD_TESTING=OFF -DBUILD_SHARED_LIBS=OFF
	make -C build-static -j "$JOBS" yaml
	cp build-static/libyaml.a "$PREFIX/lib/"
	cp include/yaml.h "$PREFIX/include/"
	sed -e 's,@prefix@,/static-libs,' -e 's,@exec_prefix@,/static-libs,' \
		-e 's,@includedir@,/static-libs/include,' -e 's,@libdir@,/static-libs/lib,' \
		-e 's,@PACKAGE_VERSION@,0.2,' yaml-0.1.pc.in >"$PREFIX/lib/pkgconfig/yaml-0.1.pc"
}

# A program, not a library: the lean ISO's mkfs.fat.
build_dosfstools() {
	autotools_configure "$SMALL" LDFLAGS="-static -Wl,--gc-sections"
	make -j "$JOBS" -C src mkfs.fat
	install -m 755 src/mkfs.fat "$PREFIX/bin/mkfs.fat"
	"$STRIP" "$PREFIX/bin/mkfs.fat"
}
