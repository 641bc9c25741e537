/* SPDX-License-Identifier: MIT */
#include "input/config_sources.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "config/check.h"
#include "config/key_table.h"
#include "config/merge.h"
#include "net/download.h"
#include "net/url.h"

#define SMBIOS_PREFIX	 "org.guest-installer:"
#define CONFIG_MAX_BYTES (256 * 1024)

static int merge_config_file(
	struct config *config, const struct options *options, struct error *err)
{
	AUTO_FREE char *text = NULL;
	size_t size_bytes;
	int r = file_read(options->config_path, CONFIG_MAX_BYTES, &text, &size_bytes, err);

	if (r == -ENOENT && !options->config_given)
		return 0;
	if (r < 0) {
		err->code = EXIT_CONFIGURATION;
		return r;
	}
	merge_text(config, options->config_path, text, size_bytes);
	return 0;
}

int config_sources_collect(struct disk *disks, size_t count, const char *mount_path,
	struct config_sources *ret, struct error *err)
{
	int r = firmware_data_read("/sys", &ret->firmware_data, err);

	if (r < 0)
		return r;
	r = key_drive_read(disks, count, mount_path, &ret->drive, err);
	if (r < 0)
		return r;
	return cidata_read(disks, count, mount_path, &ret->cidata, err);
}

void config_sources_merge_firmware_data(
	struct config *config, const struct firmware_data *firmware_data)
{
	for (size_t i = 0; i < firmware_data->string_count; i++)
		if (strncmp(firmware_data->strings[i], SMBIOS_PREFIX, strlen(SMBIOS_PREFIX)) == 0)
			merge_option(config, "SMBIOS",
				firmware_data->strings[i] + strlen(SMBIOS_PREFIX));
	if (firmware_data->config_text)
		merge_text(config, "fw_cfg opt/org.guest-installer/config",
			firmware_data->config_text, firmware_data->config_bytes);
}

/* Later sources win. */
int config_sources_read_config(const struct options *options, const struct config_sources *sources,
	struct config *ret, struct error *err)
{
	const struct key_drive *drive = &sources->drive;
	char command_line[4096], ignored[MERGE_IGNORED_BYTES] = "";
	int r;

	key_table_set_defaults(ret);
	ret->as_init = options->as_init;
	r = merge_config_file(ret, options, err);
	if (r < 0)
		return r;
	config_sources_merge_firmware_data(ret, &sources->firmware_data);
	if (drive->config_text)
		merge_text(ret, "guest-installer.conf on the key drive", drive->config_text,
			drive->config_bytes);
	file_read_line("/proc/cmdline", command_line, sizeof(command_line));
	/* On a running system ip= configures that system, not the installer. */
	if (options->as_init)
		merge_kernel_ip(ret, command_line, ignored);
	if (*ignored)
		log_line(
			"warning: \"%s\" of the kernel command line is ignored: guest-installer.ip "
			"can be %s",
			ignored, config_keys[KEY_IP].values);
	merge_command_line(ret, command_line);
	for (size_t i = 0; i < options->set_count; i++)
		merge_option(ret, "--set", options->set[i]);
	return check_config(ret, err);
}

int config_sources_read_given(const struct options *options, struct config *ret, struct error *err)
{
	int r;

	key_table_set_defaults(ret);
	r = options->config_given ? merge_config_file(ret, options, err) : 0;
	if (r < 0)
		return r;
	for (size_t i = 0; i < options->set_count; i++)
		merge_option(ret, "--set", options->set[i]);
	return options->config_given ? check_config(ret, err) : check_config_values(ret, err);
}

/* Who writes it on a FAT drive may end lines as is usual there; to libcurl that is a password's
 * last character. */
static void drop_carriage_returns(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++)
		if (*from != '\r')
			*to++ = *from;
	*to = '\0';
}

int config_sources_load_credentials(
	const struct key_drive *drive, const char *folder, struct config *config, struct error *err)
{
	char path[sizeof(config->cache.fetch.netrc_file)];
	int r = 0;

	if (drive->ca_text && !config->given[KEY_CA_FILE]) {
		snprintf(path, sizeof(path), "%s/ca.pem", folder);
		snprintf(config->cache.fetch.ca_file, sizeof(config->cache.fetch.ca_file), "%s",
			path);
		r = file_write(path, drive->ca_text, strlen(drive->ca_text), 0600, 0, 0, err);
	}
	if (r < 0)
		return r;
	if (drive->netrc_text) {
		drop_carriage_returns(drive->netrc_text);
		snprintf(path, sizeof(path), "%s/netrc", folder);
		snprintf(config->cache.fetch.netrc_file, sizeof(config->cache.fetch.netrc_file),
			"%s", path);
		r = file_write(path, drive->netrc_text, strlen(drive->netrc_text), 0600, 0, 0, err);
	}
	return r;
}

bool config_sources_name_image(const struct options *options)
{
	AUTO_FREE struct config *config = must_realloc(NULL, 1, sizeof(*config));
	struct error ignored;
	struct stat st;

	key_table_set_defaults(config);
	(void)!merge_config_file(config, options, &ignored);
	for (size_t i = 0; i < options->set_count; i++)
		merge_option(config, "--set", options->set[i]);
	return config->disk[0] == '/' && stat(config->disk, &st) == 0 && S_ISREG(st.st_mode);
}
