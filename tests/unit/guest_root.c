/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "cachedir.h"
#include "guest_root.h"

char root[64];

void make_root(const char *const folders[], size_t count)
{
	cachedir_scratch(root);
	for (size_t i = 0; i < count; i++)
		make_below(folders[i]);
}

void remove_root(void)
{
	cachedir_remove_tree(root);
}

void put_bytes(const char *name, const void *bytes, size_t size_bytes)
{
	char path[FILE_PATH_BYTES];
	struct error err;

	file_below(path, root, "%s", name);
	if (file_write(path, bytes, size_bytes, 0644, getuid(), getgid(), &err) < 0)
		fail_msg("%s", err.text);
}

void put(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

void make_below(const char *name)
{
	char path[FILE_PATH_BYTES];

	file_below(path, root, "%s", name);
	assert_int_equal(mkdir(path, 0755), 0);
}

void link_to(const char *target, const char *name)
{
	char path[FILE_PATH_BYTES];

	file_below(path, root, "%s", name);
	assert_int_equal(symlink(target, path), 0);
}

void drop(const char *name)
{
	char path[FILE_PATH_BYTES];

	file_below(path, root, "%s", name);
	assert_int_equal(remove(path), 0);
}

void says(int r, const struct error *err, const char *sentence)
{
	if (!sentence && r < 0)
		fail_msg("%s", err->text);
	if (sentence && (r == 0 || !strstr(err->text, sentence)))
		fail_msg("\"%s\" is not in \"%s\"", sentence, err->text);
}
