/* SPDX-License-Identifier: MIT */
/* Proves what each key may hold, which source wins, and the exact words of every refusal. */
/* Modules: config/config, config/merge, config/key_table, verdict/ending. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/units.h"
#include "config/check.h"
#include "config/config.h"
#include "config/key_table.h"
#include "config/merge.h"
#include "verdict/ending.h"

#define SHA256_HEX "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SYSTEM	   "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system-guest-26.05"
#define KEY	   "test-1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define GOOD	   "cache = /medium/cache\ntrusted-keys = " KEY "\nmanifest = file:///medium/guest.json\n"

static struct config config;

static void merge(const char *text)
{
	merge_text(&config, "a.conf", text, strlen(text));
}

static int begin(void **state)
{
	(void)state;
	key_table_set_defaults(&config);
	return 0;
}

static void refuses(const char *sentence)
{
	struct error err = { 0 };

	assert_true(check_config(&config, &err) < 0);
	assert_int_equal(err.code, EXIT_CONFIGURATION);
	if (strcmp(err.text, sentence) != 0)
		fail_msg("\"%s\" is not \"%s\"", err.text, sentence);
}

static void accepts(void)
{
	struct error err = { 0 };

	if (check_config(&config, &err) < 0)
		fail_msg("%s", err.text);
}

static void defaults_are_as_documented(void **state)
{
	(void)state;
	assert_string_equal(config.disk, "auto");
	assert_false(config.wipe_force || config.machine_any);
	assert_int_equal(config.keys.from, KEYS_FROM_ALL);
	assert_int_equal(config.layout, LAYOUT_AUTO);
	assert_string_equal(config.boot_disk, "auto");
	assert_string_equal(config.root_label, "");
	assert_string_equal(config.esp_label, "ESP");
	assert_int_equal(config.swap_bytes, 0);
	assert_string_equal(config.keys_user, "root");
	assert_int_equal(config.host_keys.mode, HOST_KEYS_AUTO);
	assert_int_equal(config.on_success, ENDING_POWEROFF);
	assert_int_equal(config.on_failure, ENDING_POWEROFF);
	assert_false(config.boot_installed);
	assert_int_equal(config.timeout_s, 3600);
	assert_true(config.first_boot_verdict);
	merge(GOOD);
	accepts();
}

static void every_row_of_the_table_is_whole_and_found_by_its_name(void **state)
{
	(void)state;
	for (enum config_key key = 0; key < CONFIG_KEY_COUNT; key++) {
		const struct config_key_info *row = &config_keys[key];

		assert_non_null(row->name);
		assert_true(row->values && *row->values && row->meaning && *row->meaning);
		assert_false(row->value && row->unset);
		assert_int_equal(key_table_find(row->name), key);
		assert_int_equal(key_table_set(&config, key, ""), -EINVAL);
	}
}

static void is_file(
	size_t index, const char *source, bool on_drive, unsigned mode, unsigned uid, unsigned gid)
{
	const struct extra_file *file = &config.files.files[index];

	assert_string_equal(file->source, source);
	assert_int_equal(file->on_drive, on_drive);
	assert_int_equal(file->mode, mode);
	assert_int_equal(file->uid, uid);
	assert_int_equal(file->gid, gid);
}

static void every_key_is_read(void **state)
{
	(void)state;
	merge("disk = serial:abc\nboot-disk = /dev/vdb\nwipe = force\nmachine = any\nlayout = "
	      "bios\n"
	      "root-label = r\nroot-uuid = ABCDEF00-0000-4000-8000-000000000001\nesp-label = MY "
	      "ESP\nswap = 512M\n"
	      "manifest = https://h/guest.json\nmanifest-sha256 = " SHA256_HEX "\n"
	      "system = " SYSTEM "\ncache = /a  file:///b http://h:80/c/\n"
	      "ca-file = /ca.pem\nstall-timeout = 5\nfetch-attempts = 100\n"
	      "trusted-keys = " KEY " " KEY "\nkeys = none\nkeys-user = alice\n"
	      "host-keys = none\nfiles = /etc/a=/b/c /d=/e=f "
	      "/g=/h:0600 /i=/j:1:0640:1000:4294967294 /k=drive:l.txt:0400 /m=/n:600\n"
	      "on-success = reboot\non-failure = shell\nif-installed = boot\ntimeout = 604800\n"
	      "workers = 2\n"
	      "seed = 00000000-0000-4000-8000-00000000000a\n"
	      "ip = ::::guest::dhcp\ninterface = 52:54:00:12:34:56\n"
	      "report-url = https://host/report?a=b\nengine = cache\nhostname = web-7\n"
	      "report-token = aZ0-._~+/==\nfirst-boot-verdict = no\n");
	accepts();
	assert_string_equal(config.disk, "serial:abc");
	assert_string_equal(config.boot_disk, "/dev/vdb");
	assert_true(config.wipe_force && config.machine_any);
	assert_int_equal(config.keys.from, 0);
	assert_int_equal(config.layout, LAYOUT_BIOS);
	assert_string_equal(config.root_label, "r");
	assert_string_equal(config.root_uuid, "abcdef00-0000-4000-8000-000000000001");
	assert_string_equal(config.esp_label, "MY ESP");
	assert_int_equal(config.swap_bytes, 512 * MIB);
	assert_string_equal(config.manifest, "https://h/guest.json");
	assert_int_equal(config.manifest_sha256[0], 0xba);
	assert_int_equal(config.manifest_sha256[31], 0xad);
	assert_string_equal(config.system, SYSTEM);
	assert_int_equal(config.cache.cache_count, 3);
	assert_string_equal(config.cache.caches[0], "/a");
	assert_string_equal(config.cache.caches[1], "file:///b");
	assert_string_equal(config.cache.caches[2], "http://h:80/c/");
	assert_string_equal(config.cache.fetch.ca_file, "/ca.pem");
	assert_int_equal(config.cache.fetch.stall_timeout_s, 5);
	assert_int_equal(config.cache.fetch.attempts, 100);
	assert_int_equal(config.cache.trusted_key_count, 2);
	assert_string_equal(config.keys_user, "alice");
	assert_int_equal(config.host_keys.mode, HOST_KEYS_NONE);
	assert_int_equal(config.files.count, 6);
	assert_string_equal(config.files.files[0].target, "/etc/a");
	assert_string_equal(config.files.files[0].source, "/b/c");
	assert_string_equal(config.files.files[1].source, "/e=f");
	is_file(1, "/e=f", false, 0644, 0, 0);
	is_file(2, "/h", false, 0600, 0, 0);
	is_file(3, "/j:1", false, 0640, 1000, 4294967294U);
	is_file(4, "l.txt", true, 0400, 0, 0);
	is_file(5, "/n:600", false, 0644, 0, 0);
	assert_int_equal(config.on_success, ENDING_REBOOT);
	assert_int_equal(config.on_failure, ENDING_SHELL);
	assert_true(config.boot_installed);
	assert_int_equal(config.timeout_s, 604800);
	assert_string_equal(config.ip.hostname, "guest");
	assert_string_equal(config.interface, "52:54:00:12:34:56");
	assert_string_equal(config.report_url, "https://host/report?a=b");
	assert_string_equal(config.report_token, "aZ0-._~+/==");
	assert_false(config.first_boot_verdict);
	/* Three belong to the other engine: test_engine.c. */
	for (size_t i = 0; i < CONFIG_KEY_COUNT; i++)
		assert_true(config.given[i] || (i >= KEY_CONFIGURATION && i < KEY_HOSTNAME));
}

