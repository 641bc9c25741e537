/* SPDX-License-Identifier: MIT */
/* Proves that a good manifest is read whole, and that every bad one is refused by the member's
 * name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plan/manifest.h"

#define SYSTEM "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-nixos-system-guest-26.05"

/* The members of a good manifest, from which tests replace one. */
static const struct {
	const char *name;
	const char *value;
} members[] = {
	{ "version", "1" },
	{ "system", "\"" SYSTEM "\"" },
	{ "layout", "\"gpt\"" },
	{ "mounts", "[{\"path\":\"/\",\"fstype\":\"ext4\",\"label\":\"nixos\"},"
		    "{\"path\":\"/"
		    "boot\",\"fstype\":\"vfat\",\"label\":\"ESP\",\"uuid\":\"12AB-34CD\"}]" },
	{ "bootloader", "{\"type\":\"grub\",\"device\":\"/dev/vda\",\"efi\":true}" },
	{ "firmware", "[\"bios\",\"uefi\"]" },
	{ "nar_bytes", "123456789" },
	{ "files", "4321" },
	{ "ssh", "{\"enabled\":true,\"authorized_keys_files\":[\"%h/.ssh/authorized_keys\"]}" },
};

/* The good manifest with the value of one member replaced; value NULL leaves the member out, and
 * an unknown name is added. */
static const char *with(const char *name, const char *value)
{
	static char text[32768];
	const char *comma = "";
	char *p = text;
	int found = 0;

	*p++ = '{';
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		int this = name && strcmp(members[i].name, name) == 0;

		found |= this;
		if (this && !value)
			continue;
		p += sprintf(
			p, "%s\"%s\":%s", comma, members[i].name, this ? value : members[i].value);
		comma = ",";
	}
	if (name && !found)
		p += sprintf(p, ",\"%s\":%s", name, value);
	sprintf(p, "}");
	return text;
}

static void refuses_text(const char *text, size_t size_bytes, const char *says)
{
	struct manifest manifest = { .files = 77 };
	struct error err = { 0 };

	assert_true(manifest_parse(text, size_bytes, &manifest, &err) < 0);
	assert_int_equal(err.code, EXIT_CONFIGURATION);
	assert_int_equal(manifest.files, 77);
	if (strncmp(err.text, says, strlen(says)) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"", err.text, says);
}

static void refuses(const char *name, const char *value, const char *says)
{
	const char *text = with(name, value);

	refuses_text(text, strlen(text), says);
}

static struct manifest accepts(const char *name, const char *value)
{
	const char *text = with(name, value);
	struct manifest manifest;
	struct error err = { 0 };

	if (manifest_parse(text, strlen(text), &manifest, &err) < 0)
		fail_msg("%s", err.text);
	return manifest;
}

static void a_good_manifest_is_read_whole(void **state)
{
	struct manifest m = accepts(NULL, NULL);

	(void)state;
	assert_string_equal(m.system, SYSTEM);
	assert_int_equal(m.layout, LAYOUT_GPT);
	assert_int_equal(m.mount_count, 2);
	assert_string_equal(m.mounts[0].path, "/");
	assert_string_equal(m.mounts[0].fstype, "ext4");
	assert_string_equal(m.mounts[0].label, "nixos");
	assert_string_equal(m.mounts[0].uuid, "");
	assert_string_equal(m.mounts[1].path, "/boot");
	assert_string_equal(m.mounts[1].uuid, "12AB-34CD");
	assert_string_equal(m.swap.fstype, "");
	assert_string_equal(m.boot_loader, "grub");
	assert_string_equal(m.boot_device, "/dev/vda");
	assert_true(m.boot_efi);
	assert_int_equal(m.firmware, FIRMWARE_BIOS | FIRMWARE_UEFI);
	assert_int_equal(m.nar_bytes, 123456789);
	assert_int_equal(m.files, 4321);
	assert_true(m.ssh_enabled);
	assert_int_equal(m.ssh_key_file_count, 1);
	assert_string_equal(m.ssh_key_files[0], "%h/.ssh/authorized_keys");
}

