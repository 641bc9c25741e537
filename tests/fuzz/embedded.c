/* SPDX-License-Identifier: MIT */
/* Any bytes as an area of an ISO, and as the archive in an area whose header is right. */
#include "input/embedded.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "fuzz.h"
#include "input/key_drive.h"

static void check_files(const char *area, size_t size_bytes, const struct embedded *embedded)
{
	promised(embedded->count > 0 && embedded->count <= EMBEDDED_FILES_MAX);
	promised(embedded_find(embedded, EMBEDDED_DESCRIPTION) != NULL);
	promised(embedded->appended_offset_bytes % EMBEDDED_SECTOR_BYTES == 0);
	for (size_t i = 0; i < embedded->count; i++) {
		const struct embedded_file *file = &embedded->files[i];

		promised(file->name[0] && !strchr(file->name, '/'));
		promised(file->data >= area && file->data + file->size_bytes <= area + size_bytes);
		promised(embedded_find(embedded, file->name) == file);
	}
}

/* The files as those of a key drive. */
static void check_drive(const struct embedded *embedded)
{
	static struct key_drive drive;
	struct error err = FUZZ_NO_ERROR;

	if (key_drive_read_embedded(embedded, &drive, &err) < 0) {
		promised(fuzz_error_is_set(&err));
		return;
	}
	promised(drive.count <= KEY_DRIVE_FILES_MAX);
	promised(drive.host_count <= KEY_DRIVE_HOST_FILES_MAX);
	key_drive_free(&drive);
}

static void check_area(const char *area, size_t size_bytes)
{
	static struct embedded embedded;
	struct error err = FUZZ_NO_ERROR;
	int r;

	memset(&embedded, 0, sizeof(embedded));
	r = embedded_parse(area, size_bytes, &embedded, &err);
	promised(r == 1 || r == 0 || (fuzz_error_is_set(&err) && err.code == EXIT_CONFIGURATION));
	promised(r == 1 || embedded.count == 0);
	if (r == 1) {
		check_files(area, size_bytes, &embedded);
		check_drive(&embedded);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *area = must_realloc(NULL, EMBEDDED_HEADER_BYTES + size_bytes, 1);
	char hex[HEX_CHARS(SHA256_BYTES) + 1];
	uint8_t sum[SHA256_BYTES];

	memcpy(area, data, size_bytes);
	check_area(area, size_bytes);
	memset(area, 0, EMBEDDED_HEADER_BYTES);
	memcpy(area + EMBEDDED_HEADER_BYTES, data, size_bytes);
	digest_sha256(data, size_bytes, sum);
	hex_encode(sum, sizeof(sum), hex);
	snprintf(area, EMBEDDED_HEADER_BYTES, "guest-installer embedded 1\nsha256 %s\nsize %zu\n",
		hex, size_bytes);
	check_area(area, EMBEDDED_HEADER_BYTES + size_bytes);
	return 0;
}
