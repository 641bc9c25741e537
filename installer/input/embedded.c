/* SPDX-License-Identifier: MIT */
#include "input/embedded.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"

#define MAGIC	    "guest-installer embedded "
#define VERSION_ONE "1\n"
#define SUM_WORD    "sha256 "
#define SIZE_WORD   "size "
#define LAST_NAME   "TRAILER!!!"

/* newc of cpio(5): a magic and 13 numbers, each of eight hexadecimal digits. */
#define NEWC_MAGIC	  "070701"
#define NEWC_HEADER_BYTES 110
#define NEWC_NUMBER_CHARS 8
enum newc_number {
	NEWC_MODE = 1,
	NEWC_FILE_BYTES = 6,
	NEWC_NAME_BYTES = 11
};
#define TYPE_MASK    0170000
#define TYPE_REGULAR 0100000

struct header {
	uint8_t sum[SHA256_BYTES];
	size_t size_bytes; /* of the archive */
};

static int refuse_area(struct error *err, const char *what)
{
	return error_set_code(err, EXIT_CONFIGURATION, -EBADMSG,
		"What is embedded in the ISO is damaged, because %s: copy the ISO again, or make it again.",
		what);
}

/* -------------------------------------------------------- the header */

/* Moves *text behind a word that it has to begin with. */
static bool skip_word(const char **text, const char *word)
{
	if (!text_starts_with(*text, word))
		return false;
	*text += strlen(word);
	return true;
}

/* A number of at most nine digits and the end of its line. */
static bool take_size(const char **text, size_t *ret)
{
	size_t size = 0, digits = strspn(*text, "0123456789");

	if (digits < 1 || digits > 9 || (*text)[digits] != '\n')
		return false;
	for (size_t i = 0; i < digits; i++)
		size = size * 10 + (size_t)((*text)[i] - '0');
	*text += digits + 1;
	*ret = size;
	return true;
}

static bool take_sum(const char **text, uint8_t ret[SHA256_BYTES])
{
	size_t length = strcspn(*text, "\n");

	if ((*text)[length] != '\n' || length != HEX_CHARS(SHA256_BYTES) ||
		hex_decode(*text, length, ret, SHA256_BYTES) < 0)
		return false;
	*text += length + 1;
	return true;
}

static int parse_header(const char *area, struct header *ret, struct error *err)
{
	char copy[EMBEDDED_HEADER_BYTES + 1] = "";
	const char *text = copy;

	memcpy(copy, area, EMBEDDED_HEADER_BYTES);
	if (!skip_word(&text, MAGIC))
		return refuse_area(err, "its header is another one");
	if (!skip_word(&text, VERSION_ONE))
		return error_set_code(err, EXIT_CONFIGURATION, -EBADMSG,
			"What is embedded in the ISO has another version than 1: customize the ISO with the tool of its own release.");
	if (!skip_word(&text, SUM_WORD) || !take_sum(&text, ret->sum) ||
		!skip_word(&text, SIZE_WORD) || !take_size(&text, &ret->size_bytes) ||
		!bytes_are_zero(text, (size_t)(copy + EMBEDDED_HEADER_BYTES - text)))
		return refuse_area(err, "its header is another one");
	return 0;
}

/* -------------------------------------------------------- the archive */

