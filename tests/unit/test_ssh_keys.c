/* SPDX-License-Identifier: MIT */
/* Proves which lines of keys are taken (ssh_key_line, ssh_key_options, ssh_wire), how they are
 * repaired, and by which words others are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "input/ssh_key_line.h"
#include "input/ssh_key_options.h"
#include "input/ssh_keys.h"

/* Made by ssh-keygen, but for those that it does not make: these have a SHA-512 as the key. */
#define ED_BLOB	 "AAAAC3NzaC1lZDI1NTE5AAAAIDTY/uebt5F0JcxhO0vG1KX6HN3zNEoIhsEXideOXOKY"
#define ED2_BLOB "AAAAC3NzaC1lZDI1NTE5AAAAIKSr1ESMSVYtgoEV0TofzOqSf1K01UWSl/i0PkLaiSOL"
#define EC256_BLOB                                                                                 \
	"AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBPloJDJIfoUO0/0k0PiLXknWPBPR"         \
	"ElPc2LPG1u9zX/5PK9hqqUwCDf9Ejyw1Y3q1GgsTofv3OZpmxIDMuwsptmc="
#define EC256_OFF_CURVE_BLOB                                                                       \
	"AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBPloJDJIfoUO0/0k0PiLXknWPBPR"         \
	"ElPc2LPG1u9zX/5PK9hqqUwCDf9Ejyw1Y3q1GgsTofv3OZpmxIDMuwsptmY="
#define EC384_BLOB                                                                                 \
	"AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBLnEv7AGctP7Nf95zTdWwmjF6KZI"         \
	"L6cf4AtM2an867fd/EqQhq5yhvMVVWAUrYvxclGv2ooHiSZoroXpirKpen/RlruL5GUbeLkIiYBCqmjg"         \
	"uj30W4YgSdU51ORHw8Hb9g=="
#define EC521_BLOB                                                                                 \
	"AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAEuMxKol73+PjaGdmVZ8/Fz9JKk"         \
	"4qCfvKKmBP1mLIxSl25cBpjBTVovX9DQmvcmEoBvcm3hDrHpAWLRbvQJZ4P9EAAALXEvX9KN6jKiE8fu"         \
	"0y4/okhVeCB/c9LJVoTba+veH4IqX+4hp8t13MwMVPbKTGGImCgmAHGsGUss9OwuDmJLSA=="
#define RSA1024_BLOB                                                                               \
	"AAAAB3NzaC1yc2EAAAADAQABAAAAgQCApKvURIxJVi2CgRXROh/M6pJ/UrTVRZKX+LQ+QtqJI4vBNibk"         \
	"Pcs43bCCSIkn7JBPtCBXRDmD6IWFF51QVRr+YqSr1ESMSVYtgoEV0TofzOqSf1K01UWSl/i0PkLaiSOL"         \
	"wTYm5D3LON2wgkiJJ+yQT7QgV0Q5g+iFhRedUFUa/g=="
#define RSA768_BLOB                                                                                \
	"AAAAB3NzaC1yc2EAAAADAQABAAAAYQCApKvURIxJVi2CgRXROh/M6pJ/UrTVRZKX+LQ+QtqJI4vBNibk"         \
	"Pcs43bCCSIkn7JBPtCBXRDmD6IWFF51QVRr+YqSr1ESMSVYtgoEV0TofzOqSf1K01UWSl/i0PkLaiSM="
#define SK_ED_BLOB                                                                                 \
	"AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIKSr1ESMSVYtgoEV0TofzOqSf1K01UWSl/i0"         \
	"PkLaiSOLAAAABHNzaDo="
#define SK_EC_BLOB                                                                                 \
	"AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAAIbmlzdHAyNTYAAABBBPloJDJI"         \
	"foUO0/0k0PiLXknWPBPRElPc2LPG1u9zX/5PK9hqqUwCDf9Ejyw1Y3q1GgsTofv3OZpmxIDMuwsptmcA"         \
	"AAAEc3NoOg=="
