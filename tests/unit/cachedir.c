/* SPDX-License-Identifier: MIT */
#include "cachedir.h"

#include <fcntl.h>
#include <ftw.h>
#include <lzma.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "base/cleanup.h"
#include "base/encoding.h"

#define KEY_NAME "test-1"

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	abort();
}

void cachedir_scratch(char path[64])
{
	snprintf(path, 64, "/tmp/guest-installer-test-XXXXXX");
	must(mkdtemp(path) != NULL, "mkdtemp");
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* Folders of a store cannot be written to, which stops everyone but root. */
static int make_writable(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	return type == FTW_D ? chmod(path, 0700) : 0;
}

void cachedir_remove_tree(const char *path)
{
	must(nftw(path, make_writable, 64, FTW_PHYS) == 0, path);
	must(nftw(path, remove_one, 64, FTW_PHYS | FTW_DEPTH) == 0, path);
}

void cachedir_write(const struct cachedir *cache, const char *name, const void *data, size_t size)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", cache->path, name);
	file = fopen(path, "w");
	must(file != NULL, path);
	must(fwrite(data, 1, size, file) == size && fclose(file) == 0, path);
}

void cachedir_make(struct cachedir *cache)
{
	static const uint8_t seed[32] = "a key that is for nothing else";
	static const char info[] = "StoreDir: " STORE_DIR "\n";
	uint8_t public[32];
	size_t size = sizeof(public);
	char folder[128];

	cachedir_scratch(cache->path);
	snprintf(folder, sizeof(folder), "%s/nar", cache->path);
	must(mkdir(folder, 0755) == 0, folder);
	cachedir_write(cache, "nix-cache-info", info, strlen(info));
	cache->key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof(seed));
	must(EVP_PKEY_get_raw_public_key(cache->key, public, &size) == 1, "public key");
	strcpy(cache->trusted_key, KEY_NAME ":");
	EVP_EncodeBlock((uint8_t *)cache->trusted_key + strlen(cache->trusted_key), public, 32);
}

void cachedir_remove(struct cachedir *cache)
{
	EVP_PKEY_free(cache->key);
	cachedir_remove_tree(cache->path);
}

static void sign(const struct cachedir *cache, const char *text, char ret[128])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t signature[64];
	size_t size = sizeof(signature);

	must(EVP_DigestSignInit(context, NULL, NULL, NULL, cache->key) == 1, "sign");
	must(EVP_DigestSign(context, signature, &size, (const uint8_t *)text, strlen(text)) == 1,
		"sign");
	EVP_MD_CTX_free(context);
	EVP_EncodeBlock((uint8_t *)ret, signature, sizeof(signature));
}

/* The fingerprint, written a second time and in another way than in narinfo.c; the references
 * must be given sorted. */
static void make_fingerprint(const struct cachedir_entry *entry, const char *hash, char ret[4096])
{
	int used = snprintf(
		ret, 4096, "1;/nix/store/%s;sha256:%s;%zu;", entry->name, hash, entry->nar_bytes);
	char list[2048];
	char *rest = list;

	snprintf(list, sizeof(list), "%s", entry->references ? entry->references : "");
	for (char *word; (word = strsep(&rest, " ")) != NULL;)
		if (*word)
			used += snprintf(ret + used, 4096 - (size_t)used, "%s/nix/store/%s",
				ret[used - 1] == ';' ? "" : ",", word);
}

static void write_nar(
	const struct cachedir *cache, const struct cachedir_entry *entry, const char *url)
{
	size_t capacity = entry->nar_bytes + entry->nar_bytes / 2 + 65536, size = 0;
	AUTO_FREE uint8_t *out = must_realloc(NULL, capacity, 1);

	if (entry->compression == COMPRESSION_NONE) {
		memcpy(out, entry->nar, entry->nar_bytes);
		size = entry->nar_bytes;
	} else if (entry->compression == COMPRESSION_ZSTD) {
		size = ZSTD_compress(out, capacity, entry->nar, entry->nar_bytes, 3);
		must(!ZSTD_isError(size), "zstd");
	} else {
		must(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC64, NULL, entry->nar,
			     entry->nar_bytes, out, &size, capacity) == LZMA_OK,
			"xz");
	}
	cachedir_write(cache, url, out, size);
}

void cachedir_add(const struct cachedir *cache, const struct cachedir_entry *entry)
{
	static const char *const compressions[] = { "none", "xz", "zstd" };
	char url[256], hash[64], name[64], text[8192], fingerprint[4096], signature[128];
	uint8_t sum[SHA256_BYTES];
	int used;

	snprintf(url, sizeof(url), "nar/%.32s.nar", entry->name);
	write_nar(cache, entry, url);
	digest_sha256(entry->nar, entry->nar_bytes, sum);
	nix32_encode(sum, sizeof(sum), hash);
	make_fingerprint(entry, hash, fingerprint);
	sign(cache, fingerprint, signature);
	used = snprintf(text, sizeof(text),
		"StorePath: /nix/store/%s\nURL: %s\nCompression: %s\nNarHash: sha256:%s\n"
		"NarSize: %zu\nReferences: %s\n",
		entry->name, url, compressions[entry->compression], hash, entry->nar_bytes,
		entry->references ? entry->references : "");
	if (!entry->is_unsigned)
		used += snprintf(text + used, sizeof(text) - (size_t)used, "Sig: %s:%s\n", KEY_NAME,
			signature);
	snprintf(name, sizeof(name), "%.32s.narinfo", entry->name);
	cachedir_write(cache, name, text, (size_t)used);
}

void cachedir_change(
	const struct cachedir *cache, const char *name, const char *from, const char *to)
{
	char path[256], file_name[64], text[8192], changed[9000];
	const char *at;
	size_t size;
	FILE *file;

	snprintf(file_name, sizeof(file_name), "%.32s.narinfo", name);
	snprintf(path, sizeof(path), "%s/%s", cache->path, file_name);
	file = fopen(path, "r");
	must(file != NULL, path);
	size = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[size] = '\0';
	at = strstr(text, from);
	must(at != NULL, from);
	snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, to,
		at + strlen(from));
	cachedir_write(cache, file_name, changed, strlen(changed));
}

void cachedir_config(const struct cachedir *cache, struct cache_settings *ret)
{
	memset(ret, 0, sizeof(*ret));
	snprintf(ret->caches[0], sizeof(ret->caches[0]), "%s", cache->path);
	ret->cache_count = 1;
	snprintf(ret->trusted_keys[0], sizeof(ret->trusted_keys[0]), "%s", cache->trusted_key);
	ret->trusted_key_count = 1;
}