static bool newc_read(const char *header, enum newc_number number, uint32_t *ret)
{
	uint8_t bytes[NEWC_NUMBER_CHARS / 2];

	if (hex_decode(header + strlen(NEWC_MAGIC) + (size_t)number * NEWC_NUMBER_CHARS,
		    NEWC_NUMBER_CHARS, bytes, sizeof(bytes)) < 0)
		return false;
	*ret = (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
	return true;
}

/* Headers and contents begin at multiples of four bytes. */
static size_t aligned(size_t offset)
{
	return (offset + 3) & ~(size_t)3;
}

static bool newc_name(const char *name, uint32_t name_bytes, char ret[EMBEDDED_NAME_BYTES])
{
	if (name_bytes < 2 || name_bytes > EMBEDDED_NAME_BYTES ||
		memchr(name, '\0', name_bytes) != name + name_bytes - 1 || strchr(name, '/') ||
		strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	memcpy(ret, name, name_bytes);
	return true;
}

/* Reads the entry at *offset and moves that behind it. 1 for a file, 0 for the last entry. */
static int newc_entry(const char *archive, size_t size_bytes, size_t *offset,
	struct embedded_file *ret, struct error *err)
{
	const char *header = archive + *offset;
	size_t left = size_bytes - *offset;
	uint32_t mode, file_bytes, name_bytes;
	size_t data;

	if (left < NEWC_HEADER_BYTES || memcmp(header, NEWC_MAGIC, strlen(NEWC_MAGIC)) != 0 ||
		!newc_read(header, NEWC_MODE, &mode) ||
		!newc_read(header, NEWC_FILE_BYTES, &file_bytes) ||
		!newc_read(header, NEWC_NAME_BYTES, &name_bytes) ||
		name_bytes > left - NEWC_HEADER_BYTES)
		return refuse_area(err, "its archive is cut off");
	if (!newc_name(header + NEWC_HEADER_BYTES, name_bytes, ret->name))
		return refuse_area(err, "a file in it has a name that it cannot have");
	if (strcmp(ret->name, LAST_NAME) == 0)
		return 0;
	data = aligned(*offset + NEWC_HEADER_BYTES + name_bytes);
	if ((mode & TYPE_MASK) != TYPE_REGULAR)
		return refuse_area(err, "it contains something else than regular files");
	*offset = aligned(data + file_bytes);
	if (*offset > size_bytes)
		return refuse_area(err, "its archive is cut off");
	ret->data = archive + data;
	ret->size_bytes = file_bytes;
	return 1;
}

static int newc_files(
	const char *archive, size_t size_bytes, struct embedded *ret, struct error *err)
{
	struct embedded_file file;
	size_t offset = 0;
	int r;

	while ((r = newc_entry(archive, size_bytes, &offset, &file, err)) > 0) {
		if (ret->count == EMBEDDED_FILES_MAX)
			return refuse_area(err, "it has too many files");
		if (embedded_find(ret, file.name))
			return refuse_area(err, "two files in it have one name");
		ret->files[ret->count++] = file;
	}
	return r;
}

/* -------------------------------------------------------- the description */

static int read_appended(const struct json_value *root, struct embedded *ret, struct error *err)
{
	struct json_value appended;
	int r;

	if (!json_has(root, "appended"))
		return 0;
	r = json_get_object(root, "appended", &appended, err);
	if (r < 0)
		return r;
	r = json_get_number(&appended, "offset", INT64_MAX / 2, &ret->appended_offset_bytes, err);
	if (r < 0)
		return r;
	r = json_get_number(&appended, "bytes", INT64_MAX / 2, &ret->appended_size_bytes, err);
	if (r < 0)
		return r;
	if (ret->appended_size_bytes == 0 || ret->appended_offset_bytes % EMBEDDED_SECTOR_BYTES)
		return json_refuse(root, "appended", err, "names no place of an ISO 9660 image");
	return 0;
}

static int read_description(struct embedded *ret, struct error *err)
{
	const struct embedded_file *file = embedded_find(ret, EMBEDDED_DESCRIPTION);
	struct json_document *document;
	struct json_value root;
	int r;

	if (!file)
		return refuse_area(err, "it does not describe itself");
	r = json_parse(file->data, file->size_bytes, &document, &root, err);
	if (r < 0)
		return r;
	r = read_appended(&root, ret, err);
	json_free(&document);
	return r;
}

/* -------------------------------------------------------- the area */

static int check_sum(const struct header *header, const char *archive, struct error *err)
{
	uint8_t sum[SHA256_BYTES];

	digest_sha256(archive, header->size_bytes, sum);
	if (memcmp(sum, header->sum, sizeof(sum)) != 0)
		return refuse_area(err, "it has another checksum than its header");
	return 0;
}

int embedded_parse(const char *area, size_t size_bytes, struct embedded *ret, struct error *err)
{
	AUTO_FREE struct embedded *embedded = must_realloc(NULL, 1, sizeof(*embedded));
	struct header header;
	int r;

	if (bytes_are_zero(area, size_bytes))
		return 0;
	if (size_bytes < EMBEDDED_HEADER_BYTES)
		return refuse_area(err, "it is shorter than its header");
	r = parse_header(area, &header, err);
	if (r < 0)
		return r;
	if (header.size_bytes > size_bytes - EMBEDDED_HEADER_BYTES)
		return refuse_area(err, "it is cut off");
	area += EMBEDDED_HEADER_BYTES;
	r = check_sum(&header, area, err);
	if (r < 0)
		return r;
	memset(embedded, 0, sizeof(*embedded));
	hex_encode(header.sum, sizeof(header.sum), embedded->sum);
	r = newc_files(area, header.size_bytes, embedded, err);
	if (r < 0)
		return r;
	r = read_description(embedded, err);
	if (r < 0) {
		error_wrap(err, EMBEDDED_DESCRIPTION " in the ISO");
		return -EBADMSG;
	}
	*ret = *embedded;
	return 1;
}

const struct embedded_file *embedded_find(const struct embedded *embedded, const char *name)
{
	for (size_t i = 0; i < embedded->count; i++)
		if (strcasecmp(embedded->files[i].name, name) == 0)
			return &embedded->files[i];
	return NULL;
}

int embedded_read_file(const struct embedded *embedded, const char *name, size_t max_bytes,
	enum exit_code code, char **ret_text, size_t *ret_bytes, struct error *err)
{
	const struct embedded_file *file = embedded_find(embedded, name);
	char *text;

	if (!file)
		return 0;
	if (file->size_bytes > max_bytes)
		return error_set_code(err, code, -EFBIG,
			"%s has %zu bytes, more than the %zu that are read", name, file->size_bytes,
			max_bytes);
	text = must_realloc(NULL, file->size_bytes + 1, 1);
	memcpy(text, file->data, file->size_bytes);
	text[file->size_bytes] = '\0';
	*ret_text = text;
	*ret_bytes = file->size_bytes;
	return 1;
}