static void other_good_values_are_taken(void **state)
{
	struct manifest m;

	(void)state;
	assert_int_equal(accepts("layout", "\"bios\"").layout, LAYOUT_BIOS);
	assert_int_equal(accepts("firmware", "[\"uefi\"]").firmware, FIRMWARE_UEFI);
	assert_string_equal(accepts("bootloader",
				    "{\"type\":\"systemd-boot\",\"device\":\"nodev\",\"efi\":true}")
				    .boot_device,
		"nodev");
	assert_string_equal(
		accepts("bootloader", "{\"type\":\"external\",\"device\":\"nodev\",\"efi\":true}")
			.boot_loader,
		"external");
	assert_false(accepts("ssh", "{\"enabled\":false}").ssh_enabled);
	assert_string_equal(accepts("version", "2").permit_root_login, "");
	m = accepts("ssh", "{\"enabled\":true,\"authorized_keys_files\":[],"
			   "\"permit_root_login\":\"no\",\"allow_users\":[\"a\",\"b*\"]}");
	assert_string_equal(m.permit_root_login, "no");
	assert_int_equal(m.allow_user_count, 2);
	assert_string_equal(m.allow_users[1], "b*");
	assert_false(m.ssh_firewalled);
	assert_true(accepts(
		"ssh", "{\"enabled\":true,\"authorized_keys_files\":[],\"firewalled\":true}")
			    .ssh_firewalled);
	assert_string_equal(m.initrd_modules, "");
	assert_string_equal(accepts("initrd_modules", "[\"xen-blkfront\",\"ahci\"]").initrd_modules,
		"xen-blkfront ahci ");
	m = accepts("swap", "{\"label\":\"swap\"}");
	assert_string_equal(m.swap.label, "swap");
	assert_string_equal(m.swap.fstype, "swap");
	m = accepts("swap", "{\"partlabel\":\"linux-swap\"}");
	assert_string_equal(m.swap.partlabel, "linux-swap");
	m = accepts("mounts",
		"[{\"path\":\"/\",\"fstype\":\"ext4\",\"partlabel\":\"disk-main-root\","
		"\"partuuid\":\"abcdef00-0000-4000-8000-000000000001\"}]");
	assert_string_equal(m.mounts[0].partlabel, "disk-main-root");
	assert_string_equal(m.mounts[0].partuuid, "abcdef00-0000-4000-8000-000000000001");
	m = accepts("swap", "{\"partuuid\":\"abcdef00-0000-4000-8000-000000000001\"}");
	assert_string_equal(m.swap.partuuid, "abcdef00-0000-4000-8000-000000000001");
	assert_string_equal(accepts("mounts", "[{\"path\":\"/\",\"fstype\":\"ext4\",\"uuid\":"
					      "\"ABCDEF00-0000-4000-8000-000000000001\"}]")
				    .mounts[0]
				    .uuid,
		"ABCDEF00-0000-4000-8000-000000000001");
}

#define OPERATOR                                                                                      \
	"{\"name\":\"operator\",\"uid\":1000,\"gid\":100,\"group\":\"users\",\"groups\":[\"wheel\"]," \
	"\"home\":\"/home/operator\",\"shell\":\"/bin/sh\",\"locked\":false}"
#define SERVICE                                                                                     \
	"{\"name\":\"sshd\",\"group\":\"sshd\",\"home\":\"/var/empty\",\"shell\":\"/bin/nologin\"," \
	"\"locked\":true}"

static void how_the_guest_comes_about_is_read(void **state)
{
	struct manifest m = accepts(NULL, NULL);

	(void)state;
	assert_true(m.activation);
	assert_false(m.etc_overlay);
	assert_false(m.accounts.used);
	assert_string_equal(m.boot_installer, "");
	assert_false(accepts("activation", "false").activation);
	m = accepts("etc", "{\"overlay\":true,\"mutable\":true}");
	assert_true(m.etc_overlay);
	assert_true(m.etc_mutable);
	m = accepts("bootloader", "{\"type\":\"grub\",\"device\":\"/dev/vda\",\"efi\":true,"
				  "\"installer\":\"" SYSTEM "\"}");
	assert_string_equal(m.boot_installer, SYSTEM);
	refuses("bootloader",
		"{\"type\":\"grub\",\"device\":\"nodev\",\"efi\":true,\"installer\":\"/bin/true\"}",
		"bootloader.installer must be a store path");
	refuses("activation", "0", "activation must be");
	refuses("etc", "{\"overlay\":true}", "etc.mutable is missing");
	refuses("etc", "{\"overlay\":true,\"mutable\":true,\"x\":1}", "etc.x is not known");
}

