#include "worker/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/day.h"
#include "schemas/clock.h"
#include "schemas/engine.h"
#include "worker/holds.h"
#include "worker/rights.h"

#define ID_AHEAD_MAX_MS 300000 /* how far a sender's clock may be ahead of the broker's */

/* The most bytes of events of one batch: far above what batch_items_max commands make. */
#define BODIES_SIZE_MAX ((size_t)256 << 20)

int batch_init(struct batch *batch, const struct engine_conf *conf, struct err *err)
{
	size_t ids_capacity = 1;

	*batch = (struct batch){ .tick_part = -1, .quarantined_part = -1 };
	MUST(conf->batch_items_max > 0);
	MUST(conf->batch_items_max <= ENGINE_BATCH_ITEMS_MAX);
	while (ids_capacity < 2 * conf->batch_items_max)
		ids_capacity *= 2;
	batch->ids_mask = ids_capacity - 1;
	batch->items = calloc(conf->batch_items_max, sizeof(*batch->items));
	batch->ids = calloc(ids_capacity, sizeof(*batch->ids));
	if (!batch->items || !batch->ids)
		return err_set(err, ERR_FATAL, "no memory for a batch");
	keyset_init(&batch->held, HOLDS_MAX * conf->batch_items_max);
	buf_init(&batch->bodies, BODIES_SIZE_MAX);
	return arena_init(&batch->arena, conf->arena_size, err);
}

void batch_release(struct batch *batch)
{
	free(batch->items);
	free(batch->ids);
	keyset_release(&batch->held);
	buf_release(&batch->bodies);
	arena_release(&batch->arena);
	*batch = (struct batch){ .tick_part = -1, .quarantined_part = -1 };
}

void batch_reset(struct batch *batch)
{
	arena_reset(&batch->arena);
	batch->items_count = 0;
	batch->bytes = 0;
	batch->is_full = false;
	batch->tick_part = batch->quarantined_part = -1;
	batch->tried_count = 0;
	batch->is_tick_end = false;
	batch->arena_items = 0;
	batch->from = 0;
	batch->count = 0;
}

/* ---- begin ---- */

static int too_large(struct err *err)
{
	return err_set(err, ERR_POISON, "the batch does not fit into its arena");
}

static struct head *head_of(struct batch *batch, const struct engine *engine, int32_t part)
{
	if (batch->head_of_part[part] < 0) {
		batch->head_of_part[part] = (int16_t)batch->heads_count;
		batch->heads[batch->heads_count++] = engine->partitions[part].head;
	}
	return &batch->heads[batch->head_of_part[part]];
}

/*
 * An id above every earlier one of its partition is new, as UUIDv7 ascend. An id whose time is ahead of the broker's clock (random,
 * or from a wrong clock) is looked up, and does not raise the highest id: all later ids would look old.
 */
static bool is_ahead(const struct command *command)
{
	return uuid_time_ms(&command->id) > command->now_ms + ID_AHEAD_MAX_MS;
}

/* The unique index catches what this misses: a conflict, and a pessimistic attempt. */
static bool may_be_known(const struct batch *batch, const struct engine *engine, const struct item *item)
{
	const struct uuid *last_id = &engine->partitions[item->part].head.last_id;

	return batch->is_pessimistic || item->was_parked || is_ahead(&item->command) ||
	       uuid_compare(&item->command.id, last_id) <= 0;
}

int batch_begin(struct batch *batch, const struct engine *engine, size_t from, size_t count, bool is_pessimistic,
		struct answer **ret_answers, size_t *ret_answers_count, struct err *err)
{
	struct answer *answers;
	size_t answers_count = 0;

