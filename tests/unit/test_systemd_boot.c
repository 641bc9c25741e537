/* SPDX-License-Identifier: MIT */
/* Proves which EFI system partitions are refused, by systemd_boot, efi_program and unified_image,
 * below a root of the test's own. tests/loop/boot_menus.sh and tests/loop/external_loaders.sh
 * compare with the real loaders. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/digest.h"
#include "base/littleendian.h"
#include "guest_root.h"
#include "verify/systemd_boot.h"
#include "verify/unified_image.h"

#define SYSTEM	"/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system-guest-26.05"
#define INIT	"init=" SYSTEM "/init"
#define PROGRAM "/esp/EFI/BOOT/BOOTX64.EFI"
#define ENTRY	"/esp/loader/entries/a.conf"
#define IMAGE	"/esp/EFI/Linux/a.efi"
#define MAGIC	"#### LoaderInfo: systemd-boot 252 ####"

/* The header of an EFI program for x86-64. */
#define Z8     "\0\0\0\0\0\0\0\0"
#define KERNEL "MZ" Z8 Z8 Z8 Z8 Z8 Z8 Z8 "\0\0\x40\0\0\0PE\0\0\x64\x86\0\0" Z8 Z8

static struct boot_entry entry;
static struct plan plan = {
	.partitions = { { .fs_label = "nixos", .fs_uuid = "12-34", .mount_path = "/" } },
	.partition_count = 1,
	.system = SYSTEM,
};
static const struct boot_files both = { "/store/k", "/store/i", INIT, "" };
static const struct boot_files no_initrd = { "/store/k", "", INIT, "" };

struct section {
	const char *name;
	const void *bytes;
	size_t size_bytes;
};
#define TEXT(name, text)                                                                           \
	{                                                                                          \
		name, text, sizeof(text) - 1                                                       \
	}

/* An EFI program with these sections, up to one without a name. */
static void put_program(const char *name, const struct section *sections)
{
	static uint8_t image[32768];
	size_t at = 1024, count = 0;

	memset(image, 0, sizeof(image));
	memcpy(image, "MZ", 2);
	image[0x3c] = 0x40;
	memcpy(image + 0x40, "PE\0\0", 4);
	for (; sections[count].name; count++) {
		uint8_t *header = image + 0x58 + count * 40;

		memcpy(header, sections[count].name, strlen(sections[count].name));
		put_le32(header + 8, sections[count].size_bytes);
		put_le32(header + 16, sections[count].size_bytes);
		put_le32(header + 20, at);
		memcpy(image + at, sections[count].bytes, sections[count].size_bytes);
		at += sections[count].size_bytes;
	}
	image[0x46] = count;
	put_bytes(name, image, at);
}

/* A program whose only section has a name, and reaches beyond its end. */
static void put_damaged(const char *name, const char *section)
{
	uint8_t image[1024] = "MZ";

	image[0x3c] = 0x40;
	memcpy(image + 0x40, "PE\0\0", 4);
	image[0x46] = 1;
	memcpy(image + 0x58, section, strlen(section));
	put_le32(image + 0x58 + 8, 9999);
	put_le32(image + 0x58 + 16, 9999);
	put_bytes(name, image, sizeof(image));
}

static void put_loader_as(const char *name)
{
	static const struct section loader[] = { TEXT(".sdmagic", MAGIC), { NULL, NULL, 0 } };

	put_program(name, loader);
}

/* systemd-boot with one entry that starts the system. */
static int make_esp(void **state)
{
	static const char *const folders[] = { "/store", "/esp", "/esp/EFI", "/esp/EFI/BOOT",
		"/esp/EFI/Linux", "/esp/loader", "/esp/loader/entries" };

	(void)state;
	plan.architecture = architecture_find("x86_64");
	make_root(folders, sizeof(folders) / sizeof(folders[0]));
	put_bytes("/store/k", KERNEL, sizeof(KERNEL) - 1);
	put("/store/i", "initrd");
	put_bytes("/esp/k", KERNEL, sizeof(KERNEL) - 1);
	put("/esp/i", "initrd and secrets");
	put_loader_as(PROGRAM);
	put(ENTRY, "title a\nlinux /k\ninitrd /i\noptions " INIT "\n");
	return 0;
}

