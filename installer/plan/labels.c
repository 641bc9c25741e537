/* SPDX-License-Identifier: MIT */
#include "plan/labels.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/uuid.h"
#include "disk/layout.h"

#define DEFAULT_SWAP_LABEL "swap"
#define DEFAULT_BOOT_LABEL "NIXBOOT"

/* The manifest's mount that a role's partition serves, or NULL: the root, the boot disk's, or the
 * first FAT one. */
static const struct manifest_mount *find_manifest_mount(
	const struct manifest *manifest, enum partition_role role)
{
	for (size_t i = 0; manifest && i < manifest->mount_count; i++) {
		const struct manifest_mount *mount = &manifest->mounts[i];

		if (role == ROLE_ROOT	    ? strcmp(mount->path, "/") == 0
			: role == ROLE_BOOT ? strcmp(mount->path, "/boot") == 0
					    : strcmp(mount->fstype, "vfat") == 0)
			return mount;
	}
	return NULL;
}

const struct manifest_mount *labels_find_boot(const struct manifest *manifest, enum layout layout)
{
	for (size_t i = 0; manifest && i < manifest->mount_count; i++) {
		const struct manifest_mount *mount = &manifest->mounts[i];
		bool ext4 = strcmp(mount->fstype, "ext4") == 0;

		if (strcmp(mount->path, "/boot") == 0 &&
			(layout == LAYOUT_BIOS || (layout == LAYOUT_GPT && ext4)))
			return mount;
	}
	return NULL;
}

/* A label: the user's, else the manifest's, else the default. */
static const char *pick_label(const struct config *config, enum config_key key,
	const char *configured, const struct manifest_mount *mount)
{
	return mount && mount->label[0] && !config->given[key] ? mount->label : configured;
}

/* The root's UUID that is fixed, or "". */
static const char *pick_root_uuid(const struct config *config, const struct manifest_mount *mount)
{
	return config->root_uuid[0] ? config->root_uuid : mount ? mount->uuid : "";
}

static const char *pick_root_label(
	const struct config *config, const struct manifest_mount *mount, enum layout layout)
{
	return pick_label(config, KEY_ROOT_LABEL,
		config->root_label[0] ? config->root_label : layout_root_label(layout), mount);
}

/* The boot disk's label: the manifest's, else the default. */
static const char *pick_boot_label(const struct manifest_mount *mount)
{
	return mount && mount->label[0] ? mount->label : DEFAULT_BOOT_LABEL;
}

/* The swap's label: the manifest's, else the default. */
static const char *pick_swap_label(const struct manifest *manifest)
{
	return manifest && manifest->swap.label[0] ? manifest->swap.label : DEFAULT_SWAP_LABEL;
}

void labels_planned(const struct config *config, const struct manifest *manifest,
	enum layout layout, struct labels_planned *ret)
{
	const struct manifest_mount *root = find_manifest_mount(manifest, ROLE_ROOT);
	const struct manifest_mount *esp = find_manifest_mount(manifest, ROLE_ESP);
	const struct manifest_mount *boot = find_manifest_mount(manifest, ROLE_BOOT);
	size_t labels = 0, uuids = 0;

	*ret = (struct labels_planned){ 0 };
	ret->labels[labels++] = pick_root_label(config, root, layout);
	if (*pick_root_uuid(config, root))
		ret->uuids[uuids++] = pick_root_uuid(config, root);
	if (config->swap_bytes)
		ret->labels[labels++] = pick_swap_label(manifest);
	if (config->swap_bytes && manifest && manifest->swap.uuid[0])
		ret->uuids[uuids++] = manifest->swap.uuid;
	if (layout == LAYOUT_PYGRUB || labels_find_boot(manifest, layout)) {
		ret->labels[labels++] = pick_boot_label(boot);
		if (boot && boot->uuid[0])
			ret->uuids[uuids++] = boot->uuid;
	}
	if (layout != LAYOUT_GPT)
		return;
	ret->labels[labels] = pick_label(config, KEY_ESP_LABEL, config->esp_label, esp);
	if (esp && esp->uuid[0])
		ret->uuids[uuids] = esp->uuid;
}

