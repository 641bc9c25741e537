/* SPDX-License-Identifier: MIT */
#include "input/key_drive.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "input/drive.h"
#include "input/host_key_file.h"
#include "input/ssh_keys.h"

#define CA_MAX_BYTES	((size_t)1024 * 1024)
#define NETRC_MAX_BYTES ((size_t)64 * 1024)
#define NIX_MAX_BYTES	((size_t)1024 * 1024)
#define NODES_BYTES	400

/* FAT ignores the case of names, and users type this one in any case. */
static bool is_config(const char *name)
{
	return strcasecmp(name, KEY_DRIVE_CONFIG_NAME) == 0;
}

/* Files that are read if they are there. A drive that has only these is not a key drive. */
static const struct {
	const char *name;
	size_t max_bytes;
	size_t text; /* where in struct key_drive */
} other_files[] = {
	{ "ca.pem", CA_MAX_BYTES, offsetof(struct key_drive, ca_text) },
	{ "ca.crt", CA_MAX_BYTES, offsetof(struct key_drive, ca_text) },
	{ "netrc", NETRC_MAX_BYTES, offsetof(struct key_drive, netrc_text) },
	{ "configuration.nix", NIX_MAX_BYTES, offsetof(struct key_drive, configuration_text) },
	{ "flake.nix", NIX_MAX_BYTES, offsetof(struct key_drive, flake_text) },
	{ "flake.lock", NIX_MAX_BYTES, offsetof(struct key_drive, lock_text) },
};
#define OTHER_FILE_COUNT (sizeof(other_files) / sizeof(other_files[0]))

/* Where files are read from: an open folder, or the ISO. */
struct place {
	int folder;
	const struct embedded *embedded; /* NULL for the folder */
};

/* As drive_read_file. */
static int read_file(const struct place *place, const char *name, size_t max_bytes,
	enum exit_code code, char **ret_text, size_t *ret_bytes, struct error *err)
{
	if (place->embedded)
		return embedded_read_file(
			place->embedded, name, max_bytes, code, ret_text, ret_bytes, err);
	return drive_read_file(place->folder, name, max_bytes, code, ret_text, ret_bytes, err);
}

static int take_config(
	const struct place *place, const char *name, struct key_drive *drive, struct error *err)
{
	int r;

	if (drive->config_text)
		return error_set_code(err, EXIT_CONFIGURATION, -EEXIST,
			"there are two files " KEY_DRIVE_CONFIG_NAME " in different case");
	r = read_file(place, name, KEY_DRIVE_CONFIG_MAX_BYTES, EXIT_CONFIGURATION,
		&drive->config_text, &drive->config_bytes, err);
	if (r > 0)
		drive->found = true;
	return r;
}

static int take_other_file(
	const struct place *place, const char *name, struct key_drive *drive, struct error *err)
{
	for (size_t i = 0; i < OTHER_FILE_COUNT; i++) {
		char **text = (char **)((char *)drive + other_files[i].text);
		size_t size_bytes;
		int r;

		if (strcasecmp(name, other_files[i].name) != 0)
			continue;
		if (*text)
			return error_set_code(err, EXIT_CONFIGURATION, -EEXIST,
				"there are two files for the same purpose, of which one is %s",
				name);
		r = read_file(place, name, other_files[i].max_bytes, EXIT_CONFIGURATION, text,
			&size_bytes, err);
		return r > 0 && strlen(*text) != size_bytes
			       ? error_set_code(err, EXIT_CONFIGURATION, -EINVAL,
					 "%s has a NUL byte, so it is no text", name)
			       : r;
	}
	return 0;
}

/* Adds a file to one of the two lists. */
static int take_key_file(const struct place *place, const char *name, struct key_drive_file *files,
	size_t *count, struct key_drive *drive, struct error *err)
{
	struct key_drive_file *file = &files[*count];
	int r = read_file(
		place, name, KEY_FILE_MAX_BYTES, EXIT_NO_KEY, &file->text, &file->size_bytes, err);

	if (r > 0) {
		snprintf(file->name, sizeof(file->name), "%s", name);
		file->embedded = place->embedded != NULL;
		++*count;
		drive->found = true;
	}
	return r;
}

static int take_keys(
	const struct place *place, const char *name, struct key_drive *drive, struct error *err)
{
	if (drive->count == KEY_DRIVE_FILES_MAX)
		return error_set_code(err, EXIT_NO_KEY, -E2BIG, "there are more than %d key files",
			KEY_DRIVE_FILES_MAX);
	return take_key_file(place, name, drive->files, &drive->count, drive, err);
}

