/* SPDX-License-Identifier: MIT */
#include "value.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "encoding.h"
#include "narinfo.h"
#include "swap.h"
#include "text.h"
#include "url.h"

#define TIMEOUT_MAX_S	    604800 /* a week */
#define STALL_TIMEOUT_MAX_S 3600
#define FETCH_ATTEMPTS_MAX  100
#define KEY_BASE64_CHARS    44 /* of an Ed25519 key's 32 bytes */
#define NAME_MAX_CHARS	    64
#define NIL_UUID	    "00000000-0000-0000-0000-000000000000"

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

enum config_key value_key(const char *name)
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

enum config_key value_key_near(const char *name)
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

/* Index of text in a NULL-terminated list, or -EINVAL. */
static int choose(const char *text, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(text, words[i]) == 0)
			return i;
	return -EINVAL;
}

/* One of two words into a flag that the second one sets. */
static int set_flag(bool *ret, const char *text, const char *off, const char *on)
{
	int i = choose(text, (const char *const[]){ off, on, NULL });

	if (i < 0)
		return i;
	*ret = i == 1;
	return 0;
}

static int set_disk(char ret[CONFIG_TEXT_BYTES], const char *text)
{
	const char *serial = strncmp(text, "serial:", 7) == 0 ? text + 7 : NULL;

	if (serial) {
		if (!*serial || strlen(serial) > 63)
			return -EINVAL;
		for (; *serial; serial++)
			if (!isgraph((unsigned char)*serial))
				return -EINVAL;
	} else if (strcmp(text, "auto") != 0 && !text_is_clean_path(text)) {
		return -EINVAL;
	}
	return text_copy(ret, CONFIG_TEXT_BYTES, text) < 0 ? -EINVAL : 0;
}

static int set_uuid(char ret[37], const char *text)
{
	if (!text_is_uuid(text) || strcmp(text, NIL_UUID) == 0)
		return -EINVAL;
	memcpy(ret, text, 37);
	text_lower(ret);
	return 0;
}

/* A number with a suffix, as whole MiB; more than SWAP_MAX_BYTES a swap's header cannot count. */
static int set_swap(struct config *config, const char *text)
{
	static const char suffixes[] = "KMGT";
	const char *suffix;
	uint64_t size = 0;

	if (strcmp(text, "none") == 0) {
		config->swap_bytes = 0;
		return 0;
	}
	for (; *text >= '0' && *text <= '9' && size <= SWAP_MAX_BYTES; text++)
		size = size * 10 + (uint64_t)(*text - '0');
	suffix = *text ? strchr(suffixes, *text) : NULL;
	if (!suffix || text[1])
		return -EINVAL;
	for (; suffix >= suffixes && size <= SWAP_MAX_BYTES; suffix--)
		size *= 1024;
	if (size < MIB || size > SWAP_MAX_BYTES || size % MIB != 0)
		return -EINVAL;
	config->swap_bytes = size;
	return 0;
}

static int set_ending(enum ending *ret, const char *text)
{
	static const char *const words[] = { [ENDING_POWEROFF] = "poweroff",
		[ENDING_REBOOT] = "reboot",
		[ENDING_SHELL] = "shell",
		[ENDING_EXIT] = "exit",
		NULL };
	int i = choose(text, words);

	if (i < 0)
		return i;
	*ret = (enum ending)i;
	return 0;
}

static int set_host_keys(struct config *config, const char *text)
{
	int i = choose(text, (const char *const[]){ "generate", "none", NULL });

	if (i < 0)
		return i;
	config->host_keys = i == 0 ? HOST_KEYS_GENERATE : HOST_KEYS_NONE;
	return 0;
}

/* Decimal digits, from 1 to max. */
static int set_count(unsigned *ret, const char *text, unsigned max)
{
	unsigned long count = 0;

	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9' || count > max)
			return -EINVAL;
		count = count * 10 + (unsigned long)(*p - '0');
	}
	if (count < 1 || count > max)
		return -EINVAL;
	*ret = (unsigned)count;
	return 0;
}