	arena_rewind(&batch->arena, batch->arena_items);
	buf_reset(&batch->bodies);
	keyset_clear(&batch->held);
	memset(batch->ids, 0, (batch->ids_mask + 1) * sizeof(*batch->ids));
	memset(batch->head_of_part, -1, sizeof(batch->head_of_part));
	batch->heads_count = 0;
	batch->from = from;
	batch->count = count;
	batch->is_pessimistic = is_pessimistic;
	batch->changes = (struct changes){ .set = &batch->set };
	batch->verdicts = arena_take(&batch->arena, count, sizeof(*batch->verdicts));
	answers = arena_take(&batch->arena, count, sizeof(*answers));
	if (!batch->verdicts || !answers || !workset_init(&batch->set, &batch->arena, 5 * count + 64))
		return too_large(err);
	batch->set.assumes_new = !is_pessimistic;
	if (batch->tick_part >= 0)
		head_of(batch, engine, batch->tick_part);
	for (size_t i = 0; i < count; i++) {
		struct item *item = &batch->items[from + i];

		head_of(batch, engine, item->part);
		if (item->kind != ITEM_COMMAND || !may_be_known(batch, engine, item))
			continue;
		answers[answers_count++].command_id = item->command.id;
		batch->verdicts[i].has_answer = true;
	}
	*ret_answers = answers;
	*ret_answers_count = answers_count;
	return 0;
}

/* ---- decide ---- */

static const char broke_our_code[] = "the command broke our code; a person has to look";

/* *ret_mistaken true: a state that was assumed new exists. */
static int load_missing(struct batch *batch, const struct engine *engine, bool *ret_mistaken, struct err *err)
{
	struct workset *set = &batch->set;

	*ret_mistaken = false;
	if (set->missing_count == 0)
		return 0;
	if (engine->database.load(engine->database.self, set->missing, set->missing_count, err) < 0)
		return -1;
	for (size_t i = 0; i < set->missing_count; i++) {
		struct slot *slot = set->missing[i];

		*ret_mistaken |= slot->assumed && slot->exists;
		slot->assumed = false;
	}
	set->missing_count = 0;
	return 0;
}

/* A broken command is not decided, as its states may be what cannot be loaded. An id of zeros must not be touched. */
static bool asks_rule(const struct item *item)
{
	return item->kind == ITEM_COMMAND && !item->is_broken && !item->nil_field;
}

/* A bound user's creditors are loaded with his rights, and what the rule touches depends on them: it is asked in a second round. */
static bool asks_again(const struct item *item)
{
	return item->rule->touches_again || command_is_bound(&item->command);
}

static int load_states(struct batch *batch, const struct engine *engine, struct err *err)
{
	bool mistaken; /* harmless: no rule has read it yet */

	for (size_t i = 0; i < batch->count; i++) {
		struct item *item = &batch->items[batch->from + i];

		if (item->kind == ITEM_COMMAND && !item->is_broken)
			rights_touch(&item->command, &batch->set);
	}
	for (int round = 0; round < TOUCH_ROUNDS_MAX; round++) {
		for (size_t i = 0; i < batch->count; i++) {
			struct item *item = &batch->items[batch->from + i];

			if (!asks_rule(item))
				continue;
			rights_take(&item->command, &batch->set);
			if (round > 0 && !asks_again(item))
				continue;
			item->rule->touch(&item->command, &batch->set);
		}
		if (batch->set.overflow)
			return too_large(err);
		if (batch->set.missing_count == 0)
			return 0;
		if (load_missing(batch, engine, &mistaken, err) < 0)
			return -1;
	}
	return 0;
}

/*
 * Unique indexes verify "assumed new" only for rows that are written. A refusal or a wait writes nothing and must not rest on an
 * assumption: the states its command touched are loaded now. They are few.
 */
static int check_assumed(struct batch *batch, const struct engine *engine, bool *ret_conflict, struct err *err)
{
	batch->set.assumes_new = false;
	for (size_t i = 0; i < batch->count; i++) {
		const struct item *item = &batch->items[batch->from + i];

		if (batch->verdicts[i].is_no && asks_rule(item))
			item->rule->touch(&item->command, &batch->set);
	}
	return load_missing(batch, engine, ret_conflict, err);
}

/* The verdict of an earlier item of this attempt that applied the same command id, or NULL. Remembers item i. */
static const struct verdict *closed_by(struct batch *batch, size_t i, const struct item **ret_item)
{
	const struct item *item = &batch->items[batch->from + i];
	uint64_t hash;

	memcpy(&hash, item->command.id.bytes + 8, sizeof(hash));
	for (size_t place = hash & batch->ids_mask;; place = (place + 1) & batch->ids_mask) {
		uint32_t other = batch->ids[place];

		if (other == 0) {
			batch->ids[place] = (uint32_t)i + 1;
			return NULL;
		}
		if (!uuid_equal(&batch->items[batch->from + other - 1].command.id, &item->command.id))
			continue;
		if (batch->verdicts[other - 1].fate == FATE_APPLIED) {
			*ret_item = &batch->items[batch->from + other - 1];
			return &batch->verdicts[other - 1];
		}
		batch->ids[place] = (uint32_t)i + 1;
		return NULL;
	}
}

