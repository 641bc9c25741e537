/* SPDX-License-Identifier: MIT */
#include "verify/initrd_modules.h"

#include <stddef.h>
#include <string.h>

#define BLANKS	   " \t\n"
#define SUFFIX	   ".ko" /* and that of its compression: ".ko.xz" */
#define NAME_BYTES 64

/* The module of a word, "kernel/drivers/block/xen-blkfront.ko.xz" or "xen-blkfront":
 * "xen_blkfront". */
static void name_module(const char *word, size_t length, char ret[NAME_BYTES])
{
	const char *base = memrchr(word, '/', length), *suffix;

	base = base ? base + 1 : word;
	length -= (size_t)(base - word);
	suffix = memmem(base, length, SUFFIX, strlen(SUFFIX));
	length = suffix ? (size_t)(suffix - base) : length;
	if (length >= NAME_BYTES)
		length = 0;
	for (size_t i = 0; i < length; i++)
		ret[i] = base[i] == '-' ? '_' : base[i];
	ret[length] = '\0';
}

/* Whether one of the words stands for the module. The last word ends where the words do. */
static bool has_module(const char *words, size_t size_bytes, const char name[NAME_BYTES])
{
	const char *end = words + size_bytes;
	char found[NAME_BYTES];

	while (words < end) {
		size_t length = strcspn(words, BLANKS);

		name_module(words, length, found);
		if (strcmp(found, name) == 0)
			return true;
		words += length + 1;
	}
	return false;
}

/* Whether a module of the list depends on this one. Each line of modules.dep has all that its
 * module depends on. */
static bool is_dependency(const struct initrd_modules *modules, const char name[NAME_BYTES])
{
	const char *line = modules->depends;
	char user[NAME_BYTES];

	while (*line) {
		size_t length = strcspn(line, "\n"), key = strcspn(line, ":\n");

		if (key < length && has_module(line + key + 1, length - key - 1, name)) {
			name_module(line, key, user);
			if (has_module(modules->listed, strlen(modules->listed), user))
				return true;
		}
		line += length + (line[length] == '\n');
	}
	return false;
}

bool initrd_modules_have(const struct initrd_modules *modules, const char *name)
{
	char wanted[NAME_BYTES];

	name_module(name, strlen(name), wanted);
	return has_module(modules->listed, strlen(modules->listed), wanted) ||
	       has_module(modules->builtin, strlen(modules->builtin), wanted) ||
	       is_dependency(modules, wanted);
}
