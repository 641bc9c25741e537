/* SPDX-License-Identifier: MIT */
/* Proves what the settings of an SSH server mean for a login by key, which origins are tried, and
 * what the reader of sshd_config refuses. tests/loop/sshd.sh compares with a real sshd. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest/sshd_config.h"
#include "guest/sshd_login.h"
#include "guest/sshd_transport.h"
#include "guest/sshd_values.h"

static char ed25519[] = "ssh-ed25519";

#define WORD_64	  "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"
#define WORD_512  WORD_64 WORD_64 WORD_64 WORD_64 WORD_64 WORD_64 WORD_64 WORD_64
#define LONG_WORD WORD_512 WORD_512

static struct sshd_login login_of(const char *user)
{
	static const struct ssh_key_line key = { .type = ed25519 };
	const struct sshd_login root = {
		.user = "root", .home = "/root", .groups = "root", .keys = &key, .key_count = 1
	};
	const struct sshd_login alice = { .user = "alice",
		.home = "/home/alice",
		.groups = "users wheel",
		.keys = &key,
		.key_count = 1 };

	return strcmp(user, "root") == 0 ? root : alice;
}

/* From the first origin that lets the user in; else the first refusal. */
static int check(const char *text, const struct sshd_login *login, struct error *err)
{
	struct sshd_origin origins[SSHD_ORIGINS_MAX];
	size_t count = sshd_match_propose_origins(text, origins);
	struct sshd_values values;
	struct error other;
	char *printed;
	int r = sshd_config_read("a file", text, login->user, &printed, err);

	if (r < 0)
		return r;
	sshd_values_parse(printed, &values);
	r = sshd_login_check(&values, login, &origins[0], err);
	for (size_t i = 1; i < count && r < 0; i++)
		if (sshd_login_check(&values, login, &origins[i], &other) == 0)
			r = 0;
	sshd_values_free(&values);
	free(printed);
	return r;
}

static void accepts(const char *text, const char *user)
{
	struct sshd_login login = login_of(user);
	struct error err = { 0 };

	if (check(text, &login, &err) < 0)
		fail_msg("%s", err.text);
}

static void refuses(const char *text, const char *user, const char *keyword)
{
	struct sshd_login login = login_of(user);
	struct error err = { 0 };

	assert_true(check(text, &login, &err) < 0);
	assert_int_equal(err.code, EXIT_VERIFY);
	if (!strstr(err.text, keyword))
		fail_msg("\"%s\" has no \"%s\"", err.text, keyword);
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
	refuses("AllowUsers root@10.0.0.0/\n", "root", "AllowUsers");
	refuses("AuthorizedKeysFile " LONG_WORD "\n", "root", "AuthorizedKeysFile");
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
	refuses("AuthenticationMethods Any\n", "root", "AuthenticationMethods");
	accepts("AuthenticationMethods publickey,password publickey\n", "root");
}

static void a_home_that_others_may_write_keeps_the_owner_out(void **state)
{
	struct sshd_login login = login_of("alice");
	struct error err = { 0 };

	(void)state;
	login.open_home = true;
	assert_true(check("", &login, &err) < 0);
	assert_int_equal(err.code, EXIT_VERIFY);
	assert_non_null(strstr(err.text, "may write to /home/alice"));
	assert_true(check("StrictModes yes\n", &login, &err) < 0);
	assert_int_equal(check("strictmodes no\n", &login, &err), 0);
}

static void a_locked_account_needs_pam(void **state)
{
	struct sshd_login login = login_of("alice");
	struct error err = { 0 };

	(void)state;
	login.locked = true;
	assert_true(check("UsePAM no\n", &login, &err) < 0);
	assert_non_null(strstr(err.text, "alice is locked"));
	assert_int_equal(check("UsePAM yes\n", &login, &err), 0);
}

static void keys_have_to_be_of_an_accepted_type_and_size(void **state)
{
	static char rsa[] = "ssh-rsa";
	const struct ssh_key_line key = { .type = rsa, .rsa_bits = 2048 };
	const struct ssh_key_line authority = { .type = ed25519, .authority = true };
	struct sshd_login login = login_of("root");
	struct error err = { 0 };

	(void)state;
	login.keys = &key;
	assert_int_equal(check("RequiredRSASize 2048\n", &login, &err), 0);
	assert_true(check("RequiredRSASize 3072\n", &login, &err) < 0);
	assert_non_null(strstr(err.text, "RequiredRSASize is 3072"));
	assert_true(check("PubkeyAcceptedAlgorithms ssh-ed25519\n", &login, &err) < 0);
	assert_true(check("PubkeyAcceptedAlgorithms rsa-sha2-256\n", &login, &err) < 0);
	assert_int_equal(check("PubkeyAcceptedAlgorithms rsa-*\n", &login, &err), 0);
	login.keys = &authority;
	assert_int_equal(
		check("PubkeyAcceptedAlgorithms ssh-ed25519-cert-v01@openssh.com\n", &login, &err),
		0);
	assert_true(check("PubkeyAcceptedAlgorithms ssh-ed25519\n", &login, &err) < 0);
	login.key_count = 0;
	assert_true(check("", &login, &err) < 0);
}

