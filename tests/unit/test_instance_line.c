/* SPDX-License-Identifier: MIT */
/* Proves what is read from a serial number and from a kernel command line. Modules: instance_line,
 * credential. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/key_table.h"
#include "input/instance_line.h"

#define NAME "ssh.authorized_keys.root"

static struct config config;

static void merge(const char *serial)
{
	key_table_set_defaults(&config);
	instance_line_merge(&config, serial);
}

static void settings_stand_behind_their_prefix(void **state)
{
	static const char *const serials[] = { "gi:disk=/dev/vdb;timeout=7",
		"gi:disk=/dev/vdb;timeout=7;", "gi: disk = /dev/vdb ; timeout = 7 ",
		"ds=nocloud;h=x gi:disk=/dev/vdb;;timeout=7" };

	(void)state;
	for (size_t i = 0; i < sizeof(serials) / sizeof(serials[0]); i++) {
		merge(serials[i]);
		assert_int_equal(config.error_count, 0);
		assert_string_equal(config.disk, "/dev/vdb");
		assert_int_equal(config.timeout_s, 7);
	}
	merge("gi:cache=file:///a file:///b;trusted-keys=none");
	assert_int_equal(config.error_count, 0);
	assert_int_equal(config.cache.cache_count, 2);
}

static void other_serial_numbers_set_nothing(void **state)
{
	static const char *const serials[] = { "", "0", "VMware-56 4d", "gi", "gi:", "gi:;;",
		"xgi:disk=a", "GI:disk=/dev/vdb" };

	(void)state;
	for (size_t i = 0; i < sizeof(serials) / sizeof(serials[0]); i++) {
		merge(serials[i]);
		assert_int_equal(config.error_count, 0);
		assert_string_equal(config.disk, "auto");
	}
}

static void bad_settings_name_the_serial_number(void **state)
{
	(void)state;
	merge("gi:colour=red;disk");
	assert_int_equal(config.error_count, 2);
	assert_non_null(
		strstr(config.errors, "the serial number of SMBIOS: there is no key \"colour\""));
	assert_non_null(strstr(config.errors, "\"disk\" is not of the form key=value"));
}

static void gives(const char *line, char field, const char *expected)
{
	char value[64] = "";
	bool found = instance_line_nocloud(line, field, value, sizeof(value));

	assert_int_equal(found, expected != NULL);
	if (expected)
		assert_string_equal(value, expected);
}

/* As parse_cmdline_data of cloud-init's DataSourceNoCloud reads it. */
static void nocloud_fields_have_short_and_long_names(void **state)
{
	(void)state;
	gives("ds=nocloud;h=a;s=http://x/y", 'h', "a");
	gives("ds=nocloud;h=a;s=http://x/y", 's', "http://x/y");
	gives("root=/dev/vda ds=nocloud-net;local-hostname=b.example;i=c quiet", 'h', "b.example");
	gives("ds=nocloud;seedfrom=http://x/?a=b", 's', "http://x/?a=b");
	gives("ds=nocloud", 'h', NULL);
	gives("ds=nocloud;h;i=x", 'h', NULL);
	gives("ds=nocloud;h=", 'h', NULL);
	gives("ds=nocloud;host=x", 'h', NULL);
	gives("ds=nocloudy;h=a", 'h', NULL);
	gives("ds=openstack;h=a", 'h', NULL);
	gives("xds=nocloud;h=a", 'h', NULL);
	gives("ds=nocloud;h=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		'h', NULL);
}

static void expect_credential(const char *line, size_t index, const char *expected)
{
	struct error err = { 0 };
	char *text = NULL;
	size_t size_bytes = 0;
	int r = instance_line_credential(line, NAME, index, &text, &size_bytes, &err);

	assert_int_equal(r, expected ? 1 : 0);
	if (expected) {
		assert_string_equal(text, expected);
		assert_int_equal(size_bytes, strlen(expected));
	}
	free(text);
}

static void credentials_are_found_in_their_order(void **state)
{
	static const char line[] = "quiet \"systemd.set_credential=" NAME ":ssh-ed25519 AAAA me\" "
				   "systemd.set_credential=other:x "
				   "systemd.set_credential_binary=" NAME ":aGVsbG8= panic=-1";
	struct error err = { 0 };
	char *text = NULL;
	size_t size_bytes;

	(void)state;
	expect_credential(line, 0, "ssh-ed25519 AAAA me");
	expect_credential(line, 1, "hello");
	expect_credential(line, 2, NULL);
	expect_credential("systemd.set_credential=" NAME, 0, NULL);
	expect_credential("systemd.set_credential=" NAME ":", 0, "");
	expect_credential("xsystemd.set_credential=" NAME ":x", 0, NULL);
	assert_int_equal(instance_line_credential("systemd.set_credential_binary=" NAME ":*", NAME,
				 0, &text, &size_bytes, &err),
		-EINVAL);
	assert_int_equal(err.code, EXIT_NO_KEY);
	assert_null(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_stand_behind_their_prefix),
		cmocka_unit_test(other_serial_numbers_set_nothing),
		cmocka_unit_test(bad_settings_name_the_serial_number),
		cmocka_unit_test(nocloud_fields_have_short_and_long_names),
		cmocka_unit_test(credentials_are_found_in_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
