/* SPDX-License-Identifier: MIT */
/* Proves what is refused of GRUB's files on an installed disk, and by efi_program of the program
 * that UEFI starts, below a root of the test's own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "guest_root.h"
#include "verify/boot_loader.h"

#define SYSTEM	   "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system-guest-26.05"
#define MENU_OF(x) "set timeout=0\n" x "menuentry a {\n"
#define INIT	   " init=" SYSTEM "/init\n"
#define GRUB	   "/boot/grub/"
#define EFI	   "/boot/efi/EFI/BOOT/BOOTX64.EFI"

static uint8_t disk[4096];
static int disk_fd;
static struct plan plan;
static struct manifest manifest;
static struct boot_entry entry;
static const struct boot_files files = { "/store/k", "/store/i", "init=" SYSTEM "/init", "" };
static const struct boot_files no_initrd = { "/store/k", "", "init=" SYSTEM "/init", "" };

static void make_grub_disk(void)
{
	uint8_t boot[512], core[1024];

	memset(boot, 0xb0, sizeof(boot));
	memset(core, 0xc0, sizeof(core));
	put_bytes(GRUB "i386-pc/boot.img", boot, sizeof(boot));
	put_bytes(GRUB "i386-pc/core.img", core, sizeof(core));
	memcpy(disk, boot, sizeof(boot));
	memset(disk + 0x5c, 0, 8);
	disk[0x5c] = 1;
	disk[510] = 0x55;
	disk[511] = 0xaa;
	memcpy(disk + 512, core, sizeof(core));
	disk_fd = memfd_create("disk", MFD_CLOEXEC);
	assert_int_equal(write(disk_fd, disk, sizeof(disk)), sizeof(disk));
}

/* A guest of layout gpt that boots by both firmwares, from which each test changes one thing. */
static int make_guest(void **state)
{
	static const char *const folders[] = { "/store", "/boot", "/boot/efi", "/boot/efi/EFI",
		"/boot/efi/EFI/BOOT", "/boot/grub", GRUB "i386-pc" };
	char program[1024] = "MZ";

	program[0x3c] = 0x40;
	memcpy(program + 0x40, "PE\0\0\x64\x86", 6);

	(void)state;
	make_root(folders, sizeof(folders) / sizeof(folders[0]));
	put("/store/k", "kernel");
	put("/store/i", "initrd");
	put("/boot/s", "secrets");
	put_bytes(EFI, program, sizeof(program));
	put(GRUB "grub.cfg",
		MENU_OF("search --set=d --label nixos\n") " linux ($d)/store/k" INIT
							  " initrd ($d)/store/i ($d)/boot/s\n}\n");
	make_grub_disk();
	plan = (struct plan){ .layout = LAYOUT_GPT,
		.architecture = architecture_find("x86_64"),
		.system = SYSTEM,
		.partitions = { { .role = ROLE_BIOS_BOOT },
			{ .role = ROLE_ESP,
				.fs = FS_VFAT,
				.fs_label = "ESP",
				.fs_uuid = "1234-ABCD",
				.mount_path = "/boot/efi" },
			{ .role = ROLE_ROOT,
				.fs = FS_EXT4,
				.fs_label = "nixos",
				.fs_uuid = "12-34",
				.mount_path = "/" } },
		.partition_count = 3,
		.root = 2 };
	manifest = (struct manifest){ .boot_loader = "grub",
		.firmware = FIRMWARE_BIOS | FIRMWARE_UEFI };
	return 0;
}

static int remove_guest(void **state)
{
	(void)state;
	close(disk_fd);
	remove_root();
	return 0;
}

static void boots_with(const struct boot_files *wanted, const char *sentence)
{
	const struct verify_request request = { .plan = &plan,
		.manifest = &manifest,
		.root = root,
		.disk_fd = disk_fd,
		.first_sector = disk };
	struct error err = { 0 };

	says(boot_loader_verify(&request, wanted, &entry, &err), &err, sentence);
}

static void boots(const char *sentence)
{
	boots_with(&files, sentence);
}

/* A menu whose files are on the device of a search. */
static void use_menu(const char *search, const char *kernel)
{
	char text[512];

	snprintf(text, sizeof(text), MENU_OF("search --set=d %s\n") " linux ($d)%s" INIT "}\n",
		search, kernel);
	put(GRUB "grub.cfg", text);
}

static void grub_and_its_files_are_found(void **state)
{
	(void)state;
	boots(NULL);
	assert_true(entry.known);
	assert_int_equal(entry.initrd_count, 2);
	put(GRUB "grubenv", "# GRUB Environment Block\nx=y\n");
	boots(NULL);
	manifest.firmware = FIRMWARE_UEFI;
	boots(NULL);
	manifest.firmware = FIRMWARE_BIOS;
	boots(NULL);
}