#define CERT_BLOB                                                                                  \
	"AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIHA8azQ1AkaQVD3lYB61ikVUyzTg"         \
	"hwLMUkjA+9ikWPstAAAAIDTY/uebt5F0JcxhO0vG1KX6HN3zNEoIhsEXideOXOKYAAAAAAAAAAAAAAAB"         \
	"AAAAAmlkAAAACAAAAARyb290AAAAAAAAAAD//////////wAAAAAAAACCAAAAFXBlcm1pdC1YMTEtZm9y"         \
	"d2FyZGluZwAAAAAAAAAXcGVybWl0LWFnZW50LWZvcndhcmRpbmcAAAAAAAAAFnBlcm1pdC1wb3J0LWZv"         \
	"cndhcmRpbmcAAAAAAAAACnBlcm1pdC1wdHkAAAAAAAAADnBlcm1pdC11c2VyLXJjAAAAAAAAAAAAAAAz"         \
	"AAAAC3NzaC1lZDI1NTE5AAAAIDTY/uebt5F0JcxhO0vG1KX6HN3zNEoIhsEXideOXOKYAAAAUwAAAAtz"         \
	"c2gtZWQyNTUxOQAAAEAT7EYGotSIf5NF5RROhYx/FKjdy7m5KeOmLjqdrIqLSPtOQ/+ZCjDZw6y5/xre"         \
	"04iQbv7nKVGhwn3QBfBqENwD"
#define SK_CERT_BLOB                                                                               \
	"AAAAI3NrLXNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAIKSr1ESMSVYtgoEV0TofzOqS"         \
	"f1K01UWSl/i0PkLaiSOLAAAAIKSr1ESMSVYtgoEV0TofzOqSf1K01UWSl/i0PkLaiSOL"
#define SHORT_ED_BLOB	 "AAAAC3NzaC1lZDI1NTE5AAAAH6Sr1ESMSVYtgoEV0TofzOqSf1K01UWSl/i0PkLaiSM="
#define LONG_ED_BLOB	 "AAAAC3NzaC1lZDI1NTE5AAAAIKSr1ESMSVYtgoEV0TofzOqSf1K01UWSl/i0PkLaiSOLeHh4"
#define TOO_LONG_ED_BLOB "AAAAC3NzaC1lZDI1NTE5AAAAIaSr1ESMSVYtgoEV0TofzOqSf1K01UWSl/i0PkLaiSOLeA=="
#define OTHER_NAME_BLOB	 "AAAAC3NzaC1lZDI1NTE4AAAAIKSr1ESMSVYtgoEV0TofzOqSf1K01UWSl/i0PkLaiSOL"
#define EC256_OTHER_CURVE_BLOB                                                                     \
	"AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAzODQAAABBBPloJDJIfoUO0/0k0PiLXknWPBPR"         \
	"ElPc2LPG1u9zX/5PK9hqqUwCDf9Ejyw1Y3q1GgsTofv3OZpmxIDMuwsptmc="
#define RSA_NEGATIVE_BLOB                                                                          \
	"AAAAB3NzaC1yc2EAAAADAQABAAAAgICkq9REjElWLYKBFdE6H8zqkn9StNVFkpf4tD5C2okji8E2JuQ9"         \
	"yzjdsIJIiSfskE+0IFdEOYPohYUXnVBVGv5ipKvURIxJVi2CgRXROh/M6pJ/UrTVRZKX+LQ+QtqJI4vB"         \
	"NibkPcs43bCCSIkn7JBPtCBXRDmD6IWFF51QVRr+"
/* With an exponent of no bytes, and with a modulus of one byte, 0. */
#define RSA_EMPTY_BLOB	 "AAAAB3NzaC1yc2EAAAAA"
#define RSA_ZERO_BLOB	 "AAAAB3NzaC1yc2EAAAABAwAAAAEA"
#define CUT_ED_BLOB	 "AAAAC3NzaC1lZDI1NTE5AAAAIKSr1ESMSVYtgoEV0TofzOqSf1K01UWSl/i0PkLa"
#define HUGE_LENGTH_BLOB "AAAAC3NzaC1lZDI1NTE5/////6Sr1ESM"

