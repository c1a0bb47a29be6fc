/*
 * Changes a script (script.h) so that most of its records stay good: a member of a body by its kind, a header, a record's place.
 * A fuzzer that changes bytes alone nearly always breaks a length before a text, and then everything behind it; what is left
 * never passes the first check of a rule.
 *
 * libFuzzer's own changes are used inside (LLVMFuzzerMutate): of a number's bytes and of a text's size it tries what the program
 * has lately compared with.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/day.h"
#include "base/money.h"
#include "tests/fuzz/compared.h"
#include "tests/fuzz/facts.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/script.h"
#include "wire/shape.h"

#define ARENA_SIZE    ((size_t)4 << 20)
#define TEXT_MAX      20000
#define CHANGES_MAX   3
#define CONSTANTS_MAX 64

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t size_max); /* libFuzzer's */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *first, size_t first_size, const uint8_t *second, size_t second_size, uint8_t *out,
				 size_t out_size_max, unsigned seed);

struct mutation {
	uint64_t dice;
	struct arena arena; /* bodies, texts; until the mutation is written */
	struct script script;
};
static struct mutation mutation;

/* ---- chance ---- */

static uint64_t throw(void)
{
	uint64_t mixed = mutation.dice += 0x9E3779B97F4A7C15;

	mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9;
	mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB;
	return mixed ^ mixed >> 31;
}

static size_t below(size_t count)
{
	return count == 0 ? 0 : (size_t)(throw() % count);
}

static bool once_in(size_t times)
{
	return below(times) == 0;
}

