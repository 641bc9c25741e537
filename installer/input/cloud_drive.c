/* SPDX-License-Identifier: MIT */
#include "input/cloud_drive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "base/yaml.h"
#include "input/drive.h"

static const struct {
	const char *label;
	const char *user_data, *meta_data, *network;
	const char *ignored[3];
	size_t meta_data_max_bytes, network_max_bytes;
} kinds[CLOUD_KIND_COUNT] = {
	[CLOUD_NOCLOUD] = { "cidata", "user-data", "meta-data", "network-config",
		{ "vendor-data", NULL }, YAML_MAX_BYTES, YAML_MAX_BYTES },
	[CLOUD_CONFIG_2] = { "config-2", "openstack/latest/user_data",
		"openstack/latest/meta_data.json", "openstack/latest/network_data.json",
		{ "openstack/latest/vendor_data.json", "openstack/latest/vendor_data2.json", NULL },
		JSON_MAX_BYTES, JSON_MAX_BYTES },
};

const char *cloud_drive_label(enum cloud_kind kind)
{
	return kinds[kind].label;
}

void cloud_drive_file_name(const struct cloud_drive *drive, const struct cloud_file *file,
	char ret[CLOUD_FILE_NAME_BYTES])
{
	const char *name = file == &drive->user_data   ? kinds[drive->kind].user_data
			   : file == &drive->meta_data ? kinds[drive->kind].meta_data
						       : kinds[drive->kind].network;

	if (drive->fetched)
		snprintf(ret, CLOUD_FILE_NAME_BYTES, "%s of ds=nocloud", name);
	else
		snprintf(ret, CLOUD_FILE_NAME_BYTES, "%s on the %s drive", name,
			kinds[drive->kind].label);
}

/* Names the files that are there and not read. */
static void note_ignored(int folder, struct cloud_drive *drive)
{
	const char *const *names = kinds[drive->kind].ignored;

	for (size_t i = 0; names[i]; i++)
		if (faccessat(folder, names[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			text_append(drive->ignored, sizeof(drive->ignored), "%s%s",
				drive->ignored[0] ? ", " : "", names[i]);
}

static int read_cloud_file(
	int folder, const char *name, size_t max_bytes, struct cloud_file *ret, struct error *err)
{
	return drive_read_file(
		folder, name, max_bytes, EXIT_CONFIGURATION, &ret->text, &ret->size_bytes, err);
}

static int look_for_cloud_files(const char *path, void *userdata, struct error *err)
{
	AUTO_CLOSE int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct cloud_drive *drive = userdata;
	enum cloud_kind kind = drive->kind;
	int r;

	if (folder < 0)
		return error_errno(err, -errno, "open %s", path);
	r = read_cloud_file(folder, kinds[kind].user_data, YAML_MAX_BYTES, &drive->user_data, err);
	if (r < 0)
		return r;
	r = read_cloud_file(folder, kinds[kind].meta_data, kinds[kind].meta_data_max_bytes,
		&drive->meta_data, err);
	if (r < 0)
		return r;
	r = read_cloud_file(
		folder, kinds[kind].network, kinds[kind].network_max_bytes, &drive->network, err);
	if (r < 0)
		return r;
	drive->found = drive->user_data.text || drive->meta_data.text || drive->network.text;
	note_ignored(folder, drive);
	return 0;
}

static int read_cloud_node(struct disk *disk, const char *node, const struct probe_result *found,
	const char *mount_path, struct cloud_drive *drive, struct error *err)
{
	const char *label = kinds[drive->kind].label;
	int r;

	if (drive->found)
		return error_set_code(err, EXIT_CONFIGURATION, -EEXIST,
			"%s and %s are both drives with the label %s; detach one of them",
			drive->node, node, label);
	r = drive_visit(node, found->type, mount_path, look_for_cloud_files, drive, err);
	if (r < 0) {
		error_wrap(err, "the %s drive %s", label, node);
		return r;
	}
	if (r == 0 || !drive->found)
		return 0;
	disk->key_drive = true;
	log_line("%s drive: %s (%s)", label, node, found->type);
	snprintf(drive->node, sizeof(drive->node), "%s", node);
	return 0;
}

static int read_cloud_disk(
	struct disk *disk, const char *mount_path, struct cloud_drive *drive, struct error *err)
{
	const char *label = kinds[drive->kind].label;
	char node[sizeof(drive->node)];
	struct probe_result found;
	unsigned place = 0;
	int r = 0;

	while (r == 0 && drive_find(disk, label, &place, node, sizeof(node), &found))
		r = read_cloud_node(disk, node, &found, mount_path, drive, err);
	return r;
}

int cloud_drive_read(struct disk *disks, size_t count, enum cloud_kind kind, const char *mount_path,
	struct cloud_drive *ret, struct error *err)
{
	struct cloud_drive drive = { .kind = kind };
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = read_cloud_disk(&disks[i], mount_path, &drive, err);
	if (r < 0)
		cloud_drive_free(&drive);
	else
		*ret = drive;
	return r;
}

void cloud_drive_free(struct cloud_drive *drive)
{
	free(drive->user_data.text);
	free(drive->meta_data.text);
	free(drive->network.text);
	*drive = (struct cloud_drive){ .kind = drive->kind };
}