/* What parked commands before this one hold; in a pass: those of the pass. */
static const struct keyset *held_before(const struct engine *engine, const struct item *item)
{
	const struct partition *partition = &engine->partitions[item->part];

	return item->was_parked ? &partition->held_next : &partition->held;
}

static bool must_queue(struct batch *batch, const struct engine *engine, const struct item *item)
{
	const struct keyset *held = held_before(engine, item);
	struct holds holds;

	if (item->rule->overtakes || held->count + batch->held.count == 0)
		return false;
	holds_list(item, &batch->set, &holds);
	return holds_meet(&holds, &item->command.key, held) || holds_meet(&holds, &item->command.key, &batch->held);
}

/*
 * A bug holds its whole key: nobody knows what it touches. Above parked_max every parked command holds its key only, which bounds
 * the memory: the number of commands behind those that wait is unbounded, the number of their keys is not.
 */
static struct str list_held(struct batch *batch, const struct engine *engine, const struct item *item, enum parked_kind kind)
{
	size_t held = held_before(engine, item)->count + batch->held.count;
	struct holds holds = { .is_cut = true };

	if (kind != PARKED_BUG && item->rule->overtakes) /* an id that no command touches, so that it is counted */
		holds = (struct holds){ .ids = { uuid_derive(&item->command.id, "alone", 0) }, .count = 1 };
	else if (kind != PARKED_BUG)
		holds_list(item, &batch->set, &holds);
	if (holds.is_cut || (int64_t)(held + holds.count) > engine->conf.parked_max)
		holds = (struct holds){ .ids = { item->command.key }, .count = 1 };
	return str_copy(&batch->arena, (struct str){ (const char *)holds.ids, holds.count * sizeof(holds.ids[0]) });
}

static int park(struct batch *batch, const struct engine *engine, struct verdict *verdict, const struct item *item,
		enum parked_kind kind, const char *reason, struct err *err)
{
	verdict->fate = FATE_PARKED;
	verdict->parked_kind = kind;
	verdict->parked_reason = str_copy(&batch->arena, str_of(reason));
	verdict->holds = list_held(batch, engine, item, kind);
	if (!verdict->parked_reason.data || !verdict->holds.data || !keyset_add_bytes(&batch->held, verdict->holds))
		return too_large(err);
	return 0;
}

static int refuse(struct batch *batch, struct verdict *verdict, const struct item *item, const struct decision *decision,
		  struct err *err)
{
	struct command_rejected *body = arena_take(&batch->arena, 1, sizeof(*body));
	struct event *event = arena_take(&batch->arena, 1, sizeof(*event));

	if (!body || !event)
		return too_large(err);
	body->command_id = item->command.id;
	body->customer_id = item->command.key;
	body->command_type = str_of(item->command.type->record.name);
	body->code = str_of(refusal_code(decision->refusal));
	body->field = str_copy(&batch->arena, str_of(decision->field));
	body->text = str_copy(&batch->arena, str_of(decision->text));
	body->retriable = decision->refusal == REFUSAL_VERSION_CONFLICT || decision->refusal == REFUSAL_NOT_FOUND;
	if (!body->field.data || !body->text.data)
		return too_large(err);
	message_set_actor(&command_rejected_type, body, item->command.actor);
	*event = (struct event){ .type = &command_rejected_type, .body = body, .command = &item->command };
	verdict->fate = FATE_REFUSED;
	verdict->events = event;
	verdict->events_count = 1;
	return 0;
}

static int accept(struct batch *batch, const struct engine *engine, struct verdict *verdict, const struct decision *decision,
		  struct err *err)
{
	struct event *events = arena_take(&batch->arena, decision->events_count, sizeof(*events));

	if (!events)
		return too_large(err);
	memcpy(events, decision->events, decision->events_count * sizeof(*events));
	for (size_t i = 0; i < decision->events_count; i++)
		engine->admission.module->evolve(&batch->set, &events[i]);
	verdict->fate = FATE_APPLIED;
	verdict->events = events;
	verdict->events_count = decision->events_count;
	return 0;
}

