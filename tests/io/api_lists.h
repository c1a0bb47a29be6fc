#ifndef TESTS_IO_API_LISTS_H
#define TESTS_IO_API_LISTS_H

#include "tests/io/api_world.h"

#include "producers/api/reads/cursor.h"
#include "producers/api/reads/resource_plan.h"

/* Lists of the gateway, page by page, beside what SQL says. */

#define ROWS_MAX 1000

static inline struct uuid id_of(const char *text)
{
	struct uuid id;

	assert_true(uuid_parse(&id, str_of(text)));
	return id;
}

struct ids {
	size_t count;
	char texts[ROWS_MAX][UUID_TEXT_SIZE + 1];
};

static char token[2048]; /* of the caller */

/* The `id` of each item of the answer. */
static inline void take_ids(struct ids *ids)
{
	for (const char *at = strstr(api_body(), "{\"id\":\""); at != NULL; at = strstr(at + 1, "{\"id\":\"")) {
		assert_true(ids->count < ROWS_MAX);
		(void)snprintf(ids->texts[ids->count++], sizeof(ids->texts[0]), "%.36s", at + 7);
	}
}

static inline bool take_cursor(char cursor[CURSOR_TEXT_SIZE])
{
	const char *at = strstr(api_body(), "\"nextCursor\":\"");

	if (at == NULL) {
		assert_contains("\"nextCursor\":null");
		return false;
	}
	(void)snprintf(cursor, CURSOR_TEXT_SIZE, "%.*s", (int)strcspn(at + 14, "\""), at + 14);
	return true;
}

/* `query` begins with '?' or is empty. */
static inline void list_all(const char *path, const char *query, int limit, struct ids *ids)
{
	char target[1024], cursor[CURSOR_TEXT_SIZE] = "";
	bool is_more = true;

	ids->count = 0;
	while (is_more) {
		(void)snprintf(target, sizeof(target), "%s%s%slimit=%d%s%s", path, query, query[0] == '\0' ? "?" : "&", limit,
			       cursor[0] == '\0' ? "" : "&cursor=", cursor);
		if (api_get(target, token) != 200)
			fail_msg("%s: %s", target, world.answer);
		take_ids(ids);
		is_more = take_cursor(cursor);
	}
}

/* What SQL says: the first column is a text. */
static inline void select_all(const char *sql, struct ids *ids)
{
	static struct db_statement statements[64];
	static char texts[64][512];
	static size_t count;
	struct db_result result = { 0 };

	assert_true(count < 64);
	(void)snprintf(texts[count], sizeof(texts[count]), "%s", sql);
	statements[count] = (struct db_statement){ "", texts[count] };
	api_must(db_run(world.admin, &statements[count++], NULL, &result, &world.err));
	ids->count = 0;
	for (int row = 0; row < result.rows; row++) {
		struct str text = db_str(&result, row, 0);

		(void)snprintf(ids->texts[ids->count++], sizeof(ids->texts[0]), "%.*s", (int)text.size, text.data);
	}
	db_result_release(&result);
}

/* ---- a list's own statement, executed by hand ---- */

struct given {
	int at;            /* of the shape's arguments; -1: it has none such */
	const char *value; /* an array with one item */
};

/* The arguments of one question for EXECUTE, in the order of the shape: what is given, and otherwise nothing. */
static inline void write_arguments(const struct list_shape *list, const struct given *given, size_t given_count, char *text,
				   size_t size)
{
	size_t used = 0;

	for (int at = 0; at < (int)list->question.args_count; at++) {
		const char *value = "'{NULL}'"; /* an array of any type */

		for (size_t i = 0; i < given_count; i++)
			value = given[i].at == at ? given[i].value : value;
		used += (size_t)snprintf(text + used, size - used, "%s%s", at > 0 ? ", " : "", value);
		assert_true(used < size);
	}
}

static struct ids listed, expected;

static inline void assert_lists(const char *path, const char *query, int limit, const char *sql)
{
	list_all(path, query, limit, &listed);
	select_all(sql, &expected);
	if (expected.count == 0)
		fail_msg("%s proves nothing: no rows", sql);
	if (listed.count != expected.count)
		fail_msg("%s%s: %zu instead of %zu", path, query, listed.count, expected.count);
	for (size_t i = 0; i < listed.count; i++)
		if (strcmp(listed.texts[i], expected.texts[i]) != 0)
			fail_msg("%s%s: item %zu is %s instead of %s", path, query, i, listed.texts[i], expected.texts[i]);
}

#endif
