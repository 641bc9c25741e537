/* SPDX-License-Identifier: MIT */
/* Proves which keys NoCloud's files give, and that what is ignored is named.
 *
 * Modules: input/cloud_config, input/cloud_form. */
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

static int user_data(struct ssh_keys *keys, const char *name, const char *text, size_t size_bytes,
	char ret_ignored[CLOUD_CONFIG_IGNORED_BYTES], struct error *err)
{
	return cloud_config_user_data(keys, "root", name, text, size_bytes, ret_ignored, err);
}

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
	gives(user_data, "#cloud-config\nssh_authorized_keys:\n  - " KEY_A "\n", KEY_A "\n", "");
	gives(user_data,
		"#cloud-config\nusers:\n- default\n- ssh_authorized_keys: [" KEY_B
		"]\n  name: root\n- {name: root, ssh-authorized-keys: [" KEY_A
		"]}\nssh_authorized_keys: [" KEY_B "]\n",
		KEY_B "\n" KEY_A "\n", "");
	gives(user_data,
		"#cloud-config\nusers:\n  root: {ssh_authorized_keys: [" KEY_A
		"]}\n  b:\n    sudo: x\n",
		KEY_A "\n", "users");
	gives(user_data,
		"#cloud-config\nautoinstall:\n  version: 1\n  ssh:\n    install-server: true\n    authorized-keys: [" KEY_A
		"]\n",
		KEY_A "\n", "");
	gives(user_data, "#cloud-config\nssh_authorized_keys: |\n  " KEY_A "\n  " KEY_B "\n",
		KEY_A "\n" KEY_B "\n", "");
	gives(user_data, "\xef\xbb\xbf#cloud-config \r\nssh_authorized_keys: [" KEY_A "]\r\n",
		KEY_A "\n", "");
}

static void what_is_ignored_is_named_once(void **state)
{
	(void)state;
	gives(user_data,
		"#cloud-config\nhostname: h\npackages: [a, b]\nusers:\n- name: alice\n  sudo: [x]\n"
		"- name: bob\nwrite_files:\n- path: /a\n  content: b\nhost: x\n",
		"", "packages, users[].sudo, write_files, host");
	gives(user_data, "", "", "");
	gives(user_data, "#cloud-config\n", "", "");
	gives(user_data, "#cloud-config\n- a\n", "", "what stands outside a mapping");
}

static void keys_of_other_users_are_named_and_ignored(void **state)
{
	(void)state;
	gives(user_data,
		"#cloud-config\nusers:\n- name: alice\n  ssh_authorized_keys: [" KEY_A
		"]\n- ssh_authorized_keys: [" KEY_B
		"]\n  name: root\n- ssh_authorized_keys: [" KEY_A "]\n",
		KEY_B "\n", "the keys of the user alice, the keys of the user ");
	/* also of a name that is as long as root's, or begins with it */
	gives(user_data, "#cloud-config\nusers:\n  alice: {ssh_authorized_keys: [" KEY_A "]}\n", "",
		"the keys of the user alice");
	gives(user_data, "#cloud-config\nusers:\n  lisa: {ssh_authorized_keys: [" KEY_A "]}\n", "",
		"the keys of the user lisa");
	gives(user_data, "#cloud-config\nusers:\n  roots: {ssh_authorized_keys: [" KEY_A "]}\n", "",
		"the keys of the user roots");
	gives(user_data,
		"#cloud-config\nusers:\n- name: roots\n  ssh_authorized_keys: [" KEY_A "]\n", "",
		"the keys of the user roots");
}

static int user_data_for_alice(struct ssh_keys *keys, const char *name, const char *text,
	size_t size_bytes, char ret_ignored[CLOUD_CONFIG_IGNORED_BYTES], struct error *err)
{
	return cloud_config_user_data(keys, "a.lice", name, text, size_bytes, ret_ignored, err);
}

/* As cloud-init's ug_util.py: user names the default user and may describe it, and an entry with
 * the name default is that user, too. */