/* Parks the command; after wait_max_ms, or above parked_max, it is refused. */
static int wait_or_refuse(struct batch *batch, const struct engine *engine, struct verdict *verdict, const struct item *item,
			  struct decision *decision, struct err *err)
{
	size_t held = held_before(engine, item)->count + batch->held.count;

	/* Above parked_max the partition neither stops nor takes more. */
	if (item->command.now_ms - item->since_ms <= engine->conf.wait_max_ms && (int64_t)held < engine->conf.parked_max)
		return park(batch, engine, verdict, item, PARKED_WAIT, decision->text, err);
	decision->refusal = REFUSAL_NOT_FOUND;
	return refuse(batch, verdict, item, decision, err);
}

/* The command id was applied before, or earlier in this batch: the same content changes nothing, other content is refused. */
static int repeat(struct batch *batch, struct verdict *verdict, const struct item *item, const uint8_t *first_digest,
		  struct err *err)
{
	struct decision decision;

	if (memcmp(first_digest, item->digest, DIGEST_SIZE) == 0) {
		verdict->fate = FATE_DUPLICATE;
		return 0;
	}
	decision_init(&decision, &batch->arena, &item->command);
	decision_refuse(&decision, REFUSAL_DUPLICATE_DIFFERENT_BODY, "", "this command id was used for another content before");
	return refuse(batch, verdict, item, &decision, err);
}

/* The same content was applied meanwhile, by another record. */
static bool is_same_again(const struct verdict *verdict, const struct item *item)
{
	return verdict->has_answer && verdict->answer.found && memcmp(verdict->answer.digest, item->digest, DIGEST_SIZE) == 0;
}

/* Refuses what no rule may see: an expired deadline, missing rights, an id of zeros, a faulty text. */
static bool may_be_decided(struct batch *batch, struct item *item, struct decision *decision)
{
	const struct field *unbound;

	if (item->expires_ms > 0 && item->command.now_ms > item->expires_ms)
		decision_refuse(decision, REFUSAL_EXPIRED, "", "the command's own deadline had passed");
	else if (!rights_hold(&item->command, &batch->set))
		decision_refuse(decision, REFUSAL_NOT_AUTHORISED, "", "the user may not do this now, whatever the token says");
	else if ((unbound = command_unbound_field(&item->command)) != NULL)
		decision_refuse(decision, REFUSAL_NOT_AUTHORISED, unbound->name, COMMAND_UNBOUND_TEXT);
	else if (item->nil_field)
		decision_refuse(decision, REFUSAL_BAD_VALUE, item->nil_field, "an id of zeros names nothing");
	else if (item->text_fault)
		decision_refuse(decision, REFUSAL_BAD_VALUE, item->text_field, "the text %s", item->text_fault);
	return decision->kind == DECISION_NONE;
}

/* An ended token makes a dead letter, like an expired one: nothing is answered in the name of the business. */
static int set_aside(struct batch *batch, const struct engine *engine, struct verdict *verdict, struct item *item,
		     struct err *err)
{
	if (admit_ended(&engine->admission, &engine->broker, &batch->arena, item, err) < 0)
		return -1;
	verdict->fate = FATE_DEAD;
	return 0;
}

