/* SPDX-License-Identifier: MIT */
/*
 * ext4_reader — reads files of an unmounted ext4, by libext2fs.
 *
 * It opens the file system read-only and replays no journal: it is for a file system that was made
 * and closed here. Paths are absolute. Links are followed as a process would whose root is the file
 * system. An error for a missing file is -ENOENT (file_is_missing).
 *
 * Tested by: tests/unit/test_ext4_files.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct struct_ext2_filsys;

struct ext4_reader {
	struct struct_ext2_filsys *fs;
};

struct ext4_entry {
	uint32_t inode;
	mode_t mode; /* with the type */
	uid_t uid;
	gid_t gid;
	int64_t mtime_s;
	uint64_t size_bytes;
};

int ext4_reader_open(struct ext4_reader *ret, const char *path, uint64_t offset_bytes,
	struct error *err) WARN_UNUSED;
void ext4_reader_close(struct ext4_reader *reader);

/* What there is at a path; a link in the last part is not followed. */
int ext4_reader_look(struct ext4_reader *reader, const char *path, struct ext4_entry *ret,
	struct error *err) WARN_UNUSED;

/* The same, followed to the end. */
int ext4_reader_follow(struct ext4_reader *reader, const char *path, struct ext4_entry *ret,
	struct error *err) WARN_UNUSED;

/* The target of a link, or the content of a regular file with a NUL after it, from malloc. -EFBIG
 * above max_bytes. */
int ext4_reader_read(struct ext4_reader *reader, const struct ext4_entry *entry, size_t max_bytes,
	char **ret, size_t *ret_bytes, struct error *err) WARN_UNUSED;

/* Writes the content of a regular file to an open file of the host. */
int ext4_reader_copy(struct ext4_reader *reader, const struct ext4_entry *entry, int fd,
	struct error *err) WARN_UNUSED;

/* Calls visit with each name of a folder but "." and "..". */
int ext4_reader_list(struct ext4_reader *reader, const struct ext4_entry *entry,
	int (*visit)(const char *name, void *userdata, struct error *err), void *userdata,
	struct error *err) WARN_UNUSED;