/* Copies the next word between blanks; 0 at the end, -EINVAL if it is too long. */
static int next_word(const char **text, char *ret, size_t ret_bytes)
{
	size_t length;

	*text += strspn(*text, " \t");
	length = strcspn(*text, " \t");
	if (length >= ret_bytes)
		return -EINVAL;
	memcpy(ret, *text, length);
	ret[length] = '\0';
	*text += length;
	return length > 0;
}

static int set_caches(struct config *config, const char *text)
{
	char caches[CONFIG_CACHES_MAX][CONFIG_TEXT_BYTES], word[CONFIG_TEXT_BYTES];
	size_t count = 0;
	int r;

	while ((r = next_word(&text, word, sizeof(word))) > 0) {
		if (count == CONFIG_CACHES_MAX || !url_is_base(word))
			return -EINVAL;
		memcpy(caches[count++], word, sizeof(word));
	}
	if (r < 0 || count == 0)
		return -EINVAL;
	memcpy(config->caches, caches, count * sizeof(caches[0]));
	config->cache_count = count;
	return 0;
}

/* Places and files. */
static int set_keys(struct config *config, const char *text)
{
	static const char *const places[] = { "drive", "cidata", "credential", NULL };
	char paths[CONFIG_KEYS_MAX][CONFIG_TEXT_BYTES], word[CONFIG_TEXT_BYTES];
	bool none = strcmp(text, "none") == 0;
	unsigned from = 0;
	size_t count = 0;
	int r = 0;

	while (!none && (r = next_word(&text, word, sizeof(word))) > 0) {
		int place = choose(word, places);

		if (place < 0 && (count == CONFIG_KEYS_MAX || !text_is_clean_path(word)))
			return -EINVAL;
		if (place < 0)
			memcpy(paths[count++], word, sizeof(word));
		from |= place < 0 ? KEYS_FROM_FILES : 1U << place;
	}
	if (r < 0 || (!none && !from))
		return -EINVAL;
	config->keys_from = from;
	memcpy(config->key_files, paths, count * sizeof(paths[0]));
	config->key_file_count = count;
	return 0;
}

/* Where a further file of the guest may lie: not in the store, whose content is registered, nor in
 * what is only mounted. */
static bool is_file_target(const char *path)
{
	static const char *const folders[] = { "/nix", "/dev", "/proc", "/run", "/sys" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		size_t length = strlen(folders[i]);

		if (strncmp(path, folders[i], length) == 0 &&
			(path[length] == '/' || !path[length]))
			return false;
	}
	return path[0] && path[1] && text_is_clean_path(path);
}

static int set_files(struct config *config, const char *text)
{
	char word[sizeof(config->files[0])];
	size_t count = 0;
	int r;

	while ((r = next_word(&text, word, sizeof(word))) > 0) {
		char *equals = strchr(word, '=');

		if (count == CONFIG_FILES_MAX || !equals)
			return -EINVAL;
		*equals = '\0';
		if (!is_file_target(word) || !text_is_clean_path(equals + 1) ||
			text_copy(config->files[count].target, sizeof(config->files[count].target),
				word) < 0 ||
			text_copy(config->files[count].source, sizeof(config->files[count].source),
				equals + 1) < 0)
			return -EINVAL;
		count++;
	}
	if (r < 0 || count == 0)
		return -EINVAL;
	config->file_count = count;
	return 0;
}

/* NAME:BASE64 as `nix key convert-secret-to-public` prints it; whether the bytes are a key is seen
 * when they are used. */
static bool is_trusted_key(const char *text)
{
	const char *colon = strchr(text, ':');

	if (!colon || colon == text || strlen(colon + 1) != KEY_BASE64_CHARS)
		return false;
	for (const char *p = colon + 1; p[1]; p++)
		if (!isalnum((unsigned char)*p) && *p != '+' && *p != '/')
			return false;
	return text[strlen(text) - 1] == '=';
}