static int take_host_key(
	const struct place *place, const char *name, struct key_drive *drive, struct error *err)
{
	if (drive->host_count == KEY_DRIVE_HOST_FILES_MAX)
		return error_set_code(err, EXIT_NO_KEY, -E2BIG,
			"there are more than %d files of host keys", KEY_DRIVE_HOST_FILES_MAX);
	return take_key_file(place, name, drive->host_files, &drive->host_count, drive, err);
}

static int compare_file_names(const void *a, const void *b)
{
	const struct key_drive_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int take_file(
	const struct place *place, const char *name, struct key_drive *drive, struct error *err)
{
	if (is_config(name))
		return take_config(place, name, drive, err);
	if (host_key_file_part(name) != HOST_KEY_OTHER)
		return take_host_key(place, name, drive, err);
	if (ssh_keys_is_key_file(name))
		return take_keys(place, name, drive, err);
	return take_other_file(place, name, drive, err);
}

static int read_entries(DIR *dir, struct key_drive *drive, struct error *err)
{
	const struct place place = { .folder = dirfd(dir) };
	struct dirent *entry;

	errno = 0;
	while ((entry = readdir(dir))) {
		int r = take_file(&place, entry->d_name, drive, err);

		if (r < 0)
			return r;
		errno = 0;
	}
	if (errno)
		return error_errno(err, -errno, "read the folder");
	return 0;
}

static int read_embedded_files(
	const struct embedded *embedded, struct key_drive *drive, struct error *err)
{
	const struct place place = { .folder = -1, .embedded = embedded };

	for (size_t i = 0; i < embedded->count; i++) {
		int r = take_file(&place, embedded->files[i].name, drive, err);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Hands over the files, sorted, or frees them if r is an error. Returns r. */
static int finish_drive(int r, struct key_drive *drive, struct key_drive *ret)
{
	if (r < 0) {
		key_drive_free(drive);
	} else {
		qsort(drive->files, drive->count, sizeof(drive->files[0]), compare_file_names);
		qsort(drive->host_files, drive->host_count, sizeof(drive->host_files[0]),
			compare_file_names);
		*ret = *drive;
	}
	free(drive);
	return r;
}

static struct key_drive *new_drive(void)
{
	struct key_drive *drive = must_realloc(NULL, 1, sizeof(*drive));

	memset(drive, 0, sizeof(*drive));
	return drive;
}

int key_drive_read_folder(const char *path, struct key_drive *ret, struct error *err)
{
	AUTO_CLOSEDIR DIR *dir = opendir(path);
	struct key_drive *drive;

	if (!dir)
		return error_errno(err, -errno, "open %s", path);
	drive = new_drive();
	return finish_drive(read_entries(dir, drive, err), drive, ret);
}

int key_drive_read_embedded(
	const struct embedded *embedded, struct key_drive *ret, struct error *err)
{
	struct key_drive *drive = new_drive();
	int r = finish_drive(read_embedded_files(embedded, drive, err), drive, ret);

	if (r < 0)
		error_wrap(err, "embedded in the ISO");
	return r;
}

static int look_for_keys(const char *path, void *drive, struct error *err)
{
	return key_drive_read_folder(path, drive, err);
}

/* The next file system of a disk, as drive_find has it; ret->found says whether it has keys.
 * Returns 1, or 0 behind the last one. */
static int read_key_drive_disk(const struct disk *disk, unsigned *place, const char *mount_path,
	struct key_drive *ret, struct error *err)
{
	char node[sizeof(ret->node)];
	struct probe_result found;
	int r;

	memset(ret, 0, sizeof(*ret));
	if (!drive_find(disk, NULL, place, node, sizeof(node), &found))
		return 0;
	r = drive_visit(node, found.type, mount_path, look_for_keys, ret, err);
	if (r < 0) {
		error_wrap(err, "key drive %s", node);
		key_drive_free(ret);
		return r;
	}
	snprintf(ret->disk_name, sizeof(ret->disk_name), "%s", disk->name);
	snprintf(ret->node, sizeof(ret->node), "%s", node);
	snprintf(ret->fstype, sizeof(ret->fstype), "%s", found.type);
	return 1;
}

/* What a search has found: every key drive is read, and the first one is kept. */
struct found_drives {
	struct key_drive first, candidate;
	size_t count;
	char nodes[NODES_BYTES]; /* of all of them */
};

static void note_key_drive(struct found_drives *found)
{
	struct key_drive *drive = &found->candidate;

	text_append(found->nodes, sizeof(found->nodes), "%s%s (%s)", found->count ? ", " : "",
		drive->node, drive->fstype);
	if (++found->count == 1)
		found->first = *drive;
	else
		key_drive_free(drive);
}

static int search_disk(
	struct disk *disk, const char *mount_path, struct found_drives *found, struct error *err)
{
	unsigned place = 0;
	int r;

	while ((r = read_key_drive_disk(disk, &place, mount_path, &found->candidate, err)) > 0) {
		if (found->candidate.found) {
			disk->key_drive = true;
			note_key_drive(found);
		} else {
			key_drive_free(&found->candidate);
		}
	}
	return r;
}

int key_drive_read(struct disk *disks, size_t count, const char *mount_path, struct key_drive *ret,
	struct error *err)
{
	AUTO_FREE struct found_drives *found = must_realloc(NULL, 1, sizeof(*found));
	int r = 0;

	memset(found, 0, sizeof(*found));
	for (size_t i = 0; i < count && r == 0; i++)
		r = search_disk(&disks[i], mount_path, found, err);
	if (r == 0 && found->count > 1)
		r = error_set_code(err, EXIT_NO_KEY, -EEXIST,
			"There are %zu key drives, and only one is read: %s; detach the others.",
			found->count, found->nodes);
	if (r < 0) {
		key_drive_free(&found->first);
		return r;
	}
	if (found->count)
		log_line("key drive: %s", found->nodes);
	*ret = found->first;
	return 0;
}

/* A file that is looked for while the drive is mounted. */
struct wanted_file {
	const char *name;
	size_t max_bytes;
	char *text;
	size_t size_bytes;
};

static int read_wanted(const char *path, void *userdata, struct error *err)
{
	AUTO_CLOSE int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct wanted_file *file = userdata;

	if (folder < 0)
		return error_errno(err, -errno, "open %s", path);
	return drive_read_file(folder, file->name, file->max_bytes, EXIT_CONFIGURATION, &file->text,
		&file->size_bytes, err);
}

static int read_wanted_from_drive(const struct key_drive *drive, const char *mount_path,
	struct wanted_file *file, struct error *err)
{
	int r;

	if (!drive->found)
		return 0;
	r = drive_visit(drive->node, drive->fstype, mount_path, read_wanted, file, err);
	if (r < 0) {
		error_wrap(err, "key drive %s", drive->node);
		return r;
	}
	if (r == 0)
		return error_set_code(err, EXIT_CONFIGURATION, -EIO,
			"The key drive %s, from which %s is to be read, cannot be mounted.",
			drive->node, file->name);
	return 0;
}

static int refuse_no_file(const struct key_drive *drive, const char *name, struct error *err)
{
	if (!drive->found)
		return error_set_code(err, EXIT_CONFIGURATION, -ENOENT,
			"The file %s is to be read from the key drive, but there is no key drive: attach one that holds it.",
			name);
	return error_set_code(err, EXIT_CONFIGURATION, -ENOENT,
		"There is no file %s on the key drive %s: put it into its root folder.", name,
		drive->node);
}

int key_drive_read_file(const struct key_drive *drive, const char *mount_path, const char *name,
	size_t max_bytes, char **ret_text, size_t *ret_bytes, struct error *err)
{
	struct wanted_file file = { .name = name, .max_bytes = max_bytes };
	int r = read_wanted_from_drive(drive, mount_path, &file, err);

	if (r < 0)
		return r;
	if (!file.text && drive->embedded)
		r = embedded_read_file(drive->embedded, name, max_bytes, EXIT_CONFIGURATION,
			&file.text, &file.size_bytes, err);
	if (r < 0)
		return r;
	if (!file.text)
		return refuse_no_file(drive, name, err);
	*ret_text = file.text;
	*ret_bytes = file.size_bytes;
	return 0;
}

void key_drive_free(struct key_drive *drive)
{
	for (size_t i = 0; i < drive->count; i++)
		free(drive->files[i].text);
	for (size_t i = 0; i < drive->host_count; i++)
		free(drive->host_files[i].text);
	free(drive->config_text);
	for (size_t i = 0; i < OTHER_FILE_COUNT; i++) {
		char **text = (char **)((char *)drive + other_files[i].text);

		free(*text);
		*text = NULL;
	}
	drive->count = drive->host_count = 0;
	drive->config_text = NULL;
	drive->config_bytes = 0;
	drive->found = false;
}