/* The sentence names the key and what it can be, and nothing of the value. */
static void refuses_secret_with(const char *sentence)
{
	struct error err;

	assert_int_equal(check_config(&config, &err), -EINVAL);
	assert_non_null(strstr(config.errors, sentence));
	assert_null(strstr(config.errors, "geheim"));
	key_table_set_defaults(&config);
}

static void a_secret_is_in_no_error(void **state)
{
	static const char *const bad[] = { "geheim!", "=geheim", "geheim=x", "geheim x" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		merge(GOOD);
		merge_setting(&config, "a file:1", KEY_REPORT_TOKEN, bad[i]);
		refuses_secret_with("a file:1: report-token has a value that it cannot have");
	}
	merge(GOOD "report-token geheim\n");
	refuses_secret_with("\"report-token\" is not of the form key = value");
}

static void a_secret_is_refused_where_others_see_it(void **state)
{
	(void)state;
	merge(GOOD);
	merge_command_line(&config, "guest-installer.report-token=geheim");
	refuses_secret_with("the kernel command line: report-token is a secret");
	merge(GOOD);
	merge_option(&config, MERGE_SET_SOURCE, "report-token=geheim");
	refuses_secret_with("--set: report-token is a secret");
	merge(GOOD);
	merge_option(&config, "SMBIOS", "report-token=geheim");
	accepts();
	assert_string_equal(config.report_token, "geheim");
}