/* The UUID that is fixed, else one of the seed. */
static void set_label_uuid(
	struct plan_partition *p, const char *fixed, const char *seed, const char *purpose)
{
	if (fixed[0])
		snprintf(p->fs_uuid, sizeof(p->fs_uuid), "%s", fixed);
	else
		uuid_derive(seed, purpose, p->fs_uuid);
	text_lower(p->fs_uuid);
}

static void name_root(struct plan_partition *p, enum layout layout, const struct config *config,
	const struct manifest *manifest, const char *seed)
{
	const struct manifest_mount *mount = find_manifest_mount(manifest, ROLE_ROOT);

	snprintf(p->mount_path, sizeof(p->mount_path), "/");
	snprintf(p->fs_label, sizeof(p->fs_label), "%s", pick_root_label(config, mount, layout));
	set_label_uuid(p, pick_root_uuid(config, mount), seed, "file system root");
}

/* The serial number of a FAT: the mount's, else one of the seed. */
static void set_fat_serial(struct plan_partition *p, const struct manifest_mount *mount,
	const char *seed, const char *purpose)
{
	if (mount && mount->uuid[0])
		snprintf(p->fs_uuid, sizeof(p->fs_uuid), "%s", mount->uuid);
	else
		uuid_derive_fat_serial(seed, purpose, p->fs_uuid);
	text_upper(p->fs_uuid);
}

static void name_boot(struct plan_partition *p, const struct manifest *manifest, const char *seed)
{
	const struct manifest_mount *mount = find_manifest_mount(manifest, ROLE_BOOT);

	snprintf(p->mount_path, sizeof(p->mount_path), "/boot");
	snprintf(p->fs_label, sizeof(p->fs_label), "%s", pick_boot_label(mount));
	if (p->fs == FS_VFAT)
		set_fat_serial(p, mount, seed, "file system boot");
	else
		set_label_uuid(p, mount ? mount->uuid : "", seed, "file system boot");
}

static void name_esp(struct plan_partition *p, const struct config *config,
	const struct manifest *manifest, const char *seed)
{
	const struct manifest_mount *mount = find_manifest_mount(manifest, ROLE_ESP);

	snprintf(p->mount_path, sizeof(p->mount_path), "%s",
		mount	   ? mount->path
		: manifest ? ""
			   : "/boot");
	snprintf(p->fs_label, sizeof(p->fs_label), "%s",
		pick_label(config, KEY_ESP_LABEL, config->esp_label, mount));
	set_fat_serial(p, mount, seed, "file system esp");
}

static void name_swap(struct plan_partition *p, const struct manifest *manifest, const char *seed)
{
	snprintf(p->fs_label, sizeof(p->fs_label), "%s", pick_swap_label(manifest));
	set_label_uuid(p, manifest ? manifest->swap.uuid : "", seed, "file system swap");
}

/* The names of a partition in a GPT, which are there already, are replaced by what the manifest
 * fixes. */
static void set_partition_names(struct plan_partition *p, const struct manifest *manifest)
{
	const struct manifest_mount *mount = p->role == ROLE_SWAP
						     ? &manifest->swap
						     : find_manifest_mount(manifest, p->role);

	if (!p->uuid[0] || !mount)
		return;
	if (mount->partlabel[0])
		snprintf(p->name, sizeof(p->name), "%s", mount->partlabel);
	if (mount->partuuid[0])
		snprintf(p->uuid, sizeof(p->uuid), "%s", mount->partuuid);
	text_upper(p->uuid);
}

/* Gives every file system its label, its UUID and its place in the guest, and its partition a
 * name. */
void labels_set(struct plan *plan, const struct config *config, const struct manifest *manifest,
	const char *seed)
{
	for (size_t i = 0; i < plan->partition_count; i++) {
		struct plan_partition *p = &plan->partitions[i];

		if (p->role == ROLE_ROOT)
			name_root(p, plan->layout, config, manifest, seed);
		else if (p->role == ROLE_BOOT)
			name_boot(p, manifest, seed);
		else if (p->role == ROLE_ESP)
			name_esp(p, config, manifest, seed);
		else if (p->role == ROLE_SWAP)
			name_swap(p, manifest, seed);
		if (manifest && p->fs != FS_NONE)
			set_partition_names(p, manifest);
	}
}
