/* SPDX-License-Identifier: MIT */
#include "input/embedded_word.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/text.h"
#include "config/merge.h"

#define WORD "guest-installer.embedded="

static int refuse_lost(const struct error *no_medium, struct error *err)
{
	if (!no_medium->code)
		return error_set_code(err, EXIT_CONFIGURATION, -EBADMSG,
			"The machine was started from an ISO in which settings are embedded, but the ISO that the installer found has none: detach all other ISOs of guest-installer.");
	*err = *no_medium;
	error_wrap(err, "The settings that are embedded in the ISO cannot be read");
	return -ENOENT;
}

static int check_promise(const char *sum, const struct embedded *embedded,
	const struct error *no_medium, struct error *err)
{
	uint8_t bytes[SHA256_BYTES];

	if (strlen(sum) != HEX_CHARS(SHA256_BYTES) ||
		hex_decode(sum, strlen(sum), bytes, sizeof(bytes)) < 0)
		return error_set_code(err, EXIT_CONFIGURATION, -EBADMSG,
			"the kernel command line: " WORD
			" has no SHA-256 behind it: leave the word as the tool iso has written it");
	if (!embedded)
		return refuse_lost(no_medium, err);
	if (strcasecmp(sum, embedded->sum) == 0)
		return 0;
	return error_set_code(err, EXIT_CONFIGURATION, -EBADMSG,
		"The machine was started from an ISO or initramfs with other embedded settings than those that the installer found: detach all other ISOs of guest-installer, or take kernel, initramfs and command line from one ISO.");
}

int embedded_word_check(const char *command_line, const struct embedded *embedded,
	const struct error *no_medium, struct error *err)
{
	char word[MERGE_WORD_BYTES];
	int r = 0;

	while (r == 0 && merge_next_word(&command_line, word))
		if (text_starts_with(word, WORD))
			r = check_promise(word + strlen(WORD), embedded, no_medium, err);
	return r;
}
