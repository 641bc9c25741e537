/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

static char root[64];

static int make_root(void **state)
{
	struct error err;
	char path[FILE_PATH_BYTES];

	(void)state;
	snprintf(root, sizeof(root), "/tmp/guest-installer-file.XXXXXX");
	if (!mkdtemp(root))
		return -1;
	file_below(path, root, "/store");
	if (file_make_folder(path, 0755, getuid(), getgid(), &err) < 0)
		return -1;
	file_below(path, root, "/store/file");
	return file_write(path, "content", 7, 0644, getuid(), getgid(), &err);
}

static int remove_root(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static void link_in_root(const char *target, const char *name)
{
	struct error err;
	char path[FILE_PATH_BYTES];

	file_below(path, root, "%s", name);
	assert_int_equal(file_make_link(target, path, &err), 0);
}

static void resolves_to(const char *path, const char *inner)
{
	struct error err = { 0 };
	char wanted[FILE_PATH_BYTES], found[FILE_PATH_BYTES];

	file_below(wanted, root, "%s", inner);
	assert_int_equal(file_resolve(root, path, found, &err), 0);
	assert_string_equal(found, wanted);
}

static void links_are_followed_inside_the_root_only(void **state)
{
	(void)state;
	link_in_root("/store/file", "/absolute");
	link_in_root("../../../../store/file", "/climbing");
	link_in_root("store", "/folder");
	link_in_root("/folder", "/chain");
	resolves_to("/store/file", "/store/file");
	resolves_to("/absolute", "/store/file");
	resolves_to("/climbing", "/store/file");
	resolves_to("/chain/./../chain/file", "/store/file");
	resolves_to("/../../..", "");
}

static void what_lies_outside_is_not_found(void **state)
{
	struct error err;
	char found[FILE_PATH_BYTES];

	(void)state;
	link_in_root("/etc/passwd", "/outside");
	assert_int_equal(file_resolve(root, "/outside", found, &err), -ENOENT);
	assert_int_equal(file_resolve(root, "../../../etc/passwd", found, &err), -ENOENT);
}

static void a_file_is_read_inside_the_root(void **state)
{
	struct error err;
	char path[FILE_PATH_BYTES], *text = NULL;

	(void)state;
	file_below(path, root, "/inner");
	assert_int_equal(file_write(path, "inside", 6, 0600, getuid(), getgid(), &err), 0);
	link_in_root("/inner", "/to-inner");
	link_in_root("/etc/passwd", "/to-outer");
	assert_int_equal(file_read_inside(root, "/to-inner", 6, &text, NULL, &err), 0);
	assert_string_equal(text, "inside");
	free(text);
	assert_int_equal(file_read_inside(root, "/to-inner", 5, &text, NULL, &err), -EFBIG);
	assert_true(
		file_is_missing(file_read_inside(root, "/to-outer", 1 << 20, &text, NULL, &err)));
}

static void a_circle_of_links_ends(void **state)
{
	struct error err;
	char found[FILE_PATH_BYTES];

	(void)state;
	link_in_root("circle-b", "/circle-a");
	link_in_root("circle-a", "/circle-b");
	assert_int_equal(file_resolve(root, "/circle-a", found, &err), -ELOOP);
}

static void a_file_is_replaced_with_its_mode(void **state)
{
	struct error err;
	char path[FILE_PATH_BYTES];
	char *text;
	size_t size_bytes;
	struct stat st;
	mode_t before = umask(0077);

	(void)state;
	file_below(path, root, "/replaced");
	assert_int_equal(file_write(path, "a", 1, 0600, getuid(), getgid(), &err), 0);
	assert_int_equal(file_write(path, "b", 1, 0644, getuid(), getgid(), &err), 0);
	umask(before);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(file_read(path, 10, &text, &size_bytes, &err), 0);
	assert_string_equal(text, "b");
	free(text);
}

static void a_link_in_the_way_is_replaced_and_not_followed(void **state)
{
	struct error err;
	char path[FILE_PATH_BYTES], file[FILE_PATH_BYTES];
	char *text;

	(void)state;
	link_in_root("store/file", "/trap");
	file_below(path, root, "/trap");
	assert_int_equal(file_write(path, "x", 1, 0644, getuid(), getgid(), &err), 0);
	file_below(file, root, "/store/file");
	assert_int_equal(file_read(file, 100, &text, NULL, &err), 0);
	assert_string_equal(text, "content");
	free(text);
}

static void a_file_that_is_too_large_is_refused(void **state)
{
	struct error err;
	char path[FILE_PATH_BYTES];
	char *text;

	(void)state;
	file_below(path, root, "/store/file");
	assert_int_equal(file_read(path, 6, &text, NULL, &err), -EFBIG);
	assert_non_null(strstr(err.text, "larger than 6 bytes"));
}

static void files_are_compared_to_the_last_byte(void **state)
{
	struct error err;
	char a[FILE_PATH_BYTES], b[FILE_PATH_BYTES];
	char *data = calloc(1, 200001);

	(void)state;
	assert_non_null(data);
	file_below(a, root, "/a");
	file_below(b, root, "/b");
	assert_int_equal(file_write(a, data, 200001, 0644, getuid(), getgid(), &err), 0);
	assert_int_equal(file_write(b, data, 200001, 0644, getuid(), getgid(), &err), 0);
	assert_int_equal(file_compare(a, b, &err), 0);
	data[200000] = 1;
	assert_int_equal(file_write(b, data, 200001, 0644, getuid(), getgid(), &err), 0);
	assert_int_equal(file_compare(a, b, &err), -EBADMSG);
	assert_int_equal(file_write(b, data, 200000, 0644, getuid(), getgid(), &err), 0);
	assert_int_equal(file_compare(a, b, &err), -EBADMSG);
	assert_int_equal(file_compare(a, root, &err), -EBADMSG);
	free(data);
}

static void a_file_may_begin_with_another(void **state)
{
	struct error err;
	char a[FILE_PATH_BYTES], b[FILE_PATH_BYTES];
	char *data = calloc(1, 200001);

	(void)state;
	assert_non_null(data);
	file_below(a, root, "/a");
	file_below(b, root, "/b");
	assert_int_equal(file_write(a, data, 200001, 0644, getuid(), getgid(), &err), 0);
	assert_int_equal(file_compare_start(a, a, &err), 0);
	assert_int_equal(file_write(b, data, 100000, 0644, getuid(), getgid(), &err), 0);
	assert_int_equal(file_compare_start(a, b, &err), 0);
	assert_int_equal(file_compare_start(b, a, &err), -EBADMSG);
	data[99999] = 1;
	assert_int_equal(file_write(b, data, 100000, 0644, getuid(), getgid(), &err), 0);
	assert_int_equal(file_compare_start(a, b, &err), -EBADMSG);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_are_followed_inside_the_root_only),
		cmocka_unit_test(what_lies_outside_is_not_found),
		cmocka_unit_test(a_file_is_read_inside_the_root),
		cmocka_unit_test(a_circle_of_links_ends),
		cmocka_unit_test(a_file_is_replaced_with_its_mode),
		cmocka_unit_test(a_link_in_the_way_is_replaced_and_not_followed),
		cmocka_unit_test(a_file_that_is_too_large_is_refused),
		cmocka_unit_test(files_are_compared_to_the_last_byte),
		cmocka_unit_test(a_file_may_begin_with_another),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
