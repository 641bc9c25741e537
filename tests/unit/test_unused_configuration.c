/* SPDX-License-Identifier: MIT */
/* Proves which NixOS configuration on the key drive an install would ignore, and that it is
 * refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "input/unused_configuration.h"

struct unused_case {
	const char *sentence;
	enum engine_kind engine;
	bool has_configuration, has_flake;
	const char *configuration, *flake, *system, *copied; /* settings; NULL: not set */
	const char *refusal; /* what the sentence has to contain; NULL: none */
};

#define BUILD ENGINE_NIXOS_INSTALL

static const struct unused_case cases[] = {
	{ .sentence = "a closure and an empty drive" },
	{ .sentence = "a closure and configuration.nix",
		.has_configuration = true,
		.refusal = "configuration.nix was given, but this ISO installs a finished system" },
	{ .sentence = "a closure and a flake",
		.has_configuration = true,
		.has_flake = true,
		.refusal = "flake.nix was given, but this ISO" },
	{ .sentence = "a closure, and a configuration.nix that is copied to the guest",
		.has_configuration = true,
		.copied = "configuration.nix" },
	{ .sentence = "a closure, and another file that is copied",
		.has_configuration = true,
		.copied = "config.nix",
		.refusal = "nixos-install-iso" },
	{ .sentence = "a build of what the hardware says", .engine = BUILD },
	{ .sentence = "a build of configuration.nix", .engine = BUILD, .has_configuration = true },
	{ .sentence = "a build of the drive's flake, which may import configuration.nix",
		.engine = BUILD,
		.has_configuration = true,
		.has_flake = true,
		.flake = "drive#web" },
	{ .sentence = "a flake that no setting names",
		.engine = BUILD,
		.has_flake = true,
		.refusal = "set flake = drive#NAME" },
	{ .sentence = "configuration.nix beside a flake of elsewhere",
		.engine = BUILD,
		.has_configuration = true,
		.flake = "/iso/flake#web",
		.refusal = "but flake is set, too" },
	{ .sentence = "configuration.nix beside a configuration of elsewhere",
		.engine = BUILD,
		.has_configuration = true,
		.configuration = "https://x.example/c.nix",
		.refusal = "but configuration is set" },
	{ .sentence = "configuration.nix beside a finished system",
		.engine = BUILD,
		.has_configuration = true,
		.system = "/nix/store/x",
		.refusal = "but system is set" },
};

static void set(char *ret, size_t size_bytes, const char *text)
{
	snprintf(ret, size_bytes, "%s", text ? text : "");
}

static void prepare(const struct unused_case *c, struct config *config, struct key_drive *drive)
{
	memset(config, 0, sizeof(*config));
	memset(drive, 0, sizeof(*drive));
	config->engine = c->engine;
	set(config->configuration, sizeof(config->configuration), c->configuration);
	set(config->flake, sizeof(config->flake), c->flake);
	set(config->system, sizeof(config->system), c->system);
	config->files.count = c->copied != NULL;
	config->files.files[0].on_drive = true;
	set(config->files.files[0].source, sizeof(config->files.files[0].source), c->copied);
	drive->configuration_text = c->has_configuration ? (char *)"{ }" : NULL;
	drive->flake_text = c->has_flake ? (char *)"{ }" : NULL;
}

static void what_would_be_ignored_is_refused(void **state)
{
	static struct config config;
	static struct key_drive drive;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err = { 0 };
		int r;

		prepare(&cases[i], &config, &drive);
		r = unused_configuration_check(&config, &drive, &err);
		if (!cases[i].refusal && r < 0)
			fail_msg("%s: %s", cases[i].sentence, err.text);
		if (cases[i].refusal && (r == 0 || !strstr(err.text, cases[i].refusal)))
			fail_msg("%s: %d, %s", cases[i].sentence, r, err.text);
		if (cases[i].refusal)
			assert_int_equal(err.code, EXIT_CONFIGURATION);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_would_be_ignored_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