static void the_default_user_is_the_one_that_user_names(void **state)
{
	static const char described[] = "#cloud-config\nuser:\n  ssh_authorized_keys: [" KEY_A
					"]\n  name: a.lice\n";

	(void)state;
	gives(user_data_for_alice, described, KEY_A "\n", "");
	gives(user_data, described, "", "the keys of the user a.lice");
	gives(user_data, "#cloud-config\nuser: {ssh_authorized_keys: [" KEY_A "]}\n", KEY_A "\n",
		"");
	gives(user_data,
		"#cloud-config\nusers: [default, {name: default, ssh_authorized_keys: " KEY_A
		"}]\n",
		KEY_A "\n", "");
	gives(user_data,
		"#cloud-config\nuser: bob\nusers: [{name: default, ssh_authorized_keys: " KEY_A
		"}]\n",
		"", "user, the keys of the user bob");
	gives(user_data, "#cloud-config\nuser: bob\nssh_authorized_keys: [" KEY_A "]\n", KEY_A "\n",
		"user");
}

/* distros/__init__.py takes the values of a mapping. */
static void keys_of_a_user_may_be_a_mapping(void **state)
{
	(void)state;
	gives(user_data,
		"#cloud-config\nusers:\n- name: root\n  ssh_authorized_keys: {a: " KEY_A
		", b: " KEY_B "}\n",
		KEY_A "\n" KEY_B "\n", "");
	gives(user_data_for_alice,
		"#cloud-config\nusers:\n  a.lice: {ssh-authorized-keys: {a: " KEY_A "}}\n",
		KEY_A "\n", "");
	gives(user_data_for_alice,
		"#cloud-config\nusers:\n  aXlice: {ssh-authorized-keys: {a: " KEY_A "}}\n", "",
		"the keys of the user aXlice");
}

static void a_key_that_is_no_text_is_named(void **state)
{
	(void)state;
	refuses(user_data, "#cloud-config\nssh_authorized_keys:\n- " KEY_A ": me\n", EXIT_NO_KEY,
		"in a file is a list or a mapping where a key belongs: write each key as one line");
	refuses(user_data, "#cloud-config\nssh_authorized_keys: [[" KEY_A "]]\n", EXIT_NO_KEY,
		"ssh_authorized_keys[][] in a file is a list or a mapping");
	gives(user_data, "#cloud-config\nssh_authorized_keys: [[" KEY_A "], " KEY_B "]\n",
		KEY_B "\n", "");
	gives(user_data,
		"#cloud-config\nusers: [{name: bob, ssh_authorized_keys: [[" KEY_A "]]}]\n", "",
		"the keys of the user bob, users[].ssh_authorized_keys");
}

static void aliases_give_keys_like_any_value(void **state)
{
	(void)state;
	gives(user_data, "#cloud-config\nx-common: &k\n  - " KEY_A "\nssh_authorized_keys: *k\n",
		KEY_A "\n", "x-common");
	gives(user_data,
		"#cloud-config\nx: &u {ssh_authorized_keys: [" KEY_A
		"]}\nusers:\n- {<<: *u, name: root}\n",
		KEY_A "\n", "x");
}

static void headers_that_cloud_init_takes_are_taken(void **state)
{
	static const char *const headers[] = { "\n#cloud-config", " \r\n#cloud-config",
		"#Cloud-Config", "#CLOUD-CONFIG of mine", "## template: jinja\n#cloud-config",
		"## Template: Jinja\r\n#cloud-config" };
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		snprintf(text, sizeof(text), "%s\nssh_authorized_keys: [" KEY_A "]\n", headers[i]);
		gives(user_data, text, KEY_A "\n", "");
	}
}

