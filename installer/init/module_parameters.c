/* SPDX-License-Identifier: MIT */
#include "init/module_parameters.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

static char plain(char letter)
{
	return letter == '-' ? '_' : letter;
}

/* The number of bytes of "virtio_mmio." at the start of the word; 0 if the word is for another
 * module. */
static size_t match_module(const char *word, size_t word_bytes, const char *file)
{
	size_t length = strcspn(file, ".");

	if (length == 0 || word_bytes <= length || word[length] != '.')
		return 0;
	for (size_t i = 0; i < length; i++)
		if (plain(word[i]) != plain(file[i]))
			return 0;
	return length + 1;
}

/* Appends the word without the module's name to a list of words. A quote before the name quotes the
 * parameter as well. */
static void append_parameter(char *list, const char *word, size_t word_bytes, const char *file)
{
	size_t quote = word_bytes > 0 && word[0] == '"';
	size_t skip = match_module(word + quote, word_bytes - quote, file);

	if (skip == 0 || quote + skip == word_bytes)
		return;
	if (list[0])
		strcat(list, " ");
	if (quote)
		strcat(list, "\"");
	strncat(list, word + quote + skip, word_bytes - quote - skip);
}

char *module_parameters_find(const char *command_line, const char *file)
{
	/* No parameter is longer than its word. */
	char *list = must_realloc(NULL, strlen(command_line) + 1, 1);

	list[0] = '\0';
	for (;;) {
		size_t length;

		command_line += strspn(command_line, " \t\n\r\v\f");
		length = text_option_bytes(command_line);
		if (length == 0 || (length == 2 && text_starts_with(command_line, "--")))
			return list;
		append_parameter(list, command_line, length, file);
		command_line += length;
	}
}
