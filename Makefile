# SPDX-License-Identifier: MIT
# Makefile — builds and checks guest-installer; `make help` lists the targets

VERSION := $(file <VERSION)
PREFIX ?= /usr/local
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# Products carry the commit and its date: two builds of one commit are identical.
ifndef COMMIT
commit_and_date := $(shell $(SHELL) release/commit)
COMMIT := $(firstword $(commit_and_date))
endif
ifndef SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH := $(or $(word 2,$(commit_and_date)),1700000000)
endif
export SOURCE_DATE_EPOCH

# Compilers, and the sources of the static libraries.
BUILD_PACKAGES = gcc libc6-dev make musl-tools pkg-config dpkg-dev perl tcl cmake file git \
	ca-certificates libblkid-dev libfdisk-dev libmount-dev uuid-dev libext2fs-dev \
	libcurl4-openssl-dev libssl-dev libnghttp2-dev zlib1g-dev libbrotli-dev libzstd-dev liblzma-dev \
	liblz4-dev libsqlite3-dev libjansson-dev libyaml-dev dosfstools
# Programs for 64-bit ARM, made on x86-64: a compiler, an emulator for the unit tests, and a machine with UEFI.
CROSS_PACKAGES = $(if $(filter x86_64,$(HOST_ARCH)),gcc-aarch64-linux-gnu linux-libc-dev-arm64-cross \
	qemu-user qemu-system-arm qemu-efi-aarch64)
# Nix builds the sample guests; boot loaders and writers for the ISO.
ISO_PACKAGES = nix-bin patchelf busybox-static cpio kmod jq zstd xorriso isolinux syslinux-common \
	grub-common grub-efi-amd64-bin mtools erofs-utils
# Machines to install on, the host tools, and the key to log in with.
VM_PACKAGES = qemu-system-x86 qemu-utils ovmf ipxe-qemu openssh-client python3 nbdkit
# Linters and analysers, unit tests, and the programs that check what the installer wrote.
TEST_PACKAGES = procps mount strace clang libclang-rt-dev llvm clang-format clang-tidy cppcheck shellcheck shfmt black mypy mandoc \
	libcmocka-dev grub-emu systemd-boot systemd-boot-efi binutils e2fsprogs xfsprogs \
	cryptsetup-bin lvm2 fdisk gdisk sqlite3 \
	squashfs-tools systemd udev nginx openssl openssh-server python3-yaml socat tmux groff-base \
	bsdextrautils zsh iproute2 gdb genisoimage universal-ctags brotli cloud-guest-utils dmidecode \
	python3-jsonschema python3-h2 ipxe dnsmasq-base cmark-gfm aspell aspell-en
# A libvirtd that the tests start themselves, virsh, Python's module, and virt-install.
LIBVIRT_PACKAGES = libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients python3-libvirt virtinst
# A dom0 for tests with the real Xen, which runs in an emulated machine.
XEN_PACKAGES = mmdebstrap
# Debian packages of the host tools and the program.
DEB_PACKAGES = debhelper lintian
PACKAGES = $(BUILD_PACKAGES) $(CROSS_PACKAGES) $(ISO_PACKAGES) $(VM_PACKAGES) $(TEST_PACKAGES) $(LIBVIRT_PACKAGES) \
	$(XEN_PACKAGES) $(DEB_PACKAGES)

# ARCH=aarch64 on x86-64 builds the program and its unit tests for 64-bit ARM, below build/aarch64.
HOST_ARCH := $(shell uname -m)
ARCH ?= $(HOST_ARCH)
CROSS = $(if $(filter $(HOST_ARCH),$(ARCH)),,$(ARCH))
BUILD = build$(if $(CROSS),/$(CROSS))

