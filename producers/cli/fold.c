#include "fold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "crypto/crypto.h"
#include "schemas/engine.h"

#define SLICE_EVENTS    1000000 /* to begin with; a slice that does not fit into its memory is halved */
#define ARENA_SIZE      ((size_t)1 << 30)
#define EVENT_SLOTS_MAX 256               /* of one event ... */
#define EVENT_SIZE_MAX  ((size_t)1 << 20) /* ... with its notes */

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

static struct slot *note_slot(struct fold *fold, const struct entity *entity, const struct uuid *id, size_t size)
{
	struct slot *slot = workset_find(&fold->set, entity, id);

	if (slot == NULL) {
		(void)workset_change(&fold->set, entity, id);
		slot = workset_find(&fold->set, entity, id);
	}
	slot->exists = true;
	if (slot->locator == 0)
		slot->locator = (uint64_t)(uintptr_t)fold_take(fold, size);
	return slot;
}

void *fold_note(struct fold *fold, const struct entity *entity, const struct uuid *id, size_t size)
{
	return (void *)(uintptr_t)note_slot(fold, entity, id, size)->locator;
}

bool fold_is_about(const struct event *event, const char *id_name)
{
	return strcmp(event->type->aggregate_field->name, id_name) == 0;
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

/* The slot's text names the row: the bytes of the id, and the other values. */
void *fold_note_row(struct fold *fold, const struct entity *entity, const struct uuid *id, struct str second, struct str third,
		    size_t size)
{
	struct uuid row = fold_id(id, second, third);
	struct slot *slot = note_slot(fold, entity, &row, size);
	void *note = (void *)(uintptr_t)slot->locator;
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
	if (step->fold->module->note != NULL)
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

/* False: it changes nothing here: no event of the module, or about another key (a finding of verify_log). */
static bool is_event_of(const struct fold *fold, const struct logged_line *line, const struct decoded *decoded)
{
	return decoded->type != NULL && decoded->type != &command_rejected_type && decoded->type->kind == MESSAGE_EVENT &&
	       strcmp(decoded->type->module, fold->module->module->name) == 0 &&
	       uuid_equal(message_uuid(decoded->type->key_field, decoded->body), &line->row.key);
}

static int fold_event_of(struct fold *fold, const struct logged_line *line, const struct decoded *decoded, struct err *err)
{
	struct command command = { .id = line->row.command_id,
				   .key = line->row.key,
				   .correlation_id = line->row.correlation_id,
				   .now_ms = line->row.at_ms,
				   .received_ms = line->row.at_ms };
	struct event event = { .type = decoded->type, .body = decoded->body, .command = &command };
	struct step step = { .fold = fold, .event = &event, .line = line };

	if (fold->module->prepare != NULL)
		fold->module->prepare(fold, &command, &event, line);
	if (!must_hold(take_step, &step))
		return leave_out(fold, line, err);
	return fold->module->beside != NULL ? fold->module->beside(fold, line, &event, true, err) : 0;
}

int fold_line(struct fold *fold, const struct logged_line *line, const struct decoded *decoded, struct err *err)
{
	bool is_ours = fold_has(fold, &line->row.key);

	if (fold->is_full || fold->is_broken)
		return 0;
	fold->verify->tally.folded++;
	if (is_ours && !fold_has_room(fold)) {
		fold->is_full = true;
		return 0;
	}
	if (is_ours && is_event_of(fold, line, decoded))
		return fold_event_of(fold, line, decoded, err);
	return fold->module->beside != NULL ? fold->module->beside(fold, line, NULL, is_ours, err) : 0;
}

int fold_lines_end(struct fold *fold, struct err *err)
{
	int failed = 0;

	if (!fold->is_full && !fold->is_broken && fold->module->beside != NULL)
		failed = fold->module->beside(fold, NULL, NULL, false, err);
	if (!fold->is_full && !fold->is_broken && fold->module->finish != NULL)
		fold->is_full = !fold->module->finish(fold);
	return failed;
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

static void check_row(struct fold *fold, const struct folded_table *table, const struct db_stream *stream)
{
	struct table_row row = { .verify = fold->verify, .table = table, .stream = stream, .promise = 7 };
	struct uuid key = row_uuid(&row, 0);

	if (!fold_has(fold, &key))
		return;
	fold->verify->tally.rows++;
	arena_reset(&fold->verify->arena); /* texts opened for the previous row */
	table->check(fold, &row);
}

static void say_missing(struct fold *fold, const struct folded_table *table, const struct slot *slot)
{
	char where[WHERE_SIZE], id[UUID_TEXT_SIZE + 1];

	uuid_format(id, slot->text.size > 16 ? (const struct uuid *)(const void *)slot->text.data : &slot->id);
	snprintf(where, sizeof(where), "%s %s%.*s", table->name, id, slot->text.size > 16 ? (int)slot->text.size - 16 : 0,
		 slot->text.size > 16 ? slot->text.data + 16 : "");
	finding(fold->verify, 7, where, "the row is missing, and the log says that there is one");
	if (table->missing != NULL)
		table->missing(fold, &slot->id, where);
}

/* Slots without a row: the rows are missing. */
static void find_missing(struct fold *fold)
{
	for (size_t i = 0; i < fold->set.slots_count; i++) {
		const struct slot *slot = fold->set.slots[i];

		if (!slot->exists || slot->stored)
			continue;
		for (size_t j = 0; j < fold->module->tables_count; j++) {
			const struct folded_table *table = &fold->module->tables[j];

			if (slot->entity == table->entity && !table->may_lag)
				say_missing(fold, table, slot);
		}
	}
}

/* Once for a module: a connection keeps its prepared statements. */
static const struct db_statement *statement_of(struct fold *fold, const struct folded_table *table)
{
	struct arena *arena = &fold->verify->statements;
	const struct db_statement *named;
	struct db_statement *statement;

	if (table->template != NULL)
		return db_template_statement(table->template);
	named = schema_statement(arena, "verify_rows", "", table->name);
	statement = arena_take(arena, 1, sizeof(*statement));
	MUST(named != NULL && statement != NULL);
	*statement = (struct db_statement){ named->name, table->select };
	return statement;
}

static int check_table(struct fold *fold, const struct folded_table *table, const struct db_statement *select, struct err *err)
{
	struct db_stream stream;
	bool found = true;
	int failed = db_stream_open(&stream, fold->verify->db, select, err);

	while (failed == 0 && found) {
		failed = db_stream_next(&stream, &found, err);
		if (failed == 0 && found)
			check_row(fold, table, &stream);
	}
	db_stream_close(&stream);
	return failed;
}

int fold_tables(struct fold *fold, struct err *err)
{
	for (size_t i = 0; i < fold->module->tables_count; i++) {
		if (check_table(fold, &fold->module->tables[i], fold->selects[i], err) != 0)
			return -1;
	}
	find_missing(fold);
	return 0;
}

/* ---- the whole of a module ---- */

int fold_slice_begin(struct fold *fold, struct err *err)
{
	arena_reset(&fold->arena);
	fold->is_broken = fold->is_full = false;
	if (!workset_init(&fold->set, &fold->arena, fold->slots_max))
		return err_set(err, ERR_FATAL, "no room for the states of a log");
	fold->set.folds = true;
	return fold->module->begin != NULL ? fold->module->begin(fold, err) : 0;
}

int fold_open(struct fold *fold, struct verify *verify, const struct folded_module *module, int64_t events, struct err *err)
{
	*fold = (struct fold){ .verify = verify, .module = module, .slices = (unsigned)(events / SLICE_EVENTS) + 1 };
	fold->slots_max = (size_t)(events < SLICE_EVENTS ? events : SLICE_EVENTS) * 3 + 4 * EVENT_SLOTS_MAX;
	fold->selects = arena_take(&verify->statements, module->tables_count, sizeof(fold->selects[0]));
	MUST(fold->selects != NULL);
	for (size_t i = 0; i < module->tables_count; i++)
		fold->selects[i] = statement_of(fold, &module->tables[i]);
	return arena_init(&fold->arena, ARENA_SIZE, err);
}

void fold_close(struct fold *fold)
{
	if (fold->module != NULL && fold->module->end != NULL)
		fold->module->end(fold);
	arena_release(&fold->arena);
}

#define FOLDED(name, NAME) &folded_##name,
static const struct folded_module *const folded_modules[] = { COMMAND_MODULES(FOLDED) };
#undef FOLDED

const struct folded_module *folded_module_named(const char *name)
{
	for (size_t i = 0; i < COUNT(folded_modules); i++) {
		if (strcmp(folded_modules[i]->module->name, name) == 0)
			return folded_modules[i];
	}
	return NULL;
}
