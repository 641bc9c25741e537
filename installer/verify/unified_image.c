/* SPDX-License-Identifier: MIT */
#include "verify/unified_image.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "verify/pe_sections.h"

#define IMAGE_MAX_BYTES (512 * 1024 * 1024)
#define NAME_BYTES	512

struct unified_image {
	const char *root;
	const char *esp;
	const char *name;
	char *bytes;
	size_t size_bytes;
};

/* One of the two files that an image starts. */
struct image_part {
	const char *section;
	const char *hash_section; /* lanzaboote's */
	const char *store_file;
	bool more; /* something may follow the store's file */
};

/* Reads a file of the target, or of the ESP if esp is not empty. */
static int read_target_file(const char *root, const char *esp, const char *name, char **ret,
	size_t *ret_bytes, struct error *err)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", esp, name);
	return file_read_inside(root, path, IMAGE_MAX_BYTES, ret, ret_bytes, err);
}

static int find_image_section(const struct unified_image *image, const char *name,
	struct pe_section *ret, struct error *err)
{
	return pe_sections_find(
		image->name, (const uint8_t *)image->bytes, image->size_bytes, name, ret, err);
}

/* Copies a section as text; an empty one where the image has none. */
static int copy_section(const struct unified_image *image, const char *section_name, char *ret,
	size_t ret_bytes, struct error *err)
{
	struct pe_section section;
	int r = find_image_section(image, section_name, &section, err);

	if (r == -ENOENT) {
		ret[0] = '\0';
		return 0;
	}
	if (r < 0)
		return r;
	if (section.size_bytes >= ret_bytes)
		return error_set(
			err, -EBADMSG, "%s has too long a section %s.", image->name, section_name);
	memcpy(ret, image->bytes + section.offset_bytes, section.size_bytes);
	ret[section.size_bytes] = '\0';
	return 0;
}

static int read_section_text(const char *root, const char *esp, const char *name,
	const char *section_name, char *ret, size_t ret_bytes, struct error *err)
{
	AUTO_FREE char *bytes = NULL;
	struct unified_image image = { root, esp, name, NULL, 0 };
	int r = read_target_file(root, esp, name, &bytes, &image.size_bytes, err);

	if (r < 0)
		return r;
	image.bytes = bytes;
	return copy_section(&image, section_name, ret, ret_bytes, err);
}

int unified_image_release(const char *root, const char *esp, const char *name, char *ret,
	size_t ret_bytes, struct error *err)
{
	return read_section_text(root, esp, name, ".osrel", ret, ret_bytes, err);
}

int unified_image_options(const char *root, const char *esp, const char *name, char *ret,
	size_t ret_bytes, struct error *err)
{
	return read_section_text(root, esp, name, ".cmdline", ret, ret_bytes, err);
}

/* data is the store's file, or begins with it. what names data. */
static int compare_part(const struct unified_image *image, const struct image_part *part,
	const char *what, const char *data, size_t size_bytes, struct error *err)
{
	AUTO_FREE char *stored = NULL;
	size_t stored_bytes;
	int r = read_target_file(image->root, "", part->store_file, &stored, &stored_bytes, err);

	if (r < 0)
		return r;
	if ((part->more ? size_bytes < stored_bytes : size_bytes != stored_bytes) ||
		memcmp(data, stored, stored_bytes) != 0)
		return error_set(err, -EBADMSG, "%s %s differs from %s.", what, image->name,
			part->store_file);
	return 0;
}

/* lanzaboote's stub reads a file whose name is in the section, and stops if its SHA-256 is not that
 * of the other section. */
static int check_file_of_stub(const struct unified_image *image, const struct image_part *part,
	const struct pe_section *hash, struct error *err)
{
	char name[NAME_BYTES], what[NAME_BYTES + 32];
	uint8_t sum[SHA256_BYTES];
	AUTO_FREE char *file = NULL;
	size_t file_bytes;
	int r = copy_section(image, part->section, name, sizeof(name), err);

	if (r < 0)
		return r;
	for (char *at = name; (at = strchr(at, '\\'));)
		*at = '/';
	r = read_target_file(image->root, image->esp, name, &file, &file_bytes, err);
	if (r < 0)
		return r;
	digest_sha256(file, file_bytes, sum);
	if (hash->size_bytes != sizeof(sum) ||
		memcmp(image->bytes + hash->offset_bytes, sum, sizeof(sum)) != 0)
		return error_set(err, -EBADMSG, "%s does not have the SHA-256 that %s expects.",
			name, image->name);
	snprintf(what, sizeof(what), "The file %s of", name);
	return compare_part(image, part, what, file, file_bytes, err);
}

static int check_part(
	const struct unified_image *image, const struct image_part *part, struct error *err)
{
	struct pe_section section;
	char what[32];
	int r = find_image_section(image, part->hash_section, &section, err);

	if (r == 0)
		return check_file_of_stub(image, part, &section, err);
	if (r == -EBADMSG)
		return r;
	r = find_image_section(image, part->section, &section, err);
	if (r == -ENOENT)
		return error_set(
			err, -EBADMSG, "%s has no section %s.", image->name, part->section);
	if (r < 0)
		return r;
	snprintf(what, sizeof(what), "The section %s of", part->section);
	return compare_part(
		image, part, what, image->bytes + section.offset_bytes, section.size_bytes, err);
}

int unified_image_check(const char *root, const char *esp, const char *name,
	const struct boot_files *files, struct error *err)
{
	const struct image_part kernel = { ".linux", ".linuxh", files->kernel, false };
	const struct image_part initrd = { ".initrd", ".initrdh", files->initrd, true };
	struct unified_image image = { root, esp, name, NULL, 0 };
	AUTO_FREE char *bytes = NULL;
	int r = read_target_file(root, esp, name, &bytes, &image.size_bytes, err);

	if (r < 0)
		return r;
	image.bytes = bytes;
	r = check_part(&image, &kernel, err);
	if (r < 0 || !files->initrd[0])
		return r;
	return check_part(&image, &initrd, err);
}
