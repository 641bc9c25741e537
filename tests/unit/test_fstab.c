/* SPDX-License-Identifier: MIT */
/* Proves that a system is told from one that mounts another disk's file systems. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "verify/fstab.h"

#define UUID  "11111111-2222-3333-4444-55555555aaaa"
#define OTHER "11111111-2222-3333-4444-55555555bbbb"

static const struct plan plan = {
	.partitions = { { .fs_label = "ESP", .fs_uuid = "ABCD-0123", .mount_path = "/boot" },
		{ .fs_label = "nixos", .fs_uuid = UUID, .uuid = OTHER, .mount_path = "/" },
		{ .fs_label = "swap" } },
	.partition_count = 3,
	.root = 1,
};

static void the_disks_own_names_are_let_pass(void **state)
{
	static const char *const texts[] = {
		"",
		"# UUID=x / ext4\n\n   \nproc\n",
		"/dev/disk/by-label/nixos / ext4 x-initrd.mount 0 1\n/dev/disk/by-label/ESP /boot "
		"vfat",
		"LABEL=nixos / ext4\n",
		"\t/dev/disk/by-uuid/" UUID "\t/\text4\n/dev/disk/by-uuid/abcd-0123 /boot vfat\n",
		"UUID=" UUID " / ext4\n",
		"PARTUUID=" OTHER " / ext4\n",
		/* the boot partition has no such name here */
		"PARTUUID=" OTHER " /boot vfat\n",
		"/dev/vda2 / ext4\n/dev/xvda /boot ext4\n",
		"/dev/disk/by-label/E\\x20P /boot vfat\n",
		"/dev/disk/by-label/data /data ext4\n/dev/disk/by-label/other none swap\n",
		"tmpfs /tmp tmpfs\nserver:/nixos /nixos nfs\n",
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (fstab_check(texts[i], &plan, &err) < 0)
			fail_msg("%s", err.text);
}

static void others_are_refused(void **state)
{
	static const struct {
		const char *text, *sentence;
	} cases[] = {
		{ "/dev/disk/by-label/NIXOS / ext4\n", "mounts / from /dev/disk/by-label/NIXOS" },
		{ "LABEL=root / ext4", "mounts / from LABEL=root, which is not on this disk" },
		{ "# a\nUUID=" OTHER " / ext4\n", "the label nixos and the UUID " UUID },
		{ "/dev/disk/by-partuuid/" UUID " / ext4\n", "by-partuuid" },
		{ "/dev/vda2 / ext4\n/dev/disk/by-uuid/ABCD-4567 /boot vfat\n", "mounts /boot" },
		/* as nixpkgs' own virtual machines have them */
		{ "LABEL=nixos / ext4\nnix-store /nix/.ro-store 9p trans=virtio\n",
			"mounts /nix/.ro-store from nix-store" },
		{ "overlay /nix/store overlay\n", "mounts /nix/store" },
		{ "/dev/vdb /nix ext4\n", "mounts /nix from /dev/vdb" },
	};
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(fstab_check(cases[i].text, &plan, &err) < 0);
		if (!strstr(err.text, cases[i].sentence))
			fail_msg("%s", err.text);
	}
}

static void a_line_without_end_is_survived(void **state)
{
	static char text[100000];
	struct error err;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	assert_int_equal(fstab_check(text, &plan, &err), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_disks_own_names_are_let_pass),
		cmocka_unit_test(others_are_refused),
		cmocka_unit_test(a_line_without_end_is_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