static int set_trusted_keys(struct config *config, const char *text)
{
	char keys[CONFIG_TRUSTED_MAX][sizeof(config->trusted_keys[0])];
	char word[sizeof(keys[0])];
	size_t count = 0;
	int r;

	if (strcmp(text, "none") == 0) {
		config->trust_anything = true;
		config->trusted_key_count = 0;
		return 0;
	}
	while ((r = next_word(&text, word, sizeof(word))) > 0) {
		if (count == CONFIG_TRUSTED_MAX || !is_trusted_key(word))
			return -EINVAL;
		memcpy(keys[count++], word, sizeof(word));
	}
	if (r < 0 || count == 0)
		return -EINVAL;
	memcpy(config->trusted_keys, keys, count * sizeof(keys[0]));
	config->trusted_key_count = count;
	config->trust_anything = false;
	return 0;
}

static bool is_interface(const char *text)
{
	return ipconfig_is_interface(text) || ipconfig_is_mac(text);
}

/* Copies text if it passes the check. */
static int set_text(char *ret, size_t ret_bytes, const char *text, bool good)
{
	return good && text_copy(ret, ret_bytes, text) == 0 ? 0 : -EINVAL;
}

int value_set(struct config *config, enum config_key key, const char *text)
{
	switch (key) {
	case KEY_DISK:
		return set_disk(config->disk, text);
	case KEY_BOOT_DISK:
		return set_disk(config->boot_disk, text);
	case KEY_WIPE:
		return set_flag(&config->wipe_force, text, "refuse", "force");
	case KEY_MACHINE:
		return set_flag(&config->machine_any, text, "virtual", "any");
	case KEY_LAYOUT:
		return layout_parse(text, &config->layout);
	case KEY_ROOT_LABEL:
		return set_text(config->root_label, sizeof(config->root_label), text,
			text_is_ext4_label(text));
	case KEY_ROOT_UUID:
		return set_uuid(config->root_uuid, text);
	case KEY_ESP_LABEL:
		return set_text(config->esp_label, sizeof(config->esp_label), text,
			text_is_fat_label(text));
	case KEY_SWAP:
		return set_swap(config, text);
	case KEY_MANIFEST:
		return set_text(
			config->manifest, sizeof(config->manifest), text, url_is_allowed(text));
	case KEY_MANIFEST_SUM:
		return sha256_decode(text, config->manifest_sha256);
	case KEY_SYSTEM:
		return set_text(
			config->system, sizeof(config->system), text, store_path_check(text) == 0);
	case KEY_CACHE:
		return set_caches(config, text);
	case KEY_TRUSTED_KEYS:
		return set_trusted_keys(config, text);
	case KEY_CA_FILE:
		return set_text(
			config->ca_file, sizeof(config->ca_file), text, text_is_clean_path(text));
	case KEY_STALL:
		return set_count(&config->stall_timeout_s, text, STALL_TIMEOUT_MAX_S);
	case KEY_ATTEMPTS:
		return set_count(&config->fetch_attempts, text, FETCH_ATTEMPTS_MAX);
	case KEY_KEYS:
		return set_keys(config, text);
	case KEY_KEYS_USER:
		return set_text(config->keys_user, sizeof(config->keys_user), text,
			text_is_user_name(text));
	case KEY_HOST_KEYS:
		return set_host_keys(config, text);
	case KEY_FILES:
		return set_files(config, text);
	case KEY_ON_SUCCESS:
		return set_ending(&config->on_success, text);
	case KEY_ON_FAILURE:
		return set_ending(&config->on_failure, text);
	case KEY_TIMEOUT:
		return set_count(&config->timeout_s, text, TIMEOUT_MAX_S);
	case KEY_IP:
		return ipconfig_parse(text, &config->ip);
	case KEY_INTERFACE:
		return set_text(
			config->interface, sizeof(config->interface), text, is_interface(text));
	case KEY_REPORT_URL:
		return set_text(config->report_url, sizeof(config->report_url), text,
			url_is_remote(text) && url_is_allowed(text));
	case KEY_SEED:
		return set_uuid(config->seed, text);
	case CONFIG_KEY_COUNT:
		break;
	}
	return -EINVAL;
}
