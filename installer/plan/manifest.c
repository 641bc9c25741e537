/* SPDX-License-Identifier: MIT */
#include "plan/manifest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "nix/narinfo.h"

/* More than any disk holds: numbers above are nonsense, and sums of them would overflow. */
#define BYTES_MAX (1ULL << 50)
#define FILES_MAX (1ULL << 32)

static int parse_system(const struct json_value *root, struct manifest *m, struct error *err)
{
	int r = json_get_string(root, "system", m->system, sizeof(m->system), err);

	if (r < 0)
		return r;
	if (store_path_check(m->system) < 0)
		return json_refuse(root, "system", err,
			"must be a store path (/nix/store/HASH-NAME), not \"%s\"", m->system);
	return 0;
}

static int parse_layout(const struct json_value *root, struct manifest *m, struct error *err)
{
	char name[16];
	int r = json_get_string(root, "layout", name, sizeof(name), err);

	if (r < 0)
		return r;
	if (layout_parse(name, &m->layout) < 0 || m->layout == LAYOUT_AUTO)
		return json_refuse(root, "layout", err,
			"must be bios, gpt, pygrub or direct, not \"%s\"", name);
	return 0;
}

/* Nix's name of the guest's platform. Before there was this member, all guests were for x86-64. */
static int parse_platform(const struct json_value *root, struct manifest *m, struct error *err)
{
	char name[32] = "x86_64-linux";
	int r = 0;

	if (json_has(root, "platform"))
		r = json_get_string(root, "platform", name, sizeof(name), err);
	if (r < 0)
		return r;
	m->architecture = architecture_find(name);
	if (!m->architecture || strcmp(m->architecture->system, name) != 0)
		return json_refuse(root, "platform", err,
			"must be x86_64-linux or aarch64-linux, not \"%s\"", name);
	return 0;
}

/* A label or UUID that is allowed to be absent, and then stays empty. */
static int parse_optional(const struct json_value *object, const char *name, char *ret,
	size_t ret_bytes, struct error *err)
{
	return json_has(object, name) ? json_get_string(object, name, ret, ret_bytes, err) : 0;
}

/* Names of the file system (or swap) and of its partition; one of them is needed. */
static int check_names(
	const struct json_value *object, const struct manifest_mount *mount, struct error *err)
{
	bool fat = strcmp(mount->fstype, "vfat") == 0;

	if (mount->label[0] && !(fat ? text_is_fat_label : text_is_ext4_label)(mount->label))
		return json_refuse(object, "label", err, "cannot be \"%s\" on %s", mount->label,
			mount->fstype);
	if (mount->uuid[0] && !(fat ? text_is_fat_serial : text_is_uuid)(mount->uuid))
		return json_refuse(object, "uuid", err, "must look like %s, not \"%s\"",
			fat ? "XXXX-XXXX" : "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", mount->uuid);
	if (mount->partlabel[0] && !text_is_partition_name(mount->partlabel))
		return json_refuse(object, "partlabel", err, "cannot be \"%s\"", mount->partlabel);
	if (mount->partuuid[0] && !text_is_uuid(mount->partuuid))
		return json_refuse(object, "partuuid", err,
			"must look like xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx, not \"%s\"",
			mount->partuuid);
	if (!mount->label[0] && !mount->uuid[0] && !mount->partlabel[0] && !mount->partuuid[0])
		return json_refuse(object, "label", err,
			"is missing, and uuid, partlabel and partuuid too: one of them must say how the guest finds %s",
			mount->path[0] ? mount->path : "its swap");
	return 0;
}

static int parse_names(
	const struct json_value *object, struct manifest_mount *mount, struct error *err)
{
	int r = parse_optional(object, "label", mount->label, sizeof(mount->label), err);

	if (r < 0)
		return r;
	r = parse_optional(object, "uuid", mount->uuid, sizeof(mount->uuid), err);
	if (r < 0)
		return r;
	r = parse_optional(object, "partlabel", mount->partlabel, sizeof(mount->partlabel), err);
	if (r < 0)
		return r;
	r = parse_optional(object, "partuuid", mount->partuuid, sizeof(mount->partuuid), err);
	if (r < 0)
		return r;
	return check_names(object, mount, err);
}