SOURCES = $(wildcard installer/*.c installer/*/*.c)
UNIT_TESTS = $(patsubst tests/unit/%.c,build/asan/%,$(wildcard tests/unit/test_*.c))
UNIT_SHARED = $(filter-out tests/unit/test_%,$(wildcard tests/unit/*.c))

# What libcurl speaks HTTP/2 and decodes answers with; pkg-config --static adds that by itself.
CURL_NEEDS = $(if $(filter system,$(STATIC)),,libnghttp2 libbrotlidec libbrotlicommon)
LIBRARIES = mount fdisk blkid uuid ext2fs com_err libcurl libssl libcrypto $(CURL_NEEDS) \
	libzstd liblzma liblz4 zlib sqlite3 jansson yaml-0.1
# A recipe prints one word and its file; V=1 prints the commands instead, and -s prints nothing.
# run WORD,FILE — the start of a recipe's line.
silent = $(findstring s,$(firstword -$(MAKEFLAGS)))
run = $(if $(filter 1,$(V)),,@$(if $(silent),,printf '  %-8s %s\n' '$(1)' '$(2)';))

WARNINGS = -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wmissing-prototypes -Wstrict-prototypes \
	-Wundef -Wwrite-strings
CPPFLAGS = -D_GNU_SOURCE= -DVERSION='"$(VERSION)"' -Iinstaller
CFLAGS = -std=gnu11 $(WARNINGS) -pthread -MMD -MP

# The program that ships. STATIC=system uses the static libraries of the environment (Nix); their
# pkg-config files name what they need in turn. Those of another architecture come with a compiler.
ifneq ($(CROSS),)
unexport MUSL_CC AR
MUSL_CC = $(BUILD)/static/libraries/bin/musl-gcc
AR = $(CROSS)-linux-gnu-ar
else
MUSL_CC ?= musl-gcc
endif
PKG_CONFIG ?= pkg-config
STATIC ?= $$(installer/static-libs --arch $(ARCH))
PKG_CONFIG_FLAGS = $(if $(filter system,$(STATIC)),--static)
STATIC_OBJECTS = $(SOURCES:installer/%.c=$(BUILD)/static/%.o)
STATIC_CFLAGS = $(CFLAGS) -O2 -ffunction-sections -fdata-sections -fno-pie \
	$$(cat $(BUILD)/static/cflags)
LINK = $(MUSL_CC) -static -no-pie -s -pthread -Wl,--gc-sections -o $(BUILD)/guest-installer \
	$(STATIC_OBJECTS) $$(cat $(BUILD)/static/libs)

# The same sources under sanitizers, against the distribution's shared libraries. SANITIZE= builds
# without the sanitizers, which a static program cannot have.
HOST_CC ?= gcc
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all
HOST_CFLAGS = $(CFLAGS) $$(cat build/asan/cflags)
ASAN_CFLAGS = $(HOST_CFLAGS) -Werror -g -O1 -fno-omit-frame-pointer $(SANITIZE)
ASAN_LIBS = $$(cat build/asan/libs)

# The same sources a third time, instrumented for libFuzzer.
FUZZ_TARGETS = $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/*.c))
FUZZ_CC ?= clang
FUZZ_CFLAGS = $(HOST_CFLAGS) -Werror -Wno-format-nonliteral -g -O1 -fno-omit-frame-pointer \
	-fno-sanitize-recover=all
FUZZ_OBJECT_CFLAGS = $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link,address,undefined

# write_flags FOLDER,FLAGS — writes pkg-config's flags of all libraries, and FLAGS. Every object
# depends on cflags, so that file changes only with its content. Foreign headers give no warnings.
define write_flags
$(PKG_CONFIG) $(PKG_CONFIG_FLAGS) --libs $(LIBRARIES) >$(1)/libs.$$$$; \
	mv $(1)/libs.$$$$ $(1)/libs; \
	flags=$$($(PKG_CONFIG) --cflags $(LIBRARIES) | sed 's/-I/-isystem /g'); \
	echo "$$flags $(2)" >$(1)/cflags.$$$$; \
	if cmp -s $(1)/cflags.$$$$ $(1)/cflags; then rm $(1)/cflags.$$$$; \
	else mv $(1)/cflags.$$$$ $(1)/cflags; fi
endef

# object_tree FOLDER,WORD,COMPILER,CFLAGS,FLAGS-FILE — the rules that compile installer/ into
# FOLDER. FOLDER/libinstaller.a contains all but main.c. COMPILER and CFLAGS are names of variables.
define object_tree
$(1)/%.o: installer/%.c $(5) Makefile VERSION
	@mkdir -p $$(@D)
	$$(call run,$(2),$$<) $$($(3)) $$(CPPFLAGS) $$($(4)) -c -o $$@ $$<

$(1)/libinstaller.a: $(patsubst installer/%.c,$(1)/%.o,$(filter-out installer/main.c,$(SOURCES)))
	@rm -f $$@
	$$(call run,AR,$$@) $$(AR) rcs $$@ $$^

# The only object that contains the commit.
$(1)/base/version.o: build/commit
$(1)/base/version.o: CPPFLAGS += -DSOURCE_COMMIT='"$(COMMIT)"'

# The program contains these modules.
$(1)/nixos_install/layout_modules.o: $(wildcard iso/layouts/*.nix)

-include $(wildcard $(1)/*.d $(1)/*/*.d)
endef

.PHONY: all build asan fuzz iso demo bench deb dist check check-long check-nix check-quick check-xen coverage \
	lint lint-analyzer lint-cppcheck lint-format lint-python lint-shell lint-structure lint-tidy \
	lint-warnings install man site clean deps help native-build print-cross-unit print-link unit cross-unit FORCE

all: build ## the same as build

build: $(BUILD)/guest-installer ## the static program build/guest-installer; ARCH=aarch64: for 64-bit ARM

# Changes only with its content.
build/commit: FORCE
	@mkdir -p build
	@echo '$(COMMIT)' | cmp -s - $@ || echo '$(COMMIT)' >$@

$(BUILD)/static/cflags: FORCE
	@mkdir -p $(BUILD)/static
	@prefix=$(STATIC); \
	if [[ $$prefix != system ]]; then \
		export PKG_CONFIG_LIBDIR=$$prefix/lib/pkgconfig; \
		headers="-idirafter $$prefix/kernel-headers"; \
		ln -sfn $$prefix $(BUILD)/static/libraries; \
	fi; \
	$(call write_flags,$(BUILD)/static,$${headers-})

build/asan/cflags: FORCE
	@mkdir -p build/asan
	@$(call write_flags,build/asan)

$(eval $(call object_tree,$(BUILD)/static,CC,MUSL_CC,STATIC_CFLAGS,$(BUILD)/static/cflags))

$(BUILD)/guest-installer: $(STATIC_OBJECTS)
	$(call run,LD,$@) $(LINK)
	@file $@ | grep -qE 'static(ally|-pie) linked' || { echo "$@ is not static" >&2; exit 1; }

print-link: $(STATIC_OBJECTS)
	@echo "$(LINK)"

asan: build/asan/guest-installer $(UNIT_TESTS) ## program and unit tests under sanitizers

$(eval $(call object_tree,build/asan,CC asan,HOST_CC,ASAN_CFLAGS,build/asan/cflags))

build/asan/guest-installer: build/asan/main.o build/asan/libinstaller.a
	$(call run,LD,$@) $(HOST_CC) $(ASAN_CFLAGS) -o $@ $^ $(ASAN_LIBS)

build/asan/test_%: tests/unit/test_%.c $(UNIT_SHARED) build/asan/libinstaller.a Makefile
	$(call run,CC test,$<) $(HOST_CC) $(CPPFLAGS) $(ASAN_CFLAGS) -o $@ $(filter %.c %.a,$^) \
		$(ASAN_LIBS) -lcmocka

# The unit tests as static programs of the other architecture. Left out are those of COMPRESSING, because the
# libraries that ship cannot compress, and those of CHILDREN: qemu-user does not know PR_SET_CHILD_SUBREAPER.
COMPRESSING = test_closure test_copy test_copy_areas test_database test_decompress test_nixos test_pv_kernel
CHILDREN = test_process test_supervise
CROSS_TESTS = $(filter-out $(addprefix $(BUILD)/unit/,$(COMPRESSING) $(CHILDREN)), \
	$(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c)))

