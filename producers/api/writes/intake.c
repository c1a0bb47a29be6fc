#include "producers/api/writes/intake.h"

#include <stdio.h>
#include <string.h>

#include "crypto/crypto.h"

#define KEY_SIZE_MAX       255
#define OPERATION_SIZE_MAX 64
#define PREFER_WAIT_MAX_S  1000000

/* ---- Idempotency-Key ---- */

bool idempotency_key_read(struct str header, struct str *ret_key)
{
	bool is_quoted = header.size >= 2 && header.data[0] == '"' && header.data[header.size - 1] == '"';

	if (is_quoted)
		header = (struct str){ .data = header.data + 1, .size = header.size - 2 };
	if (header.size == 0 || header.size > KEY_SIZE_MAX)
		return false;
	for (size_t i = 0; i < header.size; i++) {
		if (header.data[i] <= ' ' || header.data[i] > '~' || header.data[i] == '"' || header.data[i] == '\\')
			return false;
	}
	*ret_key = header;
	return true;
}

/* The parts are delimited: the id has a fixed length, an operation contains no NUL. */
struct uuid idempotency_key_id(const struct uuid *principal, const char *operation, struct str key)
{
	char text[16 + OPERATION_SIZE_MAX + 1 + KEY_SIZE_MAX];
	size_t operation_size = strlen(operation) + 1;
	struct uuid id;

	MUST(operation_size <= OPERATION_SIZE_MAX + 1);
	MUST(key.size <= KEY_SIZE_MAX);
	memcpy(text, principal->bytes, 16);
	memcpy(text + 16, operation, operation_size);
	memcpy(text + 16 + operation_size, key.data, key.size);
	id = uuid_of_text((struct str){ .data = text, .size = 16 + operation_size + key.size });
	id.bytes[0] = id.bytes[1] = 0; /* the time bytes of a UUIDv7 in 1970 */
	return id;
}

/* ---- Prefer ---- */

struct prefer prefer_read(struct str header)
{
	struct prefer prefer = { .wait_s = 0 };

	while (header.size > 0) {
		struct str preference = str_cut(header, ',', &header);
		struct str parameters;
		struct str value;
		struct str name = str_trim(str_cut(str_cut(preference, ';', &parameters), '=', &value), " \t");
		long long number;

		value = str_trim(value, " \t");
		if (str_equal_nocase(name, STR("respond-async"))) {
			prefer.is_async = true;
		} else if (str_equal_nocase(name, STR("wait")) && !prefer.has_wait && str_to_int64(value, &number) &&
			   number >= 0) {
			prefer.has_wait = true;
			prefer.wait_s = number < PREFER_WAIT_MAX_S ? number : PREFER_WAIT_MAX_S;
		}
	}
	return prefer;
}

/* ---- If-Match ---- */

enum if_match if_match_read(struct str header, int64_t *ret_version)
{
	long long version;

	header = str_trim(header, " \t");
	if (str_is(header, "*"))
		return IF_MATCH_ANY;
	if (header.size < 3 || header.data[0] != '"' || header.data[header.size - 1] != '"')
		return IF_MATCH_BAD;
	if (header.data[1] < '0' || header.data[1] > '9')
		return IF_MATCH_BAD;
	if (!str_to_int64((struct str){ .data = header.data + 1, .size = header.size - 2 }, &version) || version <= 0)
		return IF_MATCH_BAD;
	*ret_version = version;
	return IF_MATCH_VERSION;
}

/* ---- the body ---- */

/* The command under construction, and the set of its fields that have a value. */
struct filling {
	const struct intake_request *request;
	const struct record_type *record;
	char *body;
	struct arena *arena;
	struct json_faults *faults;
	uint64_t present;
};

/* NULL: no such field. */
static const struct field *find(const struct record_type *record, const char *name)
{
	for (size_t i = 0; name != NULL && i < record->fields_count; i++) {
		if (strcmp(record->fields[i].name, name) == 0)
			return &record->fields[i];
	}
	return NULL;
}

static uint64_t bit_of(const struct record_type *record, const struct field *field)
{
	return field == NULL ? 0 : UINT64_C(1) << (field - record->fields);
}

/* The fields that a route's list of names contains. */
static uint64_t named_bits(const struct record_type *record, const char *text)
{
	struct str names = str_of(text == NULL ? "" : text);
	uint64_t bits = 0;

	while (names.size > 0) {
		struct str name = str_cut(names, ' ', &names);

		for (size_t i = 0; i < record->fields_count; i++) {
			if (str_is(name, record->fields[i].name))
				bits |= UINT64_C(1) << i;
		}
	}
	return bits;
}

