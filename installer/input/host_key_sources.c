/* SPDX-License-Identifier: MIT */
#include "input/host_key_sources.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "input/ssh_keys.h"

static int add_host_key(struct given_host_keys *given, const char *place, const char *name,
	const char *text, size_t size_bytes, struct error *err)
{
	struct host_key_pair pair;
	int r;

	if (given->count == HOST_KEYS_GIVEN_MAX)
		return error_set_code(err, EXIT_NO_KEY, -E2BIG,
			"More than %d host keys are given: an SSH server needs one of each type.",
			HOST_KEYS_GIVEN_MAX);
	r = host_key_file_read(place, name, text, size_bytes, &pair, err);
	if (r < 0)
		return r;
	if (host_key_file_find(given, pair.name)) {
		free(pair.private_text);
		free(pair.public_text);
		return error_set_code(err, EXIT_NO_KEY, -EEXIST,
			"Two host keys are given for %s, of which one is %s: leave one of them out.",
			pair.name, place);
	}
	given->pairs[given->count++] = pair;
	return 0;
}

static int add_named_file(struct given_host_keys *given, const char *path, struct error *err)
{
	AUTO_FREE char *text = NULL;
	size_t size_bytes;
	int r = file_read(path, KEY_FILE_MAX_BYTES, &text, &size_bytes, err);

	if (r < 0) {
		err->code = EXIT_NO_KEY;
		return r;
	}
	return add_host_key(given, path, file_base_name(path), text, size_bytes, err);
}

#define PLACE_BYTES 300

static void name_place(const struct key_drive_file *file, char ret[PLACE_BYTES])
{
	snprintf(ret, PLACE_BYTES, "%s %s", file->name,
		file->embedded ? "embedded in the ISO" : "on the key drive");
}

static int add_drive_keys(
	struct given_host_keys *given, const struct key_drive *drive, struct error *err)
{
	for (size_t i = 0; i < drive->host_count; i++) {
		const struct key_drive_file *file = &drive->host_files[i];
		char place[PLACE_BYTES];
		int r;

		if (host_key_file_part(file->name) != HOST_KEY_PRIVATE)
			continue;
		name_place(file, place);
		r = add_host_key(given, place, file->name, file->text, file->size_bytes, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The private key of a public key's file; NULL for none. */
static const struct host_key_pair *find_private(
	const struct given_host_keys *given, const char *public_name)
{
	size_t length = strlen(public_name) - strlen(".pub");

	for (size_t i = 0; i < given->count; i++)
		if (strlen(given->pairs[i].name) == length &&
			strncasecmp(given->pairs[i].name, public_name, length) == 0)
			return &given->pairs[i];
	return NULL;
}

static int check_drive_public(
	const struct given_host_keys *given, const struct key_drive *drive, struct error *err)
{
	for (size_t i = 0; i < drive->host_count; i++) {
		const struct key_drive_file *file = &drive->host_files[i];
		const struct host_key_pair *pair;
		char place[PLACE_BYTES];
		int r;

		if (host_key_file_part(file->name) != HOST_KEY_PUBLIC)
			continue;
		name_place(file, place);
		pair = find_private(given, file->name);
		if (!pair)
			return error_set_code(err, EXIT_NO_KEY, -ENOKEY,
				"The host key %s has no private key beside it: add the private key, or leave the public key out.",
				place);
		r = host_key_file_check_public(pair, place, file->text, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int host_key_sources_read(const struct host_key_settings *settings, const struct key_drive *drive,
	struct given_host_keys *ret, struct error *err)
{
	bool from_drive = settings->from_drive || settings->mode == HOST_KEYS_AUTO;
	int r;

	ret->count = 0;
	if (drive->host_count > 0 && !from_drive)
		log_line(
			"warning: the host keys on the key drive are not used: host-keys does not name drive");
	for (size_t i = 0; i < settings->file_count; i++) {
		r = add_named_file(ret, settings->files[i], err);
		if (r < 0)
			return r;
	}
	r = from_drive ? add_drive_keys(ret, drive, err) : 0;
	if (r < 0)
		return r;
	r = from_drive ? check_drive_public(ret, drive, err) : 0;
	if (r < 0)
		return r;
	if (settings->mode == HOST_KEYS_GIVEN && ret->count == 0)
		return error_set_code(err, EXIT_NO_KEY, -ENOKEY,
			"host-keys = drive, but no SSH host key was found on a key drive or in the ISO: put ssh_host_ed25519_key there, or leave host-keys out.");
	for (size_t i = 0; i < ret->count; i++)
		log_line("host keys: %s is given, %.*s", ret->pairs[i].name,
			(int)strcspn(ret->pairs[i].public_text, " "), ret->pairs[i].public_text);
	return 0;
}