static int remove_esp(void **state)
{
	(void)state;
	remove_root();
	return 0;
}

#define KERNEL_BYTES (sizeof(KERNEL) - 1)

static void put_arm_kernel(const char *name)
{
	char kernel[KERNEL_BYTES + 1] = KERNEL;

	kernel[0x44] = 0x64;
	kernel[0x45] = (char)0xaa;
	put_bytes(name, kernel, KERNEL_BYTES);
}

static void boots_with(const struct boot_files *files, const char *sentence)
{
	struct error err = { 0 };

	says(systemd_boot_verify(root, "/esp", &plan, files, &entry, &err), &err, sentence);
}

static void boots(const char *sentence)
{
	boots_with(&both, sentence);
}

static void boots_externally(const char *sentence)
{
	struct error err = { 0 };

	says(systemd_boot_verify_external(root, "/esp", &plan, &both, &entry, &err), &err,
		sentence);
}

static void is_image(const struct boot_files *files, const char *sentence)
{
	struct error err = { 0 };

	says(unified_image_check(root, "/esp", "/EFI/Linux/a.efi", files, &err), &err, sentence);
}

static void the_program_has_to_be_systemd_boot(void **state)
{
	static const struct section other[] = { TEXT(".sdmagic", "#### Loader"),
		{ NULL, NULL, 0 } },
				    third[] = { TEXT(".sdmagic",
							"#### LoaderInfo: another-boot 252 ####"),
					    { NULL, NULL, 0 } },
				    arm[] = { TEXT(".text", "x"), TEXT("", MAGIC),
					    { NULL, NULL, 0 } },
				    stub[] = { TEXT(".text", "x"),
					    TEXT("", "#### LoaderInfo: systemd-stub 252 ####"),
					    { NULL, NULL, 0 } };

	(void)state;
	boots(NULL);
	assert_true(entry.known);
	put_program(PROGRAM, arm);
	boots(NULL);
	put_program(PROGRAM, stub);
	boots("is not systemd-boot");
	put_program(PROGRAM, other);
	boots("is not systemd-boot");
	put_program(PROGRAM, third);
	boots("is not systemd-boot");
	put_damaged(PROGRAM, ".sdmagic");
	boots("beyond its end");
	put_damaged(PROGRAM, ".linux");
	boots("beyond its end");
	put(PROGRAM, "#!/bin/sh\n");
	boots("is not an EFI program");
	drop(PROGRAM);
	boots("BOOTX64.EFI");
}

/* As a user from whom the folder is hidden: root may read everything. */
static void cannot_read(const char *folder, const char *sentence)
{
	uid_t user = geteuid();
	struct error err = { 0 };
	char path[128];
	int r;

	snprintf(path, sizeof(path), "%s%s", root, folder);
	assert_int_equal(chmod(root, 0755), 0);
	assert_int_equal(chmod(path, 0), 0);
	assert_int_equal(seteuid(user ? user : 65534), 0);
	r = systemd_boot_verify(root, "/esp", &plan, &both, &entry, &err);
	assert_int_equal(seteuid(user), 0);
	assert_int_equal(chmod(path, 0755), 0);
	says(r, &err, sentence);
}

/* A folder that cannot be read is not an empty one. */
static void folders_that_cannot_be_read_are_errors(void **state)
{
	(void)state;
	cannot_read("/esp/loader/entries", "read the boot entries in");
	cannot_read("/esp/EFI/Linux", "read the boot entries in");
	boots(NULL);
	drop("/esp/EFI/Linux");
	make_below("/hidden");
	link_to("/hidden/linux", "/esp/EFI/Linux");
	cannot_read("/hidden", "Permission denied");
	drop("/esp/EFI/Linux");
	put("/esp/EFI/Linux", "a file");
	boots(NULL);
}