static int decide_command(struct batch *batch, const struct engine *engine, size_t i, struct err *err)
{
	struct item *item = &batch->items[batch->from + i];
	struct verdict *verdict = &batch->verdicts[i];
	struct head *head = &batch->heads[batch->head_of_part[item->part]];
	const struct item *first;
	bool is_repeated = closed_by(batch, i, &first) != NULL;
	struct decision decision;

	if (!is_ahead(&item->command) && uuid_compare(&item->command.id, &head->last_id) > 0)
		head->last_id = item->command.id;
	if (item->is_unread && !is_same_again(verdict, item))
		return park(batch, engine, verdict, item, PARKED_BUG, broke_our_code, err);
	if (!item->rule && !item->is_unread)
		return park(batch, engine, verdict, item, PARKED_BUG, "this program cannot read the command", err);
	if (verdict->has_answer && verdict->answer.found)
		return repeat(batch, verdict, item, verdict->answer.digest, err);
	if (is_repeated)
		return repeat(batch, verdict, item, first->digest, err);
	if (item->is_broken)
		return park(batch, engine, verdict, item, PARKED_BUG, broke_our_code, err);
	if (!item->was_parked && rights_are_ended(&item->command, &batch->set))
		return set_aside(batch, engine, verdict, item, err);
	if (must_queue(batch, engine, item))
		return park(batch, engine, verdict, item, PARKED_BEHIND, "a command about the same waits before it", err);

	item->command.today = day_of_instant(item->command.now_ms);
	if (head->business_date > item->command.today)
		item->command.today = head->business_date;
	decision_init(&decision, &batch->arena, &item->command);
	if (may_be_decided(batch, item, &decision))
		item->rule->decide(&item->command, &batch->set, &decision);
	if (decision.overflow)
		return too_large(err);
	verdict->is_no = decision.kind != DECISION_EVENTS;
	switch (decision.kind) {
	case DECISION_EVENTS:
		return accept(batch, engine, verdict, &decision, err);
	case DECISION_REFUSED:
		return refuse(batch, verdict, item, &decision, err);
	case DECISION_WAIT:
		return wait_or_refuse(batch, engine, verdict, item, &decision, err);
	case DECISION_NONE:
		break;
	}
	MUST_NOT_REACH("a rule decided nothing");
}

/*
 * A business date moves by one day per Tick, and not beyond the broker's day in UTC plus one (where a day begins before it does in
 * UTC). No sender sets the broker's clock. So a wrong clock is wrong by a day at most, and three Ticks catch up with three days
 * without any. A partition's first Tick says where it begins.
 */
int32_t batch_business_date(int32_t before, int32_t said, int64_t broker_ms)
{
	int32_t latest = day_of_instant(broker_ms) + 1;

	if (before != INT32_MIN && said > before)
		said = before + 1;
	if (said > latest)
		said = latest;
	return said > before ? said : before;
}

static void take_tick(struct head *head, const struct item *item)
{
	const struct tick *tick = item->command.body;

	head->tick_at_ms = tick->at;
	head->business_date = batch_business_date(head->business_date, tick->business_date, item->command.now_ms);
}

/* ---- the rows ---- */

/* A command is applied once, but may be refused each time it is repeated. */
static struct uuid event_id_of(const struct log_row *row, const struct verdict *verdict, size_t ordinal)
{
	if (verdict->fate == FATE_REFUSED)
		return uuid_derive(&row->command_id, "refusal", (uint64_t)row->seq << 16 | (uint64_t)(uint16_t)row->part);
	return uuid_derive(&row->command_id, "event", ordinal);
}

static int log_event(struct batch *batch, const struct engine *engine, const struct item *item, const struct verdict *verdict,
		     size_t ordinal, struct log_row *row, size_t *ret_body_at, struct err *err)
{
	const struct event *event = &verdict->events[ordinal];
	struct head *head = &batch->heads[batch->head_of_part[item->part]];

	*ret_body_at = batch->bodies.size;
	if (coder_encode(engine->admission.coder, event->type, event->body, &batch->bodies, err) < 0)
		return -1;
	*row = (struct log_row){
		.part = item->part,
		.schema_id = event->type->schema_id,
		.seq = ++head->log_seq,
		.at_ms = item->command.now_ms,
		.command_offset = item->offset,
		.key = item->command.key,
		.subject = *message_uuid(event->type->aggregate_field, event->body),
		.command_id = item->command.id,
		.correlation_id = item->command.correlation_id,
		.command_digest = verdict->fate == FATE_APPLIED && ordinal == 0 ? item->digest : NULL,
		.traceparent = item->traceparent,
	};
	row->event_id = event_id_of(row, verdict, ordinal);
	row->body.size = batch->bodies.size - *ret_body_at;
	return 0;
}