static void user_data_of_another_form_is_named(void **state)
{
	static const char whole[] = "all of it (the first line is not #cloud-config)";

	(void)state;
	gives(user_data, "#!/bin/sh\necho\n", "", "all of it (it is a script)");
	gives(user_data, "ssh_authorized_keys: [" KEY_A "]\n", "", whole);
	gives(user_data, "#cloud-config-archive\n- a\n", "",
		"all of it (it is a #cloud-config-archive)");
	gives(user_data, "\x1f\x8b", "", "all of it (it is compressed with gzip)");
	gives(user_data, "Content-Type: multipart/mixed\n", "",
		"all of it (it is a multipart archive)");
	gives(user_data, "mime-version: 1.0\n", "", "all of it (it is a multipart archive)");
	gives(user_data, "## template: jinja\n#cloud-config\nssh_authorized_keys: [{{ x }}]\n", "",
		"all of it (it is a Jinja template, which is not filled in here)");
	gives(user_data, "## template: jinja", "", "all of it (it is an empty Jinja template)");
	gives(user_data, " \n ", "", whole);
}

static void meta_data_gives_public_keys_in_every_shape(void **state)
{
	(void)state;
	gives(cloud_config_meta_data, "instance-id: i\npublic-keys: " KEY_A "\n", KEY_A "\n", "");
	gives(cloud_config_meta_data, "public-keys: [" KEY_A ", " KEY_B "]\ncloud-name: h\n",
		KEY_A "\n" KEY_B "\n", "cloud-name");
	gives(cloud_config_meta_data,
		"{\"public-keys\": {\"mine\": [\"" KEY_A "\"], \"hers\": \"" KEY_B "\"}}",
		KEY_A "\n" KEY_B "\n", "");
	gives(cloud_config_meta_data, "public_keys:\n  0:\n    openssh-key: " KEY_A "\n",
		KEY_A "\n", "");
}

/* As nova writes it; a project for Windows has certificates. */
static void openstack_gives_public_keys_and_keys(void **state)
{
	(void)state;
	gives(cloud_config_openstack,
		"{\"uuid\": \"u\", \"public_keys\": {\"mine\": \"" KEY_A "\\n\"},"
		" \"keys\": [{\"name\": \"mine\", \"type\": \"ssh\", \"data\": \"" KEY_A
		"\\n\"}, {\"data\": \"" KEY_B "\"},"
		" {\"type\": \"x509\", \"data\": \"-----BEGIN CERTIFICATE-----\\nx\"}],"
		" \"hostname\": \"h.novalocal\", \"launch_index\": 0, \"random_seed\": \"x\","
		" \"meta\": {\"a\": \"b\"}, \"devices\": [{\"type\": \"nic\", \"tags\": []}],"
		" \"dedicated_cpus\": [1], \"admin_pass\": null, \"a\\ud83d\\ude00\": true}",
		KEY_A "\n" KEY_B "\n", "a certificate, dedicated_cpus, a????");
	gives(cloud_config_openstack, "{}", "", "");
	refuses(cloud_config_openstack, "{\"a\": 1, \"a\": 2}", EXIT_CONFIGURATION,
		"a file: it is not well-formed JSON");
	refuses(cloud_config_openstack, "- a\n", EXIT_CONFIGURATION, "a file: it is not");
	refuses(cloud_config_openstack, "{\"public_keys\": {\"a\": \"nonsense\"}}", EXIT_NO_KEY,
		"line 1 of public_keys.a in a file");
}

static void null_gives_no_key(void **state)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL", "[]", "[~]",
		"[null, '']" };
	char text[300];

	(void)state;
	for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++) {
		snprintf(text, sizeof(text), "#cloud-config\nssh_authorized_keys: %s\n", nulls[i]);
		gives(user_data, text, "", "");
		snprintf(text, sizeof(text),
			"#cloud-config\nssh_authorized_keys: %s\nusers:\n- {name: root, ssh_authorized_keys: [" KEY_A
			"]}\n",
			nulls[i]);
		gives(user_data, text, KEY_A "\n", "");
		snprintf(text, sizeof(text), "public-keys: %s\n", nulls[i]);
		gives(cloud_config_meta_data, text, "", "");
	}
	gives(cloud_config_openstack, "{\"public_keys\": null}", "", "");
}

