/* SPDX-License-Identifier: MIT */
/* Proves which lines of an fstab are refused: file systems of another disk, mounts over the store
 * or the keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "disk/mount.h"
#include "verify/fstab.h"

#define UUID  "11111111-2222-3333-4444-55555555aaaa"
#define OTHER "11111111-2222-3333-4444-55555555bbbb"

static struct plan plan = {
	.layout = LAYOUT_GPT,
	.partitions = { { .fs_label = "ESP", .fs_uuid = "ABCD-0123", .mount_path = "/boot" },
		{ .fs_label = "nixos",
			.fs_uuid = UUID,
			.uuid = "11111111-2222-3333-4444-55555555BBBB", /* as libfdisk writes it */
			.name = "root",
			.mount_path = "/" },
		{ .fs_label = "swap" } },
	.partition_count = 3,
	.root = 1,
};

#define KEYS "/home/anna/.ssh/authorized_keys"

static int check_line(const char *device, const char *path, const char *options, void *userdata,
	struct error *err)
{
	const struct fstab_line line = { .device = device, .path = path, .options = options };
	bool elsewhere;
	int r = fstab_check_line(&line, &plan, KEYS, &elsewhere, err);

	*(size_t *)userdata += r == 0 && elsewhere;
	return r;
}

static int fstab_check(const char *text, size_t *ret_elsewhere, struct error *err)
{
	*ret_elsewhere = 0;
	return mount_read_fstab(text, check_line, ret_elsewhere, err);
}

static void names_of_the_disk_itself_are_accepted(void **state)
{
	static const char *const texts[] = {
		"",
		"# UUID=x / ext4\n\n   \n",
		"/dev/disk/by-label/nixos / ext4 x-initrd.mount 0 1\n/dev/disk/by-label/ESP /boot "
		"vfat",
		"LABEL=nixos / ext4\n",
		"\t/dev/disk/by-uuid/" UUID "\t/\text4\n/dev/disk/by-uuid/ABCD-0123 /boot vfat\n",
		"UUID=" UUID " / ext4\n",
		"PARTUUID=" OTHER " / ext4\n",
		"/dev/disk/by-partlabel/root / ext4\n",
		/* the boot partition has no such name here */
		"PARTUUID=" OTHER " /boot vfat\n",
		"/dev/vda2 / ext4\n/dev/xvda /boot ext4\n",
		"/dev/disk/by-label/\\x45\\x53P /boot vfat\nLABEL=\"nixos\" / ext4\n",
		"/dev/disk/by-label/data /data ext4\n/dev/disk/by-label/other none swap\n",
		"tmpfs /tmp tmpfs\nserver:/nixos /nixos nfs\n",
		/* nothing of the store or of the keys is hidden */
		"/dev/disk/by-label/nixos / ext4 x-initrd.mount 0 1\n/dev/vdb /nix/persist ext4 nofail\n",
		"tmpfs /home/annabel tmpfs\n/dev/vdb /home/anna/data ext4\n/dev/vdc /nix2 ext4\n",
		"tmpfs /home tmpfs noauto\n",
		"/dev/vdb /nix/persist ext4 nofail,x-systemd.device-timeout=9\n",
		"/dev/vdb /nix/storeroom ext4\n",
		"LABEL=nixos /. ext4\nLABEL=ESP /boot/ vfat\n",
	};
	struct error err;
	size_t elsewhere;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (fstab_check(texts[i], &elsewhere, &err) < 0)
			fail_msg("%s", err.text);
}

