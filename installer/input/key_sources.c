/* SPDX-License-Identifier: MIT */
#include "input/key_sources.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "input/cloud_config.h"
#include "input/instance_line.h"
#include "input/smbios.h"
#include "input/ssh_keys.h"

#define CREDENTIAL_NAME "ssh.authorized_keys.root"
#define WHY_BYTES	(CLOUD_CONFIG_IGNORED_BYTES + 300)

/* The files that configuration names. */
static int add_key_files(
	struct ssh_keys *keys, const struct key_settings *settings, struct error *err)
{
	for (size_t i = 0; i < settings->file_count; i++) {
		AUTO_FREE char *text = NULL;
		size_t size_bytes;
		int r = file_read(settings->files[i], KEY_FILE_MAX_BYTES, &text, &size_bytes, err);

		if (r == 0)
			r = ssh_keys_add(keys, settings->files[i], text, size_bytes, err);
		if (r < 0) {
			err->code = EXIT_NO_KEY;
			return r;
		}
	}
	return 0;
}

static int add_drive(struct ssh_keys *keys, const struct key_drive *drive, struct error *err)
{
	for (size_t i = 0; i < drive->count; i++) {
		const struct key_drive_file *file = &drive->files[i];
		char place[300];
		int r;

		snprintf(place, sizeof(place), "%s%s", file->name,
			file->embedded ? " embedded in the ISO" : "");
		r = ssh_keys_add(keys, place, file->text, file->size_bytes, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static void log_warnings(const struct ssh_keys *keys)
{
	for (size_t i = 0; i < keys->warning_count; i++)
		log_line("warning: %s", keys->warnings[i]);
}

/* No key is left: the reason is a line that was left out, if there is one. */
static int refuse_none(const struct ssh_keys *keys, const char *why, struct error *err)
{
	if (keys->warning_count)
		return error_set_code(err, EXIT_NO_KEY, -ENOKEY,
			"%s; there is no other SSH key: give one that an SSH server takes, or say keys = none.",
			keys->warnings[0]);
	if (why[0])
		return error_set_code(
			err, EXIT_NO_KEY, -ENOKEY, "No SSH key was found, and %s.", why);
	return error_set_code(err, EXIT_NO_KEY, -ENOKEY,
		"No SSH key was found: attach a FAT or ISO 9660 drive with ssh.pub, another *.pub or authorized_keys, a cidata or config-2 drive, or the systemd credential " CREDENTIAL_NAME
		"; name a file with --key, or say keys = none.");
}

static void warn_ignored(const char *name, const char *ignored)
{
	if (ignored[0])
		log_line("warning: %s: ignored, because nothing here uses it: %s", name, ignored);
}

/* Why user-data has no key, as far as what was ignored of it says, and what to do. */
static void explain_ignored(
	const char *name, const char *user, const char *ignored, char why[WHY_BYTES])
{
	const char *other = strstr(ignored, CLOUD_CONFIG_OTHER_USER);

	if (text_starts_with(ignored, CLOUD_CONFIG_WHOLE))
		snprintf(why, WHY_BYTES,
			"of %s is ignored %s: write it as #cloud-config, or give the keys in another way",
			name, ignored);
	else if (other)
		snprintf(why, WHY_BYTES,
			"%s has %.*s, not of %s: set keys-user to that user, if the guest has it, or give keys for %s",
			name, (int)strcspn(other, ","), other, user, user);
	else if (strstr(ignored, "ssh_import_id"))
		snprintf(why, WHY_BYTES,
			"%s has them imported (ssh_import_id), which an install does not: write the keys themselves, as ssh_authorized_keys",
			name);
}

static int add_user_data(struct ssh_keys *keys, const char *user, const struct cloud_drive *drive,
	char why[WHY_BYTES], struct error *err)
{
	char name[CLOUD_FILE_NAME_BYTES], ignored[CLOUD_CONFIG_IGNORED_BYTES] = "";
	int r;

	cloud_drive_file_name(drive, &drive->user_data, name);
	r = cloud_config_user_data(
		keys, user, name, drive->user_data.text, drive->user_data.size_bytes, ignored, err);
	explain_ignored(name, user, ignored, why);
	warn_ignored(name, ignored);
	return r;
}

static int add_meta_data(struct ssh_keys *keys, const struct cloud_drive *drive, struct error *err)
{
	char name[CLOUD_FILE_NAME_BYTES], ignored[CLOUD_CONFIG_IGNORED_BYTES] = "";
	int r;

	cloud_drive_file_name(drive, &drive->meta_data, name);
	r = (drive->kind == CLOUD_NOCLOUD ? cloud_config_meta_data : cloud_config_openstack)(
		keys, name, drive->meta_data.text, drive->meta_data.size_bytes, ignored, err);
	warn_ignored(name, ignored);
	return r;
}

/* Reads both files; why says why there may be no key in them. */
static int add_cloud_drive(struct ssh_keys *keys, const char *user, const struct cloud_drive *drive,
	char why[WHY_BYTES], struct error *err)
{
	char name[CLOUD_FILE_NAME_BYTES];
	int r = 0;

	if (drive->user_data.text)
		r = add_user_data(keys, user, drive, why, err);
	if (r == 0 && drive->meta_data.text)
		r = add_meta_data(keys, drive, err);
	snprintf(name, sizeof(name), "the %s drive", cloud_drive_label(drive->kind));
	warn_ignored(name, drive->ignored);
	if (drive->ignored[0] && !why[0])
		snprintf(why, WHY_BYTES,
			"%s has %s, which an install does not read: give the keys by user-data or meta-data",
			name, drive->ignored);
	return r;
}

static int add_smbios_credentials(
	struct ssh_keys *keys, const struct firmware_data *firmware_data, struct error *err)
{
	for (size_t i = 0; i < firmware_data->string_count; i++) {
		AUTO_FREE char *text = NULL;
		size_t size_bytes;
		int r = smbios_credential(
			firmware_data->strings[i], CREDENTIAL_NAME, &text, &size_bytes, err);
		if (r > 0)
			r = ssh_keys_add(keys, "the SMBIOS credential " CREDENTIAL_NAME, text,
				size_bytes, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A text that is NULL where there is none. */
static int add_text(struct ssh_keys *keys, const char *place, const char *text, size_t size_bytes,
	struct error *err)
{
	return text ? ssh_keys_add(keys, place, text, size_bytes, err) : 0;
}

static int add_command_line_credentials(
	struct ssh_keys *keys, const char *command_line, struct error *err)
{
	for (size_t i = 0;; i++) {
		AUTO_FREE char *text = NULL;
		size_t size_bytes;
		int r = instance_line_credential(
			command_line, CREDENTIAL_NAME, i, &text, &size_bytes, err);
		if (r > 0)
			r = ssh_keys_add(keys,
				"the credential " CREDENTIAL_NAME " on the kernel command line",
				text, size_bytes, err);
		if (r < 0)
			return r;
		if (!text)
			return 0;
	}
}

/* Those of SMBIOS, of fw_cfg and of the command line, as systemd finds them, and of xenstore. */
static int add_credentials(
	struct ssh_keys *keys, const struct config_sources *sources, struct error *err)
{
	const struct firmware_data *firmware_data = &sources->firmware_data;
	int r = add_smbios_credentials(keys, firmware_data, err);

	if (r < 0)
		return r;
	r = add_text(keys, "the fw_cfg credential " CREDENTIAL_NAME, firmware_data->credential_text,
		firmware_data->credential_bytes, err);
	if (r < 0)
		return r;
	r = add_text(keys, "vm-data/ssh_authorized_keys in xenstore", sources->xenstore.keys_text,
		sources->xenstore.keys_bytes, err);
	if (r < 0)
		return r;
	return add_command_line_credentials(keys, sources->command_line, err);
}

int key_sources_read(const struct key_settings *settings, const char *user,
	const struct config_sources *sources, char **ret_text, struct error *err)
{
	struct ssh_keys keys = { .now = time(NULL) };
	char why[WHY_BYTES] = "";
	int r;

	*ret_text = NULL;
	if (sources->unread[0])
		snprintf(why, WHY_BYTES,
			"the drive %s, which is not read: format it as FAT, or make an ISO 9660 or UDF image",
			sources->unread);
	r = add_key_files(&keys, settings, err);
	if (r == 0 && (settings->from & KEYS_FROM_DRIVE))
		r = add_drive(&keys, &sources->drive, err);
	if (r == 0 && (settings->from & KEYS_FROM_CIDATA))
		r = add_cloud_drive(&keys, user, &sources->cidata, why, err);
	if (r == 0 && (settings->from & KEYS_FROM_CONFIG_2))
		r = add_cloud_drive(&keys, user, &sources->config_2, why, err);
	if (r == 0 && (settings->from & KEYS_FROM_CREDENTIAL))
		r = add_credentials(&keys, sources, err);
	log_warnings(&keys);
	if (r == 0 && keys.count == 0 && settings->from)
		r = refuse_none(&keys, why, err);
	if (r == 0 && settings->from)
		*ret_text = ssh_keys_text(&keys);
	log_line("keys: %zu", keys.count);
	ssh_keys_free(&keys);
	return r;
}
