/* SPDX-License-Identifier: MIT */
#include "ext4/ext4_files.h"

#include <errno.h>
#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "ext4/ext4_open.h"
#include "ext4/mkfs.h"

#define PIECE_BYTES ((size_t)1024 * 1024)
#define NAME_BYTES  256

static const struct ext4_access parent_access = { .mode = 0755, .mtime_s = -1 };

/* The time of new inodes: E2FSPROGS_FAKE_TIME, or now. */
static int64_t time_now(ext2_filsys fs)
{
	return fs->now ? fs->now : time(NULL);
}

int ext4_files_open(
	struct ext4_files *ret, const char *path, uint64_t offset_bytes, struct error *err)
{
	int r = ext4_open_with_bitmaps(path, offset_bytes, &ret->fs, err);

	if (r < 0) {
		error_wrap(err, "ext4 file system on %s", path);
		if (ret->fs)
			ext2fs_free(ret->fs);
		ret->fs = NULL;
	}
	return r;
}

int ext4_files_close(struct ext4_files *files, struct error *err)
{
	ext2_filsys fs = files->fs;

	files->fs = NULL;
	return ext4_close(fs, "write the files of the guest", err);
}

int ext4_files_change(const char *path, uint64_t offset_bytes, ext4_change_fn *change,
	void *userdata, struct error *err)
{
	struct ext4_files files;
	struct error second;
	int r = ext4_files_open(&files, path, offset_bytes, err);

	if (r < 0)
		return r;
	r = change(&files, userdata, err);
	if (ext4_files_close(&files, &second) < 0 && r == 0) {
		*err = second;
		r = -EIO;
	}
	return r;
}

/* -------------------------------------------------------- names and inodes */

static int set_access(
	ext2_filsys fs, ext2_ino_t number, const struct ext4_access *access, struct error *err)
{
	struct ext2_inode_large inode;
	struct ext2_inode *record = (struct ext2_inode *)&inode;
	int64_t mtime_s = access->mtime_s < 0 ? time_now(fs) : access->mtime_s;
	int r = mkfs_check(
		ext2fs_read_inode_full(fs, number, record, sizeof(inode)), "read an inode", err);

	if (r < 0)
		return r;
	inode.i_mode = (uint16_t)((inode.i_mode & S_IFMT) | (access->mode & 07777));
	inode.i_uid = (uint16_t)access->uid;
	inode.osd2.linux2.l_i_uid_high = (uint16_t)(access->uid >> 16);
	inode.i_gid = (uint16_t)access->gid;
	inode.osd2.linux2.l_i_gid_high = (uint16_t)(access->gid >> 16);
	inode.i_mtime = inode.i_atime = (uint32_t)mtime_s;
	inode.i_mtime_extra = inode.i_atime_extra = (uint32_t)((mtime_s - (int32_t)mtime_s) >> 32) &
						    3;
	inode.i_ctime = (uint32_t)time_now(fs);
	return mkfs_check(
		ext2fs_write_inode_full(fs, number, record, sizeof(inode)), "write an inode", err);
}

/* Adds a name to a folder, which gets another block if it is full. */
static errcode_t add_name(
	ext2_filsys fs, ext2_ino_t folder, const char *name, ext2_ino_t number, int type)
{
	errcode_t e = ext2fs_link(fs, folder, name, number, type);

	if (e != EXT2_ET_DIR_NO_SPACE)
		return e;
	e = ext2fs_expand_dir(fs, folder);
	return e ? e : ext2fs_link(fs, folder, name, number, type);
}

static int make_child(
	ext2_filsys fs, ext2_ino_t parent, const char *name, ext2_ino_t *ret, struct error *err)
{
	errcode_t e = ext2fs_mkdir(fs, parent, 0, name);
	int r;

	if (e == EXT2_ET_DIR_NO_SPACE) {
		e = ext2fs_expand_dir(fs, parent);
		e = e ? e : ext2fs_mkdir(fs, parent, 0, name);
	}
	r = mkfs_check(e, "make a folder", err);
	if (r < 0)
		return r;
	return mkfs_check(ext2fs_lookup(fs, parent, name, (int)strlen(name), NULL, ret),
		"find a new folder", err);
}

