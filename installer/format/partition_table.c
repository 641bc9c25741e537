/* SPDX-License-Identifier: MIT */
#include "format/partition_table.h"

#include <errno.h>
#include <libfdisk/libfdisk.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/uuid.h"

#define SECTOR_BYTES_DEFAULT 512

static void unref_context(struct fdisk_context **context)
{
	fdisk_unref_context(*context);
}

static void unref_partition(struct fdisk_partition **partition)
{
	fdisk_unref_partition(*partition);
}

static void unref_type(struct fdisk_parttype **type)
{
	fdisk_unref_parttype(*type);
}

#define AUTO_CONTEXT   CLEANUP(unref_context)
#define AUTO_PARTITION CLEANUP(unref_partition)
#define AUTO_TYPE      CLEANUP(unref_type)

/* A context that works on the caller's descriptor and does not close it; the caller frees it, also
 * after an error. */
static int open_table(const struct plan *plan, int fd, bool read_only, struct fdisk_context **ret,
	struct error *err)
{
	struct fdisk_context *context = *ret = fdisk_new_context();
	int r;

	if (!context)
		abort();
	/* Without this, libfdisk takes an unanswered question for a no, and refuses a DOS partition
	 * over old data. */
	fdisk_disable_dialogs(context, 1);
	if (plan->sector_bytes != SECTOR_BYTES_DEFAULT)
		fdisk_save_user_sector_size(context, plan->sector_bytes, plan->sector_bytes);
	/* The plan places every partition itself, whatever alignment the disk would like. */
	fdisk_save_user_grain(context, plan->sector_bytes);
	r = fdisk_assign_device_by_fd(context, fd, plan->disk_path, read_only);
	if (r < 0)
		return error_errno(err, r, "prepare a partition table");
	if (fdisk_get_sector_size(context) != plan->sector_bytes)
		return error_set(err, -EINVAL,
			"the disk has sectors of %lu bytes, the plan counts on %u",
			fdisk_get_sector_size(context), plan->sector_bytes);
	return 0;
}

static int make_label(const struct plan *plan, struct fdisk_context *context, struct error *err)
{
	const char *kind = plan->layout == LAYOUT_GPT ? "gpt" : "dos";
	int r = fdisk_create_disklabel(context, kind);

	if (r < 0)
		return error_errno(err, r, "make a table of type %s", kind);
	r = fdisk_set_disklabel_id_from_string(context, plan->table_id);
	if (r < 0)
		return error_errno(err, r, "set the table's id to %s", plan->table_id);
	return 0;
}

static int set_gpt_fields(
	const struct plan_partition *part, struct fdisk_partition *pa, struct error *err)
{
	int r = fdisk_partition_set_uuid(pa, part->uuid);

	if (r == 0)
		r = fdisk_partition_set_name(pa, part->name);
	if (r < 0)
		return error_errno(err, r, "set UUID and name");
	return 0;
}

/* Start, size and type exactly as in the plan; returns -EINVAL for a type libfdisk cannot read. */
static int set_place(const struct plan *plan, size_t index, struct fdisk_context *context,
	struct fdisk_partition *pa, struct error *err)
{
	const struct plan_partition *part = &plan->partitions[index];
	struct fdisk_label *label = fdisk_get_label(context, NULL);
	AUTO_TYPE struct fdisk_parttype *type = fdisk_label_parse_parttype(label, part->type);
	int r;

	if (!type)
		return error_set(err, -EINVAL, "%s is no partition type", part->type);
	r = fdisk_partition_set_partno(pa, index);
	if (r == 0)
		r = fdisk_partition_set_start(pa, part->offset_bytes / plan->sector_bytes);
	if (r == 0)
		r = fdisk_partition_set_size(pa, part->size_bytes / plan->sector_bytes);
	if (r == 0)
		r = fdisk_partition_size_explicit(pa, 1);
	if (r == 0)
		r = fdisk_partition_set_type(pa, type);
	if (r < 0)
		return error_errno(err, r, "set place and type");
	return 0;
}

static int add_table_entry(
	const struct plan *plan, size_t index, struct fdisk_context *context, struct error *err)
{
	AUTO_PARTITION struct fdisk_partition *pa = fdisk_new_partition();
	int r;

	if (!pa)
		abort();
	r = set_place(plan, index, context, pa, err);
	if (r < 0)
		return r;
	if (plan->layout == LAYOUT_GPT) {
		r = set_gpt_fields(&plan->partitions[index], pa, err);
		if (r < 0)
			return r;
	}
	r = fdisk_add_partition(context, pa, NULL);
	if (r < 0)
		return error_errno(err, r, "add it to the table");
	/* Some firmware boots only from a disk with an active partition. */
	if (plan->layout == LAYOUT_BIOS && index == plan->root) {
		r = fdisk_toggle_partition_flag(context, index, DOS_FLAG_ACTIVE);
		if (r < 0)
			return error_errno(err, r, "make it active");
	}
	return 0;
}