/* Fields that the body may omit: they come from the path, are made, or are optional. */
static uint64_t given_elsewhere(const struct filling *filling)
{
	const struct route *route = filling->request->route;
	const struct record_type *record = filling->record;
	uint64_t bits;

	if (route == NULL)
		return 0;
	bits = named_bits(record, route->optional) | bit_of(record, find(record, route->path_field)) |
	       bit_of(record, find(record, route->made_field));
	if (filling->request->path_id != NULL)
		bits |= bit_of(record, filling->request->type->key_field); /* found as the owner of the path's id */
	return bits;
}

static void refuse(struct filling *filling, const struct field *field, const char *code, const char *detail)
{
	char pointer[JSON_POINTER_MAX];
	struct buf buf;

	buf_init(&buf, sizeof(pointer) - 1);
	json_write_pointer(&buf, filling->record, str_of(field->name));
	MUST(str_to_chars(pointer, sizeof(pointer), buf_str(&buf)));
	buf_release(&buf);
	json_fault_add(filling->faults, pointer, code, detail);
}

static void set_id(struct filling *filling, const struct field *field, const struct uuid *id)
{
	MUST(field->kind == FIELD_UUID);
	MUST(!field->array);
	memcpy(filling->body + field->offset, id, sizeof(*id));
	if (field->nullable)
		*(bool *)(filling->body + field->aux_offset) = true;
	filling->present |= bit_of(filling->record, field);
}

static bool is_present(const struct filling *filling, const struct field *field)
{
	return (filling->present & bit_of(filling->record, field)) != 0;
}

/* A body may repeat the id of the path, but must not contradict it. */
static void fill_from_path(struct filling *filling)
{
	const struct field *field = find(filling->record, filling->request->route->path_field);
	const struct uuid *id = filling->request->path_id;

	if (field == NULL)
		return;
	MUST(id != NULL);
	if (is_present(filling, field) && !uuid_equal(message_uuid(field, filling->body), id))
		refuse(filling, field, "differs", "another id than the path's");
	else
		set_id(filling, field, id);
}

/* Where If-Match is required, it is the only source of the version. */
static void fill_version(struct filling *filling)
{
	const struct field *field = find(filling->record, "expected_version");
	int64_t version = filling->request->expected_version;

	if (field == NULL || (version == 0 && !filling->request->route->if_match))
		return;
	MUST(field->kind == FIELD_LONG);
	MUST(field->nullable);
	if (is_present(filling, field)) {
		refuse(filling, field, "differs", "the version is said by If-Match");
	} else if (version > 0) {
		*(int64_t *)(filling->body + field->offset) = version;
		*(bool *)(filling->body + field->aux_offset) = true;
	}
}

static void fill_made(struct filling *filling)
{
	const struct field *field = find(filling->record, filling->request->route->made_field);
	struct uuid id;

	if (field == NULL || is_present(filling, field))
		return;
	id = uuid_derive(&filling->request->command_id, filling->record->name, 0);
	set_id(filling, field, &id);
}

/* An omitted field is zero, false, empty; an instant is now. */
static void fill_instants(struct filling *filling, uint64_t optional)
{
	for (size_t i = 0; i < filling->record->fields_count; i++) {
		const struct field *field = &filling->record->fields[i];

		if (((optional & ~filling->present) >> i & 1) == 0 || field->kind != FIELD_INSTANT || field->nullable)
			continue;
		*(int64_t *)(filling->body + field->offset) = filling->request->now_ms;
	}
}

/* The owner, if neither path nor body contain it, must be looked up. */
static void fill_owner(struct filling *filling, struct intake *intake)
{
	const struct field *field = filling->request->type->key_field;

	if (field == NULL || is_present(filling, field))
		return;
	if (filling->request->owner_id != NULL)
		set_id(filling, field, filling->request->owner_id);
	else
		intake->needs_owner = true;
}

static bool is_null(const struct filling *filling, const struct field *field)
{
	char name[JSON_POINTER_MAX];
	struct json value;
	struct buf buf;
	bool fits;

	buf_init(&buf, sizeof(name) - 1);
	json_write_pointer(&buf, filling->record, str_of(field->name));
	fits = str_to_chars(name, sizeof(name), buf_str(&buf));
	MUST(fits);
	buf_release(&buf);
	return json_member(filling->request->json, name + 1, &value) && value.at[0] == 'n';
}

/*
 * Fields that lose their value: in Avro a null means unchanged, so the command has a list of them. PUT replaces: an omitted field
 * counts as null. PATCH merges (RFC 7396): an omitted field stays.
 */
