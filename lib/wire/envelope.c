/* Headers <-> struct envelope. One table of names for both directions; values that nobody reads are only kept from standing
 * twice. */
#include "wire/envelope.h"

#include "base/array.h"
#include "base/day.h"
#include "base/must.h"

#define SOURCE_SIZE_MAX  256
#define TYPE_SIZE_MAX    128
#define HASH_SIZE        32
#define TRACEPARENT_SIZE 55
#define BEARER           "Bearer "

enum name {
	NAME_SPECVERSION,
	NAME_ID,
	NAME_SOURCE,
	NAME_TYPE,
	NAME_SUBJECT,
	NAME_TIME,
	NAME_CONTENT_TYPE,
	NAME_DATASCHEMA,
	NAME_PARTITIONKEY,
	NAME_CORRELATION,
	NAME_CAUSATION,
	NAME_SEQUENCE,
	NAME_EXPIRY,
	NAME_ACTOR,
	NAME_HASH,
	NAME_TRACEPARENT,
	NAME_AUTHORIZATION,
	NAME_COUNT,
};

static const struct str names[] = {
	[NAME_SPECVERSION] = { .data = "ce_specversion", .size = 14 },
	[NAME_ID] = { .data = "ce_id", .size = 5 },
	[NAME_SOURCE] = { .data = "ce_source", .size = 9 },
	[NAME_TYPE] = { .data = "ce_type", .size = 7 },
	[NAME_SUBJECT] = { .data = "ce_subject", .size = 10 },
	[NAME_TIME] = { .data = "ce_time", .size = 7 },
	[NAME_CONTENT_TYPE] = { .data = "content-type", .size = 12 },
	[NAME_DATASCHEMA] = { .data = "ce_dataschema", .size = 13 },
	[NAME_PARTITIONKEY] = { .data = "ce_partitionkey", .size = 15 },
	[NAME_CORRELATION] = { .data = "ce_correlationid", .size = 16 },
	[NAME_CAUSATION] = { .data = "ce_causationid", .size = 14 },
	[NAME_SEQUENCE] = { .data = "ce_sequence", .size = 11 },
	[NAME_EXPIRY] = { .data = "ce_expirytime", .size = 13 },
	[NAME_ACTOR] = { .data = "ce_actor", .size = 8 },
	[NAME_HASH] = { .data = "dcs_hash", .size = 8 },
	[NAME_TRACEPARENT] = { .data = "traceparent", .size = 11 },
	[NAME_AUTHORIZATION] = { .data = "authorization", .size = 13 },
};
_Static_assert(COUNT(names) == NAME_COUNT, "every name has its text");

/* ---- read ---- */

/* The values of our headers, by name; data is NULL when a header is absent. */
struct values {
	struct str of[NAME_COUNT];
};

/* NAME_COUNT when it is none of ours. */
static enum name name_find(const char *text)
{
	size_t size = strlen(text);

	for (enum name name = 0; name < NAME_COUNT; name++) {
		if (names[name].size == size && memcmp(names[name].data, text, size) == 0)
			return name;
	}
	return NAME_COUNT;
}

static int refuse_header(enum name name, const char *wrong, struct err *err)
{
	return err_set(err, ERR_POISON, "bad header %s: %s", names[name].data, wrong);
}

static int collect(const struct header *headers, size_t count, struct values *values, struct err *err)
{
	if (count > HEADERS_MAX)
		return err_set(err, ERR_POISON, "bad header count: %zu", count);
	for (size_t i = 0; i < count; i++) {
		enum name name = name_find(headers[i].name);

		if (name == NAME_COUNT)
			continue;
		if (values->of[name].data != NULL)
			return refuse_header(name, "stands twice", err);
		values->of[name] = headers[i].value;
		if (headers[i].value.data == NULL) /* a header without a value is present all the same */
			values->of[name] = STR("");
	}
	return 0;
}

static int require_mandatory(const struct values *values, struct err *err)
{
	static const enum name mandatory[] = { NAME_SPECVERSION, NAME_ID, NAME_SOURCE, NAME_TYPE };

	for (size_t i = 0; i < COUNT(mandatory); i++)
		if (values->of[mandatory[i]].data == NULL)
			return err_set(err, ERR_POISON, "missing header %s", names[mandatory[i]].data);
	return 0;
}

static int read_text(const struct values *values, enum name name, size_t size_max, struct str *ret_text, struct err *err)
{
	struct str value = values->of[name];

	if (value.size == 0 || value.size > size_max)
		return refuse_header(name, "empty or too long", err);
	if (!str_is_text(value))
		return refuse_header(name, "not UTF-8, or holds a NUL", err);
	*ret_text = value;
	return 0;
}

/* Leaves *ret_id as it is when the header is absent. */
static int read_uuid(const struct values *values, enum name name, struct uuid *ret_id, struct err *err)
{
	if (values->of[name].data == NULL)
		return 0;
	if (!uuid_parse(ret_id, values->of[name]))
		return refuse_header(name, "not a UUID", err);
	if (uuid_is_none(ret_id))
		return refuse_header(name, "the id that means none", err);
	return 0;
}

