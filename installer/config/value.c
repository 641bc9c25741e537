/* SPDX-License-Identifier: MIT */
#include "config/value.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/encoding.h"
#include "base/text.h"
#include "net/url.h"
#include "nix/flake.h"
#include "nix/narinfo.h"

#define TIMEOUT_MAX_S	    604800 /* a week */
#define STALL_TIMEOUT_MAX_S 3600
#define FETCH_ATTEMPTS_MAX  100
#define KEY_BASE64_CHARS    44 /* of an Ed25519 key's 32 bytes */
#define NIL_UUID	    "00000000-0000-0000-0000-000000000000"

/* Index of text in a NULL-terminated list, or -EINVAL. */
static int choose_word(const char *text, const char *const *words)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(text, words[i]) == 0)
			return i;
	return -EINVAL;
}

/* One of two words into a flag that the second one sets. */
static int set_flag(bool *ret, const char *text, const char *off, const char *on)
{
	int i = choose_word(text, (const char *const[]){ off, on, NULL });

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

static int set_uuid_value(char ret[37], const char *text)
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
	int i = choose_word(text, words);

	if (i < 0)
		return i;
	*ret = (enum ending)i;
	return 0;
}

static int set_engine(enum engine_kind *ret, const char *text)
{
	static const char *const words[] = {
		[ENGINE_CACHE] = "cache",
		[ENGINE_NIXOS_INSTALL] = "nixos-install",
		NULL,
	};
	int i = choose_word(text, words);

	if (i < 0)
		return i;
	*ret = (enum engine_kind)i;
	return 0;
}

static int set_host_keys(struct config *config, const char *text)
{
	int i = choose_word(text, (const char *const[]){ "generate", "none", NULL });

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
static int next_list_word(const char **text, char *ret, size_t ret_bytes)
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
	char caches[CACHES_MAX][CONFIG_TEXT_BYTES], word[CONFIG_TEXT_BYTES];
	size_t count = 0;
	int r;

	while ((r = next_list_word(&text, word, sizeof(word))) > 0) {
		if (count == CACHES_MAX || !url_is_base(word))
			return -EINVAL;
		memcpy(caches[count++], word, sizeof(word));
	}
	if (r < 0 || count == 0)
		return -EINVAL;
	memcpy(config->cache.caches, caches, count * sizeof(caches[0]));
	config->cache.cache_count = count;
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

	while (!none && (r = next_list_word(&text, word, sizeof(word))) > 0) {
		int place = choose_word(word, places);

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

	while ((r = next_list_word(&text, word, sizeof(word))) > 0) {
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
	char keys[TRUSTED_KEYS_MAX][sizeof(config->cache.trusted_keys[0])];
	char word[sizeof(keys[0])];
	size_t count = 0;
	int r;

	if (strcmp(text, "none") == 0) {
		config->cache.trust_anything = true;
		config->cache.trusted_key_count = 0;
		return 0;
	}
	while ((r = next_list_word(&text, word, sizeof(word))) > 0) {
		if (count == TRUSTED_KEYS_MAX || !is_trusted_key(word))
			return -EINVAL;
		memcpy(keys[count++], word, sizeof(word));
	}
	if (r < 0 || count == 0)
		return -EINVAL;
	memcpy(config->cache.trusted_keys, keys, count * sizeof(keys[0]));
	config->cache.trusted_key_count = count;
	config->cache.trust_anything = false;
	return 0;
}

/* As NixOS wants networking.hostName: a label of RFC 1123, 2.1, in which _ is let pass. */
static bool is_hostname(const char *text)
{
	size_t length = strlen(text);

	if (length < 1 || length > 63 || !isalnum((unsigned char)text[0]) ||
		!isalnum((unsigned char)text[length - 1]))
		return false;
	return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
	       length;
}

static bool is_interface(const char *text)
{
	return ipconfig_is_interface(text) || ipconfig_is_mac(text);
}

/* Copies text if it passes the check. */
static int set_text_value(char *ret, size_t ret_bytes, const char *text, bool good)
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
		return set_text_value(config->root_label, sizeof(config->root_label), text,
			text_is_ext4_label(text));
	case KEY_ROOT_UUID:
		return set_uuid_value(config->root_uuid, text);
	case KEY_ESP_LABEL:
		return set_text_value(config->esp_label, sizeof(config->esp_label), text,
			text_is_fat_label(text));
	case KEY_SWAP:
		return set_swap(config, text);
	case KEY_MANIFEST:
		return set_text_value(
			config->manifest, sizeof(config->manifest), text, url_is_allowed(text));
	case KEY_MANIFEST_SUM:
		return sha256_decode(text, config->manifest_sha256);
	case KEY_SYSTEM:
		return set_text_value(
			config->system, sizeof(config->system), text, store_path_check(text) == 0);
	case KEY_ENGINE:
		return set_engine(&config->engine, text);
	case KEY_CONFIGURATION:
		return set_text_value(config->configuration, sizeof(config->configuration), text,
			url_is_allowed(text));
	case KEY_CONFIGURATION_SUM:
		return sha256_decode(text, config->configuration_sha256);
	case KEY_FLAKE:
		return set_text_value(
			config->flake, sizeof(config->flake), text, flake_check(text));
	case KEY_HOSTNAME:
		return set_text_value(
			config->hostname, sizeof(config->hostname), text, is_hostname(text));
	case KEY_CACHE:
		return set_caches(config, text);
	case KEY_TRUSTED_KEYS:
		return set_trusted_keys(config, text);
	case KEY_CA_FILE:
		return set_text_value(config->cache.fetch.ca_file,
			sizeof(config->cache.fetch.ca_file), text, text_is_clean_path(text));
	case KEY_STALL:
		return set_count(&config->cache.fetch.stall_timeout_s, text, STALL_TIMEOUT_MAX_S);
	case KEY_ATTEMPTS:
		return set_count(&config->cache.fetch.attempts, text, FETCH_ATTEMPTS_MAX);
	case KEY_KEYS:
		return set_keys(config, text);
	case KEY_KEYS_USER:
		return set_text_value(config->keys_user, sizeof(config->keys_user), text,
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
		return set_text_value(
			config->interface, sizeof(config->interface), text, is_interface(text));
	case KEY_REPORT_URL:
		return set_text_value(config->report_url, sizeof(config->report_url), text,
			url_is_remote(text) && url_is_allowed(text));
	case KEY_SEED:
		return set_uuid_value(config->seed, text);
	case CONFIG_KEY_COUNT:
		break;
	}
	return -EINVAL;
}
