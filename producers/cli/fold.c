#include "fold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"
#include "schemas/engine.h"

#define SLICE_EVENTS    1000000 /* begun with; a slice that is too small for its memory is halved */
#define SLICES_MAX      4096
#define SLOTS_MAX       4000000
#define ARENA_SIZE      ((size_t)1 << 30)
#define EVENT_SLOTS_MAX 256               /* that one event can make ... */
#define EVENT_SIZE_MAX  ((size_t)1 << 20) /* ... with what is noted of it */

/* ---- slices and memory ---- */

static bool is_in_slice(const struct fold *fold, const struct uuid *key)
{
	return (key->bytes[15] | (unsigned)key->bytes[14] << 8) % fold->slices == fold->slice;
}

bool fold_has(const struct fold *fold, const struct uuid *key)
{
	if (!is_in_slice(fold, key))
		return false;
	for (size_t i = 0; i < fold->broken_count; i++) {
		if (uuid_equal(&fold->broken[i], key))
			return false;
	}
	return true;
}

bool fold_has_room(const struct fold *fold)
{
	return fold->set.slots_count + EVENT_SLOTS_MAX < fold->set.slots_max &&
	       fold->arena.size - fold->arena.used > EVENT_SIZE_MAX;
}

void *fold_take(struct fold *fold, size_t size)
{
	void *memory = arena_take(&fold->arena, 1, size);

	MUST(memory != NULL);
	return memory;
}

void *fold_scratch(struct fold *fold, size_t size)
{
	void *memory = arena_take(&fold->verify->arena, 1, size);

	MUST(memory != NULL);
	return memory;
}

struct str fold_copy(struct fold *fold, struct str text)
{
	struct str copy = str_copy(&fold->arena, text);

	MUST(copy.data != NULL);
	return copy;
}

void *fold_note(struct fold *fold, const struct entity *entity, const struct uuid *id, size_t size)
{
	struct slot *slot;

	(void)workset_change(&fold->set, entity, id);
	slot = workset_find(&fold->set, entity, id);
	if (slot->locator == 0)
		slot->locator = (uint64_t)(uintptr_t)fold_take(fold, size);
	return (void *)(uintptr_t)slot->locator;
}

void *fold_noted(struct fold *fold, const struct entity *entity, const struct uuid *id)
{
	const struct slot *slot = workset_find(&fold->set, entity, id);

	return slot == NULL ? NULL : (void *)(uintptr_t)slot->locator;
}

void *fold_change(struct fold *fold, const struct entity *entity, const struct uuid *id)
{
	return workset_change(&fold->set, entity, id);
}

const void *fold_state(const struct fold *fold, const struct entity *entity, const struct uuid *id)
{
	const struct slot *slot = workset_find(&fold->set, entity, id);

	return slot == NULL ? NULL : slot->state;
}

struct uuid fold_id(const struct uuid *id, struct str second, struct str third)
{
	char text[16 + 2 * 128];
	size_t size = sizeof(id->bytes);

	memcpy(text, id->bytes, size);
	second = str_prefix(second, 127);
	third = str_prefix(third, 127);
	text[size++] = (char)second.size;
	memcpy(text + size, second.size > 0 ? second.data : "", second.size);
	size += second.size;
	memcpy(text + size, third.size > 0 ? third.data : "", third.size);
	size += third.size;
	return uuid_of_key((struct str){ .data = text, .size = size });
}

/* The slot's text says what the row is called: the id's bytes, and the rest. */
void *fold_note_row(struct fold *fold, const struct entity *entity, const struct uuid *id, struct str second, struct str third,
		    size_t size)
{
	struct uuid row = fold_id(id, second, third);
	void *note = fold_note(fold, entity, &row, size);
	struct slot *slot = workset_find(&fold->set, entity, &row);
	char text[16 + 2 * 129];
	int length;

	if (slot->text.size > 0)
		return note;
	memcpy(text, id->bytes, 16);
	length = snprintf(text + 16, sizeof(text) - 16, " %.*s%s%.*s", (int)str_prefix(second, 128).size, second.data,
			  third.size > 0 ? " " : "", (int)str_prefix(third, 127).size, third.size > 0 ? third.data : "");
	slot->text = fold_copy(fold, (struct str){ .data = text, .size = 16 + (size_t)length });
	return note;
}

