/* SPDX-License-Identifier: MIT */
/*
 * file — reads and writes whole small files, folders and links, with their modes and owners.
 *
 * Each error names the path. Modes are set as given. The umask does not apply. Functions that
 * create something do not follow a link in the last component.
 *
 * Tested by: tests/unit/test_file.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* The whole content with a NUL after it; the caller frees it. -EFBIG above max_bytes; -ENOENT if
 * there is no such file. Works for /proc and /sys as well. */
int file_read(const char *path, size_t max_bytes, char **ret_text, size_t *ret_bytes,
	struct error *err) WARN_UNUSED;

/* The first line of a small file without its newline, or an empty string if it cannot be read: for
 * attributes in /sys that may be missing. */
void file_read_line(const char *path, char *ret, size_t ret_bytes);

/* Reads what is there at an offset of an open file or disk: how many bytes, less than asked for
 * only where it ends; or a negative errno. */
ssize_t file_read_at(int fd, void *ret, size_t size_bytes, uint64_t offset_bytes) WARN_UNUSED;

/* Writes all of it where the file stands, also to a pipe: 0 or a negative errno. */
int file_write_all(int fd, const void *data, size_t size_bytes) WARN_UNUSED;

/* Writes all of it there: 0 or a negative errno. */
int file_write_at(int fd, const void *data, size_t size_bytes, uint64_t offset_bytes) WARN_UNUSED;

/* Makes or replaces a file. */
int file_write(const char *path, const void *data, size_t size_bytes, mode_t mode, uid_t uid,
	gid_t gid, struct error *err) WARN_UNUSED;

/* Makes or replaces a file with the content of another, owned by root, and waits until the device
 * has it. */
int file_copy(const char *from, const char *to, mode_t mode, struct error *err) WARN_UNUSED;

/* Makes a folder, or sets owner and mode of an existing one. The parent exists. */
int file_make_folder(
	const char *path, mode_t mode, uid_t uid, gid_t gid, struct error *err) WARN_UNUSED;

/* Makes a folder of the caller's unless there is one, whose mode and owner stay. The parent
 * exists. */
int file_ensure_folder(const char *path, mode_t mode, struct error *err) WARN_UNUSED;

/* Makes a symbolic link; one that is there is replaced. */
int file_make_link(const char *target, const char *path, struct error *err) WARN_UNUSED;

/* 0 if both are regular files of the same content; -EBADMSG with a sentence if not. */
int file_compare(const char *path_a, const char *path_b, struct error *err) WARN_UNUSED;

/* The same, and path may have more behind the content of start. */
int file_compare_start(const char *path, const char *start, struct error *err) WARN_UNUSED;

/* Writes <root><path>: the name below the target's mount point. Aborts if it does not fit. */
#define FILE_PATH_BYTES 4096
void file_below(char ret[FILE_PATH_BYTES], const char *root, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* Resolves a path inside a root as a process chrooted there would (links, "..", absolute link
 * targets). Nothing outside the root is read. ret is the path with the root before it.
 * -ENOENT, -ELOOP. */
int file_resolve(const char *root, const char *path, char ret[FILE_PATH_BYTES],
	struct error *err) WARN_UNUSED;

/* The whole content of a file inside root, which path leads to as above; else as file_read. */
int file_read_inside(const char *root, const char *path, size_t max_bytes, char **ret_text,
	size_t *ret_bytes, struct error *err) WARN_UNUSED;

/* Whether an error of these functions says that there is no such file. Every other one says that
 * the file may be there and cannot be read. */
bool file_is_missing(int r);

/* The part of path after its last slash; a pointer into path. */
const char *file_base_name(const char *path);
