/* SPDX-License-Identifier: MIT */
#include "verify/boot_options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "verify/fstab.h"

#define WORD_BYTES 512

/* NAME=VALUE with the quotes around the whole or the value taken off; false if it is another. */
static bool parse_kernel_option(
	const char *word, size_t length, const char *name, char *ret, size_t ret_bytes)
{
	size_t name_length = strlen(name);

	if (length > 0 && word[0] == '"') {
		word++;
		length--;
		length -= length > 0 && word[length - 1] == '"';
	}
	if (length <= name_length || strncmp(word, name, name_length) != 0 ||
		word[name_length] != '=')
		return false;
	word += name_length + 1;
	length -= name_length + 1;
	if (length > 0 && word[0] == '"') {
		word++;
		length--;
		length -= length > 0 && word[length - 1] == '"';
	}
	snprintf(ret, ret_bytes, "%.*s", (int)length, word);
	return true;
}

bool boot_options_last(const char *command_line, const char *name, char *ret, size_t ret_bytes)
{
	bool found = false;

	for (const char *at = command_line; *at;) {
		size_t length = text_option_bytes(at);

		if (length == 2 && text_starts_with(at, "--"))
			break;
		if (parse_kernel_option(at, length, name, ret, ret_bytes))
			found = true;
		at += length;
		while (isspace((unsigned char)*at))
			at++;
	}
	return found;
}

int boot_options_check(
	const char *where, const char *command_line, const struct plan *plan, struct error *err)
{
	char value[WORD_BYTES], init[sizeof(plan->system) + sizeof("/init")];

	snprintf(init, sizeof(init), "%s/init", plan->system);
	if (!boot_options_last(command_line, "init", value, sizeof(value)))
		return error_set(err, -EBADMSG,
			"%s does not start the system: init=%s is not in its command line.", where,
			init);
	if (strcmp(value, init) != 0)
		return error_set(err, -EBADMSG,
			"%s does not start the system: the last init= of its command line is %s instead of %s.",
			where, value, init);
	if (boot_options_last(command_line, "root", value, sizeof(value)) &&
		!fstab_device_may_be(&plan->partitions[plan->root], value))
		return error_set(err, -EBADMSG,
			"%s has root=%s, which is not on this disk: the root file system has the label %s and the UUID %s.",
			where, value, plan->partitions[plan->root].fs_label,
			plan->partitions[plan->root].fs_uuid);
	return 0;
}