/* Each architecture has its program, and ignores entries of others. */
static void program_and_entry_are_of_the_guests_architecture(void **state)
{
	(void)state;
	put(ENTRY, "linux /k\ninitrd /i\narchitecture X64\noptions " INIT "\n");
	boots(NULL);
	put(ENTRY, "linux /k\ninitrd /i\narchitecture aa64\noptions " INIT "\n");
	boots("no boot entry");
	plan.architecture = architecture_find("aarch64");
	boots("BOOTAA64.EFI");
	put_loader_as("/esp/EFI/BOOT/BOOTAA64.EFI");
	boots("/store/k is an EFI program for another architecture than aarch64");
	put_arm_kernel("/store/k");
	put_arm_kernel("/esp/k");
	boots(NULL);
}

/* It would be loaded, and started by nothing. */
static void the_kernel_has_to_be_an_efi_program(void **state)
{
	static const struct section image[] = { TEXT(".cmdline", INIT), TEXT(".linux", "kernel"),
		TEXT(".initrd", "initrd"), { NULL, NULL, 0 } };
	char zeros[KERNEL_BYTES] = "MZ";

	(void)state;
	put("/store/k", "kernel");
	put("/esp/k", "kernel");
	boots("UEFI cannot start the kernel, which has to be built with CONFIG_EFI_STUB for x86_64: "
	      "/store/k is not an EFI program");
	put_bytes("/store/k", zeros, sizeof(zeros));
	boots("/store/k is not an EFI program");
	put("/store/k", "kernel");
	put_program(PROGRAM, image);
	boots_externally("/store/k is not an EFI program");
	drop("/store/k");
	boots_externally("/store/k");
	make_below("/store/k");
	boots_externally("/store/k");
}

static void a_device_tree_has_to_be_there(void **state)
{
	static const struct boot_files tree = { "/store/k", "/store/i", INIT, "/store/tree" };

	(void)state;
	put(ENTRY, "linux /k\ninitrd /i\ndevicetree /tree\noptions " INIT "\n");
	boots("/tree in");
	put("/esp/tree", "tree");
	boots(NULL);
	assert_false(entry.known);
	boots_with(&tree, "/store/tree in");
	drop("/esp/tree");
	boots_with(&tree, "/tree in");
	put("/esp/tree", "tree");
	put("/store/tree", "other");
	boots_with(&tree, "/esp/tree");
	put("/store/tree", "tree");
	boots_with(&tree, NULL);
}

static void an_entry_that_is_not_understood_does_not_start(void **state)
{
	(void)state;
	put("/esp/loader/entries/b.conf", "linux /k\nx y\n");
	put("/esp/loader/loader.conf", "default a.conf\n");
	boots(NULL);
	put("/esp/loader/loader.conf", "default b.conf\n");
	boots("b.conf line 2 is not understood: x y");
}

static void other_files_are_no_entries(void **state)
{
	(void)state;
	put("/esp/loader/entries/.conf", "x y\n");
	put("/esp/loader/entries/auto-z.conf", "x y\n");
	put("/esp/loader/entries/README", "x y\n");
	put("/esp/loader/entries/x", "x y\n");
	put("/esp/loader/loader.conf", "timeout 5\n");
	boots(NULL);
	put("/esp/loader/loader.conf", "timeout menu-force\n");
	boots("waits for ever");
	drop("/esp/loader/loader.conf");
	make_below("/esp/loader/loader.conf");
	boots("loader.conf");
}

