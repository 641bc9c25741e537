/* SPDX-License-Identifier: MIT */
#include "plan/plan.h"

#include <inttypes.h>
#include <stdio.h>

#include "disk/names.h"

static const char *const role_names[] = {
	[ROLE_BIOS_BOOT] = "bios_boot",
	[ROLE_ESP] = "esp",
	[ROLE_BOOT] = "boot",
	[ROLE_ROOT] = "root",
	[ROLE_SWAP] = "swap",
};

static bool is_boot_disk(const struct plan *plan, size_t index)
{
	return plan->partitions[index].role == ROLE_BOOT && !layout_has_table(plan->layout);
}

const char *plan_disk_path(const struct plan *plan, size_t index)
{
	return is_boot_disk(plan, index) ? plan->boot_disk_path : plan->disk_path;
}

const char *plan_open_path(const struct plan *plan, size_t index)
{
	const char *path = is_boot_disk(plan, index) ? plan->boot_open_path : plan->open_path;

	return path[0] ? path : plan_disk_path(plan, index);
}

void plan_partition_node(const struct plan *plan, size_t index, char ret_path[PLAN_NODE_BYTES])
{
	if (layout_has_table(plan->layout))
		names_of_partition(plan->disk_path, (unsigned)index + 1, ret_path, PLAN_NODE_BYTES);
	else
		snprintf(ret_path, PLAN_NODE_BYTES, "%.127s", plan_disk_path(plan, index));
}

void plan_install_mark(const struct plan *plan, size_t index, enum install_mark_state state,
	struct install_mark *ret)
{
	*ret = (struct install_mark){ .state = state };
	if (state == MARK_INSTALLED)
		snprintf(ret->system, sizeof(ret->system), "%s", plan->system);
	snprintf(ret->table_id, sizeof(ret->table_id), "%s", plan->table_id);
	snprintf(ret->fs_uuid, sizeof(ret->fs_uuid), "%s", plan->partitions[index].fs_uuid);
}

const char *plan_role_name(enum partition_role role)
{
	return role_names[role];
}

const char *plan_file_system_name(enum file_system fs)
{
	static const char *const names[] = {
		[FS_NONE] = NULL,
		[FS_EXT4] = "ext4",
		[FS_VFAT] = "vfat",
		[FS_SWAP] = "swap",
	};

	return names[fs];
}

static void print_partition(const struct plan *plan, size_t index, FILE *out)
{
	const struct plan_partition *p = &plan->partitions[index];

	if (layout_has_table(plan->layout))
		fprintf(out, "partition %zu: %s, %" PRIu64 " bytes at %" PRIu64 ", type %s",
			index + 1, role_names[p->role], p->size_bytes, p->offset_bytes, p->type);
	else
		fprintf(out, "%s: the whole of %s, %" PRIu64 " bytes", role_names[p->role],
			plan_disk_path(plan, index), p->size_bytes);
	if (p->name[0])
		fprintf(out, ", name %s, uuid %s", p->name, p->uuid);
	fputc('\n', out);
	if (p->fs != FS_NONE)
		fprintf(out, "  file system: %s, label \"%s\", uuid %s, %s%s\n",
			plan_file_system_name(p->fs), p->fs_label, p->fs_uuid,
			p->mount_path[0] ? "mounted on " : "not mounted", p->mount_path);
}

void plan_print(const struct plan *plan, FILE *out)
{
	fprintf(out, "disk: %s, %" PRIu64 " bytes, sectors of %u bytes%s\n", plan->disk_path,
		plan->disk_bytes, plan->sector_bytes, plan->image_file ? ", an image file" : "");
	if (plan->boot_disk_path[0])
		fprintf(out, "boot disk: %s, %" PRIu64 " bytes\n", plan->boot_disk_path,
			plan->boot_disk_bytes);
	fprintf(out, "layout: %s, %s%s\n", layout_name(plan->layout),
		plan->table_id[0] ? "table " : "no table", plan->table_id);
	for (size_t i = 0; i < plan->partition_count; i++)
		print_partition(plan, i, out);
	fprintf(out, "directory hash seed: %s\n", plan->hash_seed);
	fprintf(out, "system: %s\n",
		plan->system[0] ? plan->system : "as nixos-install will build it");
	fprintf(out, "keys for: %s\n", plan->keys_user);
}
