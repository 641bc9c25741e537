/* SPDX-License-Identifier: MIT */
/* Proves which host keys are taken (host_key_file, ssh_wire), how they are repaired, by which words
 * others are refused, and how the sources are joined (host_key_sources). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "input/host_key_file.h"
#include "input/host_key_sources.h"

/* Made by ssh-keygen for this file; the last one with a passphrase. */
#define ED                                                                                         \
	"-----BEGIN OPENSSH PRIVATE KEY-----\n"                                                    \
	"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"                 \
	"QyNTUxOQAAACBH1VuXjVnbbhEd7TqIReT4VxQNTg55ySbMD1GnzWcN2gAAAJg/7/dmP+/3\n"                 \
	"ZgAAAAtzc2gtZWQyNTUxOQAAACBH1VuXjVnbbhEd7TqIReT4VxQNTg55ySbMD1GnzWcN2g\n"                 \
	"AAAEAuXkn18bpKzQ4kJIBk1kSt/LfXgZ/x2w+w4zjrRCsBw0fVW5eNWdtuER3tOohF5PhX\n"                 \
	"FA1ODnnJJswPUafNZw3aAAAAEWhvc3Qgb2YgdGhlIHRlc3RzAQIDBA==\n"                               \
	"-----END OPENSSH PRIVATE KEY-----\n"
#define ED_PUBLIC "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEfVW5eNWdtuER3tOohF5PhXFA1ODnnJJswPUafNZw3a"
#define EC                                                                                         \
	"-----BEGIN OPENSSH PRIVATE KEY-----\n"                                                    \
	"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAaAAAABNlY2RzYS\n"                 \
	"1zaGEyLW5pc3RwMjU2AAAACG5pc3RwMjU2AAAAQQQ2P3n8l9gAroJxvjk/Gyn3cumo8TdS\n"                 \
	"tcPM/8nCRh2IsOiR1ROi1EhbSX3WGF5pr5YqEVmjvnnhO3XRmh453+iLAAAAoHjVHmJ41R\n"                 \
	"5iAAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBDY/efyX2ACugnG+\n"                 \
	"OT8bKfdy6ajxN1K1w8z/ycJGHYiw6JHVE6LUSFtJfdYYXmmvlioRWaO+eeE7ddGaHjnf6I\n"                 \
	"sAAAAhALxinLue/p3j2DSFbeQfFJDJ5X4S3GVqzEixZeaRxLEBAAAAAAECAwQFBgc=\n"                     \
	"-----END OPENSSH PRIVATE KEY-----\n"
#define EC_PUBLIC                                                                                  \
	"ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBDY/efyX2ACugnG+OT8bKfdy6ajxN1K1w8z/ycJGHYiw6JHVE6LUSFtJfdYYXmmvlioRWaO+eeE7ddGaHjnf6Is="
#define ENCRYPTED                                                                                  \
	"-----BEGIN OPENSSH PRIVATE KEY-----\n"                                                    \
	"b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABAG9cNaSX\n"                 \
	"GeIeCbbnJ62vFmAAAAEAAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIDC+HZIzClBGjuBx\n"                 \
	"iPnrzcLUzAPlEG+VJstSXtgRv3EuAAAAkIm+PnASoX05tqTHGusI4XlGtzzx4n/Q1p2Sj3\n"                 \
	"pGvs3GBRmbU7t7SGJzXjJpB/hkIQv7xuqlDeIuRDz5k1MgwkJX/zm2oU3ZoSMJccDGKKbP\n"                 \
	"bN/jmOqYOx0thznId6F7L0v7vvD3WVri3480/ZuzN3eYpp9hK4jB7vKodp2ISa2hILXoWa\n"                 \
	"LSakK4O/f6YRm2xw==\n"                                                                     \
	"-----END OPENSSH PRIVATE KEY-----\n"
#define OTHER_PUBLIC                                                                               \
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKF4VWWNfKoxC5R4r8qOJHjrRjyQpNu/7yvobLwe74nW"