#define LONG_NAME "0123456789012345678901234567890123456789012345.example"

#define NAMES256  LONG_NAME LONG_NAME LONG_NAME LONG_NAME LONG_NAME
#define NAMES1024 NAMES256 NAMES256 NAMES256 NAMES256

#define ED  "ssh-ed25519 " ED_BLOB
#define ED2 "ssh-ed25519 " ED2_BLOB

/* The authorized_keys that comes of one file. */
static void gives(const char *text, const char *expected)
{
	struct ssh_keys keys = { .count = 0 };
	struct error err = { 0 };
	char *result;

	if (ssh_keys_add(&keys, "ssh.pub", text, strlen(text), &err) < 0)
		fail_msg("%s", err.text);
	result = ssh_keys_text(&keys);
	assert_string_equal(result, expected);
	free(result);
	ssh_keys_free(&keys);
	assert_int_equal(keys.count, 0);
}

static void accepts(const char *line)
{
	char expected[9000];

	snprintf(expected, sizeof(expected), "%s\n", line);
	gives(line, expected);
}

static void refuses_bytes(const char *text, size_t size_bytes, const char *says)
{
	struct ssh_keys keys = { .count = 0 };
	struct error err = { 0 };

	assert_true(ssh_keys_add(&keys, "ssh.pub", text, size_bytes, &err) < 0);
	assert_int_equal(err.code, EXIT_NO_KEY);
	if (!strstr(err.text, says))
		fail_msg("\"%s\" is not in \"%s\"", says, err.text);
	assert_non_null(strstr(err.text, "ssh.pub"));
	assert_int_equal(keys.count, 0);
}

static void refuses(const char *text, const char *says)
{
	refuses_bytes(text, strlen(text), says);
}

static void every_type_that_servers_take_is_kept(void **state)
{
	(void)state;
	accepts(ED " a@example");
	accepts(ED);
	accepts("ssh-rsa " RSA1024_BLOB " a key of an old card");
	accepts("ecdsa-sha2-nistp256 " EC256_BLOB);
	accepts("ecdsa-sha2-nistp384 " EC384_BLOB);
	accepts("ecdsa-sha2-nistp521 " EC521_BLOB);
	accepts("sk-ssh-ed25519@openssh.com " SK_ED_BLOB " stick");
	accepts("sk-ecdsa-sha2-nistp256@openssh.com " SK_EC_BLOB);
}

static void options_are_kept_verbatim(void **state)
{
	(void)state;
	accepts("restrict " ED);
	accepts("no-pty,command=\"echo \\\"a, b\\\"  ssh-rsa AAAA\" " ED " x");
	accepts("from=\"10.0.0.0/8,*.example\",cert-authority,environment=\"A=b c\" " ED);
	accepts("No-X11-Forwarding " ED);
}

static void line_ends_marks_and_blanks_are_repaired(void **state)
{
	(void)state;
	gives("\xef\xbb\xbf" ED " a\r\n\r\n  \t\n# comment\n   " ED2 " b  \r\n",
		ED " a\n" ED2 " b\n");
	gives("\t" ED "\r", ED "\n");
	gives("", "");
	gives("# nothing but a comment", "");
	gives("\xef\xbb\xbf", "");
}

static void the_first_of_two_equal_keys_stays(void **state)
{
	(void)state;
	gives(ED " one\n" ED " two\n" ED2 "\nrestrict " ED "\n", ED " one\n" ED2 "\n");
	gives("restrict " ED "\n" ED, "restrict " ED "\n");
	gives(ED "\nssh-rsa " RSA1024_BLOB "\n" ED, ED "\nssh-rsa " RSA1024_BLOB "\n");
}