/* As in a file of keys. */
static void a_bad_key_beside_good_ones_is_a_warning(void **state)
{
	(void)state;
	gives(user_data,
		"#cloud-config\nssh_authorized_keys:\n- ssh-dss AAAAB3NzaC1kc3M= old\n- " KEY_A
		"\n",
		KEY_A "\n", "");
	gives(user_data, "#cloud-config\nssh_authorized_keys: [" KEY_A ", $KEY]\n", KEY_A "\n", "");
	gives(cloud_config_meta_data, "public-keys:\n  a: nonsense\n  b: " KEY_B "\n", KEY_B "\n",
		"");
	gives(cloud_config_openstack,
		"{\"public_keys\": {\"a\": \"nonsense\", \"b\": \"" KEY_B "\"}}", KEY_B "\n", "");
	refuses(user_data, "#cloud-config\nssh_authorized_keys: [nonsense, rubbish]\n", EXIT_NO_KEY,
		"where \"nonsense\" stands");
	refuses(user_data,
		"#cloud-config\nssh_authorized_keys: [" KEY_A
		", '-----BEGIN OPENSSH PRIVATE KEY-----']\n",
		EXIT_NO_KEY, "is a private key");
}

static void json_that_is_nested_too_deeply_is_refused(void **state)
{
	char text[200] = "{\"a\": ";

	(void)state;
	for (int i = 0; i < 16; i++)
		strcat(text, "[");
	strcat(text, "1");
	for (int i = 0; i < 16; i++)
		strcat(text, "]");
	strcat(text, "}");
	refuses(cloud_config_openstack, text, EXIT_CONFIGURATION, "is nested too deeply");
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
	assert_int_equal(user_data(&keys, "a", text, strlen(text), ignored, &err), 0);
	assert_true(strlen(ignored) > 400);
	assert_string_equal(ignored + strlen(ignored) - strlen(", …"), ", …");
	assert_null(strstr(ignored, "…, …"));
}

static void what_cannot_be_right_is_refused_with_its_place(void **state)
{
	(void)state;
	refuses(user_data, "#cloud-config\na: [\n", EXIT_CONFIGURATION,
		"a file: line 3: it is not well-formed YAML");
	refuses(cloud_config_meta_data, "a: *b\n", EXIT_CONFIGURATION, "a file: line 1:");
	refuses(user_data, "#cloud-config\nssh_authorized_keys: [nonsense]\n", EXIT_NO_KEY,
		"line 1 of ssh_authorized_keys[] in a file");
	refuses(user_data,
		"#cloud-config\nssh_authorized_keys:\n"
		"- |\n  -----BEGIN OPENSSH PRIVATE KEY-----\n",
		EXIT_NO_KEY, "is a private key");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_come_from_the_top_and_from_users),
		cmocka_unit_test(what_is_ignored_is_named_once),
		cmocka_unit_test(keys_of_other_users_are_named_and_ignored),
		cmocka_unit_test(the_default_user_is_the_one_that_user_names),
		cmocka_unit_test(keys_of_a_user_may_be_a_mapping),
		cmocka_unit_test(a_key_that_is_no_text_is_named),
		cmocka_unit_test(aliases_give_keys_like_any_value),
		cmocka_unit_test(headers_that_cloud_init_takes_are_taken),
		cmocka_unit_test(user_data_of_another_form_is_named),
		cmocka_unit_test(meta_data_gives_public_keys_in_every_shape),
		cmocka_unit_test(openstack_gives_public_keys_and_keys),
		cmocka_unit_test(null_gives_no_key),
		cmocka_unit_test(a_bad_key_beside_good_ones_is_a_warning),
		cmocka_unit_test(json_that_is_nested_too_deeply_is_refused),
		cmocka_unit_test(a_list_of_ignored_names_ends_somewhere),
		cmocka_unit_test(what_cannot_be_right_is_refused_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