cross-unit: $(CROSS_TESTS)

print-cross-unit:
	@printf '%s\n' $(CROSS_TESTS)

unit: $(if $(CROSS),,asan) ## the unit tests; ARCH=aarch64: those of 64-bit ARM, by qemu-user
	tests/run $(if $(CROSS),tests/build/$(CROSS).sh,unit)

$(BUILD)/unit/test_%: tests/unit/test_%.c $(UNIT_SHARED) $(BUILD)/static/libinstaller.a Makefile
	@mkdir -p $(@D)
	$(call run,CC test,$<) $(MUSL_CC) $(CPPFLAGS) $(STATIC_CFLAGS) -O0 -static -no-pie \
		-Wl,--gc-sections -o $@ $(filter %.c %.a,$^) -lcmocka $$(cat $(BUILD)/static/libs)

fuzz: $(FUZZ_TARGETS) ## the fuzz targets build/fuzz/*

$(eval $(call object_tree,build/fuzz/objects,CC fuzz,FUZZ_CC,FUZZ_OBJECT_CFLAGS,build/asan/cflags))

build/fuzz/%: tests/fuzz/%.c $(wildcard tests/fuzz/*.h) build/fuzz/objects/libinstaller.a Makefile
	$(call run,CC fuzz,$<) $(FUZZ_CC) $(CPPFLAGS) $(filter-out -MMD -MP,$(FUZZ_CFLAGS)) \
		-fsanitize=fuzzer,address,undefined -o $@ $(filter %.c %.a,$^) $(ASAN_LIBS)

iso: $(BUILD)/guest-installer.iso ## the lean ISO build/guest-installer.iso; ARCH=aarch64: for 64-bit ARM

# This machine's own program checks the settings of another architecture's ISO.
$(BUILD)/guest-installer.iso: $(BUILD)/guest-installer $(shell find iso -type f) $(if $(CROSS),| native-build)
	$(call run,ISO,$@) iso/build --arch $(ARCH)

native-build:
	$(if $(silent),@)$(MAKE) ARCH=$(HOST_ARCH) build

demo: ## install a guest, start it and log in (runs deps)
	@MAKE='$(MAKE)' qemu/demo --build

# Of lint, the compiler's warnings come from the fuzz targets, and the structure from the tests. Of the
# analysers it runs the two that find most for their time; check-long runs the third one.
ifneq ($(CROSS),)
# What there is for the other architecture, also what takes long.
CROSS_FILES = $(wildcard tests/*/$(CROSS)*.sh) tests/build/architectures.sh tests/host/test_architectures.py

