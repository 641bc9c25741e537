/* SPDX-License-Identifier: MIT */
#include "plan/plan_json.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"

static const char *const disk_class_names[] = {
	[DISK_TAKEN] = "taken",
	[DISK_OUT] = "out",
	[DISK_CONTENT] = "content",
	[DISK_INSTALLED] = "installed",
	[DISK_SMALL] = "small",
	[DISK_CONFLICT] = "conflict",
	[DISK_SUITABLE] = "suitable",
};

/* An empty text stands for none in our structs. */
static void put_text_member(struct json_document *to, const char *name, const char *text)
{
	json_add_string(to, name, text[0] ? text : NULL);
}

static void add_labels(struct json_document *to, const struct disk *disk)
{
	struct json_document *labels = json_add_array(to, "labels");

	for (size_t i = 0; i < disk->label_count; i++) {
		struct json_document *label = json_add_object(labels, NULL);

		put_text_member(label, "where", disk->labels[i].where);
		put_text_member(label, "label", disk->labels[i].label);
		put_text_member(label, "uuid", disk->labels[i].uuid);
	}
}

static bool is_classified(const struct plan_answer *answer, size_t index)
{
	return answer->selection->disks[index].reason[0] != '\0';
}

static void add_disk(struct json_document *disks, const struct plan_answer *answer, size_t index)
{
	const struct disk *disk = &answer->disks[index];
	struct json_document *to = json_add_object(disks, NULL);
	enum disk_class disk_class = answer->selection->disks[index].disk_class;

	put_text_member(to, "name", disk->name);
	put_text_member(to, "path", disk->path);
	json_add_number(to, "size_bytes", disk->size_bytes);
	json_add_number(to, "sector_bytes", disk->sector_bytes);
	put_text_member(to, "serial", disk->serial);
	put_text_member(to, "table", disk->table);
	put_text_member(to, "signature", disk->signature);
	add_labels(to, disk);
	json_add_string(to, "judgement",
		is_classified(answer, index) ? disk_class_names[disk_class] : NULL);
	put_text_member(to, "reason", answer->selection->disks[index].reason);
	put_text_member(to, "setting", answer->selection->disks[index].setting);
}

static void add_target(struct json_document *to, const struct plan_answer *answer)
{
	const char *target = NULL;

	for (size_t i = 0; i < answer->disk_count; i++)
		if (is_classified(answer, i) &&
			answer->selection->disks[i].disk_class == DISK_TAKEN)
			target = answer->disks[i].path;
	json_add_string(to, "target", target);
}

static void json_partition(
	struct json_document *partitions, const struct plan_partition *p, size_t number)
{
	struct json_document *to = json_add_object(partitions, NULL);

	json_add_number(to, "number", number);
	json_add_string(to, "role", plan_role_name(p->role));
	json_add_number(to, "offset_bytes", p->offset_bytes);
	json_add_number(to, "size_bytes", p->size_bytes);
	put_text_member(to, "type", p->type);
	put_text_member(to, "name", p->name);
	put_text_member(to, "uuid", p->uuid);
	json_add_string(to, "file_system", plan_file_system_name(p->fs));
	put_text_member(to, "fs_label", p->fs_label);
	put_text_member(to, "fs_uuid", p->fs_uuid);
	put_text_member(to, "mount_path", p->mount_path);
}

static int compare_mounts(const void *a, const void *b)
{
	const struct plan_partition *const *p = a, *const *q = b;

	return strcmp((*p)->mount_path, (*q)->mount_path);
}

/* Sorted by path, which puts parents first. */
static void add_mounts(struct json_document *to, const struct plan *plan)
{
	const struct plan_partition *mounted[PLAN_PARTITIONS_MAX];
	struct json_document *mounts = json_add_array(to, "mounts");
	size_t count = 0;

	for (size_t i = 0; i < plan->partition_count; i++)
		if (plan->partitions[i].mount_path[0])
			mounted[count++] = &plan->partitions[i];
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): the pointers are sorted, not the partitions */
	qsort(mounted, count, sizeof(mounted[0]), compare_mounts);
	for (size_t i = 0; i < count; i++) {
		struct json_document *mount = json_add_object(mounts, NULL);

		json_add_string(mount, "path", mounted[i]->mount_path);
		json_add_number(mount, "partition", (uint64_t)(mounted[i] - plan->partitions) + 1);
		json_add_string(mount, "file_system", plan_file_system_name(mounted[i]->fs));
	}
}

static void add_plan(struct json_document *root, const struct plan *plan)
{
	struct json_document *to, *partitions;

	if (!plan) {
		json_add_string(root, "plan", NULL);
		return;
	}
	to = json_add_object(root, "plan");
	json_add_string(to, "layout", layout_name(plan->layout));
	json_add_string(to, "disk", plan->disk_path);
	json_add_bool(to, "image_file", plan->image_file);
	json_add_number(to, "disk_bytes", plan->disk_bytes);
	json_add_number(to, "sector_bytes", plan->sector_bytes);
	put_text_member(to, "boot_disk", plan->boot_disk_path);
	json_add_number(to, "boot_disk_bytes", plan->boot_disk_bytes);
	put_text_member(to, "table_id", plan->table_id);
	partitions = json_add_array(to, "partitions");
	for (size_t i = 0; i < plan->partition_count; i++)
		json_partition(partitions, &plan->partitions[i], i + 1);
	add_mounts(to, plan);
	json_add_string(to, "hash_seed", plan->hash_seed);
	json_add_string(to, "system", plan->system);
	json_add_string(to, "keys_user", plan->keys_user);
}

static void add_refusal(struct json_document *root, const struct error *refusal, enum stage stage)
{
	struct json_document *to;

	if (!refusal) {
		json_add_string(root, "refusal", NULL);
		return;
	}
	to = json_add_object(root, "refusal");
	json_add_number(to, "code", (uint64_t)refusal->code);
	json_add_string(to, "stage", stage_name(stage));
	json_add_string(to, "sentence", refusal->text);
}

char *plan_json(const struct plan_answer *answer)
{
	CLEANUP(json_free) struct json_document *root = json_new();
	struct json_document *disks;

	json_add_number(root, "version", PLAN_JSON_VERSION);
	disks = json_add_array(root, "disks");
	for (size_t i = 0; i < answer->disk_count; i++)
		add_disk(disks, answer, i);
	add_target(root, answer);
	add_plan(root, answer->plan);
	add_refusal(root, answer->refusal, answer->stage);
	return json_text(root);
}
