/* SPDX-License-Identifier: MIT */
/* Proves which source of the configuration wins, for every pair, and whose keys are taken. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "config/key_table.h"
#include "config/merge.h"
#include "input/config_sources.h"
#include "input/key_sources.h"
#include "verdict/console.h"

#define GOOD                                                                                       \
	"system = /nix/store/00000000000000000000000000000000-x\ncache = /c\ntrusted-keys = "      \
	"none\n"
#define KEY_A "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFh a"
#define KEY_B "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJi b"
#define KEY_C "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGNjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2Nj c"
#define KEY_D "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRk d"
#define KEY_E "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVlZWVl e"
#define KEY_F "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZm f"

/* The sources that a test can write, the weakest first; the kernel command line is this machine's
 * own and stands between the last two. */
enum place {
	PLACE_FILE,
	PLACE_EMBEDDED,
	PLACE_SERIAL,
	PLACE_SMBIOS,
	PLACE_SMBIOS_LATER,
	PLACE_FW_CFG,
	PLACE_XENSTORE,
	PLACE_CONFIG_2,
	PLACE_CIDATA,
	PLACE_KEY_DRIVE,
	PLACE_SET,
	PLACE_COUNT,
};

static char folder[] = "/tmp/guest-installer-sources.XXXXXX";
static char path[64];

/* Reads a configuration in which each place that has one sets timeout to 100 and its number. */
static unsigned timeout_of(const bool set[PLACE_COUNT])
{
	static char embedded[] = "timeout = 101\n";
	static char smbios[] = "org.guest-installer:timeout=103";
	static char later[] = "org.guest-installer:timeout=104";
	static char fw_cfg[] = "timeout = 105\n", drive[] = "timeout = 109\n";
	static char xenstore[] = "swap=none\0timeout=106";
	static char config_2[] = "#cloud-config\nguest-installer: {timeout: 107}\n";
	static char cidata[] = "#cloud-config\nguest-installer: {timeout: 108}\n";
	char file[512];
	struct options options = { .config_path = path, .config_given = true };
	struct config_sources sources = { .drive.found = false };
	struct firmware_data *firmware_data = &sources.firmware_data;
	struct error err = { 0 };
	struct config config;

	snprintf(file, sizeof(file), GOOD "%s", set[PLACE_FILE] ? "timeout = 100\n" : "");
	assert_int_equal(file_write(path, file, strlen(file), 0600, getuid(), getgid(), &err), 0);
	if (set[PLACE_EMBEDDED]) {
		sources.embedded.files.config_text = embedded;
		sources.embedded.files.config_bytes = strlen(embedded);
	}
	if (set[PLACE_SERIAL])
		snprintf(firmware_data->serial, sizeof(firmware_data->serial), "gi:timeout=102");
	if (set[PLACE_SMBIOS])
		firmware_data->strings[firmware_data->string_count++] = smbios;
	if (set[PLACE_SMBIOS_LATER])
		firmware_data->strings[firmware_data->string_count++] = later;
	if (set[PLACE_FW_CFG]) {
		firmware_data->config_text = fw_cfg;
		firmware_data->config_bytes = strlen(fw_cfg);
	}
	if (set[PLACE_XENSTORE]) {
		sources.xenstore.settings = xenstore;
		sources.xenstore.settings_bytes = sizeof(xenstore);
	}
	if (set[PLACE_CONFIG_2])
		sources.config_2.user_data = (struct cloud_file){ config_2, strlen(config_2) };
	if (set[PLACE_CIDATA])
		sources.cidata.user_data = (struct cloud_file){ cidata, strlen(cidata) };
	if (set[PLACE_KEY_DRIVE]) {
		sources.drive.config_text = drive;
		sources.drive.config_bytes = strlen(drive);
	}
	if (set[PLACE_SET])
		options.set[options.set_count++] = "timeout=110";
	if (config_sources_read_config(&options, &sources, &config, &err) < 0)
		fail_msg("%s", err.text);
	return config.timeout_s;
}