static void a_key_inside_an_option_is_no_duplicate(void **state)
{
	(void)state;
	gives("command=\"echo " ED "\" " ED2 "\n" ED "\n",
		"command=\"echo " ED "\" " ED2 "\n" ED "\n");
}

static void keys_of_several_files_come_together(void **state)
{
	struct ssh_keys keys = { .count = 0 };
	struct error err = { 0 };
	char *text;

	(void)state;
	assert_int_equal(ssh_keys_add(&keys, "a.pub", ED, strlen(ED), &err), 0);
	assert_int_equal(ssh_keys_add(&keys, "b.pub", ED2 "\n" ED, strlen(ED2 "\n" ED), &err), 0);
	assert_true(ssh_keys_add(&keys, "c.pub", "sh-rsa x", 8, &err) < 0);
	assert_int_equal(keys.count, 2);
	text = ssh_keys_text(&keys);
	assert_string_equal(text, ED "\n" ED2 "\n");
	free(text);
	ssh_keys_free(&keys);
}

/* The keys and the first warning that come of one file. */
static void gives_with_warning(const char *text, const char *expected, const char *warning)
{
	struct ssh_keys keys = { .now = 1700000000 };
	struct error err = { 0 };
	char *result;

	if (ssh_keys_add(&keys, "ssh.pub", text, strlen(text), &err) < 0)
		fail_msg("%s", err.text);
	result = ssh_keys_text(&keys);
	assert_string_equal(result, expected);
	assert_true(keys.warning_count > 0);
	if (!strstr(keys.warnings[0], warning))
		fail_msg("\"%s\" has no \"%s\"", keys.warnings[0], warning);
	free(result);
	ssh_keys_free(&keys);
}

static void a_bad_line_among_good_ones_is_a_warning(void **state)
{
	(void)state;
	gives_with_warning(ED2 "\nnonsense\n", ED2 "\n", "line 2 of ssh.pub");
	gives_with_warning("ssh-dss AAAAB3NzaC1kc3M= old\n" ED "\n", ED "\n",
		"line 1 of ssh.pub is a DSA key");
	gives_with_warning(ED "\nexpiry-time=\"20200101\" " ED2 "\n", ED "\n", "has expired");
	refuses("ssh-ed25519-cert-v01@openssh.com " CERT_BLOB "\nnonsense\nnonsense\n",
		"line 2 of ssh.pub has no key type");
	refuses("nonsense\nssh-ed25519-cert-v01@openssh.com " CERT_BLOB "\n",
		"line 1 of ssh.pub has no key type");
	refuses("nonsense\n-----BEGIN OPENSSH PRIVATE KEY-----\n",
		"line 2 of ssh.pub is a private key");
	refuses("\n \n# none\nnonsense\nssh-dss AAAAB3NzaC1kc3M= old\n", "line 4 of ssh.pub");
}

static void a_key_that_will_expire_is_taken(void **state)
{
	struct ssh_keys keys = { .now = 1700000000 };
	struct error err = { 0 };
	const char *text = "expiry-time=\"20991231\" " ED;

	(void)state;
	assert_int_equal(ssh_keys_add(&keys, "ssh.pub", text, strlen(text), &err), 0);
	assert_int_equal(keys.count, 1);
	assert_int_equal(keys.warning_count, 0);
	ssh_keys_free(&keys);
}

static void only_the_first_warnings_are_kept(void **state)
{
	char text[(SSH_KEYS_WARNINGS_MAX + 1) * 2 + sizeof(ED)] = "";
	struct ssh_keys keys = { .count = 0 };
	struct error err = { 0 };

	(void)state;
	for (size_t i = 0; i <= SSH_KEYS_WARNINGS_MAX; i++)
		strcat(text, "x\n");
	strcat(text, ED);
	assert_int_equal(ssh_keys_add(&keys, "ssh.pub", text, strlen(text), &err), 0);
	assert_int_equal(keys.count, 1);
	assert_int_equal(keys.warning_count, SSH_KEYS_WARNINGS_MAX);
	ssh_keys_free(&keys);
}