/* ---- events ---- */

struct step {
	struct fold *fold;
	const struct event *event;
	const struct logged_line *line;
};

static void take_step(void *argument)
{
	struct step *step = argument;

	step->fold->module->module->evolve(&step->fold->set, step->event);
	step->fold->module->note(step->fold, step->event, step->line);
}

static int leave_out(struct fold *fold, const struct logged_line *line, struct err *err)
{
	char where[WHERE_SIZE];

	snprintf(where, sizeof(where), "%s part %d seq %lld", fold->module->module->name, line->row.part,
		 (long long)line->row.seq);
	finding(fold->verify, 7, where, "does not follow from the events before it: what its customer has was not compared");
	if (fold->broken_count == FOLD_BROKEN_MAX)
		return err_set(err, ERR_FATAL, "%s: too many such events: its tables were not compared",
			       fold->module->module->name);
	fold->broken[fold->broken_count++] = line->row.key;
	fold->is_broken = true;
	return 0;
}

/* What cannot be decoded is a finding of verify_log. */
static int fold_line(struct fold *fold, const struct logged_line *line, struct err *err)
{
	const struct message_type *type = NULL;
	const void *body = NULL;
	struct err why = ERR_INIT;
	struct command command = { .id = line->row.command_id,
				   .key = line->row.key,
				   .correlation_id = line->row.correlation_id,
				   .now_ms = line->row.at_ms,
				   .received_ms = line->row.at_ms };
	struct event event;
	struct step step = { .fold = fold, .event = &event, .line = line };

	arena_reset(&fold->verify->arena);
	if (coder_decode(fold->verify->coder, line->row.body, &fold->verify->arena, &type, &body, &why) != 0)
		return 0;
	if (type == &command_rejected_type || type->kind != MESSAGE_EVENT ||
	    strcmp(type->module, fold->module->module->name) != 0 ||
	    !uuid_equal(message_uuid(type->key_field, body), &line->row.key))
		return 0;
	event = (struct event){ .type = type, .body = body, .command = &command };
	if (fold->module->prepare != NULL)
		fold->module->prepare(fold, &command, &event, line);
	if (!must_hold(take_step, &step))
		return leave_out(fold, line, err);
	if (fold->module->check != NULL)
		return fold->module->check(fold, &event, line, err);
	return 0;
}

static int fold_part(struct fold *fold, const struct verify_head *head, struct err *err)
{
	struct logged_line line;
	bool found = true;

	log_reader_start(fold->log, head->part, 0, head->log_seq);
	while (!fold->is_broken) {
		if (log_reader_next(fold->log, &found, &line, err) != 0)
			return -1;
		if (!found)
			return 0;
		progress_show(&fold->verify->progress, ++fold->verify->tally.folded, 0, 0);
		if (!fold_has(fold, &line.row.key))
			continue;
		if (!fold_has_room(fold)) {
			fold->is_full = true;
			return 0;
		}
		if (fold_line(fold, &line, err) != 0)
			return -1;
	}
	return 0;
}

static int fold_log(struct fold *fold, struct err *err)
{
	const struct verify *verify = fold->verify;

	for (size_t i = 0; i < verify->heads_count && !fold->is_full && !fold->is_broken; i++) {
		if (strcmp(verify->heads[i].module, fold->module->module->name) == 0 &&
		    fold_part(fold, &verify->heads[i], err) != 0)
			return -1;
	}
	if (!fold->is_full && !fold->is_broken && fold->module->finish != NULL)
		fold->is_full = !fold->module->finish(fold);
	return 0;
}

/* ---- tables ---- */

