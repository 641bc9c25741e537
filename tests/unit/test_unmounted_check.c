/* SPDX-License-Identifier: MIT */
/* Proves which guests an image can hold of which nothing is mounted, and what is said to the
 * others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plan/unmounted_check.h"

static struct config config;
static struct manifest manifest;

static int begin(void **state)
{
	(void)state;
	memset(&config, 0, sizeof(config));
	manifest = (struct manifest){
		.layout = LAYOUT_GPT,
		.boot_loader = "systemd-boot",
		.mounts = { { .path = "/", .fstype = "ext4" },
			{ .path = "/boot", .fstype = "vfat" } },
		.mount_count = 2,
		.activation = true,
	};
	return 0;
}

static void accepted(void)
{
	struct error err;

	if (unmounted_check_settings(&config, &err) < 0 ||
		unmounted_check_guest(&manifest, &err) < 0)
		fail_msg("%s", err.text);
}

static void refused(const char *part)
{
	struct error err = { 0 };

	assert_true(unmounted_check_settings(&config, &err) < 0 ||
		    unmounted_check_guest(&manifest, &err) < 0);
	assert_int_equal(err.code, EXIT_CONFIGURATION);
	if (!strstr(err.text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, err.text);
}

static void what_needs_no_program_of_the_guest_is_accepted(void **state)
{
	(void)state;
	accepted();
	manifest.layout = LAYOUT_DIRECT;
	snprintf(manifest.boot_loader, sizeof(manifest.boot_loader), "none");
	accepted();
	manifest.layout = LAYOUT_PYGRUB;
	snprintf(manifest.boot_loader, sizeof(manifest.boot_loader), "grub");
	manifest.mounts[1] = (struct manifest_mount){ .path = "/boot", .fstype = "ext4" };
	accepted();
}

static void boot_loaders_of_a_program_are_refused(void **state)
{
	static const struct {
		enum layout layout;
		const char *boot_loader, *says;
	} rows[] = {
		{ LAYOUT_GPT, "grub", "is GRUB, which only the guest's own grub-install" },
		{ LAYOUT_BIOS, "grub", "from the installer's ISO" },
		{ LAYOUT_GPT, "external", "is external, whose files only a program of the guest" },
		{ LAYOUT_GPT, "none", "boot loader is none" },
		{ LAYOUT_BIOS, "systemd-boot", "boot loader is systemd-boot" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		manifest.layout = rows[i].layout;
		snprintf(manifest.boot_loader, sizeof(manifest.boot_loader), "%s",
			rows[i].boot_loader);
		refused(rows[i].says);
	}
}

static void a_partition_for_boot_is_refused(void **state)
{
	(void)state;
	manifest.mounts[2] = manifest.mounts[1];
	manifest.mounts[1] = (struct manifest_mount){ .path = "/boot", .fstype = "ext4" };
	manifest.mount_count = 3;
	refused("mounts /boot from a partition of its own");
}

static void an_overlay_on_etc_is_refused(void **state)
{
	(void)state;
	manifest.etc_overlay = true;
	refused("overlay on /etc");
}

static void a_system_without_activation_is_refused(void **state)
{
	(void)state;
	manifest.activation = false;
	refused("no activation script");
}

static void the_other_engine_is_refused(void **state)
{
	(void)state;
	config.engine = ENGINE_NIXOS_INSTALL;
	refused("set engine to cache");
}

static void a_host_name_is_refused(void **state)
{
	(void)state;
	snprintf(config.hostname, sizeof(config.hostname), "web");
	refused("hostname = web is not written into an image");
}

static void accounts_of_the_manifest_count(void **state)
{
	bool assumed = true;

	(void)state;
	manifest.accounts.used = true;
	unmounted_check_accounts(&manifest, &assumed);
	assert_false(assumed);
	assert_int_equal(manifest.accounts.count, 0);
}

static void without_a_list_root_is_known_and_counts_as_locked(void **state)
{
	const struct boot_account *root;
	bool assumed = false;

	(void)state;
	unmounted_check_accounts(&manifest, &assumed);
	assert_true(assumed && manifest.accounts.used);
	root = boot_accounts_find(&manifest.accounts, "root");
	assert_non_null(root);
	assert_true(root->locked && root->numbered && root->uid == 0);
	assert_null(boot_accounts_find(&manifest.accounts, "bob"));
}

#define TEST(function) cmocka_unit_test_setup(function, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_needs_no_program_of_the_guest_is_accepted),
		TEST(boot_loaders_of_a_program_are_refused),
		TEST(a_partition_for_boot_is_refused),
		TEST(an_overlay_on_etc_is_refused),
		TEST(a_system_without_activation_is_refused),
		TEST(the_other_engine_is_refused),
		TEST(a_host_name_is_refused),
		TEST(accounts_of_the_manifest_count),
		TEST(without_a_list_root_is_known_and_counts_as_locked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