static void accounts_of_the_boot_are_read(void **state)
{
	struct manifest m = accepts("users", "[" OPERATOR "," SERVICE "]");
	const struct boot_account *operator= boot_accounts_find(&m.accounts, "operator");
	char text[BOOT_ACCOUNTS_TEXT_BYTES];

	(void)state;
	assert_true(m.accounts.used);
	assert_int_equal(m.accounts.count, 2);
	assert_non_null(operator);
	assert_true(operator->numbered);
	assert_false(boot_accounts_find(&m.accounts, "sshd")->numbered);
	assert_null(boot_accounts_find(&m.accounts, "root"));
	boot_accounts_passwd(&m.accounts, text);
	assert_string_equal(text, "operator:x:1000:100::/home/operator:/bin/sh\n"
				  "sshd:x:60001:60001::/var/empty:/bin/nologin\n");
	boot_accounts_group(&m.accounts, text);
	assert_string_equal(text, "users:x:100:\nwheel:x:60064:operator\nsshd:x:60001:\n");
	boot_accounts_shadow(&m.accounts, text);
	assert_string_equal(text, "operator:*:1::::::\nsshd:!*:1::::::\n");
	assert_true(accepts("users", "[]").accounts.used);
}

/* with_account MEMBER VALUE — an account with another value. */
static const char *with_account(const char *member, const char *value)
{
	static const char *const names[] = { "name", "group", "home", "shell" };
	static const char *const values[] = { "\"a\"", "\"a\"", "\"/a\"", "\"/s\"" };
	static char text[512];
	char *p = text + sprintf(text, "[{\"locked\":false");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		p += sprintf(p, ",\"%s\":%s", names[i],
			strcmp(names[i], member) == 0 ? value : values[i]);
	sprintf(p, "}]");
	return text;
}

static void accounts_of_the_boot_are_looked_at(void **state)
{
	(void)state;
	accepts("users", with_account("", ""));
	refuses("users", with_account("name", "\"a:0\""),
		"users[0].name cannot be \"a:0\" in /etc/passwd");
	refuses("users", with_account("name", "\"\""), "users[0].name cannot be \"\"");
	refuses("users", with_account("group", "\"a,b\""), "users[0].group cannot be \"a,b\"");
	refuses("users", with_account("home", "\"/../a\""),
		"users[0].home must be an absolute path");
	refuses("users", with_account("shell", "\"sh\""), "users[0].shell must be");
	refuses("users", "[" OPERATOR "," OPERATOR "]", "users[1].name is operator a second time");
	refuses("users", "[7]", "users[0] must be an object");
	refuses("users", "[{\"name\":\"a\",\"x\":1}]", "users[0].x is not known");
	refuses("users",
		"[{\"name\":\"a\",\"group\":\"a\",\"home\":\"/\",\"shell\":\"/s\",\"locked\":true,"
		"\"uid\":4294967295,\"gid\":0}]",
		"users[0].uid must be between");
	refuses("users",
		"[{\"name\":\"a\",\"group\":\"a\",\"home\":\"/\",\"shell\":\"/s\",\"locked\":true,"
		"\"groups\":[\"a:b\"]}]",
		"users[0].groups cannot contain \"a:b\"");
}

/* list_of COUNT — a JSON array of that many numbers. */
static const char *list_of(size_t count)
{
	static char text[1024];
	char *p = text + sprintf(text, "[0");

	for (size_t i = 1; i < count; i++)
		p += sprintf(p, ",0");
	sprintf(p, "]");
	return text;
}

static void an_account_with_one_number_gets_both_at_boot(void **state)
{
	struct manifest m = accepts("users",
		"[{\"name\":\"a\",\"group\":\"a\",\"home\":\"/\",\"shell\":\"/s\",\"locked\":true,"
		"\"uid\":1000}]");

	(void)state;
	assert_false(boot_accounts_find(&m.accounts, "a")->numbered);
}

#define ACCOUNT_BUT(member)                                                                        \
	"[{\"name\":\"a\",\"group\":\"a\",\"home\":\"/\",\"shell\":\"/s\",\"locked\":true," member \
	"}]"

