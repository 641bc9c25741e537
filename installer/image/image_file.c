/* SPDX-License-Identifier: MIT */
#include "image/image_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

/* For file systems without O_TMPFILE, such as NFS. */
static int make_unlinked(const char *folder, struct error *err)
{
	char name[FILE_PATH_BYTES];
	int fd;

	file_below(name, folder, "/.guest-installer-XXXXXX");
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return error_errno_host(err, -errno, "create a file in %s", folder);
	unlink(name);
	return fd;
}

int image_file_make(
	const char *folder, uint64_t size_bytes, struct image_file *ret, struct error *err)
{
	struct image_file file = { .linkable = true };

	file.fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
	if (file.fd < 0 && errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return error_errno_host(err, -errno, "create a file in %s", folder);
	if (file.fd < 0) {
		file.linkable = false;
		file.fd = make_unlinked(folder, err);
	}
	if (file.fd < 0)
		return file.fd;
	if (ftruncate(file.fd, (off_t)size_bytes) < 0) {
		int r = error_errno_host(err, -errno, "make a file of %llu bytes in %s",
			(unsigned long long)size_bytes, folder);

		close(file.fd);
		return r;
	}
	snprintf(file.path, sizeof(file.path), "/proc/%d/fd/%d", (int)getpid(), file.fd);
	*ret = file;
	return 0;
}

void image_file_drop(struct image_file *file)
{
	if (file->fd >= 0)
		close(steal_fd(&file->fd));
}
