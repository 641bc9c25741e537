/* SPDX-License-Identifier: MIT */
#include "init/floppy.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/fd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "init/modules.h"

#define CONTROLLER_ID	"PNP0700" /* PC standard floppy disk controller */
#define PNP_IDENTIFIERS "/sys/bus/pnp/devices/*/id"

static bool has_controller(void)
{
	glob_t files = { 0 };
	bool found = false;

	if (glob(PNP_IDENTIFIERS, GLOB_NOSORT, NULL, &files) != 0)
		return false;
	for (size_t i = 0; i < files.gl_pathc && !found; i++) {
		char id[32];

		file_read_line(files.gl_pathv[i], id, sizeof(id));
		found = strcmp(id, CONTROLLER_ID) == 0;
	}
	globfree(&files);
	return found;
}

/* The state of the drive says so (linux/fd.h). To read an empty drive would take longer, and the
 * kernel would print errors. */
static bool holds_floppy(const char *name)
{
	struct floppy_drive_struct state;
	char path[32];
	AUTO_CLOSE int fd = -1;

	snprintf(path, sizeof(path), "/dev/%s", name);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return fd >= 0 && ioctl(fd, FDPOLLDRVSTAT, &state) == 0 &&
	       !(state.flags & FD_DISK_NEWCHANGE);
}

size_t floppy_find(char ret_names[FLOPPY_DRIVES_MAX][8])
{
	static const char names[FLOPPY_DRIVES_MAX][8] = { "fd0", "fd1" };
	size_t count = 0;

	if (has_controller())
		modules_load_file("floppy.ko");
	for (size_t i = 0; i < FLOPPY_DRIVES_MAX; i++)
		if (holds_floppy(names[i]))
			memcpy(ret_names[count++], names[i], sizeof(names[i]));
	return count;
}