/* Only fsync of this disk here, no sync of all others. */
static int write_out(struct fdisk_context *context, int fd, struct error *err)
{
	int r = fdisk_write_disklabel(context);

	if (r < 0)
		return error_errno(err, r, "write the partition table");
	r = fdisk_deassign_device(context, 1);
	if (r < 0)
		return error_errno(err, r, "finish the partition table");
	if (fsync(fd) < 0)
		return error_errno(err, -errno, "wait for the partition table to be written");
	return 0;
}

static int write_table(const struct plan *plan, int fd, struct error *err)
{
	AUTO_CONTEXT struct fdisk_context *context = NULL;
	int r = open_table(plan, fd, false, &context, err);

	if (r < 0)
		return r;
	r = make_label(plan, context, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < plan->partition_count; i++) {
		r = add_table_entry(plan, i, context, err);
		if (r < 0) {
			error_wrap(err, "partition %zu", i + 1);
			return r;
		}
	}
	return write_out(context, fd, err);
}

static int check_table_entry(
	const struct plan *plan, size_t index, struct fdisk_context *context, struct error *err)
{
	const struct plan_partition *part = &plan->partitions[index];
	AUTO_PARTITION struct fdisk_partition *pa = NULL;
	int r = fdisk_get_partition(context, index, &pa);

	if (r < 0 || !fdisk_partition_has_start(pa) || !fdisk_partition_has_size(pa) ||
		fdisk_partition_get_start(pa) != part->offset_bytes / plan->sector_bytes ||
		fdisk_partition_get_size(pa) != part->size_bytes / plan->sector_bytes)
		return error_set(err, -EIO,
			"the partition table was written without an error, but partition %zu is not in it as planned; "
			"the disk loses what is written to it",
			index + 1);
	return 0;
}

/* libfdisk ignores a write that ends early, and writes a damaged backup of a GPT where it cannot
 * learn the disk's size. Of an image file no kernel reads the table either. */
static int read_table_back(const struct plan *plan, int fd, struct error *err)
{
	AUTO_CONTEXT struct fdisk_context *context = NULL;
	int r = open_table(plan, fd, true, &context, err);

	for (size_t i = 0; r == 0 && i < plan->partition_count; i++)
		r = check_table_entry(plan, i, context, err);
	if (r < 0)
		return r;
	/* In its memory libfdisk has put a valid half of a GPT in the place of a damaged one. */
	if (fdisk_label_is_changed(fdisk_get_label(context, NULL)))
		return error_set(err, -EIO,
			"the partition table was written without an error, but one of its two copies is damaged; "
			"the disk loses what is written to it");
	return 0;
}

int partition_table_write(const struct plan *plan, int fd, struct error *err)
{
	int r = write_table(plan, fd, err);

	if (r < 0)
		return r;
	return read_table_back(plan, fd, err);
}

/* -------------------------------------------------------- other identities */

/* The partition of the plan that begins at this sector; NULL if it has none there. */
static struct plan_partition *find_planned(struct plan *plan, uint64_t start)
{
	for (size_t i = 0; i < plan->partition_count; i++)
		if (plan->partitions[i].offset_bytes == start * plan->sector_bytes)
			return &plan->partitions[i];
	return NULL;
}

static int renew_partition(struct plan *plan, struct fdisk_context *context, size_t number,
	const char *seed, struct error *err)
{
	AUTO_PARTITION struct fdisk_partition *found = NULL, *pa = NULL;
	char purpose[32], uuid[UUID_TEXT_BYTES];
	struct plan_partition *planned;
	int r;

	if (fdisk_get_partition(context, number, &found) < 0 || !fdisk_partition_has_start(found))
		return 0;
	snprintf(purpose, sizeof(purpose), "partition %zu", number + 1);
	uuid_derive_upper(seed, purpose, uuid);
	pa = fdisk_new_partition();
	if (!pa)
		abort();
	r = fdisk_partition_set_uuid(pa, uuid);
	if (r == 0)
		r = fdisk_set_partition(context, number, pa);
	if (r < 0)
		return error_errno(err, r, "set the UUID of partition %zu", number + 1);
	planned = find_planned(plan, fdisk_partition_get_start(found));
	if (planned)
		snprintf(planned->uuid, sizeof(planned->uuid), "%s", uuid);
	return 0;
}

static int renew_partitions(
	struct plan *plan, struct fdisk_context *context, const char *seed, struct error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < fdisk_get_npartitions(context); i++)
		r = renew_partition(plan, context, i, seed, err);
	return r;
}

int partition_table_renew(struct plan *plan, int fd, const char *seed, struct error *err)
{
	AUTO_CONTEXT struct fdisk_context *context = NULL;
	int r = open_table(plan, fd, false, &context, err);

	if (r < 0)
		return r;
	if (!fdisk_has_label(context))
		return error_set(err, -EINVAL, "%s has no partition table", plan->disk_path);
	r = fdisk_set_disklabel_id_from_string(context, plan->table_id);
	if (r < 0)
		return error_errno(err, r, "set the table's id to %s", plan->table_id);
	if (plan->layout == LAYOUT_GPT)
		r = renew_partitions(plan, context, seed, err);
	if (r < 0)
		return r;
	return write_out(context, fd, err);
}
