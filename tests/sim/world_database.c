#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "schemas/customers.h"
#include "tests/sim/dunning.h"
#include "tests/sim/world.h"

void *sim_grow(void *items, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return items;
	*capacity = *capacity ? 2 * *capacity : 32;
	items = realloc(items, *capacity * size);
	MUST(items);
	return items;
}

static struct sim_database *database_of(struct sim_session *session)
{
	return &session->world->databases[session->module];
}

/* ---- owned copies ---- */

static struct sim_row row_copy(const struct log_row *row)
{
	struct sim_row copy = { .row = *row, .is_applied = row->command_digest != NULL };

	if (copy.is_applied)
		memcpy(copy.digest, row->command_digest, DIGEST_SIZE);
	copy.row.command_digest = NULL;
	copy.row.body = sim_copy(row->body);
	copy.row.traceparent = row->traceparent.size > 0 ? sim_copy(row->traceparent) : (struct str){ .data = NULL };
	return copy;
}

static void row_free(struct sim_row *row)
{
	free((void *)(uintptr_t)row->row.body.data);
	free((void *)(uintptr_t)row->row.traceparent.data);
}

static struct sim_parked parked_copy(const struct parked *parked)
{
	struct sim_parked copy = { .parked = *parked, .scope = *parked->scope };

	copy.parked.actor = sim_copy(parked->actor);
	copy.parked.reason = sim_copy(parked->reason);
	copy.parked.traceparent = parked->traceparent.size > 0 ? sim_copy(parked->traceparent) : (struct str){ .data = NULL };
	copy.parked.value = sim_copy(parked->value);
	copy.parked.holds = sim_copy(parked->holds);
	return copy;
}

static void parked_free(struct sim_parked *parked)
{
	free((void *)(uintptr_t)parked->parked.actor.data);
	free((void *)(uintptr_t)parked->parked.reason.data);
	free((void *)(uintptr_t)parked->parked.traceparent.data);
	free((void *)(uintptr_t)parked->parked.value.data);
	free((void *)(uintptr_t)parked->parked.holds.data);
}

static struct sim_dead dead_copy(const struct dead_letter *letter)
{
	return (struct sim_dead){
		.part = letter->part,
		.offset = letter->offset,
		.code = letter->code,
		.at_ms = letter->at_ms,
		.key = sim_copy(letter->key),
		.value = sim_copy(letter->value),
		.headers = sim_copy(letter->headers),
	};
}

static void dead_free(struct sim_dead *dead)
{
	free((void *)(uintptr_t)dead->key.data);
	free((void *)(uintptr_t)dead->value.data);
	free((void *)(uintptr_t)dead->headers.data);
}

static struct sim_parked *parked_find(struct sim_database *database, int32_t part, int64_t offset)
{
	for (size_t i = 0; i < database->parked_count; i++) {
		struct sim_parked *parked = &database->parked[i];

		if (!parked->is_gone && parked->parked.part == part && parked->parked.offset == offset)
			return parked;
	}
	return NULL;
}

/* ---- states ---- */