static void every_member_of_an_account_is_looked_at(void **state)
{
	char groups[2048];

	(void)state;
	refuses("users", with_account("name", "7"), "users[0].name must be a string");
	refuses("users", with_account("group", "7"), "users[0].group must be a string");
	refuses("users", with_account("home", "7"), "users[0].home must be a string");
	refuses("users", with_account("shell", "\"\""), "users[0].shell cannot be \"\"");
	refuses("users",
		"[{\"name\":\"a\",\"group\":\"a\",\"home\":\"/\",\"shell\":\"/s\",\"locked\":0}]",
		"users[0].locked must be");
	refuses("users", ACCOUNT_BUT("\"uid\":0,\"gid\":-1"), "users[0].gid must be between");
	refuses("users", ACCOUNT_BUT("\"groups\":7"), "users[0].groups must be an array");
	refuses("users", ACCOUNT_BUT("\"groups\":[7]"), "users[0].groups[0] must be a string");
	refuses("users", ACCOUNT_BUT("\"groups\":[\"\"]"), "users[0].groups cannot contain \"\"");
	snprintf(groups, sizeof(groups), ACCOUNT_BUT("\"groups\":%s"),
		list_of(BOOT_ACCOUNT_GROUPS_MAX + 1));
	refuses("users", groups, "users[0].groups has more than");
	refuses("users", "{}", "users must be an array");
	refuses("users", list_of(BOOT_ACCOUNTS_MAX + 1), "users has more than");
}

static void every_missing_member_is_named(void **state)
{
	char says[64];

	(void)state;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		snprintf(says, sizeof(says), "%s is missing", members[i].name);
		refuses(members[i].name, NULL, says);
	}
}

static void every_wrong_type_is_named(void **state)
{
	static const char *const values[] = { "null", "true", "-1.5", "{}", "[[]]", "\"x\"" };
	char says[64];

	(void)state;
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
			snprintf(says, sizeof(says), "%s", members[i].name);
			refuses(members[i].name, values[v], says);
		}
	}
}

static void a_platform_is_one_of_the_table(void **state)
{
	(void)state;
	assert_string_equal(accepts(NULL, NULL).architecture->name, "x86_64");
	assert_string_equal(accepts("platform", "\"aarch64-linux\"").architecture->name, "aarch64");
	refuses("platform", "\"aarch64\"",
		"platform must be x86_64-linux or aarch64-linux, not \"aarch64\"");
	refuses("platform", "\"riscv64-linux\"", "platform must be x86_64-linux or aarch64-linux");
	refuses("platform", "7", "platform must be a string");
}

static void another_version_is_refused_before_anything_else(void **state)
{
	const char *text = "{\"version\":6,\"new\":1}";

	(void)state;
	refuses_text(text, strlen(text), "version is 6, but this installer reads versions up to 5");
	refuses("version", "0", "version is 0");
	refuses("version", "99999999999999", "version must be between");
}

static void unknown_members_are_refused_with_the_known_ones(void **state)
{
	(void)state;
	refuses("boot-loader", "1", "boot-loader is not known; known here are version, system");
	refuses("mounts", "[{\"path\":\"/\",\"fstype\":\"ext4\",\"lable\":\"nixos\"}]",
		"mounts[0].lable is not known; known here are path, fstype, label, uuid");
	refuses("ssh", "{\"enabled\":true,\"port\":22}", "ssh.port is not known");
	refuses("bootloader", "{\"type\":\"grub\",\"device\":\"/dev/vda\",\"efi\":true,\"x\":1}",
		"bootloader.x is not known");
}

static void paths_are_looked_at(void **state)
{
	(void)state;
	refuses("system", "\"/nix/store/short-name\"", "system must be a store path");
	refuses("system", "\"" SYSTEM "/../x\"", "system must be a store path");
	refuses("system", "\"" SYSTEM "/kernel\"", "system must be a store path");
	refuses("mounts", "[{\"path\":\"/../boot\",\"fstype\":\"ext4\",\"label\":\"x\"}]",
		"mounts[0].path must be an absolute path without . and ..");
	refuses("mounts", "[{\"path\":\"boot\",\"fstype\":\"ext4\",\"label\":\"x\"}]",
		"mounts[0].path must be");
	refuses("mounts", "[{\"path\":\"//\",\"fstype\":\"ext4\",\"label\":\"x\"}]",
		"mounts[0].path must be");
	refuses("mounts", "[{\"path\":\"/boot/\",\"fstype\":\"ext4\",\"label\":\"x\"}]",
		"mounts[0].path must be");
	refuses("bootloader", "{\"type\":\"grub\",\"device\":\"vda\",\"efi\":true}",
		"bootloader.device must be an absolute path or nodev");
}