static void keys_come_from_the_last_place_that_was_said(void **state)
{
	(void)state;
	merge(GOOD);
	merge_option(&config, "test", "keys=/a/one.pub  /b");
	assert_int_equal(config.keys.file_count, 2);
	assert_string_equal(config.keys.files[1], "/b");
	merge_option(&config, "test", "keys=none");
	assert_true(!config.keys.from && config.keys.file_count == 0);
	merge_option(&config, "test", "keys=/c");
	assert_true(config.keys.from == KEYS_FROM_FILES && config.keys.file_count == 1);
	merge_option(&config, "test", "keys=/c drive");
	assert_int_equal(config.keys.from, KEYS_FROM_FILES | KEYS_FROM_DRIVE);
	merge_option(&config, "test", "keys=drive");
	assert_true(config.keys.from == KEYS_FROM_DRIVE && config.keys.file_count == 0);
	config.files.count = 0;
	merge_option(&config, "test", "files=/nixos=/b /srv/x=/x");
	merge_option(&config, "test", "files=/srv/y=/y /nixos=/c:0600");
	assert_int_equal(config.files.count, 3);
	assert_string_equal(config.files.files[0].source, "/c");
	assert_int_equal(config.files.files[0].mode, 0600);
	assert_string_equal(config.files.files[1].target, "/srv/x");
	assert_string_equal(config.files.files[2].target, "/srv/y");
	merge_option(&config, "test", "host-keys=drive /a  /b");
	assert_int_equal(config.host_keys.mode, HOST_KEYS_GIVEN);
	assert_true(config.host_keys.from_drive && config.host_keys.file_count == 2);
	assert_string_equal(config.host_keys.files[1], "/b");
	merge_option(&config, "test", "host-keys=generate");
	assert_int_equal(config.host_keys.mode, HOST_KEYS_GENERATE);
	assert_true(!config.host_keys.from_drive && config.host_keys.file_count == 0);
	accepts();
}

static void keys_come_from_the_places_that_are_named(void **state)
{
	static const struct {
		const char *text;
		unsigned from;
	} good[] = { { "keys = drive", KEYS_FROM_DRIVE },
		{ "keys = credential  drive", KEYS_FROM_DRIVE | KEYS_FROM_CREDENTIAL },
		{ "keys = config-2", KEYS_FROM_CONFIG_2 },
		{ "keys = drive cidata config-2 credential", KEYS_FROM_ALL },
		{ "keys = none", 0 } };
	static const char *const bad[] = { "keys = all", "keys = none drive", "keys = drive,cidata",
		"keys =" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		begin(state);
		merge_option(&config, "--set", good[i].text);
		assert_int_equal(config.error_count, 0);
		assert_int_equal(config.keys.from, good[i].from);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin(state);
		merge_option(&config, "--set", bad[i]);
		assert_int_equal(config.error_count, 1);
	}
}

static void swap_is_none_or_whole_mib(void **state)
{
	static const struct {
		const char *text;
		uint64_t size_bytes;
	} good[] = { { "swap = 1M", MIB }, { "swap = 1024K", MIB }, { "swap = 3072K", 3 * MIB },
		{ "swap = 2G", 2 * GIB }, { "swap = 16T", 16384 * GIB },
		{ "swap = 0002G", 2 * GIB }, { "swap = none", 0 } };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		begin(state);
		merge("swap = 7M");
		merge_option(&config, "--set", good[i].text);
		assert_int_equal(config.error_count, 0);
		assert_int_equal(config.swap_bytes, good[i].size_bytes);
	}
}

