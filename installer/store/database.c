/* SPDX-License-Identifier: MIT */
/*
 * The tables are those of Nix's schema 10 (libstore, schema.sql and LocalStore::openDB), column by
 * column, because the guest's Nix continues to use the file.
 *
 * Nix parses every field when it reads a path, and one that it cannot parse makes the path
 * unusable. Only checked values are written: narinfo has checked paths, hashes, references and
 * signatures and has dropped a content address that does not belong to the path.
 */
#include "store/database.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/encoding.h"
#include "base/file.h"

#define DATABASE_DIR	"/nix/var/nix/db"
#define DATABASE_FILE	DATABASE_DIR "/db.sqlite"
#define SCHEMA_FILE	DATABASE_DIR "/schema"
#define SCHEMA_VERSION	"10"
#define HASH_PREFIX	"sha256:"
#define HASH_TEXT_BYTES (sizeof(HASH_PREFIX) + HEX_CHARS(SHA256_BYTES))
#define PATH_BYTES	4096

static const char schema[] =
	"create table ValidPaths (\n"
	"    id               integer primary key autoincrement not null,\n"
	"    path             text unique not null,\n"
	"    hash             text not null,\n"
	"    registrationTime integer not null,\n"
	"    deriver          text,\n"
	"    narSize          integer,\n"
	"    ultimate         integer,\n"
	"    sigs             text,\n"
	"    ca               text\n"
	");\n"
	"create table Refs (\n"
	"    referrer  integer not null,\n"
	"    reference integer not null,\n"
	"    primary key (referrer, reference),\n"
	"    foreign key (referrer) references ValidPaths(id) on delete cascade,\n"
	"    foreign key (reference) references ValidPaths(id) on delete restrict\n"
	");\n"
	"create index IndexReferrer on Refs(referrer);\n"
	"create index IndexReference on Refs(reference);\n"
	"create trigger DeleteSelfRefs before delete on ValidPaths\n"
	"  begin\n"
	"    delete from Refs where referrer = old.id and reference = old.id;\n"
	"  end;\n"
	"create table DerivationOutputs (\n"
	"    drv  integer not null,\n"
	"    id   text not null,\n"
	"    path text not null,\n"
	"    primary key (drv, id),\n"
	"    foreign key (drv) references ValidPaths(id) on delete cascade\n"
	");\n"
	"create index IndexDerivationOutputs on DerivationOutputs(path);\n";

static void cleanup_sqlite(sqlite3 **db)
{
	sqlite3_close(*db);
}

static void cleanup_statement(sqlite3_stmt **statement)
{
	sqlite3_finalize(*statement);
}

#define AUTO_SQLITE    CLEANUP(cleanup_sqlite)
#define AUTO_STATEMENT CLEANUP(cleanup_statement)

static int sqlite_error(struct error *err, sqlite3 *db, const char *what)
{
	bool full = db && sqlite3_errcode(db) == SQLITE_FULL;
	int r = full ? -ENOSPC : -EIO;
	const char *reason = db ? sqlite3_errmsg(db) : "out of memory";

	if (full)
		return error_set_code(err, EXIT_TARGET_FULL, r, "%s: %s", what, reason);
	return error_set(err, r, "%s: %s", what, reason);
}

static int run_sql(sqlite3 *db, const char *sql, const char *what, struct error *err)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0
								    : sqlite_error(err, db, what);
}

static int prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret, struct error *err)
{
	return sqlite3_prepare_v2(db, sql, -1, ret, NULL) == SQLITE_OK
		       ? 0
		       : sqlite_error(err, db, "prepare a statement");
}

/* Runs a statement that returns no rows and resets it for the next values. */
static int step(sqlite3 *db, sqlite3_stmt *statement, const char *what, struct error *err)
{
	if (sqlite3_step(statement) != SQLITE_DONE)
		return sqlite_error(err, db, what);
	sqlite3_reset(statement);
	return 0;
}

static void hash_text(const struct narinfo *info, char ret[HASH_TEXT_BYTES])
{
	strcpy(ret, HASH_PREFIX);
	hex_encode(info->nar_hash, sizeof(info->nar_hash), ret + strlen(HASH_PREFIX));
}