check: deps
	$(MAKE) -j "$$(nproc)" --output-sync=target build cross-unit iso
	LONG=1 tests/run $(CROSS_FILES)
else
check: deps ## lint, unit tests, fuzzing, file systems, virtual machines (runs deps)
	$(MAKE) -j "$$(nproc)" --output-sync=target lint-format lint-python lint-shell \
		lint-cppcheck lint-tidy build man asan fuzz iso
	$(MAKE) -j "$$(nproc)" --output-sync=target build cross-unit iso ARCH=aarch64
	tests/run
endif

check-long: check ## everything, and the tests that take hours (runs deps)
	$(MAKE) lint-analyzer
	$(MAKE) coverage
	tests/run long

check-quick: deps ## the short tests that need no virtual machine, in 3 minutes (runs deps)
	$(MAKE) -j "$$(nproc)" --output-sync=target build man asan
	$(MAKE) -j "$$(nproc)" --output-sync=target build cross-unit ARCH=aarch64
	tests/run --short 20 unit host build nix loop

check-xen: deps ## the tests with a real Xen in an emulated machine, part of check (runs deps)
	$(MAKE) -j "$$(nproc)" build
	$(MAKE) iso
	tests/run xen

coverage: deps ## what the tests take of the installer's branches, 20 minutes, as root (runs deps)
	tests/coverage/run