static void mounts_are_looked_at(void **state)
{
	(void)state;
	refuses("mounts", "[]", "mounts must have 1 to 8 elements");
	refuses("mounts", "[1,2,3,4,5,6,7,8,9]", "mounts must have 1 to 8 elements");
	refuses("mounts", "[7]", "mounts[0] must be an object");
	refuses("mounts", "[{\"path\":\"/\",\"fstype\":\"\",\"label\":\"x\"}]",
		"mounts[0].fstype is empty");
	refuses("mounts", "[{\"path\":\"/\",\"fstype\":\"ext4\",\"label\":3}]",
		"mounts[0].label must be a string");
	refuses("mounts", "[{\"path\":\"/\",\"fstype\":\"ext4\",\"uuid\":3}]",
		"mounts[0].uuid must be a string");
	refuses("mounts", "[{\"path\":\"/\",\"fstype\":\"ext4\",\"partlabel\":3}]",
		"mounts[0].partlabel must be a string");
	refuses("mounts", "[{\"path\":\"/\",\"fstype\":\"ext4\",\"partuuid\":3}]",
		"mounts[0].partuuid must be a string");
	refuses("mounts", "[{\"path\":3,\"fstype\":\"ext4\",\"label\":\"x\"}]",
		"mounts[0].path must be a string");
	refuses("mounts", "[{\"path\":\"/\",\"fstype\":3,\"label\":\"x\"}]",
		"mounts[0].fstype must be a string");
	refuses("mounts", "[{\"path\":\"/\",\"fstype\":\"ext4\"}]", "mounts[0].label is missing");
	refuses("mounts", "[{\"path\":\"/\",\"fstype\":\"ext4\",\"label\":\"a b\"}]",
		"mounts[0].label cannot be \"a b\" on ext4");
	refuses("mounts", "[{\"path\":\"/b\",\"fstype\":\"vfat\",\"label\":\"twelve chars\"}]",
		"mounts[0].label cannot be \"twelve chars\" on vfat");
	refuses("mounts", "[{\"path\":\"/\",\"fstype\":\"ext4\",\"partlabel\":\"a b\"}]",
		"mounts[0].partlabel cannot be \"a b\"");
	refuses("mounts", "[{\"path\":\"/\",\"fstype\":\"ext4\",\"partuuid\":\"12345678-01\"}]",
		"mounts[0].partuuid must look like xxxxxxxx-");
	refuses("mounts", "[{\"path\":\"/b\",\"fstype\":\"vfat\",\"uuid\":\"12345678\"}]",
		"mounts[0].uuid must look like XXXX-XXXX");
	refuses("mounts",
		"[{\"path\":\"/\",\"fstype\":\"ext4\",\"label\":\"a\"},"
		"{\"path\":\"/\",\"fstype\":\"ext4\",\"label\":\"b\"}]",
		"mounts[1].path is / a second time");
	refuses("mounts", "[{\"path\":\"/\",\"fstype\":\"ext4\",\"label\":\"\\u001b[2J\"}]",
		"mounts[0].label has control characters");
}

static void a_swap_is_looked_at(void **state)
{
	(void)state;
	refuses("swap", "true", "swap must be an object");
	refuses("swap", "{}", "swap.label is missing");
	refuses("swap", "{\"label\":\"\"}",
		"swap.label is missing, and uuid, partlabel and partuuid too: one of them must "
		"say how the guest finds its swap");
	refuses("swap", "{\"uuid\":\"1234\"}", "swap.uuid must look like xxxxxxxx-");
	refuses("swap", "{\"label\":\"a b\"}", "swap.label cannot be \"a b\"");
	refuses("swap", "{\"label\":\"seventeen-letters\"}", "swap.label is longer than 16 bytes");
	refuses("swap", "{\"label\":\"swap\",\"size\":1}",
		"swap.size is not known; known here are label");
}

