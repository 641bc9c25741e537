/* SPDX-License-Identifier: MIT */
#include "nixos_install/configuration.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "disk/layout.h"

/* The names of the first two disks in a PV domain, whatever they were during the install. */
#define PV_BOOT_DISK "/dev/xvda"
#define PV_ROOT_DISK "/dev/xvdb"

const char nixconfig_configuration[] =
	"# Written by guest-installer. guest.nix is for you to change; the other two say\n"
	"# what this machine is. Before the first nixos-rebuild, fetch <nixpkgs> as root:\n"
	"#   nix-channel --update\n"
	"{\n"
	"  imports = [\n"
	"    ./hardware-configuration.nix\n"
	"    ./guest-installer.nix\n"
	"    ./guest.nix\n"
	"  ];\n"
	"}\n";

/* A string literal (Nix manual, "String literal"): every dollar sign is quoted. */
static void print_string(FILE *out, const char *text, size_t length)
{
	fputc('"', out);
	for (; length > 0; text++, length--) {
		if (strchr("\"\\$", *text))
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void print_line(FILE *out, const char *option, const char *text)
{
	fprintf(out, "  %s = lib.mkForce ", option);
	print_string(out, text, strlen(text));
	fputs(";\n", out);
}

/* The virtual machines of nixpkgs mount their host's store (iso/own-disk.nix). */
static const char own_disk[] =
	"  virtualisation = lib.optionalAttrs (options.virtualisation ? fileSystems) {\n"
	"    fileSystems = lib.mkForce { };\n"
	"  };\n\n";

/* GRUB on the planned disk if the layout has it, and no other boot loader. */
static void print_boot_loader(FILE *out, const struct plan *plan)
{
	bool grub = plan->layout != LAYOUT_DIRECT;
	const char *device = layout_needs_host(plan->layout) ? "nodev" : plan->disk_path;

	fprintf(out, "  boot.loader.grub.enable = lib.mkForce %s;\n", grub ? "true" : "false");
	fputs("  boot.loader.systemd-boot.enable = lib.mkForce false;\n", out);
	if (plan->layout == LAYOUT_GPT)
		fputs("  boot.loader.efi.canTouchEfiVariables = lib.mkForce false;\n"
		      "  boot.loader.grub.efiSupport = lib.mkForce true;\n"
		      "  boot.loader.grub.efiInstallAsRemovable = lib.mkForce true;\n",
			out);
	if (!grub)
		return;
	print_line(out, "boot.loader.grub.device", device);
	fputs("  boot.loader.grub.devices = lib.mkForce [ ", out);
	print_string(out, device, strlen(device));
	fputs(" ];\n", out);
}

static void print_file_system(FILE *out, const char *mount_path, const char *device)
{
	fprintf(out,
		"  fileSystems.\"%s\" = {\n"
		"    device = lib.mkForce \"%s\";\n"
		"    fsType = lib.mkForce \"ext4\";\n"
		"  };\n",
		mount_path, device);
}

/* The output of nixos-generate-config is wrong if the disk has another name during the install than
 * in the guest: a pygrub guest finds its disks by their order, and an image file has no stable
 * name. It also misses a swap partition, which is not in use during the install. */
static void print_file_systems(FILE *out, const struct plan *plan)
{
	const struct plan_partition *root = &plan->partitions[plan->root];
	char device[64];

	if (plan->layout == LAYOUT_PYGRUB) {
		print_file_system(out, "/boot", PV_BOOT_DISK);
		print_file_system(out, "/", PV_ROOT_DISK);
	} else if (plan->image_file) {
		snprintf(device, sizeof(device), "/dev/disk/by-uuid/%s", root->fs_uuid);
		print_file_system(out, "/", device);
	}
	for (size_t i = 0; i < plan->partition_count; i++)
		if (plan->partitions[i].fs == FS_SWAP)
			fprintf(out,
				"  swapDevices = [ { device = \"/dev/disk/by-label/%s\"; } ];\n",
				plan->partitions[i].fs_label);
}

static void print_keys(FILE *out, const char *user, const char *text)
{
	fputs("\n  services.openssh.enable = lib.mkForce true;\n"
	      "  services.openssh.authorizedKeysFiles = [ \"%h/.ssh/authorized_keys\" ];\n",
		out);
	fprintf(out, "  users.users.\"%s\".openssh.authorizedKeys.keys = [\n", user);
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (length > 0) {
			fputs("    ", out);
			print_string(out, text, length);
			fputc('\n', out);
		}
		text += length + (text[length] == '\n');
	}
	fputs("  ];\n", out);
}

char *configuration_guest(const struct plan *plan, const char *hostname, const char *ssh_keys_text)
{
	char *text = NULL;
	size_t size_bytes;
	FILE *out = open_memstream(&text, &size_bytes);

	if (!out)
		abort();
	fprintf(out,
		"# Written by guest-installer: what this guest's disk, its host and its owner need.\n"
		"{ lib, options, ... }:\n"
		"{\n"
		"  imports = [ ./guest-installer/%s.nix ];\n\n",
		layout_name(plan->layout));
	fputs(own_disk, out);
	print_boot_loader(out, plan);
	print_file_systems(out, plan);
	if (hostname[0]) {
		fputc('\n', out);
		print_line(out, "networking.hostName", hostname);
	}
	if (ssh_keys_text)
		print_keys(out, plan->keys_user, ssh_keys_text);
	fputs("}\n", out);
	if (fclose(out) != 0)
		abort();
	return text;
}
