/* One attempt: from verdicts to the rows of batch->changes. */
#include "worker/batch_inside.h"

#include <string.h>

#include "worker/approvals.h"
#include "worker/quarantine.h"

/* A command is applied once, so its id is enough; a repeated command may be refused each time. */
static struct uuid event_id_of(const struct log_row *row, const struct verdict *verdict, size_t ordinal)
{
	if (verdict->fate == FATE_REFUSED)
		return uuid_derive(&row->command_id, "refusal", (uint64_t)row->seq << 16 | (uint64_t)(uint16_t)row->part);
	return uuid_derive(&row->command_id, "event", ordinal);
}

static int log_event(struct batch *batch, const struct item *item, const struct verdict *verdict, size_t ordinal,
		     struct log_row *row, size_t *ret_body_at, struct err *err)
{
	const struct event *event = &verdict->events[ordinal];
	struct head *head = &batch->heads[batch->head_of_part[item->part]];

	*ret_body_at = batch->bodies.size;
	if (coder_encode(event->type, event->body, &batch->bodies, err) < 0)
		return -1;
	*row = (struct log_row){
		.part = item->part,
		.schema_id = event->type->schema_id,
		.seq = ++head->log_seq,
		.at_ms = item->command.now_ms,
		.command_offset = item->offset,
		.key = item->command.key,
		.subject = *message_uuid(event->type->aggregate_field, event->body),
		.command_id = event->command->id, /* behind an approval: the kept command's */
		.correlation_id = event->command->correlation_id,
		.command_digest = verdict->fate != FATE_REFUSED && ordinal == 0 ? item->digest : NULL,
		.traceparent = item->traceparent,
	};
	row->event_id = event_id_of(row, verdict, ordinal);
	row->body.size = batch->bodies.size - *ret_body_at;
	return 0;
}

/* The bodies are in one growing buffer, whose address is final only now. */
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
		return batch_too_large(batch, err);
	for (size_t i = 0; i < batch->count; i++) {
		struct verdict *verdict = &batch->verdicts[i];

		for (size_t ordinal = 0; ordinal < verdict->events_count; ordinal++, at++) {
			if (log_event(batch, &batch->items[batch->from + i], verdict, ordinal, &log[at], &bodies_at[at], err) < 0)
				return -1;
			if (ordinal == 0)
				verdict->first_seq = log[at].seq;
			if (approvals_is_own(verdict->events[ordinal].type))
				continue;
			events[batch->changes.events_count++] = (struct logged_event){
				.event = &verdict->events[ordinal],
				.event_id = log[at].event_id,
				.part = log[at].part,
				.seq = log[at].seq,
				.at_ms = log[at].at_ms,
				.slots_first = verdict->slots_first,
				.slots_count = verdict->slots_count,
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

/* Whether the command stays parked and its row changes. */
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
		return batch_too_large(batch, err);
	batch->changes.park = *ret_parked;
	batch->changes.unpark = *ret_parked + parked;
	batch->changes.repark = *ret_parked + 2 * parked;
	batch->changes.dead = *ret_dead;
	return 0;
}

/* Lists the commands that are parked, unparked or parked for another reason, and the dead letters. */
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

/* Whether the item was tried: a command that stays parked behind another was not, nor a timer that is gone. */
static bool is_tried(const struct item *item, const struct verdict *verdict)
{
	return item->kind != ITEM_TICK && verdict->fate != FATE_SKIPPED &&
	       !(item->was_parked && verdict->fate == FATE_PARKED && verdict->parked_kind == PARKED_BEHIND);
}

/* A timer and a parked command are of the commands: these are the records at which they are decided. */
static int32_t source_of(const struct item *item)
{
	return item->kind == ITEM_EVENT ? item->source : 0;
}

static void move_heads(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct item *item = &batch->items[batch->from + i];
		struct head *head = &batch->heads[batch->head_of_part[item->part]];

		if (is_tried(item, &batch->verdicts[i]))
			quarantine_count(head, source_of(item));
		quarantine_succeed(head, source_of(item));
		if (item->was_parked) {
			head->tick_cursor = item->offset;
			continue;
		}
		if (item->kind == ITEM_TIMER) { /* the record that fires it comes later */
			head->timers_done += batch->verdicts[i].fate != FATE_SKIPPED;
			continue;
		}
		if (item->kind == ITEM_EVENT) {
			head->followed[item->source - 1] = item->after;
			continue;
		}
		MUST(item->offset >= head->next_offset); /* above: an empty gap */
		head->timers_done = 0;
		head->next_offset = item->offset + 1;
		head->has_digest = true;
		memcpy(head->last_digest, item->digest, DIGEST_SIZE);
		if (item->kind == ITEM_TICK)
			head->tick_cursor = OFFSET_BEFORE_ALL;
	}
	batch->changes.heads = batch->heads;
	batch->changes.heads_count = batch->heads_count;
	batch->changes.timers = batch->timers;
	batch->changes.timers_count = batch->timers_count;
}

int batch_write_rows(struct batch *batch, const struct engine *engine, struct err *err)
{
	if (write_log(batch, engine, err) < 0 || write_aside(batch, err) < 0 || batch_write_kept(batch, err) < 0)
		return -1;
	move_heads(batch);
	return 0;
}