static void fill_clears(struct filling *filling, uint64_t clearable)
{
	const struct route *route = filling->request->route;
	const struct field *list = find(filling->record, "clears");
	const struct str *items; /* as the body's member is declared */
	struct str *names;
	size_t count = 0;

	MUST(list != NULL);
	MUST(list->array);
	names = arena_take(filling->arena, filling->record->fields_count, sizeof(*names));
	if (names == NULL) {
		json_fault_add(filling->faults, "", "too_large", "the body is too large");
		return;
	}
	if (is_present(filling, list))
		refuse(filling, list, "unknown_member", "a null says the same");
	for (size_t i = 0; i < filling->record->fields_count; i++) {
		const struct field *field = &filling->record->fields[i];

		if (!field->nullable || is_present(filling, field) || strcmp(field->name, "expected_version") == 0)
			continue;
		if ((clearable >> i & 1) != 0 && (route->replaces || is_null(filling, field)))
			names[count++] = str_of(field->name);
	}
	items = names;
	memcpy(filling->body + list->offset, &items, sizeof(items));
	memcpy(filling->body + list->aux_offset, &count, sizeof(count));
}

/* Null in a PATCH clears; in other fields it would be mistaken for "unchanged". */
static void refuse_nulls(struct filling *filling, uint64_t clearable)
{
	for (size_t i = 0; i < filling->record->fields_count; i++) {
		const struct field *field = &filling->record->fields[i];

		if (field->nullable && (clearable >> i & 1) == 0 && strcmp(field->name, "expected_version") != 0 &&
		    !is_present(filling, field) && is_null(filling, field))
			refuse(filling, field, "bad_value", "cannot be without a value");
	}
}

static void fill_by_row(struct filling *filling, struct intake *intake)
{
	const struct route *route = filling->request->route;
	uint64_t clearable = named_bits(filling->record, route->clears);

	fill_from_path(filling);
	fill_version(filling);
	fill_made(filling);
	fill_instants(filling, named_bits(filling->record, route->optional));
	fill_owner(filling, intake);
	if (route->clears != NULL)
		fill_clears(filling, clearable);
	if (route->method == METHOD_PATCH)
		refuse_nulls(filling, clearable);
	intake->has_thing_id = route->made_field != NULL || filling->request->path_id != NULL;
	if (route->made_field != NULL)
		intake->thing_id = *message_uuid(find(filling->record, route->made_field), filling->body);
	else if (filling->request->path_id != NULL)
		intake->thing_id = *filling->request->path_id;
}

/* A null counts as absent here; an invalid value has its fault already. */
static void check_demanded(struct filling *filling, size_t faults_before)
{
	const char *names = filling->request->route == NULL ? NULL : filling->request->route->demanded;
	uint64_t demanded = named_bits(filling->record, names);

	for (size_t i = 0; i < filling->record->fields_count; i++) {
		const struct field *field = &filling->record->fields[i];

		if ((demanded >> i & 1) == 0)
			continue;
		MUST(field->nullable);
		if (*(const bool *)(filling->body + field->aux_offset))
			continue;
		if (!is_present(filling, field) || filling->faults->count == faults_before)
			refuse(filling, field, "missing", "missing");
	}
}

/* A member of the body beside the command's: the word that names the intended state. */
static void check_said(struct filling *filling)
{
	const struct route *route = filling->request->route;
	char pointer[JSON_POINTER_MAX], detail[64];
	struct json said;

	if (route == NULL || route->said_member == NULL)
		return;
	(void)snprintf(pointer, sizeof(pointer), "/%s", route->said_member);
	(void)snprintf(detail, sizeof(detail), "only \"%s\" can be put", route->said_word);
	if (!json_member(filling->request->json, route->said_member, &said)) {
		if (route->said_command == NULL)
			json_fault_add(filling->faults, pointer, "missing", "missing");
	} else if (!json_is_word(said, route->said_word)) {
		json_fault_add(filling->faults, pointer, "bad_value", detail);
	}
}

static void read_members(struct filling *filling)
{
	struct json_reading reading = { .style = JSON_REST,
					.pointer = filling->request->pointer,
					.skip = filling->request->route == NULL ? NULL : filling->request->route->said_member,
					.optional = given_elsewhere(filling) };

	(void)json_read_record(filling->request->json, filling->record, &reading, filling->arena, filling->body, filling->faults);
	filling->present = reading.present;
}

bool intake_read(const struct intake_request *request, struct arena *arena, struct intake *ret_intake, struct json_faults *faults)
{
	struct filling filling = { .request = request, .record = &request->type->record, .arena = arena, .faults = faults };
	struct intake intake = { .needs_owner = false };
	size_t faults_before = faults->count;

	filling.body = arena_take(arena, 1, filling.record->size);
	if (filling.body == NULL) {
		json_fault_add(faults, "", "too_large", "the body is too large");
		return false;
	}
	read_members(&filling);
	check_said(&filling);
	check_demanded(&filling, faults_before);
	if (request->route != NULL)
		fill_by_row(&filling, &intake);
	intake.body = filling.body;
	if (faults->count != faults_before)
		return false;
	*ret_intake = intake;
	return true;
}
