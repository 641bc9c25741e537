/* SPDX-License-Identifier: MIT */
/*
 * sshd_values — the settings in force of an SSH server, by keyword.
 *
 * Pure. It takes the text that `sshd -T` prints, where comments, quotes, Include and Match blocks
 * are resolved already, and does not read sshd_config itself (sshd_config). What the values mean is
 * decided by sshd_login and sshd_transport. Format: sshd(8), -T.
 *
 * Tested by: tests/unit/test_sshd_config.c, tests/fuzz/sshd_config.c.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

struct sshd_values {
	char *text; /* cut into lines and keywords */
	struct sshd_value {
		const char *keyword, *value;
	} * lines;
	size_t count;
};

/* Takes lines of "keyword value"; keywords are compared without case. */
void sshd_values_parse(const char *text, struct sshd_values *ret);
void sshd_values_free(struct sshd_values *values);

/* The value of the first line with this keyword; fallback if there is none. */
const char *sshd_values_get(
	const struct sshd_values *values, const char *keyword, const char *fallback) WARN_UNUSED;

/* The next line with this keyword from index *at on, which moves behind it; NULL at the end. */
const char *sshd_values_next(
	const struct sshd_values *values, const char *keyword, size_t *at) WARN_UNUSED;

/* The first port that the server listens on. */
unsigned sshd_values_port(const struct sshd_values *values) WARN_UNUSED;