static void an_entry_has_to_start_the_system(void **state)
{
	(void)state;
	boots_with(&no_initrd, NULL);
	put(ENTRY, "title a\nlinux /k\noptions " INIT "\n");
	boots_with(&no_initrd, NULL);
	boots("it has no initrd");
	put(ENTRY, "title a\nefi /k\noptions " INIT "\n");
	boots("instead of a kernel");
	put(ENTRY, "title a\nlinux /k\ninitrd /none\noptions " INIT "\n");
	boots("/none");
	put(ENTRY, "title a\nlinux /k\ninitrd /loader\noptions " INIT "\n");
	boots("is not a file");
	put("/esp/i", "another");
	put(ENTRY, "title a\nlinux /k\ninitrd /i\ninitrd /k\noptions " INIT "\n");
	boots("/esp/k");
	put(ENTRY, "title a\nlinux /k\ninitrd /i\noptions quiet\n");
	boots("does not start the system");
	put(ENTRY, "title a\nlinux /none\n");
	boots("has no boot entry with a kernel");
	put(ENTRY, "initrd /i\nuki-url x\n");
	boots("is not understood");
	drop(ENTRY);
	make_below(ENTRY);
	boots("a.conf");
}

static void the_store_has_to_have_the_files(void **state)
{
	(void)state;
	put("/esp/k", "another");
	boots("/esp/k");
	drop("/store/k");
	boots("/store/k");
}

static void there_are_not_too_many_entries(void **state)
{
	char name[64];

	(void)state;
	for (int i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "/esp/loader/entries/%d.conf", i);
		put(name, "linux /k\noptions " INIT "\n");
	}
	boots("boot entries");
}

static void an_unknown_program_may_start_every_entry(void **state)
{
	static const struct section other[] = { TEXT(".text", "x"), { NULL, NULL, 0 } };

	(void)state;
	boots_externally(NULL);
	put_program(PROGRAM, other);
	boots_externally(NULL);
	put("/esp/loader/entries/b.conf", "linux /k\noptions quiet\n");
	boots_externally("each boot entry has to start this system: The boot entry b.conf");
	put("/esp/loader/entries/b.conf", "linux /none\n");
	boots_externally("The boot entry b.conf has no kernel");
	drop("/esp/loader/entries/b.conf");
	drop(ENTRY);
	boots_externally("it cannot be known what it starts");
	put_damaged(PROGRAM, ".sdmagic");
	boots_externally("beyond its end");
}

#define RELEASE TEXT(".osrel", "ID=nixos\nNAME=NixOS\nVERSION_ID=1\n")
#define CMDLINE TEXT(".cmdline", INIT)
#define LINUX	TEXT(".linux", KERNEL)
#define INITRD	TEXT(".initrd", "initrd and secrets")

static void images_are_entries_too(void **state)
{
	static char long_text[9000];
	static const struct section good[] = { RELEASE, CMDLINE, LINUX, INITRD, { NULL, NULL, 0 } },
				    nameless[] = { CMDLINE, LINUX, INITRD, { NULL, NULL, 0 } },
				    options[] = { RELEASE, TEXT(".cmdline", "quiet"), LINUX, INITRD,
					    { NULL, NULL, 0 } };
	const struct section long_release[] = { { ".osrel", long_text, sizeof(long_text) },
		{ NULL, NULL, 0 } };
	const struct section long_options[] = { RELEASE,
		{ ".cmdline", long_text, sizeof(long_text) }, { NULL, NULL, 0 } };

	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	drop(ENTRY);
	put_program(IMAGE, good);
	boots(NULL);
	put_program(IMAGE, nameless);
	boots("has no boot entry with a kernel");
	put_program(IMAGE, options);
	boots("does not start the system");
	put_program(IMAGE, long_release);
	boots("too long a section .osrel");
	put_program(IMAGE, long_options);
	boots("too long a section .cmdline");
	put_damaged(IMAGE, ".osrel");
	boots("beyond its end");
	drop(IMAGE);
	make_below(IMAGE);
	boots("a.efi");
}

static void the_program_may_be_an_image(void **state)
{
	static char long_text[5000];
	static const struct section good[] = { CMDLINE, LINUX, INITRD, { NULL, NULL, 0 } },
				    quiet[] = { LINUX, INITRD, { NULL, NULL, 0 } };
	const struct section long_options[] = { LINUX, { ".cmdline", long_text, sizeof(long_text) },
		{ NULL, NULL, 0 } };

	(void)state;
	put_program(PROGRAM, good);
	boots_externally(NULL);
	put_program(PROGRAM, quiet);
	boots_externally("does not start the system");
	put_program(PROGRAM, long_options);
	boots_externally("too long a section .cmdline");
	put_damaged(PROGRAM, ".linux");
	boots_externally("beyond its end");
}

