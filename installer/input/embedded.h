/* SPDX-License-Identifier: MIT */
/*
 * embedded — the area in which an ISO carries the settings, keys and files of its user.
 *
 * Pure. embedded_source finds the area; the tool qemu/iso writes it (qemu/host/protocol/area.py).
 * What the files mean is decided by key_drive.
 *
 * The area is a file of the ISO. Zeroes alone mean that nothing is embedded. Otherwise it begins
 * with a header of 512 bytes, these lines and zeroes:
 *
 *     guest-installer embedded 1
 *     sha256 HEX
 *     size N
 *
 * N bytes follow, of which HEX is the sum: an archive in the format newc of cpio(5), with regular
 * files whose names have no slash. One of them is embedded.json. It says how the ISO becomes the
 * original one again, and where a closure is that was appended to it.
 *
 * Tested by: tests/unit/test_embedded.c, tests/fuzz/embedded.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/error.h"

#define EMBEDDED_NAME	      "guest-installer.embedded"
#define EMBEDDED_DESCRIPTION  "embedded.json"
#define EMBEDDED_MAX_BYTES    ((size_t)4 * 1024 * 1024)
#define EMBEDDED_HEADER_BYTES 512
#define EMBEDDED_FILES_MAX    128
#define EMBEDDED_NAME_BYTES   256
#define EMBEDDED_SECTOR_BYTES 2048

struct embedded_file {
	char name[EMBEDDED_NAME_BYTES];
	const char *data; /* inside the area; no NUL follows */
	size_t size_bytes;
};

struct embedded {
	char sum[HEX_CHARS(SHA256_BYTES) + 1]; /* of the archive, in hexadecimal */
	struct embedded_file files[EMBEDDED_FILES_MAX];
	size_t count;
	/* An ISO 9660 image behind the end of the original ISO; 0 bytes if there is none. */
	uint64_t appended_offset_bytes, appended_size_bytes;
};

/* Reads an area. 1 if something is embedded; 0 if not. An area that is damaged, or is of another
 * version, is -EBADMSG with EXIT_CONFIGURATION. The names that ret points to belong to area. */
int embedded_parse(
	const char *area, size_t size_bytes, struct embedded *ret, struct error *err) WARN_UNUSED;

/* The file of this name, whose case does not count, as on a key drive; NULL if there is none. */
const struct embedded_file *embedded_find(const struct embedded *embedded, const char *name);

/* Copies the file of this name into memory (from malloc, a NUL behind it). 1 if it is there, 0 if
 * not; -EFBIG with the code if it is too large. */
int embedded_read_file(const struct embedded *embedded, const char *name, size_t max_bytes,
	enum exit_code code, char **ret_text, size_t *ret_bytes, struct error *err) WARN_UNUSED;