static void workers_are_1_2_4_or_chosen(void **state)
{
	begin(state);
	for (unsigned workers = 1; workers <= 4; workers *= 2) {
		char text[32];

		snprintf(text, sizeof(text), "workers = %u", workers);
		merge_option(&config, "--set", text);
		assert_int_equal(config.error_count, 0);
		assert_int_equal(config.workers, workers);
	}
	merge_option(&config, "--set", "workers = auto");
	assert_int_equal(config.error_count, 0);
	assert_int_equal(config.workers, 0);
}

static void a_later_wipe_replaces_an_earlier_one(void **state)
{
	begin(state);
	merge("wipe = force");
	merge_option(&config, "--set", "wipe = 0123456789abcdef,fedcba9876543210");
	assert_int_equal(config.error_count, 0);
	assert_false(config.wipe_force);
	assert_string_equal(config.wipe_tokens, "0123456789abcdef,fedcba9876543210");
	merge_option(&config, "--set", "wipe = refuse");
	assert_int_equal(config.error_count, 0);
	assert_true(!config.wipe_force && !config.wipe_tokens[0]);
}

static void force_contradicts_a_choice_among_blank_disks(void **state)
{
	struct error err;

	begin(state);
	merge(GOOD "disk = largest\nwipe = force\n");
	assert_true(check_config(&config, &err) < 0);
	assert_non_null(strstr(err.text, "disk = largest chooses among blank disks"));
}

static void every_key_is_described(void **state)
{
	(void)state;
	for (size_t i = 0; i < CONFIG_KEY_COUNT; i++)
		assert_true(config_keys[i].name && config_keys[i].values && config_keys[i].meaning);
}

static void comments_blanks_marks_and_line_ends_are_no_matter(void **state)
{
	(void)state;
	merge("\xef\xbb\xbf" GOOD "# comment\r\n\r\n  \t\n\tdisk\t=\t/dev/vdb \t# the second\r\n"
	      "root-label=a#b");
	accepts();
	assert_string_equal(config.disk, "/dev/vdb");
	assert_string_equal(config.root_label, "a#b");
}

static void later_sources_win(void **state)
{
	(void)state;
	merge(GOOD "disk = /dev/vda\ntimeout = 5\n");
	merge_text(&config, "b.conf", "disk = /dev/vdb\ncache = /b\n", 27);
	merge_command_line(&config, "guest-installer.disk=/dev/vdc");
	accepts();
	assert_string_equal(config.disk, "/dev/vdc");
	assert_int_equal(config.cache.cache_count, 1);
	assert_string_equal(config.cache.caches[0], "/b");
	assert_int_equal(config.timeout_s, 5);
}

static void trusted_keys_can_be_taken_back(void **state)
{
	(void)state;
	merge(GOOD);
	merge_option(&config, "--set", "trusted-keys=none");
	assert_true(config.cache.trust_anything);
	assert_int_equal(config.cache.trusted_key_count, 0);
	merge_option(&config, "--set", "trusted-keys=" KEY);
	assert_false(config.cache.trust_anything);
	accepts();
}

static void the_command_line_is_read_as_the_kernel_does(void **state)
{
	(void)state;
	merge(GOOD);
	merge_command_line(&config,
		" \vquiet\v\r guest-installer.disable guest-installer.embedded=0 disk=/no guest-installer.wipe=force "
		"guest-installer.trusted-keys=\"" KEY "  " KEY "\" "
		"\"guest-installer.esp-label=MY ESP\" guest-installerX root=LABEL=x\n");
	accepts();
	assert_true(config.wipe_force);
	assert_int_equal(config.cache.trusted_key_count, 2);
	assert_string_equal(config.esp_label, "MY ESP");
	assert_string_equal(config.disk, "auto");
}

static void a_prefix_that_is_spelled_otherwise_is_an_error(void **state)
{
	static const char *const words[] = { "guest_installer.disk=/dev/vda",
		"Guest-Installer.disk=/dev/vda", "GUEST_INSTALLER.disable" };

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		key_table_set_defaults(&config);
		merge_command_line(&config, words[i]);
		assert_int_equal(config.error_count, 1);
		assert_non_null(
			strstr(config.errors, "than guest-installer., which was probably meant"));
	}
	key_table_set_defaults(&config);
	merge_command_line(&config, "guestinstaller.disk=x guest-installerX guest_installer");
	assert_int_equal(config.error_count, 0);
}

