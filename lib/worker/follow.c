#include "worker/follow.h"

#include <string.h>

#include "model/topic.h"
#include "worker/dead_letter.h"

static const struct follow *followed(const struct engine *engine, int32_t source)
{
	MUST(source > 0 && (size_t)source <= engine->admission.module->follows_count);
	return &engine->admission.module->follows[source - 1];
}

static const struct rule *rule_of(const struct follow *follow, const struct message_type *type)
{
	for (size_t i = 0; i < follow->rules_count; i++)
		if (follow->rules[i].type == type)
			return &follow->rules[i];
	return NULL;
}

static struct item item_of(const struct engine *engine, const struct bus_record *record, const struct event_record *event)
{
	const struct module *module = engine->admission.module;
	struct item item = {
		.kind = ITEM_EVENT,
		.part = record->part,
		.offset = engine->partitions[record->part].expected,
		.record = *record,
		.value = record->value,
		.size = record->key.size + record->value.size,
		.rule = rule_of(followed(engine, record->source), event->type),
		.since_ms = record->at_ms,
		.traceparent = event->traceparent,
		.source = record->source,
		.event_id = event->id,
		.after = { .next_offset = record->offset + 1, .last_seq = event->seq },
		.command = {
			.type = event->type,
			.body = event->body,
			.id = uuid_derive(&event->id, module->name, 0),
			.key = event->key,
			.correlation_id = event->correlation_id,
			.actor = STR("event"),
			.roles = UINT32_MAX,
			.scope = &scope_all,
			.now_ms = record->at_ms,
			.received_ms = record->at_ms,
		},
	};

	memcpy(item.after.last_hash, event->hash, SHA256_SIZE);
	digest_of(item.digest, record->value);
	return item;
}

static enum event_verdict wrong(const struct engine *engine, const struct bus_record *record, const char *what,
				struct err *ret_reason)
{
	err_set(ret_reason, ERR_POISON, "events of %s, offset %lld: %s", followed(engine, record->source)->module,
		(long long)record->offset, what);
	return EVENT_WRONG;
}

int follow_admit(struct engine *engine, const struct bus_record *record, struct arena *arena, enum event_verdict *ret_verdict,
		 struct item *ret_item, struct err *ret_reason, struct err *err)
{
	struct followed_head *position = &engine->partitions[record->part].followed[record->source - 1];
	struct event_record event;
	const char *what;

	if (record->value.size > engine->admission.value_size_max) {
		*ret_verdict = wrong(engine, record, "it is larger than an event may be", ret_reason);
		return 0;
	}
	if (arena->size - arena->used < admit_room(&engine->admission, record->value.size))
		return err_set(err, ERR_POISON, "arena full");
	*ret_verdict = event_record_judge(&engine->broker, record, position->last_seq, position->last_hash, arena, &event, &what);
	if (*ret_verdict == EVENT_NEXT && engine->broker.part_of(engine->broker.self, record->key) != record->part) {
		*ret_verdict = EVENT_WRONG;
		what = "its key belongs to another partition";
	}
	if (*ret_verdict == EVENT_WRONG)
		wrong(engine, record, what, ret_reason);
	else if (*ret_verdict == EVENT_REPEATED)
		position->next_offset = record->offset + 1;
	if (*ret_verdict != EVENT_NEXT)
		return 0;
	*ret_item = item_of(engine, record, &event);
	*position = ret_item->after;
	return 0;
}

/* ---- in the middle of a record ---- */

bool follow_is_apart(const struct head *head)
{
	return head->timers_done > 0 || head->tick_cursor > OFFSET_BEFORE_ALL;
}

int follow_rejoin(struct engine *engine, struct err *err)
{
	bool rejoins = false;

	for (int32_t part = 0; engine->admission.module->follows_count > 0 && part < BUS_PARTS_MAX; part++) {
		const struct partition *partition = &engine->partitions[part];

		rejoins |= lanes_is_running(&engine->lanes, part) && partition->is_apart && !follow_is_apart(&partition->head);
	}
	return rejoins ? lanes_read(&engine->lanes, err) : 0;
}

/* ---- at a claim ---- */

int follow_learn_parts(struct engine *engine, struct err *err)
{
	for (size_t i = 0; i < engine->admission.module->follows_count; i++)
		if (engine->broker.topic_parts(engine->broker.self, (int32_t)i + 1, &engine->followed_parts[i], err) < 0)
			return -1;
	return 0;
}

bool follow_misfit(const struct engine *engine, struct err *why)
{
	const struct module *module = engine->admission.module;

	for (size_t i = 0; i < module->follows_count; i++)
		if (engine->followed_parts[i] < engine->key_parts) {
			err_set(why, ERR_POISON,
				"the events of %s have %d partitions, keys are spread over %d: they must be equal",
				module->follows[i].module, engine->followed_parts[i], engine->key_parts);
			return true;
		}
	return false;
}

int follow_prove(struct engine *engine, const struct head *head, struct err *ret_reason, struct err *err)
{
	const struct module *module = engine->admission.module;

	for (size_t i = 0; i < module->follows_count; i++) {
		int64_t next_offset = head->followed[i].next_offset;
		int64_t low;
		int64_t high;

		if (engine->broker.bounds(engine->broker.self, (int32_t)i + 1, head->part, &low, &high, err) < 0)
			return -1;
		if (next_offset < low)
			err_set(ret_reason, ERR_POISON,
				"events of %s, partition %d: topic truncated: offset %lld is next, and it begins at %lld. "
				"Publish them "
				"anew (lib/worker/README.md, \"Lost events\"), then dcs unhalt --of --at",
				module->follows[i].module, head->part, (long long)next_offset, (long long)low);
		else if (next_offset > high)
			err_set(ret_reason, ERR_POISON,
				"events of %s, partition %d: topic recreated or restored: offset %lld is next, and it ends at "
				"%lld "
				"(lib/worker/README.md, \"Lost events\")",
				module->follows[i].module, head->part, (long long)next_offset, (long long)high);
	}
	return 0;
}
