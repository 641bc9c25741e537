/* SPDX-License-Identifier: MIT */
/* Proves which files of the key drive and of the ISO count where both have some. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "input/key_drive_join.h"
#include "verdict/console.h"

static struct embedded_file named(const char *name)
{
	struct embedded_file file = { .data = "of the ISO", .size_bytes = 10 };

	snprintf(file.name, sizeof(file.name), "%s", name);
	return file;
}

/* The files of an ISO, all with one content. */
static void embed(struct embedded *embedded, const char *const *names, struct key_drive *ret)
{
	struct error err = { 0 };

	embedded->count = 0;
	for (; *names; names++)
		embedded->files[embedded->count++] = named(*names);
	if (key_drive_read_embedded(embedded, ret, &err) < 0)
		fail_msg("%s", err.text);
}

static void put(struct key_drive_file *files, size_t *count, const char *name)
{
	snprintf(files[*count].name, sizeof(files[*count].name), "%s", name);
	files[*count].text = text_duplicate("of the drive");
	files[(*count)++].size_bytes = 12;
}

static void an_iso_alone_gives_everything(void **state)
{
	static const char *const names[] = { "b.pub", "a.pub", "ssh_host_ed25519_key", "netrc",
		"guest-installer.conf", "flake.nix", "embedded.json", NULL };
	struct embedded embedded = { 0 };
	struct key_drive drive = { 0 }, iso;
	struct error err = { 0 };

	(void)state;
	embed(&embedded, names, &iso);
	assert_int_equal(iso.config_bytes, 10);
	assert_int_equal(key_drive_join(&drive, &iso, &err), 0);
	assert_int_equal(drive.count, 2);
	assert_string_equal(drive.files[0].name, "a.pub");
	assert_true(drive.files[0].embedded);
	assert_string_equal(drive.files[0].text, "of the ISO");
	assert_int_equal(drive.host_count, 1);
	assert_string_equal(drive.netrc_text, "of the ISO");
	assert_string_equal(drive.flake_text, "of the ISO");
	assert_null(drive.config_text);
	assert_non_null(iso.config_text);
	key_drive_free(&drive);
	key_drive_free(&iso);
}

static void keys_are_added_and_companions_of_the_drive_win(void **state)
{
	static const char *const names[] = { "a.pub", "netrc", "ca.pem", "configuration.nix",
		"flake.lock", NULL };
	struct embedded embedded = { 0 };
	struct key_drive drive = { 0 }, iso;
	struct error err = { 0 };

	(void)state;
	put(drive.files, &drive.count, "a.pub");
	drive.netrc_text = text_duplicate("of the drive");
	drive.flake_text = text_duplicate("of the drive");
	embed(&embedded, names, &iso);
	assert_int_equal(key_drive_join(&drive, &iso, &err), 0);
	assert_int_equal(drive.count, 2);
	assert_false(drive.files[0].embedded);
	assert_true(drive.files[1].embedded);
	assert_string_equal(drive.netrc_text, "of the drive");
	assert_string_equal(drive.ca_text, "of the ISO");
	/* A flake of the drive is not mixed with the lock file of another one. */
	assert_null(drive.lock_text);
	assert_null(drive.configuration_text);
	key_drive_free(&drive);
	key_drive_free(&iso);
}

static void host_keys_of_the_drive_win_with_both_files(void **state)
{
	static const char *const names[] = { "ssh_host_ed25519_key", "ssh_host_ed25519_key.pub",
		"ssh_host_rsa_key", NULL };
	struct embedded embedded = { 0 };
	struct key_drive drive = { 0 }, iso;
	struct error err = { 0 };

	(void)state;
	console_silence();
	put(drive.host_files, &drive.host_count, "SSH_HOST_ED25519_KEY");
	embed(&embedded, names, &iso);
	assert_int_equal(key_drive_join(&drive, &iso, &err), 0);
	assert_int_equal(drive.host_count, 2);
	assert_string_equal(drive.host_files[0].text, "of the drive");
	assert_string_equal(drive.host_files[1].name, "ssh_host_rsa_key");
	key_drive_free(&drive);
	key_drive_free(&iso);
}

static void too_many_files_together_are_refused(void **state)
{
	static const char *const names[] = { "x.pub", NULL };
	struct embedded embedded = { 0 };
	struct key_drive drive = { 0 }, iso;
	struct error err = { 0 };

	(void)state;
	while (drive.count < KEY_DRIVE_FILES_MAX)
		put(drive.files, &drive.count, "a.pub");
	embed(&embedded, names, &iso);
	assert_true(key_drive_join(&drive, &iso, &err) < 0);
	assert_int_equal(err.code, EXIT_NO_KEY);
	assert_non_null(strstr(err.text, "more than 64 key files together"));
	key_drive_free(&drive);
	key_drive_free(&iso);
}

static void further_files_are_read_from_the_iso(void **state)
{
	struct embedded embedded = { .count = 1, .files = { named("file-1") } };
	struct key_drive drive = { .embedded = &embedded };
	struct error err = { 0 };
	char *text;
	size_t size_bytes;

	(void)state;
	assert_int_equal(
		key_drive_read_file(&drive, "/mnt", "file-1", 100, &text, &size_bytes, &err), 0);
	assert_int_equal(size_bytes, 10);
	assert_string_equal(text, "of the ISO");
	free(text);
	assert_true(key_drive_read_file(&drive, "/mnt", "file-1", 9, &text, &size_bytes, &err) < 0);
	assert_non_null(strstr(err.text, "more than the 9 that are read"));
	assert_true(key_drive_read_file(&drive, "/mnt", "file-2", 9, &text, &size_bytes, &err) < 0);
	assert_int_equal(err.code, EXIT_CONFIGURATION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_iso_alone_gives_everything),
		cmocka_unit_test(keys_are_added_and_companions_of_the_drive_win),
		cmocka_unit_test(host_keys_of_the_drive_win_with_both_files),
		cmocka_unit_test(too_many_files_together_are_refused),
		cmocka_unit_test(further_files_are_read_from_the_iso),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