# Of a tree with nixos/ and lib/ alone, what needs no packages.
NIXPKGS_TESTS = $(if $(wildcard $(NIXPKGS)/pkgs/top-level/all-packages.nix),nixpkgs, \
	tests/nixpkgs/modules.sh tests/nixpkgs/classes.sh tests/nixpkgs/options.sh)

check-nix: deps ## evaluate everything with the nixpkgs of NIXPKGS=FOLDER (runs deps)
	tests/run nix $(NIXPKGS_TESTS)

bench: deps iso ## compare the copy stage with other programs, an hour, as root (runs deps)
	tests/bench/native.sh
	tests/bench/clone.sh
	tests/bench/linear.sh
	tests/bench/net.sh
	tests/bench/net.sh --far
	tests/bench/guest.sh

lint: lint-format lint-python lint-shell lint-structure lint-warnings lint-cppcheck lint-tidy \
	lint-analyzer ## layout, warnings, structure, analysers

lint-format:
	git ls-files -z '*.c' '*.h' | xargs -0r clang-format --dry-run -Werror

lint-shell:
	git ls-files -z | xargs -0r shfmt -f | xargs -rn 16 -P "$$(nproc)" shellcheck -x
	git ls-files -z | xargs -0r shfmt -f | xargs -r shfmt -d

# Programs have no suffix. The types are checked for the oldest supported Python.
lint-python:
	{ git ls-files -z '*.py'; git grep -lzE '^#!.*python3$$' || true; } | sort -zu | \
		xargs -0r black --quiet --check --diff -l 100
	MYPYPATH=qemu mypy --strict --python-version 3.9 --cache-dir build/mypy --no-error-summary -p host
	MYPYPATH=release mypy --strict --python-version 3.9 --cache-dir build/mypy --no-error-summary -p bom

lint-warnings: build/asan/cflags
	git ls-files -z '*.c' | xargs -0rn 16 -P "$$(nproc)" \
		clang -fsyntax-only -Werror $(CPPFLAGS) $(filter-out -MMD -MP,$(HOST_CFLAGS)) \
		-Wno-format-nonliteral

# What is left out, with the reasons, is in .cppcheck and .clang-tidy.
lint-cppcheck:
	cppcheck --quiet --std=c11 $(CPPFLAGS) --enable=warning,performance,portability --inline-suppr \
		--suppressions-list=.cppcheck --error-exitcode=1 installer

lint-tidy: build/asan/cflags
	@mkdir -p build/tidy
	@printf '%s\n' $(CPPFLAGS) -I$(CURDIR)/installer $(filter-out -MMD -MP,$(HOST_CFLAGS)) \
		>build/tidy/compile_flags.txt
	git ls-files -z 'installer/*.c' | xargs -0rn 16 -P "$$(nproc)" clang-tidy --quiet -p build/tidy \
		2> >(sed '/warnings\? generated/d' >&2)

# gcc reads one file at a time. Of a function in another file it knows neither that 0 means that the
# outputs are set, nor what it frees or keeps: these three checks would report that.
ANALYZER_CFLAGS = -fanalyzer -Wno-analyzer-use-of-uninitialized-value -Wno-analyzer-malloc-leak \
	-Wno-analyzer-null-argument

lint-analyzer: build/asan/cflags
	git ls-files -z 'installer/*.c' | xargs -0rn 1 -P "$$(nproc)" \
		gcc -S -o /dev/null -O1 -Werror $(ANALYZER_CFLAGS) $(CPPFLAGS) \
		$(filter-out -MMD -MP $(WARNINGS),$(HOST_CFLAGS))

# Layers and include cycles, tests of every header, pure modules, words, errors. tests/run build runs
# them too.
lint-structure: $(STATIC_OBJECTS)
	for lint in layers headers words errors; do tests/build/$$lint.sh | sed '/^ok /d; /^1\.\./d'; done