static int parse_mount(
	const struct json_value *object, struct manifest_mount *mount, struct error *err)
{
	static const char *const members[] = { "path", "fstype", "label", "uuid", "partlabel",
		"partuuid", NULL };
	int r = json_only(object, members, err);

	if (r < 0)
		return r;
	r = json_get_string(object, "path", mount->path, sizeof(mount->path), err);
	if (r < 0)
		return r;
	r = json_get_string(object, "fstype", mount->fstype, sizeof(mount->fstype), err);
	if (r < 0)
		return r;
	if (!text_is_clean_path(mount->path))
		return json_refuse(object, "path", err,
			"must be an absolute path without . and .., not \"%s\"", mount->path);
	if (!mount->fstype[0])
		return json_refuse(object, "fstype", err, "is empty: it can be ext4 or vfat");
	return parse_names(object, mount, err);
}

static int parse_mounts(const struct json_value *root, struct manifest *m, struct error *err)
{
	struct json_value array, object;
	int r = json_get_array(root, "mounts", &array, err);

	if (r < 0)
		return r;
	if (json_count(&array) < 1 || json_count(&array) > MANIFEST_MOUNTS_MAX)
		return json_refuse(
			root, "mounts", err, "must have 1 to %d elements", MANIFEST_MOUNTS_MAX);
	for (size_t i = 0; i < json_count(&array); i++) {
		r = json_object_at(&array, i, &object, err);
		if (r < 0)
			return r;
		r = parse_mount(&object, &m->mounts[i], err);
		if (r < 0)
			return r;
		for (size_t other = 0; other < i; other++)
			if (strcmp(m->mounts[i].path, m->mounts[other].path) == 0)
				return json_refuse(&object, "path", err, "is %s a second time",
					m->mounts[i].path);
		m->mount_count++;
	}
	return 0;
}

/* An object with a name, or nothing for a guest without a swap partition. */
static int parse_swap(const struct json_value *root, struct manifest *m, struct error *err)
{
	static const char *const members[] = { "label", "uuid", "partlabel", "partuuid", NULL };
	struct json_value object;
	int r;

	if (!json_has(root, "swap"))
		return 0;
	r = json_get_object(root, "swap", &object, err);
	if (r < 0)
		return r;
	r = json_only(&object, members, err);
	if (r < 0)
		return r;
	snprintf(m->swap.fstype, sizeof(m->swap.fstype), "swap");
	return parse_names(&object, &m->swap, err);
}

static int parse_boot_loader(const struct json_value *root, struct manifest *m, struct error *err)
{
	static const char *const members[] = { "type", "device", "efi", "installer", NULL };
	struct json_value object;
	int r = json_get_object(root, "bootloader", &object, err);

	if (r < 0)
		return r;
	r = json_only(&object, members, err);
	if (r < 0)
		return r;
	r = json_get_string(&object, "type", m->boot_loader, sizeof(m->boot_loader), err);
	if (r < 0)
		return r;
	r = json_get_string(&object, "device", m->boot_device, sizeof(m->boot_device), err);
	if (r < 0)
		return r;
	r = json_get_bool(&object, "efi", &m->boot_efi, err);
	if (r < 0)
		return r;
	if (strcmp(m->boot_loader, "grub") != 0 && strcmp(m->boot_loader, "systemd-boot") != 0 &&
		strcmp(m->boot_loader, "external") != 0 && strcmp(m->boot_loader, "none") != 0)
		return json_refuse(&object, "type", err,
			"must be grub, systemd-boot, external or none, not \"%s\"", m->boot_loader);
	if (strcmp(m->boot_device, "nodev") != 0 && !text_is_clean_path(m->boot_device))
		return json_refuse(&object, "device", err,
			"must be an absolute path or nodev, not \"%s\"", m->boot_device);
	r = parse_optional(&object, "installer", m->boot_installer, sizeof(m->boot_installer), err);
	if (r < 0)
		return r;
	if (m->boot_installer[0] && store_path_check(m->boot_installer) < 0)
		return json_refuse(&object, "installer", err,
			"must be a store path (/nix/store/HASH-NAME), not \"%s\"",
			m->boot_installer);
	return 0;
}