/* The signatures, separated by blanks, from malloc; NULL if there are none. */
static char *signature_text(const struct narinfo *info)
{
	size_t size = 0;
	char *text, *at;

	if (info->signature_count == 0)
		return NULL;
	for (size_t i = 0; i < info->signature_count; i++)
		size += strlen(info->signatures[i]) + 1;
	at = text = must_realloc(NULL, size, 1);
	for (size_t i = 0; i < info->signature_count; i++) {
		if (i)
			*at++ = ' ';
		at = stpcpy(at, info->signatures[i]);
	}
	return text;
}

/* Writes path i of the closure as row i + 1. In: the closure, whose narinfos are checked. Out: a
 * row in ValidPaths for each path. Fails with -ENOSPC and EXIT_TARGET_FULL on a full disk. */
static int insert_paths(
	sqlite3 *db, const struct closure *closure, int64_t registration_time, struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *insert = NULL;
	int r = prepare(db,
		"insert into ValidPaths (id, path, hash, registrationTime, narSize, sigs, ca) "
		"values (?, ?, ?, ?, ?, ?, ?)",
		&insert, err);

	for (size_t i = 0; r == 0 && i < closure->count; i++) {
		const struct narinfo *info = &closure->paths[i].info;
		AUTO_FREE char *signatures = signature_text(info);
		char hash[HASH_TEXT_BYTES];

		hash_text(info, hash);
		sqlite3_bind_int64(insert, 1, (sqlite3_int64)i + 1);
		sqlite3_bind_text(insert, 2, info->store_path, -1, SQLITE_STATIC);
		sqlite3_bind_text(insert, 3, hash, -1, SQLITE_STATIC);
		sqlite3_bind_int64(insert, 4, registration_time);
		sqlite3_bind_int64(insert, 5, (sqlite3_int64)info->nar_bytes);
		sqlite3_bind_text(insert, 6, signatures, -1, SQLITE_STATIC);
		sqlite3_bind_text(insert, 7, info->ca, -1, SQLITE_STATIC);
		r = step(db, insert, "register a store path", err);
	}
	return r;
}

static int insert_references(sqlite3 *db, const struct closure *closure, struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *insert = NULL;
	int r = prepare(db, "insert into Refs (referrer, reference) values (?, ?)", &insert, err);

	for (size_t i = 0; r == 0 && i < closure->count; i++) {
		const struct narinfo *info = &closure->paths[i].info;

		for (size_t k = 0; r == 0 && k < info->reference_count; k++) {
			ssize_t reference = closure_find(closure, info->references[k]);

			if (reference < 0)
				return error_set_code(err, EXIT_INTERNAL, -ENOENT,
					"%s refers to %s, which is not in the closure",
					info->store_path, info->references[k]);
			sqlite3_bind_int64(insert, 1, (sqlite3_int64)i + 1);
			sqlite3_bind_int64(insert, 2, (sqlite3_int64)reference + 1);
			r = step(db, insert, "register a reference", err);
		}
	}
	return r;
}

/* Creates a file with mode 0644, whatever the umask; fails if it exists. */
static int make_database_file(const char *path, const char *text, struct error *err)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	int r;

	if (fd < 0)
		return error_errno(err, -errno, "create %s", path);
	if (fchmod(fd, 0644) < 0)
		return error_errno(err, -errno, "set the mode of %s", path);
	r = file_write_at(fd, text, strlen(text), 0);
	if (r < 0)
		return error_errno(err, r, "write %s", path);
	if (fsync(fd) < 0 || close(steal_fd(&fd)) < 0)
		return error_errno(err, -errno, "write %s", path);
	return 0;
}

