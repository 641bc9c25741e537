/* SPDX-License-Identifier: MIT */
/* Proves that a user's groups are read from the guest's /etc/group as its SSH server will. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "file.h"
#include "guest.h"

static char root[64], etc[96], group_file[128];

static int make_root(void **state)
{
	(void)state;
	snprintf(root, sizeof(root), "/tmp/test_guest.XXXXXX");
	if (!mkdtemp(root))
		return -1;
	snprintf(etc, sizeof(etc), "%s/etc", root);
	snprintf(group_file, sizeof(group_file), "%s/group", etc);
	return mkdir(etc, 0755);
}

static int remove_root(void **state)
{
	(void)state;
	unlink(group_file);
	return rmdir(etc) == 0 && rmdir(root) == 0 ? 0 : -1;
}

static void has_groups(const char *text, const char *user, unsigned gid, const char *expected)
{
	const struct guest_user owner = { .uid = 1000, .gid = gid };
	char groups[64];
	struct error err = { 0 };

	assert_int_equal(
		file_write(group_file, text, strlen(text), 0644, getuid(), getgid(), &err), 0);
	guest_find_groups(root, user, &owner, groups, sizeof(groups));
	assert_string_equal(groups, expected);
}

static void the_users_own_group_and_those_that_list_it_are_named(void **state)
{
	(void)state;
	has_groups("root:x:0:\nwheel:x:1:alice,bob\nusers:x:100:\n", "alice", 100, "wheel users");
	has_groups("root:x:0:\nwheel:x:1:alice,bob", "bob", 100, "wheel");
	has_groups("root:x:0:\n", "root", 0, "root");
}

static void parts_of_names_and_broken_lines_do_not_count(void **state)
{
	(void)state;
	has_groups("wheel:x:1:malice,alice2\nadmins:x:100\nalice\n::\n\n", "alice", 100, "");
	has_groups("", "alice", 100, "");
}

static void without_the_file_there_are_none(void **state)
{
	const struct guest_user owner = { .uid = 0, .gid = 0 };
	char groups[64] = "x";

	(void)state;
	guest_find_groups(root, "root", &owner, groups, sizeof(groups));
	assert_string_equal(groups, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_users_own_group_and_those_that_list_it_are_named),
		TEST(parts_of_names_and_broken_lines_do_not_count),
		TEST(without_the_file_there_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