static int edge_load(void *self, struct slot **slots, size_t count, struct err *err)
{
	struct sim_session *session = self;

	if (session_fault(session, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (session->world->script.breaks_load && session->world->script.breaks_load(slots[i]))
			return err_set(err, ERR_POISON, "a state cannot be read");
		state_load(session, slots[i]);
	}
	return 0;
}

/* What the engine has in memory is what the table has. */
static void edge_saw_cached(void *self, const struct slot *slot)
{
	struct sim_session *session = self;
	const struct module *module = session->world->modules[session->module];
	const struct sim_blob *blob = blob_find(session->world, session->module, slot->entity->name, &slot->id);
	char *state = malloc(slot->entity->state_size);

	MUST(state);
	MUST(blob);
	memcpy(state, blob->state, slot->entity->state_size);
	for (size_t i = 0; i < module->cached_count; i++) {
		if (module->cached[i].entity == slot->entity)
			module->cached[i].refresh(state);
	}
	MUST(memcmp(state, slot->state, slot->entity->state_size) == 0);
	session->world->cached_seen++;
	free(state);
}

/* The highest id first. */
static const struct sim_blob *highest_below(const struct sim_database *database, const struct entity *entity,
					    const struct uuid *below)
{
	const struct sim_blob *highest = NULL;

	for (size_t i = 0; i < database->blobs_count; i++) {
		const struct sim_blob *blob = &database->blobs[i];

		if (blob->entity == entity && uuid_compare(&blob->id, below) < 0 &&
		    (!highest || uuid_compare(&blob->id, &highest->id) > 0))
			highest = blob;
	}
	return highest;
}

static int edge_read_states(void *self, const struct entity *entity, const struct uuid *below, size_t max, struct arena *arena,
			    struct slot **ret_slots, size_t *ret_count, struct err *err)
{
	struct sim_session *session = self;
	const struct sim_blob *blob;
	struct uuid last = *below;

	if (session_fault(session, err) < 0)
		return -1;
	*ret_slots = arena_take(arena, max, sizeof(**ret_slots));
	MUST(*ret_slots);
	for (*ret_count = 0; *ret_count < max && (blob = highest_below(database_of(session), entity, &last)); ++*ret_count) {
		void *state = arena_take(arena, 1, entity->state_size);

		MUST(state);
		memcpy(state, blob->state, entity->state_size);
		last = blob->id;
		(*ret_slots)[*ret_count] = (struct slot){
			.entity = entity, .id = last, .loaded = true, .exists = true, .stored = true, .state = state
		};
	}
	return 0;
}

static void apply_stage(struct sim_session *session);

static void unlock(struct sim_session *session)
{
	struct sim_database *database = database_of(session);

	for (size_t i = 0; i < session->stage.locked_count; i++)
		if (database->locked_by[session->stage.locked[i]] == session)
			database->locked_by[session->stage.locked[i]] = NULL;
	session->stage.locked_count = 0;
}

/* ---- heads ---- */

/* A head locked in another transaction: the caller would wait. One whose COMMIT is on its way is waited for. */
static bool is_locked(struct sim_database *database, const struct sim_session *session, int32_t part)
{
	struct sim_session *holder = database->locked_by[part];

	if (!holder || holder == session)
		return false;
	if (!holder->stage.is_sent)
		return true;
	if (!holder->stage.is_applied)
		apply_stage(holder);
	unlock(holder);
	return false;
}

static void take_quarantine(struct head *stored, const struct head *held)
{
	for (size_t source = 0; source < COUNT(stored->quarantine); source++) {
		int32_t tries = stored->quarantine[source].tries;

		stored->quarantine[source] = held->quarantine[source];
		stored->quarantine[source].tries = tries;
	}
}

static int edge_claim(void *self, struct head *heads, size_t count, const char *owner, struct err *err)
{
	struct sim_session *session = self;
	struct sim_database *database = database_of(session);

	(void)owner;
	if (session_fault(session, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (is_locked(database, session, heads[i].part))
			return err_set(err, ERR_RETRY, "locked");
	for (size_t i = 0; i < count; i++) {
		int32_t part = heads[i].part;
		struct head *head = &database->heads[part];

		if (!database->has_head[part])
			*head = (struct head){ .part = part,
					       .business_date = INT32_MIN,
					       .tick_cursor = OFFSET_BEFORE_ALL,
					       .due.before = OFFSET_BEFORE_ALL };
		database->has_head[part] = true;
		if (head->epoch == heads[i].epoch)
			take_quarantine(head, &heads[i]);
		for (size_t source = 0; source < COUNT(head->quarantine); source++)
			head->quarantine[source].tries += head->epoch != heads[i].epoch;
		head->epoch++;
		heads[i] = *head;
	}
	return session_fault(session, err);
}

static int edge_fix_parts(void *self, int32_t found, int32_t *ret_parts, struct err *err)
{
	struct sim_session *session = self;
	struct sim_database *database = database_of(session);

	if (session_fault(session, err) < 0)
		return -1;
	if (database->parts == 0)
		database->parts = found;
	*ret_parts = database->parts;
	return session_fault(session, err);
}

static int edge_note_attempt(void *self, const struct head *head, int32_t source, bool *ret_fenced, struct err *err)
{
	struct sim_session *session = self;
	struct head *stored = &database_of(session)->heads[head->part];

	if (session_fault(session, err) < 0)
		return -1;
	*ret_fenced = stored->epoch != head->epoch;
	if (!*ret_fenced) {
		take_quarantine(stored, head);
		stored->quarantine[source].crashes++;
		session->world->attempts++;
	}
	return session_fault(session, err);
}

static int edge_release(void *self, const struct head *heads, size_t count, struct err *err)
{
	struct sim_session *session = self;
	struct sim_database *database = database_of(session);

	if (session_fault(session, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct head *head = &database->heads[heads[i].part];

		if (head->epoch != heads[i].epoch)
			continue;
		for (size_t source = 0; source < COUNT(head->quarantine); source++)
			head->quarantine[source].tries -= head->quarantine[source].tries > 0;
		take_quarantine(head, &heads[i]);
	}
	return 0;
}

static int edge_read_held(void *self, int32_t part, int64_t to_offset, struct keyset *held, struct err *err)
{
	struct sim_session *session = self;
	struct sim_database *database = database_of(session);

	if (session_fault(session, err) < 0)
		return -1;
	for (size_t i = 0; i < database->parked_count; i++) {
		const struct sim_parked *parked = &database->parked[i];

		if (!parked->is_gone && parked->parked.part == part && parked->parked.offset <= to_offset)
			MUST(keyset_add_bytes(held, parked->parked.holds));
	}
	return 0;
}

static int edge_halt(void *self, const struct head *head, const char *reason, bool *ret_fenced, struct err *err)
{
	struct sim_session *session = self;

	if (session_fault(session, err) < 0)
		return -1;
	if (session->world->script.halts_fail > 0) {
		session->world->script.halts_fail--;
		return err_set(err, ERR_RETRY, "away");
	}
	*ret_fenced = database_of(session)->heads[head->part].epoch != head->epoch;
	if (!*ret_fenced) {
		database_of(session)->heads[head->part].halted = true;
		(void)snprintf(database_of(session)->halt_reasons[head->part], sizeof(database_of(session)->halt_reasons[0]),
			       "%s", reason);
	}
	return 0;
}

/* ---- a transaction ---- */

static const struct sim_row *find_answer(const struct sim_database *database, const struct uuid *command_id)
{
	for (size_t part = 0; part < SIM_PARTS; part++)
		for (size_t i = 0; i < database->log[part].count; i++) {
			const struct sim_row *row = &database->log[part].rows[i];

			if (row->is_applied && uuid_equal(&row->row.command_id, command_id))
				return row;
		}
	return NULL;
}

static void fill_answers(const struct sim_database *database, struct answer *answers, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct sim_row *row = find_answer(database, &answers[i].command_id);

		answers[i].found = row != NULL;
		if (row)
			memcpy(answers[i].digest, row->digest, DIGEST_SIZE);
	}
}

static int edge_open(void *self, const struct opening *opening, enum open_result *ret_result, int32_t *ret_fenced,
		     struct err *err)
{
	const struct head *heads = opening->heads;
	size_t heads_count = opening->heads_count;
	struct sim_session *session = self;
	struct sim_database *database = database_of(session);
	struct sim_stage *stage = &session->stage;

	MUST(!stage->is_open);
	if (session_fault(session, err) < 0)
		return -1;
	for (size_t i = 0; i < heads_count; i++)
		if (is_locked(database, session, heads[i].part))
			return err_set(err, ERR_RETRY, "locked");
	stage->is_open = true;
	for (size_t i = 0; i < heads_count; i++) {
		database->locked_by[heads[i].part] = session;
		stage->locked[stage->locked_count++] = heads[i].part;
	}
	*ret_result = OPEN_READY;
	for (size_t i = 0; i < heads_count; i++) {
		const struct head *head = &database->heads[heads[i].part];

		if (head->epoch != heads[i].epoch || head->next_offset != heads[i].next_offset || head->halted) {
			*ret_result = OPEN_FENCED;
			*ret_fenced = heads[i].part;
			return 0;
		}
	}
	fill_answers(database, opening->answers, opening->answers_count);
	return opening->slots_count > 0 ? edge_load(session, opening->slots, opening->slots_count, err) : 0;
}

static int edge_find_answers(void *self, struct answer *answers, size_t answers_count, struct err *err)
{
	struct sim_session *session = self;

	MUST(session->stage.is_open);
	if (session_fault(session, err) < 0)
		return -1;
	fill_answers(database_of(session), answers, answers_count);
	return 0;
}

/* The unique indexes: answers, and every state that was to be inserted. */
static bool conflicts(const struct sim_session *session, const struct changes *changes)
{
	const struct sim_database *database = &session->world->databases[session->module];

	for (size_t i = 0; i < changes->log_count; i++) {
		if (!changes->log[i].command_digest)
			continue;
		if (find_answer(database, &changes->log[i].command_id))
			return true;
		for (size_t j = 0; j < i; j++)
			if (changes->log[j].command_digest &&
			    uuid_equal(&changes->log[j].command_id, &changes->log[i].command_id))
				return true;
	}
	for (size_t i = 0; i < changes->set->slots_count; i++) {
		const struct slot *slot = changes->set->slots[i];

		if (slot->changed && !slot->stored &&
		    state_is_row(blob_find(session->world, session->module, slot->entity->name, &slot->id)))
			return true;
	}
	return false;
}

/*
 * An insert under a key that another transaction has just inserted waits for its end. Here all wait for those whose COMMIT is on
 * its way; one that is not that far does not exist: between open and commit_send a program takes no turn.
 */
void database_settle(struct sim_world *world, size_t module)
{
	for (size_t i = 0; i < SIM_WORKERS; i++) {
		struct sim_session *session = world->workers[module][i].session;

		if (session && session->stage.is_sent && !session->stage.is_applied)
			apply_stage(session);
	}
}

static void stage_states(struct sim_stage *stage, const struct workset *set)
{
	stage->blobs = calloc(set->slots_count + 1, sizeof(*stage->blobs));
	MUST(stage->blobs);
	for (size_t i = 0; i < set->slots_count; i++) {
		const struct slot *slot = set->slots[i];
		struct sim_blob *blob = &stage->blobs[stage->blobs_count];

		if (!slot->changed || !post_is_kept(slot->entity) || !dunning_is_kept(slot->entity))
			continue;
		*blob = (struct sim_blob){ .entity = slot->entity, .id = slot->id, .state = malloc(slot->entity->state_size) };
		MUST(blob->state);
		memcpy(blob->state, slot->state, slot->entity->state_size);
		stage->blobs_count++;
	}
}

static void *copy_of(const void *items, size_t count, size_t size)
{
	void *copy = calloc(count + 1, size);

	MUST(copy);
	if (count > 0)
		memcpy(copy, items, count * size);
	return copy;
}

static int edge_write(void *self, const struct changes *changes, bool *ret_conflict, struct err *err)
{
	struct sim_session *session = self;
	struct sim_stage *stage = &session->stage;

	if (session_fault(session, err) < 0)
		return -1;
	database_settle(session->world, session->module);
	if (conflicts(session, changes)) {
		*ret_conflict = true;
		return err_set(err, ERR_POISON, "unique violation");
	}
	if (session->world->script.refuses) {
		const char *why = session->world->script.refuses(changes);

		*ret_conflict = why && strcmp(why, "unique") == 0;
		if (why)
			return err_set(err, ERR_POISON, "%s", why);
	}
	/* Our bug, as far as the engine can tell: the batch is halved, the one command parked. Never of refusals alone. */
	if (!session->world->is_calm && !session->world->script.spares_data && changes->events_count > 0 &&
	    dice_hits(&session->world->dice, 10))
		return err_set(err, ERR_POISON, "the data is not to the database's taste");
	stage->log = calloc(changes->log_count + 1, sizeof(*stage->log));
	stage->park = calloc(changes->park_count + 1, sizeof(*stage->park));
	stage->dead = calloc(changes->dead_count + 1, sizeof(*stage->dead));
	MUST(stage->log && stage->park && stage->dead);
	for (size_t i = 0; i < changes->log_count; i++)
		stage->log[stage->log_count++] = row_copy(&changes->log[i]);
	for (size_t i = 0; i < changes->park_count; i++)
		stage->park[stage->park_count++] = parked_copy(&changes->park[i]);
	for (size_t i = 0; i < changes->dead_count; i++)
		stage->dead[stage->dead_count++] = dead_copy(&changes->dead[i]);
	stage->unpark = copy_of(changes->unpark, changes->unpark_count, sizeof(*changes->unpark));
	stage->unpark_count = changes->unpark_count;
	stage->repark = calloc(changes->repark_count + 1, sizeof(*stage->repark));
	MUST(stage->repark);
	for (size_t i = 0; i < changes->repark_count; i++)
		stage->repark[stage->repark_count++] = parked_copy(&changes->repark[i]);
	stage_states(stage, changes->set);
	if (session->module == SIM_COMMUNICATIONS)
		post_stage(session->world, changes, &stage->letters, &stage->letters_count);
	stage->timers = copy_of(changes->timers, changes->timers_count, sizeof(*changes->timers));
	stage->timers_count = changes->timers_count;
	kept_stage(stage, changes);
	memcpy(stage->heads, changes->heads, changes->heads_count * sizeof(*changes->heads));
	stage->heads_count = changes->heads_count;
	return 0;
}

static void apply_states(struct sim_database *database, struct sim_stage *stage)
{
	for (size_t i = 0; i < stage->blobs_count; i++) {
		struct sim_blob *blob = &stage->blobs[i];
		size_t at = 0;

		while (at < database->blobs_count && (strcmp(database->blobs[at].entity->name, blob->entity->name) != 0 ||
						      !uuid_equal(&database->blobs[at].id, &blob->id)))
			at++;
		if (at < database->blobs_count) {
			free(database->blobs[at].state);
		} else {
			database->blobs =
				sim_grow(database->blobs, database->blobs_count, &database->blobs_capacity, sizeof(*blob));
			database->blobs_count++;
		}
		database->blobs[at] = *blob;
		blob->state = NULL;
	}
}

/* As sql/0242: of a command that is parked about an erased person the frame is left. */
static void forget_parked(const struct sim_world *world, struct sim_database *database)
{
	for (size_t i = 0; i < database->parked_count; i++) {
		struct sim_parked *parked = &database->parked[i];

		if (!parked->is_gone && parked->parked.value.size > FRAME_SIZE &&
		    view_person(world, &parked->parked.key).is_erased)
			parked->parked.value.size = FRAME_SIZE;
	}
}

/* A dead letter of one has no value. */
static void forget_dead(const struct sim_world *world, struct sim_dead *dead)
{
	struct uuid customer_id;

	if (!uuid_parse(&customer_id, dead->key) || !view_person(world, &customer_id).is_erased)
		return;
	free((void *)(uintptr_t)dead->value.data);
	dead->value = (struct str){ .data = NULL };
}

static bool has_erasure(const struct sim_stage *stage)
{
	for (size_t i = 0; i < stage->log_count; i++)
		if (stage->log[i].row.schema_id == customer_erased_type.schema_id)
			return true;
	return false;
}

static void apply_stage(struct sim_session *session)
{
	struct sim_database *database = database_of(session);
	struct sim_stage *stage = &session->stage;
	bool is_erasure = has_erasure(stage);

	MUST(!stage->is_applied);
	stage->is_applied = true;
	for (size_t i = 0; i < stage->log_count; i++) {
		struct sim_rows *rows = &database->log[stage->log[i].row.part];

		rows->rows = sim_grow(rows->rows, rows->count, &rows->capacity, sizeof(*rows->rows));
		rows->rows[rows->count++] = stage->log[i];
		stage->log[i] = (struct sim_row){ .is_applied = false };
	}
	for (size_t i = 0; i < stage->unpark_count; i++) {
		struct sim_parked *parked = parked_find(database, stage->unpark[i].part, stage->unpark[i].offset);

		MUST(parked);
		parked->is_gone = true;
	}
	for (size_t i = 0; i < stage->repark_count; i++) {
		struct sim_parked *parked = parked_find(database, stage->repark[i].parked.part, stage->repark[i].parked.offset);

		MUST(parked);
		parked_free(parked);
		*parked = stage->repark[i];
		stage->repark[i] = (struct sim_parked){ .is_gone = true };
	}
	for (size_t i = 0; i < stage->park_count; i++) {
		database->parked =
			sim_grow(database->parked, database->parked_count, &database->parked_capacity, sizeof(*database->parked));
		database->parked[database->parked_count++] = stage->park[i];
		stage->park[i] = (struct sim_parked){ .is_gone = true };
	}
	for (size_t i = 0; i < stage->dead_count; i++) {
		database->dead =
			sim_grow(database->dead, database->dead_count, &database->dead_capacity, sizeof(*database->dead));
		database->dead[database->dead_count++] = stage->dead[i];
		forget_dead(session->world, &database->dead[database->dead_count - 1]);
		stage->dead[i] = (struct sim_dead){ .code = NULL };
	}
	apply_states(database, stage);
	for (size_t i = 0; is_erasure && i < SIM_MODULES; i++)
		forget_parked(session->world, &session->world->databases[i]);
	if (stage->park_count + stage->repark_count > 0)
		forget_parked(session->world, database);
	post_apply(session->world, stage->letters, stage->letters_count);
	timers_apply(database, stage);
	kept_apply(database, stage);
	for (size_t i = 0; i < stage->heads_count; i++) {
		MUST(database->heads[stage->heads[i].part].epoch == stage->heads[i].epoch);
		database->heads[stage->heads[i].part] = stage->heads[i];
	}
}

void stage_free(struct sim_session *session)
{
	struct sim_stage *stage = &session->stage;

	/* The COMMIT was on its way when the program died: it may have arrived. */
	if (stage->is_sent && !stage->is_applied && dice_hits(&session->world->dice, 500))
		apply_stage(session);
	unlock(session);
	for (size_t i = 0; i < stage->log_count; i++)
		row_free(&stage->log[i]);
	for (size_t i = 0; i < stage->park_count; i++)
		parked_free(&stage->park[i]);
	for (size_t i = 0; i < stage->repark_count; i++)
		parked_free(&stage->repark[i]);
	for (size_t i = 0; i < stage->dead_count; i++)
		dead_free(&stage->dead[i]);
	for (size_t i = 0; i < stage->blobs_count; i++)
		free(stage->blobs[i].state);
	free(stage->log);
	free(stage->park);
	free(stage->dead);
	free(stage->unpark);
	free(stage->repark);
	free(stage->blobs);
	free(stage->letters);
	free(stage->timers);
	kept_stage_free(stage);
	*stage = (struct sim_stage){ .is_open = false };
}

static int edge_commit_send(void *self, struct err *err)
{
	struct sim_session *session = self;

	if (session_fault(session, err) < 0)
		return -1;
	session->stage.is_sent = true;
	if (dice_hits(&session->world->dice, 500))
		apply_stage(session);
	return session_fault(session, err);
}

static int edge_commit_finish(void *self, struct err *err)
{
	struct sim_session *session = self;

	if (session_fault(session, err) < 0)
		return -1; /* not known: abandon or the end of the session decides */
	if (!session->stage.is_applied)
		apply_stage(session);
	if (session_fault(session, err) < 0)
		return -1;
	session->stage.is_sent = false;
	stage_free(session);
	return 0;
}

static void edge_abandon(void *self)
{
	stage_free(self);
}

/* ---- reads ---- */

#define LOG_PAGE_MAX 7 /* a log is read in several pages, as the arena of a real one is small for it */

static int edge_read_log(void *self, int32_t part, int64_t from_seq, size_t rows_max, struct arena *arena,
			 struct log_row **ret_rows, size_t *ret_count, struct err *err)
{
	struct sim_session *session = self;
	const struct sim_rows *log = &database_of(session)->log[part];
	size_t count = 0;
	struct log_row *rows;

	if (session_fault(session, err) < 0)
		return -1;
	rows = arena_take(arena, log->count + 1, sizeof(*rows));
	if (!rows)
		return err_set(err, ERR_FATAL, "arena");
	for (size_t i = (size_t)from_seq - 1; i < log->count && count < rows_max && count < LOG_PAGE_MAX; i++)
		rows[count++] = log->rows[i].row;
	*ret_rows = rows;
	*ret_count = count;
	return 0;
}

static int edge_read_parked(void *self, int32_t part, int64_t after_offset, size_t rows_max, struct arena *arena,
			    struct parked **ret_rows, size_t *ret_count, bool *ret_is_end, struct err *err)
{
	struct sim_session *session = self;
	const struct sim_database *database = database_of(session);
	struct parked *rows;
	size_t count = 0;
	bool is_cut = false;

	if (session_fault(session, err) < 0)
		return -1;
	rows = arena_take(arena, database->parked_count + 1, sizeof(*rows));
	if (!rows)
		return err_set(err, ERR_FATAL, "arena");
	/* In offset order: a partition's commands are parked in that order. */
	for (size_t i = 0; i < database->parked_count && count < rows_max; i++) {
		const struct sim_parked *parked = &database->parked[i];

		if (parked->is_gone || parked->parked.part != part || parked->parked.offset <= after_offset)
			continue;
		is_cut = count > 0 && arena->used > arena->size / 4;
		if (is_cut)
			break;
		rows[count] = parked->parked;
		rows[count].actor = str_copy(arena, parked->parked.actor);
		rows[count].value = str_copy(arena, parked->parked.value);
		rows[count].scope = scope_keep(arena, &parked->scope);
		rows[count].reason = str_copy(arena, parked->parked.reason);
		rows[count].holds = str_copy(arena, parked->parked.holds);
		MUST(rows[count].actor.data && rows[count].value.data && rows[count].scope);
		MUST(rows[count].reason.data && rows[count].holds.data);
		count++;
	}
	*ret_rows = rows;
	*ret_count = count;
	*ret_is_end = count < rows_max && !is_cut;
	return 0;
}

static int edge_read_dead(void *self, int32_t part, int64_t after_offset, size_t rows_max, struct arena *arena,
			  struct dead_letter **ret_rows, size_t *ret_count, struct err *err)
{
	struct sim_session *session = self;
	const struct sim_database *database = database_of(session);
	struct dead_letter *rows;
	size_t count = 0;

	if (session_fault(session, err) < 0)
		return -1;
	rows = arena_take(arena, rows_max, sizeof(*rows));
	if (!rows)
		return err_set(err, ERR_FATAL, "arena");
	for (size_t i = 0; i < database->dead_count && count < rows_max; i++)
		if (database->dead[i].part == part && database->dead[i].offset > after_offset && !database->dead[i].published)
			rows[count++] = (struct dead_letter){ .part = part,
							      .offset = database->dead[i].offset,
							      .code = database->dead[i].code,
							      .key = database->dead[i].key,
							      .value = database->dead[i].value,
							      .headers = database->dead[i].headers };
	*ret_rows = rows;
	*ret_count = count;
	return 0;
}

static int edge_mark_dead_published(void *self, const int32_t *parts, const int64_t *offsets, size_t count, struct err *err)
{
	struct sim_session *session = self;
	struct sim_database *database = database_of(session);

	if (session_fault(session, err) < 0)
		return -1;
	for (size_t n = 0; n < count; n++)
		for (size_t i = 0; i < database->dead_count; i++)
			if (database->dead[i].part == parts[n] && database->dead[i].offset == offsets[n])
				database->dead[i].published = true;
	return 0;
}

static int edge_forget_dead(void *self, int32_t part, int64_t before_ms, size_t max, size_t *ret_count, struct err *err)
{
	struct sim_session *session = self;
	struct sim_database *database = database_of(session);

	*ret_count = 0;
	if (session_fault(session, err) < 0)
		return -1;
	for (size_t i = 0; i < database->dead_count && *ret_count < max; i++) {
		struct sim_dead *dead = &database->dead[i];

		if (dead->part != part || dead->at_ms >= before_ms || dead->is_forgotten)
			continue;
		dead->is_forgotten = true;
		++*ret_count;
	}
	return 0;
}

struct database session_database(struct sim_session *session)
{
	struct database database = {
		.self = session,
		.claim = edge_claim,
		.fix_parts = edge_fix_parts,
		.note_attempt = edge_note_attempt,
		.release = edge_release,
		.read_held = edge_read_held,
		.halt = edge_halt,
		.open = edge_open,
		.find_answers = edge_find_answers,
		.load = edge_load,
		.saw_cached = edge_saw_cached,
		.read_states = edge_read_states,
		.write = edge_write,
		.commit_send = edge_commit_send,
		.commit_finish = edge_commit_finish,
		.abandon = edge_abandon,
		.read_log = edge_read_log,
		.read_parked = edge_read_parked,
		.read_dead = edge_read_dead,
		.mark_dead_published = edge_mark_dead_published,
		.forget_dead = edge_forget_dead,
	};

	timers_fill(&database);
	kept_fill(&database);
	return database;
}

/* ---- the reader's edge: reporting's tables are one buffer of deltas ---- */

static int reader_claim(void *self, const char *module, const int32_t *parts, size_t count, const char *owner,
			struct reader_head *ret_heads, struct err *err)
{
	struct sim_session *session = self;
	struct sim_world *world = session->world;

	(void)module;
	(void)owner;
	if (session_fault(session, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		struct reader_head *head = &world->reader_heads[session->module][parts[i]];

		head->part = parts[i];
		head->epoch++;
		ret_heads[i] = *head;
	}
	return 0;
}

static int reader_halt(void *self, const char *module, const struct reader_head *head, const char *reason, bool *ret_fenced,
		       struct err *err)
{
	struct sim_session *session = self;

	(void)module;
	(void)reason;
	if (session_fault(session, err) < 0)
		return -1;
	*ret_fenced = session->world->reader_heads[session->module][head->part].epoch != head->epoch;
	if (!*ret_fenced)
		session->world->reader_heads[session->module][head->part].halted = true;
	return 0;
}

static int reader_apply(void *self, const char *module, const struct reader_head *before, const struct reader_head *after,
			size_t heads_count, const struct read_event *events, size_t events_count, bool *ret_fenced,
			struct err *err)
{
	struct sim_session *session = self;
	struct sim_world *world = session->world;

	(void)module;
	if (session_fault(session, err) < 0)
		return -1;
	for (size_t i = 0; i < heads_count; i++) {
		const struct reader_head *head = &world->reader_heads[session->module][before[i].part];

		*ret_fenced = head->epoch != before[i].epoch || head->next_offset != before[i].next_offset || head->halted;
		if (*ret_fenced)
			return 0;
	}
	for (size_t i = 0; i < events_count; i++)
		MUST(deltas_fold(events[i].type, events[i].body, events[i].at_ms, &world->aggregates));
	MUST(deltas_merge(&world->aggregates));
	for (size_t i = 0; i < heads_count; i++)
		world->reader_heads[session->module][after[i].part] = after[i];
	return session_fault(session, err);
}

struct reader_database session_reader_database(struct sim_session *session)
{
	return (struct reader_database){ .self = session, .claim = reader_claim, .halt = reader_halt, .apply = reader_apply };
}

/* ---- life ---- */

void database_release(struct sim_world *world)
{
	post_release(world);
	for (size_t module = 0; module < SIM_MODULES; module++) {
		struct sim_database *database = &world->databases[module];

		for (size_t part = 0; part < SIM_PARTS; part++) {
			for (size_t i = 0; i < database->log[part].count; i++)
				row_free(&database->log[part].rows[i]);
			free(database->log[part].rows);
		}
		for (size_t i = 0; i < database->parked_count; i++)
			parked_free(&database->parked[i]);
		for (size_t i = 0; i < database->dead_count; i++)
			dead_free(&database->dead[i]);
		for (size_t i = 0; i < database->blobs_count; i++)
			free(database->blobs[i].state);
		kept_release(database);
		free(database->timers);
		free(database->fired);
		free(database->parked);
		free(database->dead);
		free(database->blobs);
	}
}
