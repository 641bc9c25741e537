/* SPDX-License-Identifier: MIT */
/* Proves what is refused of the files that a host or pygrub starts: host_boot and pygrub_disk,
 * below a root of the test's own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "guest_root.h"
#include "verify/host_boot.h"
#include "verify/pygrub_disk.h"

#define SYSTEM "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system-guest-26.05"
#define MENU(...)                                                                                  \
	"set timeout=0\nmenuentry \"a\" {\n linux /kernels/k init=" SYSTEM "/init\n" __VA_ARGS__   \
	"}\n"

static char kernel[1024];
static struct boot_entry entry;

static struct plan plan = {
	.partitions = { { .fs_label = "NIXROOT", .fs_uuid = "12-34", .mount_path = "/" } },
	.partition_count = 1,
	.system = SYSTEM,
};
static const struct boot_files both = { "/nix/store/k", "/nix/store/i", "init=" SYSTEM "/init",
	"" };
static const struct boot_files no_initrd = { "/nix/store/k", "", "init=" SYSTEM "/init", "" };

/* A guest whose kernel has Xen's note, with the menu that boots it. */
static int make_guest(void **state)
{
	static const char *const folders[] = { "/boot", "/boot/kernels", "/boot/grub", "/nix",
		"/nix/store", SYSTEM };

	(void)state;
	plan.architecture = architecture_find("x86_64");
	make_root(folders, sizeof(folders) / sizeof(folders[0]));
	memcpy(kernel, "\177ELF", 4);
	memcpy(kernel + 512, "\4\0\0\0\10\0\0\0\1\0\0\0Xen", 16);
	put_bytes("/nix/store/k", kernel, sizeof(kernel));
	put("/nix/store/i", "initrd");
	put_bytes("/boot/kernels/k", kernel, sizeof(kernel));
	put("/boot/kernels/i", "initrd");
	put("/boot/grub/grub.cfg", MENU(" initrd /kernels/i\n"));
	put(SYSTEM "/boot.json",
		"{\"org.nixos.bootspec.v1\":{\"init\":\"" SYSTEM
		"/init\",\"initrd\":\"/nix/store/i\","
		"\"kernel\":\"/nix/store/k\",\"kernelParams\":[\"quiet\"],\"label\":\"x\","
		"\"system\":\"x86_64-linux\",\"toplevel\":\"" SYSTEM "\"}}");
	return 0;
}

static int remove_guest(void **state)
{
	(void)state;
	remove_root();
	return 0;
}

static void by_the_host(const struct boot_files *files, const char *sentence)
{
	struct error err = { 0 };

	says(host_boot_verify(root, &plan, files, &entry, &err), &err, sentence);
}

static void by_pygrub(const struct boot_files *files, const char *sentence)
{
	struct error err = { 0 };

	says(pygrub_disk_verify(root, &plan, files, &entry, &err), &err, sentence);
}

static void writes_a_menu(const char *sentence)
{
	struct error err = { 0 };

	says(pygrub_disk_write_menu(root, SYSTEM, &err), &err, sentence);
}

static void a_host_starts_a_kernel_and_its_initrd(void **state)
{
	static const struct boot_files other = { "/nix/store/k", "/nix/store/i", "init=/bin/sh",
		"" };
	struct error err = { 0 };

	(void)state;
	by_the_host(&both, NULL);
	assert_int_equal(entry.initrd_count, 1);
	by_the_host(&no_initrd, NULL);
	assert_int_equal(entry.initrd_count, 0);
	by_the_host(&other, "does not start the system");
	put("/nix/store/i", "");
	by_the_host(&both, "is empty or not a file");
	drop("/nix/store/i");
	by_the_host(&both, "/nix/store/i");
	make_below("/nix/store/i");
	by_the_host(&both, "is empty or not a file");
	assert_true(host_boot_entry(root, "/nix/store/k", "/none", "", &entry, &err) < 0);
	assert_true(host_boot_entry(root, "/none", "", "", &entry, &err) < 0);
	put("/nix/store/k", "no kernel");
	by_the_host(&both, "is not a kernel");
	drop("/nix/store/k");
	by_the_host(&both, "/nix/store/k");
	make_below("/nix/store/k");
	by_the_host(&both, "/nix/store/k");
}

