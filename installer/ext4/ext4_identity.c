/* SPDX-License-Identifier: MIT */
#include "ext4/ext4_identity.h"

#include <errno.h>
#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/uuid.h"
#include "ext4/ext4_open.h"
#include "ext4/mkfs.h"

static int open_for_identity(
	const char *path, uint64_t offset_bytes, bool writable, ext2_filsys *ret, struct error *err)
{
	int r = ext4_open(path, offset_bytes, writable, ret, err);

	if (r < 0)
		error_wrap(err, "ext4 file system on %s", path);
	return r;
}

static int check_state(struct ext2_super_block *sb, struct error *err)
{
	if (ext2fs_has_feature_journal_needs_recovery(sb))
		return error_set(err, -EBUSY, "its journal is still to be replayed");
	if (!(sb->s_state & EXT2_VALID_FS) || (sb->s_state & EXT2_ERROR_FS))
		return error_set(err, -EUCLEAN, "it is marked as faulty");
	return 0;
}

int ext4_identity_check(const char *path, uint64_t offset_bytes, struct error *err)
{
	CLEANUP(mkfs_discard) ext2_filsys fs = NULL;
	int r = open_for_identity(path, offset_bytes, false, &fs, err);

	if (r < 0)
		return r;
	r = check_state(fs->super, err);
	if (r < 0)
		error_wrap(err, "ext4 file system on %s", path);
	return r;
}

/* Without checksums of all metadata, only those of the group descriptors follow from the UUID. */
static void keep_checksums(ext2_filsys fs)
{
	if (!ext2fs_has_feature_metadata_csum(fs->super) || ext2fs_has_feature_csum_seed(fs->super))
		return;
	fs->super->s_checksum_seed = fs->csum_seed;
	ext2fs_set_feature_csum_seed(fs->super);
}

static void set_new_uuid(ext2_filsys fs, const uint8_t uuid[UUID_BYTES])
{
	keep_checksums(fs);
	memcpy(fs->super->s_uuid, uuid, UUID_BYTES);
	for (dgrp_t group = 0; group < fs->group_desc_count; group++)
		ext2fs_group_desc_csum_set(fs, group);
	ext2fs_mark_super_dirty(fs);
	/* The copies have the old UUID. */
	fs->flags &= ~EXT2_FLAG_MASTER_SB_ONLY;
}

int ext4_identity_set(const char *path, uint64_t offset_bytes, const char *uuid, struct error *err)
{
	CLEANUP(mkfs_discard) ext2_filsys fs = NULL;
	uint8_t bytes[UUID_BYTES];
	int r;

	if (uuid_to_bytes(uuid, bytes) < 0)
		return error_set(err, -EINVAL, "%s is no UUID", uuid);
	r = open_for_identity(path, offset_bytes, true, &fs, err);
	if (r < 0)
		return r;
	set_new_uuid(fs, bytes);
	r = ext4_close(fs, "write its UUID", err);
	fs = NULL;
	if (r < 0)
		error_wrap(err, "ext4 file system on %s", path);
	return r;
}
