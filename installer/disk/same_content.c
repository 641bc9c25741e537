/* SPDX-License-Identifier: MIT */
#include "disk/same_content.h"

#include <string.h>

static bool is_same_label(const struct disk_label *a, const struct disk_label *b)
{
	return strcmp(a->where, b->where) == 0 && strcmp(a->label, b->label) == 0 &&
	       strcmp(a->uuid, b->uuid) == 0 && a->offset_bytes == b->offset_bytes;
}

static bool is_same_start(const struct disk_start *a, const struct disk_start *b)
{
	return strcmp(a->type, b->type) == 0 && strcmp(a->label, b->label) == 0 &&
	       strcmp(a->uuid, b->uuid) == 0 && a->offset_bytes == b->offset_bytes;
}

static bool is_same_mark(const struct install_mark *a, const struct install_mark *b)
{
	return a->state == b->state && strcmp(a->system, b->system) == 0 &&
	       strcmp(a->table_id, b->table_id) == 0 && strcmp(a->fs_uuid, b->fs_uuid) == 0 &&
	       a->start == b->start && a->start_superblock == b->start_superblock;
}

bool same_content(const struct disk *a, const struct disk *b)
{
	if (strcmp(a->table, b->table) != 0 || strcmp(a->table_id, b->table_id) != 0 ||
		a->start_count != b->start_count || strcmp(a->signature, b->signature) != 0 ||
		strcmp(a->unreadable, b->unreadable) != 0 || a->nonzero != b->nonzero ||
		(a->nonzero && a->nonzero_offset_bytes != b->nonzero_offset_bytes) ||
		a->label_count != b->label_count || strcmp(a->wipe_token, b->wipe_token) != 0)
		return false;
	for (size_t i = 0; i < a->label_count; i++)
		if (!is_same_label(&a->labels[i], &b->labels[i]))
			return false;
	for (size_t i = 0; i < a->start_count; i++)
		if (!is_same_start(&a->starts[i], &b->starts[i]))
			return false;
	for (size_t i = 0; i < LAYOUT_COUNT; i++)
		if (!is_same_mark(&a->marks[i], &b->marks[i]))
			return false;
	return true;
}