static void takes(const char *name, const char *text, const char *expected_name,
	const char *expected_text, const char *expected_public)
{
	struct host_key_pair pair;
	struct error err = { 0 };

	if (host_key_file_read("the key", name, text, strlen(text), &pair, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(pair.name, expected_name);
	assert_string_equal(pair.private_text, expected_text);
	assert_string_equal(pair.public_text, expected_public);
	free(pair.private_text);
	free(pair.public_text);
}

static void refuses(const char *name, const char *text, size_t size_bytes, const char *sentence)
{
	struct host_key_pair pair;
	struct error err = { 0 };

	if (host_key_file_read("K", name, text, size_bytes, &pair, &err) == 0)
		fail_msg("taken, and should be refused with: %s", sentence);
	assert_int_equal(err.code, EXIT_NO_KEY);
	if (!strstr(err.text, sentence))
		fail_msg("'%s' does not say '%s'", err.text, sentence);
}

static void keys_are_taken_as_ssh_keygen_writes_them(void **state)
{
	(void)state;
	takes("ssh_host_ed25519_key", ED, "ssh_host_ed25519_key", ED,
		ED_PUBLIC " host of the tests\n");
	takes("ssh_host_ecdsa_key", EC, "ssh_host_ecdsa_key", EC, EC_PUBLIC "\n");
}

static void names_are_those_of_sshd(void **state)
{
	(void)state;
	takes("SSH_HOST_ED25519_KEY", ED, "ssh_host_ed25519_key", ED,
		ED_PUBLIC " host of the tests\n");
	takes("ssh_host_initrd-2_key", EC, "ssh_host_initrd-2_key", EC, EC_PUBLIC "\n");
	takes("web.key", EC, "ssh_host_ecdsa_key", EC, EC_PUBLIC "\n");
	refuses("ssh_host_rsa_key", ED, strlen(ED),
		"The host key K has the type ssh-ed25519: name its file ssh_host_ed25519_key.");
}

static void line_ends_and_a_missing_newline_are_repaired(void **state)
{
	AUTO_FREE char *text = must_realloc(NULL, 2 * sizeof(ED) + 3, 1);
	char *to = stpcpy(text, "\xef\xbb\xbf");

	(void)state;
	for (const char *from = ED; *from; from++) {
		if (*from == '\n')
			*to++ = '\r';
		*to++ = *from;
	}
	*to = '\0';
	takes("ssh_host_ed25519_key", text, "ssh_host_ed25519_key", ED,
		ED_PUBLIC " host of the tests\n");
	to[-2] = '\0';
	takes("ssh_host_ed25519_key", text, "ssh_host_ed25519_key", ED,
		ED_PUBLIC " host of the tests\n");
}

static void other_forms_are_refused_by_name(void **state)
{
	static const struct {
		const char *text, *sentence;
	} cases[] = {
		{ "", "The host key K is empty." },
		{ "\r\n ", "is empty" },
		{ ENCRYPTED, "K is encrypted with a passphrase" },
		{ "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n", "is encrypted" },
		{ "-----BEGIN ENCRYPTED PRIVATE KEY-----\n", "is encrypted" },
		{ "-----BEGIN RSA PRIVATE KEY-----\nMII\n", "is a private key in PEM form" },
		{ "PuTTY-User-Key-File-3: ssh-ed25519\n", "is a private key of PuTTY" },
		{ ED_PUBLIC "\n", "is a public key: give the private key" },
		{ EC_PUBLIC " x@y\r\n", "is a public key" },
		{ "AGE-SECRET-KEY-1\n", "is no private key of OpenSSH" },
		{ "-----BEGIN OPENSSH PRIVATE KEY-----\n", "is damaged or cut off" },
		{ "-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----\n",
			"is damaged" },
		{ "-----BEGIN OPENSSH PRIVATE KEY-----\n!\n-----END OPENSSH PRIVATE KEY-----\n",
			"is damaged" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		refuses("ssh_host_ed25519_key", cases[i].text, strlen(cases[i].text),
			cases[i].sentence);
	refuses("ssh_host_ed25519_key", ED, sizeof(ED), "has a NUL byte");
}

/* Only the comment (17 bytes) of ED may have another character; it has some 22 characters of
 * base64. From the private half the public one follows. */
static void a_key_with_one_other_character_is_another_key_or_is_refused(void **state)
{
	char text[sizeof(ED)];
	unsigned taken = 0;

	(void)state;
	for (size_t i = strlen("-----BEGIN OPENSSH PRIVATE KEY-----\n"); ED[i] != '-'; i++) {
		struct host_key_pair pair;
		struct error err = { 0 };

		memcpy(text, ED, sizeof(text));
		text[i] = text[i] == 'A' ? 'B' : 'A';
		if (host_key_file_read("K", "k", text, strlen(text), &pair, &err) < 0) {
			assert_int_equal(err.code, EXIT_NO_KEY);
			continue;
		}
		assert_memory_equal(pair.public_text, ED_PUBLIC, strlen(ED_PUBLIC));
		taken++;
		free(pair.private_text);
		free(pair.public_text);
	}
	assert_in_range(taken, 20, 24);
}

static void every_key_that_is_cut_off_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < strlen(EC) - strlen("-----END OPENSSH PRIVATE KEY-----\n"); i++) {
		AUTO_FREE char *text = strndup(EC, i), *ended = NULL;

		refuses("k", text, strlen(text), "K");
		if (i < strlen("-----BEGIN OPENSSH PRIVATE KEY-----"))
			continue;
		if (asprintf(&ended, "%s\n-----END OPENSSH PRIVATE KEY-----\n", text) < 0)
			abort();
		if (EC[i] != '\n' || EC[i + 1] != '-')
			refuses("k", ended, strlen(ended), "is damaged");
	}
}

static void names_of_host_keys_are_told_apart(void **state)
{
	static const struct {
		const char *name;
		enum host_key_part part;
	} cases[] = {
		{ "ssh_host_ed25519_key", HOST_KEY_PRIVATE },
		{ "SSH_HOST_RSA_KEY.PUB", HOST_KEY_PUBLIC },
		{ "ssh_host_a-b_key", HOST_KEY_PRIVATE },
		{ "ssh_host__key", HOST_KEY_OTHER },
		{ "ssh_host_key", HOST_KEY_OTHER },
		{ "ssh_host_key.pub", HOST_KEY_OTHER },
		{ "ssh_host_ed25519_key-cert.pub", HOST_KEY_OTHER },
		{ "ssh_host_a.b_key", HOST_KEY_OTHER },
		{ ".ssh_host_ed25519_key", HOST_KEY_OTHER },
		{ ".pub", HOST_KEY_OTHER },
		{ "ssh.pub", HOST_KEY_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(host_key_file_part(cases[i].name), cases[i].part);
}

/* ------------------------------------------------------------------- the sources */

static struct key_drive drive;

static void put(const char *name, char *text)
{
	struct key_drive_file *file = &drive.host_files[drive.host_count++];

	snprintf(file->name, sizeof(file->name), "%s", name);
	file->text = text;
	file->size_bytes = strlen(text);
	drive.found = true;
}

/* How many keys are given, or -1 with this sentence. */
static void gives(enum host_key_mode mode, bool from_drive, int count, const char *sentence)
{
	struct host_key_settings settings = { .mode = mode, .from_drive = from_drive };
	struct given_host_keys given;
	struct error err = { 0 };
	int r = host_key_sources_read(&settings, &drive, &given, &err);

	if (r < 0 && count >= 0)
		fail_msg("%s", err.text);
	if (r < 0) {
		assert_int_equal(err.code, EXIT_NO_KEY);
		if (!strstr(err.text, sentence))
			fail_msg("'%s' does not say '%s'", err.text, sentence);
	} else {
		assert_int_equal(given.count, count);
	}
	for (size_t i = 0; i < given.count; i++) {
		free(given.pairs[i].private_text);
		free(given.pairs[i].public_text);
	}
	drive = (struct key_drive){ .found = false };
}

static void keys_of_the_drive_are_taken_where_nothing_else_is_said(void **state)
{
	static char ed[] = ED, ec[] = EC;

	(void)state;
	gives(HOST_KEYS_AUTO, false, 0, NULL);
	put("ssh_host_ed25519_key", ed);
	put("ssh_host_ecdsa_key", ec);
	gives(HOST_KEYS_AUTO, false, 2, NULL);
	put("ssh_host_ed25519_key", ed);
	gives(HOST_KEYS_GIVEN, true, 1, NULL);
	put("ssh_host_ed25519_key", ed);
	gives(HOST_KEYS_GENERATE, false, 0, NULL);
	put("ssh_host_ed25519_key", ed);
	gives(HOST_KEYS_NONE, false, 0, NULL);
	gives(HOST_KEYS_GIVEN, true, -1, "no SSH host key was found on a key drive");
}

static void a_public_key_belongs_to_its_private_one(void **state)
{
	static char ed[] = ED, good[] = ED_PUBLIC " other words\r\n", other[] = OTHER_PUBLIC "\n",
		    bad[] = "ssh-ed25519\n";

	(void)state;
	put("ssh_host_ed25519_key", ed);
	put("SSH_HOST_ED25519_KEY.PUB", good);
	gives(HOST_KEYS_GIVEN, true, 1, NULL);
	put("ssh_host_ed25519_key", ed);
	put("ssh_host_ed25519_key.pub", other);
	gives(HOST_KEYS_GIVEN, true, -1, "key.pub on the key drive is not the public key of ssh_");
	put("ssh_host_ed25519_key", ed);
	put("ssh_host_ed25519_key.pub", bad);
	gives(HOST_KEYS_GIVEN, true, -1, "is not the public key of");
	put("ssh_host_ed25519_key.pub", good);
	gives(HOST_KEYS_AUTO, false, -1, "has no private key beside it");
}

static void two_keys_of_one_name_are_refused(void **state)
{
	static char ed[] = ED;

	(void)state;
	put("SSH_HOST_ED25519_KEY", ed);
	put("ssh_host_ed25519_key", ed);
	gives(HOST_KEYS_AUTO, false, -1, "Two host keys are given for ssh_host_ed25519_key");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_taken_as_ssh_keygen_writes_them),
		cmocka_unit_test(names_are_those_of_sshd),
		cmocka_unit_test(line_ends_and_a_missing_newline_are_repaired),
		cmocka_unit_test(other_forms_are_refused_by_name),
		cmocka_unit_test(a_key_with_one_other_character_is_another_key_or_is_refused),
		cmocka_unit_test(every_key_that_is_cut_off_is_refused),
		cmocka_unit_test(names_of_host_keys_are_told_apart),
		cmocka_unit_test(keys_of_the_drive_are_taken_where_nothing_else_is_said),
		cmocka_unit_test(a_public_key_belongs_to_its_private_one),
		cmocka_unit_test(two_keys_of_one_name_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
