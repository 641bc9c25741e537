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
#include "base/text.h"
#include "config/check.h"
#include "config/key_table.h"
#include "config/merge.h"
#include "init/floppy.h"
#include "input/cloud_network.h"
#include "input/cloud_settings.h"
#include "input/drive.h"
#include "input/instance_line.h"
#include "input/key_drive_join.h"
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

static int read_drives(struct disk *disks, size_t count, const char *mount_path,
	struct config_sources *ret, struct error *err)
{
	int r = key_drive_read(disks, count, mount_path, &ret->drive, err);

	if (r < 0)
		return r;
	r = cloud_drive_read(disks, count, CLOUD_NOCLOUD, mount_path, &ret->cidata, err);
	if (r < 0)
		return r;
	return cloud_drive_read(disks, count, CLOUD_CONFIG_2, mount_path, &ret->config_2, err);
}

static int read_floppies(const char *mount_path, struct config_sources *ret, struct error *err)
{
	AUTO_FREE struct disk *disks = must_realloc(NULL, FLOPPY_DRIVES_MAX, sizeof(*disks));
	char names[FLOPPY_DRIVES_MAX][8];
	size_t count = floppy_find(names);

	memset(disks, 0, FLOPPY_DRIVES_MAX * sizeof(*disks));
	for (size_t i = 0; i < count; i++) {
		text_append(disks[i].name, sizeof(disks[i].name), "%s", names[i]);
		text_append(disks[i].path, sizeof(disks[i].path), "/dev/%s", names[i]);
	}
	return count ? read_drives(disks, count, mount_path, ret, err) : 0;
}

/* Names a drive that the owner may take for one that is read. */
static void note_unread(const struct disk *disks, size_t count, struct config_sources *ret)
{
	struct probe_result found;
	char node[128];

	for (size_t i = 0; i < count && !ret->unread[0]; i++)
		if (drive_find_unread(&disks[i], node, sizeof(node), &found))
			snprintf(ret->unread, sizeof(ret->unread), "%s is %s", node, found.type);
}

/* Floppies are read if there is no other drive. */
static int read_all_drives(struct disk *disks, size_t count, const char *mount_path,
	struct config_sources *ret, struct error *err)
{
	int r = read_drives(disks, count, mount_path, ret, err);

	if (r < 0 || ret->drive.found || ret->cidata.found || ret->config_2.found)
		return r;
	note_unread(disks, count, ret);
	return read_floppies(mount_path, ret, err);
}

/* Nothing is refused for a xenstore that does not answer: few hosts use it. */
static void read_xenstore(struct xenstore_data *ret)
{
	struct error err;
	AUTO_CLOSE int fd = xenstore_open(&err);

	if (fd >= 0 && xenstore_read(fd, ret, &err) < 0)
		log_line("warning: xenstore is not used: %s", err.text);
}

/* The files in the ISO become files of the key drive. */
static int read_embedded(struct config_sources *ret, struct error *err)
{
	int r = embedded_source_read(&ret->embedded, err);

	if (r <= 0)
		return r;
	ret->drive.embedded = &ret->embedded.embedded;
	return key_drive_join(&ret->drive, &ret->embedded.files, err);
}

int config_sources_collect(struct disk *disks, size_t count, const char *mount_path,
	struct config_sources *ret, struct error *err)
{
	int r = firmware_data_read("/sys", &ret->firmware_data, err);

	if (r < 0)
		return r;
	read_xenstore(&ret->xenstore);
	file_read_line("/proc/cmdline", ret->command_line, sizeof(ret->command_line));
	r = read_all_drives(disks, count, mount_path, ret, err);
	if (r < 0)
		return r;
	return read_embedded(ret, err);
}

void config_sources_merge_firmware_data(
	struct config *config, const struct firmware_data *firmware_data)
{
	instance_line_merge(config, firmware_data->serial);
	for (size_t i = 0; i < firmware_data->string_count; i++)
		if (text_starts_with(firmware_data->strings[i], SMBIOS_PREFIX))
			merge_option(config, "SMBIOS",
				firmware_data->strings[i] + strlen(SMBIOS_PREFIX));
	if (firmware_data->config_text)
		merge_text(config, "fw_cfg opt/org.guest-installer/config",
			firmware_data->config_text, firmware_data->config_bytes);
}

static void merge_xenstore(struct config *config, const struct xenstore_data *xenstore)
{
	const char *end = xenstore->settings + xenstore->settings_bytes;

	for (const char *p = xenstore->settings; p < end; p += strlen(p) + 1)
		merge_option(config, "xenstore vm-data/guest-installer", p);
}

/* Merges the settings in user-data, and suggests the host name. */
static int merge_cloud_drive(
	struct config *config, const struct cloud_drive *drive, struct error *err)
{
	char name[CLOUD_FILE_NAME_BYTES];
	int r = 0;

	cloud_drive_file_name(drive, &drive->user_data, name);
	if (drive->user_data.text)
		r = cloud_settings_user_data(
			config, name, drive->user_data.text, drive->user_data.size_bytes, err);
	if (r < 0)
		return r;
	if (drive->meta_data.text && drive->kind == CLOUD_NOCLOUD)
		cloud_settings_meta_data(
			config, drive->meta_data.text, drive->meta_data.size_bytes);
	else if (drive->meta_data.text)
		cloud_settings_openstack(
			config, drive->meta_data.text, drive->meta_data.size_bytes);
	return 0;
}

/* Uses the network configuration of a drive, where the installer needs a network and no source has
 * said how it is configured. */