static void begin(unsigned seed, const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	uint8_t *copy;

	if (mutation.arena.block == NULL && arena_init(&mutation.arena, ARENA_SIZE, &err) != 0)
		exit(1);
	arena_reset(&mutation.arena);
	mutation.dice = seed;
	copy = arena_take_bytes(&mutation.arena, size);
	MUST(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	script_read(&mutation.script, copy, size);
}

static struct script_record *any_record(void)
{
	return &mutation.script.records[below(mutation.script.records_count)];
}

/* ---- what others say ---- */

/* A value of this kind out of any record; of the same name if `name` is given. NULL: not this time. */
static const void *borrow(enum field_kind kind, const char *name)
{
	void *body;
	const struct message_type *type = script_decode(any_record()->value, &mutation.arena, &body);
	size_t count = type == NULL ? 0 : type->record.fields_count;
	size_t at = below(count);

	for (size_t i = 0; i < count; i++, at = (at + 1) % count) {
		const struct field *field = &type->record.fields[at];

		if (field->kind == kind && !field->array && !shape_is_absent(field, body) &&
		    (name == NULL || strcmp(field->name, name) == 0))
			return shape_value(field, body);
	}
	return NULL;
}

/* ---- numbers ---- */

static int64_t other_number(int64_t number, enum field_kind kind)
{
	static const int64_t known[] = { 0,
					 1,
					 -1,
					 2,
					 100,
					 1000000,
					 INT32_MAX,
					 INT32_MIN,
					 INT64_MAX,
					 INT64_MIN,
					 MONEY_MINOR_MAX,
					 MONEY_MINOR_MAX + 1,
					 -1000,
					 10000,
					 UINT32_MAX,
					 INT64_MAX / 2 };
	const int64_t *borrowed;

	switch (below(7)) {
	case 0:
	case 1:
		LLVMFuzzerMutate((uint8_t *)&number, sizeof(number), sizeof(number));
		return number;
	case 2:
		return known[below(COUNT(known))];
	case 3:
		return (int64_t)((uint64_t)number + throw() % 33 - 16);
	case 4:
		return (int64_t)((uint64_t)number ^ (uint64_t)1 << below(64));
	case 5:
		borrowed = kind == FIELD_LONG || kind == FIELD_INSTANT ? borrow(kind, NULL) : NULL;
		return borrowed != NULL ? *borrowed : number / 2;
	default:
		return (int64_t)(throw() >> below(64));
	}
}

static int64_t within(int64_t number, int64_t min, int64_t max)
{
	return number < min ? min : number > max ? max : number;
}

/* Most days and instants lie near now. */
static int64_t other_time(int64_t time, int64_t now, int64_t unit, enum field_kind kind)
{
	if (once_in(3))
		return other_number(time, kind);
	return now + ((int64_t)below(129) - 64) * (once_in(2) ? unit : unit * 30);
}

static size_t other_size(size_t size, size_t size_max)
{
	switch (below(5)) {
	case 0:
		return 0;
	case 1:
		return size_max - below(2);
	case 2:
		return size + below(9);
	case 3:
		return below(size_max + 1);
	default:
		return (size_t)other_number((int64_t)size, FIELD_INT) % (size_max + 1);
	}
}

/* ---- texts ---- */

/* One of the words that the schema lists for the member, or writes with strokes into its doc. */
static struct str word_of(const struct message_type *type, const char *name)
{
	const char *avsc = message_newest(type)->avsc;
	char start[80];
	const char *at, *words, *next;
	struct str list = STR(""), word;
	size_t count = 1;

	snprintf(start, sizeof(start), "{\"name\": \"%s\"", name);
	at = strstr(avsc, start);
	next = at == NULL ? NULL : strstr(at + 1, "{\"name\": ");
	words = at == NULL ? NULL : strstr(at, "\"dcs.words\": \"");
	if (words == NULL || (next != NULL && next < words))
		return list;
	words += strlen("\"dcs.words\": \"");
	list = (struct str){ .data = words, .size = strcspn(words, "\"") };
	for (size_t i = 0; i < list.size; i++)
		count += list.data[i] == ' ';
	for (size_t skip = below(count) + 1; skip > 0; skip--)
		word = str_cut(list, ' ', &list);
	return word;
}

static struct str known_text(void)
{
	static const char *const known[] = {
		"",
		" ",
		"x",
		"0",
		"*",
		"bank-1",
		"bank-2",
		"EUR",
		"JPY",
		"XAU",
		"DE",
		"DE-BY",
		"US",
		"US-MA",
		"GB",
		"Europe/Berlin",
		"UTC",
		"de",
		"en-GB",
		"zh-Hant-TW",
		"email",
		"sms",
		"voice",
		"letter",
		"push",
		"demand",
		"reminder",
		"csv",
		"json",
		"expired",
		"{{balance}}",
		"{{opt_out}}",
		"{{customer_name}}",
		"{{",
		"}}",
		"{{debt_reference}}",
		"{{x}}",
		"\n",
		"\xC2\xA0",
		"\xE2\x80\x8B",
		"+491701234567",
		"a@example.com",
		"STOP",
		"accepted",
		"failed",
		"not_accepted",
		"unknown",
		"delivered",
		"agent",
		"consumer",
		"A@EXAMPLE.COM",
		"\xF0\x9F\x98\x80",
		"\xE6\xBC\xA2",
		"e\xCC\x81",
		"\xEF\xBB\xBF",
		"natural",
		"organisation",
	};

	return str_of(known[below(COUNT(known))]);
}

/* So long, by repeating what it is, or what is put behind it. */
static struct str resize(struct str text, size_t size)
{
	struct str tail = once_in(2) && text.size > 0 ? text : known_text();
	char *bytes;

	size = size > TEXT_MAX ? TEXT_MAX : size;
	bytes = arena_take_bytes(&mutation.arena, size + 1);
	MUST(bytes != NULL);
	tail = tail.size == 0 ? STR("x") : tail;
	for (size_t i = 0; i < size; i++)
		bytes[i] = i < text.size ? text.data[i] : tail.data[(i - text.size) % tail.size];
	return (struct str){ .data = bytes, .size = size };
}

static struct str change_bytes(struct str text)
{
	size_t size_max = text.size + 16;
	uint8_t *bytes = arena_take(&mutation.arena, 1, size_max);

	MUST(bytes != NULL);
	if (text.size > 0)
		memcpy(bytes, text.data, text.size);
	return (struct str){ .data = (const char *)bytes, .size = LLVMFuzzerMutate(bytes, text.size, size_max) };
}

static struct str insert(struct str text)
{
	struct str piece = known_text();
	size_t at = below(text.size + 1);
	char *bytes = arena_take_bytes(&mutation.arena, text.size + piece.size + 1);

	MUST(bytes != NULL);
	memcpy(bytes, text.data == NULL ? "" : text.data, at);
	memcpy(bytes + at, piece.data, piece.size);
	memcpy(bytes + at + piece.size, text.data == NULL ? "" : text.data + at, text.size - at);
	return (struct str){ .data = bytes, .size = text.size + piece.size };
}

/* What a body may hold: whole characters without a NUL, not too many. */
static struct str fit(struct str text, const struct field *field)
{
	struct str out;
	char *bytes;

	if (field->kind == FIELD_BYTES)
		return (struct str){ .data = text.data, .size = text.size > field->size_max ? field->size_max : text.size };
	out = str_prefix(text, field->characters_max > 0 ? field->characters_max : field->size_max);
	if (str_is_text(out))
		return out;
	bytes = arena_take_bytes(&mutation.arena, out.size);
	MUST(bytes != NULL);
	for (size_t i = 0; i < out.size; i++)
		bytes[i] = (char)(out.data[i] & 0x7F ? out.data[i] & 0x7F : 'x');
	return (struct str){ .data = bytes, .size = out.size };
}

static struct str other_text(struct str text, size_t size_max)
{
	const struct str *borrowed;

	switch (below(5)) {
	case 0:
		return known_text();
	case 1:
		return resize(text, other_size(text.size, size_max));
	case 2:
		return insert(text);
	case 3:
		borrowed = borrow(FIELD_STRING, NULL);
		return borrowed != NULL ? *borrowed : text;
	default:
		return change_bytes(text);
	}
}

static void change_text(const struct message_type *type, const struct field *field, struct str *text)
{
	size_t size_max = field->characters_max > 0 ? field->characters_max : field->size_max;
	struct str word = once_in(2) ? word_of(type, field->name) : STR("");
	const struct str *borrowed = once_in(4) ? borrow(field->kind, field->name) : NULL;

	if (word.size > 0)
		*text = word;
	else
		*text = borrowed != NULL ? *borrowed : fit(other_text(*text, size_max), field);
}

/* ---- bodies ---- */

static void change_id(const struct field *field, struct uuid *id)
{
	const struct uuid *borrowed = once_in(3) ? NULL : borrow(FIELD_UUID, once_in(2) ? field->name : NULL);

	if (borrowed != NULL)
		*id = *borrowed;
	else if (once_in(20))
		*id = (struct uuid){ 0 };
	else if (once_in(2))
		id->bytes[15] = (uint8_t)(id->bytes[15] + below(5) - 2);
	else
		*id = script_id((uint8_t)below(256));
}

static void change_record(const struct message_type *type, const struct record_type *record, void *body);

static void change_value(const struct message_type *type, const struct field *field, void *at)
{
	switch (field->kind) {
	case FIELD_BOOL:
		*(bool *)at = !*(bool *)at;
		break;
	case FIELD_INT:
		*(int32_t *)at = (int32_t)within(other_number(*(int32_t *)at, field->kind), INT32_MIN, INT32_MAX);
		break;
	case FIELD_DATE:
		*(int32_t *)at =
			(int32_t)within(other_time(*(int32_t *)at, day_of_instant(NOW_MS), 1, field->kind), DAY_MIN, DAY_MAX);
		break;
	case FIELD_LONG:
		*(int64_t *)at = other_number(*(int64_t *)at, field->kind);
		break;
	case FIELD_INSTANT:
		*(int64_t *)at = within(other_time(*(int64_t *)at, NOW_MS, 3600000, field->kind), INSTANT_MIN, INSTANT_MAX);
		break;
	case FIELD_UUID:
		change_id(field, at);
		break;
	case FIELD_STRING:
	case FIELD_BYTES:
		change_text(type, field, at);
		break;
	case FIELD_RECORD:
		change_record(type, field->record, at);
		break;
	}
}

/* More items, each a copy of one with a change; or fewer. */
static void resize_array(const struct message_type *type, const struct field *field, void *body, size_t count)
{
	struct shape_items items = shape_items(field, body);
	char *copy;

	count = count > field->items_max ? field->items_max : count;
	copy = arena_take(&mutation.arena, count + 1, items.size);
	if (copy == NULL)
		return;
	for (size_t i = 0; i < count; i++) {
		if (items.count > 0)
			memcpy(copy + i * items.size, items.first + (i < items.count ? i : below(items.count)) * items.size,
			       items.size);
		if (i >= items.count)
			change_value(type, field, copy + i * items.size);
	}
	shape_set_items(field, body, copy, count);
}

static void change_array(const struct message_type *type, const struct field *field, void *body)
{
	struct shape_items items = shape_items(field, body);
	size_t count = items.count;

	if (count > 0 && once_in(3))
		change_value(type, field, (char *)(uintptr_t)items.first + below(count) * items.size);
	else if (once_in(4))
		resize_array(type, field, body, other_size(count, field->items_max));
	else
		resize_array(type, field, body, count == 0 || once_in(2) ? count + 1 : count - 1);
}

static void change_field(const struct message_type *type, const struct field *field, void *body)
{
	bool *has = (bool *)((char *)body + field->aux_offset);

	if (field->array) {
		change_array(type, field, body);
		return;
	}
	if (field->nullable && (!*has || once_in(4)))
		*has = !*has;
	if (!field->nullable || *has)
		change_value(type, field, shape_place(field, body));
}

static void change_record(const struct message_type *type, const struct record_type *record, void *body)
{
	change_field(type, &record->fields[below(record->fields_count)], body);
}

static void encode(struct script_record *record, const struct message_type *type, const void *body)
{
	static struct buf buf;
	struct err err = ERR_INIT;
	struct str copy;

	if (buf.size_max == 0)
		buf_init(&buf, (size_t)1 << 20);
	buf_reset(&buf);
	if (coder_encode(type, body, &buf, &err) != 0)
		return;
	copy = str_copy(&mutation.arena, buf_str(&buf));
	if (copy.data != NULL)
		record->value = copy;
}

static void change_body(struct script_record *record)
{
	void *body;
	const struct message_type *type = script_decode(record->value, &mutation.arena, &body);

	if (type == NULL) {
		record->value = change_bytes(record->value);
		return;
	}
	change_record(type, &type->record, body);
	encode(record, type, body);
}

/* ---- what it was compared with ---- */

/*
 * One of the constants that `number` was compared with, or one beside it; with none, as much more or less as another comparison
 * lacked.
 */
static bool compared_with(int64_t number, size_t mark, int64_t *ret_number)
{
	int64_t constants[CONSTANTS_MAX];
	size_t count = 0, at = 0;

	for (size_t i = 0; i < compared_count() && count < CONSTANTS_MAX; i++) {
		if (compared_at(i).other != number || compared_at(i).mark != mark)
			continue;
		for (at = 0; at < count && constants[at] != compared_at(i).constant;)
			at++;
		if (at == count)
			constants[count++] = compared_at(i).constant;
	}
	if (count > 0) {
		at = below(count);
		*ret_number = once_in(4) ? (int64_t)((uint64_t)constants[at] + below(3) - 1) : constants[at];
	} else if (compared_count() > 0) {
		at = below(compared_count());
		*ret_number = (int64_t)((uint64_t)number + (uint64_t)compared_at(at).constant - (uint64_t)compared_at(at).other);
	}
	return compared_count() > 0;
}

static size_t as_size(int64_t number, size_t size_max)
{
	return number < 0 ? 0 : (uint64_t)number > size_max ? size_max : (size_t)number;
}

static void follow_value(const struct field *field, size_t mark, void *at)
{
	struct str *text = at;
	int64_t number;

	switch (field->kind) {
	case FIELD_INT:
	case FIELD_DATE:
		if (compared_with(*(int32_t *)at, mark, &number))
			*(int32_t *)at = (int32_t)within(number, field->kind == FIELD_DATE ? DAY_MIN : INT32_MIN,
							 field->kind == FIELD_DATE ? DAY_MAX : INT32_MAX);
		break;
	case FIELD_LONG:
	case FIELD_INSTANT:
		if (compared_with(*(int64_t *)at, mark, &number))
			*(int64_t *)at = field->kind == FIELD_LONG ? number : within(number, INSTANT_MIN, INSTANT_MAX);
		break;
	case FIELD_STRING:
	case FIELD_BYTES:
		if (compared_with((int64_t)text->size, mark, &number))
			*text = fit(resize(*text, as_size(number, field->size_max)), field);
		break;
	case FIELD_BOOL:
	case FIELD_UUID:
	case FIELD_RECORD:
		break;
	}
}

static void follow_member(struct script_record *record, size_t mark)
{
	void *body;
	const struct message_type *type = script_decode(record->value, &mutation.arena, &body);
	const struct field *field;
	int64_t number;

	if (type == NULL)
		return;
	field = &type->record.fields[below(type->record.fields_count)];
	if (!field->array && !shape_is_absent(field, body))
		follow_value(field, mark, shape_place(field, body));
	else if (field->array && compared_with((int64_t)shape_items(field, body).count, mark, &number))
		resize_array(type, field, body, as_size(number, field->items_max));
	encode(record, type, body);
}

static void give_headers(struct script_record *record);

static void follow_header(struct script_record *record, size_t mark)
{
	struct script_header *header;
	int64_t number;

	if ((record->mode & MODE_HEADERS) == 0 || record->headers_count == 0)
		give_headers(record);
	header = &record->headers[below(record->headers_count)];
	if (compared_with((int64_t)header->value.size, mark, &number))
		header->value = resize(header->value, as_size(number, 300));
}

/* The script as it was: it has been played before, so nothing new can be found here, where no input would be kept. Mostly a record
 * that was applied: behind a refusal nothing is compared. */
static void follow_comparison(void)
{
	uint32_t applied = script_listen(&mutation.script);
	size_t mark = below(mutation.script.records_count);
	struct script_record *record;

	for (size_t i = 0; i < SCRIPT_RECORDS_MAX && applied != 0 && (applied >> mark & 1) == 0; i++)
		mark = (mark + 1) % mutation.script.records_count;
	record = &mutation.script.records[mark];
	if (once_in(6))
		follow_header(record, mark);
	else
		follow_member(record, mark);
}

/* ---- records ---- */

/* Any command of the module: what its members say comes of those of the others with the same names, or of nothing. */
static struct script_record make_command(void)
{
	const struct module *module = script_module(&mutation.script);
	const struct message_type *type = module->rules[below(module->rules_count)].type;
	struct script_record record = { .mode = 0 };
	void *body = arena_take(&mutation.arena, 1, type->record.size);

	for (size_t i = 0; body != NULL && i < type->record.fields_count; i++) {
		const struct field *field = &type->record.fields[i];
		const void *borrowed = field->array || field->nullable ? NULL : borrow(field->kind, field->name);

		if (borrowed != NULL)
			memcpy(shape_place(field, body), borrowed, shape_item_size(field));
		else
			change_field(type, field, body);
	}
	if (body != NULL)
		encode(&record, type, body);
	return record;
}

static void move_records(void)
{
	struct script *script = &mutation.script;
	struct script_record *at = any_record(), *other = any_record();
	struct script_record moved = *at, made;

	switch (below(4)) {
	case 0: /* swapped */
		*at = *other;
		*other = moved;
		return;
	case 1: /* left out */
		if (script->records_count > 1)
			*at = script->records[--script->records_count];
		return;
	case 2: /* repeated, at the end: what is there by then may change the answer */
		if (script->records_count < SCRIPT_RECORDS_MAX)
			script->records[script->records_count++] = moved;
		return;
	default:
		made = make_command();
		if (script->records_count < SCRIPT_RECORDS_MAX)
			script->records[script->records_count++] = made;
	}
}

/* ---- headers ---- */

static void give_headers(struct script_record *record)
{
	void *body;
	const struct message_type *type = script_decode(record->value, &mutation.arena, &body);
	const char *const values[] = { "1.0", "0198c0de-0000-7000-8000-000000000079", "/fuzz",
				       type == NULL ? "x" : type->ce_type };
	const uint8_t authorization = 6;

	record->mode |= MODE_HEADERS;
	for (record->headers_count = 0; record->headers_count < 4; record->headers_count++)
		record->headers[record->headers_count] = (struct script_header){ .name = (uint8_t)record->headers_count,
										 .value = str_of(values[record->headers_count]) };
	record->headers[record->headers_count++] = (struct script_header){ .name = authorization, .value = STR("Bearer good") };
}

static struct str header_text(void)
{
	static const char *const known[] = { "Bearer bad",
					     "Bearer old",
					     "bearer good",
					     "Bearer ",
					     "2026-12-22T15:04:05Z",
					     "2026-11-22T15:04:05Z",
					     "00000000-0000-0000-0000-000000000000",
					     "0198c0de-0000-7000-8000-000000000012",
					     "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };

	return str_of(known[below(COUNT(known))]);
}

static void change_headers(struct script_record *record)
{
	struct script_header *header;

	if ((record->mode & MODE_HEADERS) == 0 || record->headers_count == 0) {
		give_headers(record);
	} else if (once_in(8)) {
		record->mode &= (uint8_t)~MODE_HEADERS;
		return;
	}
	header = &record->headers[below(record->headers_count)];
	switch (below(8)) {
	case 0:
		*header = record->headers[--record->headers_count];
		return;
	case 1:
		if (record->headers_count < SCRIPT_HEADERS_MAX)
			record->headers[record->headers_count++] =
				(struct script_header){ .name = (uint8_t)below(script_header_names_count),
							.value = header_text() };
		return;
	case 2:
		header->name = (uint8_t)below(script_header_names_count + 2);
		header->own = known_text();
		return;
	case 3:
		header->value = header_text();
		return;
	case 4:
		header->value = change_bytes(header->value);
		return;
	default:
		header->value = resize(header->value, other_size(header->value.size, 300));
	}
}

static void change_key(struct script_record *record)
{
	char text[UUID_TEXT_SIZE + 1];
	struct uuid id = script_id(once_in(2) ? SCRIPT_CUSTOMER : (uint8_t)below(256));

	record->mode ^= MODE_KEY;
	uuid_format(text, &id);
	record->key = str_copy(&mutation.arena, str_of(text));
	record->part = once_in(4) ? (uint8_t)below(3) : 0;
	if (once_in(3))
		record->key = change_bytes(record->key);
}

static void change_circumstances(struct script_record *record)
{
	switch (below(5)) {
	case 0:
		record->mode ^= (uint8_t)(MODE_ROLES & throw());
		return;
	case 1:
		record->mode ^= (uint8_t)(1 << (4 + below(3)));
		return;
	case 2:
		record->who ^= (uint8_t)(1 << below(8));
		return;
	case 3:
		record->who = 0;
		return;
	default:
		record->time = once_in(3) ? 0 : (uint8_t) throw();
	}
}

/* ---- the script ---- */

static void change_facts(void)
{
	uint8_t *fact = &mutation.script.facts[below(FACTS_SIZE)];

	if (once_in(3))
		*fact = 0;
	else if (once_in(2))
		*fact ^= (uint8_t)(1 << below(8));
	else
		*fact = (uint8_t) throw();
}

static void change_script(void)
{
	struct script_record *record = any_record();

	switch (below(20)) {
	case 0:
		change_facts();
		return;
	case 1:
		mutation.script.batch = once_in(2) ? 0 : once_in(8) ? SCRIPT_BATCH_LOW : (uint8_t)below(SCRIPT_RECORDS_MAX);
		return;
	case 2:
	case 3:
		move_records();
		return;
	case 4:
	case 5:
		change_headers(record);
		return;
	case 6:
		change_key(record);
		return;
	case 7:
	case 8:
		change_circumstances(record);
		return;
	case 9:
		record->value =
			once_in(8) ? resize(record->value, other_size(record->value.size, 8000)) : change_bytes(record->value);
		return;
	default:
		change_body(record);
	}
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t size_max, unsigned seed)
{
	bool follows = false;
	size_t written;

	begin(seed, data, size);
	if (once_in(30))
		return LLVMFuzzerMutate(data, size, size_max);
	if (mutation.script.records_count == 0)
		mutation.script.records[mutation.script.records_count++] = (struct script_record){ .mode = 0 };
	else if ((follows = !once_in(3)))
		follow_comparison();
	for (size_t changes = follows ? once_in(4) : below(CHANGES_MAX) + 1; changes > 0; changes--)
		change_script();
	written = script_write(&mutation.script, data, size_max);
	return written > 0 ? written : LLVMFuzzerMutate(data, size, size_max);
}

/* The first's records, and behind them some of the second's: a payment of one finds the debt of the other. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *first, size_t first_size, const uint8_t *second, size_t second_size, uint8_t *out,
				 size_t out_size_max, unsigned seed)
{
	static struct script other;
	struct script *script = &mutation.script;

	begin(seed, first, first_size);
	script_read(&other, second, second_size);
	if (script_module(script) != script_module(&other) || !once_in(4)) /* libFuzzer would do nothing else half of the time */
		return 0;
	if (script->records_count > 0)
		script->records_count = below(script->records_count) + 1;
	for (size_t i = below(other.records_count); i < other.records_count && script->records_count < SCRIPT_RECORDS_MAX; i++)
		script->records[script->records_count++] = other.records[i];
	return script_write(script, out, out_size_max);
}