static int fill_tables(
	sqlite3 *db, const struct closure *closure, int64_t registration_time, struct error *err)
{
	/* No journal: the file is new, and a failed install starts again from nothing. Nix turns
	 * it into a WAL database when it first opens it; until then a read-only file system
	 * suffices to read it. */
	int r = run_sql(db, "pragma journal_mode = off; pragma foreign_keys = on; begin;",
		"begin the database", err);

	if (r < 0)
		return r;
	r = run_sql(db, schema, "create the tables", err);
	if (r < 0)
		return r;
	r = insert_paths(db, closure, registration_time, err);
	if (r < 0)
		return r;
	r = insert_references(db, closure, err);
	if (r < 0)
		return r;
	return run_sql(db, "commit;", "commit", err);
}

static int write_database(const char *path, const struct closure *closure,
	int64_t registration_time, struct error *err)
{
	AUTO_SQLITE sqlite3 *db = NULL;
	int r = make_database_file(path, "", err);

	if (r < 0)
		return r;
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		r = sqlite_error(err, db, "open");
	if (r == 0)
		r = fill_tables(db, closure, registration_time, err);
	if (r == 0 && sqlite3_close(db) != SQLITE_OK)
		r = sqlite_error(err, db, "close");
	else if (r == 0)
		db = NULL;
	if (r < 0)
		error_wrap(err, "the Nix database %s", path);
	return r;
}

int database_write(const char *target_path, const struct closure *closure,
	int64_t registration_time, struct error *err)
{
	char path[PATH_BYTES];
	int r;

	snprintf(path, sizeof(path), "%s" DATABASE_FILE, target_path);
	r = write_database(path, closure, registration_time, err);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s" SCHEMA_FILE, target_path);
	return make_database_file(path, SCHEMA_VERSION, err);
}

static int PRINTF_LIKE(2, 3) wrong(struct error *err, const char *fmt, ...)
{
	char what[600];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	return error_set_code(err, EXIT_VERIFY, -EBADMSG, "the Nix database is wrong: %s", what);
}

static int verify_schema(const char *path, struct error *err)
{
	char text[16] = "";
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size;

	if (fd < 0)
		return error_errno(err, -errno, "open %s", path);
	size = file_read_at(fd, text, sizeof(text) - 1, 0);
	if (size < 0)
		return error_errno(err, (int)size, "read %s", path);
	return strcmp(text, SCHEMA_VERSION) == 0 ? 0 : wrong(err, "%s says '%s'", path, text);
}

static int verify_path(sqlite3 *db, sqlite3_stmt *select, const struct narinfo *info,
	sqlite3_int64 *ret_id, struct error *err)
{
	char hash[HASH_TEXT_BYTES];
	const char *found;
	int code, r = 0;

	hash_text(info, hash);
	sqlite3_bind_text(select, 1, info->store_path, -1, SQLITE_STATIC);
	code = sqlite3_step(select);
	if (code == SQLITE_DONE)
		return wrong(err, "%s is not registered", info->store_path);
	if (code != SQLITE_ROW)
		return sqlite_error(err, db, "read the Nix database");
	*ret_id = sqlite3_column_int64(select, 0);
	found = (const char *)sqlite3_column_text(select, 1);
	if (!found || strcmp(found, hash) != 0)
		r = wrong(err, "the hash of %s", info->store_path);
	else if ((uint64_t)sqlite3_column_int64(select, 2) != info->nar_bytes)
		r = wrong(err, "the size of %s", info->store_path);
	sqlite3_reset(select);
	return r;
}

/* Compares the references of a path; both lists are sorted. */
static int verify_references(sqlite3 *db, sqlite3_stmt *select, const struct narinfo *info,
	sqlite3_int64 id, struct error *err)
{
	size_t count = 0;
	int code;

	sqlite3_bind_int64(select, 1, id);
	while ((code = sqlite3_step(select)) == SQLITE_ROW) {
		const char *reference = (const char *)sqlite3_column_text(select, 0);

		if (count >= info->reference_count || !reference ||
			store_path_check(reference) < 0 ||
			strcmp(store_path_base_name(reference), info->references[count]) != 0)
			return wrong(err, "the references of %s", info->store_path);
		count++;
	}
	if (code != SQLITE_DONE)
		return sqlite_error(err, db, "read the Nix database");
	sqlite3_reset(select);
	if (count != info->reference_count)
		return wrong(err, "the reference of %s to %s is missing", info->store_path,
			info->references[count]);
	return 0;
}

