/* SPDX-License-Identifier: MIT */
#include "input/cidata.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/yaml.h"
#include "input/drive.h"

#define LABEL "cidata"

static bool is_cidata(const struct probe_result *found)
{
	return (strcmp(found->type, "vfat") == 0 || strcmp(found->type, "iso9660") == 0) &&
	       strcasecmp(found->label, LABEL) == 0;
}

/* Names the files that are there and not read. */
static void note_ignored(int folder, struct cidata *cidata)
{
	static const char *const names[] = { "vendor-data", "network-config", NULL };

	for (size_t i = 0; names[i]; i++)
		if (faccessat(folder, names[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			text_append(cidata->ignored, sizeof(cidata->ignored), "%s%s",
				cidata->ignored[0] ? ", " : "", names[i]);
}

static int look_for_cidata(const char *path, void *userdata, struct error *err)
{
	AUTO_CLOSE int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct cidata *cidata = userdata;
	int r;

	if (folder < 0)
		return error_errno(err, -errno, "open %s", path);
	r = drive_read_file(folder, "user-data", YAML_MAX_BYTES, EXIT_CONFIGURATION,
		&cidata->user_data, &cidata->user_data_bytes, err);
	if (r < 0)
		return r;
	r = drive_read_file(folder, "meta-data", YAML_MAX_BYTES, EXIT_CONFIGURATION,
		&cidata->meta_data, &cidata->meta_data_bytes, err);
	if (r < 0)
		return r;
	cidata->found = cidata->user_data || cidata->meta_data;
	note_ignored(folder, cidata);
	return 0;
}

static int read_cidata_disk(
	struct disk *disk, const char *mount_path, struct cidata *cidata, struct error *err)
{
	struct probe_result found;
	char node[sizeof(cidata->node)];
	int r;

	if (!drive_find(disk, is_cidata, node, sizeof(node), &found))
		return 0;
	if (cidata->found)
		return error_set_code(err, EXIT_CONFIGURATION, -EEXIST,
			"%s and %s are both drives with the label " LABEL "; detach one of them",
			cidata->node, node);
	r = drive_visit(node, found.type, mount_path, look_for_cidata, cidata, err);
	if (r < 0) {
		error_wrap(err, "the " LABEL " drive %s", node);
		return r;
	}
	if (r == 0 || !cidata->found)
		return 0;
	disk->key_drive = true;
	snprintf(cidata->node, sizeof(cidata->node), "%s", node);
	return 0;
}

int cidata_read(struct disk *disks, size_t count, const char *mount_path, struct cidata *ret,
	struct error *err)
{
	struct cidata cidata = { .found = false };
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = read_cidata_disk(&disks[i], mount_path, &cidata, err);
	if (r < 0)
		cidata_free(&cidata);
	else
		*ret = cidata;
	return r;
}

void cidata_free(struct cidata *cidata)
{
	free(cidata->user_data);
	free(cidata->meta_data);
	*cidata = (struct cidata){ .found = false };
}