static void words_are_looked_at(void **state)
{
	(void)state;
	refuses("layout", "\"auto\"", "layout must be bios, gpt, pygrub or direct, not \"auto\"");
	refuses("layout", "\"lvm\"", "layout must be bios, gpt, pygrub or direct, not \"lvm\"");
	refuses("firmware", "[]", "firmware must name bios or uefi");
	refuses("firmware", "[\"efi\"]", "firmware can hold bios and uefi, not \"efi\"");
	refuses("bootloader", "{\"type\":\"lilo\",\"device\":\"nodev\",\"efi\":false}",
		"bootloader.type must be grub, systemd-boot, external or none, not \"lilo\"");
	refuses("ssh", "{\"enabled\":true}", "ssh.authorized_keys_files is missing");
	refuses("ssh",
		"{\"enabled\":true,\"authorized_keys_files\":"
		"[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]}",
		"ssh.authorized_keys_files has more than 8 elements");
}

static void every_member_of_an_object_is_looked_at(void **state)
{
	char ssh[1024];

	(void)state;
	refuses("bootloader", "{\"device\":\"nodev\",\"efi\":true}", "bootloader.type is missing");
	refuses("bootloader", "{\"type\":\"grub\",\"efi\":true}", "bootloader.device is missing");
	refuses("bootloader", "{\"type\":\"grub\",\"device\":\"nodev\"}",
		"bootloader.efi is missing");
	refuses("bootloader",
		"{\"type\":\"grub\",\"device\":\"nodev\",\"efi\":true,\"installer\":1}",
		"bootloader.installer must be a string");
	refuses("ssh", "{\"authorized_keys_files\":[]}", "ssh.enabled is missing");
	refuses("ssh", "{\"enabled\":false,\"permit_root_login\":false}",
		"ssh.permit_root_login must be a string");
	refuses("ssh", "{\"enabled\":true,\"authorized_keys_files\":[],\"firewalled\":1}",
		"ssh.firewalled must be");
	refuses("ssh", "{\"enabled\":false,\"allow_users\":\"a\"}",
		"ssh.allow_users must be an array");
	refuses("ssh", "{\"enabled\":false,\"allow_users\":[1]}",
		"ssh.allow_users[0] must be a string");
	snprintf(ssh, sizeof(ssh), "{\"enabled\":false,\"allow_users\":%s}",
		list_of(MANIFEST_USERS_MAX + 1));
	refuses("ssh", ssh, "ssh.allow_users has more than");
	refuses("ssh", "{\"enabled\":true,\"authorized_keys_files\":[\"a\",2]}",
		"ssh.authorized_keys_files[1] must be a string");
	refuses("initrd_modules", "\"ahci\"", "initrd_modules must be an array");
	refuses("initrd_modules", "[7]", "initrd_modules[0] must be a string");
	refuses("initrd_modules", "[\"ahci\",\"\"]", "initrd_modules");
	refuses("initrd_modules", "[\"a hci\"]",
		"initrd_modules has \"a hci\", which is no name of a kernel module");
	refuses("etc", "7", "etc must be an object");
	refuses("etc", "{\"overlay\":1,\"mutable\":true}", "etc.overlay must be");
}

/* 300 names of 60 bytes. */
static void more_modules_than_there_is_room_for_are_refused(void **state)
{
	static char text[300 * 64];
	char *p = text + sprintf(text, "[\"%060d\"", 0);

	(void)state;
	for (int i = 1; i < 300; i++)
		p += sprintf(p, ",\"%060d\"", i);
	sprintf(p, "]");
	refuses("initrd_modules", text, "initrd_modules has more than 16384 bytes");
}

static void the_key_files_of_a_server_that_is_off_are_read(void **state)
{
	struct manifest m = accepts(
		"ssh", "{\"enabled\":false,\"authorized_keys_files\":[\"/a\"]}");

	(void)state;
	assert_false(m.ssh_enabled);
	assert_string_equal(m.ssh_key_files[0], "/a");
}

