/* SPDX-License-Identifier: MIT */
/* Proves which keys NoCloud's files give, and that what is ignored is named. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "input/cloud_config.h"

#define BLOB_A "AAAAC3NzaC1lZDI1NTE5AAAAIGFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh"
#define BLOB_B "AAAAC3NzaC1lZDI1NTE5AAAAIGJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJi"
#define KEY_A  "ssh-ed25519 " BLOB_A " a"
#define KEY_B  "ssh-ed25519 " BLOB_B " b"

typedef int read_fn(struct ssh_keys *keys, const char *name, const char *text, size_t size_bytes,
	char ret_ignored[CLOUD_CONFIG_IGNORED_BYTES], struct error *err);

static void gives(
	read_fn *read, const char *text, const char *expected_keys, const char *expected_ignored)
{
	struct ssh_keys keys = { .count = 0 };
	char ignored[CLOUD_CONFIG_IGNORED_BYTES] = "before";
	struct error err = { 0 };

	if (read(&keys, "a file", text, strlen(text), ignored, &err) < 0)
		fail_msg("%s", err.text);
	char *found = ssh_keys_text(&keys);

	assert_string_equal(found, expected_keys);
	assert_string_equal(ignored, expected_ignored);
	free(found);
	ssh_keys_free(&keys);
}

static void refuses(read_fn *read, const char *text, int code, const char *sentence)
{
	struct ssh_keys keys = { .count = 0 };
	char ignored[CLOUD_CONFIG_IGNORED_BYTES];
	struct error err = { 0 };

	assert_int_equal(read(&keys, "a file", text, strlen(text), ignored, &err), -EINVAL);
	assert_int_equal(err.code, code);
	if (!strstr(err.text, sentence))
		fail_msg("\"%s\" has no \"%s\"", err.text, sentence);
	ssh_keys_free(&keys);
}

static void keys_come_from_the_top_and_from_users(void **state)
{
	(void)state;
	gives(cloud_config_user_data, "#cloud-config\nssh_authorized_keys:\n  - " KEY_A "\n",
		KEY_A "\n", "");
	gives(cloud_config_user_data,
		"#cloud-config\nusers:\n- default\n- ssh_authorized_keys: [" KEY_B
		"]\n- ssh_authorized_keys: " KEY_A "\nssh_authorized_keys: [" KEY_B "]\n",
		KEY_B "\n" KEY_A "\n", "");
	gives(cloud_config_user_data,
		"#cloud-config\nssh_authorized_keys: |\n  " KEY_A "\n  " KEY_B "\n",
		KEY_A "\n" KEY_B "\n", "");
	gives(cloud_config_user_data,
		"\xef\xbb\xbf#cloud-config \r\nssh_authorized_keys: [" KEY_A "]\r\n", KEY_A "\n",
		"");
}

static void what_is_ignored_is_named_once(void **state)
{
	(void)state;
	gives(cloud_config_user_data,
		"#cloud-config\nhostname: h\npackages: [a, b]\nusers:\n- name: alice\n  sudo: [x]\n"
		"- name: bob\nwrite_files:\n- path: /a\n  content: b\nhost: x\n",
		"", "hostname, packages, users[].name, users[].sudo, write_files, host");
	gives(cloud_config_user_data, "", "", "");
	gives(cloud_config_user_data, "#cloud-config\n", "", "");
	gives(cloud_config_user_data, "#cloud-config\n- a\n", "", "what stands outside a mapping");
}

static void user_data_of_another_form_is_ignored_as_a_whole(void **state)
{
	static const char whole[] = "all of it (the first line is not #cloud-config)";

	(void)state;
	gives(cloud_config_user_data, "#!/bin/sh\necho\n", "", whole);
	gives(cloud_config_user_data, "ssh_authorized_keys: [" KEY_A "]\n", "", whole);
	gives(cloud_config_user_data, "#cloud-config-archive\n- a\n", "", whole);
	gives(cloud_config_user_data, "\n#cloud-config\n", "", whole);
	gives(cloud_config_user_data, "\x1f\x8b", "", whole);
}

static void meta_data_gives_public_keys_in_every_shape(void **state)
{
	(void)state;
	gives(cloud_config_meta_data, "instance-id: i\npublic-keys: " KEY_A "\n", KEY_A "\n", "");
	gives(cloud_config_meta_data, "public-keys: [" KEY_A ", " KEY_B "]\nlocal-hostname: h\n",
		KEY_A "\n" KEY_B "\n", "local-hostname");
	gives(cloud_config_meta_data,
		"{\"public-keys\": {\"mine\": [\"" KEY_A "\"], \"hers\": \"" KEY_B "\"}}",
		KEY_A "\n" KEY_B "\n", "");
	gives(cloud_config_meta_data, "public_keys:\n  0:\n    openssh-key: " KEY_A "\n",
		KEY_A "\n", "");
}

static void a_list_of_ignored_names_ends_somewhere(void **state)
{
	static char text[1 << 16] = "#cloud-config\n";
	char ignored[CLOUD_CONFIG_IGNORED_BYTES];
	struct ssh_keys keys = { .count = 0 };
	struct error err;

	(void)state;
	for (unsigned i = 0; i < 2000; i++)
		sprintf(text + strlen(text), "setting-%u: 1\n", i);
	assert_int_equal(cloud_config_user_data(&keys, "a", text, strlen(text), ignored, &err), 0);
	assert_true(strlen(ignored) > 400);
	assert_string_equal(ignored + strlen(ignored) - strlen(", …"), ", …");
	assert_null(strstr(ignored, "…, …"));
}

static void what_cannot_be_right_is_refused_with_its_place(void **state)
{
	(void)state;
	refuses(cloud_config_user_data, "#cloud-config\na: [\n", EXIT_CONFIGURATION,
		"a file: line 3: it is not well-formed YAML");
	refuses(cloud_config_meta_data, "a: *b\n", EXIT_CONFIGURATION, "a file: line 1:");
	refuses(cloud_config_user_data, "#cloud-config\nssh_authorized_keys: [nonsense]\n",
		EXIT_NO_KEY, "line 1 of ssh_authorized_keys[] in a file");
	refuses(cloud_config_user_data,
		"#cloud-config\nssh_authorized_keys:\n"
		"- |\n  -----BEGIN OPENSSH PRIVATE KEY-----\n",
		EXIT_NO_KEY, "is a private key");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_come_from_the_top_and_from_users),
		cmocka_unit_test(what_is_ignored_is_named_once),
		cmocka_unit_test(user_data_of_another_form_is_ignored_as_a_whole),
		cmocka_unit_test(meta_data_gives_public_keys_in_every_shape),
		cmocka_unit_test(a_list_of_ignored_names_ends_somewhere),
		cmocka_unit_test(what_cannot_be_right_is_refused_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
