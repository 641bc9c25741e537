/* SPDX-License-Identifier: MIT */
#include "guest/loader_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "nix/narinfo.h"

#define DISTRIBUTION "NixOS"
#define ENTRY	     "nixos-generation-1"
#define DATE_BYTES   64

const char loader_files_config[] = "timeout 5\n"
				   "default " ENTRY ".conf\n"
				   "editor 0\n"
				   "console-mode keep\n";

void loader_files_place(const char *store_file, char ret[LOADER_FILES_PATH_BYTES])
{
	const char *start = store_file + strlen(STORE_DIR "/");
	const char *name = file_base_name(store_file);
	int path_bytes = (int)strcspn(start, "/");

	if (name == start)
		snprintf(ret, LOADER_FILES_PATH_BYTES, "/EFI/nixos/%.300s.efi", name);
	else
		snprintf(ret, LOADER_FILES_PATH_BYTES, "/EFI/nixos/%.*s-%.256s.efi",
			path_bytes < 300 ? path_bytes : 300, start, name);
}

void loader_files_entry_path(const char *specialisation, char ret[LOADER_FILES_PATH_BYTES])
{
	if (specialisation)
		snprintf(ret, LOADER_FILES_PATH_BYTES,
			"/loader/entries/" ENTRY "-specialisation-%.200s.conf", specialisation);
	else
		snprintf(ret, LOADER_FILES_PATH_BYTES, "/loader/entries/" ENTRY ".conf");
}

/* Python's strftime("%F"), in UTC. */
static void print_date(int64_t time_s, char ret[DATE_BYTES])
{
	time_t time = (time_t)time_s;
	struct tm parts = { 0 };

	gmtime_r(&time, &parts);
	snprintf(ret, DATE_BYTES, "%04d-%02d-%02d", parts.tm_year + 1900, parts.tm_mon + 1,
		parts.tm_mday);
}

char *loader_files_entry(const struct bootspec *spec, const char *specialisation,
	const char *kernel, const char *initrd, int64_t time_s)
{
	char date[DATE_BYTES], *text;
	int length;

	print_date(time_s, date);
	length = asprintf(&text,
		"title " DISTRIBUTION "%s%s%s\n"
		"sort-key %s\n"
		"version Generation 1 %s, built on %s\n"
		"linux %s\n"
		"%s%s%s"
		"options init=%s %s\n",
		specialisation ? " (" : "", specialisation ? specialisation : "",
		specialisation ? ")" : "", spec->sort_key, spec->label, date, kernel,
		initrd[0] ? "initrd " : "", initrd, initrd[0] ? "\n" : "", spec->init,
		spec->kernel_params);
	if (length < 0)
		abort();
	return text;
}