static int verify_count(sqlite3 *db, const struct closure *closure, struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *select = NULL;
	int r = prepare(db, "select count(*) from ValidPaths", &select, err);

	if (r < 0)
		return r;
	if (sqlite3_step(select) != SQLITE_ROW)
		return sqlite_error(err, db, "read the Nix database");
	if ((uint64_t)sqlite3_column_int64(select, 0) != closure->count)
		return wrong(err, "it has %lld paths instead of %zu",
			(long long)sqlite3_column_int64(select, 0), closure->count);
	return 0;
}

static int verify_entries(sqlite3 *db, const struct closure *closure, struct error *err)
{
	AUTO_STATEMENT sqlite3_stmt *paths = NULL;
	AUTO_STATEMENT sqlite3_stmt *references = NULL;
	sqlite3_int64 id = 0;
	int r = prepare(db, "select id, hash, narSize from ValidPaths where path = ?", &paths, err);

	if (r < 0)
		return r;
	r = prepare(db,
		"select path from Refs join ValidPaths on id = reference "
		"where referrer = ? order by path",
		&references, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < closure->count; i++) {
		const struct narinfo *info = &closure->paths[i].info;

		r = verify_path(db, paths, info, &id, err);
		if (r < 0)
			return r;
		r = verify_references(db, references, info, id, err);
		if (r < 0)
			return r;
	}
	return verify_count(db, closure, err);
}

/* Opens the database without creating files beside it: the file system is read-only, and Nix may
 * have left the database in WAL mode. */
static int open_written(const char *target_path, sqlite3 **ret, struct error *err)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "file:%s" DATABASE_FILE "?immutable=1", target_path);
	if (sqlite3_open_v2(path, ret, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) != SQLITE_OK)
		return sqlite_error(err, *ret, path);
	return 0;
}

int database_verify(const char *target_path, const struct closure *closure, struct error *err)
{
	AUTO_SQLITE sqlite3 *db = NULL;
	char path[PATH_BYTES];
	int r;

	snprintf(path, sizeof(path), "%s" SCHEMA_FILE, target_path);
	r = verify_schema(path, err);
	if (r < 0)
		return r;
	r = open_written(target_path, &db, err);
	if (r < 0)
		return r;
	return verify_entries(db, closure, err);
}

bool database_path_exists(const char *store_path, void *target_path)
{
	char path[PATH_BYTES];
	struct stat st;

	return (size_t)snprintf(path, sizeof(path), "%s%s", (const char *)target_path, store_path) <
		       sizeof(path) &&
	       lstat(path, &st) == 0;
}

static int see_path(
	const char *store_path, database_exists_fn *exists, void *userdata, struct error *err)
{
	if (store_path_check(store_path) < 0)
		return wrong(err, "it has the path %s", store_path);
	return exists(store_path, userdata)
		       ? 0
		       : wrong(err, "%s is registered, but not there", store_path);
}

int database_verify_present(const char *target_path, const char *system, database_exists_fn *exists,
	void *userdata, struct database_size *ret, struct error *err)
{
	AUTO_SQLITE sqlite3 *db = NULL;
	AUTO_STATEMENT sqlite3_stmt *select = NULL;
	bool found = false;
	int code = SQLITE_DONE, r = open_written(target_path, &db, err);

	*ret = (struct database_size){ 0 };
	if (r < 0)
		return r;
	r = prepare(db, "select path, narSize from ValidPaths", &select, err);
	while (r == 0 && (code = sqlite3_step(select)) == SQLITE_ROW) {
		const char *path = (const char *)sqlite3_column_text(select, 0);

		r = see_path(path ? path : "", exists, userdata, err);
		found = found || (path && strcmp(path, system) == 0);
		ret->nar_bytes += (uint64_t)sqlite3_column_int64(select, 1);
		ret->paths++;
	}
	if (r < 0)
		return r;
	if (code != SQLITE_DONE)
		return sqlite_error(err, db, "read the Nix database");
	return found ? 0 : wrong(err, "%s is not registered", system);
}
