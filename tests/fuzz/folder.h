/* SPDX-License-Identifier: MIT */
/* folder — a folder in TMPDIR with the files that a target's module reads. It is removed at the
 * end. */
#pragma once

#include <ftw.h>
#include <limits.h>
#include <unistd.h>

#include "base/file.h"
#include "fuzz.h"

static char fuzz_folder[PATH_MAX / 2];

static inline int fuzz_remove_entry(
	const char *path, const struct stat *st, int type, struct FTW *place)
{
	(void)st;
	(void)type;
	(void)place;
	return remove(path);
}

static inline void fuzz_folder_remove(void)
{
	nftw(fuzz_folder, fuzz_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* The folder, which is made by the first call with these subfolders. */
static inline const char *fuzz_folder_get(const char *const *subfolders, size_t count)
{
	const char *base = getenv("TMPDIR");

	if (fuzz_folder[0])
		return fuzz_folder;
	snprintf(fuzz_folder, sizeof(fuzz_folder), "%.2000s/guest-installer-fuzz.XXXXXX",
		base ? base : "/tmp");
	promised(mkdtemp(fuzz_folder));
	atexit(fuzz_folder_remove);
	for (size_t i = 0; i < count; i++) {
		struct error err;
		char path[FILE_PATH_BYTES];

		file_below(path, fuzz_folder, "%s", subfolders[i]);
		promised(file_make_folder(path, 0755, 0, 0, &err) == 0);
	}
	return fuzz_folder;
}

static inline void fuzz_folder_write(const char *name, const void *data, size_t size_bytes)
{
	char path[FILE_PATH_BYTES];
	FILE *file;

	file_below(path, fuzz_folder, "%s", name);
	file = fopen(path, "we");
	promised(file);
	promised(fwrite(data, 1, size_bytes, file) == size_bytes);
	promised(fclose(file) == 0);
}

static inline void fuzz_folder_delete(const char *name)
{
	char path[FILE_PATH_BYTES];

	file_below(path, fuzz_folder, "%s", name);
	promised(unlink(path) == 0);
}

/* Cuts the next part off the input; parts are separated by a byte of 0xff. */
static inline const uint8_t *fuzz_part(const uint8_t **data, size_t *size_bytes, size_t *ret_bytes)
{
	const uint8_t *start = *data;
	const uint8_t *end = *size_bytes ? memchr(start, 0xff, *size_bytes) : NULL;
	size_t used = end ? (size_t)(end - start) + 1 : *size_bytes;

	*ret_bytes = end ? used - 1 : used;
	*data += used;
	*size_bytes -= used;
	return start;
}