const void *row_state(struct fold *fold, struct table_row *row, const struct uuid *id)
{
	struct slot *slot = workset_find(&fold->set, row->table->entity, id);

	if (slot == NULL || !slot->exists) {
		row_wrong(row, "no event made this row");
		return NULL;
	}
	if (slot->stored)
		row_wrong(row, "the row is there twice");
	slot->stored = true;
	return slot->state;
}

const void *row_noted(struct fold *fold, struct table_row *row, const struct uuid *id)
{
	return row_state(fold, row, id) == NULL ? NULL : fold_noted(fold, row->table->entity, id);
}

static void check_rows(struct fold *fold, const struct folded_table *table, const struct db_result *page)
{
	for (int i = 0; i < page->rows; i++) {
		struct table_row row = { .verify = fold->verify, .table = table, .result = page, .row = i, .promise = 7 };
		struct uuid key = row_uuid(&row, 0);

		if (!fold_has(fold, &key))
			continue;
		fold->verify->tally.rows++;
		arena_reset(&fold->verify->arena); /* what was opened of the row before */
		table->check(fold, &row);
	}
}

/* Slots that were not met. */
static void find_missing(struct fold *fold, const struct folded_table *table)
{
	for (size_t i = 0; i < fold->set.slots_count; i++) {
		const struct slot *slot = fold->set.slots[i];
		char where[WHERE_SIZE], id[UUID_TEXT_SIZE + 1];

		if (slot->entity != table->entity || !slot->exists || slot->stored)
			continue;
		uuid_format(id, slot->text.size > 16 ? (const struct uuid *)(const void *)slot->text.data : &slot->id);
		snprintf(where, sizeof(where), "%s %s%.*s", table->name, id, slot->text.size > 16 ? (int)slot->text.size - 16 : 0,
			 slot->text.size > 16 ? slot->text.data + 16 : "");
		finding(fold->verify, 7, where, "the row is missing, and the log says that there is one");
	}
}

struct cursor {
	const struct db_statement *open, *fetch, *close;
};

/* Once for a module: a connection remembers what it has prepared. */
static struct cursor cursor_of(struct fold *fold, const struct folded_table *table)
{
	struct arena *arena = &fold->verify->statements;
	struct cursor cursor = {
		schema_statement(arena, "verify_open", "DECLARE \"verify {schema}\" NO SCROLL CURSOR FOR ", table->name),
		schema_statement(arena, "verify_fetch", "FETCH 5000 FROM \"verify {schema}\"", table->name),
		schema_statement(arena, "verify_close", "CLOSE \"verify {schema}\"", table->name),
	};
	struct db_statement *open = arena_take(arena, 1, sizeof(*open));
	size_t size = strlen(cursor.open != NULL ? cursor.open->sql : "") + strlen(table->select) + 1;
	char *text = arena_take_bytes(arena, size);

	MUST(cursor.open != NULL && cursor.fetch != NULL && cursor.close != NULL && open != NULL && text != NULL);
	snprintf(text, size, "%s%s", cursor.open->sql, table->select);
	*open = (struct db_statement){ cursor.open->name, text };
	cursor.open = open;
	return cursor;
}

static int check_table(struct fold *fold, const struct folded_table *table, const struct cursor *cursor, struct err *err)
{
	struct db *db = fold->verify->db;
	int rows = 1;

	if (db_run(db, cursor->open, NULL, NULL, err) != 0)
		return -1;
	while (rows > 0) {
		struct db_result page = { .pg = NULL };

		if (db_run(db, cursor->fetch, NULL, &page, err) != 0)
			return -1;
		rows = page.rows;
		check_rows(fold, table, &page);
		db_result_release(&page);
		progress_show(&fold->verify->progress, fold->verify->tally.folded, 0, 0);
	}
	if (!table->may_lag)
		find_missing(fold, table);
	return db_run(db, cursor->close, NULL, NULL, err);
}

/* ---- all of a module ---- */

static int start_slice(struct fold *fold, size_t slots_max, struct err *err)
{
	arena_reset(&fold->arena);
	fold->is_broken = fold->is_full = false;
	if (!workset_init(&fold->set, &fold->arena, slots_max))
		return err_set(err, ERR_FATAL, "no room for the states of a log");
	fold->set.folds = true;
	if (fold->module->begin != NULL)
		fold->module->begin(fold);
	return 0;
}