static void a_file_of_certificates_and_expired_keys_gives_nothing(void **state)
{
	(void)state;
	gives_with_warning(
		"ssh-ed25519-cert-v01@openssh.com " CERT_BLOB " a@example", "", "is a certificate");
	gives_with_warning(
		"sk-ssh-ed25519-cert-v01@openssh.com " SK_CERT_BLOB, "", "is a certificate");
	gives_with_warning(
		"expiry-time=\"20200101\" " ED, "", "has expired (expiry-time, 2020-01-01)");
	gives_with_warning("expiry-time=\"20991231\",expiry-time=\"20200101\" " ED, "",
		"has expired (expiry-time, 2020-01-01)");
	accepts("expiry-time=\"20200101\",expiry-time=\"209901011200Z\" " ED);
}

static void a_type_that_the_blob_names_is_taken_with_a_warning(void **state)
{
	(void)state;
	gives_with_warning("ssh-ed448 AAAACXNzaC1lZDQ0OAAAAAF4 a\n",
		"ssh-ed448 AAAACXNzaC1lZDQ0OAAAAAF4 a\n", "only newer SSH servers know");
	gives_with_warning("restrict ssh-ed448 AAAACXNzaC1lZDQ0OAAAAAF4 a\n",
		"restrict ssh-ed448 AAAACXNzaC1lZDQ0OAAAAAF4 a\n", "only newer SSH servers know");
	refuses("ssh-ed449 AAAACXNzaC1lZDQ0OAAAAAF4 a\n", "no key type");
}

static void options_are_checked_as_servers_do(void **state)
{
	(void)state;
	accepts("restrict,,pty " ED);
	accepts(",pty, " ED);
	accepts("touch-required,No-verify-required " ED);
	accepts("permitopen=\"[::1]:22\",permitopen=\"h:*\",permitlisten=\"22\",permitlisten=\"h:ssh\" " ED);
	accepts("tunnel=\"any\",tunnel=\"0\" " ED);
	accepts("from=\"!10.0.0.0/8,*.example,2001:db8::/32,h\" " ED);
	accepts("from=\"127.0.0.1,::1\" " ED);
	accepts("from=\"*,!10.0.0.0/8\" " ED);
	accepts("from=\"host/8,*.example/x,10.0.0.1/999,::1/129,!10.0.0.0/8\" " ED);
	accepts("from=\"" LONG_NAME LONG_NAME LONG_NAME "/8,h\" " ED);
	accepts("cert-authority,principals=\"a,b\" " ED);
	accepts("environment=\"A=\",environment=\"B=x=y\" " ED);
	accepts("expiry-time=\"20991231235959\" " ED);
	accepts("restrict\t" ED);
	accepts("command=\"a\\b\",pty " ED);
	accepts("expiry-time=\"20991231UTC\" " ED);
	accepts("from=\"10.0.0.0/8x,host/-1,host/:\" " ED);
	refuses("from=\"" NAMES1024 "\" " ED, "from=");
	refuses("expiry-time=\"20201240\" " ED, "expiry-time=");
	refuses("permitopen=\"h:22x\" " ED, "permitopen=");
	refuses("permitopen=\"h:{\" " ED, "permitopen=");
	refuses("permitopen=\"h:a_b\" " ED, "permitopen=");
	refuses("permitopen=\"[::1:22\" " ED, "permitopen=");
	refuses("permitopen=\"[::1]:\" " ED, "permitopen=");
	refuses("permitopen=\"[" NAMES1024 "]:22\" " ED, "permitopen=");
	refuses("permitopen=\"" NAMES1024 ":22\" " ED, "permitopen=");
	refuses("tunnel=\"\" " ED, "tunnel=");
	refuses("permitopen=\"foo\" " ED, "permitopen=");
	refuses("permitopen=\"foo:0\" " ED, "permitopen=");
	refuses("permitopen=\"foo:65536\" " ED, "permitopen=");
	refuses("permitopen=\"[::1]22\" " ED, "permitopen=");
	refuses("permitlisten=\"h:\" " ED, "permitlisten=");
	refuses("environment=\"X\" " ED, "environment=");
	refuses("environment=\"=x\" " ED, "environment=");
	refuses("permitlisten=\"none\" " ED, "permitlisten=");
	refuses("permitopen=\"any\" " ED, "permitopen=");
	refuses("permitopen=\"h:any\" " ED, "permitopen=");
	refuses("from=\"!10.0.0.0/8\" " ED, "no address matches");
	refuses("from=\"\" " ED, "no address matches");
	refuses("from=\",,\" " ED, "no address matches");
	refuses("from=\"*,!*\" " ED, "no address matches");
	refuses("environment=\"X Y=1\" " ED, "environment=");
	refuses("principals=\"root\" " ED, "without cert-authority");
	refuses("from=\"10.0.0.0/99\" " ED, "from=");
	refuses("from=\"a,10.0.0.1/8\" " ED, "from=");
	refuses("from=\"10.0.0.0/33\" " ED, "from=");
	refuses("from=\"10.1/16\" " ED, "from=");
	refuses("from=\"2001:db8::1/64\" " ED, "from=");
	refuses("from=\"a\",from=\"b\" " ED, "from= twice");
	refuses("command=\"a\",command=\"b\" " ED, "command= twice");
	refuses("principals=\"a\",cert-authority,principals=\"b\" " ED, "principals= twice");
	refuses("tunnel=\"x\" " ED, "tunnel=");
	refuses("tunnel=\"5x\" " ED, "tunnel=");
	accepts("tunnel=\"2147483645\" " ED);
	refuses("tunnel=\"2147483646\" " ED, "tunnel=");
	refuses("expiry-time=\"2020\" " ED, "expiry-time=");
	refuses("expiry-time=\"20201301\" " ED, "expiry-time=");
	refuses("expiry-time=\"20991231EST\" " ED, "expiry-time=");
	refuses("no-restrict " ED, "do not know");
	refuses("ptyx " ED, "do not know");
}

