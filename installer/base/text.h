/* SPDX-License-Identifier: MIT */
/*
 * text — copies and trims strings, and checks the syntax of names, labels and paths.
 *
 * Pure. The meaning of a value is decided by the callers.
 *
 * Tested by: tests/unit/test_text.c, tests/fuzz/text.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define TEXT_SIZE_BYTES 24

/* Copies src with its NUL into ret; -ENAMETOOLONG (and ret untouched) if it does not fit. */
int text_copy(char *ret, size_t ret_bytes, const char *src) WARN_UNUSED;

/* Adds formatted text at the end of what ret holds, as far as it fits; returns whether all of it
 * fitted. */
bool text_append(char *ret, size_t ret_bytes, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Cuts a path of members to length bytes and adds a dot, unless it is empty, and the name of a
 * member, of which '?' replaces what is neither a letter, a digit, - nor _. What does not fit is
 * left out. */
void text_push_member(char *path, size_t path_bytes, size_t length, const char *name);

/* Whether text begins with prefix. */
bool text_starts_with(const char *text, const char *prefix);

/* Whether the list, which ends with NULL, has this word; the second one ignores the case. */
bool text_is_one_of(const char *text, const char *const *list);
bool text_is_one_of_any_case(const char *text, const char *const *list);

/* The length of the word that text begins with, as the kernel splits its command line (Linux,
 * lib/cmdline.c, next_arg): blanks between double quotes belong to it. */
size_t text_option_bytes(const char *text);

/* A copy from malloc; NULL for NULL. */
char *text_duplicate(const char *text);

/* A copy of length bytes with a NUL behind them, from malloc. */
char *text_duplicate_bytes(const char *text, size_t length);

/* How many bytes at the start of a file's text are the byte order mark of UTF-8: 0 or 3. */
size_t text_bom_bytes(const char *text, size_t size_bytes);

/* Removes white space at both ends, in place. Returns the new start. */
char *text_trim(char *text);

/* Whether text is well-formed UTF-8 (RFC 3629, section 4). */
bool text_is_utf8(const char *text);

/* ASCII letters to lower or upper case, in place. */
void text_lower(char *text);
void text_upper(char *text);

/* A UUID in the form 8-4-4-4-12 (RFC 9562, section 4), of any case. */
bool text_is_uuid(const char *text);

/* The serial number of a FAT file system as blkid prints it: XXXX-XXXX. */
bool text_is_fat_serial(const char *text);

/* 1 to 16 printable ASCII bytes without blanks, quotes, slashes and backslashes. */
bool text_is_ext4_label(const char *text);

/* 1 to 36 bytes (UEFI 2.10, table 5.6), of those that udev puts into a link's name as they are
 * (systemd, encode_devnode_name): A-Z a-z 0-9 # + - . : = @ _ */
bool text_is_partition_name(const char *text);

/* 1 to 11 of A-Z a-z 0-9 _ - and space, neither first nor last a space (Microsoft FAT specification
 * 1.03, "Directory entry with ATTR_VOLUME_ID", without the characters that need quoting, and with
 * lower case, which Linux reads and mkfs.fat writes as it is). */
bool text_is_fat_label(const char *text);

/* A POSIX portable user name, 1 to 32 bytes (POSIX.1-2017, 3.437), that begins with a letter or
 * _. */
bool text_is_user_name(const char *text);

/* An absolute path without empty, "." and ".." parts and without control characters. */
bool text_is_clean_path(const char *text);

/* file:///… or an absolute path, without blanks and control characters. */
bool text_is_file_url(const char *text);

/* Decimal digits of a user's or group's number; moves *text behind them. -EINVAL if there are none,
 * or for 4294967295 and more: (uid_t)-1 is no number of a user. */
int text_take_id(const char **text, unsigned *ret) WARN_UNUSED;

/* A size for people: "4.0 GiB", "2.8 MiB", "512 bytes". Returns ret. */
const char *text_size(char ret[TEXT_SIZE_BYTES], uint64_t size_bytes);

/* Makes text unlike a line of the protocol, in place: every "INSTALL_" (any case) becomes
 * "INSTALL-", control characters except tab become '?'. */
void text_sanitize(char *text);
