/* SPDX-License-Identifier: MIT */
/* The oracle is the real Nix: what it dumps after loading the same registration. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "archive.h"
#include "base/cleanup.h"
#include "base/encoding.h"
#include "cachedir.h"
#include "image.h"
#include "nix/closure_walk.h"
#include "store/copy.h"
#include "store/database.h"

/* system -> left, system; left -> base, left; base */
#define SYSTEM "00000000000000000000000000000001-system"
#define LEFT   "00000000000000000000000000000002-left"
#define BASE   "00000000000000000000000000000003-base"

static struct cachedir cache;
static struct cache_settings config;
static struct closure closure;
static char target[64];

static void add(const char *name, const char *references)
{
	struct archive archive = { 0 };
	struct cachedir_entry entry = { .name = name, .references = references };

	archive_add(&archive, "nix-archive-1 ( type directory entry ( name file node "
			      "( type regular contents");
	archive_add(&archive, name);
	archive_add(&archive, ") ) )");
	entry.nar = archive.bytes;
	entry.nar_bytes = archive.size_bytes;
	cachedir_add(&cache, &entry);
}

static void make_folders(char path[64])
{
	static const char *const folders[] = { "/nix", "/nix/store", "/nix/var", "/nix/var/nix",
		"/nix/var/nix/db" };
	char folder[128];

	cachedir_scratch(path);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(folder, sizeof(folder), "%s%s", path, folders[i]);
		assert_int_equal(mkdir(folder, 0755), 0);
	}
}

static int make_closure(void **state)
{
	struct error err = { 0 };

	(void)state;
	cachedir_make(&cache);
	cachedir_config(&cache, &config);
	make_folders(target);
	add(BASE, NULL);
	add(LEFT, LEFT " " BASE);
	add(SYSTEM, SYSTEM " " LEFT);
	return closure_walk(&config, STORE_DIR "/" SYSTEM, "", &closure, &err);
}

static int remove_closure(void **state)
{
	(void)state;
	closure_free(&closure);
	cachedir_remove_tree(target);
	cachedir_remove(&cache);
	return 0;
}

static void write_it(void)
{
	struct error err = { 0 };

	if (database_write(target, &closure, 1234567890, &err) < 0)
		fail_msg("%s", err.text);
}

/* What a command prints; it must succeed. */
static char *PRINTF_LIKE(1, 2) output_of(const char *fmt, ...)
{
	static char text[65536];
	char command[1024];
	va_list args;
	FILE *pipe;
	size_t size;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	size = fread(text, 1, sizeof(text) - 1, pipe);
	text[size] = '\0';
	if (pclose(pipe) != 0)
		fail_msg("'%s' failed: %s", command, text);
	return text;
}

#define NIX_STORE "NIX_CONFIG='build-users-group =' nix-store --store"

/* The closure in the form of nix-store --load-db. */
static void write_registration(const char *path)
{
	FILE *file = fopen(path, "w");
	char hash[HEX_CHARS(SHA256_BYTES) + 1];

	for (size_t i = 0; i < closure.count; i++) {
		const struct narinfo *info = &closure.paths[i].info;

		hex_encode(info->nar_hash, sizeof(info->nar_hash), hash);
		fprintf(file, "%s\n%s\n%llu\n\n%zu\n", info->store_path, hash,
			(unsigned long long)info->nar_bytes, info->reference_count);
		for (size_t k = 0; k < info->reference_count; k++)
			fprintf(file, STORE_DIR "/%s\n", info->references[k]);
	}
	fclose(file);
}

static void nix_dumps_what_it_would_have_loaded_itself(void **state)
{
	char other[64], path[128];
	char *expected;

	(void)state;
	write_it();
	make_folders(other);
	snprintf(path, sizeof(path), "%s/registration", other);
	write_registration(path);
	output_of(NIX_STORE " %s --load-db <%s", other, path);
	expected = strdup(output_of(NIX_STORE " %s --dump-db", other));
	assert_non_null(strstr(expected, SYSTEM));
	assert_string_equal(output_of(NIX_STORE " %s --dump-db", target), expected);
	free(expected);
	cachedir_remove_tree(other);
}

static void nix_finds_the_copied_store_whole(void **state)
{
	struct error err = { 0 };
	struct image image;
	char path[128];

	(void)state;
	image_make(&image, NULL);
	assert_int_equal(copy_closure(&config, &closure,
				 &(struct copy_target){ .path = image.path }, NULL, NULL, &err),
		0);
	assert_true(image_read(&image));
	snprintf(path, sizeof(path), "%s" STORE_DIR, target);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rename(image.store, path), 0);
	image_remove(&image);
	write_it();
	assert_null(
		strstr(output_of(NIX_STORE " %s --verify --check-contents 2>&1", target), "error"));
	/* Nix has opened it for writing, as the guest will. */
	if (database_verify(target, &closure, &err) < 0)
		fail_msg("%s", err.text);
}