/* A slice that does not fit is two of half the size; one in which a key was broken is folded again without that key. */
static int fold_slice(struct fold *fold, const struct cursor *cursors, size_t slots_max, struct err *err)
{
	unsigned slice = fold->slice, slices = fold->slices;

	do {
		if (start_slice(fold, slots_max, err) != 0 || fold_log(fold, err) != 0)
			return -1;
	} while (fold->is_broken);
	if (fold->is_full) {
		if (slices >= SLICES_MAX)
			return err_set(err, ERR_FATAL, "the events about one customer do not fit into the memory of this check");
		fold->slices = 2 * slices;
		if (fold_slice(fold, cursors, slots_max, err) != 0)
			return -1;
		fold->slice = slice + slices;
		fold->slices = 2 * slices;
		return fold_slice(fold, cursors, slots_max, err);
	}
	for (size_t i = 0; i < fold->module->tables_count; i++) {
		if (check_table(fold, &fold->module->tables[i], &cursors[i], err) != 0)
			return -1;
	}
	return 0;
}

static int fold_module(struct verify *verify, const struct folded_module *module, struct log_reader *log, int64_t events,
		       struct err *err)
{
	unsigned slices = (unsigned)(events / SLICE_EVENTS) + 1;
	size_t slots_max = (size_t)(events < SLICE_EVENTS ? events : SLICE_EVENTS) * 3 + 4 * EVENT_SLOTS_MAX;
	static struct fold fold;
	struct cursor *cursors = arena_take(&verify->statements, module->tables_count, sizeof(*cursors));
	int failed = 0;

	MUST(cursors != NULL);
	fold = (struct fold){ .verify = verify, .module = module, .log = log };
	for (size_t i = 0; i < module->tables_count; i++)
		cursors[i] = cursor_of(&fold, &module->tables[i]);
	if (arena_init(&fold.arena, ARENA_SIZE, err) != 0)
		return -1;
	for (unsigned slice = 0; slice < slices && failed == 0; slice++) {
		fold.slice = slice;
		fold.slices = slices;
		failed = fold_slice(&fold, cursors, slots_max, err);
	}
	if (module->begin != NULL)
		module->begin(&fold);
	arena_release(&fold.arena);
	return failed;
}

static const struct folded_module *const folded_modules[] = { &folded_users, &folded_customers, &folded_debts,
							      &folded_communications, &folded_reports };

static const struct folded_module *module_named(const char *name)
{
	for (size_t i = 0; i < sizeof(folded_modules) / sizeof(folded_modules[0]); i++) {
		if (strcmp(folded_modules[i]->module->name, name) == 0)
			return folded_modules[i];
	}
	return NULL;
}

static const struct db_statement set_snapshot = { "verify_states_snapshot",
						  "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY" };

/* Log and tables as they are at one moment: the heads are read again. */
static int fold_snapshot(struct verify *verify, size_t module, struct err *err)
{
	const struct folded_module *folded = module_named(verify->modules.names[module]);
	int64_t events = 0;
	int failed;

	if (folded == NULL)
		return 0;
	if (db_begin(verify->db, err) != 0)
		return -1;
	failed = db_run(verify->db, &set_snapshot, NULL, NULL, err);
	if (failed == 0)
		failed = verify_read_heads(verify, module, err);
	for (size_t i = 0; i < verify->heads_count; i++) {
		if (verify->heads[i].module == verify->modules.names[module])
			events += verify->heads[i].log_seq;
	}
	if (failed == 0)
		failed = fold_module(verify, folded, &verify->logs[module], events, err);
	db_rollback(verify->db);
	return failed;
}

int verify_states(struct verify *verify, struct err *err)
{
	for (size_t i = 0; i < verify->modules.count; i++) {
		if (fold_snapshot(verify, i, err) != 0)
			return -1;
	}
	return 0;
}