static int check_is_folder(ext2_filsys fs, ext2_ino_t number, const char *name, struct error *err)
{
	errcode_t e = ext2fs_check_directory(fs, number);

	if (e == EXT2_ET_NO_DIRECTORY)
		return error_set(err, -ENOTDIR, "%s is no folder", name);
	return mkfs_check(e, "read an inode", err);
}

/* The folder of this name, made if it is missing. */
static int enter_child(
	ext2_filsys fs, ext2_ino_t parent, const char *name, ext2_ino_t *ret, struct error *err)
{
	errcode_t e = ext2fs_lookup(fs, parent, name, (int)strlen(name), NULL, ret);
	int r;

	if (e == 0)
		return check_is_folder(fs, *ret, name, err);
	if (e != EXT2_ET_FILE_NOT_FOUND)
		return mkfs_check(e, "look a name up", err);
	r = make_child(fs, parent, name, ret, err);
	if (r < 0)
		return r;
	return set_access(fs, *ret, &parent_access, err);
}

/* Goes to the folder that holds the last part of a path; ret_name is that part. */
static int enter_parents(ext2_filsys fs, const char *path, ext2_ino_t *ret,
	char ret_name[NAME_BYTES], struct error *err)
{
	const char *end;
	int r = 0;

	*ret = EXT2_ROOT_INO;
	for (path++; r == 0; path = end + 1) {
		end = strchrnul(path, '/');
		if ((size_t)(end - path) >= NAME_BYTES || end == path)
			return error_set(err, -ENAMETOOLONG, "%s is no name of a file", path);
		snprintf(ret_name, NAME_BYTES, "%.*s", (int)(end - path), path);
		if (!*end)
			return 0;
		r = enter_child(fs, *ret, ret_name, ret, err);
	}
	return r;
}

/* -------------------------------------------------------- folders, files and links */

static int make_folder_at(
	ext2_filsys fs, const char *path, const struct ext4_access *access, struct error *err)
{
	ext2_ino_t parent, number;
	char name[NAME_BYTES];
	int r;

	if (!path[0])
		return set_access(fs, EXT2_ROOT_INO, access, err);
	r = enter_parents(fs, path, &parent, name, err);
	if (r < 0)
		return r;
	r = enter_child(fs, parent, name, &number, err);
	if (r < 0)
		return r;
	return set_access(fs, number, access, err);
}

int ext4_files_make_folder(struct ext4_files *files, const char *path,
	const struct ext4_access *access, struct error *err)
{
	int r = make_folder_at(files->fs, path, access, err);

	if (r < 0)
		error_wrap(err, "%s", path);
	return r;
}

/* libext2fs notices only after it has allocated an inode that a name is taken. */
static errcode_t check_is_free(ext2_filsys fs, ext2_ino_t parent, const char *name)
{
	ext2_ino_t same;
	errcode_t e = ext2fs_lookup(fs, parent, name, (int)strlen(name), NULL, &same);

	return e == EXT2_ET_FILE_NOT_FOUND ? 0 : e ? e : EEXIST;
}

/* Reserves an inode for a regular file with an empty extent tree, and gives it its name. */
static errcode_t make_inode(ext2_filsys fs, ext2_ino_t parent, const char *name, ext2_ino_t *ret)
{
	struct ext2_inode inode = { .i_mode = S_IFREG, .i_links_count = 1 };
	ext2_extent_handle_t handle;
	errcode_t e = check_is_free(fs, parent, name);

	if (e)
		return e;
	e = ext2fs_new_inode(fs, parent, S_IFREG, NULL, ret);
	if (e)
		return e;
	e = add_name(fs, parent, name, *ret, EXT2_FT_REG_FILE);
	if (e)
		return e;
	ext2fs_inode_alloc_stats2(fs, *ret, +1, 0);
	inode.i_flags = EXT4_EXTENTS_FL;
	e = ext2fs_extent_open2(fs, *ret, &inode, &handle);
	if (e)
		return e;
	ext2fs_extent_free(handle);
	return ext2fs_write_new_inode(fs, *ret, &inode);
}