# Manual pages contain the options that --help of guest-installer lists, and those of the host
# tools' tables (qemu/host/manual.py).
# The sources of the host tools' pages have the names of the source tree, the pages those that users type.
OWN_PAGES = $(patsubst share/man/%.in,build/man/%,$(filter-out %.1.in,$(wildcard share/man/*.in)))
HOST_PAGES = $(patsubst share/man/%.in,build/man/guest-installer-%,$(wildcard share/man/*.1.in))

man: $(OWN_PAGES) $(HOST_PAGES) ## the manual pages build/man/*

$(OWN_PAGES): build/man/%: share/man/%.in share/make-page share/installed-names build/guest-installer
	@mkdir -p $(@D)
	$(call run,MAN,$@) build/guest-installer --help | VERSION=$(VERSION) share/make-page $< \
		| share/installed-names $(TOOLS) >$@

$(HOST_PAGES): build/man/guest-installer-%.1: share/man/%.1.in share/make-page share/installed-names \
		$(wildcard qemu/host/*.py qemu/host/*/*.py)
	@mkdir -p $(@D)
	$(call run,MAN,$@) PYTHONPATH=qemu python3 -B -m host.manual $* <$< >$@.in
	@VERSION=$(VERSION) share/make-page $@.in </dev/null | share/installed-names $(TOOLS) >$@
	@rm $@.in

site: man ## a web site of the documents and manual pages, build/site
	rm -rf build/site
	$(call run,SITE,build/site) share/make-site build/site

# The host tools find each other in one folder, under whatever name they are called.
TOOLS = qemu/first-run qemu/run-guest qemu/serve-cache qemu/xen-domain qemu/iso keys/make-key-drive
share = $(DESTDIR)$(PREFIX)/share
own = $(share)/guest-installer
bash_completions = $(share)/bash-completion/completions
install: build man ## programs, manual pages and completion, below DESTDIR and PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(own) $(share)/man/man{1,5,7,8}
	install -m 755 build/guest-installer $(DESTDIR)$(PREFIX)/bin/
	cp --parents --no-dereference --recursive -t $(own) \
		$(wildcard qemu/* keys/*) iso/lib.sh iso/make-manifest VERSION
	echo '$(COMMIT) $(SOURCE_DATE_EPOCH)' >$(own)/COMMIT
	for tool in $(TOOLS); do \
		ln -sf ../share/guest-installer/$$tool \
			$(DESTDIR)$(PREFIX)/bin/guest-installer-$${tool#*/}; \
	done
	for page in $(OWN_PAGES) $(HOST_PAGES); do \
		install -m 644 $$page $(share)/man/man$${page##*.}/; \
	done
	install -D -m 644 share/completions/guest-installer.bash $(bash_completions)/guest-installer
	for tool in $(TOOLS); do \
		ln -sf guest-installer $(bash_completions)/guest-installer-$${tool#*/}; \
	done
	install -D -m 644 -t $(share)/zsh/site-functions share/completions/_guest-installer
	install -D -m 644 -t $(share)/guest-installer share/events.schema.json
	find $(own) -name __pycache__ -prune -exec rm -r {} +

deb: build man ## the Debian packages build/deb/*.deb
	$(call run,DEB,build/deb) release/deb

dist: deps ## a release: sources, program, ISO, packages, bill of materials, signature (docs/release.md)
	release/dist

clean: ## remove build/ (the libraries stay in the cache)
	chmod -Rf u+w build || true
	rm -rf build

deps: ## install the missing Debian packages by apt-get; needs root unless all are there
	@missing=$$(comm -23 <(printf '%s\n' $(PACKAGES) | sort -u) \
		<(dpkg-query -W -f '$${Package} $${db:Status-Status}\n' $(PACKAGES) 2>/dev/null | \
			sed -n 's/ installed$$//p' | sort -u) | xargs); \
	if [[ -z $$missing ]]; then exit 0; fi; \
	if ((UID)); then \
		echo "as root: apt-get install --no-install-recommends $$missing" >&2; \
		exit 1; \
	fi; \
	apt-get -q update; \
	DEBIAN_FRONTEND=noninteractive apt-get -qy -o DPkg::Lock::Timeout=600 \
		install --no-install-recommends $$missing

help: ## this list; V=1 shows the commands of a build
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' Makefile | expand -t 14