static void commands_and_sessions_keep_the_owner_from_a_shell(void **state)
{
	const struct ssh_key_line forced = { .type = ed25519, .forced_command = true };
	struct sshd_login login = login_of("root");
	struct error err = { 0 };

	(void)state;
	refuses("ForceCommand /bin/false\n", "root", "ForceCommand");
	refuses("ChrootDirectory /var/empty\n", "root", "ChrootDirectory");
	refuses("MaxSessions 0\n", "root", "MaxSessions");
	refuses("MaxAuthTries 0\n", "root", "MaxAuthTries");
	accepts("MaxAuthTries 1\n", "root");
	refuses("PerSourceMaxStartups 0\n", "root", "PerSourceMaxStartups");
	accepts("PerSourceMaxStartups 1\n", "root");
	accepts("PerSourceMaxStartups none\n", "root");
	refuses("RefuseConnection yes\n", "root", "RefuseConnection");
	accepts("ForceCommand none\nChrootDirectory none\n", "root");
	login.keys = &forced;
	assert_int_equal(check("PermitRootLogin forced-commands-only\n", &login, &err), 0);
}

static void only_a_key_with_a_command_counts_where_root_needs_one(void **state)
{
	static char rsa[] = "ssh-rsa";
	const struct ssh_key_line keys[] = {
		{ .type = rsa, .rsa_bits = 3072, .forced_command = true }, { .type = ed25519 }
	};
	struct sshd_login login = login_of("root");
	struct error err = { 0 };

	(void)state;
	login.keys = keys;
	login.key_count = 2;
	assert_int_equal(check("PermitRootLogin forced-commands-only\n", &login, &err), 0);
	assert_int_equal(
		check("PermitRootLogin forced-commands-only\nPubkeyAcceptedAlgorithms ssh-ed25519\n",
			&login, &err),
		-EACCES);
	assert_int_equal(check("PubkeyAcceptedAlgorithms ssh-ed25519\n", &login, &err), 0);
}

static void a_key_for_the_guest_itself_lets_no_owner_in(void **state)
{
	const struct ssh_key_line keys[] = { { .type = ed25519, .local_only = true },
		{ .type = ed25519 } };
	struct sshd_login login = login_of("root");
	struct error err = { 0 };

	(void)state;
	login.keys = keys;
	assert_int_equal(check("", &login, &err), -EACCES);
	assert_non_null(strstr(err.text, "loopback addresses only"));
	login.key_count = 2;
	assert_int_equal(check("", &login, &err), 0);
}

