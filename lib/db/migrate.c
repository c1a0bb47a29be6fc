/* Forward-only migrations. The database itself computes and compares the files' hashes. */

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/must.h"
#include "db/connection.h"
#include "db/migrate.h"
#include "model/actions.h"
#include "model/message.h"
#include "schemas/words.h"

#define FILE_NAME_MAX 100
#define FILES_MAX     999
#define FILE_SIZE_MAX ((size_t)4 * 1024 * 1024)
#define PATH_SIZE     4096
#define CURRENT       "current"

struct file {
	int64_t number;
	char name[FILE_NAME_MAX + 1];
};

struct run {
	struct db *db;
	const char *directory;
	const struct module *const *modules;
	size_t modules_count;
	struct buf files;   /* of struct file, sorted by their numbers */
	struct buf current; /* of struct file, sorted by their names, which begin with the folder */
	struct buf text;    /* of the file at hand, or what is generated */
	struct db_params params;
};

static const struct db_statement statement_find = {
	"migrate_find", "SELECT name = $2 AND sha256 = sha256($3) FROM dcs_migration WHERE number = $1"
};
static const struct db_statement statement_applied = { "migrate_applied", "SELECT number FROM dcs_migration ORDER BY number" };
/* It may drop what the files of the folder `current` use, or what they make: they are applied again. */
static const struct db_statement statement_insert = {
	"migrate_insert", "WITH again AS (DELETE FROM dcs_generated WHERE name LIKE '" CURRENT "/%') "
			  "INSERT INTO dcs_migration (number, name, sha256) VALUES ($1, $2, sha256($3))"
};

static const struct db_statement statement_is_generated = { "migrate_is_generated",
							    "SELECT FROM dcs_generated WHERE name = $1 AND sha256 = sha256($2)" };
static const struct db_statement statement_generated = {
	"migrate_generated", "INSERT INTO dcs_generated (name, sha256) VALUES ($1, sha256($2)) "
			     "ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256, applied_at = excluded.applied_at"
};

/* "dcs.migr" in ASCII: of all programs on this database, only migrations take this lock. */
#define SQL_LOCK   "SELECT pg_advisory_lock(7234298791026975602)"
#define SQL_UNLOCK "SELECT pg_advisory_unlock(7234298791026975602)"
#define SQL_TABLES                                                                                                               \
	"CREATE TABLE IF NOT EXISTS dcs_migration ("                                                                             \
	"number bigint PRIMARY KEY, name text NOT NULL, sha256 bytea NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());"  \
	"CREATE TABLE IF NOT EXISTS dcs_generated ("                                                                             \
	"name text PRIMARY KEY, sha256 bytea NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"

/* ---- the directory ---- */

static size_t count_of(const struct buf *files)
{
	return files->size / sizeof(struct file);
}

static size_t files_count(const struct run *run)
{
	return count_of(&run->files);
}

static const struct file *file_of(const struct buf *files, size_t index)
{
	return (const struct file *)(const void *)files->data + index;
}

static const struct file *file_at(const struct run *run, size_t index)
{
	return file_of(&run->files, index);
}

static int compare_files(const void *a, const void *b)
{
	const struct file *first = a;
	const struct file *second = b;

	if (first->number != second->number)
		return first->number > second->number ? 1 : -1;
	return strcmp(first->name, second->name);
}

/* NNNN_name.sql */
static bool read_name(struct file *ret_file, const char *name)
{
	long long number;

	if (strlen(name) <= 9 || strspn(name, "0123456789") != 4 || name[4] != '_')
		return false;
	if (!str_to_int64((struct str){ .data = name, .size = 4 }, &number))
		return false;
	ret_file->number = number;
	return str_to_chars(ret_file->name, sizeof(ret_file->name), str_of(name));
}

