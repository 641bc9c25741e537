/* SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "base/cleanup.h"

#define COPY_BYTES    (1024 * 1024)
#define COMPARE_BYTES (64 * 1024)
#define LINKS_MAX     40

int file_read(
	const char *path, size_t max_bytes, char **ret_text, size_t *ret_bytes, struct error *err)
{
	AUTO_FREE char *text = NULL;
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0, room = 4096;

	if (fd < 0)
		return error_errno(err, -errno, "open %s", path);
	for (;;) {
		text = must_realloc(text, room + 1, 1);
		ssize_t n = read(fd, text + used, room - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, -errno, "read %s", path);
		if (n == 0)
			break;
		used += (size_t)n;
		if (used > max_bytes)
			return error_set(
				err, -EFBIG, "%s is larger than %zu bytes", path, max_bytes);
		if (used == room)
			room *= 2;
	}
	text[used] = '\0';
	*ret_text = text;
	text = NULL;
	if (ret_bytes)
		*ret_bytes = used;
	return 0;
}

void file_read_line(const char *path, char *ret, size_t ret_bytes)
{
	AUTO_FREE char *text = NULL;
	struct error ignored;

	ret[0] = '\0';
	if (file_read(path, 1024 * 1024, &text, NULL, &ignored) == 0) {
		text[strcspn(text, "\n")] = '\0';
		snprintf(ret, ret_bytes, "%s", text);
	}
}

ssize_t file_read_at(int fd, void *ret, size_t size_bytes, uint64_t offset_bytes)
{
	size_t done_bytes = 0;

	while (done_bytes < size_bytes) {
		ssize_t n = pread(fd, (char *)ret + done_bytes, size_bytes - done_bytes,
			(off_t)(offset_bytes + done_bytes));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done_bytes += (size_t)n;
	}
	return (ssize_t)done_bytes;
}

int file_write_at(int fd, const void *data, size_t size_bytes, uint64_t offset_bytes)
{
	size_t done_bytes = 0;

	while (done_bytes < size_bytes) {
		ssize_t n = pwrite(fd, (const char *)data + done_bytes, size_bytes - done_bytes,
			(off_t)(offset_bytes + done_bytes));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		done_bytes += (size_t)n;
	}
	return 0;
}

int file_write_all(int fd, const void *data, size_t size_bytes)
{
	const char *rest = data;

	while (size_bytes > 0) {
		ssize_t n = write(fd, rest, size_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		rest += n;
		size_bytes -= (size_t)n;
	}
	return 0;
}

int file_write(const char *path, const void *data, size_t size_bytes, mode_t mode, uid_t uid,
	gid_t gid, struct error *err)
{
	AUTO_CLOSE int fd = -1;
	int r;

	if (unlink(path) < 0 && errno != ENOENT)
		return error_errno(err, -errno, "replace %s", path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(err, -errno, "create %s", path);
	r = file_write_all(fd, data, size_bytes);
	if (r < 0)
		return error_errno(err, r, "write %s", path);
	if (fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0)
		return error_errno(err, -errno, "set owner and mode of %s", path);
	if (close(steal_fd(&fd)) < 0)
		return error_errno(err, -errno, "close %s", path);
	return 0;
}

/* Copies what is left of one file to the other. */
static int copy_all(int from, int to)
{
	ssize_t n;

	do
		n = sendfile(to, from, NULL, COPY_BYTES);
	while (n > 0 || (n < 0 && errno == EINTR));
	return n < 0 ? -errno : 0;
}

int file_copy(const char *from, const char *to, mode_t mode, struct error *err)
{
	AUTO_CLOSE int in = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), out = -1;
	int r;

	if (in < 0)
		return error_errno(err, -errno, "open %s", from);
	r = file_write(to, "", 0, mode, 0, 0, err);
	if (r < 0)
		return r;
	out = open(to, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0)
		return error_errno(err, -errno, "open %s for writing", to);
	r = copy_all(in, out);
	if (r < 0)
		return error_errno(err, r, "copy %s to %s", from, to);
	if (fsync(out) < 0 || close(steal_fd(&out)) < 0)
		return error_errno(err, -errno, "wait for %s to be written", to);
	return 0;
}

int file_make_folder(const char *path, mode_t mode, uid_t uid, gid_t gid, struct error *err)
{
	AUTO_CLOSE int fd = -1;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_errno(err, -errno, "create folder %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, -errno, "open folder %s", path);
	if (fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0)
		return error_errno(err, -errno, "set owner and mode of %s", path);
	return 0;
}

int file_ensure_folder(const char *path, mode_t mode, struct error *err)
{
	if (mkdir(path, mode) < 0 && errno != EEXIST)
		return error_errno_host(err, -errno, "create folder %s", path);
	return 0;
}

int file_make_link(const char *target, const char *path, struct error *err)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return error_errno(err, -errno, "replace %s", path);
	if (symlink(target, path) < 0)
		return error_errno(err, -errno, "link %s to %s", path, target);
	return 0;
}

static int open_regular(const char *path, struct stat *ret, struct error *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(err, -errno, "open %s", path);
	if (fstat(fd, ret) < 0)
		return error_errno(err, -errno, "look at %s", path);
	if (!S_ISREG(ret->st_mode))
		return error_set(err, -EBADMSG, "%s is not a regular file", path);
	return steal_fd(&fd);
}

