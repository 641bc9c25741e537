/* SPDX-License-Identifier: MIT */
#include "image/image_writer.h"

#include <string.h>

struct ext4_access image_writer_access(
	const struct image_writer *writer, mode_t mode, uid_t uid, gid_t gid)
{
	return (struct ext4_access){ mode, uid, gid, writer->request->time_s };
}

int image_writer_text(struct image_writer *writer, const char *path, const char *text, mode_t mode,
	struct error *err)
{
	const struct ext4_access access = image_writer_access(writer, mode, 0, 0);

	return ext4_files_write(writer->files, path, text, strlen(text), &access, err);
}

int image_writer_folder(struct image_writer *writer, const char *path, mode_t mode, uid_t uid,
	gid_t gid, struct error *err)
{
	const struct ext4_access access = image_writer_access(writer, mode, uid, gid);

	return ext4_files_make_folder(writer->files, path, &access, err);
}