static void the_kernels_own_ip_is_read_where_it_is_asked_for(void **state)
{
	/* forms of dracut and of systemd's generator that are none of the kernel's */
	static const char *const initrds[] = { "ip=dhcp6", "ip=link-local", "ip=eth1:auto6",
		"ip=[2001:db8::2]::[2001:db8::1]:64:guest:eth0:none",
		"ip=192.0.2.2::192.0.2.1:24:guest:eth0:none:1500:52:54:00:12:34:56" };
	char line[200] = "quiet ip=10.0.2.7::10.0.2.2:255.255.255.0 xip=a "
			 "guest-installer.ip=off";
	char ignored[MERGE_IGNORED_BYTES];

	(void)state;
	merge_kernel_ip(&config, line, ignored);
	assert_string_equal(ignored, "");
	assert_int_equal(config.ip.method, IP_STATIC);
	merge_command_line(&config, line);
	assert_int_equal(config.ip.method, IP_OFF);
	assert_int_equal(config.error_count, 0);
	merge_kernel_ip(&config, "ip=eth1:dhcp", ignored);
	assert_string_equal(config.ip.device, "eth1");
	for (size_t i = 0; i < sizeof(initrds) / sizeof(initrds[0]); i++) {
		snprintf(line, sizeof(line), "ip=eth0:on quiet %s", initrds[i]);
		merge_kernel_ip(&config, line, ignored);
		assert_string_equal(ignored, initrds[i]);
		assert_string_equal(config.ip.device, "eth0");
	}
	assert_int_equal(config.error_count, 0);
}

static void the_network_is_for_urls_of_it_alone(void **state)
{
	(void)state;
	merge(GOOD);
	assert_false(config_wants_network(&config));
	merge_option(&config, "--set", "report-url=http://host/");
	assert_true(config_wants_network(&config));
	assert_false(config_needs_network(&config));
	snprintf(config.cache.caches[0], sizeof(config.cache.caches[0]), "https://host/cache");
	assert_true(config_needs_network(&config));
}

static void bad_words_on_the_command_line_are_refused(void **state)
{
	(void)state;
	merge(GOOD);
	merge_command_line(&config, "guest-installer.dsk=auto guest-installer.wipe "
				    "guest-installer.timeout=0");
	refuses("the kernel command line: there is no key \"dsk\", \"disk\" was probably meant; "
		"the kernel command line: wipe has no value: it can be refuse, force, or the tokens that a refusal has printed, joined by commas; "
		"the kernel command line: timeout cannot be \"0\": it can be 1 to 604800 seconds");
}

static void an_unknown_key_names_file_and_line(void **state)
{
	(void)state;
	merge(GOOD "\n\nfrobnicate = 1\n");
	refuses("a.conf:6: there is no key \"frobnicate\"");
}

static void a_misspelt_key_names_the_one_that_was_meant(void **state)
{
	static const char *const pairs[][2] = {
		{ "dsk", "disk" },
		{ "Root_Label", "root-label" },
		{ "trusted-key", "trusted-keys" },
		{ "timout", "timeout" },
		{ "on-sucess", "on-success" },
		{ "caches", "cache" },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char text[256], sentence[256];

		begin(state);
		snprintf(text, sizeof(text), "%s%s = 1\n", GOOD, pairs[i][0]);
		snprintf(sentence, sizeof(sentence),
			"a.conf:4: there is no key \"%s\", \"%s\" was probably meant", pairs[i][0],
			pairs[i][1]);
		merge(text);
		refuses(sentence);
	}
}