static int merge_cloud_network(
	struct config *config, const struct cloud_drive *drive, struct error *err)
{
	struct cloud_network network;
	char name[CLOUD_FILE_NAME_BYTES];
	int r;

	if (!drive->network.text || !config_wants_network(config) || config->given[KEY_IP] ||
		config->given[KEY_INTERFACE])
		return 0;
	cloud_drive_file_name(drive, &drive->network, name);
	r = (drive->kind == CLOUD_NOCLOUD ? cloud_network_config : cloud_network_data)(
		drive->network.text, drive->network.size_bytes, &network, err);
	if (r < 0) {
		error_wrap(err, "%s", name);
		return r;
	}
	if (network.ignored[0])
		log_line("warning: %s: ignored, because the installer does not need it: %s", name,
			network.ignored);
	if (!network.ip[0])
		return 0;
	log_line("network: ip = %s, interface = %s by %s", network.ip,
		network.interface[0] ? network.interface : "auto", name);
	merge_setting(config, name, KEY_IP, network.ip);
	if (network.interface[0])
		merge_setting(config, name, KEY_INTERFACE, network.interface);
	return 0;
}

/* The host name of ds=nocloud;…, which is weaker than a drive's. cloud_seed fetches the files of
 * its URL. */
static void merge_nocloud_line(struct config *config, const char *line)
{
	char value[512];

	if (instance_line_nocloud(line, 'h', value, sizeof(value)))
		cloud_settings_suggest_hostname(config, value);
}

static int merge_cloud_networks(
	struct config *config, const struct config_sources *sources, struct error *err)
{
	int r = merge_cloud_network(config, &sources->cidata, err);

	if (r < 0)
		return r;
	return merge_cloud_network(config, &sources->config_2, err);
}

static void merge_embedded(struct config *config, const struct key_drive *embedded)
{
	if (embedded->config_text)
		merge_text(config, KEY_DRIVE_CONFIG_NAME " embedded in the ISO",
			embedded->config_text, embedded->config_bytes);
}

static void merge_set(struct config *config, const struct options *options)
{
	for (size_t i = 0; i < options->set_count; i++)
		merge_option(config, MERGE_SET_SOURCE, options->set[i]);
}

/* Later sources win. What is ignored of the command line's ip= is written to ignored. */
static int merge_sources(const struct options *options, const struct config_sources *sources,
	struct config *ret, char ignored[MERGE_IGNORED_BYTES], struct error *err)
{
	const struct key_drive *drive = &sources->drive;
	char command_line[4096];
	int r;

	*ignored = '\0';

	key_table_set_defaults(ret);
	ret->as_init = options->as_init;
	ret->as_program = !options->as_init;
	ret->as_clone = options->image.from != NULL;
	r = merge_config_file(ret, options, err);
	if (r < 0)
		return r;
	merge_embedded(ret, &sources->embedded.files);
	config_sources_merge_firmware_data(ret, &sources->firmware_data);
	merge_xenstore(ret, &sources->xenstore);
	/* Of two host names the first one is taken. */
	r = merge_cloud_drive(ret, &sources->config_2, err);
	if (r < 0)
		return r;
	r = merge_cloud_drive(ret, &sources->cidata, err);
	if (r < 0)
		return r;
	merge_nocloud_line(ret, sources->command_line);
	merge_nocloud_line(ret, sources->firmware_data.serial);
	if (drive->config_text)
		merge_text(ret, "guest-installer.conf on the key drive", drive->config_text,
			drive->config_bytes);
	file_read_line("/proc/cmdline", command_line, sizeof(command_line));
	/* On a running system ip= configures that system, not the installer. */
	if (options->as_init)
		merge_kernel_ip(ret, command_line, ignored);
	merge_command_line(ret, command_line);
	merge_set(ret, options);
	return 0;
}

void config_sources_read_network(
	const struct options *options, const struct config_sources *sources, struct config *ret)
{
	char ignored[MERGE_IGNORED_BYTES];
	struct error none;

	(void)!merge_sources(options, sources, ret, ignored, &none);
}

int config_sources_read_config(const struct options *options, const struct config_sources *sources,
	struct config *ret, struct error *err)
{
	char ignored[MERGE_IGNORED_BYTES];
	int r = merge_sources(options, sources, ret, ignored, err);

	if (r < 0)
		return r;
	if (*ignored)
		log_line(
			"warning: \"%s\" of the kernel command line is ignored: guest-installer.ip "
			"can be %s",
			ignored, config_keys[KEY_IP].values);
	r = merge_cloud_networks(ret, sources, err);
	if (r < 0)
		return r;
	return check_config(ret, err);
}

int config_sources_read_given(const struct options *options, const struct key_drive *embedded,
	struct config *ret, struct error *err)
{
	int r;

	key_table_set_defaults(ret);
	r = options->config_given ? merge_config_file(ret, options, err) : 0;
	if (r < 0)
		return r;
	merge_embedded(ret, embedded);
	merge_set(ret, options);
	return options->config_given ? check_config(ret, err) : check_config_values(ret, err);
}

/* A netrc that was written on Windows ends its lines with CR LF. libcurl would take the CR for the
 * last character of the password. */
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
	merge_set(config, options);
	if (config->disk[0] != '/')
		return false;
	if (stat(config->disk, &st) == 0)
		return S_ISREG(st.st_mode);
	/* A file that cannot be looked at now may be an image: the host's disks are not read for it. */
	return !file_is_missing(-errno) && !text_starts_with(config->disk, "/dev/");
}
