/* SPDX-License-Identifier: MIT */
/* Proves that an ext4 gets another UUID while all its checksums stay right (ext4_identity,
 * ext4_open). The oracles are e2fsck and dumpe2fs' view of the superblock in debugfs. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ext4/ext4_files.h"
#include "ext4/ext4_identity.h"
#include "image.h"

#define UUID "01234567-89ab-4cde-8f01-23456789abcd"

static struct image image;

static void has(const char *request, const char *part)
{
	const char *answer = image_ask(&image, request);

	if (!strstr(answer, part))
		fail_msg("%s: \"%s\" is not in: %s", request, part, answer);
}

static void write_files(void)
{
	const struct ext4_access access = { .mode = 0644, .mtime_s = 1 };
	struct ext4_files files;
	struct error err;
	char path[64];

	assert_int_equal(ext4_files_open(&files, image.path, 0, &err), 0);
	for (int i = 0; i < 200; i++) {
		snprintf(path, sizeof(path), "/folder/a-rather-long-name-%03d", i);
		assert_int_equal(
			ext4_files_write(&files, path, path, strlen(path), &access, &err), 0);
	}
	assert_int_equal(ext4_files_close(&files, &err), 0);
}

static void renews(const char *options)
{
	struct error err = { 0 };

	image_make(&image, options);
	write_files();
	if (ext4_identity_check(image.path, 0, &err) < 0 ||
		ext4_identity_set(image.path, 0, UUID, &err) < 0)
		fail_msg("%s", err.text);
	assert_true(image_is_clean(&image));
	has("show_super_stats -h", UUID);
	has("cat /folder/a-rather-long-name-199", "/folder/a-rather-long-name-199");
	/* A second time, and files after it. */
	assert_int_equal(
		ext4_identity_set(image.path, 0, "AAAAAAAA-89ab-4cde-8f01-23456789abcd", &err), 0);
	assert_true(image_is_clean(&image));
	has("show_super_stats -h", "aaaaaaaa-89ab-4cde-8f01-23456789abcd");
	image_remove(&image);
}

static void an_ext4_of_ours_gets_another_uuid(void **state)
{
	(void)state;
	renews(NULL);
}

static void an_ext4_of_mke2fs_gets_another_uuid(void **state)
{
	(void)state;
	renews("-O metadata_csum,64bit");
}

static void one_without_checksums_of_metadata_gets_another_uuid(void **state)
{
	(void)state;
	renews("-O ^metadata_csum,uninit_bg");
}

static void the_copies_of_the_superblock_have_it_too(void **state)
{
	struct error err;
	char command[400];

	(void)state;
	image_make(&image, "-b 1024");
	assert_int_equal(ext4_identity_set(image.path, 0, UUID, &err), 0);
	snprintf(command, sizeof(command),
		"dumpe2fs -o superblock=8193 -h %s 2>/dev/null | grep -q " UUID, image.path);
	assert_int_equal(system(command), 0);
	image_remove(&image);
}

static void what_was_not_unmounted_is_refused(void **state)
{
	struct error err;
	char command[400];

	(void)state;
	image_make(&image, NULL);
	snprintf(command, sizeof(command),
		"debugfs -w -R 'feature needs_recovery' %s 2>/dev/null >&2", image.path);
	assert_int_equal(system(command), 0);
	assert_int_equal(ext4_identity_check(image.path, 0, &err), -EBUSY);
	assert_non_null(strstr(err.text, "its journal is still to be replayed"));
	snprintf(command, sizeof(command),
		"debugfs -w -R 'feature -needs_recovery' %s 2>/dev/null >&2 && debugfs -w -R 'ssv state 2' %s 2>/dev/null >&2",
		image.path, image.path);
	assert_int_equal(system(command), 0);
	assert_int_equal(ext4_identity_check(image.path, 0, &err), -EUCLEAN);
	image_remove(&image);
}

static void what_is_no_uuid_or_no_ext4_is_refused(void **state)
{
	struct error err;

	(void)state;
	image_make(&image, NULL);
	assert_int_equal(ext4_identity_set(image.path, 0, "uuid", &err), -EINVAL);
	assert_true(ext4_identity_set(image.path, 4096, UUID, &err) < 0);
	image_remove(&image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ext4_of_ours_gets_another_uuid),
		cmocka_unit_test(an_ext4_of_mke2fs_gets_another_uuid),
		cmocka_unit_test(one_without_checksums_of_metadata_gets_another_uuid),
		cmocka_unit_test(the_copies_of_the_superblock_have_it_too),
		cmocka_unit_test(what_was_not_unmounted_is_refused),
		cmocka_unit_test(what_is_no_uuid_or_no_ext4_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
