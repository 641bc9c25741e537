/* SPDX-License-Identifier: MIT */
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODE_FILE	0444
#define MODE_EXECUTABLE 0555
#define MODE_DIRECTORY	0555

/* What Nix sets: one second after the epoch, because zero upsets some programs. */
static const struct timespec store_times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

mode_t unpack_read_umask(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return mask;
}

void unpack_begin(struct unpack *unpack, int store_fd, const char *root_name, mode_t mask)
{
	*unpack = (struct unpack){
		.store_fd = store_fd,
		.root_name = root_name,
		.umask = mask,
		.file_fd = -1,
	};
}

void unpack_release(struct unpack *unpack)
{
	if (unpack->file_fd >= 0)
		close(unpack->file_fd);
	unpack->file_fd = -1;
	while (unpack->depth > 0)
		close(unpack->directory_fds[--unpack->depth]);
}

static int parent_fd(const struct unpack *unpack)
{
	return unpack->depth ? unpack->directory_fds[unpack->depth - 1] : unpack->store_fd;
}

static const char *entry_name(const struct unpack *unpack, const char *name)
{
	return name ? name : unpack->root_name;
}

/* Children get their owner in the same way as their root does, so it is asked for only there. */
static int learn_owner(struct unpack *unpack, int dir_fd, const char *name, struct error *err)
{
	struct stat st;

	if (unpack->depth > 0 || geteuid() != 0)
		return 0;
	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, -errno, "stat %s", name);
	unpack->give_to_root = st.st_uid != 0 || st.st_gid != 0;
	return 0;
}

/* The last touches on a file or directory, in the order that keeps the mode and the mtime. */
static int set_metadata(const struct unpack *unpack, int fd, mode_t mode, bool set_mode)
{
	if (unpack->give_to_root && fchown(fd, 0, 0) < 0)
		return -errno;
	if (set_mode && fchmod(fd, mode) < 0)
		return -errno;
	return futimens(fd, store_times) < 0 ? -errno : 0;
}

static int make_directory(void *userdata, const char *name, struct error *err)
{
	struct unpack *unpack = userdata;
	int parent = parent_fd(unpack), fd, r;

	name = entry_name(unpack, name);
	if (mkdirat(parent, name, 0700) < 0)
		return error_errno(err, -errno, "create the directory %s", name);
	r = learn_owner(unpack, parent, name, err);
	if (r < 0)
		return r;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_errno(err, -errno, "open the directory %s", name);
	unpack->directory_fds[unpack->depth++] = fd;
	return 0;
}

static int end_directory(void *userdata, struct error *err)
{
	struct unpack *unpack = userdata;
	int fd = unpack->directory_fds[--unpack->depth];
	int r = set_metadata(unpack, fd, MODE_DIRECTORY, true);

	close(fd);
	return r < 0 ? error_errno(err, r, "set mode and time of a directory") : 0;
}

static int make_file(
	void *userdata, const char *name, bool executable, uint64_t size_bytes, struct error *err)
{
	struct unpack *unpack = userdata;
	int parent = parent_fd(unpack);

	(void)size_bytes;
	name = entry_name(unpack, name);
	unpack->executable = executable;
	unpack->file_fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		executable ? MODE_EXECUTABLE : MODE_FILE);
	if (unpack->file_fd < 0)
		return error_errno(err, -errno, "create the file %s", name);
	return learn_owner(unpack, parent, name, err);
}

static int write_file(void *userdata, const uint8_t *data, size_t size_bytes, struct error *err)
{
	struct unpack *unpack = userdata;

	while (size_bytes > 0) {
		ssize_t n = write(unpack->file_fd, data, size_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, -errno, "write a file");
		data += n;
		size_bytes -= (size_t)n;
	}
	return 0;
}

static int end_file(void *userdata, struct error *err)
{
	struct unpack *unpack = userdata;
	mode_t mode = unpack->executable ? MODE_EXECUTABLE : MODE_FILE;
	int r = set_metadata(unpack, unpack->file_fd, mode, (mode & unpack->umask) != 0);

	/* A second close after EINTR could hit another thread's descriptor. */
	if (close(unpack->file_fd) < 0 && errno != EINTR && r == 0)
		r = -errno;
	unpack->file_fd = -1;
	return r < 0 ? error_errno(err, r, "finish a file") : 0;
}

static int make_link(void *userdata, const char *name, const char *target, struct error *err)
{
	struct unpack *unpack = userdata;
	int parent = parent_fd(unpack), r;

	name = entry_name(unpack, name);
	if (symlinkat(target, parent, name) < 0)
		return error_errno(err, -errno, "create the link %s", name);
	r = learn_owner(unpack, parent, name, err);
	if (r < 0)
		return r;
	if (unpack->give_to_root && fchownat(parent, name, 0, 0, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, -errno, "set the owner of the link %s", name);
	if (utimensat(parent, name, store_times, AT_SYMLINK_NOFOLLOW) < 0)
		return error_errno(err, -errno, "set the time of the link %s", name);
	return 0;
}

const struct nar_events unpack_events = {
	.directory = make_directory,
	.directory_end = end_directory,
	.file = make_file,
	.file_data = write_file,
	.file_end = end_file,
	.link = make_link,
};