static void private_keys_are_refused_by_name(void **state)
{
	(void)state;
	refuses("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n", "is a private key");
	refuses("\r\n-----BEGIN RSA PRIVATE KEY-----\r\n", "line 2 of ssh.pub is a private key");
	refuses("-----BEGIN PRIVATE KEY-----\n", "is a private key");
	refuses("-----BEGIN ENCRYPTED PRIVATE KEY-----\n", "is a private key");
	refuses(ED "\n-----BEGIN EC PRIVATE KEY-----\n", "line 2 of ssh.pub is a private key");
	refuses("PuTTY-User-Key-File-3: ssh-ed25519\n", "is a private key of PuTTY");
}

static void foreign_forms_are_refused_with_the_fix(void **state)
{
	(void)state;
	refuses("---- BEGIN SSH2 PUBLIC KEY ----\n", "ssh-keygen -i");
	refuses("-----BEGIN PUBLIC KEY-----\n", "PEM");
	refuses_bytes("\xff\xfes\0s\0h\0", 8, "UTF-16");
	refuses_bytes("\xfe\xff\0s\0s\0h", 8, "UTF-16");
	refuses("ssh-dss AAAAB3NzaC1kc3MAAACBAJWu x", "DSA");
	refuses("restrict ssh-dss AAAAB3NzaC1kc3MAAACBAJWu x", "DSA");
}