static void a_client_has_to_find_an_algorithm_of_its_own(void **state)
{
	static const struct {
		const char *text, *refused; /* the keyword; NULL if the client is served */
	} cases[] = {
		{ "", NULL },
		{ "KexAlgorithms diffie-hellman-group1-sha1,diffie-hellman-group14-sha1\n",
			"KexAlgorithms" },
		{ "kexalgorithms diffie-hellman-group14-sha256\n", NULL },
		{ "KexAlgorithms +diffie-hellman-group1-sha1\nCiphers ^aes128-cbc\nMACs -hmac-md5\n",
			NULL },
		{ "Ciphers 3des-cbc,aes128-cbc\n", "Ciphers" },
		{ "Ciphers aes128-cbc,aes256-ctr\n", NULL },
		{ "Ciphers aes256-ctr\nMACs hmac-md5\n", "MACs" },
		{ "Ciphers aes256-gcm@openssh.com\nMACs hmac-md5\n", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { .text = "" };
		struct sshd_values values;

		sshd_values_parse(cases[i].text, &values);
		assert_int_equal(
			sshd_transport_check(&values, &err), cases[i].refused ? -EACCES : 0);
		if (cases[i].refused && !strstr(err.text, cases[i].refused))
			fail_msg("%s", err.text);
		sshd_values_free(&values);
	}
}

static void a_server_has_to_listen_where_others_reach_it(void **state)
{
	static const struct {
		const char *text;
		int result;
		unsigned port;
	} cases[] = {
		{ "", 0, 22 },
		{ "port 2222\nlistenaddress 0.0.0.0:2222\n", 0, 2222 },
		{ "listenaddress 127.0.0.1:22\nlistenaddress [::1]:22\n", -1, 22 },
		{ "listenaddress [::1]:22\nlistenaddress [::]:22\n", 0, 22 },
		{ "listenaddress ::1\n", -1, 22 },
		{ "port 99999\n", 0, 22 },
		{ "port 0\n", 0, 22 },
		{ "listenaddress localhost\nusepam\n", -1, 22 },
		{ "listenaddress 127.0.0.1\n", -1, 22 },
		{ "listenaddress guest\n", 0, 22 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sshd_values values;
		struct error err;

		sshd_values_parse(cases[i].text, &values);
		assert_int_equal(
			sshd_transport_check_listen(&values, &err) < 0, cases[i].result < 0);
		assert_int_equal(sshd_values_port(&values), cases[i].port);
		sshd_values_free(&values);
	}
}

static void patterns_match_as_in_openssh(void **state)
{
	const struct sshd_origin origin = { .address = "10.0.1.2", .host = "a.example" };

	(void)state;
	assert_true(sshd_match_pattern("root", "r?*t"));
	assert_true(sshd_match_pattern("aXbXc", "a*b*c"));
	assert_true(sshd_match_pattern("", "*"));
	assert_false(sshd_match_pattern("root", "r?t"));
	assert_false(sshd_match_pattern("root", "[r]oot"));
	assert_int_equal(sshd_match_origin(&origin, "192.0.2.0/24,10.0.0.0/15"), 1);
	assert_int_equal(sshd_match_origin(&origin, "*,!10.0.1.*"), -1);
	assert_int_equal(sshd_match_origin(&origin, "*.example"), 1);
	assert_int_equal(sshd_match_origin(&origin, "10.0.0.0/24"), 0);
	assert_int_equal(sshd_match_origin(&origin, "10.0.128.0/17"), 0);
	assert_int_equal(sshd_match_origin(&origin, "2001:db8::/32"), 0);
	assert_int_equal(sshd_match_origin(&origin, "10.0.0.1/8"), 0);
	assert_int_equal(sshd_match_origin(&origin, "*,10.0.1.2/33"), 0);
	assert_int_equal(sshd_match_origin(&origin, "*,10.0.1.2/x,10.0.1.2/"), 1);
	assert_int_equal(sshd_match_origin(&origin, "!10.0.1.2/x,*.EXAMPLE"), 1);
	assert_int_equal(sshd_match_origin(&origin, "10.0.1.2/32,!"), 1);
	assert_int_equal(sshd_match_origin(&origin, "10.0.1.3/32,,!"), 0);
	assert_int_equal(sshd_match_origin(&origin, "0.0.0.0/0"), 1);
	assert_int_equal(
		sshd_match_origin(&(struct sshd_origin){ .address = "" }, "10.0.0.0/8"), 0);
	assert_int_equal(sshd_match_origin(&(struct sshd_origin){ .address = "::1" }, "::/127"), 1);
	assert_true(sshd_match_user("root", &origin, "root@10.*"));
	assert_true(sshd_match_user("root", &origin, "root@A.Example"));
	assert_false(sshd_match_user("root", &origin, "ROOT@10.*"));
	assert_false(sshd_match_user("root", &origin, "!root"));
	assert_false(sshd_match_user("root", &origin, "root@a.b@10.*"));
}

static void addresses_are_compared_by_value(void **state)
{
	const struct sshd_origin origin = { .address = "2001:db8::9", .host = "2001:db8::9" };

	(void)state;
	assert_int_equal(sshd_match_origin(&origin, "2001:DB8:0::9"), 1);
	assert_int_equal(sshd_match_origin(&origin, "!2001:DB8::9,*"), -1);
	assert_int_equal(sshd_match_origin(&origin, "2001:db8::8/125"), 1);
	assert_int_equal(sshd_match_origin(&origin, "2001:db8::9/125"), 0);
}

/* sshd does not start with such a list, and it lets no one in by it. */
static void what_is_no_network_matches_no_address(void **state)
{
	static const char *const words[] = { "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/8x",
		"10.0.0.0/33", "10.0.0.0/-8", "10.0.0.1/8", "10.0.0/8", "host/8", "/8",
		"0000000000000000000000000000000000000000000000000000000000000010.0.0.0/8" };
	const struct sshd_origin origin = { .address = "10.0.1.2", .host = "a.example" };

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (sshd_match_origin(&origin, words[i]) != 0)
			fail_msg("%s matches", words[i]);
}

static void addresses_that_are_none_are_not_tried(void **state)
{
	static char many[64 * 40] = "", longest[128] = "Match Host ";
	struct sshd_origin origins[SSHD_ORIGINS_MAX];
	size_t common = sshd_match_propose_origins("", origins);

	(void)state;
	assert_int_equal(
		sshd_match_propose_origins("Match Address ,10.0.0.5,\n", origins), common + 1);
	assert_int_equal(sshd_match_propose_origins("Match Host a{b}\n", origins), common);
	assert_int_equal(sshd_match_propose_origins("Match Host /8\n", origins), common);
	memset(longest + strlen(longest), 'x', 101);
	assert_int_equal(sshd_match_propose_origins(longest, origins), common);
	assert_int_equal(sshd_match_propose_origins("Match Host host-?\n", origins), common + 1);
	assert_string_equal(origins[common].host, "host-1");
	for (size_t i = 0; i < 64; i++)
		strcat(many, "Match Address 198.51.100.*\n");
	assert_int_equal(sshd_match_propose_origins(many, origins), SSHD_ORIGINS_MAX);
}

static void addresses_of_the_configuration_are_tried(void **state)
{
	struct sshd_origin origins[SSHD_ORIGINS_MAX];
	size_t common = sshd_match_propose_origins("", origins), count;

	(void)state;
	count = sshd_match_propose_origins("Match Address 10.9.0.0/16,!10.9.1.0/24,127.0.0.1\n"
					   "AllowUsers root@192.168.* bob\n"
					   "Match host *.lan user x\n",
		origins);
	assert_int_equal(count, common + 3);
	assert_string_equal(origins[common].address, "10.9.0.0");
	assert_string_equal(origins[common + 1].address, "192.168.1.1");
	assert_string_equal(origins[common + 2].host, "1.lan");
}

static void other_users_do_not_need_root_login(void **state)
{
	(void)state;
	accepts("PermitRootLogin no\n", "alice");
	accepts("AllowUsers a*\n", "alice");
}

static void the_first_value_wins_and_blocks_of_others_do_not_count(void **state)
{
	(void)state;
	accepts("PermitRootLogin yes\nPermitRootLogin no\n", "root");
	accepts("AuthorizedKeysFile %h/.ssh/authorized_keys\nauthorizedkeysfile none\n", "root");
	accepts("Match User git\n  PermitRootLogin no\n", "root");
	accepts("Match User git,r?t\n  PermitRootLogin no # not read\n", "root");
	accepts("#PermitRootLogin no\n  # PermitRootLogin no\n", "root");
	accepts("PermitRootLogin yes \t\r\n", "root");
}

static void what_cannot_be_evaluated_is_refused_with_its_line(void **state)
{
	(void)state;
	refuses("Port 22\nInclude /etc/x\n", "root", "line 2 of a file has an Include");
	refuses("Match all\n", "root", "Match block that could apply");
	refuses("Match User\n", "root", "Match block that could apply");
	accepts("Protocol 2\nUsePrivilegeSeparation sandbox\n", "root");
	refuses("Match User root\n", "root", "Match block that could apply");
	refuses("Match User git,r*\n", "root", "Match block that could apply");
	refuses("Match User git," LONG_WORD ",x\n", "root", "Match block that could apply");
	refuses("Match User !git\n", "root", "Match block that could apply");
	refuses("Match User git Address 10.0.0.1\n", "root", "Match block that could apply");
	refuses("Match Address 10.0.0.0/8\n", "root", "Match block that could apply");
	refuses("PubkeyAuthentication \"yes\"\n", "root", "a quote or a comment");
	refuses("PermitRootLogin yes # no\n", "root", "a quote or a comment");
	refuses("PermitRootLogin\n", "root", "a keyword without a value");
	refuses("PermitRotLogin yes\n", "root", "an unknown keyword");
	accepts("LogLevel VERBOSE\n", "root");
	refuses("PubkeyAcceptedAlgorithms +ssh-rsa\n", "root", "a list of algorithms");
	refuses("PubkeyAcceptedAlgorithms !ssh-rsa,*\n", "root", "a negated algorithm");
	refuses("HostKeyAlgorithms *,!ssh-rsa\n", "root", "a negated algorithm");
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

static void finds(const char *text, const char *name, const char *expected)
{
	char path[64] = "";

	assert_int_equal(
		sshd_find_host_key(text, name, path, sizeof(path)), expected ? 0 : -ENOENT);
	assert_string_equal(path, expected ? expected : "");
}

static void a_path_of_a_host_key_that_is_too_long_is_not_found(void **state)
{
	char path[8] = "";

	(void)state;
	assert_int_equal(sshd_find_host_key("", "ssh_host_rsa_key", path, sizeof(path)), -ENOENT);
	assert_int_equal(sshd_find_host_key("HostKey /persist/ssh_host_rsa_key\n",
				 "ssh_host_rsa_key", path, sizeof(path)),
		-ENOENT);
}

/* As the client chooses the algorithm, one is enough for an RSA key. */
static void host_keys_are_offered_by_their_algorithms(void **state)
{
	static const struct {
		const char *list, *type;
		bool offered;
	} cases[] = {
		{ "", "ssh-rsa", true },
		{ "hostkeyalgorithms ssh-ed25519,rsa-sha2-512\n", "ssh-rsa", true },
		{ "hostkeyalgorithms rsa-sha2-256\n", "ssh-rsa", true },
		{ "hostkeyalgorithms ssh-ed25519,ssh-rsa\n", "ssh-rsa", false },
		{ "hostkeyalgorithms ssh-ed25519\n", "ssh-rsa", false },
		{ "hostkeyalgorithms ssh-ed25519\n", "ssh-ed25519", true },
		{ "hostkeyalgorithms ssh-ed25519\n", "ecdsa-sha2-nistp256", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sshd_values values;

		sshd_values_parse(cases[i].list, &values);
		assert_int_equal(
			sshd_transport_offers_host_key(&values, cases[i].type), cases[i].offered);
		sshd_values_free(&values);
	}
}

static void a_host_key_lies_where_the_server_looks_for_its_name(void **state)
{
	(void)state;
	finds("", "ssh_host_ed25519_key", "/etc/ssh/ssh_host_ed25519_key");
	finds("Port 22\n", "ssh_host_ecdsa_key", "/etc/ssh/ssh_host_ecdsa_key");
	finds("", "ssh_host_initrd_key", NULL);
	finds("HostKey /etc/ssh/ssh_host_rsa_key\n", "ssh_host_ed25519_key", NULL);
	finds("HostKey /etc/ssh/ssh_host_rsa_key\nhostkey = \"/persist/ssh_host_ed25519_key\" # x\r\n",
		"ssh_host_ed25519_key", "/persist/ssh_host_ed25519_key");
	finds("HostKey ssh_host_ed25519_key\n", "ssh_host_ed25519_key", NULL);
	finds("HostKey /a\nMatch all\nHostKey /b/ssh_host_rsa_key\n", "ssh_host_rsa_key", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_let_root_in_by_key),
		cmocka_unit_test(what_keeps_the_owner_out_is_named),
		cmocka_unit_test(lists_that_keep_the_owner_out_are_named),
		cmocka_unit_test(lists_that_let_the_owner_in_are_accepted),
		cmocka_unit_test(a_home_that_others_may_write_keeps_the_owner_out),
		cmocka_unit_test(a_locked_account_needs_pam),
		cmocka_unit_test(keys_have_to_be_of_an_accepted_type_and_size),
		cmocka_unit_test(commands_and_sessions_keep_the_owner_from_a_shell),
		cmocka_unit_test(only_a_key_with_a_command_counts_where_root_needs_one),
		cmocka_unit_test(a_key_for_the_guest_itself_lets_no_owner_in),
		cmocka_unit_test(a_client_has_to_find_an_algorithm_of_its_own),
		cmocka_unit_test(a_server_has_to_listen_where_others_reach_it),
		cmocka_unit_test(patterns_match_as_in_openssh),
		cmocka_unit_test(addresses_are_compared_by_value),
		cmocka_unit_test(what_is_no_network_matches_no_address),
		cmocka_unit_test(addresses_that_are_none_are_not_tried),
		cmocka_unit_test(addresses_of_the_configuration_are_tried),
		cmocka_unit_test(other_users_do_not_need_root_login),
		cmocka_unit_test(the_first_value_wins_and_blocks_of_others_do_not_count),
		cmocka_unit_test(what_cannot_be_evaluated_is_refused_with_its_line),
		cmocka_unit_test(the_host_keys_that_are_named_are_wanted),
		cmocka_unit_test(a_path_of_a_host_key_that_is_too_long_is_not_found),
		cmocka_unit_test(host_keys_are_offered_by_their_algorithms),
		cmocka_unit_test(a_host_key_lies_where_the_server_looks_for_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