static void bad_values_say_what_can_be(void **state)
{
	static const char *const bad[] = { "disk = vda", "disk = size:20G", "boot-disk = smallest",
		"boot-disk = size:>1G", "wipe = 0123456789abcde", "wipe = 0123456789ABCDEF",
		"wipe = force,0123456789abcdef", "wipe = 0123456789abcdef 0123456789abcdef",
		"disk = serial:", "disk = serial:a b", "disk = /dev/../vda", "boot-disk = vdb",
		"keys = some", "keys = none /a", "keys = /a/../b",
		"keys = /1 /2 /3 /4 /5 /6 /7 /8 /9", "files = /a", "files = a=/b", "files = /a=b",
		"files = /nix/store/x=/b", "files = /run=/b", "files = /a/../nix/x=/b",
		"files = /=/b", "files = /a/=/b", "files = /a=drive:", "host-keys = yes",
		"host-keys = none drive", "host-keys = generate /a", "host-keys = a",
		"host-keys = /1 /2 /3 /4 /5 /6 /7 /8 /9", "files = /a=drive:b/c",
		"files = /a=drive:.b", "files = /a=drive::0600", "disk = Auto", "wipe = yes",
		"machine = xen", "layout = mbr", "layout = lvm", "root-label = a b",
		"root-label = seventeen-letters", "root-label = a/b", "root-label = a\"b",
		"root-label = caf\xc3\xa9", "root-uuid = abcd",
		"root-uuid = 00000000-0000-0000-0000-000000000000", "esp-label = e:p",
		"esp-label = TWELVE-CHARS", "esp-label = A.B", "swap = 0", "swap = 0M",
		"swap = 512", "swap = 1023K", "swap = 1025K", "swap = M", "swap = 1.5G",
		"swap = 1GB", "swap = 1Gi", "swap = 1g", "swap = -1M", "swap = 17T",
		"swap = 16385G", "swap = 18446744073709551617M", "swap = 99999999999999999999K",
		"swap = yes", "swap = 1 G", "swap = auto", "manifest = ftp://example/guest.json",
		"manifest = guest.json", "manifest = file://host/x", "manifest = /a b",
		"system = /nix/store/x", "system = /usr", "cache = s3://cache", "cache = https://",
		"cache = http://h/?a", "cache = http://h/?",
		"cache = http://h?priority=1&trusted=1", "manifest-sha256 = 1234",
		"manifest-sha256 = sha512-" SHA256_HEX, "ca-file = ca.pem", "stall-timeout = 0",
		"fetch-attempts = 101", "cache = /a ftp://b", "cache = /",
		"cache = /1 /2 /3 /4 /5 /6 /7 /8 /9", "trusted-keys = nokey",
		"trusted-keys = a:AAAA", "trusted-keys = none " KEY, "trusted-keys = :" KEY,
		"trusted-keys = " KEY "=", "trusted-keys = " KEY "A", "keys = usb",
		"keys-user = 1root", "keys-user = a b", "keys-user = -x", "keys-user = ../root",
		"on-success = halt", "on-failure = kexec", "if-installed = start",
		"on-failure = ", "timeout = 0", "timeout = 604801", "timeout = -1", "timeout = 1h",
		"timeout = 18446744073709551617", "timeout = +5", "seed = 1", "workers = 0",
		"workers = 3", "workers = 12", "workers = ", "workers = many" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct error err = { 0 };

		begin(state);
		merge(bad[i]);
		if (config.error_count != 1)
			fail_msg("%s was not refused", bad[i]);
		assert_non_null(strstr(config.errors, "a.conf:1: "));
		assert_non_null(strstr(config.errors, "it can be "));
		assert_true(check_config(&config, &err) < 0);
		assert_int_equal(err.code, EXIT_CONFIGURATION);
	}
}

static void a_refused_value_leaves_the_old_one(void **state)
{
	(void)state;
	merge(GOOD "disk = /dev/vda\n");
	merge_option(&config, "--set", "disk=x");
	merge_option(&config, "--set", "cache=/x ftp://y");
	assert_string_equal(config.disk, "/dev/vda");
	assert_string_equal(config.cache.caches[0], "/medium/cache");
	assert_int_equal(config.error_count, 2);
}

/* The order is that of the list; a path may have the character in its name. */
static void the_order_in_a_cache_of_nix_is_cut(void **state)
{
	(void)state;
	merge("cache = https://h/c?priority=10 file:///c?want-mass-query=1&priority=2 /d?priority=1\n"
	      "trusted-keys = none\nmanifest = /x\n");
	accepts();
	assert_string_equal(config.cache.caches[0], "https://h/c");
	assert_string_equal(config.cache.caches[1], "file:///c");
	assert_string_equal(config.cache.caches[2], "/d?priority=1");
}

