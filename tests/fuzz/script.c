#include "tests/fuzz/script.h"

#include <stdlib.h>

#include "base/array.h"
#include "tests/fuzz/fuzz.h"

const char *const script_header_names[] = { "ce_specversion", "ce_id",           "ce_source",        "ce_type",
					    "ce_time",        "content-type",    "authorization",    "ce_subject",
					    "ce_dataschema",  "ce_partitionkey", "ce_correlationid", "ce_causationid",
					    "ce_expirytime",  "ce_actor",        "traceparent",      "ce_sequence",
					    "dcs_hash",       "Authorization",   "x-other" };
const size_t script_header_names_count = COUNT(script_header_names);

/* ---- read ---- */

static void read_headers(struct script_record *record, struct input *input)
{
	record->headers_count = input_u8(input) % (SCRIPT_HEADERS_MAX + 1);
	for (size_t i = 0; i < record->headers_count; i++) {
		struct script_header *header = &record->headers[i];

		header->name = input_u8(input);
		header->own = header->name < script_header_names_count ? STR("") : input_short(input);
		header->value = input_long(input);
	}
}

void script_read(struct script *script, const uint8_t *data, size_t size)
{
	struct input input = { .at = data, .end = data + size };

	script->module = input_u8(&input);
	script->batch = input_u8(&input);
	for (size_t i = 0; i < FACTS_SIZE; i++)
		script->facts[i] = input_u8(&input);
	for (script->records_count = 0; script->records_count < SCRIPT_RECORDS_MAX && input.at < input.end;
	     script->records_count++) {
		struct script_record *record = &script->records[script->records_count];

		*record = (struct script_record){ .mode = input_u8(&input), .who = input_u8(&input), .time = input_u8(&input) };
		if (record->mode & MODE_KEY) {
			record->key = input_long(&input);
			record->part = input_u8(&input);
		}
		if (record->mode & MODE_HEADERS)
			read_headers(record, &input);
		record->value = input_long(&input);
	}
}

/* ---- write ---- */

struct output {
	uint8_t *at, *end;
	bool is_full;
};

static void put_u8(struct output *output, size_t number)
{
	if (output->at == output->end)
		output->is_full = true;
	else
		*output->at++ = (uint8_t)number;
}

static void put_bytes(struct output *output, struct str bytes)
{
	if (bytes.size > (size_t)(output->end - output->at)) {
		output->is_full = true;
	} else if (bytes.size > 0) {
		memcpy(output->at, bytes.data, bytes.size);
		output->at += bytes.size;
	}
}

static void put_long(struct output *output, struct str bytes)
{
	bytes.size = bytes.size > UINT16_MAX ? UINT16_MAX : bytes.size;
	put_u8(output, bytes.size >> 8);
	put_u8(output, bytes.size & 0xFF);
	put_bytes(output, bytes);
}

static void put_headers(struct output *output, const struct script_record *record)
{
	put_u8(output, record->headers_count);
	for (size_t i = 0; i < record->headers_count; i++) {
		const struct script_header *header = &record->headers[i];

		put_u8(output, header->name);
		if (header->name >= script_header_names_count) {
			put_u8(output, header->own.size);
			put_bytes(output, header->own);
		}
		put_long(output, header->value);
	}
}

size_t script_write(const struct script *script, uint8_t *data, size_t size_max)
{
	struct output output = { .at = data, .end = data + size_max };

	put_u8(&output, script->module);
	put_u8(&output, script->batch);
	for (size_t i = 0; i < FACTS_SIZE; i++)
		put_u8(&output, script->facts[i]);
	for (size_t i = 0; i < script->records_count; i++) {
		const struct script_record *record = &script->records[i];

		put_u8(&output, record->mode);
		put_u8(&output, record->who);
		put_u8(&output, record->time);
		if (record->mode & MODE_KEY) {
			put_long(&output, record->key);
			put_u8(&output, record->part);
		}
		if (record->mode & MODE_HEADERS)
			put_headers(&output, record);
		put_long(&output, record->value);
	}
	return output.is_full ? 0 : (size_t)(output.at - data);
}

/* ---- what records say ---- */

const struct message_type *script_decode(struct str value, struct arena *arena, void **ret_body)
{
	const struct message_type *type;
	struct err err = ERR_INIT;
	const void *body;

	if (coder_decode(value, arena, &type, &body, &err) != 0)
		return NULL;
	*ret_body = (void *)(uintptr_t)body; /* the arena's: nobody else has it */
	return type;
}

struct uuid script_id(uint8_t number)
{
	return (struct uuid){ .bytes = { 0x01, 0x98, 0xC0, 0xDE, 0x00, 0x00, 0x70, 0x00, 0x80, [15] = number } };
}