static void other_file_systems_are_refused(void **state)
{
	static const struct {
		const char *text, *sentence;
	} cases[] = {
		{ "/dev/disk/by-label/NIXOS / ext4\n", "mounts / from /dev/disk/by-label/NIXOS" },
		{ "LABEL=root / ext4", "mounts / from LABEL=root, which is not on this disk" },
		{ "# a\nUUID=" OTHER " / ext4\n", "the label nixos and the UUID " UUID },
		{ "/dev/disk/by-partuuid/" UUID " / ext4\n", "by-partuuid" },
		{ "/dev/disk/by-partlabel/other / ext4\n", "by-partlabel/other" },
		{ "PARTLABEL=Root / ext4\n", "PARTLABEL=Root" },
		{ "LABEL=\"other\" / ext4\n", "mounts / from LABEL=" },
		{ "LABEL=\"nixos / ext4\n", "mounts / from LABEL=" },
		{ "LABEL=n / ext4\n", "mounts / from LABEL=n" },
		{ "/dev/disk/by-label/E\\x20P /boot vfat\n", "by-label/E\\x20P" },
		{ "/dev/disk/by-label/nixos\\x / ext4\n", "by-label/nixos\\x" },
		{ "/dev/disk/by-partuuid/11111111-2222-3333-4444-55555555BBBB / ext4\n",
			"55555555BBBB" },
		/* case counts in the names of udev's links, where systemd looks for a UUID, too */
		{ "UUID=11111111-2222-3333-4444-55555555AAAA / ext4\n", "55555555AAAA" },
		{ "/dev/disk/by-uuid/abcd-0123 /boot vfat\n", "by-uuid/abcd-0123" },
		/* what is no block device is not this disk */
		{ "tmpfs / tmpfs\n", "mounts / from tmpfs" },
		{ "pool/root / zfs\n", "mounts / from pool/root" },
		{ "/dev/vda2 / ext4\n/dev/disk/by-uuid/ABCD-4567 /boot vfat\n", "mounts /boot" },
		/* as nixpkgs' own virtual machines have them */
		{ "LABEL=nixos / ext4\nnix-store /nix/.ro-store 9p trans=virtio\noverlay /nix/store overlay\n",
			"mounts /nix/store from overlay" },
		{ "overlay /nix/store overlay\n", "mounts /nix/store" },
		{ "/dev/vdb /nix ext4\n", "mounts /nix from /dev/vdb" },
		{ "/dev/vdb /nix/var ext4\n", "mounts /nix/var from /dev/vdb" },
		{ "/dev/vdb /nix/var/nix/profiles ext4\n", "mounts /nix/var/nix/profiles from" },
		{ "/dev/vdb /nix/store/.links ext4\n", "mounts /nix/store/.links from" },
		{ "/dev/vdb /home ext4 noauto,x-systemd.automounted,x-systemd.automount\n",
			"hides the SSH keys" },
		{ "/dev/vdb /home ext4 noautos\n", "hides the SSH keys" },
		{ "/dev/vdb /home ext4\n", "mounts /home from /dev/vdb, which hides the SSH keys" },
		{ "tmpfs /home/anna tmpfs\n", "hides the SSH keys in " KEYS },
		{ "/dev/vdb /home/anna/.ssh ext4 noauto,x-systemd.automount\n",
			"hides the SSH keys" },
		/* the same folders */
		{ "/dev/vdb /nix/ ext4\n", "mounts /nix from /dev/vdb" },
		{ "/dev/vdb //nix ext4\n", "mounts /nix from /dev/vdb" },
		{ "/dev/vdb /nix//store/ ext4\n", "mounts /nix/store from" },
		{ "/dev/vdb /./nix/./var/. ext4\n", "mounts /nix/var from" },
		{ "/dev/vdb /home/ ext4\n", "hides the SSH keys" },
		{ "/dev/vdb /home/anna/// ext4\n", "hides the SSH keys" },
		{ "LABEL=other // ext4\n", "mounts / from LABEL=other" },
		{ "LABEL=other /boot/ vfat\n", "mounts /boot from LABEL=other" },
		/* escapes as in fstab(5) */
		{ "/dev/vdb /n\\151x ext4\n", "mounts /nix from /dev/vdb" },
		{ "LABEL=nixos\n", "line 1 is not understood" },
		{ "LABEL=nixos / ext4\n\n/dev/vda1 /boot", "line 3 is not understood" },
	};
	struct error err;
	size_t elsewhere;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(fstab_check(cases[i].text, &elsewhere, &err) < 0);
		if (!strstr(err.text, cases[i].sentence))
			fail_msg("%s", err.text);
	}
}

static void a_name_longer_than_any_is_refused(void **state)
{
	char text[700] = "LABEL=";
	struct error err;
	size_t elsewhere;

	(void)state;
	memset(text + strlen("LABEL="), 'n', 600);
	strcat(text, " / ext4\n");
	assert_true(fstab_check(text, &elsewhere, &err) < 0);
	assert_non_null(strstr(err.text, "mounts / from LABEL=nnn"));
}

static void without_keys_no_mount_hides_them(void **state)
{
	const struct fstab_line line = { "/dev/vdb", "/home", "defaults" };
	struct error err;
	bool elsewhere;

	(void)state;
	assert_int_equal(fstab_check_line(&line, &plan, NULL, &elsewhere, &err), 0);
	assert_false(elsewhere);
}

static void file_systems_that_are_needed_but_elsewhere_are_reported(void **state)
{
	struct error err;
	size_t elsewhere;

	(void)state;
	assert_int_equal(fstab_check("LABEL=data /data ext4\nLABEL=x /x ext4 nofail\n"
				     "/dev/vdb /y ext4\nLABEL=ESP /efi vfat\n",
				 &elsewhere, &err),
		0);
	assert_int_equal(elsewhere, 1);
}

/* A disk without a GPT has no names of partitions, whatever they are. */
static void names_of_partitions_need_a_gpt(void **state)
{
	struct error err;
	size_t elsewhere;

	(void)state;
	plan.layout = LAYOUT_PYGRUB;
	plan.partitions[1].name[0] = '\0';
	plan.partitions[1].uuid[0] = '\0';
	assert_true(fstab_check("PARTLABEL=root / ext4\n", &elsewhere, &err) < 0);
	assert_non_null(strstr(err.text, "mounts / from PARTLABEL=root"));
	assert_true(fstab_check("/dev/disk/by-partlabel/root / ext4\n", &elsewhere, &err) < 0);
	plan.layout = LAYOUT_GPT;
	strcpy(plan.partitions[1].name, "root");
	strcpy(plan.partitions[1].uuid, OTHER);
	assert_int_equal(fstab_check("PARTLABEL=root / ext4\n", &elsewhere, &err), 0);
	plan.partitions[1].name[0] = '\0';
	assert_true(fstab_check("PARTLABEL=root / ext4\n", &elsewhere, &err) < 0);
	strcpy(plan.partitions[1].name, "root");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_the_disk_itself_are_accepted),
		cmocka_unit_test(other_file_systems_are_refused),
		cmocka_unit_test(names_of_partitions_need_a_gpt),
		cmocka_unit_test(without_keys_no_mount_hides_them),
		cmocka_unit_test(file_systems_that_are_needed_but_elsewhere_are_reported),
		cmocka_unit_test(a_name_longer_than_any_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