static void which_urls_are_allowed_is_said(void **state)
{
	(void)state;
	merge("cache = ftp://x\ntrusted-keys = none\nmanifest = /x\n");
	refuses("a.conf:1: cache cannot be \"ftp://x\": it can be up to 8 URLs (file:///, http:// "
		"or "
		"https://) or absolute paths, separated by blanks");
}

static void a_password_in_a_refused_url_is_not_told(void **state)
{
	(void)state;
	merge("cache = ftp://user:word@x\ntrusted-keys = none\nmanifest = /x\n");
	refuses("a.conf:1: cache cannot be \"ftp://x\": it can be up to 8 URLs (file:///, http:// "
		"or "
		"https://) or absolute paths, separated by blanks");
}

static void a_secret_key_is_not_told(void **state)
{
	char text[200];

	(void)state;
	snprintf(text, sizeof(text), "cache = /c\ntrusted-keys = a:%086d==\nmanifest = /x\n", 0);
	merge(text);
	refuses("a.conf:2: trusted-keys has a secret key: give the public one, which nix key "
		"convert-secret-to-public prints");
}

static void a_manifest_from_the_network_needs_its_hash(void **state)
{
	(void)state;
	merge("cache = /x\ntrusted-keys = none\nmanifest = https://h/guest.json\n");
	merge_option(&config, "--set", "manifest-sha256=sha256:" SHA256_HEX);
	accepts();
	begin(state);
	merge("cache = /x\ntrusted-keys = none\nmanifest = https://h/guest.json\n");
	refuses("manifest-sha256 is not set: a manifest from the network decides what is installed "
		"and how, so say which one it is (sha256sum guest.json)");
}

static void a_key_set_twice_in_one_file_is_refused(void **state)
{
	(void)state;
	merge(GOOD "disk = /dev/vda\ndisk = /dev/vdb\n");
	refuses("a.conf:5: disk is set a second time, after line 4");
}

static void what_is_missing_is_said_all_at_once(void **state)
{
	(void)state;
	refuses("cache is not set: say where the binary cache is, as in "
		"cache = file:///medium/cache; "
		"neither manifest nor system is set: say which system to install, as in "
		"manifest = file:///medium/guest.json; "
		"trusted-keys is not set: name the keys that may sign, or say trusted-keys = "
		"none");
}

static void a_line_without_equals_is_refused(void **state)
{
	(void)state;
	merge(GOOD "disk auto\n[section]\n");
	refuses("a.conf:4: \"disk auto\" is not of the form key = value; "
		"a.conf:5: \"[section]\" is not of the form key = value");
}

static void an_option_without_equals_is_refused(void **state)
{
	(void)state;
	merge(GOOD);
	merge_option(&config, "--set", "disk");
	refuses("--set: \"disk\" is not of the form key=value");
}

static void bytes_that_are_no_text_are_refused(void **state)
{
	static const char text[] = GOOD "disk = /dev/vda\0b\nwipe = \x1b[2J\ntimeout = 1\r2\n";

	(void)state;
	merge_text(&config, "a.conf", text, sizeof(text) - 1);
	refuses("a.conf:4: the line has control characters, so this is no text; "
		"a.conf:5: the line has control characters, so this is no text; "
		"a.conf:6: the line has control characters, so this is no text");
}

static void an_overlong_line_is_refused(void **state)
{
	static char text[6000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	merge(text);
	assert_non_null(strstr(config.errors, "a.conf:1: the line is longer than 4095 bytes\n"));
}

static void an_overlong_word_of_the_command_line_is_survived(void **state)
{
	static char text[9000];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "guest-installer.disk=/", 22);
	merge_command_line(&config, text);
	assert_int_equal(config.error_count, 1);
	assert_string_equal(config.disk, "auto");
}

static void errors_that_do_not_fit_are_counted(void **state)
{
	char text[64];
	struct error err = { 0 };

	(void)state;
	merge(GOOD);
	for (unsigned i = 0; i < 500; i++) {
		snprintf(text, sizeof(text), "unknown-key-number-%u = 1\n", i);
		merge(text);
	}
	assert_int_equal(config.error_count, 500);
	assert_true(check_config(&config, &err) < 0);
	assert_in_range(strlen(err.text), 500, sizeof(err.text) - 1);
	assert_non_null(strstr(err.text, "; and 48"));
	assert_string_equal(strstr(err.text, " more"), " more");
	assert_non_null(strstr(config.errors, "\nand 4"));
	assert_string_equal(strstr(config.errors, " more"), " more\n");
}

