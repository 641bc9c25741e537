/* SPDX-License-Identifier: MIT */
/* Proves that a guest's user and groups are read as its SSH server will, and that
 * the log stays in the guest. */
#include <errno.h>
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

#include "base/file.h"
#include "cachedir.h"
#include "guest/account.h"
#include "guest/nixos.h"

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
	cachedir_remove_tree(root);
	return 0;
}

static void has_groups(const char *text, const char *user, unsigned gid, const char *expected)
{
	const struct nixos_user owner = { .uid = 1000, .gid = gid };
	char groups[64];
	struct error err = { 0 };

	assert_int_equal(
		file_write(group_file, text, strlen(text), 0644, getuid(), getgid(), &err), 0);
	assert_int_equal(nixos_find_groups(root, user, &owner, groups, sizeof(groups), &err), 0);
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
	const struct nixos_user owner = { .uid = 0, .gid = 0 };
	char groups[64] = "x";
	struct error err;

	(void)state;
	assert_int_equal(nixos_find_groups(root, "root", &owner, groups, sizeof(groups), &err), 0);
	assert_string_equal(groups, "");
}

static void a_file_that_cannot_be_read_is_an_error(void **state)
{
	const struct nixos_user owner = { .uid = 0, .gid = 0 };
	char groups[64];
	struct error err;

	(void)state;
	assert_int_equal(mkdir(group_file, 0755), 0);
	assert_int_equal(
		nixos_find_groups(root, "root", &owner, groups, sizeof(groups), &err), -EISDIR);
	assert_non_null(strstr(err.text, group_file));
	assert_int_equal(rmdir(group_file), 0);
}

static void the_shell_is_read_and_may_be_empty(void **state)
{
	static const char passwd[] =
		"root:x:0:0::/root:/bin/bash\nalice:x:1000:100:A, B:/home/alice:\n"
		"bob:x:1001:100::/home/bob\n";
	char path[128];
	struct nixos_user user;
	struct error err = { 0 };

	(void)state;
	snprintf(path, sizeof(path), "%s/passwd", etc);
	assert_int_equal(
		file_write(path, passwd, strlen(passwd), 0644, getuid(), getgid(), &err), 0);
	assert_int_equal(nixos_find_user(root, "root", &user, &err), 0);
	assert_string_equal(user.shell, "/bin/bash");
	assert_int_equal(nixos_find_user(root, "alice", &user, &err), 0);
	assert_string_equal(user.home, "/home/alice");
	assert_string_equal(user.shell, "");
	assert_int_equal(nixos_find_user(root, "bob", &user, &err), 0);
	assert_string_equal(user.shell, "");
}

static void numbers_that_no_user_can_have_are_refused(void **state)
{
	static const char *const ids[] = { "4294967296:0", "0:4294967296", "4294967295:0", "-1:0",
		":0", "0:", "x:0", "0x0:0", "0 :0", "1000:100k", "18446744073709551616:0" };
	char path[128], passwd[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/passwd", etc);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct nixos_user user = { .uid = 7, .gid = 7 };
		struct error err = { 0 };

		snprintf(passwd, sizeof(passwd), "alice:x:%s::/home/alice:/bin/sh\n", ids[i]);
		assert_int_equal(
			file_write(path, passwd, strlen(passwd), 0644, getuid(), getgid(), &err),
			0);
		assert_int_equal(nixos_find_user(root, "alice", &user, &err), -EINVAL);
		assert_int_equal(err.code, EXIT_NO_KEY);
		assert_non_null(strstr(err.text, "no uid and gid from 0 to 4294967294"));
		assert_int_equal(user.uid, 7);
		assert_int_equal(user.gid, 7);
	}
}

