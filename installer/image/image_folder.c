/* SPDX-License-Identifier: MIT */
#include "image/image_folder.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define NAME		"/guest-installer-XXXXXX"
#define DESCRIPTORS_MAX 16

int image_folder_make(char ret[IMAGE_FOLDER_BYTES], struct error *err)
{
	const char *parent = getenv("TMPDIR");

	if (!parent || parent[0] != '/' || strlen(parent) + sizeof(NAME) > IMAGE_FOLDER_BYTES)
		parent = "/tmp";
	snprintf(ret, IMAGE_FOLDER_BYTES, "%.*s" NAME, IMAGE_FOLDER_BYTES - (int)sizeof(NAME),
		parent);
	if (!mkdtemp(ret))
		return error_errno_host(err, -errno, "create a folder in %s", parent);
	return 0;
}

static int remove_temporary(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	if (remove(path) < 0)
		log_line("cannot remove %s: %s", path, strerror(errno));
	return 0;
}

void image_folder_remove(const char *folder)
{
	if (nftw(folder, remove_temporary, DESCRIPTORS_MAX, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) < 0)
		log_line("cannot remove %s: %s", folder, strerror(errno));
}