static void a_guest_that_the_host_starts_needs_no_firmware(void **state)
{
	char text[4096];
	char *layout;
	struct manifest manifest;
	struct error err = { 0 };

	(void)state;
	snprintf(text, sizeof(text), "%s",
		with("bootloader", "{\"type\":\"none\",\"device\":\"nodev\",\"efi\":false}"));
	layout = strstr(text, "\"gpt\"");
	snprintf(layout, sizeof(text) - (layout - text), "\"direct\",\"firmware\":[],%s",
		strstr(with("firmware", NULL), "\"mounts\""));
	if (manifest_parse(text, strlen(text), &manifest, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(manifest.firmware, 0);
}

static void absurd_numbers_are_refused(void **state)
{
	(void)state;
	refuses("nar_bytes", "-1", "nar_bytes must be between 0 and");
	refuses("nar_bytes", "9223372036854775807", "nar_bytes must be between 0 and");
	refuses("nar_bytes", "1e9", "nar_bytes must be a whole number");
	refuses("nar_bytes", "99999999999999999999", "it is not well-formed JSON");
	refuses("files", "4294967297", "files must be between 0 and 4294967296");
}

static void overlong_strings_are_refused(void **state)
{
	static char value[2000];

	(void)state;
	memset(value, 'x', sizeof(value) - 1);
	value[0] = value[sizeof(value) - 2] = '"';
	refuses("system", value, "system is longer than 255 bytes");
	refuses("layout", value, "layout is longer than 15 bytes");
}

static void what_is_no_json_is_refused(void **state)
{
	static char deep[5000];
	const char *twice = "{\"version\":1,\"version\":1}";

	(void)state;
	refuses_text("", 0, "it is not well-formed JSON: line 1");
	refuses_text("{", 1, "it is not well-formed JSON");
	refuses_text("[]", 2, "the document must be a JSON object");
	refuses_text("{} x", 4, "it is not well-formed JSON");
	refuses_text("{\0}", 3, "it is not well-formed JSON");
	refuses_text("{\"a\":\"\\u0000\"}", 14, "it is not well-formed JSON");
	refuses_text("\xff\xfe{}", 4, "it is not well-formed JSON");
	refuses_text(twice, strlen(twice), "it is not well-formed JSON");
	memset(deep, '[', sizeof(deep));
	refuses_text(deep, sizeof(deep), "it is not well-formed JSON");
}

static void too_large_a_document_is_refused(void **state)
{
	size_t size_bytes = 1024 * 1024 + 1;
	char *text = malloc(size_bytes);

	(void)state;
	memset(text, ' ', size_bytes);
	refuses_text(text, size_bytes, "the document has 1048577 bytes");
	free(text);
}

static void every_cut_of_a_good_manifest_is_refused(void **state)
{
	const char *text = with(NULL, NULL);

	(void)state;
	for (size_t length = 0; length < strlen(text); length++)
		refuses_text(text, length, "it is not well-formed JSON");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_manifest_is_read_whole),
		cmocka_unit_test(other_good_values_are_taken),
		cmocka_unit_test(every_missing_member_is_named),
		cmocka_unit_test(every_wrong_type_is_named),
		cmocka_unit_test(how_the_guest_comes_about_is_read),
		cmocka_unit_test(accounts_of_the_boot_are_read),
		cmocka_unit_test(accounts_of_the_boot_are_looked_at),
		cmocka_unit_test(an_account_with_one_number_gets_both_at_boot),
		cmocka_unit_test(every_member_of_an_account_is_looked_at),
		cmocka_unit_test(a_platform_is_one_of_the_table),
		cmocka_unit_test(another_version_is_refused_before_anything_else),
		cmocka_unit_test(more_modules_than_there_is_room_for_are_refused),
		cmocka_unit_test(unknown_members_are_refused_with_the_known_ones),
		cmocka_unit_test(paths_are_looked_at),
		cmocka_unit_test(mounts_are_looked_at),
		cmocka_unit_test(a_swap_is_looked_at),
		cmocka_unit_test(words_are_looked_at),
		cmocka_unit_test(every_member_of_an_object_is_looked_at),
		cmocka_unit_test(the_key_files_of_a_server_that_is_off_are_read),
		cmocka_unit_test(a_guest_that_the_host_starts_needs_no_firmware),
		cmocka_unit_test(absurd_numbers_are_refused),
		cmocka_unit_test(overlong_strings_are_refused),
		cmocka_unit_test(what_is_no_json_is_refused),
		cmocka_unit_test(too_large_a_document_is_refused),
		cmocka_unit_test(every_cut_of_a_good_manifest_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