/* The bodies stand in one growing buffer: their addresses are final only now. */
static void chain_rows(struct batch *batch, const struct engine *engine, struct log_row *log, const size_t *bodies_at,
		       size_t count)
{
	for (size_t i = 0; i < batch->heads_count; i++)
		batch->heads[i].log_seq = engine->partitions[batch->heads[i].part].head.log_seq;
	for (size_t i = 0; i < count; i++) {
		struct log_row *row = &log[i];
		struct head *head = &batch->heads[batch->head_of_part[row->part]];
		struct chain_row chained = {
			.part = row->part,
			.schema_id = row->schema_id,
			.seq = row->seq,
			.at_ms = row->at_ms,
			.event_id = row->event_id,
			.key = row->key,
			.subject = row->subject,
			.command_id = row->command_id,
			.correlation_id = row->correlation_id,
		};

		row->body.data = (const char *)batch->bodies.data + bodies_at[i];
		chained.body = row->body;
		chain_hash(row->hash, head->log_hash, &chained);
		memcpy(head->log_hash, row->hash, SHA256_SIZE);
		head->log_seq++;
		MUST(head->log_seq == row->seq);
	}
}

static int write_log(struct batch *batch, const struct engine *engine, struct err *err)
{
	size_t count = 0;
	size_t at = 0;
	struct log_row *log;
	struct logged_event *events;
	size_t *bodies_at;

	for (size_t i = 0; i < batch->count; i++)
		count += batch->verdicts[i].events_count;
	log = arena_take(&batch->arena, count, sizeof(*log));
	events = arena_take(&batch->arena, count, sizeof(*events));
	bodies_at = arena_take(&batch->arena, count, sizeof(*bodies_at));
	if (!log || !events || !bodies_at)
		return too_large(err);
	for (size_t i = 0; i < batch->count; i++) {
		const struct verdict *verdict = &batch->verdicts[i];

		for (size_t ordinal = 0; ordinal < verdict->events_count; ordinal++, at++) {
			if (log_event(batch, engine, &batch->items[batch->from + i], verdict, ordinal, &log[at], &bodies_at[at],
				      err) < 0)
				return -1;
			if (verdict->fate == FATE_REFUSED)
				continue;
			events[batch->changes.events_count++] = (struct logged_event){
				.event = &verdict->events[ordinal],
				.event_id = log[at].event_id,
				.part = log[at].part,
				.seq = log[at].seq,
				.at_ms = log[at].at_ms,
			};
		}
	}
	chain_rows(batch, engine, log, bodies_at, count);
	batch->changes.log = log;
	batch->changes.log_count = count;
	batch->changes.events = events;
	return 0;
}

static struct parked parked_of(const struct item *item, const struct verdict *verdict)
{
	struct parked parked = {
		.part = item->part,
		.kind = verdict->parked_kind,
		.roles = item->command.roles,
		.scope = item->command.scope,
		.token_version = item->command.token_version,
		.offset = item->offset,
		.since_ms = item->since_ms,
		.expires_ms = item->expires_ms,
		.key = item->command.key,
		.command_id = item->command.id,
		.correlation_id = item->command.correlation_id,
		.actor = item->command.actor,
		.reason = verdict->parked_reason,
		.traceparent = item->traceparent,
		.value = item->value,
		.holds = verdict->holds,
	};

	memcpy(parked.digest, item->digest, DIGEST_SIZE);
	return parked;
}

/* It stays parked, and its row changes. */
static bool is_parked_otherwise(const struct item *item, const struct verdict *verdict)
{
	return verdict->parked_kind != item->parked_kind || item->is_released || !str_equal(verdict->holds, item->holds) ||
	       !str_equal(verdict->parked_reason, item->parked_reason);
}

/* Room for parked commands and dead letters; most batches have none. */
static int room_aside(struct batch *batch, struct parked **ret_parked, struct dead_letter **ret_dead, struct err *err)
{
	size_t parked = 0;
	size_t dead = 0;

	for (size_t i = 0; i < batch->count; i++) {
		parked += batch->verdicts[i].fate == FATE_PARKED || batch->items[batch->from + i].was_parked;
		dead += batch->verdicts[i].fate == FATE_DEAD;
	}
	*ret_parked = arena_take(&batch->arena, 3 * parked, sizeof(**ret_parked)); /* to park, to unpark, to repark */
	*ret_dead = arena_take(&batch->arena, dead, sizeof(**ret_dead));
	if (!*ret_parked || !*ret_dead)
		return too_large(err);
	batch->changes.park = *ret_parked;
	batch->changes.unpark = *ret_parked + parked;
	batch->changes.repark = *ret_parked + 2 * parked;
	batch->changes.dead = *ret_dead;
	return 0;
}