static void broken_keys_are_refused_by_line(void **state)
{
	(void)state;
	refuses("ssh-ed25519", "cut off");
	refuses("ssh-ed25519 ", "cut off");
	refuses("ssh-ed25519 " CUT_ED_BLOB, "cut off");
	refuses("ssh-ed25519 " HUGE_LENGTH_BLOB, "cut off");
	refuses("ssh-ed25519 AAAA", "cut off");
	refuses("ssh-ed25519 " SHORT_ED_BLOB, "too short");
	refuses("ssh-ed25519 " LONG_ED_BLOB, "after its end");
	refuses("ssh-ed25519 " TOO_LONG_ED_BLOB, "too long");
	refuses("ssh-ed25519 !!!!", "not base64");
	refuses("ssh-ed25519 ====", "base64");
	refuses("ssh-rsa " ED_BLOB, "another type than the ssh-rsa");
	refuses("ssh-ed25519 " CERT_BLOB, "another type");
	refuses("ssh-ed25519 " OTHER_NAME_BLOB, "another type");
	refuses("restrict ssh-ed25519x " ED_BLOB, "no key type");
	refuses("restrict ssh-ed25518-cert-v01@x " ED_BLOB, "no key type");
	refuses("ssh-rsa " RSA_EMPTY_BLOB, "not positive");
	refuses("ssh-rsa " RSA_ZERO_BLOB, "less than 1024 bits");
	refuses("ssh-rsa " RSA768_BLOB, "less than 1024 bits");
	refuses("ssh-rsa " RSA_NEGATIVE_BLOB, "not positive");
	refuses("ecdsa-sha2-nistp256 " EC256_OFF_CURVE_BLOB, "no point on its curve");
	refuses("ecdsa-sha2-nistp256 " EC256_OTHER_CURVE_BLOB, "another curve");
}

/* A modulus of 2049 bytes: the first two in base64, and then ones. */
static const char *rsa_of_many_bits(const char *first)
{
	static char line[2800];
	char *end = line + sprintf(line, "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAI%s", first);

	for (int i = 0; i < 682; i++)
		end = stpcpy(end, "////");
	stpcpy(end, "/w==");
	return line;
}

static void an_rsa_key_has_16384_bits_at_most(void **state)
{
	(void)state;
	accepts(rsa_of_many_bits("AQD/"));
	refuses(rsa_of_many_bits("AQH/"), "more than 16384 bits");
}

static void every_cut_of_a_good_line_is_refused(void **state)
{
	static const char line[] = "ssh-ed25519 " ED_BLOB;

	(void)state;
	for (size_t length = 1; length < sizeof(line) - 1; length++) {
		struct ssh_keys keys = { .count = 0 };
		struct error err = { 0 };
		char *exact = malloc(length); /* so that reading past it is seen */

		memcpy(exact, line, length);
		assert_true(ssh_keys_add(&keys, "ssh.pub", exact, length, &err) < 0);
		free(exact);
	}
}

static void unknown_types_and_options_are_refused(void **state)
{
	(void)state;
	refuses("hello world", "no key type");
	refuses("hello", "no key type");
	refuses("ecdsa-sha2-nistp999 AAAA", "no key type");
	refuses("x " ED_BLOB, "where \"AAAAC3NzaC1lZDI1NTE5AAAAIDTY/uebt5F0Jcxh\" stands");
	refuses("ssh-ed448 AAAA", "no key type");
	refuses("no-pty no-pty " ED, "no key type");
	refuses("no-ptty " ED, "do not know: \"no-ptty\"");
	refuses("command=ls " ED, "not in double quotes");
	refuses("command=\"ls\"x " ED, "do not know");
	refuses("command=\"ls " ED, "not closed");
}

/* A line of authorized_keys is at most 8 KiB long; other callers may have longer ones. */
static void a_value_without_an_end_or_too_long_is_refused(void **state)
{
	static char big[9000];
	struct ssh_key_options options;
	struct error err = { 0 };

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	memcpy(big, "command=\"", 9);
	assert_true(ssh_key_options_parse(big, &options, &err) < 0);
	big[100] = '\0';
	assert_true(ssh_key_options_parse(big, &options, &err) < 0);
	assert_non_null(strstr(err.text, "command= whose value is not in double quotes"));
	big[100] = '"';
	big[101] = '\0';
	assert_int_equal(ssh_key_options_parse(big, &options, &err), 0);
	assert_true(options.forced_command);
}

