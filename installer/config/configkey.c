/* SPDX-License-Identifier: MIT */
#include "config/configkey.h"

#include <ctype.h>
#include <string.h>

#define NAME_MAX_CHARS 64

const struct config_key_info config_keys[CONFIG_KEY_COUNT] = {
	[KEY_DISK] = { "disk", "auto (default), an absolute path, or serial:NAME",
		"the disk to install on" },
	[KEY_BOOT_DISK] = { "boot-disk", "auto (default), an absolute path, or serial:NAME",
		"layout pygrub: the disk of the boot file system" },
	[KEY_WIPE] = { "wipe", "refuse (default) or force",
		"whether a disk with content may be overwritten" },
	[KEY_MACHINE] = { "machine", "virtual (default) or any",
		"where the installer may run at all" },
	[KEY_LAYOUT] = { "layout", "auto (default), bios, gpt, pygrub or direct",
		"the disk's layout" },
	[KEY_ROOT_LABEL] = { "root-label",
		"1 to 16 printable characters without blanks, quotes and slashes (default nixos; "
		"pygrub: "
		"NIXROOT, direct: NIXOS)",
		"label of the root file system" },
	[KEY_ROOT_UUID] = { "root-uuid", "a UUID (default: derived from seed)",
		"UUID of the root file system" },
	[KEY_ESP_LABEL] = { "esp-label", "1 to 11 of A-Z, 0-9, _, - and space (default ESP)",
		"label of the EFI system partition" },
	[KEY_SWAP] = { "swap",
		"none (default), or whole MiB up to 16T with the suffix K, M, G or T, such as 512M",
		"size of a swap partition behind the root" },
	[KEY_MANIFEST] = { "manifest", "a URL (file:///, http:// or https://) or an absolute path",
		"guest.json, which names the system and what it expects" },
	[KEY_MANIFEST_SUM] = { "manifest-sha256", "a SHA-256 in hex, base 32, base64 or SRI",
		"what guest.json must be; needed where it comes from the network" },
	[KEY_SYSTEM] = { "system", "a store path, /nix/store/HASH-NAME",
		"the system to install (default: the manifest's)" },
	[KEY_ENGINE] = { "engine", "cache (default) or nixos-install",
		"whether a closure is copied, or nixos-install of this live system builds one" },
	[KEY_CONFIGURATION] = { "configuration",
		"a URL (file:///, http:// or https://) or an absolute path (default: "
		"configuration.nix on the key drive, else what nixos-generate-config writes)",
		"engine nixos-install: the guest's NixOS configuration" },
	[KEY_CONFIGURATION_SUM] = { "configuration-sha256",
		"a SHA-256 in hex, base 32, base64 or SRI",
		"what configuration must be; needed where it comes from the network" },
	[KEY_FLAKE] = { "flake",
		"REF#NAME, where REF is drive, an absolute path, or a reference with rev= or "
		"narHash=",
		"engine nixos-install: the guest is nixosConfigurations.NAME of this flake" },
	[KEY_HOSTNAME] = { "hostname", "1 to 63 letters, digits, - and _",
		"engine nixos-install: the guest's name" },
	[KEY_CACHE] = { "cache",
		"up to 8 URLs (file:///, http:// or https://) or absolute paths, separated by "
		"blanks",
		"binary caches, tried in this order" },
	[KEY_TRUSTED_KEYS] = { "trusted-keys",
		"up to 16 keys NAME:BASE64 separated by blanks, or none",
		"keys of which one must have signed every path" },
	[KEY_CA_FILE] = { "ca-file",
		"an absolute path (default: ca.pem on the key drive, else the system's)",
		"certificates, of which one must vouch for every https server" },
	[KEY_STALL] = { "stall-timeout", "1 to 3600 seconds (default 30)",
		"how long a server may be silent" },
	[KEY_ATTEMPTS] = { "fetch-attempts", "1 to 100 (default 8)",
		"how often a fetch is tried that gets no further" },
	[KEY_KEYS] = { "keys",
		"none, or some of drive, cidata, credential and up to 8 absolute paths of files, "
		"separated by blanks (default: drive cidata credential)",
		"where SSH keys are taken from; those of several places are added together" },
	[KEY_KEYS_USER] = { "keys-user", "a user's name (default root)",
		"the user who gets the SSH keys" },
	[KEY_HOST_KEYS] = { "host-keys",
		"generate or none (default: generate where the guest has an SSH server and "
		"ssh-keygen)",
		"whether the guest's SSH host keys are made while installing" },
	[KEY_FILES] = { "files",
		"up to 8 of TARGET=SOURCE, absolute paths, separated by blanks; TARGET not below "
		"/nix, /dev, /proc, /run and /sys",
		"further files that the guest gets, mode 0644" },
	[KEY_ON_SUCCESS] = { "on-success", "poweroff (default), reboot, shell or exit",
		"what to do after success" },
	[KEY_ON_FAILURE] = { "on-failure", "poweroff (default), reboot, shell or exit",
		"what to do after a failure" },
	[KEY_TIMEOUT] = { "timeout", "1 to 604800 seconds (default 3600)",
		"when to give up as a whole" },
	[KEY_IP] = { "ip",
		"dhcp (default), off, or CLIENT:SERVER:GATEWAY:NETMASK:HOST:DEVICE:METHOD:DNS:DNS "
		"as "
		"the kernel's ip=",
		"the address of the network interface, where a URL needs one" },
	[KEY_INTERFACE] = { "interface", "auto (default), a name, or a MAC address",
		"the network interface (default: one that has a link)" },
	[KEY_REPORT_URL] = { "report-url", "a URL that begins with http:// or https://",
		"where the verdict is sent to, as JSON by POST" },
	[KEY_SEED] = { "seed", "a UUID (default: random)",
		"from it every UUID of this install is derived" },
};

enum config_key configkey_find(const char *name)
{
	for (size_t i = 0; i < CONFIG_KEY_COUNT; i++)
		if (strcmp(name, config_keys[i].name) == 0)
			return (enum config_key)i;
	return CONFIG_KEY_COUNT;
}

static unsigned smallest(unsigned a, unsigned b, unsigned c)
{
	a = a < b ? a : b;
	return a < c ? a : c;
}

/* Levenshtein's distance: how many letters to insert, delete or replace. Case and the kind of dash
 * do not count. Both are shorter than NAME_MAX_CHARS. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[NAME_MAX_CHARS];

	for (unsigned j = 0; j <= strlen(b); j++)
		row[j] = j;
	for (unsigned i = 1; i <= strlen(a); i++) {
		unsigned diagonal = row[0];
		char letter = a[i - 1] == '_' ? '-' : (char)tolower((unsigned char)a[i - 1]);

		row[0] = i;
		for (unsigned j = 1; j <= strlen(b); j++) {
			unsigned above = row[j];

			row[j] = smallest(
				above + 1, row[j - 1] + 1, diagonal + (letter == b[j - 1] ? 0 : 1));
			diagonal = above;
		}
	}
	return row[strlen(b)];
}

enum config_key configkey_near(const char *name)
{
	enum config_key best = CONFIG_KEY_COUNT;
	unsigned best_distance = 3;

	if (strlen(name) >= NAME_MAX_CHARS)
		return best;
	for (size_t i = 0; i < CONFIG_KEY_COUNT; i++) {
		unsigned d = distance(name, config_keys[i].name);

		if (d < best_distance && d < strlen(config_keys[i].name) / 2 + 1) {
			best_distance = d;
			best = (enum config_key)i;
		}
	}
	return best;
}