static int parse_firmware(const struct json_value *root, struct manifest *m, struct error *err)
{
	struct json_value array;
	char name[16];
	int r = json_get_array(root, "firmware", &array, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < json_count(&array); i++) {
		r = json_string_at(&array, i, name, sizeof(name), err);
		if (r < 0)
			return r;
		if (strcmp(name, "bios") == 0)
			m->firmware |= FIRMWARE_BIOS;
		else if (strcmp(name, "uefi") == 0)
			m->firmware |= FIRMWARE_UEFI;
		else
			return json_refuse(
				root, "firmware", err, "can hold bios and uefi, not \"%s\"", name);
	}
	if (!m->firmware && !layout_needs_host(m->layout))
		return json_refuse(root, "firmware", err, "must name bios or uefi");
	return 0;
}

static int parse_allow_users(const struct json_value *ssh, struct manifest *m, struct error *err)
{
	struct json_value users;
	int r = json_get_array(ssh, "allow_users", &users, err);

	if (r < 0)
		return r;
	if (json_count(&users) > MANIFEST_USERS_MAX)
		return json_refuse(
			ssh, "allow_users", err, "has more than %d elements", MANIFEST_USERS_MAX);
	for (size_t i = 0; r == 0 && i < json_count(&users); i++) {
		r = json_string_at(&users, i, m->allow_users[i], sizeof(m->allow_users[i]), err);
		m->allow_user_count++;
	}
	return r;
}

static int parse_ssh(const struct json_value *root, struct manifest *m, struct error *err)
{
	static const char *const members[] = { "enabled", "authorized_keys_files",
		"permit_root_login", "allow_users", "firewalled", NULL };
	struct json_value object, files;
	int r = json_get_object(root, "ssh", &object, err);

	if (r < 0)
		return r;
	r = json_only(&object, members, err);
	if (r < 0)
		return r;
	r = json_get_bool(&object, "enabled", &m->ssh_enabled, err);
	if (r < 0)
		return r;
	if (json_has(&object, "permit_root_login"))
		r = json_get_string(&object, "permit_root_login", m->permit_root_login,
			sizeof(m->permit_root_login), err);
	if (r < 0)
		return r;
	if (json_has(&object, "firewalled"))
		r = json_get_bool(&object, "firewalled", &m->ssh_firewalled, err);
	if (r < 0)
		return r;
	if (json_has(&object, "allow_users"))
		r = parse_allow_users(&object, m, err);
	if (r < 0 || (!m->ssh_enabled && !json_has(&object, "authorized_keys_files")))
		return r;
	r = json_get_array(&object, "authorized_keys_files", &files, err);
	if (r < 0)
		return r;
	if (json_count(&files) > MANIFEST_KEY_FILES_MAX)
		return json_refuse(&object, "authorized_keys_files", err,
			"has more than %d elements", MANIFEST_KEY_FILES_MAX);
	for (size_t i = 0; r == 0 && i < json_count(&files); i++) {
		r = json_string_at(
			&files, i, m->ssh_key_files[i], sizeof(m->ssh_key_files[i]), err);
		m->ssh_key_file_count++;
	}
	return r;
}

/* An object {"overlay": …, "mutable": …}, or nothing for an /etc on the root file system. */
static int parse_etc(const struct json_value *root, struct manifest *m, struct error *err)
{
	static const char *const members[] = { "overlay", "mutable", NULL };
	struct json_value object;
	int r;

	if (!json_has(root, "etc"))
		return 0;
	r = json_get_object(root, "etc", &object, err);
	if (r < 0)
		return r;
	r = json_only(&object, members, err);
	if (r < 0)
		return r;
	r = json_get_bool(&object, "overlay", &m->etc_overlay, err);
	if (r < 0)
		return r;
	return json_get_bool(&object, "mutable", &m->etc_mutable, err);
}

/* How /etc, the accounts and the boot loader come about. A manifest of an earlier version says
 * nothing of it: then activation does it all. */
static int parse_ways(const struct json_value *root, struct manifest *m, struct error *err)
{
	int r = 0;

	m->activation = true;
	if (json_has(root, "activation"))
		r = json_get_bool(root, "activation", &m->activation, err);
	if (r < 0)
		return r;
	r = parse_etc(root, m, err);
	if (r < 0)
		return r;
	return boot_accounts_parse(root, &m->accounts, err);
}

/* The names of kernel modules, and of their files. */
static bool is_module_name(const char *name)
{
	return *name &&
	       name[strspn(name,
		       "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+.")] ==
		       '\0';
}

