/* SPDX-License-Identifier: MIT */
#include "init/run_folder.h"

#include <sys/stat.h>

#include "base/file.h"
#include "disk/mount.h"

int run_folder_make(struct error *err)
{
	mkdir("/run", 0755);
	/* nixos-install wants a target that every user could reach. */
	return file_make_folder(RUN_FOLDER, 0755, 0, 0, err);
}

int run_folder_make_private(struct error *err)
{
	int r = mount_isolate(err);

	if (r < 0)
		return r;
	r = run_folder_make(err);
	if (r < 0)
		return r;
	return mount_one("tmpfs", RUN_FOLDER, "tmpfs", "mode=0755,nosuid,nodev", err);
}