static int read_mandatory(const struct values *values, struct envelope *envelope, struct err *err)
{
	if (!str_is(values->of[NAME_SPECVERSION], "1.0"))
		return refuse_header(NAME_SPECVERSION, "not 1.0", err);
	if (read_uuid(values, NAME_ID, &envelope->id, err) != 0 ||
	    read_text(values, NAME_SOURCE, SOURCE_SIZE_MAX, &envelope->source, err) != 0 ||
	    read_text(values, NAME_TYPE, TYPE_SIZE_MAX, &envelope->type, err) != 0)
		return -1;
	return 0;
}

static int read_ids(const struct values *values, struct envelope *envelope, struct err *err)
{
	if (read_uuid(values, NAME_CAUSATION, &envelope->causation_id, err) != 0)
		return -1;
	return read_uuid(values, NAME_CORRELATION, &envelope->correlation_id, err);
}

static int read_numbers(const struct values *values, struct envelope *envelope, struct err *err)
{
	struct str expires = values->of[NAME_EXPIRY];
	struct str time = values->of[NAME_TIME];
	struct str sequence = values->of[NAME_SEQUENCE];
	struct str hash = values->of[NAME_HASH];
	long long number;

	if (expires.data != NULL && (!instant_parse(expires, &envelope->expires_ms) || envelope->expires_ms <= 0))
		return refuse_header(NAME_EXPIRY, "not an RFC 3339 time after 1970", err);
	if (time.data != NULL && !instant_parse(time, &envelope->at_ms))
		return refuse_header(NAME_TIME, "not an RFC 3339 time", err);
	if (sequence.data != NULL) {
		if (!str_to_int64(sequence, &number) || number <= 0)
			return refuse_header(NAME_SEQUENCE, "not a number from 1", err);
		envelope->sequence = number;
	}
	if (hash.data != NULL) {
		if (hash.size != HASH_SIZE)
			return refuse_header(NAME_HASH, "not 32 bytes", err);
		envelope->hash = hash;
	}
	return 0;
}

/* RFC 9110, 11.1: the scheme's name in any case. Without a word of the value in the text: it is a credential. */
static int read_token(const struct values *values, struct envelope *envelope, struct err *err)
{
	struct str value = values->of[NAME_AUTHORIZATION];
	size_t size = sizeof(BEARER) - 1;

	if (value.data == NULL)
		return 0;
	if (value.size <= size)
		return refuse_header(NAME_AUTHORIZATION, "not Bearer and a token", err);
	for (size_t i = 0; i < size; i++) {
		char lower = (char)(value.data[i] >= 'A' && value.data[i] <= 'Z' ? value.data[i] | 0x20 : value.data[i]);

		if (lower != (BEARER[i] | 0x20))
			return refuse_header(NAME_AUTHORIZATION, "not Bearer and a token", err);
	}
	envelope->token = (struct str){ .data = value.data + size, .size = value.size - size };
	return 0;
}

/* `-` stands for a hyphen, `x` for a lower-case hex digit. */
static bool is_traceparent(struct str value)
{
	static const char form[] = "00-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";

	_Static_assert(sizeof(form) - 1 == TRACEPARENT_SIZE, "W3C trace context, version 00");
	if (value.size != TRACEPARENT_SIZE)
		return false;
	for (size_t i = 0; i < value.size; i++) {
		char at = value.data[i];
		bool is_hex = (at >= '0' && at <= '9') || (at >= 'a' && at <= 'f');

		if (form[i] == 'x' ? !is_hex : at != form[i])
			return false;
	}
	return true;
}

int envelope_check(const struct header *headers, size_t count, struct envelope *ret_envelope, enum envelope_fault *ret_fault,
		   struct err *err)
{
	struct envelope envelope = { .source = STR("") };
	struct values values = { .of = { { .data = NULL } } };

	envelope.token = envelope.traceparent = envelope.hash = STR("");
	*ret_fault = ENVELOPE_BAD;
	if (collect(headers, count, &values, err) != 0)
		return -1;
	if (require_mandatory(&values, err) != 0) {
		*ret_fault = ENVELOPE_MISSING;
		return -1;
	}
	if (read_mandatory(&values, &envelope, err) != 0 || read_ids(&values, &envelope, err) != 0 ||
	    read_numbers(&values, &envelope, err) != 0 || read_token(&values, &envelope, err) != 0)
		return -1;
	if (is_traceparent(values.of[NAME_TRACEPARENT]))
		envelope.traceparent = values.of[NAME_TRACEPARENT];
	*ret_envelope = envelope;
	return 0;
}

int envelope_read(const struct header *headers, size_t count, struct envelope *ret_envelope, struct err *err)
{
	enum envelope_fault fault;

	return envelope_check(headers, count, ret_envelope, &fault, err);
}

/* ---- write ---- */

/* Headers being written. What does not fit into the arena is left out and sets `full`: looked at once, at the end. */
struct writer {
	struct arena *arena;
	struct header *headers;
	size_t count;
	bool full;
};