static void the_shadow_entry_admits_or_refuses_a_login(void **state)
{
	static const struct {
		const char *text;
		bool locked;
		const char *reason; /* NULL: it admits */
	} cases[] = {
		{ "", false, NULL },
		{ "bob:!:1:::::1:\nalice:*:1::::::\n", false, NULL },
		{ "alice:!:1::::::", true, NULL },
		{ "alice:$6$x$y:10000:0:99999:7:::", false, NULL },
		{ "alice:*:1:::::20001:\n", false, NULL }, /* one day left */
		{ "alice:*:1:::::20000:\n", false, "has expired" },
		{ "alice:*:1:::::0:\n", false, "has expired" },
		{ "alice:*:0::::::\n", false, "has to change its password" },
		{ "alice:*:19000:0:90::::\n", false, "password that has expired" },
		{ "alice:*:19950:0:90::::\n", false, NULL },
		{ "alice:*:19000:0:90x::::\n", false, NULL },
		{ "alice:*:-5:0:-9::::\n", false, NULL },
		{ "alice:*::0:90::::\n", false, NULL },
		{ "alice:*:20001:0:90::::\n", false, NULL },
		{ "alice:*:1\n", false, NULL },
	};
	const time_t now = 20000 * 86400L + 5;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { 0 };
		bool locked = true;
		int r = account_check_shadow(cases[i].text, "alice", now, &locked, &err);

		assert_int_equal(r < 0, cases[i].reason != NULL);
		if (cases[i].reason)
			assert_non_null(strstr(err.text, cases[i].reason));
		else
			assert_int_equal(locked, cases[i].locked);
	}
}

static void write_below(const char *name, const char *text, mode_t mode)
{
	char path[256];
	struct error err = { 0 };

	snprintf(path, sizeof(path), "%s%s", root, name);
	assert_int_equal(file_write(path, text, strlen(text), mode, getuid(), getgid(), &err), 0);
}

/* The user alice with this shell; 0, or what keeps the user from logging in. */
static int check_shell(const char *shell, unsigned uid, struct error *err)
{
	struct account account = { .owner.uid = uid };

	snprintf(account.owner.shell, sizeof(account.owner.shell), "%s", shell);
	return account_check_shell(root, "alice", &account, err);
}

static void a_shell_is_a_program_that_stays(void **state)
{
	static const char *const ending[] = { "/bin/nologin", "/bin/false", "/bin/true" };
	char path[128];
	struct error err = { 0 };

	(void)state;
	snprintf(path, sizeof(path), "%s/bin", root);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_true(check_shell("", 1000, &err) < 0);
	assert_non_null(strstr(err.text, "has the shell /bin/sh, which is no program"));
	write_below("/bin/sh", "x", 0755);
	assert_int_equal(check_shell("", 1000, &err), 0);
	assert_int_equal(check_shell("/bin/sh", 0, &err), 0);
	for (size_t i = 0; i < 3; i++) {
		write_below(ending[i], "x", 0755);
		assert_true(check_shell(ending[i], 1000, &err) < 0);
		assert_non_null(strstr(err.text, "ends every session at once"));
	}
	write_below("/bin/zsh", "x", 0644);
	assert_true(check_shell("/bin/zsh", 1000, &err) < 0);
	assert_true(check_shell("/bin", 1000, &err) < 0);
	assert_non_null(strstr(err.text, "is no program of the guest"));
	assert_true(check_shell("/bin/sh/sh", 1000, &err) < 0);
	snprintf(path, sizeof(path), "%s/bin/loop", root);
	assert_int_equal(symlink("loop", path), 0);
	assert_true(check_shell("/bin/loop", 1000, &err) < 0);
	write_below("/etc/nologin", "", 0644);
	assert_int_equal(check_shell("/bin/sh", 0, &err), 0);
	assert_true(check_shell("/bin/sh", 1000, &err) < 0);
	assert_non_null(strstr(err.text, "/etc/nologin"));
	snprintf(path, sizeof(path), "%s/etc/nologin", root);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("nologin", path), 0);
	assert_int_equal(check_shell("/bin/sh", 1000, &err), 0);
}