static void pygrub_starts_the_files_of_the_store(void **state)
{
	(void)state;
	by_pygrub(&both, NULL);
	put("/boot/kernels/i", "other");
	by_pygrub(&both, "/boot/kernels/i");
	drop("/boot/kernels/i");
	by_pygrub(&both, "grub.cfg");
	put("/boot/kernels/i", "");
	put("/nix/store/i", "");
	by_pygrub(&both, "is empty or not a file");
	by_pygrub(&no_initrd, "has the initrd /kernels/i, but the system has none");
	drop("/nix/store/i");
	by_pygrub(&both, "/nix/store/i");
	put("/boot/grub/grub.cfg", MENU());
	by_pygrub(&no_initrd, NULL);
	assert_int_equal(entry.initrd_count, 0);
	by_pygrub(&both, "has no initrd");
	put_bytes("/boot/kernels/k", kernel, 600);
	by_pygrub(&no_initrd, "/boot/kernels/k");
	put_bytes("/nix/store/k", kernel, 512);
	put_bytes("/boot/kernels/k", kernel, 512);
	by_pygrub(&no_initrd, "Xen cannot start");
	drop("/boot/kernels/k");
	by_pygrub(&no_initrd, "grub.cfg");
	put("/boot/grub/grub.cfg", "set timeout=0\nmenuentry \"a\" {\n linux /kernels/k\n}\n");
	by_pygrub(&no_initrd, "does not start the system");
	put("/boot/grub/grub.cfg", "");
	by_pygrub(&no_initrd, "grub.cfg");
	drop("/boot/grub/grub.cfg");
	by_pygrub(&no_initrd, "The boot disk has no menu that pygrub reads");
	make_below("/boot/grub/grub.cfg");
	by_pygrub(&no_initrd, "grub.cfg");
}

static void a_guest_without_a_menu_gets_one(void **state)
{
	(void)state;
	if (getuid() != 0)
		skip();
	writes_a_menu(NULL); /* there is one */
	drop("/boot/grub/grub.cfg");
	writes_a_menu(NULL);
	by_pygrub(&both, NULL);
	assert_string_equal(entry.command_line, "init=" SYSTEM "/init quiet");
	drop("/boot/grub/grub.cfg");
	put(SYSTEM "/boot.json", "{\"org.nixos.bootspec.v1\":{\"init\":\"" SYSTEM
				 "/init\",\"kernel\":\"/nix/store/k\","
				 "\"kernelParams\":[],\"label\":\"x\",\"system\":\"x86_64-linux\","
				 "\"toplevel\":\"" SYSTEM "\"}}");
	writes_a_menu(NULL);
	by_pygrub(&no_initrd, NULL);
}

static void a_menu_is_not_written_without_its_files(void **state)
{
	(void)state;
	if (getuid() != 0)
		skip();
	drop("/boot/grub/grub.cfg");
	drop("/nix/store/i");
	writes_a_menu("/nix/store/i");
	drop("/nix/store/k");
	writes_a_menu("/nix/store/k");
	drop("/boot/grub");
	put("/boot/grub", "a file");
	writes_a_menu("/boot/grub");
	drop(SYSTEM "/boot.json");
	writes_a_menu("kernel");
	drop("/boot/grub");
	put("/k", "x");
	put("/nix/store/i", "x");
	link_to("../../../k", SYSTEM "/kernel");
	link_to("../i", SYSTEM "/initrd");
	put(SYSTEM "/kernel-params", "quiet");
	writes_a_menu(NULL); /* as a system before bootspec, its kernel outside of the store */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_guest, remove_guest)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_host_starts_a_kernel_and_its_initrd),
		TEST(pygrub_starts_the_files_of_the_store),
		TEST(a_guest_without_a_menu_gets_one),
		TEST(a_menu_is_not_written_without_its_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