/* Lists what is parked, unparked, parked again for another reason, or a dead letter. */
static int write_aside(struct batch *batch, struct err *err)
{
	struct changes *changes = &batch->changes;
	struct parked *parked;
	struct dead_letter *dead;
	struct parked *unpark;
	struct parked *repark;

	if (room_aside(batch, &parked, &dead, err) < 0)
		return -1;
	unpark = parked + (changes->unpark - changes->park);
	repark = parked + (changes->repark - changes->park);
	for (size_t i = 0; i < batch->count; i++) {
		const struct item *item = &batch->items[batch->from + i];
		const struct verdict *verdict = &batch->verdicts[i];

		if (verdict->fate == FATE_PARKED && !item->was_parked)
			parked[changes->park_count++] = parked_of(item, verdict);
		else if (verdict->fate == FATE_PARKED && is_parked_otherwise(item, verdict))
			repark[changes->repark_count++] = parked_of(item, verdict);
		else if (verdict->fate != FATE_PARKED && item->was_parked)
			unpark[changes->unpark_count++] = parked_of(item, verdict);
		if (verdict->fate == FATE_DEAD)
			dead[changes->dead_count++] = (struct dead_letter){
				.part = item->part,
				.offset = item->offset,
				.code = item->dead_code,
				.reason = item->dead_reason,
				.at_ms = item->record.at_ms,
				.key = item->record.key,
				.value = item->record.value,
				.headers = item->dead_headers,
				.command_id = item->dead_command_id,
				.about = item->dead_about,
			};
	}
	return 0;
}

/* A parked command that stays behind another was not tried. */
static void leave_quarantine(struct head *head, const struct item *item, const struct verdict *verdict)
{
	bool is_tried = item->kind != ITEM_TICK &&
			!(item->was_parked && verdict->fate == FATE_PARKED && verdict->parked_kind == PARKED_BEHIND);

	if (head->quarantine_left > 0 && is_tried && --head->quarantine_left == 0)
		head->quarantine = 0;
}

static void move_heads(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct item *item = &batch->items[batch->from + i];
		struct head *head = &batch->heads[batch->head_of_part[item->part]];

		leave_quarantine(head, item, &batch->verdicts[i]);
		if (item->was_parked) {
			head->tick_cursor = item->offset;
			continue;
		}
		MUST(item->offset >= head->next_offset); /* above it: an empty gap */
		head->next_offset = item->offset + 1;
		head->has_digest = true;
		memcpy(head->last_digest, item->digest, DIGEST_SIZE);
		if (item->kind == ITEM_TICK)
			head->tick_cursor = OFFSET_BEFORE_ALL;
	}
	for (size_t i = 0; i < batch->heads_count; i++)
		batch->heads[i].tries = batch->heads[i].crashes = 0;
	batch->changes.heads = batch->heads;
	batch->changes.heads_count = batch->heads_count;
}

int batch_decide(struct batch *batch, const struct engine *engine, const struct answer *answers, size_t answers_count,
		 bool *ret_conflict, struct err *err)
{
	size_t asked = 0;

	if (load_states(batch, engine, err) < 0)
		return -1;
	for (size_t i = 0; i < batch->count; i++) {
		struct item *item = &batch->items[batch->from + i];
		struct verdict *verdict = &batch->verdicts[i];

		switch (item->kind) {
		case ITEM_DEAD:
			verdict->fate = FATE_DEAD;
			break;
		case ITEM_VOID:
			verdict->fate = FATE_VOID;
			break;
		case ITEM_TICK:
			verdict->fate = FATE_TICK;
			take_tick(&batch->heads[batch->head_of_part[item->part]], item);
			break;
		case ITEM_COMMAND:
			if (verdict->has_answer)
				verdict->answer = answers[asked++];
			if (decide_command(batch, engine, i, err) < 0)
				return -1;
			break;
		}
	}
	MUST(asked == answers_count);
	if (check_assumed(batch, engine, ret_conflict, err) < 0)
		return -1;
	if (batch->set.overflow)
		return too_large(err);
	if (*ret_conflict)
		return 0;
	if (write_log(batch, engine, err) < 0 || write_aside(batch, err) < 0)
		return -1;
	move_heads(batch);
	return 0;
}