static void an_account_is_read_from_its_files(void **state)
{
	static struct account account;
	char home[128], line[256];
	struct error err = { 0 };

	(void)state;
	assert_true(account_read(root, "alice", &account, &err) < 0);
	snprintf(line, sizeof(line), "alice:x:%u:100::/home:/bin/sh\n", getuid());
	write_below("/etc/passwd", line, 0644);
	assert_int_equal(account_read(root, "alice", &account, &err), 0);
	assert_true(account.open_home); /* it does not exist */
	assert_false(account.locked);
	snprintf(home, sizeof(home), "%s/home", root);
	assert_int_equal(mkdir(home, 0700), 0);
	write_below("/etc/shadow", "alice:!:1::::::\n", 0600);
	assert_int_equal(account_read(root, "alice", &account, &err), 0);
	assert_false(account.open_home);
	assert_true(account.locked);
	assert_int_equal(chmod(home, 0770), 0);
	assert_int_equal(account_read(root, "alice", &account, &err), 0);
	assert_true(account.open_home);
}

static void the_home_of_another_user_is_open(void **state)
{
	static struct account account;
	char home[128];
	struct error err = { 0 };

	(void)state;
	if (getuid() != 0)
		skip();
	write_below("/etc/passwd", "alice:x:1000:100::/home:/bin/sh\n", 0644);
	snprintf(home, sizeof(home), "%s/home", root);
	assert_int_equal(mkdir(home, 0755), 0);
	assert_int_equal(account_read(root, "alice", &account, &err), 0);
	assert_false(account.open_home); /* root's */
	assert_int_equal(chown(home, 1000, 100), 0);
	assert_int_equal(account_read(root, "alice", &account, &err), 0);
	assert_false(account.open_home);
	assert_int_equal(chown(home, 1001, 100), 0);
	assert_int_equal(account_read(root, "alice", &account, &err), 0);
	assert_true(account.open_home);
}

static void files_of_accounts_that_cannot_be_read_are_errors(void **state)
{
	static struct account account;
	char path[128];
	struct error err = { 0 };

	(void)state;
	write_below("/etc/passwd", "alice:x:0:100::/:/bin/sh\n", 0644);
	snprintf(path, sizeof(path), "%s/etc/shadow", root);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_true(account_read(root, "alice", &account, &err) < 0);
	assert_non_null(strstr(err.text, "shadow"));
	snprintf(path, sizeof(path), "%s/etc/group", root);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_true(account_read(root, "alice", &account, &err) < 0);
	assert_non_null(strstr(err.text, "group"));
}

static void make_folder(char ret[128], const char *name)
{
	snprintf(ret, 128, "%s%s", root, name);
	assert_int_equal(mkdir(ret, 0755), 0);
}

static void a_log_folder_that_is_a_link_is_the_guests(void **state)
{
	char outside[64], path[128], log_path[256];
	struct error err = { 0 };

	(void)state;
	if (getuid() != 0)
		skip();
	make_folder(path, "/tmp");
	snprintf(outside, sizeof(outside), "/tmp/outside.%d", getpid());
	assert_int_equal(mkdir(outside, 0755), 0);
	make_folder(path, outside);
	snprintf(log_path, sizeof(log_path), "%s/guest-installer.log", path);
	make_folder(path, "/var");
	make_folder(path, "/var/log");
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(symlink(outside, path), 0);
	assert_int_equal(nixos_save_log(root, &err), 0);
	/* Empty: the log is where the guest will see it. */
	assert_int_equal(rmdir(outside), 0);
	assert_int_equal(unlink(log_path), 0);
}

static void a_log_folder_that_leads_nowhere_is_no_failure(void **state)
{
	char path[128];
	struct error err = { 0 };

	(void)state;
	make_folder(path, "/var");
	assert_int_equal(nixos_save_log(root, &err), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_root, remove_root)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_users_own_group_and_those_that_list_it_are_named),
		TEST(parts_of_names_and_broken_lines_do_not_count),
		TEST(without_the_file_there_are_none),
		TEST(a_file_that_cannot_be_read_is_an_error),
		TEST(the_shell_is_read_and_may_be_empty),
		TEST(numbers_that_no_user_can_have_are_refused),
		TEST(the_shadow_entry_admits_or_refuses_a_login),
		TEST(a_shell_is_a_program_that_stays),
		TEST(an_account_is_read_from_its_files),
		TEST(the_home_of_another_user_is_open),
		TEST(files_of_accounts_that_cannot_be_read_are_errors),
		TEST(a_log_folder_that_is_a_link_is_the_guests),
		TEST(a_log_folder_that_leads_nowhere_is_no_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
