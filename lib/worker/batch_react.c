/* Modules that react: the rows of an attempt that answer events of other modules and send commands to them. */
#include "worker/batch_inside.h"

#include "model/topic.h"

/* NULL data: the arena is full. */
static struct str name_of(struct batch *batch, const char *module, enum topic_kind kind)
{
	char name[TOPIC_NAME_MAX];

	topic_name(name, module, kind);
	return str_copy(&batch->arena, str_of(name));
}

/* The topic of the record that the item is about. */
static struct str topic_of(struct batch *batch, const struct engine *engine, const struct item *item)
{
	const struct module *module = engine->admission.module;

	return item->kind == ITEM_EVENT ? name_of(batch, module->follows[item->source - 1].module, TOPIC_EVENTS)
					: name_of(batch, module->name, TOPIC_COMMANDS);
}

int batch_put_answered(struct batch *batch, const struct engine *engine, const struct item *item, struct event *ret_event,
		       struct err *err)
{
	struct event_answered *body = arena_take(&batch->arena, 1, sizeof(*body));

	if (!body)
		return batch_too_large(batch, err);
	body->event_id = item->event_id;
	body->customer_id = item->command.key;
	body->topic = topic_of(batch, engine, item);
	body->partition = item->part;
	body->offset = item->record.offset;
	body->before_offset = item->offset;
	body->business_date = item->command.today;
	message_set_actor(&event_answered_type, body, item->command.actor);
	*ret_event = (struct event){ .type = &event_answered_type, .body = body, .command = &item->command };
	return body->topic.data ? 0 : batch_too_large(batch, err);
}

/* The value of the command's record. NULL data: the arena is full. */
static int encode(struct batch *batch, const struct outgoing *sending, struct str *ret_value, struct err *err)
{
	buf_reset(&batch->sending);
	if (coder_encode(sending->type, sending->body, &batch->sending, err) < 0)
		return -1;
	*ret_value = str_copy(&batch->arena, buf_str(&batch->sending));
	return 0;
}

/* NULL: the arena is full. */
static const struct read_version *reads_of(struct batch *batch, const struct decision *decision)
{
	struct read_version *reads = arena_take(&batch->arena, decision->reads_count, sizeof(*reads));

	for (size_t i = 0; reads && i < decision->reads_count; i++)
		reads[i] = (struct read_version){ .entity = str_of(decision->reads[i].entity),
						  .id = decision->reads[i].id,
						  .version = decision->reads[i].version };
	return reads;
}

int batch_put_issued(struct batch *batch, const struct engine *engine, const struct item *item, const struct decision *decision,
		     struct event *events, struct err *err)
{
	for (size_t i = 0; i < decision->sendings_count; i++) {
		const struct outgoing *sending = &decision->sendings[i];
		struct command_issued *body = arena_take(&batch->arena, 1, sizeof(*body));

		MUST(engine->admission.module->sends_as != 0);
		MUST(uuid_equal(message_uuid(sending->type->key_field, sending->body), &item->command.key));
		if (!body)
			return batch_too_large(batch, err);
		if (encode(batch, sending, &body->value, err) < 0)
			return -1;
		body->command_id = sending->id;
		body->customer_id = item->command.key;
		body->module = str_of(sending->type->module);
		body->command_type = str_of(sending->type->record.name);
		body->topic = topic_of(batch, engine, item);
		body->partition = item->part;
		body->offset = item->kind == ITEM_EVENT ? item->record.offset : item->offset;
		body->reads = reads_of(batch, decision);
		body->reads_count = decision->reads_count;
		message_set_actor(&command_issued_type, body, decision->command->actor);
		events[i] = (struct event){ .type = &command_issued_type, .body = body, .command = decision->command };
		if (!body->value.data || !body->topic.data || !body->reads)
			return batch_too_large(batch, err);
	}
	return 0;
}
