/* SPDX-License-Identifier: MIT */
#include "input/hostdata.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "input/smbios.h"

#define RAW_MAX_BYTES	 (1024 * 1024)
#define CONFIG_MAX_BYTES (64 * 1024)
#define TABLES_MAX	 16

/* 1 with the bytes; 0 if there is no such file, or only root may know. */
static int read_raw(
	const char *path, size_t max_bytes, char **ret, size_t *ret_bytes, struct error *err)
{
	int r = file_read(path, max_bytes, ret, ret_bytes, err);

	if (r == 0)
		return 1;
	if (r == -ENOENT || r == -EACCES) {
		if (r == -EACCES)
			log_line("host data: %s", err->text);
		return 0;
	}
	err->code = EXIT_CONFIGURATION;
	return r;
}

static int add_strings(
	struct hostdata *hostdata, const uint8_t *raw, size_t size_bytes, struct error *err)
{
	const char *string;

	for (size_t i = 0; (string = smbios_oem_string(raw, size_bytes, i)); i++) {
		if (hostdata->string_count == HOSTDATA_STRINGS_MAX)
			return error_set_code(err, EXIT_CONFIGURATION, -E2BIG,
				"There are more than %d SMBIOS strings of type 11.",
				HOSTDATA_STRINGS_MAX);
		char *copy = strdup(string);

		if (!copy)
			abort();
		hostdata->strings[hostdata->string_count++] = copy;
	}
	return 0;
}

static int read_tables(const char *sys, struct hostdata *hostdata, struct error *err)
{
	int r = 1;

	for (unsigned i = 0; i < TABLES_MAX && r > 0; i++) {
		AUTO_FREE char *raw = NULL;
		char path[FILE_PATH_BYTES];
		size_t size_bytes;

		file_below(path, sys, "/firmware/dmi/entries/11-%u/raw", i);
		r = read_raw(path, RAW_MAX_BYTES, &raw, &size_bytes, err);
		if (r > 0 && add_strings(hostdata, (const uint8_t *)raw, size_bytes, err) < 0)
			return -E2BIG;
	}
	return r < 0 ? r : 0;
}

int hostdata_read(const char *sys, struct hostdata *ret, struct error *err)
{
	struct hostdata hostdata = { .string_count = 0 };
	char path[FILE_PATH_BYTES];
	int r = read_tables(sys, &hostdata, err);

	file_below(path, sys, "/firmware/qemu_fw_cfg/by_name/opt/org.guest-installer/config/raw");
	if (r == 0)
		r = read_raw(
			path, CONFIG_MAX_BYTES, &hostdata.config_text, &hostdata.config_bytes, err);
	if (r < 0) {
		hostdata_free(&hostdata);
		return r;
	}
	*ret = hostdata;
	return 0;
}

void hostdata_free(struct hostdata *hostdata)
{
	for (size_t i = 0; i < hostdata->string_count; i++)
		free(hostdata->strings[i]);
	free(hostdata->config_text);
	*hostdata = (struct hostdata){ .string_count = 0 };
}