static void what_is_no_text_is_refused(void **state)
{
	static char big[KEY_FILE_MAX_BYTES + 1];

	(void)state;
	refuses_bytes("ssh-ed25519 \0 x", 15, "control characters");
	refuses(ED " \x1b[2J", "control characters");
	refuses(ED " a\rb", "control characters");
	refuses(ED " a\x7f", "control characters");
	memset(big, '#', sizeof(big));
	refuses_bytes(big, sizeof(big), "larger than 256 KiB");
	memset(big, 'x', 9000);
	refuses_bytes(big, 9000, "longer than 8 KiB");
}

static void more_keys_than_there_is_room_for_are_refused(void **state)
{
	static char text[128 * (KEYS_MAX + 1)];
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz012345";
	char *p = text;

	(void)state;
	for (unsigned i = 0; i <= KEYS_MAX; i++) {
		p += sprintf(p, "%s\n", ED);
		p[-3] = digits[i % 50];
		p[-4] = digits[i / 50];
	}
	refuses(text, "1024 are allowed");
}

static void key_files_are_known_by_their_names(void **state)
{
	(void)state;
	assert_true(ssh_keys_is_key_file("ssh.pub"));
	assert_true(ssh_keys_is_key_file("ID_RSA.PUB"));
	assert_true(ssh_keys_is_key_file("authorized_keys"));
	assert_false(ssh_keys_is_key_file(".pub"));
	assert_false(ssh_keys_is_key_file("._ssh.pub"));
	assert_false(ssh_keys_is_key_file("ssh.pub.bak"));
	assert_false(ssh_keys_is_key_file("id_rsa"));
	assert_false(ssh_keys_is_key_file("guest-installer.conf"));
	assert_false(ssh_keys_is_key_file(""));
}

static void a_key_for_this_machine_alone_is_marked(void **state)
{
	static const struct {
		const char *from;
		bool local;
	} rows[] = { { "127.0.0.1,::1", true }, { "localhost,!h2", true }, { "h.2", false },
		{ "other.net", false }, { "::1,h2", false } };
	char text[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ssh_key_line line;
		struct error err;

		snprintf(text, sizeof(text), "from=\"%s\" " ED, rows[i].from);
		assert_int_equal(ssh_key_line_parse(text, &line, &err), 0);
		assert_int_equal(line.local_only, rows[i].local);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_that_servers_take_is_kept),
		cmocka_unit_test(options_are_kept_verbatim),
		cmocka_unit_test(line_ends_marks_and_blanks_are_repaired),
		cmocka_unit_test(the_first_of_two_equal_keys_stays),
		cmocka_unit_test(a_key_inside_an_option_is_no_duplicate),
		cmocka_unit_test(keys_of_several_files_come_together),
		cmocka_unit_test(a_bad_line_among_good_ones_is_a_warning),
		cmocka_unit_test(a_key_that_will_expire_is_taken),
		cmocka_unit_test(only_the_first_warnings_are_kept),
		cmocka_unit_test(a_file_of_certificates_and_expired_keys_gives_nothing),
		cmocka_unit_test(a_type_that_the_blob_names_is_taken_with_a_warning),
		cmocka_unit_test(options_are_checked_as_servers_do),
		cmocka_unit_test(private_keys_are_refused_by_name),
		cmocka_unit_test(foreign_forms_are_refused_with_the_fix),
		cmocka_unit_test(broken_keys_are_refused_by_line),
		cmocka_unit_test(an_rsa_key_has_16384_bits_at_most),
		cmocka_unit_test(every_cut_of_a_good_line_is_refused),
		cmocka_unit_test(unknown_types_and_options_are_refused),
		cmocka_unit_test(a_value_without_an_end_or_too_long_is_refused),
		cmocka_unit_test(what_is_no_text_is_refused),
		cmocka_unit_test(more_keys_than_there_is_room_for_are_refused),
		cmocka_unit_test(key_files_are_known_by_their_names),
		cmocka_unit_test(a_key_for_this_machine_alone_is_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