static void an_image_has_the_files_of_the_store(void **state)
{
	static const struct section good[] = { LINUX, INITRD, { NULL, NULL, 0 } },
				    no_kernel[] = { INITRD, { NULL, NULL, 0 } },
				    kernel_alone[] = { LINUX, { NULL, NULL, 0 } },
				    longer[] = { TEXT(".linux", KERNEL "2"), { NULL, NULL, 0 } },
				    short_initrd[] = { LINUX, TEXT(".initrd", "init"),
					    { NULL, NULL, 0 } };

	(void)state;
	put_program(IMAGE, good);
	is_image(&both, NULL);
	is_image(&no_initrd, NULL);
	put_program(IMAGE, kernel_alone);
	is_image(&no_initrd, NULL);
	is_image(&both, "has no section .initrd");
	put_program(IMAGE, no_kernel);
	is_image(&both, "has no section .linux");
	put_program(IMAGE, longer);
	is_image(&no_initrd, "differs from /store/k");
	put_program(IMAGE, short_initrd);
	is_image(&both, "differs from /store/i");
	drop("/store/k");
	is_image(&both, "/store/k");
	put_damaged(IMAGE, ".linuxh");
	is_image(&both, "beyond its end");
	put_damaged(IMAGE, ".linux");
	is_image(&both, "beyond its end");
	drop(IMAGE);
	is_image(&both, "a.efi");
}

/* As lanzaboote's stub reads them. */
static void an_image_may_name_its_files(void **state)
{
	static char long_name[5000];
	uint8_t sum[SHA256_BYTES];
	const struct section good[] = { TEXT(".linux", "\\EFI\\k"), { ".linuxh", sum, sizeof(sum) },
		{ NULL, NULL, 0 } };
	const struct section short_sum[] = { TEXT(".linux", "\\EFI\\k"), { ".linuxh", sum, 31 },
		{ NULL, NULL, 0 } };
	const struct section long_path[] = { { ".linux", long_name, sizeof(long_name) },
		{ ".linuxh", sum, sizeof(sum) }, { NULL, NULL, 0 } };

	(void)state;
	memset(long_name, 'x', sizeof(long_name));
	digest_sha256(KERNEL, sizeof(KERNEL) - 1, sum);
	put_bytes("/esp/EFI/k", KERNEL, sizeof(KERNEL) - 1);
	put_program(IMAGE, good);
	is_image(&no_initrd, NULL);
	put_program(IMAGE, short_sum);
	is_image(&no_initrd, "does not have the SHA-256");
	put_program(IMAGE, long_path);
	is_image(&no_initrd, "too long a section .linux");
	sum[0] ^= 1;
	put_program(IMAGE, good);
	is_image(&no_initrd, "does not have the SHA-256");
	drop("/esp/EFI/k");
	is_image(&no_initrd, "/EFI/k");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_esp, remove_esp)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_program_has_to_be_systemd_boot),
		TEST(folders_that_cannot_be_read_are_errors),
		TEST(program_and_entry_are_of_the_guests_architecture),
		TEST(the_kernel_has_to_be_an_efi_program),
		TEST(a_device_tree_has_to_be_there),
		TEST(an_entry_that_is_not_understood_does_not_start),
		TEST(other_files_are_no_entries),
		TEST(an_entry_has_to_start_the_system),
		TEST(the_store_has_to_have_the_files),
		TEST(there_are_not_too_many_entries),
		TEST(an_unknown_program_may_start_every_entry),
		TEST(images_are_entries_too),
		TEST(the_program_may_be_an_image),
		TEST(an_image_has_the_files_of_the_store),
		TEST(an_image_may_name_its_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
