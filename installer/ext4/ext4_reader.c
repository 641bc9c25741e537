/* SPDX-License-Identifier: MIT */
#include "ext4/ext4_reader.h"

#include <errno.h>
#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "ext4/ext4_open.h"
#include "ext4/mkfs.h"

#define PIECE_BYTES ((size_t)1024 * 1024)
#define NAME_BYTES  256

int ext4_reader_open(
	struct ext4_reader *ret, const char *path, uint64_t offset_bytes, struct error *err)
{
	int r = ext4_open(path, offset_bytes, false, &ret->fs, err);

	if (r < 0)
		error_wrap(err, "ext4 file system on %s", path);
	return r;
}

void ext4_reader_close(struct ext4_reader *reader)
{
	if (reader->fs)
		ext2fs_free(reader->fs);
	reader->fs = NULL;
}

static int fill_entry(struct ext4_reader *reader, ext2_ino_t number, const char *path,
	struct ext4_entry *ret, struct error *err)
{
	struct ext2_inode_large inode;
	int r = mkfs_check(ext2fs_read_inode_full(
				   reader->fs, number, (struct ext2_inode *)&inode, sizeof(inode)),
		path, err);

	if (r < 0)
		return r;
	*ret = (struct ext4_entry){
		.inode = number,
		.mode = inode.i_mode,
		.uid = inode.i_uid | (uid_t)inode.osd2.linux2.l_i_uid_high << 16,
		.gid = inode.i_gid | (gid_t)inode.osd2.linux2.l_i_gid_high << 16,
		.mtime_s = (int32_t)inode.i_mtime + ((int64_t)(inode.i_mtime_extra & 3) << 32),
		.size_bytes = EXT2_I_SIZE(&inode),
	};
	return 0;
}

static int found_entry(struct ext4_reader *reader, const char *path, errcode_t found,
	ext2_ino_t number, struct ext4_entry *ret, struct error *err)
{
	if (found == EXT2_ET_FILE_NOT_FOUND)
		return error_errno(err, -ENOENT, "read %s in the image", path);
	if (found == EXT2_ET_NO_DIRECTORY)
		return error_errno(err, -ENOTDIR, "read %s in the image", path);
	if (found)
		return mkfs_check(found, path, err);
	return fill_entry(reader, number, path, ret, err);
}

int ext4_reader_look(
	struct ext4_reader *reader, const char *path, struct ext4_entry *ret, struct error *err)
{
	ext2_ino_t number;
	errcode_t e = ext2fs_namei(reader->fs, EXT2_ROOT_INO, EXT2_ROOT_INO, path, &number);

	return found_entry(reader, path, e, number, ret, err);
}

int ext4_reader_follow(
	struct ext4_reader *reader, const char *path, struct ext4_entry *ret, struct error *err)
{
	ext2_ino_t number;
	errcode_t e = ext2fs_namei_follow(reader->fs, EXT2_ROOT_INO, EXT2_ROOT_INO, path, &number);

	return found_entry(reader, path, e, number, ret, err);
}

/* -------------------------------------------------------- contents */

/* Reads a file in pieces and passes them on. */
static int read_pieces(struct ext4_reader *reader, const struct ext4_entry *entry,
	int (*take)(void *userdata, const char *piece, size_t size_bytes, uint64_t at_bytes),
	void *userdata, struct error *err)
{
	AUTO_FREE char *piece = must_realloc(NULL, PIECE_BYTES, 1);
	uint64_t at_bytes = 0;
	unsigned got = 0;
	ext2_file_t file;
	int r = mkfs_check(
		ext2fs_file_open(reader->fs, entry->inode, 0, &file), "open a file", err);

	if (r < 0)
		return r;
	while (r == 0 && at_bytes < entry->size_bytes) {
		r = mkfs_check(
			ext2fs_file_read(file, piece, PIECE_BYTES, &got), "read a file", err);
		if (r == 0 && got == 0)
			r = error_set(err, -EIO, "a file of the image ends early");
		if (r == 0 && (r = take(userdata, piece, got, at_bytes)) < 0)
			error_errno_host(err, r, "write a copy of a file");
		at_bytes += got;
	}
	ext2fs_file_close(file);
	return r;
}

static int take_into_memory(void *userdata, const char *piece, size_t size_bytes, uint64_t at_bytes)
{
	memcpy((char *)userdata + at_bytes, piece, size_bytes);
	return 0;
}

static int take_into_file(void *userdata, const char *piece, size_t size_bytes, uint64_t at_bytes)
{
	return file_write_at(*(int *)userdata, piece, size_bytes, at_bytes);
}

/* A short target is in the inode itself. */
static int read_fast_link(
	struct ext4_reader *reader, const struct ext4_entry *entry, char *ret, struct error *err)
{
	struct ext2_inode inode;
	int r = mkfs_check(ext2fs_read_inode(reader->fs, entry->inode, &inode), "read a link", err);

	if (r < 0)
		return r;
	memcpy(ret, inode.i_block, entry->size_bytes);
	return 0;
}

int ext4_reader_read(struct ext4_reader *reader, const struct ext4_entry *entry, size_t max_bytes,
	char **ret, size_t *ret_bytes, struct error *err)
{
	AUTO_FREE char *text = NULL;
	int r;

	if (entry->size_bytes > max_bytes)
		return error_errno_host(err, -EFBIG, "read a file of the image");
	text = must_realloc(NULL, entry->size_bytes + 1, 1);
	text[entry->size_bytes] = '\0';
	if (S_ISLNK(entry->mode) && entry->size_bytes < sizeof(((struct ext2_inode *)0)->i_block))
		r = read_fast_link(reader, entry, text, err);
	else
		r = read_pieces(reader, entry, take_into_memory, text, err);
	if (r < 0)
		return r;
	if (ret_bytes)
		*ret_bytes = entry->size_bytes;
	*ret = text;
	text = NULL;
	return 0;
}

int ext4_reader_copy(
	struct ext4_reader *reader, const struct ext4_entry *entry, int fd, struct error *err)
{
	return read_pieces(reader, entry, take_into_file, &fd, err);
}

/* -------------------------------------------------------- folders */

struct listing {
	int (*visit)(const char *name, void *userdata, struct error *err);
	void *userdata;
	struct error *err;
	int result;
};

static int list_entry(
	struct ext2_dir_entry *entry, int offset, int block_bytes, char *buffer, void *private)
{
	struct listing *listing = private;
	char name[NAME_BYTES];

	(void)offset, (void)block_bytes, (void)buffer;
	snprintf(name, sizeof(name), "%.*s", ext2fs_dirent_name_len(entry), entry->name);
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return 0;
	listing->result = listing->visit(name, listing->userdata, listing->err);
	return listing->result < 0 ? DIRENT_ABORT : 0;
}

int ext4_reader_list(struct ext4_reader *reader, const struct ext4_entry *entry,
	int (*visit)(const char *name, void *userdata, struct error *err), void *userdata,
	struct error *err)
{
	struct listing listing = { visit, userdata, err, 0 };
	int r = mkfs_check(
		ext2fs_dir_iterate(reader->fs, entry->inode, 0, NULL, list_entry, &listing),
		"read a folder", err);

	if (r < 0)
		return r;
	return listing.result;
}
