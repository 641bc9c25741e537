/* SPDX-License-Identifier: MIT */
/* Proves which keys the engine nixos-install takes, and which references to flakes are accepted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/check.h"
#include "config/key_table.h"
#include "config/merge.h"
#include "nix/flake.h"

#define COMMIT	   "0123456789abcdef0123456789abcdef01234567"
#define SHA256_HEX "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SUM_LINE   "configuration-sha256 = " SHA256_HEX
#define SYSTEM	   "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system-guest-26.05"

static struct config config;

static int finish(const char *text, struct error *err)
{
	key_table_set_defaults(&config);
	merge_text(&config, "a.conf", text, strlen(text));
	return check_config(&config, err);
}

static void accepts(const char *text)
{
	struct error err = { 0 };

	if (finish(text, &err) < 0)
		fail_msg("%s", err.text);
}

static void refuses(const char *text, const char *sentence)
{
	struct error err = { 0 };

	assert_true(finish(text, &err) < 0);
	assert_int_equal(err.code, EXIT_CONFIGURATION);
	if (!strstr(err.text, sentence))
		fail_msg("\"%s\" says \"%s\"", text, err.text);
}

static void nixos_install_needs_nothing_else(void **state)
{
	(void)state;
	accepts("engine = nixos-install\n");
	assert_int_equal(config.engine, ENGINE_NIXOS_INSTALL);
	assert_false(config_needs_network(&config));
}

static void it_takes_a_configuration_and_a_name(void **state)
{
	(void)state;
	accepts("engine = nixos-install\nconfiguration = https://host/guest.nix\n"
		"configuration-sha256 = " SHA256_HEX "\nhostname = Guest-1\n");
	assert_string_equal(config.configuration, "https://host/guest.nix");
	assert_int_equal(config.configuration_sha256[0], 0xba);
	assert_string_equal(config.hostname, "Guest-1");
	assert_true(config_needs_network(&config));
}

static void it_takes_a_flake(void **state)
{
	(void)state;
	accepts("engine = nixos-install\nflake = drive#guest\n");
	assert_false(config_needs_network(&config));
	accepts("engine = nixos-install\nflake = git+ssh://git@h/x?rev=" COMMIT "#guest\n");
	accepts("engine = nixos-install\nflake = github:a/b/" COMMIT "#guest\n");
	assert_true(config_needs_network(&config));
}

static void caches_are_optional_but_need_keys(void **state)
{
	(void)state;
	accepts("engine = nixos-install\ncache = /iso/cache\ntrusted-keys = none\n");
	refuses("engine = nixos-install\ncache = /iso/cache\n", "trusted-keys is not set");
}

static void what_contradicts_is_refused(void **state)
{
	static const struct {
		const char *text, *sentence;
	} cases[] = {
		{ "manifest = /guest.json\n", "manifest names a finished system" },
		{ "configuration = /a.nix\nflake = /a#b\n", "more than one is set" },
		{ "flake = /a#b\nsystem = " SYSTEM "\n", "more than one is set" },
		{ "flake = /a#b\nhostname = c\n", "hostname is set, but a flake has its own" },
		{ "system = " SYSTEM "\nhostname = c\n", "but a built system has its own" },
		{ "configuration = http://host/a.nix\n", "configuration-sha256 is not set" },
		{ "cache = https://me:secret@h/c\ntrusted-keys = none\n", "holds a password" },
		{ "flake = git+https://secret@h/x?rev=" COMMIT "#c\n", "holds a password" },
		{ "hostname = -a\n", "hostname cannot be \"-a\"" },
		{ "hostname = a.b\n", "hostname cannot be \"a.b\"" },
		{ "flake = github:a/b#c\n", "flake cannot be \"github:a/b#c\"" },
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), "engine = nixos-install\n%s", cases[i].text);
		refuses(text, cases[i].sentence);
	}
}

static void the_cache_engine_takes_none_of_its_keys(void **state)
{
	static const char cache[] = "cache = /c\ntrusted-keys = none\nmanifest = /guest.json\n";
	static const char *const keys[] = { "configuration = /a.nix", "flake = /a#b", SUM_LINE };
	char text[512], sentence[64];

	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		snprintf(text, sizeof(text), "%s%s\n", cache, keys[i]);
		snprintf(sentence, sizeof(sentence), "%.*s is set, but a closure is copied",
			(int)strcspn(keys[i], " "), keys[i]);
		refuses(text, sentence);
	}
}

static void flakes_are_pinned_or_local(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{ "drive#a", true },
		{ "/etc/nixos#my-guest_1.2", true },
		{ "github:a/b/" COMMIT "#c", true },
		{ "github:a/b/" COMMIT "?dir=x#c", true },
		{ "git+https://h/x?rev=" COMMIT "#c", true },
		{ "https://h/x.tar.gz?a=b&narHash=sha256-x#c", true },
		{ "github:a/b/main#c", false },
		{ "github:a/b/" COMMIT "0#c", false },
		{ "https://h/rev=x#c", false },
		{ "nixpkgs#c", false },
		{ "drive", false },
		{ "drive#", false },
		{ "#a", false },
		{ "", false },
		{ "drive#a\"b", false },
		{ "drive#a b", false },
		{ "/a/../b#c", false },
		{ "a#b#c", false },
		{ "https://h/a b?rev=1#c", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (flake_check(cases[i].text) != cases[i].good)
			fail_msg("%s", cases[i].text);
}

static void where_a_flake_lies_is_seen(void **state)
{
	(void)state;
	assert_true(flake_is_on_drive("drive#a") && !flake_is_remote("drive#a"));
	assert_false(flake_is_on_drive("/drive#a") || flake_is_remote("/drive#a"));
	assert_true(flake_is_remote("drives:x?rev=1#a"));
	assert_false(flake_is_remote(""));
	assert_string_equal(flake_name("/a#b"), "b");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nixos_install_needs_nothing_else),
		cmocka_unit_test(it_takes_a_configuration_and_a_name),
		cmocka_unit_test(it_takes_a_flake),
		cmocka_unit_test(caches_are_optional_but_need_keys),
		cmocka_unit_test(what_contradicts_is_refused),
		cmocka_unit_test(the_cache_engine_takes_none_of_its_keys),
		cmocka_unit_test(flakes_are_pinned_or_local),
		cmocka_unit_test(where_a_flake_lies_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
