/* SPDX-License-Identifier: MIT */
#include "input/firmware_data.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "input/smbios.h"

#define RAW_MAX_BYTES	     (1024 * 1024)
#define CONFIG_MAX_BYTES     (64 * 1024)
#define CREDENTIAL_MAX_BYTES (256 * 1024)
#define TABLES_MAX	     16

#define FW_CFG		"/firmware/qemu_fw_cfg/by_name"
#define CONFIG_FILE	FW_CFG "/opt/org.guest-installer/config/raw"
#define CREDENTIAL_FILE FW_CFG "/opt/io.systemd.credentials/ssh.authorized_keys.root/raw"
#define SERIAL_FILE	"/class/dmi/id/product_serial"

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

static int add_strings(struct firmware_data *firmware_data, const uint8_t *raw, size_t size_bytes,
	struct error *err)
{
	const char *string;

	for (size_t i = 0; (string = smbios_oem_string(raw, size_bytes, i)); i++) {
		if (firmware_data->string_count == FIRMWARE_STRINGS_MAX)
			return error_set_code(err, EXIT_CONFIGURATION, -E2BIG,
				"There are more than %d SMBIOS strings of type 11.",
				FIRMWARE_STRINGS_MAX);
		firmware_data->strings[firmware_data->string_count++] = text_duplicate(string);
	}
	return 0;
}

static int read_tables(const char *sys, struct firmware_data *firmware_data, struct error *err)
{
	for (unsigned i = 0; i < TABLES_MAX; i++) {
		AUTO_FREE char *raw = NULL;
		char path[FILE_PATH_BYTES];
		size_t size_bytes;
		int r;

		file_below(path, sys, "/firmware/dmi/entries/11-%u/raw", i);
		r = read_raw(path, RAW_MAX_BYTES, &raw, &size_bytes, err);
		if (r <= 0)
			return r;
		if (add_strings(firmware_data, (const uint8_t *)raw, size_bytes, err) < 0)
			return -E2BIG;
	}
	return 0;
}

int firmware_data_read(const char *sys, struct firmware_data *ret, struct error *err)
{
	struct firmware_data firmware_data = { .string_count = 0 };
	char path[FILE_PATH_BYTES];
	int r = read_tables(sys, &firmware_data, err);

	file_below(path, sys, SERIAL_FILE);
	file_read_line(path, firmware_data.serial, sizeof(firmware_data.serial));
	file_below(path, sys, CONFIG_FILE);
	if (r == 0)
		r = read_raw(path, CONFIG_MAX_BYTES, &firmware_data.config_text,
			&firmware_data.config_bytes, err);
	file_below(path, sys, CREDENTIAL_FILE);
	if (r >= 0)
		r = read_raw(path, CREDENTIAL_MAX_BYTES, &firmware_data.credential_text,
			&firmware_data.credential_bytes, err);
	if (r < 0) {
		firmware_data_free(&firmware_data);
		return r;
	}
	*ret = firmware_data;
	return 0;
}

void firmware_data_free(struct firmware_data *firmware_data)
{
	for (size_t i = 0; i < firmware_data->string_count; i++)
		free(firmware_data->strings[i]);
	free(firmware_data->config_text);
	free(firmware_data->credential_text);
	*firmware_data = (struct firmware_data){ .string_count = 0 };
}
