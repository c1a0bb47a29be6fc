/*
 * Bytes, JSON and headers: whatever is read is refused, or is read the same again when it has been written. avro-c has
 * the same opinion of the bytes.
 *
 *   input   0 Avro | 1 JSON of the schema | 2 JSON as the gateway takes it | 3 headers; the last two: the message's number
 */
#include <stdlib.h>

#include "base/array.h"
#include "base/must.h"
#include "tests/fuzz/avro.h"
#include "tests/fuzz/fuzz.h"
#include "wire/coder.h"
#include "wire/envelope.h"
#include "wire/json.h"

#define ARENA_SIZE ((size_t)16 << 20)
#define BUF_SIZE   ((size_t)4 << 20)

static struct arena arena;

static const struct message_type *type_of(uint8_t number)
{
	size_t count = 0;

	while (message_types[count] != NULL)
		count++;
	return message_types[number % count];
}

/* Its headers, and what they say when they are read. */
static void take_envelope(const struct message_type *type, const void *body)
{
	const struct uuid id = { .bytes = { 1, [6] = 0x70, [8] = 0x80 } };
	const uint8_t hash[32] = { 3 };
	struct header headers[HEADERS_MAX];
	struct envelope envelope;
	struct err err = ERR_INIT;
	size_t count;

	if (type->kind == MESSAGE_COMMAND) {
		const struct command_head head = { .id = id,
						   .correlation_id = id,
						   .causation_id = id,
						   .expires_ms = 2,
						   .source = STR("/fuzz"),
						   .actor = STR("somebody"),
						   .token = STR("a.b.c"),
						   .traceparent =
							   STR("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") };

		MUST(envelope_write_command(type, &head, &arena, headers, &count, &err) == 0);
	} else {
		const struct event_head head = { .module = type->module,
						 .schema_id = type->schema_id,
						 .id = id,
						 .command_id = id,
						 .correlation_id = *message_uuid(type->key_field, body),
						 .at_ms = 1,
						 .seq = 7,
						 .hash = { .data = (const char *)hash, .size = sizeof(hash) } };

		MUST(envelope_write_event(&head, &arena, headers, &count, &err) == 0);
	}
	MUST(envelope_read(headers, count, &envelope, &err) == 0);
	MUST(uuid_equal(&envelope.id, &id));
}

/* What was taken in can go out, and comes back the same. */
static void take_round(const struct message_type *type, const void *body)
{
	const struct message_type *same_type;
	const void *same_body;
	struct err err = ERR_INIT;
	struct buf first, second;

	buf_init(&first, BUF_SIZE);
	buf_init(&second, BUF_SIZE);
	MUST(coder_encode(type, body, &first, &err) == 0);
	avro_compare_writing(type, body, buf_str(&first));
	MUST(coder_decode(buf_str(&first), &arena, &same_type, &same_body, &err) == 0);
	MUST(same_type == type);
	MUST(coder_encode(type, same_body, &second, &err) == 0);
	MUST(str_equal(buf_str(&first), buf_str(&second)));
	take_envelope(type, body);
	buf_reset(&first);
	json_write_message(&first, type, body);
	json_write_rest(&first, type, body);
	buf_release(&first);
	buf_release(&second);
}

static void take_avro(struct str value)
{
	const struct message_type *type;
	struct err err = ERR_INIT;
	const void *body;

	avro_compare_reading(value, &arena);
	if (coder_decode(value, &arena, &type, &body, &err) == 0)
		take_round(type, body);
	else
		MUST(err.kind == ERR_POISON);
}

static void take_json(const struct message_type *type, struct str text)
{
	struct err err = ERR_INIT;
	const void *body;

	if (json_read_message(text, type, &arena, &body, &err) == 0)
		take_round(type, body);
	else
		MUST(err.kind == ERR_POISON);
}

static void take_rest(const struct message_type *type, struct str text)
{
	struct json_reading reading = { .style = JSON_REST };
	struct json_faults faults = { .count = 0 };
	struct json json;
	void *body;

	if (!json_parse(text, &json, &faults))
		return;
	body = arena_take(&arena, 1, type->record.size);
	MUST(body != NULL);
	(void)json_read_record(json, &type->record, &reading, &arena, body, &faults);
}

static void take_headers(struct input *input)
{
	static const char *const names[] = { "ce_specversion", "ce_id",         "ce_source",        "ce_type",
					     "ce_time",        "authorization", "ce_correlationid", "ce_causationid",
					     "ce_expirytime",  "traceparent",   "ce_sequence",      "dcs_hash" };
	struct header headers[HEADERS_MAX + 1];
	struct envelope envelope;
	struct err err = ERR_INIT;
	size_t count = 0;

	while (input->at < input->end && count < HEADERS_MAX + 1) {
		headers[count].name = names[input_u8(input) % (COUNT(names))];
		headers[count++].value = input_short(input);
	}
	if (envelope_read(headers, count, &envelope, &err) != 0)
		MUST(err.kind == ERR_POISON);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { .at = data, .end = data + size };
	struct err err = ERR_INIT;
	uint8_t what = input_u8(&input) & 3;

	if (arena.block == NULL && arena_init(&arena, ARENA_SIZE, &err) != 0)
		exit(1);
	arena_reset(&arena);
	if (what == 0) {
		take_avro(input_rest(&input));
	} else if (what == 3) {
		take_headers(&input);
	} else {
		const struct message_type *type = type_of(input_u8(&input));

		if (what == 1)
			take_json(type, input_rest(&input));
		else
			take_rest(type, input_rest(&input));
	}
	return 0;
}