static void pid_1_cannot_exit(void **state)
{
	(void)state;
	merge(GOOD "on-failure = exit\n");
	accepts();
	config.as_init = true;
	refuses("on-failure is exit, but the installer is PID 1 here, and there is no program to "
		"go back to: say poweroff, reboot or shell");
}

static void only_pid_1_starts_a_guest(void **state)
{
	(void)state;
	merge(GOOD "on-success = kexec\nif-installed = boot\n");
	accepts();
	assert_int_equal(config.on_success, ENDING_KEXEC);
	assert_true(config.boot_installed);
	config.as_program = true;
	refuses("on-success is kexec, but the installer runs on a system here, which it does not "
		"replace: say exit, or use the lean ISO; if-installed is boot, but the installer runs on "
		"a system here, which it does not replace: say fail, or use the lean ISO");
}

static void the_copy_of_an_image_needs_no_system(void **state)
{
	(void)state;
	merge("keys = /k.pub\n");
	config.as_clone = true;
	accepts();
	merge("swap = 1G\nlayout = gpt\n");
	refuses("layout is set, but the copy of an image has what the image has: leave it out; swap is "
		"set, but the copy of an image has what the image has: leave it out");
}

static void a_failed_start_is_not_started_for_ever(void **state)
{
	(void)state;
	merge(GOOD "if-installed = boot\non-failure = reboot\n");
	refuses("if-installed is boot and on-failure is reboot, so that a guest which cannot be "
		"started would be started for ever: say on-failure = poweroff");
}

#define TEST(f) cmocka_unit_test_setup(f, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(defaults_are_as_documented),
		TEST(every_row_of_the_table_is_whole_and_found_by_its_name),
		TEST(pid_1_cannot_exit),
		TEST(only_pid_1_starts_a_guest),
		TEST(the_copy_of_an_image_needs_no_system),
		TEST(a_failed_start_is_not_started_for_ever),
		TEST(every_key_is_read),
		TEST(a_secret_is_in_no_error),
		TEST(a_secret_is_refused_where_others_see_it),
		TEST(every_key_is_described),
		TEST(a_later_wipe_replaces_an_earlier_one),
		TEST(force_contradicts_a_choice_among_blank_disks),
		TEST(keys_come_from_the_last_place_that_was_said),
		TEST(keys_come_from_the_places_that_are_named),
		TEST(swap_is_none_or_whole_mib),
		TEST(workers_are_1_2_4_or_chosen),
		TEST(comments_blanks_marks_and_line_ends_are_no_matter),
		TEST(later_sources_win),
		TEST(trusted_keys_can_be_taken_back),
		TEST(the_command_line_is_read_as_the_kernel_does),
		TEST(a_prefix_that_is_spelled_otherwise_is_an_error),
		TEST(the_kernels_own_ip_is_read_where_it_is_asked_for),
		TEST(the_network_is_for_urls_of_it_alone),
		TEST(bad_words_on_the_command_line_are_refused),
		TEST(an_unknown_key_names_file_and_line),
		TEST(a_misspelt_key_names_the_one_that_was_meant),
		TEST(bad_values_say_what_can_be),
		TEST(a_refused_value_leaves_the_old_one),
		cmocka_unit_test_setup(the_order_in_a_cache_of_nix_is_cut, begin),
		cmocka_unit_test_setup(which_urls_are_allowed_is_said, begin),
		cmocka_unit_test_setup(a_password_in_a_refused_url_is_not_told, begin),
		cmocka_unit_test_setup(a_secret_key_is_not_told, begin),
		cmocka_unit_test_setup(a_manifest_from_the_network_needs_its_hash, begin),
		TEST(a_key_set_twice_in_one_file_is_refused),
		TEST(what_is_missing_is_said_all_at_once),
		TEST(a_line_without_equals_is_refused),
		TEST(an_option_without_equals_is_refused),
		TEST(bytes_that_are_no_text_are_refused),
		TEST(an_overlong_line_is_refused),
		TEST(an_overlong_word_of_the_command_line_is_survived),
		TEST(errors_that_do_not_fit_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