static errcode_t write_piece(ext2_file_t file, const char *data, size_t size_bytes)
{
	while (size_bytes > 0) {
		size_t wanted = size_bytes < PIECE_BYTES ? size_bytes : PIECE_BYTES;
		unsigned written = 0;
		errcode_t e = ext2fs_file_write(file, data, (unsigned)wanted, &written);

		if (e)
			return e;
		data += written;
		size_bytes -= written;
	}
	return 0;
}

/* What a new file gets: bytes in memory, or the content of an open file. */
struct source {
	const void *data;
	size_t size_bytes;
	int fd; /* -1: data */
};

static int fill_from_fd(ext2_file_t file, int fd, struct error *err)
{
	AUTO_FREE char *piece = must_realloc(NULL, PIECE_BYTES, 1);
	uint64_t at_bytes = 0;
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = file_read_at(fd, piece, PIECE_BYTES, at_bytes)) != 0) {
		if (n < 0)
			return error_errno(err, (int)n, "read what is to be copied");
		r = mkfs_check(write_piece(file, piece, (size_t)n), "write a file", err);
		at_bytes += (uint64_t)n;
	}
	return r;
}

static int fill(ext2_filsys fs, ext2_ino_t number, const struct source *source, struct error *err)
{
	ext2_file_t file;
	errcode_t closed;
	int r = mkfs_check(
		ext2fs_file_open(fs, number, EXT2_FILE_WRITE, &file), "open a file", err);

	if (r < 0)
		return r;
	if (source->fd >= 0)
		r = fill_from_fd(file, source->fd, err);
	else
		r = mkfs_check(
			write_piece(file, source->data, source->size_bytes), "write a file", err);
	closed = ext2fs_file_close(file);
	if (r < 0)
		return r;
	return mkfs_check(closed, "write a file", err);
}

static int write_source(struct ext4_files *files, const char *path, const struct source *source,
	const struct ext4_access *access, struct error *err)
{
	ext2_ino_t parent, number;
	char name[NAME_BYTES];
	int r = enter_parents(files->fs, path, &parent, name, err);

	if (r == 0)
		r = mkfs_check(make_inode(files->fs, parent, name, &number), "make a file", err);
	if (r == 0)
		r = fill(files->fs, number, source, err);
	if (r == 0)
		r = set_access(files->fs, number, access, err);
	if (r < 0)
		error_wrap(err, "%s", path);
	return r;
}

int ext4_files_write(struct ext4_files *files, const char *path, const void *data,
	size_t size_bytes, const struct ext4_access *access, struct error *err)
{
	const struct source source = { .data = data, .size_bytes = size_bytes, .fd = -1 };

	return write_source(files, path, &source, access, err);
}

int ext4_files_copy(struct ext4_files *files, const char *path, const char *from,
	const struct ext4_access *access, struct error *err)
{
	AUTO_CLOSE int fd = open(from, O_RDONLY | O_CLOEXEC);
	const struct source source = { .fd = fd };

	if (fd < 0)
		return error_errno_host(err, -errno, "open %s", from);
	return write_source(files, path, &source, access, err);
}

static errcode_t make_link(
	ext2_filsys fs, ext2_ino_t parent, const char *name, const char *target, ext2_ino_t *ret)
{
	errcode_t e = check_is_free(fs, parent, name);

	e = e ? e : ext2fs_symlink(fs, parent, 0, name, target);
	if (e == EXT2_ET_DIR_NO_SPACE) {
		e = ext2fs_expand_dir(fs, parent);
		e = e ? e : ext2fs_symlink(fs, parent, 0, name, target);
	}
	if (e)
		return e;
	return ext2fs_lookup(fs, parent, name, (int)strlen(name), NULL, ret);
}

int ext4_files_link(struct ext4_files *files, const char *path, const char *target, int64_t mtime_s,
	struct error *err)
{
	const struct ext4_access access = { .mode = 0777, .mtime_s = mtime_s };
	ext2_ino_t parent, number;
	char name[NAME_BYTES];
	int r = enter_parents(files->fs, path, &parent, name, err);

	if (r == 0)
		r = mkfs_check(
			make_link(files->fs, parent, name, target, &number), "make a link", err);
	if (r == 0)
		r = set_access(files->fs, number, &access, err);
	if (r < 0)
		error_wrap(err, "%s", path);
	return r;
}
