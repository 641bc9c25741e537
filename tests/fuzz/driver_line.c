/* SPDX-License-Identifier: MIT */
/* The first line as one of a driver, the others as the names that devices give of themselves. */
#include "init/driver_line.h"
#include "fuzz.h"

#define DEVICES_MAX 16

static void check_words(const char *line)
{
	const char *position = line;
	struct driver_word word;

	while (driver_line_next(&position, &word)) {
		promised(word.length > 0 && word.text >= line);
		promised(word.text + word.length == position && position <= line + strlen(line));
		promised(word.is_file == !memchr(word.text, ':', word.length));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	AUTO_FREE char *text = fuzz_text(data, size_bytes);
	char *devices[DEVICES_MAX];
	size_t count = 0;
	char *rest = text;
	const char *line = strsep(&rest, "\n");

	while (rest && count < DEVICES_MAX)
		devices[count++] = strsep(&rest, "\n");
	check_words(line);
	/* A further device never makes a driver unwanted. */
	if (driver_line_is_wanted(line, devices, count / 2))
		promised(driver_line_is_wanted(line, devices, count));
	if (driver_line_is_wanted(line, devices, 0))
		promised(!strchr(line, ':'));
	return 0;
}