/* Whether both files have the same content. If more, the first may have something behind it. */
static int compare_files(const char *path_a, const char *path_b, bool more, struct error *err)
{
	AUTO_FREE char *buffer = must_realloc(NULL, 2, COMPARE_BYTES);
	AUTO_CLOSE int a = -1, b = -1;
	struct stat stat_a, stat_b;
	uint64_t offset_bytes = 0;
	ssize_t n, m;

	a = open_regular(path_a, &stat_a, err);
	if (a < 0)
		return a;
	b = open_regular(path_b, &stat_b, err);
	if (b < 0)
		return b;
	do {
		n = file_read_at(a, buffer, COMPARE_BYTES, offset_bytes);
		m = file_read_at(b, buffer + COMPARE_BYTES, COMPARE_BYTES, offset_bytes);
		if (n < 0)
			return error_errno(err, (int)n, "read %s", path_a);
		if (m < 0)
			return error_errno(err, (int)m, "read %s", path_b);
		if ((more ? n < m : n != m) ||
			memcmp(buffer, buffer + COMPARE_BYTES, (size_t)m) != 0)
			return error_set(err, -EBADMSG, "%s differs from %s", path_a, path_b);
		offset_bytes += (uint64_t)m;
	} while (m > 0);
	return 0;
}

int file_compare(const char *path_a, const char *path_b, struct error *err)
{
	return compare_files(path_a, path_b, false, err);
}

int file_compare_start(const char *path, const char *start, struct error *err)
{
	return compare_files(path, start, true, err);
}

void file_below(char ret[FILE_PATH_BYTES], const char *root, const char *fmt, ...)
{
	size_t used = strlen(root);
	va_list args;
	int n;

	if (used >= FILE_PATH_BYTES)
		abort();
	memcpy(ret, root, used + 1);
	va_start(args, fmt);
	n = vsnprintf(ret + used, FILE_PATH_BYTES - used, fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= FILE_PATH_BYTES - used)
		abort();
}

/* Takes the first component off *rest; returns its length and puts its start in *ret. */
static size_t next_component(const char **rest, const char **ret)
{
	size_t length;

	*rest += strspn(*rest, "/");
	length = strcspn(*rest, "/");
	*ret = *rest;
	*rest += length;
	return length;
}

/* Puts the link's target before what is left to resolve. */
static int expand_link(const char *link_path, char rest[FILE_PATH_BYTES], const char *left)
{
	char target[FILE_PATH_BYTES];
	char joined[2 * FILE_PATH_BYTES];
	ssize_t n = readlink(link_path, target, sizeof(target) - 1);

	if (n < 0)
		return -errno;
	target[n] = '\0';
	snprintf(joined, sizeof(joined), "%s%s", target, left);
	if (strlen(joined) >= FILE_PATH_BYTES)
		return -ENAMETOOLONG;
	memcpy(rest, joined, strlen(joined) + 1);
	return target[0] == '/';
}

static int resolve_beneath(const char *root, const char *path, char ret[FILE_PATH_BYTES])
{
	size_t root_length = strlen(root);
	char rest_text[FILE_PATH_BYTES];
	const char *rest = rest_text, *name;
	unsigned links = 0;
	struct stat st;
	size_t n;

	if (root_length >= FILE_PATH_BYTES || strlen(path) >= sizeof(rest_text))
		return -ENAMETOOLONG;
	memcpy(ret, root, root_length + 1);
	memcpy(rest_text, path, strlen(path) + 1);
	while ((n = next_component(&rest, &name)) > 0) {
		size_t used = strlen(ret);
		int r;

		if (n == 1 && name[0] == '.')
			continue;
		if (n == 2 && memcmp(name, "..", 2) == 0) {
			if (used > root_length)
				*strrchr(ret, '/') = '\0';
			continue;
		}
		if (used + 1 + n >= FILE_PATH_BYTES)
			return -ENAMETOOLONG;
		ret[used] = '/';
		memcpy(ret + used + 1, name, n);
		ret[used + 1 + n] = '\0';
		if (lstat(ret, &st) < 0)
			return -errno;
		if (!S_ISLNK(st.st_mode))
			continue;
		if (++links > LINKS_MAX)
			return -ELOOP;
		r = expand_link(ret, rest_text, rest);
		if (r < 0)
			return r;
		ret[r ? root_length : used] = '\0';
		rest = rest_text;
	}
	return 0;
}

int file_resolve(const char *root, const char *path, char ret[FILE_PATH_BYTES], struct error *err)
{
	int r = resolve_beneath(root, path, ret);

	if (r < 0)
		return error_errno(err, r, "resolve %s in %s", path, root);
	return 0;
}

int file_read_inside(const char *root, const char *path, size_t max_bytes, char **ret_text,
	size_t *ret_bytes, struct error *err)
{
	char resolved[FILE_PATH_BYTES];
	int r = file_resolve(root, path, resolved, err);

	if (r < 0)
		return r;
	return file_read(resolved, max_bytes, ret_text, ret_bytes, err);
}

bool file_is_missing(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -ELOOP;
}

const char *file_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