static void nix_knows_the_signatures(void **state)
{
	char sql[512];

	(void)state;
	write_it();
	snprintf(sql, sizeof(sql),
		"sqlite3 %s/nix/var/nix/db/db.sqlite 'select sigs, ca, registrationTime, deriver "
		"from ValidPaths where path = \"" STORE_DIR "/" BASE "\"'",
		target);
	assert_non_null(strstr(output_of("%s", sql), closure.paths[2].info.signatures[0]));
	assert_non_null(strstr(output_of("%s", sql), "||1234567890|\n"));
}

static void its_files_are_what_nix_expects(void **state)
{
	mode_t before = umask(077);
	struct stat st;
	char path[128];

	(void)state;
	write_it();
	umask(before);
	snprintf(path, sizeof(path), "%s/nix/var/nix/db/schema", target);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);
	assert_string_equal(output_of("cat %s", path), "10");
	snprintf(path, sizeof(path), "%s/nix/var/nix/db/db.sqlite", target);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0644);
	assert_string_equal(output_of("ls %s/nix/var/nix/db", target), "db.sqlite\nschema\n");
	assert_string_equal(output_of("sqlite3 %s 'pragma integrity_check'", path), "ok\n");
	assert_string_equal(output_of("sqlite3 %s 'pragma foreign_key_check'", path), "");
	/* A WAL database could not be read back from a read-only file system. */
	assert_string_equal(output_of("sqlite3 %s 'pragma journal_mode'", path), "delete\n");
}

static void what_was_written_verifies(void **state)
{
	struct error err = { 0 };

	(void)state;
	write_it();
	if (database_verify(target, &closure, &err) < 0)
		fail_msg("%s", err.text);
}

static void a_database_that_is_there_is_not_replaced(void **state)
{
	struct error err = { 0 };

	(void)state;
	write_it();
	assert_int_equal(database_write(target, &closure, 1, &err), -EEXIST);
}

static void change(const char *sql)
{
	char path[128];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/nix/var/nix/db/db.sqlite", target);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void every_change_is_found(void **state)
{
	static const struct {
		const char *sql, *sentence;
	} changes[] = {
		{ "delete from ValidPaths where id = 1",
			"/nix/store/" SYSTEM " is not registered" },
		{ "update ValidPaths set hash = 'sha256:0' where id = 2",
			"the hash of /nix/store/" LEFT },
		{ "update ValidPaths set narSize = 1 where id = 3",
			"the size of /nix/store/" BASE },
		{ "delete from Refs where referrer = 1 and reference = 1",
			"the references of /nix/store/" SYSTEM },
		{ "delete from Refs where referrer = 2 and reference = 3",
			"the reference of /nix/store/" LEFT " to " BASE " is missing" },
		{ "insert into Refs values (3, 1)", "the references of /nix/store/" BASE },
		{ "insert into ValidPaths (path, hash, registrationTime) values ('x', 'y', 1)",
			"it has 4 paths instead of 3" },
	};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct error err = { 0 };

		write_it();
		change(changes[i].sql);
		assert_int_equal(database_verify(target, &closure, &err), -EBADMSG);
		assert_int_equal(err.code, EXIT_VERIFY);
		if (!strstr(err.text, changes[i].sentence))
			fail_msg("'%s' does not say '%s'", err.text, changes[i].sentence);
		remove_closure(state);
		make_closure(state);
	}
}

static void another_schema_is_found(void **state)
{
	struct error err = { 0 };
	char path[128];
	FILE *file;

	(void)state;
	write_it();
	snprintf(path, sizeof(path), "%s/nix/var/nix/db/schema", target);
	file = fopen(path, "w");
	fputs("9", file);
	fclose(file);
	assert_int_equal(database_verify(target, &closure, &err), -EBADMSG);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_closure, remove_closure)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nix_dumps_what_it_would_have_loaded_itself),
		TEST(nix_finds_the_copied_store_whole),
		TEST(nix_knows_the_signatures),
		TEST(its_files_are_what_nix_expects),
		TEST(what_was_written_verifies),
		TEST(a_database_that_is_there_is_not_replaced),
		TEST(every_change_is_found),
		TEST(another_schema_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
