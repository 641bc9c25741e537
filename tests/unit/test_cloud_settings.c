/* SPDX-License-Identifier: MIT */
/* Proves which settings and which host name the files of cloud-init's data sources give. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/key_table.h"
#include "input/cloud_settings.h"

static struct config config;

/* Into a new config. */
static void merge(const char *text)
{
	struct error err = { 0 };

	key_table_set_defaults(&config);
	if (cloud_settings_user_data(&config, "a file", text, strlen(text), &err) < 0)
		fail_msg("%s", err.text);
}

static void refuses(const char *text, const char *says)
{
	merge(text);
	if (config.error_count != 1 || !strstr(config.errors, says))
		fail_msg("%zu errors, '%s' does not say '%s'", config.error_count, config.errors,
			says);
}

static void the_mapping_has_the_keys_of_a_file(void **state)
{
	(void)state;
	merge("#cloud-config\nguest-installer:\n  disk: /dev/vdb\n  wipe: force\n  swap: 512M\n"
	      "  timeout: 900\n  cache:\n  - file:///a\n  - file:///b\n"
	      "  trusted-keys: none\n  on-success: reboot\nhostname: h\n");
	assert_int_equal(config.error_count, 0);
	assert_string_equal(config.disk, "/dev/vdb");
	assert_true(config.wipe_force);
	assert_int_equal(config.swap_bytes, 512 << 20);
	assert_int_equal(config.timeout_s, 900);
	assert_int_equal(config.cache.cache_count, 2);
	assert_string_equal(config.cache.caches[1], "file:///b");
	assert_true(config.cache.trust_anything && config.given[KEY_TRUSTED_KEYS]);
	assert_int_equal(config.on_success, ENDING_REBOOT);
	merge("#cloud-config\n{\"guest-installer\": {\"timeout\": \"7\", \"cache\": [\"/x\"]}}\n");
	assert_int_equal(config.error_count, 0);
	assert_int_equal(config.timeout_s, 7);
	assert_string_equal(config.cache.caches[0], "/x");
}

static void user_data_without_the_mapping_sets_nothing(void **state)
{
	static const char *const texts[] = { "", "#cloud-config\n",
		"#cloud-config\nguest-installer:\n", "#cloud-config\ndisk: /dev/vdb\n",
		"#cloud-config\nx: {guest-installer: {disk: a}}\n",
		"#!/bin/sh\nguest-installer: {disk: /dev/vdb}\n",
		"guest-installer: {disk: /dev/vdb}\n", "#cloud-config\n{[\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		merge(texts[i]);
		assert_int_equal(config.error_count, 0);
		assert_string_equal(config.disk, "auto");
	}
}

static void a_bad_setting_names_its_file(void **state)
{
	(void)state;
	refuses("#cloud-config\nguest-installer: {colour: red}\n",
		"guest-installer in a file: there is no key \"colour\"");
	refuses("#cloud-config\nguest-installer: {swap: three}\n", "swap cannot be \"three\"");
	refuses("#cloud-config\nguest-installer: {disk: {name: vda}}\n",
		"there is no key \"disk.name\"");
	refuses("#cloud-config\nguest-installer: disk\n", "it is not a mapping");
	refuses("#cloud-config\nguest-installer: [disk]\n", "it is not a mapping");
	refuses("#cloud-config\nguest-installer: {disk: \"a\\nb\"}\n", "control characters");
}

static void a_value_that_is_too_long_is_refused(void **state)
{
	static char text[1 << 14] = "#cloud-config\nguest-installer:\n  cache:\n";

	(void)state;
	for (int i = 0; i < 300; i++)
		strcat(text, "  - file:///aaaaaaaaaaaaaaaaaaaa\n");
	merge(text);
	assert_true(config.error_count > 0);
	assert_non_null(strstr(config.errors, "the value of cache is longer than 4094 bytes"));
}

static void malformed_text_with_the_mapping_is_refused(void **state)
{
	static const char text[] = "#cloud-config\nguest-installer: {\n";
	struct error err = { 0 };

	(void)state;
	key_table_set_defaults(&config);
	assert_int_equal(
		cloud_settings_user_data(&config, "a file", text, strlen(text), &err), -EINVAL);
	assert_int_equal(err.code, EXIT_CONFIGURATION);
	assert_non_null(strstr(err.text, "a file: line 3: it is not well-formed YAML"));
}

static void expect_hostname(
	const char *user_data, const char *meta_data, const char *openstack, const char *expected)
{
	merge(user_data);
	if (meta_data)
		cloud_settings_meta_data(&config, meta_data, strlen(meta_data));
	if (openstack)
		cloud_settings_openstack(&config, openstack, strlen(openstack));
	assert_string_equal(config.suggested_hostname, expected);
	assert_string_equal(config.hostname, "");
	assert_int_equal(config.error_count, 0);
}

static void the_host_name_is_suggested_by_the_first_that_has_one(void **state)
{
	(void)state;
	expect_hostname("#cloud-config\nfqdn: f.example\nhostname: h\n", "local-hostname: m\n",
		"{\"hostname\": \"o.novalocal\"}", "h");
	expect_hostname("#cloud-config\nfqdn: f.example\n", "local-hostname: m\n", NULL, "f");
	expect_hostname("", "instance-id: i\nlocal-hostname: m.example\n", NULL, "m");
	expect_hostname("", NULL, "{\"hostname\": \"o.novalocal\", \"name\": \"n\"}", "o");
	expect_hostname("#cloud-config\nhostname: 'a b'\n", "hostname: m\n", NULL, "m");
	expect_hostname("#cloud-config\nhostname: null\nfqdn: ~\n", "hostname: m\n", NULL, "m");
	expect_hostname("", "local-hostname: null\n", NULL, "");
	expect_hostname("", "[", "{", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_mapping_has_the_keys_of_a_file),
		cmocka_unit_test(user_data_without_the_mapping_sets_nothing),
		cmocka_unit_test(a_bad_setting_names_its_file),
		cmocka_unit_test(a_value_that_is_too_long_is_refused),
		cmocka_unit_test(malformed_text_with_the_mapping_is_refused),
		cmocka_unit_test(the_host_name_is_suggested_by_the_first_that_has_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