static void file_systems_are_found_as_grub_finds_them(void **state)
{
	(void)state;
	use_menu("--label nixos", "/store/k");
	boots_with(&no_initrd, NULL);
	use_menu("--label NIXOS", "/store/k");
	boots_with(&no_initrd, "a file system NIXOS that this disk does not have");
	use_menu("--fs-uuid 12-34", "/store/k");
	boots_with(&no_initrd, NULL);
	put("/boot/efi/k", "kernel");
	use_menu("--fs-uuid 1234-abcd", "/k");
	boots_with(&no_initrd, NULL);
	/* "/" is the file system of /boot, the root's or its own */
	put(GRUB "grub.cfg", MENU_OF("") " linux /store/k" INIT "}\n");
	boots_with(&no_initrd, NULL);
	plan.partitions[1].mount_path[strlen("/boot")] = '\0';
	put("/boot/k", "kernel");
	make_below("/boot/EFI");
	make_below("/boot/EFI/BOOT");
	put(GRUB "grub.cfg", MENU_OF("") " linux /k" INIT "}\n");
	boots_with(&no_initrd, "/boot/EFI/BOOT/BOOTX64.EFI");
}

static void a_menu_has_to_start_the_system(void **state)
{
	(void)state;
	put(GRUB "grub.cfg", MENU_OF("search --set=d --label nixos\n") " linux ($d)/store/k\n}\n");
	boots("does not start the system");
	use_menu("--label nixos", "/store/k");
	boots("the entry has no initrd");
	use_menu("--label nixos", "/store/i");
	boots("/store/i");
	put(GRUB "grub.cfg", "configfile /x\n");
	boots("the command configfile");
	make_below(GRUB "grubenv");
	boots("grubenv");
	drop(GRUB "grub.cfg");
	boots("grub.cfg");
}

static void initrds_have_to_be_there(void **state)
{
	(void)state;
	put("/boot/s", "");
	boots("is empty or not a file");
	drop("/boot/s");
	boots("/boot/s");
	make_below("/boot/s");
	boots("is empty or not a file");
	put(GRUB "grub.cfg",
		MENU_OF("search --set=d --label nixos\n") " linux ($d)/store/k" INIT
							  " initrd ($d)/boot/efi/i\n}\n");
	put("/boot/efi/i", "another");
	boots("/boot/efi/i");
}

static void the_disk_has_to_start_grub(void **state)
{
	(void)state;
	disk[0x100] ^= 1;
	boots("first sector is not the one that GRUB has installed");
	drop(GRUB "i386-pc/boot.img");
	drop(GRUB "i386-pc/core.img");
	drop(GRUB "i386-pc");
	boots("i386-pc");
}

static void uefi_has_to_find_a_program(void **state)
{
	char no_program[1024] = "ZM";

	(void)state;
	put(EFI, "MZ");
	boots("is not an EFI program");
	put_bytes(EFI, no_program, sizeof(no_program));
	boots("is not an EFI program");
	no_program[0] = 'M';
	no_program[1] = 'Z';
	no_program[0x3c] = 0x40;
	memcpy(no_program + 0x40, "PE\0\0\x64\xaa", 6);
	put_bytes(EFI, no_program, sizeof(no_program));
	boots("BOOTX64.EFI is an EFI program for another architecture than x86_64");
	drop(EFI);
	boots("so UEFI cannot start it");
	make_below(EFI);
	boots("read ");
	drop(EFI);
	drop("/boot/efi/EFI/BOOT");
	put("/boot/efi/EFI/BOOT", "x");
	boots("BOOT");
}

static void another_boot_loader_has_entries(void **state)
{
	(void)state;
	strcpy(manifest.boot_loader, "systemd-boot");
	boots("BOOTX64.EFI on the EFI system partition is not systemd-boot");
	strcpy(manifest.boot_loader, "external");
	boots("BOOTX64.EFI is neither systemd-boot nor");
	plan.architecture = architecture_find("aarch64");
	boots("BOOTAA64.EFI, so UEFI cannot start it");
}

static void the_boot_loader_of_a_disk_is_told_by_its_files(void **state)
{
	struct manifest found = { .firmware = 0 };

	(void)state;
	boot_loader_find(root, &plan, disk, &found);
	assert_string_equal(found.boot_loader, "grub");
	assert_int_equal(found.firmware, FIRMWARE_BIOS | FIRMWARE_UEFI);
	drop(GRUB "i386-pc/boot.img");
	drop(GRUB "i386-pc/core.img");
	drop(GRUB "i386-pc");
	boot_loader_find(root, &plan, disk, &found);
	assert_int_equal(found.firmware, FIRMWARE_BIOS | FIRMWARE_UEFI);
	plan.architecture = architecture_find("aarch64");
	boot_loader_find(root, &plan, disk, &found);
	assert_int_equal(found.firmware, FIRMWARE_UEFI);
	plan.architecture = architecture_find("x86_64");
	memset(disk, 0, 512);
	boot_loader_find(root, &plan, disk, &found);
	assert_int_equal(found.firmware, FIRMWARE_UEFI);
	drop(GRUB "grub.cfg");
	drop("/boot/grub");
	boot_loader_find(root, &plan, disk, &found);
	assert_string_equal(found.boot_loader, "external");
	plan.layout = LAYOUT_BIOS;
	found.boot_loader[0] = '\0';
	boot_loader_find(root, &plan, disk, &found);
	assert_string_equal(found.boot_loader, "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_guest, remove_guest)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(grub_and_its_files_are_found),
		TEST(file_systems_are_found_as_grub_finds_them),
		TEST(a_menu_has_to_start_the_system),
		TEST(initrds_have_to_be_there),
		TEST(the_disk_has_to_start_grub),
		TEST(uefi_has_to_find_a_program),
		TEST(another_boot_loader_has_entries),
		TEST(the_boot_loader_of_a_disk_is_told_by_its_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