static bool ends_with(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

static bool is_sql(const char *name)
{
	return name[0] != '.' && ends_with(name, ".sql");
}

static int add_file(struct buf *files, const struct file *file, struct err *err)
{
	buf_add(files, file, sizeof(*file));
	return files->overflow ? err_set(err, ERR_FATAL, "more than %d migrations", FILES_MAX) : 0;
}

static int add_numbered(struct run *run, const char *name, struct err *err)
{
	struct file file = { 0 };

	if (!read_name(&file, name))
		return err_set(err, ERR_FATAL, "migration %s: the name is not NNNN_name.sql", name);
	return add_file(&run->files, &file, err);
}

static int add_current(struct run *run, const char *name, struct err *err)
{
	struct file file = { 0 };
	int size = snprintf(file.name, sizeof(file.name), CURRENT "/%s", name);

	if (size < 0 || (size_t)size >= sizeof(file.name))
		return err_set(err, ERR_FATAL, "migration " CURRENT "/%s: the name is too long", name);
	return add_file(&run->current, &file, err);
}

/* Each SQL file of a folder, in no order. */
static int walk(struct run *run, DIR *directory, int (*add)(struct run *run, const char *name, struct err *err), struct err *err)
{
	struct dirent *entry;

	while ((entry = readdir(directory)) != NULL)
		if (is_sql(entry->d_name) && add(run, entry->d_name, err) != 0)
			return -1;
	return 0;
}

static void sort(struct buf *files)
{
	if (files->size > 0)
		qsort(files->data, count_of(files), sizeof(struct file), compare_files);
}

static int list_numbered(struct run *run, struct err *err)
{
	DIR *directory = opendir(run->directory);
	int rc;

	if (directory == NULL)
		return err_set(err, ERR_FATAL, "the directory of migrations cannot be read: %s", strerror(errno));
	rc = walk(run, directory, add_numbered, err);
	closedir(directory);
	if (rc != 0)
		return -1;
	sort(&run->files);
	for (size_t i = 1; i < files_count(run); i++)
		if (file_at(run, i)->number == file_at(run, i - 1)->number)
			return err_set(err, ERR_FATAL, "migration %s: its number is there twice", file_at(run, i)->name);
	return 0;
}

/* The folder may be missing. */
static int list_current(struct run *run, struct err *err)
{
	char path[PATH_SIZE];
	DIR *directory;
	int rc;

	if (snprintf(path, sizeof(path), "%s/" CURRENT, run->directory) >= (int)sizeof(path))
		return err_set(err, ERR_FATAL, "the directory of migrations has a path that is too long");
	directory = opendir(path);
	if (directory == NULL)
		return errno == ENOENT ? 0 : err_set(err, ERR_FATAL, "%s cannot be read: %s", path, strerror(errno));
	rc = walk(run, directory, add_current, err);
	closedir(directory);
	sort(&run->current);
	return rc;
}

/* Into run->text, with a NUL behind it. */
static int read_file(struct run *run, const struct file *file, struct err *err)
{
	char path[PATH_SIZE];
	FILE *stream;
	size_t size = 1;
	int rc = -1;

	if (snprintf(path, sizeof(path), "%s/%s", run->directory, file->name) >= (int)sizeof(path))
		return err_set(err, ERR_FATAL, "migration %s: the path is too long", file->name);
	stream = fopen(path, "rb");
	if (stream == NULL)
		return err_set(err, ERR_FATAL, "migration %s cannot be read: %s", file->name, strerror(errno));
	buf_reset(&run->text);
	while (size > 0) { /* ends: at the end of the file, or over FILE_SIZE_MAX */
		unsigned char *at = buf_reserve(&run->text, 65536);

		if (at == NULL) {
			err_set(err, ERR_FATAL, "migration %s is over %zu bytes", file->name, FILE_SIZE_MAX);
			goto out;
		}
		size = fread(at, 1, 65536, stream);
		run->text.size += size;
	}
	if (ferror(stream)) {
		err_set(err, ERR_FATAL, "migration %s cannot be read: %s", file->name, strerror(errno));
		goto out;
	}
	buf_add_u8(&run->text, 0);
	if (run->text.overflow || strlen((const char *)run->text.data) != run->text.size - 1) {
		err_set(err, ERR_FATAL, "migration %s is too large or has a NUL", file->name);
		goto out;
	}
	rc = 0;
out:
	fclose(stream);
	return rc;
}

/* ---- one file ---- */

static const struct db_params *identify(struct run *run, const struct file *file)
{
	db_params_reset(&run->params);
	db_param_int64(&run->params, file->number);
	db_param_text(&run->params, str_of(file->name));
	db_param_bytes(&run->params, (struct str){ .data = (const char *)run->text.data, .size = run->text.size - 1 });
	return &run->params;
}

static int is_applied(struct run *run, const struct file *file, bool *ret_applied, struct err *err)
{
	struct db_result result = { 0 };
	int rc = -1;

	if (db_run(run->db, &statement_find, identify(run, file), &result, err) != 0)
		goto out;
	if (result.rows > 0 && !db_bool(&result, 0, 0)) {
		err_set(err, ERR_FATAL, "migration %s was changed after it had been applied", file->name);
		goto out;
	}
	*ret_applied = result.rows > 0;
	rc = 0;
out:
	db_result_release(&result);
	return rc;
}

/* A script and its record, in one transaction. */
static int apply(struct run *run, const char *sql, const char *name, const struct db_statement *record,
		 const struct db_params *params, struct err *err)
{
	int rc = -1;

	if (db_begin(run->db, err) != 0)
		return -1;
	if (connection_script(run->db, sql, name, err) != 0)
		goto out;
	if (PQtransactionStatus(run->db->pg) != PQTRANS_INTRANS) {
		err_set(err, ERR_FATAL, "migration %s ends its own transaction", name);
		goto out;
	}
	if (db_run(run->db, record, params, NULL, err) != 0)
		goto out;
	rc = db_commit(run->db, err);
out:
	db_rollback(run->db); /* nothing to do after a commit */
	return rc;
}

/*
 * Every applied file must be in the directory, and no new file may have a number below an applied one: later migrations may rely
 * on its absence.
 */
static int compare_with(struct run *run, const struct db_result *applied, struct err *err)
{
	size_t at = 0;

	for (int row = 0; row < applied->rows; row++) {
		int64_t number = db_int64(applied, row, 0);

		if (at == files_count(run) || file_at(run, at)->number > number)
			return err_set(err, ERR_FATAL, "migration %04" PRId64 " is missing: the database has it", number);
		if (file_at(run, at)->number < number)
			return err_set(err, ERR_FATAL, "migration %s comes too late: the database has %04" PRId64,
				       file_at(run, at)->name, number);
		at++;
	}
	return 0;
}

static int check_applied(struct run *run, struct err *err)
{
	struct db_result applied = { 0 };
	int rc;

	if (db_run(run->db, &statement_applied, NULL, &applied, err) != 0)
		return -1;
	rc = compare_with(run, &applied, err);
	db_result_release(&applied);
	return rc;
}

static int apply_all(struct run *run, int *ret_applied, struct err *err)
{
	int applied = 0;

	for (size_t i = 0; i < files_count(run); i++) {
		const struct file *file = file_at(run, i);
		bool is_done = false;

		if (read_file(run, file, err) != 0 || is_applied(run, file, &is_done, err) != 0)
			return -1;
		if (is_done)
			continue;
		if (apply(run, (const char *)run->text.data, file->name, &statement_insert, identify(run, file), err) != 0)
			return -1;
		applied++;
	}
	*ret_applied = applied;
	return 0;
}

/* ---- generated SQL, and what stands in one place ---- */

/* Changes with its text, not with a number. */
static int apply_generated(struct run *run, const char *name, const char *sql, struct err *err)
{
	struct db_result same = { 0 };
	bool is_same;

	db_params_reset(&run->params);
	db_param_text(&run->params, str_of(name));
	db_param_bytes(&run->params, str_of(sql));
	if (db_run(run->db, &statement_is_generated, &run->params, &same, err) != 0)
		return -1;
	is_same = same.rows > 0;
	db_result_release(&same);
	return is_same ? 0 : apply(run, sql, name, &statement_generated, &run->params, err);
}

/* Of all modules, into run->text. */
static const char *write_actions(struct run *run)
{
	buf_reset(&run->text);
	for (size_t i = 0; i < run->modules_count; i++) {
		for (size_t j = 0; j < run->modules[i]->actions_count; j++)
			actions_add_sql(&run->text, &run->modules[i]->actions[j]);
	}
	buf_add_u8(&run->text, 0);
	MUST(!run->text.overflow);
	return (const char *)run->text.data;
}

static int apply_all_generated(struct run *run, struct err *err)
{
	const char *actions_sql = write_actions(run);

	if (apply_generated(run, "schema_ids", schema_ids_sql, err) != 0 ||
	    apply_generated(run, "role_names", role_names_sql, err) != 0)
		return -1;
	if (actions_sql[0] != '\0' && apply_generated(run, "actions", actions_sql, err) != 0)
		return -1;
	for (size_t index = 0; index < run->modules_count; index++) {
		const struct module *module = run->modules[index];

		if (module->sql != NULL && apply_generated(run, module->name, module->sql, err) != 0)
			return -1;
	}
	return 0;
}

static int apply_current(struct run *run, struct err *err)
{
	for (size_t i = 0; i < count_of(&run->current); i++) {
		const struct file *file = file_of(&run->current, i);

		if (read_file(run, file, err) != 0 || apply_generated(run, file->name, (const char *)run->text.data, err) != 0)
			return -1;
	}
	return 0;
}

int migrate(struct db *db, const char *directory, const struct module *const *modules, size_t modules_count, int *ret_applied,
	    struct err *err)
{
	struct run run = { .db = db, .directory = directory, .modules = modules, .modules_count = modules_count };
	struct err ignored = ERR_INIT;
	int rc = -1;

	buf_init(&run.files, FILES_MAX * sizeof(struct file));
	buf_init(&run.current, FILES_MAX * sizeof(struct file));
	buf_init(&run.text, FILE_SIZE_MAX);
	db_params_init(&run.params, FILE_SIZE_MAX + 1024);
	if (list_numbered(&run, err) != 0 || list_current(&run, err) != 0 || connection_ready(db, err) != 0 ||
	    connection_script(db, SQL_LOCK, "lock", err) != 0)
		goto out;
	rc = connection_script(db, SQL_TABLES, "dcs_migration", err);
	if (rc == 0)
		rc = check_applied(&run, err);
	if (rc == 0)
		rc = apply_all_generated(&run, err);
	if (rc == 0)
		rc = apply_all(&run, ret_applied, err);
	if (rc == 0)
		rc = apply_current(&run, err);
	if (db_is_alive(db) && connection_script(db, SQL_UNLOCK, "unlock", &ignored) != 0)
		db->alive = false; /* the end of the connection gives the lock back */
out:
	db_params_release(&run.params);
	buf_release(&run.text);
	buf_release(&run.current);
	buf_release(&run.files);
	return rc;
}
