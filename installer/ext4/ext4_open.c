/* SPDX-License-Identifier: MIT */
#include "ext4/ext4_open.h"

#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>
#include <inttypes.h>
#include <stdio.h>

#include "ext4/mkfs.h"

int ext4_open(
	const char *path, uint64_t offset_bytes, bool writable, ext2_filsys *ret, struct error *err)
{
	int flags = EXT2_FLAG_64BITS | (writable ? EXT2_FLAG_RW : 0);
	char option[64];

	initialize_ext2_error_table();
	*ret = NULL;
	snprintf(option, sizeof(option), "offset=%" PRIu64, offset_bytes);
	return mkfs_check(ext2fs_open2(path, option, flags, 0, 0, unix_io_manager, ret),
		"read its superblock", err);
}

int ext4_open_with_bitmaps(
	const char *path, uint64_t offset_bytes, ext2_filsys *ret, struct error *err)
{
	int r = ext4_open(path, offset_bytes, true, ret, err);

	if (r < 0)
		return r;
	return mkfs_check(ext2fs_read_bitmaps(*ret), "read its bitmaps", err);
}

int ext4_close(ext2_filsys fs, const char *what, struct error *err)
{
	/* Blocks that are in the cache when it is freed would be written with errors ignored. */
	errcode_t e = io_channel_set_options(fs->io, "cache=off");

	if (e == 0)
		e = ext2fs_close2(fs, EXT2_FLAG_FLUSH_NO_SYNC);
	if (e)
		ext2fs_free(fs);
	return mkfs_check(e, what, err);
}
