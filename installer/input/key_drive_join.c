/* SPDX-License-Identifier: MIT */
#include "input/key_drive_join.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "input/host_key_file.h"

/* The length of a host key's name without the ending of the public key. */
static size_t stem_bytes(const char *name)
{
	return strlen(name) - (host_key_file_part(name) == HOST_KEY_PUBLIC ? strlen(".pub") : 0);
}

/* Whether one of the first files belongs to the same host key: both its files stay together. */
static bool has_host_key(const struct key_drive *drive, size_t count, const char *name)
{
	size_t length = stem_bytes(name);

	for (size_t i = 0; i < count; i++)
		if (stem_bytes(drive->host_files[i].name) == length &&
			strncasecmp(drive->host_files[i].name, name, length) == 0)
			return true;
	return false;
}

/* Moves a file to the end of a list. */
static int move_file(struct key_drive_file *from, struct key_drive_file *files, size_t *count,
	size_t max, struct error *err)
{
	if (*count == max)
		return error_set_code(err, EXIT_NO_KEY, -E2BIG,
			"The key drive and the ISO have more than %zu key files together: leave some out.",
			max);
	files[(*count)++] = *from;
	from->text = NULL;
	return 0;
}

static int move_host_files(struct key_drive *drive, struct key_drive *embedded, struct error *err)
{
	size_t count = drive->host_count;

	for (size_t i = 0; i < embedded->host_count; i++) {
		struct key_drive_file *file = &embedded->host_files[i];
		int r;

		if (has_host_key(drive, count, file->name)) {
			log_line(
				"%s is taken from the key drive, and not from the ISO", file->name);
			continue;
		}
		r = move_file(
			file, drive->host_files, &drive->host_count, KEY_DRIVE_HOST_FILES_MAX, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Keeps what is there already. */
static void move_text(char **to, char **from)
{
	if (*to)
		return;
	*to = *from;
	*from = NULL;
}

static void move_nixos_texts(struct key_drive *drive, struct key_drive *embedded)
{
	if (drive->configuration_text || drive->flake_text || drive->lock_text)
		return;
	move_text(&drive->configuration_text, &embedded->configuration_text);
	move_text(&drive->flake_text, &embedded->flake_text);
	move_text(&drive->lock_text, &embedded->lock_text);
}

int key_drive_join(struct key_drive *drive, struct key_drive *embedded, struct error *err)
{
	for (size_t i = 0; i < embedded->count; i++) {
		int r = move_file(
			&embedded->files[i], drive->files, &drive->count, KEY_DRIVE_FILES_MAX, err);

		if (r < 0)
			return r;
	}
	move_text(&drive->ca_text, &embedded->ca_text);
	move_text(&drive->netrc_text, &embedded->netrc_text);
	move_nixos_texts(drive, embedded);
	return move_host_files(drive, embedded, err);
}
