/* SPDX-License-Identifier: MIT */
#include "ext4/ext4_remove.h"

#include <errno.h>
#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "ext4/mkfs.h"

/* Of a file without names. A short link has its target in the inode, and no blocks. */
static errcode_t release_inode(ext2_filsys fs, ext2_ino_t number, struct ext2_inode *inode)
{
	errcode_t e = ext2fs_free_ext_attr(fs, number, (struct ext2_inode_large *)inode);

	inode->i_dtime = (uint32_t)(fs->now ? fs->now : time(NULL));
	if (e == 0 && ext2fs_inode_has_valid_blocks2(fs, inode))
		e = ext2fs_punch(fs, number, inode, NULL, 0, ~0ULL);
	if (e)
		return e;
	ext2fs_inode_alloc_stats2(fs, number, -1, 0);
	return ext2fs_write_inode(fs, number, inode);
}

static errcode_t remove_name(ext2_filsys fs, ext2_ino_t parent, const char *name, ext2_ino_t number,
	struct ext2_inode *inode)
{
	errcode_t e = ext2fs_unlink(fs, parent, name, number, 0);

	if (e)
		return e;
	if (--inode->i_links_count > 0)
		return ext2fs_write_inode(fs, number, inode);
	return release_inode(fs, number, inode);
}

static int check_removable(const struct ext2_inode *inode, struct error *err)
{
	if (S_ISDIR(inode->i_mode))
		return error_set(err, -EISDIR, "it is a folder");
	if (!S_ISREG(inode->i_mode) && !S_ISLNK(inode->i_mode))
		return error_set(err, -EPERM, "it is neither a file nor a link");
	return 0;
}

/* The folder, and in it the file, that a path names. */
static errcode_t find_file(ext2_filsys fs, const char *path, ext2_ino_t *ret_parent,
	ext2_ino_t *ret, struct ext2_inode *ret_inode)
{
	const char *name = strrchr(path, '/') + 1;
	AUTO_FREE char *folder = strndup(path, (size_t)(name - path));
	errcode_t e;

	if (!folder)
		abort();
	e = ext2fs_namei(fs, EXT2_ROOT_INO, EXT2_ROOT_INO, folder, ret_parent);
	if (e == 0)
		e = ext2fs_lookup(fs, *ret_parent, name, (int)strlen(name), NULL, ret);
	return e ? e : ext2fs_read_inode(fs, *ret, ret_inode);
}

static int remove_at(ext2_filsys fs, const char *path, struct error *err)
{
	struct ext2_inode inode;
	ext2_ino_t parent, number;
	errcode_t e = find_file(fs, path, &parent, &number, &inode);
	int r;

	if (e == EXT2_ET_FILE_NOT_FOUND)
		return 0;
	if (e)
		return mkfs_check(e, "look it up", err);
	r = check_removable(&inode, err);
	if (r < 0)
		return r;
	return mkfs_check(
		remove_name(fs, parent, strrchr(path, '/') + 1, number, &inode), "remove it", err);
}

int ext4_remove(struct ext4_files *files, const char *path, struct error *err)
{
	int r = remove_at(files->fs, path, err);

	if (r < 0)
		error_wrap(err, "%s", path);
	return r;
}
