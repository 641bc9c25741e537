/* SPDX-License-Identifier: MIT */
/*
 * loader_entries — which entry systemd-boot starts by itself.
 *
 * Pure. Formats: UAPI Group, "Boot Loader Specification" (entries of type 1 and 2, sorting, boot
 * counting) and "Version Format Specification", loader.conf(5). The order and the choice follow
 * systemd 252, src/boot/efi/boot.c. EFI variables can change both: a fresh machine has none, so
 * that "default @saved" sets no default. systemd_boot reads the ESP.
 *
 * Tested by: tests/unit/test_loader_entries.c, tests/loop/boot_menus.sh,
 * tests/loop/nixpkgs_menus.sh, tests/fuzz/loader_entries.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define LOADER_INITRDS_MAX   8
#define LOADER_OPTIONS_BYTES 4096

struct loader_config {
	char preferred[256]; /* glob, lower case; empty if not set */
	char chosen[256];    /* the key default, the same */
};

struct loader_entry {
	char file[256]; /* as it stands on the ESP */
	char id[256];	/* the name in lower case, without the boot counter */
	char title[256];
	char sort_key[256];
	char machine_id[64];
	char version[512]; /* a generation's label lists its tags */
	long tries_left;   /* -1: the entry is not counted */
	long tries_done;
	bool unified; /* Type #2: a unified kernel image in /EFI/Linux */
	bool efi;     /* Type #1 with an EFI program that is not a kernel, or is an image (uki) */
	bool ignored; /* without a kernel, or for two architectures */
	char architecture[16]; /* "x64"; empty: for any. The caller ignores one for another */
	char kernel[512];
	char initrds[LOADER_INITRDS_MAX][512];
	size_t initrd_count;
	char devicetree[512]; /* empty: the firmware's is kept */
	char options[LOADER_OPTIONS_BYTES];
	char not_understood
		[512]; /* a sentence on the first line with an unknown key; empty: there is none */
};

/* Parses loader.conf. -EINVAL with a sentence where it makes the menu wait for ever, or where a
 * line is not understood. */
int loader_entries_parse_config(
	const char *text, struct loader_config *ret, struct error *err) WARN_UNUSED;

/* Parses /loader/entries/FILE. -EINVAL naming file and line where a value is too long, or where the
 * key is one by which the entry starts something from elsewhere. */
int loader_entries_parse_type1(const char *file, const char *text, struct loader_entry *ret,
	struct error *err) WARN_UNUSED;

/* Parses the os-release of the image /EFI/Linux/FILE. -EINVAL if it has no name, version and id. */
int loader_entries_parse_type2(const char *file, const char *os_release, struct loader_entry *ret,
	struct error *err) WARN_UNUSED;

/* The order of the menu. Both entries have an id. */
int loader_entries_compare(const struct loader_entry *a, const struct loader_entry *b);

/* Sorts the entries, and gives the index of the one that starts by itself: the first that preferred
 * matches and that has tries left, else the first that default matches, else the first of all.
 * -ENOENT with a sentence if there is none. */
int loader_entries_choose(const struct loader_config *config, struct loader_entry *entries,
	size_t count, size_t *ret, struct error *err) WARN_UNUSED;

/* Compares two versions by the Version Format Specification: below, equal to or above 0. */
int loader_entries_compare_versions(const char *a, const char *b);