static int parse_initrd_modules(
	const struct json_value *root, struct manifest *m, struct error *err)
{
	struct json_value names;
	char name[64];
	int r;

	if (!json_has(root, "initrd_modules"))
		return 0;
	r = json_get_array(root, "initrd_modules", &names, err);
	for (size_t i = 0; r == 0 && i < json_count(&names); i++) {
		r = json_string_at(&names, i, name, sizeof(name), err);
		if (r < 0)
			return r;
		if (!is_module_name(name))
			return json_refuse(root, "initrd_modules", err,
				"has \"%s\", which is no name of a kernel module", name);
		if (!text_append(m->initrd_modules, sizeof(m->initrd_modules), "%s ", name))
			return json_refuse(root, "initrd_modules", err, "has more than %d bytes",
				MANIFEST_MODULES_BYTES);
	}
	return r;
}

static int parse_version(const struct json_value *root, struct error *err)
{
	uint64_t version;
	int r = json_get_number(root, "version", UINT32_MAX, &version, err);

	if (r < 0)
		return r;
	if (version < 1 || version > MANIFEST_VERSION)
		return json_refuse(root, "version", err,
			"is %u, but this installer reads versions up to %d", (unsigned)version,
			MANIFEST_VERSION);
	return 0;
}

static int parse_members(const struct json_value *root, struct manifest *m, struct error *err)
{
	static const char *const members[] = { "version", "system", "layout", "mounts", "swap",
		"bootloader", "firmware", "nar_bytes", "files", "ssh", "activation", "etc", "users",
		"platform", "initrd_modules", NULL };
	/* The version first: a later one may know other members. */
	int r = parse_version(root, err);

	if (r < 0)
		return r;
	r = json_only(root, members, err);
	if (r < 0)
		return r;
	r = parse_system(root, m, err);
	if (r < 0)
		return r;
	r = parse_platform(root, m, err);
	if (r < 0)
		return r;
	r = parse_layout(root, m, err);
	if (r < 0)
		return r;
	r = parse_mounts(root, m, err);
	if (r < 0)
		return r;
	r = parse_swap(root, m, err);
	if (r < 0)
		return r;
	r = parse_boot_loader(root, m, err);
	if (r < 0)
		return r;
	r = parse_firmware(root, m, err);
	if (r < 0)
		return r;
	r = json_get_number(root, "nar_bytes", BYTES_MAX, &m->nar_bytes, err);
	if (r < 0)
		return r;
	r = json_get_number(root, "files", FILES_MAX, &m->files, err);
	if (r < 0)
		return r;
	r = parse_ssh(root, m, err);
	if (r < 0)
		return r;
	r = parse_initrd_modules(root, m, err);
	if (r < 0)
		return r;
	return parse_ways(root, m, err);
}

int manifest_parse(const char *text, size_t size_bytes, struct manifest *ret, struct error *err)
{
	CLEANUP(json_free) struct json_document *document = NULL;
	AUTO_FREE struct manifest *manifest = must_realloc(NULL, 1, sizeof(*manifest));
	struct json_value root;
	int r = json_parse(text, size_bytes, &document, &root, err);

	if (r < 0)
		return r;
	memset(manifest, 0, sizeof(*manifest));
	r = parse_members(&root, manifest, err);
	if (r < 0)
		return r;
	*ret = *manifest;
	return 0;
}

void manifest_assume(const char *system, enum layout layout, struct manifest *ret)
{
	bool grub = !layout_needs_host(layout);

	*ret = (struct manifest){
		.layout = layout,
		.architecture = architecture_native(),
		.mounts = { { .path = "/", .fstype = "ext4" } },
		.mount_count = 1,
		.ssh_enabled = true,
		.ssh_key_files = { "%h/.ssh/authorized_keys" },
		.ssh_key_file_count = 1,
		.activation = true,
	};
	snprintf(ret->system, sizeof(ret->system), "%s", system);
	snprintf(ret->boot_loader, sizeof(ret->boot_loader), "%s", grub ? "grub" : "none");
	snprintf(ret->boot_device, sizeof(ret->boot_device), "%s", grub ? "" : "nodev");
	if (grub && !ret->architecture->no_bios)
		ret->firmware = FIRMWARE_BIOS;
	if (layout != LAYOUT_GPT)
		return;
	ret->firmware |= FIRMWARE_UEFI;
	ret->boot_efi = true;
	ret->mounts[ret->mount_count++] = (struct manifest_mount){ .path = "/boot",
		.fstype = "vfat" };
}
