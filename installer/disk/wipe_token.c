/* SPDX-License-Identifier: MIT */
#include "disk/wipe_token.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/units.h"

#define SAMPLE_BYTES   4096
#define SAMPLE_COUNT   256
#define EDGE_BYTES     MIB
#define TOKEN_DIGITS   (WIPE_TOKEN_BYTES - 1)
#define SUM_PART_BYTES (TOKEN_DIGITS / 2)

/* Adds what is there at the offset; less than asked for at the end of the disk. */
static int add_sample(struct digest *digest, int fd, uint64_t offset_bytes, size_t size_bytes)
{
	AUTO_FREE char *data = must_realloc(NULL, size_bytes, 1);
	ssize_t n = file_read_at(fd, data, size_bytes, offset_bytes);

	if (n < 0)
		return (int)n;
	digest_update(digest, data, (size_t)n);
	return 0;
}

static void add_part(struct digest *digest, const char *text)
{
	digest_update(digest, text, strlen(text) + 1);
}

/* Both ends, where tables and most signatures are; the first byte that is not zero, where file
 * systems without a table begin, and the rest by samples. */
static int add_content(struct digest *digest, int fd, const struct disk *disk)
{
	uint64_t size = disk->size_bytes;
	int r = add_sample(digest, fd, 0, EDGE_BYTES);

	if (r == 0)
		r = add_sample(digest, fd, size > EDGE_BYTES ? size - EDGE_BYTES : 0, EDGE_BYTES);
	if (r == 0 && disk->nonzero)
		r = add_sample(digest, fd, disk->nonzero_offset_bytes, EDGE_BYTES);
	for (size_t i = LAYOUT_AUTO + 1; i < LAYOUT_COUNT && r == 0; i++)
		r = add_sample(digest, fd, layout_root_offset_bytes((enum layout)i), SAMPLE_BYTES);
	for (size_t i = 0; i < disk->label_count && r == 0; i++)
		r = add_sample(digest, fd, disk->labels[i].offset_bytes, SAMPLE_BYTES);
	for (uint64_t i = 0; i < SAMPLE_COUNT && r == 0; i++)
		r = add_sample(digest, fd, size / SAMPLE_COUNT * i, SAMPLE_BYTES);
	return r;
}

void wipe_token_read(int fd, struct disk *disk)
{
	struct digest *digest = digest_new();
	uint8_t sum[SHA256_BYTES];
	int r;

	disk->wipe_token[0] = '\0';
	digest_update(digest, &disk->size_bytes, sizeof(disk->size_bytes));
	add_part(digest, disk->serial);
	add_part(digest, disk->table_id);
	r = add_content(digest, fd, disk);
	for (size_t i = 0; i < disk->label_count; i++)
		add_part(digest, disk->labels[i].uuid);
	digest_finish(digest, sum);
	if (r == 0)
		hex_encode(sum, SUM_PART_BYTES, disk->wipe_token);
}

bool wipe_token_is_valid(const char *text)
{
	return strlen(text) == TOKEN_DIGITS && strspn(text, "0123456789abcdef") == TOKEN_DIGITS;
}
