/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "guest/sshd_config.h"

static const struct sshd_login *login_of(const char *user)
{
	static const struct sshd_login root = {
		.user = "root", .home = "/root", .groups = "root", .shell = "/bin/sh"
	};
	static const struct sshd_login alice = { .user = "alice",
		.home = "/home/alice",
		.groups = "users wheel",
		.shell = "/run/current-system/sw/bin/bash" };

	return strcmp(user, "root") == 0 ? &root : &alice;
}

static void accepts(const char *text, const char *user)
{
	struct error err = { 0 };

	assert_int_equal(sshd_config_check(text, login_of(user), &err), 0);
}

static void refuses(const char *text, const char *user, const char *keyword)
{
	struct error err = { 0 };

	assert_true(sshd_config_check(text, login_of(user), &err) < 0);
	assert_int_equal(err.code, EXIT_VERIFY);
	assert_non_null(strstr(err.text, keyword));
}

static void defaults_let_root_in_by_key(void **state)
{
	(void)state;
	accepts("", "root");
	accepts("Port 22\nPermitRootLogin prohibit-password\n"
		"AuthorizedKeysFile %h/.ssh/authorized_keys /etc/ssh/authorized_keys.d/%u\n",
		"root");
	accepts("authorizedkeysfile=.ssh/authorized_keys\n", "root");
	accepts("AuthorizedKeysFile /root/.ssh/authorized_keys\n", "root");
	accepts("AuthorizedKeysFile /home/%u/.ssh/authorized_keys\n", "alice");
}

static void what_keeps_the_owner_out_is_named(void **state)
{
	(void)state;
	refuses("PermitRootLogin no\n", "root", "PermitRootLogin");
	refuses("permitrootlogin forced-commands-only\n", "root", "PermitRootLogin");
	refuses("PubkeyAuthentication no\n", "root", "PubkeyAuthentication");
	refuses("AuthorizedKeysFile /etc/ssh/authorized_keys.d/%u\n", "root", "AuthorizedKeysFile");
	refuses("AuthorizedKeysFile none\n", "root", "AuthorizedKeysFile");
	refuses("AuthorizedKeysFile /home/%u/.ssh/authorized_keys\n", "root", "AuthorizedKeysFile");
	refuses("AuthorizedKeysFile /%%h/.ssh/authorized_keys %\n", "root", "AuthorizedKeysFile");
	refuses("AllowUsers alice b*\n", "root", "AllowUsers");
}

static void lists_that_keep_the_owner_out_are_named(void **state)
{
	(void)state;
	refuses("DenyUsers bob root\n", "root", "DenyUsers");
	refuses("DenyUsers bob\nDenyUsers r*\n", "root", "DenyUsers");
	refuses("DenyUsers root\nAllowUsers root\n", "root", "DenyUsers");
	refuses("AllowGroups wheel ssh-users\n", "root", "AllowGroups");
	refuses("AllowGroups admins\n", "alice", "AllowGroups");
	refuses("DenyGroups w*\n", "alice", "DenyGroups");
	refuses("AuthenticationMethods password\n", "root", "AuthenticationMethods");
	refuses("AuthenticationMethods publickey,password publickey,publickey\n", "root",
		"AuthenticationMethods");
	refuses("AllowUsers bob@10.0.0.*\n", "root", "AllowUsers");
}

static void lists_that_let_the_owner_in_are_accepted(void **state)
{
	(void)state;
	accepts("DenyUsers alice root2\nDenyGroups wheel\n", "root");
	accepts("AllowUsers alice\nAllowUsers root\n", "root");
	accepts("AllowUsers root@10.0.0.*\nDenyUsers root@evil.example\n", "root");
	accepts("AllowGroups admins wheel\n", "alice");
	accepts("AllowGroups root\n", "root");
	accepts("AuthenticationMethods any\n", "root");
	accepts("AuthenticationMethods publickey,password publickey\n", "root");
}

static void a_home_that_others_may_write_keeps_the_owner_out(void **state)
{
	struct sshd_login login = *login_of("alice");
	struct error err = { 0 };

	(void)state;
	login.open_home = true;
	assert_true(sshd_config_check("", &login, &err) < 0);
	assert_int_equal(err.code, EXIT_VERIFY);
	assert_non_null(strstr(err.text, "may write to /home/alice"));
	assert_true(sshd_config_check("StrictModes yes\n", &login, &err) < 0);
	assert_int_equal(sshd_config_check("strictmodes no\n", &login, &err), 0);
}

static void a_user_without_a_shell_cannot_be_the_owner(void **state)
{
	struct sshd_login login = *login_of("alice");
	struct error err = { 0 };

	(void)state;
	login.shell = "/run/current-system/sw/bin/nologin";
	assert_true(sshd_config_check("", &login, &err) < 0);
	assert_int_equal(err.code, EXIT_VERIFY);
	assert_non_null(strstr(err.text, "alice has the shell /run/current-system/sw/bin/nologin"));
	login.shell = "/bin/false";
	assert_true(sshd_config_check("", &login, &err) < 0);
	login.shell = "";
	assert_int_equal(sshd_config_check("", &login, &err), 0);
}

static void other_users_do_not_need_root_login(void **state)
{
	(void)state;
	accepts("PermitRootLogin no\n", "alice");
	accepts("AllowUsers \"alice\" bob\n", "alice");
	accepts("AllowUsers a*\n", "alice");
}

static void the_first_value_wins_and_match_blocks_do_not_count(void **state)
{
	(void)state;
	accepts("PermitRootLogin yes\nPermitRootLogin no\n", "root");
	accepts("Match User git\n  PermitRootLogin no\n", "root");
	accepts("#PermitRootLogin no\n  # PermitRootLogin no\n", "root");
}

static void the_host_keys_that_are_named_are_wanted(void **state)
{
	(void)state;
	assert_int_equal(sshd_host_keys(""), SSHD_ED25519);
	assert_int_equal(sshd_host_keys("Port 22\n#HostKey /etc/ssh/x\n"), SSHD_ED25519);
	assert_int_equal(sshd_host_keys("HostKey /etc/ssh/ssh_host_rsa_key\r\n"
					"hostkey=\"/etc/ssh/ssh_host_ed25519_key\" # both\n"),
		SSHD_RSA | SSHD_ED25519);
	assert_int_equal(sshd_host_keys("HostKey /etc/ssh/ssh_host_rsa_key"), SSHD_RSA);
	assert_int_equal(sshd_host_keys("HostKey /persist/ssh_host_rsa_key\n"), 0);
	assert_int_equal(
		sshd_host_keys("Match all\nHostKey /etc/ssh/ssh_host_rsa_key\n"), SSHD_ED25519);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_let_root_in_by_key),
		cmocka_unit_test(what_keeps_the_owner_out_is_named),
		cmocka_unit_test(lists_that_keep_the_owner_out_are_named),
		cmocka_unit_test(lists_that_let_the_owner_in_are_accepted),
		cmocka_unit_test(a_home_that_others_may_write_keeps_the_owner_out),
		cmocka_unit_test(a_user_without_a_shell_cannot_be_the_owner),
		cmocka_unit_test(other_users_do_not_need_root_login),
		cmocka_unit_test(the_first_value_wins_and_match_blocks_do_not_count),
		cmocka_unit_test(the_host_keys_that_are_named_are_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