static void each_source_counts_alone(void **state)
{
	(void)state;
	assert_int_equal(timeout_of((const bool[PLACE_COUNT]){ false }), 3600);
	for (unsigned i = 0; i < PLACE_COUNT; i++) {
		bool set[PLACE_COUNT] = { false };

		set[i] = true;
		assert_int_equal(timeout_of(set), 100 + i);
	}
}

static void of_two_sources_the_later_wins(void **state)
{
	(void)state;
	for (unsigned j = 1; j < PLACE_COUNT; j++) {
		for (unsigned i = 0; i < j; i++) {
			bool set[PLACE_COUNT] = { false };

			set[i] = set[j] = true;
			assert_int_equal(timeout_of(set), 100 + j);
		}
	}
}

/* The key ip of a machine whose cidata drive has this network-config. */
static void expect_ip(const char *file, const char *option, enum ip_method method,
	const char *address, const char *interface)
{
	static char network[] = "version: 2\nethernets:\n  e:\n    match: {macaddress: "
				"'00:11:22:33:44:55'}\n    addresses: [192.0.2.5/24]\n";
	struct options options = { .config_path = path, .config_given = true };
	struct config_sources sources = {
		.cidata = { .found = true, .network = { network, strlen(network) } },
	};
	struct error err = { 0 };
	struct config config;

	assert_int_equal(file_write(path, file, strlen(file), 0600, getuid(), getgid(), &err), 0);
	if (option)
		options.set[options.set_count++] = option;
	if (config_sources_read_config(&options, &sources, &config, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(config.ip.method, method);
	assert_string_equal(config.ip.fixed.address, address);
	assert_string_equal(config.interface, interface);
}

static void network_config_holds_where_no_source_says_otherwise(void **state)
{
	static const char remote[] = GOOD "report-url = http://192.0.2.1/\n";

	(void)state;
	expect_ip(remote, NULL, IP_STATIC, "192.0.2.5", "00:11:22:33:44:55");
	expect_ip(remote, "ip=dhcp", IP_DHCP, "", "auto");
	expect_ip(remote, "interface=eth1", IP_DHCP, "", "eth1");
	/* and where no network is wanted nothing is read */
	expect_ip(GOOD, NULL, IP_DHCP, "", "auto");
}

static void strings_for_others_are_left_alone(void **state)
{
	static char others[][64] = { "somebody else", "org.guest-installer", "",
		"io.systemd.credential:ssh.authorized_keys.root=x", "ORG.guest-installer:disk=x" };
	static char ours[] = "org.guest-installer:colour=red";
	struct firmware_data firmware_data = { .string_count = 0 };
	struct config config;

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		firmware_data.strings[firmware_data.string_count++] = others[i];
	key_table_set_defaults(&config);
	config_sources_merge_firmware_data(&config, &firmware_data);
	assert_int_equal(config.error_count, 0);
	firmware_data.strings[firmware_data.string_count++] = ours;
	config_sources_merge_firmware_data(&config, &firmware_data);
	assert_int_equal(config.error_count, 1);
	assert_non_null(strstr(config.errors, "SMBIOS: there is no key \"colour\""));
}

/* The keys of a machine that has one in every place, and A in two. */
static void expect_keys(const char *assignment, const char *expected)
{
	static char key[] = KEY_A;
	static char user_data[] = "#cloud-config\nssh_authorized_keys: [" KEY_B "]\n";
	static char openstack[] = "{\"public_keys\": {\"mine\": \"" KEY_D "\"}}";
	static char credential[] = "io.systemd.credential:ssh.authorized_keys.root=" KEY_A;
	static char fw_cfg[] = KEY_E;
	static char another[] = "io.systemd.credential:ssh.authorized_keys.root=" KEY_C;
	struct config_sources sources = {
		.drive = { .found = true,
			.count = 1,
			.files[0] = { .name = "ssh.pub", .text = key, .size_bytes = strlen(key) } },
		.cidata = { .found = true, .user_data = { user_data, strlen(user_data) } },
		.config_2 = { .found = true,
			.kind = CLOUD_CONFIG_2,
			.meta_data = { openstack, strlen(openstack) } },
		.firmware_data = { .string_count = 2,
			.strings = { credential, another },
			.credential_text = fw_cfg,
			.credential_bytes = strlen(fw_cfg) },
		.command_line = "quiet \"systemd.set_credential=ssh.authorized_keys.root:" KEY_F
				"\"",
	};
	struct error err = { 0 };
	struct config config;
	char *text = NULL;

	key_table_set_defaults(&config);
	if (assignment)
		merge_option(&config, "test", assignment);
	assert_int_equal(config.error_count, 0);
	if (key_sources_read(&config.keys, "root", &sources, &text, &err) < 0)
		fail_msg("%s", err.text);
	if (expected)
		assert_string_equal(text, expected);
	else
		assert_null(text);
	free(text);
}

static void keys_of_all_places_are_added_once(void **state)
{
	(void)state;
	expect_keys(NULL, KEY_A "\n" KEY_B "\n" KEY_D "\n" KEY_C "\n" KEY_E "\n" KEY_F "\n");
	expect_keys("keys = drive", KEY_A "\n");
	expect_keys("keys = cidata", KEY_B "\n");
	expect_keys("keys = config-2", KEY_D "\n");
	expect_keys("keys = credential", KEY_A "\n" KEY_C "\n" KEY_E "\n" KEY_F "\n");
	expect_keys("keys = none", NULL);
}

static void no_key_anywhere_is_an_error(void **state)
{
	struct config_sources sources = { .drive.found = false };
	struct error err = { 0 };
	struct config config;
	char *text = NULL;

	(void)state;
	key_table_set_defaults(&config);
	assert_true(key_sources_read(&config.keys, "root", &sources, &text, &err) < 0);
	assert_int_equal(err.code, EXIT_NO_KEY);
	assert_null(text);
}

/* A cidata drive without a key for root: the sentence names what is there, and what to do. */
static void user_data_without_a_key_is_explained(void **state)
{
	static const struct {
		const char *text, *ignored, *says;
	} cases[] = {
		{ "#cloud-config\nusers:\n- {name: ops, ssh_authorized_keys: [" KEY_A "]}\n", "",
			"user-data on the cidata drive has the keys of the user ops, not of root: set keys-user to that user" },
		{ "#cloud-config\nuser: {name: ops, ssh_authorized_keys: [" KEY_A
		  "]}\nssh_import_id: [gh:ops]\n",
			"", "has the keys of the user ops, not of root" },
		{ "#cloud-config\nssh_import_id: [gh:ops]\n", "",
			"has them imported (ssh_import_id), which an install does not: write the keys" },
		{ "#cloud-config\nusers: [{name: root, ssh_import_id: [gh:ops]}]\n", "",
			"has them imported (ssh_import_id)" },
		{ "#!/bin/sh\n", "vendor-data",
			"of user-data on the cidata drive is ignored all of it (it is a script): write it as #cloud-config" },
		{ "#cloud-config\n", "vendor-data",
			"the cidata drive has vendor-data, which an install does not read: give" },
		{ "#cloud-config\nssh_authorized_keys: [" KEY_A ": mine]\n", "",
			"is a list or a mapping where a key belongs" },
		{ "#cloud-config\n", "", "attach a FAT or ISO 9660 drive" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		AUTO_FREE char *text = text_duplicate(cases[i].text);
		struct config_sources sources = { .cidata = { .found = true,
							  .user_data = { text, strlen(text) } } };
		struct error err = { 0 };
		struct config config;
		char *keys = NULL;

		snprintf(sources.cidata.ignored, sizeof(sources.cidata.ignored), "%s",
			cases[i].ignored);
		key_table_set_defaults(&config);
		assert_true(key_sources_read(&config.keys, "root", &sources, &keys, &err) < 0);
		assert_int_equal(err.code, EXIT_NO_KEY);
		if (!strstr(err.text, cases[i].says))
			fail_msg("'%s' does not say '%s'", err.text, cases[i].says);
	}
}

/* What is wrong with a machine whose keys are this one file, named by the configuration or found on
 * the key drive. */
static void refused_keys(const char *file, char *drive, const char *says)
{
	struct config_sources sources = { .drive = { .found = true, .count = drive ? 1 : 0 } };
	struct error err = { 0 };
	struct config config;
	char *text = NULL;

	key_table_set_defaults(&config);
	if (file)
		snprintf(
			config.keys.files[config.keys.file_count++], CONFIG_TEXT_BYTES, "%s", file);
	if (drive)
		sources.drive.files[0] = (struct key_drive_file){
			.name = "ssh.pub", .text = drive, .size_bytes = strlen(drive)
		};
	assert_true(key_sources_read(&config.keys, "root", &sources, &text, &err) < 0);
	assert_int_equal(err.code, EXIT_NO_KEY);
	if (!strstr(err.text, says))
		fail_msg("'%s' does not say '%s'", err.text, says);
	assert_null(text);
}

static void a_drive_that_is_not_read_is_named(void **state)
{
	static const struct config_sources sources = { .unread = "/dev/sdb1 is exfat" };
	struct error err = { 0 };
	struct config config;
	char *text = NULL;

	(void)state;
	key_table_set_defaults(&config);
	assert_true(key_sources_read(&config.keys, "root", &sources, &text, &err) < 0);
	assert_int_equal(err.code, EXIT_NO_KEY);
	assert_string_equal(err.text,
		"No SSH key was found, and the drive /dev/sdb1 is exfat, which is not read: format it as FAT, or make an ISO 9660 or UDF image.");
}

static void a_key_file_that_cannot_be_taken_is_an_error(void **state)
{
	struct error err;

	(void)state;
	refused_keys("/nonexistent/ssh.pub", NULL, "/nonexistent/ssh.pub");
	assert_int_equal(file_write(path, "nonsense\n", 9, 0600, getuid(), getgid(), &err), 0);
	refused_keys(path, NULL, path);
}

static void keys_that_have_expired_are_none(void **state)
{
	static char expired[] = "expiry-time=\"20200101\" " KEY_A "\n";

	(void)state;
	refused_keys(NULL, expired, "has expired (expiry-time, 2020-01-01)");
}

/* A machine whose keys are refused, with what is wrong in its sources. */
static void refuses_sources(const struct config_sources *sources, const char *says)
{
	struct error err = { 0 };
	struct config config;
	char *text = NULL;

	key_table_set_defaults(&config);
	assert_true(key_sources_read(&config.keys, "root", sources, &text, &err) < 0);
	assert_int_equal(err.code, EXIT_NO_KEY);
	if (!strstr(err.text, says))
		fail_msg("'%s' does not say '%s'", err.text, says);
	assert_null(text);
}

static void bad_keys_of_every_source_are_named(void **state)
{
	static char bad[] = "nonsense\n", script[] = "#!/bin/sh\n",
		    smbios[] = "io.systemd.credential:ssh.authorized_keys.root=nonsense";
	struct config_sources embedded = { .drive = { .found = true, .count = 1 } };

	(void)state;
	embedded.drive.files[0] = (struct key_drive_file){
		.name = "ssh.pub", .text = bad, .size_bytes = strlen(bad), .embedded = true
	};
	refuses_sources(&embedded, "line 1 of ssh.pub embedded in the ISO has no key type");
	refuses_sources(&(struct config_sources){ .firmware_data.credential_text = bad,
				.firmware_data.credential_bytes = strlen(bad) },
		"line 1 of the fw_cfg credential");
	refuses_sources(&(struct config_sources){ .xenstore.keys_text = bad,
				.xenstore.keys_bytes = strlen(bad) },
		"line 1 of vm-data/ssh_authorized_keys in xenstore");
	refuses_sources(&(struct config_sources){ .firmware_data.strings = { smbios },
				.firmware_data.string_count = 1 },
		"line 1 of the SMBIOS credential");
	refuses_sources(
		&(struct config_sources){
			.command_line =
				"systemd.set_credential=ssh.authorized_keys.root:nonsense" },
		"on the kernel command line");
	refuses_sources(
		&(struct config_sources){
			.cidata = { .found = true,
				.kind = CLOUD_NOCLOUD,
				.user_data = { .text = script, .size_bytes = strlen(script) } } },
		"No SSH key was found, and of ");
}

/* ------------------------------------------------------- /sys as the kernel shows it */

static void put(const char *name, const void *data, size_t size_bytes)
{
	struct error err;
	char full[512];

	snprintf(full, sizeof(full), "%s/%s", folder, name);
	for (char *slash = full + strlen(folder) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0700);
		*slash = '/';
	}
	if (file_write(full, data, size_bytes, 0600, getuid(), getgid(), &err) < 0)
		fail_msg("%s", err.text);
}

static void what_the_host_hands_over_is_read_from_sys(void **state)
{
	static const char one[] = "\x0b\x05\x00\x0e\x02zero\0one\0";
	static const char two[] = "\x0b\x05\x00\x0f\x01two\0";
	struct firmware_data firmware_data;
	struct error err = { 0 };

	(void)state;
	assert_int_equal(firmware_data_read(folder, &firmware_data, &err), 0);
	assert_int_equal(firmware_data.string_count, 0);
	assert_null(firmware_data.config_text);
	firmware_data_free(&firmware_data);

	put("firmware/dmi/entries/11-0/raw", one, sizeof(one));
	put("firmware/dmi/entries/11-1/raw", two, sizeof(two));
	put("firmware/qemu_fw_cfg/by_name/opt/org.guest-installer/config/raw", "a = b\n", 6);
	put("firmware/qemu_fw_cfg/by_name/opt/io.systemd.credentials/ssh.authorized_keys.root/raw",
		"key\n", 4);
	put("class/dmi/id/product_serial", "gi:a=b\n", 7);
	assert_int_equal(firmware_data_read(folder, &firmware_data, &err), 0);
	assert_int_equal(firmware_data.string_count, 3);
	assert_string_equal(firmware_data.strings[0], "zero");
	assert_string_equal(firmware_data.strings[1], "one");
	assert_string_equal(firmware_data.strings[2], "two");
	assert_string_equal(firmware_data.config_text, "a = b\n");
	assert_int_equal(firmware_data.config_bytes, 6);
	assert_string_equal(firmware_data.credential_text, "key\n");
	assert_string_equal(firmware_data.serial, "gi:a=b");
	firmware_data_free(&firmware_data);
}

static void too_much_of_it_is_refused(void **state)
{
	static char large[64 * 1024 + 1], many[6 + 2 * 255];
	struct firmware_data firmware_data;
	struct error err = { 0 };

	(void)state;
	put("firmware/qemu_fw_cfg/by_name/opt/org.guest-installer/config/raw", large,
		sizeof(large));
	assert_true(firmware_data_read(folder, &firmware_data, &err) < 0);
	assert_int_equal(err.code, EXIT_CONFIGURATION);
	memcpy(many, "\x0b\x05\x00\x0e\xff", 5);
	for (size_t i = 5; i < sizeof(many) - 1; i += 2)
		many[i] = 'x';
	put("firmware/dmi/entries/11-0/raw", many, sizeof(many));
	put("firmware/dmi/entries/11-1/raw", many, sizeof(many));
	assert_true(firmware_data_read(folder, &firmware_data, &err) < 0);
	assert_non_null(strstr(err.text, "more than 256 SMBIOS strings"));
}

static int make_folder(void **state)
{
	(void)state;
	console_silence();
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/conf", folder);
	return 0;
}

static int remove_folder(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_source_counts_alone),
		cmocka_unit_test(of_two_sources_the_later_wins),
		cmocka_unit_test(network_config_holds_where_no_source_says_otherwise),
		cmocka_unit_test(strings_for_others_are_left_alone),
		cmocka_unit_test(keys_of_all_places_are_added_once),
		cmocka_unit_test(no_key_anywhere_is_an_error),
		cmocka_unit_test(user_data_without_a_key_is_explained),
		cmocka_unit_test(a_drive_that_is_not_read_is_named),
		cmocka_unit_test(a_key_file_that_cannot_be_taken_is_an_error),
		cmocka_unit_test(keys_that_have_expired_are_none),
		cmocka_unit_test(bad_keys_of_every_source_are_named),
		cmocka_unit_test(what_the_host_hands_over_is_read_from_sys),
		cmocka_unit_test(too_much_of_it_is_refused),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