static void add(struct writer *writer, enum name name, struct str value)
{
	MUST(writer->count < HEADERS_MAX);
	writer->headers[writer->count++] = (struct header){ .name = names[name].data, .value = value };
}

static void add_uuid(struct writer *writer, enum name name, const struct uuid *id)
{
	char *text = arena_take_bytes(writer->arena, UUID_TEXT_SIZE + 1);

	if (text == NULL) {
		writer->full = true;
		return;
	}
	uuid_format(text, id);
	add(writer, name, (struct str){ .data = text, .size = UUID_TEXT_SIZE });
}

static void add_instant(struct writer *writer, enum name name, int64_t instant_ms)
{
	char text[32];
	struct str copy;

	instant_format(text, instant_ms);
	copy = str_copy(writer->arena, str_of(text));
	writer->full |= copy.data == NULL;
	add(writer, name, copy);
}

/* The three pieces one behind the other. */
static void add_joined(struct writer *writer, enum name name, struct str before, struct str text, struct str after)
{
	size_t size = before.size + text.size + after.size;
	char *joined = arena_take_bytes(writer->arena, size);

	if (joined == NULL) {
		writer->full = true;
		return;
	}
	memcpy(joined, before.data, before.size);
	memcpy(joined + before.size, text.data, text.size);
	memcpy(joined + before.size + text.size, after.data, after.size);
	add(writer, name, (struct str){ .data = joined, .size = size });
}

static void add_number(struct writer *writer, enum name name, int64_t number)
{
	char text[24];
	size_t at = sizeof(text);

	MUST(number > 0);
	for (; number > 0; number /= 10)
		text[--at] = (char)('0' + number % 10);
	add_joined(writer, name, STR(""), (struct str){ .data = text + at, .size = sizeof(text) - at }, STR(""));
}

static int finish(const struct writer *writer, size_t *ret_count, struct err *err)
{
	if (writer->full)
		return err_set(err, ERR_POISON, "the headers do not fit into the arena");
	*ret_count = writer->count;
	return 0;
}

/* The id of a flow is that of its first command: there it is not said again. */
static void add_correlation(struct writer *writer, const struct uuid *correlation_id, const struct uuid *default_id)
{
	if (!uuid_is_none(correlation_id) && !uuid_equal(correlation_id, default_id))
		add_uuid(writer, NAME_CORRELATION, correlation_id);
}

int envelope_write_command(const struct message_type *type, const struct command_head *head, struct arena *arena,
			   struct header ret_headers[HEADERS_MAX], size_t *ret_count, struct err *err)
{
	struct writer writer = { .arena = arena, .headers = ret_headers };

	MUST(type->kind == MESSAGE_COMMAND);
	MUST(!uuid_is_none(&head->id));
	add(&writer, NAME_SPECVERSION, STR("1.0"));
	add_uuid(&writer, NAME_ID, &head->id);
	add(&writer, NAME_SOURCE, head->source);
	add(&writer, NAME_TYPE, str_of(type->ce_type));
	add_correlation(&writer, &head->correlation_id, &head->id);
	if (!uuid_is_none(&head->causation_id))
		add_uuid(&writer, NAME_CAUSATION, &head->causation_id);
	if (head->expires_ms != 0)
		add_instant(&writer, NAME_EXPIRY, head->expires_ms);
	if (head->actor.size > 0)
		add(&writer, NAME_ACTOR, head->actor);
	if (head->traceparent.size > 0)
		add(&writer, NAME_TRACEPARENT, head->traceparent);
	if (head->token.size > 0)
		add_joined(&writer, NAME_AUTHORIZATION, STR(BEARER), head->token, STR(""));
	return finish(&writer, ret_count, err);
}

int envelope_write_event(const struct event_head *head, struct arena *arena, struct header ret_headers[HEADERS_MAX],
			 size_t *ret_count, struct err *err)
{
	struct writer writer = { .arena = arena, .headers = ret_headers };
	const struct message_version *version = message_version_by_id(head->schema_id);

	MUST(head->hash.size == HASH_SIZE);
	MUST(!uuid_is_none(&head->correlation_id)); /* left out, it is read as the cause */
	if (version == NULL)                        /* a log written by a newer program */
		return err_set(err, ERR_FATAL, "unknown schema id %u in the event log", head->schema_id);
	add(&writer, NAME_SPECVERSION, STR("1.0"));
	add_uuid(&writer, NAME_ID, &head->id);
	add_joined(&writer, NAME_SOURCE, STR("/dcs/"), str_of(head->module), STR(""));
	add(&writer, NAME_TYPE, str_of(version->type->ce_type));
	add_instant(&writer, NAME_TIME, head->at_ms);
	add_correlation(&writer, &head->correlation_id, &head->command_id);
	add_uuid(&writer, NAME_CAUSATION, &head->command_id);
	add_number(&writer, NAME_SEQUENCE, head->seq);
	add(&writer, NAME_HASH, head->hash);
	if (head->traceparent.size > 0)
		add(&writer, NAME_TRACEPARENT, head->traceparent);
	return finish(&writer, ret_count, err);
}
