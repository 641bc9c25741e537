/* SPDX-License-Identifier: MIT */
#include "format/dev_links.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

static int make_dev_link(const char *folder, const char *name, const char *node, struct error *err)
{
	char path[256], target[256];
	int r;

	if (name[0] == '\0')
		return 0;
	snprintf(path, sizeof(path), "/dev/disk/%s", folder);
	r = file_make_folder(path, 0755, 0, 0, err);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "/dev/disk/%s/%s", folder, name);
	snprintf(target, sizeof(target), "../..%s", node + strlen("/dev"));
	return file_make_link(target, path, err);
}

int dev_links_make(const struct plan *plan, struct error *err)
{
	int r;

	if (plan->image_file)
		return 0;
	r = file_make_folder("/dev/disk", 0755, 0, 0, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < plan->partition_count; i++) {
		const struct plan_partition *p = &plan->partitions[i];
		char part_uuid[sizeof(p->uuid)];
		const struct {
			const char *folder, *name;
		} links[] = {
			{ "by-label", p->fs_label },
			{ "by-uuid", p->fs_uuid },
			{ "by-partuuid", part_uuid },
			{ "by-partlabel", p->name },
		};
		char node[128];

		plan_partition_node(plan, i, node);
		/* As udev writes it. */
		snprintf(part_uuid, sizeof(part_uuid), "%s", p->uuid);
		text_lower(part_uuid);
		for (size_t j = 0; j < sizeof(links) / sizeof(links[0]); j++) {
			r = make_dev_link(links[j].folder, links[j].name, node, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}
