#include "producers/api/reads/row_json.h"

#include "base/day.h"
#include "base/log.h"
#include "base/must.h"
#include "crypto/crypto.h"
#include "crypto/seal.h"
#include "model/command.h"
#include "producers/api/http/route.h"
#include "wire/json.h"

#define ARENA_SIZE      ((size_t)256 * 1024)
#define TELL_AGAIN_MS   10000
#define OPENED_SIZE_MAX (SEAL_OVERHEAD + 16384) /* of a sealed text; the body of a message is the longest */

/* ---- values ---- */

static void write_number(struct buf *buf, int64_t number)
{
	char digits[21];
	char *at = digits + sizeof(digits);
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

	do {
		*--at = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (number < 0)
		*--at = '-';
	buf_add(buf, at, (size_t)(digits + sizeof(digits) - at));
}

static void write_uuid(struct buf *buf, const struct uuid *id)
{
	char text[UUID_TEXT_SIZE + 3] = "\"";

	uuid_format(text + 1, id);
	text[UUID_TEXT_SIZE + 1] = '"';
	buf_add(buf, text, UUID_TEXT_SIZE + 2);
}

static void write_quoted(struct buf *buf, const char *plain)
{
	buf_add_u8(buf, '"');
	buf_add_text(buf, plain);
	buf_add_u8(buf, '"');
}

static void write_money(struct buf *buf, int64_t minor, struct str currency)
{
	buf_add_text(buf, "{\"amountMinor\":");
	write_number(buf, minor);
	buf_add_text(buf, ",\"currency\":");
	json_write_string(buf, currency);
	buf_add_u8(buf, '}');
}

static void write_items(struct buf *buf, struct db_items items, bool are_ids)
{
	struct str item;
	struct uuid id;

	buf_add_u8(buf, '[');
	for (bool is_first = true; db_items_next(&items, &item); is_first = false) {
		if (!is_first)
			buf_add_u8(buf, ',');
		if (!are_ids) {
			json_write_string(buf, item);
			continue;
		}
		MUST(item.size == sizeof(id.bytes));
		memcpy(id.bytes, item.data, sizeof(id.bytes));
		write_uuid(buf, &id);
	}
	buf_add_u8(buf, ']');
}

/* ---- sealed columns ---- */

static size_t characters(struct str text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.size; i++)
		count += ((unsigned char)text.data[i] & 0xC0) != 0x80;
	return count;
}

/* The first character of a text; the length of the rest is not shown. */
static void mask_word(struct buf *buf, struct str word)
{
	struct str first = str_prefix(word, 4);

	while (characters(first) > 1)
		first = str_prefix(first, first.size - 1);
	buf_add_str(buf, characters(word) > 2 ? first : STR(""));
	buf_add_text(buf, "***");
}

void address_mask(struct buf *buf, struct str address)
{
	struct str domain;
	struct str local = str_cut(address, '@', &domain);

	if (domain.size > 0) {
		mask_word(buf, local);
		buf_add_u8(buf, '@');
		mask_word(buf, domain);
	} else if (address.size >= 8 && address.data[0] == '+') {
		buf_add(buf, address.data, 3);
		buf_add_text(buf, "***");
		buf_add(buf, address.data + address.size - 2, 2);
	} else {
		buf_add_text(buf, "***");
	}
}

/* Logs it, once in a while: with another key than the workers' no text opens, in any row. */
static void tell_closed(struct row_writer *writer, const struct err *err)
{
	int64_t now_ms = clock_monotonic_ms();

	if (writer->told_ms > 0 && now_ms - writer->told_ms < TELL_AGAIN_MS)
		return;
	writer->told_ms = now_ms;
	log_error("a sealed text cannot be opened: %s", err->text);
}

#define ROW_AND_VERSION_SIZE (16 + 8) /* in front of a sealed text: api.sealed in SQL */

/* Cuts id and version off the front of a sealed text; false: it is shorter than they are. */
static bool take_place(struct seal_place *place, struct str *sealed)
{
	const unsigned char *version = (const unsigned char *)sealed->data + sizeof(place->row.bytes);

	if (sealed->size < ROW_AND_VERSION_SIZE)
		return false;
	memcpy(place->row.bytes, sealed->data, sizeof(place->row.bytes));
	place->version = 0;
	for (size_t i = 0; i < 8; i++)
		place->version = (int64_t)((uint64_t)place->version << 8 | version[i]);
	sealed->data += ROW_AND_VERSION_SIZE;
	sealed->size -= ROW_AND_VERSION_SIZE;
	return true;
}

/* Empty: the text was erased, or does not open. room: OPENED_SIZE_MAX. */
static struct str open_sealed(struct row_writer *writer, const uint8_t key[32], struct str sealed, struct seal_place *place,
			      char *room)
{
	struct err err = ERR_INIT;
	struct opened opened;

	if (!take_place(place, &sealed) || sealed.size == 0 || sealed.size > OPENED_SIZE_MAX)
		return STR("");
	if (unseal(&opened, room, sealed, place, key, &err) == 0)
		return opened.text;
	tell_closed(writer, &err);
	return STR("");
}

static void write_masked(struct buf *buf, struct str address)
{
	unsigned char memory[64];
	struct buf masked = { .data = memory, .capacity = sizeof(memory) - 1, .size_max = sizeof(memory) - 1 };

	address_mask(&masked, address);
	json_write_string(buf, buf_str(&masked));
}

/* The key is made from the row's salt; without a salt the text is erased. */
static void write_sealed(struct row_writer *writer, struct buf *buf, const struct db_result *result, int row,
			 const struct column *column, int at, bool is_masked)
{
	struct seal_place place = { .column = column->sealed };
	char room[OPENED_SIZE_MAX];
	struct str opened = STR("");
	uint8_t key[32];

	if (!db_is_null(result, row, ROW_SALT) && !db_is_null(result, row, ROW_OWNER)) {
		place.owner = db_uuid(result, row, ROW_OWNER);
		person_key(key, writer->key, db_str(result, row, ROW_SALT));
		opened = open_sealed(writer, key, db_str(result, row, at), &place, room);
		wipe(key, sizeof(key));
	}
	if (opened.size == 0)
		buf_add_text(buf, "null");
	else if (is_masked)
		write_masked(buf, opened);
	else
		json_write_string(buf, opened);
	wipe(room, opened.size);
}

/* ---- events ---- */

static void write_event(struct row_writer *writer, struct buf *buf, struct str framed)
{
	const struct message_type *type;
	const void *body;
	struct err err = ERR_INIT;

	arena_reset(&writer->arena);
	if (coder_decode(framed, &writer->arena, &type, &body, &err) == 0) {
		json_write_rest(buf, type, body);
		return;
	}
	log_error("an event of the log cannot be read: %s", err.text);
	buf_add_text(buf, "null");
}

static void write_link(struct buf *buf, const char *link, const struct uuid *id)
{
	size_t before = strcspn(link, "%");
	char text[UUID_TEXT_SIZE + 1];

	uuid_format(text, id);
	buf_add_u8(buf, '"');
	buf_add(buf, link, before);
	buf_add(buf, text, UUID_TEXT_SIZE);
	buf_add_text(buf, link + before + 1);
	buf_add_u8(buf, '"');
}

/* The event may be of a newer program than this one; it is shown nevertheless. */
static void write_type(struct buf *buf, int32_t schema_id)
{
	const struct message_type *type = message_by_schema_id((uint32_t)schema_id);

	if (type == NULL)
		buf_add_text(buf, "null");
	else
		write_quoted(buf, type->record.name);
}

/* ---- rows ---- */

struct row {
	const struct resource_plan *plan;
	const struct db_result *result;
	int row;
	bool is_list;
	const struct principal *viewer;
};

static int place_of(const struct row *row, const struct member *member)
{
	return row->is_list ? ROW_COLUMNS_LIST + member->at_list : ROW_COLUMNS_ONE + member->at_one;
}

/* ---- actions ---- */

static const struct message_type *command_of(const struct row_writer *writer, struct str operation)
{
	for (size_t i = 0; i < writer->actions_count; i++) {
		if (str_equal(writer->actions[i].operation, operation))
			return writer->actions[i].command;
	}
	return NULL;
}

static bool is_own(const struct row *row)
{
	struct uuid owner;

	if (db_is_null(row->result, row->row, ROW_OWNER))
		return false;
	owner = db_uuid(row->result, row->row, ROW_OWNER);
	return principal_owns(row->viewer, &owner);
}

static bool is_theirs(const struct row *row)
{
	return row->viewer->scope.all_creditors ||
	       (!db_is_null(row->result, row->row, ROW_THEIRS) && db_bool(row->result, row->row, ROW_THEIRS));
}

/* Users cannot change themselves: it takes a second person (consumers/users). */
static bool is_himself(const struct row *row, const struct message_type *command)
{
	struct uuid id;

	if (!row->viewer->is_user || strcmp(command->module, "users") != 0)
		return false;
	MUST(row->plan->resource->columns[0].kind == COLUMN_UUID);
	id = db_uuid(row->result, row->row, place_of(row, &row->plan->members[0]));
	return uuid_equal(&id, &row->viewer->user_id);
}

static bool has_source(const struct scope *scope)
{
	return scope->all_sources || scope->sources_count > 0;
}

/* A creditor may reverse only payments from its own sources. */
static bool is_of_his_source(const struct row *row)
{
	const struct member *source = row->plan->source;

	return source == NULL || scope_has_source(&row->viewer->scope, db_str(row->result, row->row, place_of(row, source)));
}

/* A state may allow operations that this program does not know: they are not shown. */
static bool may_take(const struct row_writer *writer, const struct row *row, struct str operation)
{
	const struct message_type *command = command_of(writer, operation);
	uint32_t roles = command == NULL ? 0 : command->roles & row->viewer->roles;

	if (roles == 0 || is_himself(row, command))
		return false;
	if (command->source_field != NULL && !has_source(&row->viewer->scope))
		return false;
	return (roles & ~(uint32_t)(ROLE_CREDITOR | ROLE_CONSUMER)) != 0 ||
	       ((roles & ROLE_CREDITOR) != 0 && is_theirs(row) && is_of_his_source(row)) ||
	       ((roles & ROLE_CONSUMER) != 0 && is_own(row));
}

static void write_actions(const struct row_writer *writer, struct buf *buf, const struct row *row, struct db_items items)
{
	struct str operation;
	bool is_first = true;

	buf_add_u8(buf, '[');
	while (db_items_next(&items, &operation)) {
		if (!may_take(writer, row, operation))
			continue;
		if (!is_first)
			buf_add_u8(buf, ',');
		is_first = false;
		json_write_string(buf, operation);
	}
	buf_add_u8(buf, ']');
}

static void write_value(struct row_writer *writer, struct buf *buf, const struct row *row, const struct column *column, int at)
{
	const struct db_result *result = row->result;
	struct uuid id;
	char text[32];

	switch (column->kind) {
	case COLUMN_UUID:
		id = db_uuid(result, row->row, at);
		write_uuid(buf, &id);
		return;
	case COLUMN_TEXT:
		json_write_string(buf, db_str(result, row->row, at));
		return;
	case COLUMN_BOOL:
		buf_add_text(buf, db_bool(result, row->row, at) ? "true" : "false");
		return;
	case COLUMN_INT:
		write_number(buf, db_int32(result, row->row, at));
		return;
	case COLUMN_LONG:
		write_number(buf, db_int64(result, row->row, at));
		return;
	case COLUMN_DATE:
		day_format(text, db_date(result, row->row, at));
		write_quoted(buf, text);
		return;
	case COLUMN_INSTANT:
		instant_format(text, db_instant(result, row->row, at));
		write_quoted(buf, text);
		return;
	case COLUMN_MONEY:
		write_money(buf, db_int64(result, row->row, at), db_str(result, row->row, place_of(row, row->plan->currency)));
		return;
	case COLUMN_TEXTS:
	case COLUMN_UUIDS:
		write_items(buf, db_items(result, row->row, at), column->kind == COLUMN_UUIDS);
		return;
	case COLUMN_ACTIONS:
		write_actions(writer, buf, row, db_items(result, row->row, at));
		return;
	case COLUMN_SEALED:
	case COLUMN_ADDRESS:
		write_sealed(writer, buf, result, row->row, column, at,
			     column->kind == COLUMN_ADDRESS && (column->roles & row->viewer->roles) == 0);
		return;
	case COLUMN_JSON:
		buf_add_str(buf, db_str(result, row->row, at));
		return;
	case COLUMN_EVENT:
		write_event(writer, buf, db_str(result, row->row, at));
		return;
	case COLUMN_TYPE:
		write_type(buf, db_int32(result, row->row, at));
		return;
	case COLUMN_TOKEN_ROLES:
		roles_write(buf, row->viewer->roles);
		return;
	case COLUMN_TOKEN_END:
		instant_format(text, row->viewer->expires_at_ms);
		write_quoted(buf, text);
		return;
	case COLUMN_LINK:
		id = db_uuid(result, row->row, at);
		write_link(buf, column->link, &id);
		return;
	}
	MUST_NOT_REACH("a column of no kind");
}

static bool is_shown(const struct column *column, bool is_list, uint32_t roles)
{
	if (is_list && column->is_detail)
		return false;
	return column->roles == 0 || column->kind == COLUMN_ADDRESS || (column->roles & roles) != 0;
}

/* Closes and opens the objects between one member and the next. */
static void write_between(struct buf *buf, struct str *object, const struct member *member, bool is_first)
{
	if (str_equal(*object, member->object)) {
		buf_add_text(buf, is_first ? "" : ",");
		return;
	}
	buf_add_text(buf, object->size > 0 ? "}," : is_first ? "" : ",");
	if (member->object.size > 0) {
		buf_add_u8(buf, '"');
		buf_add_str(buf, member->object);
		buf_add_text(buf, "\":{");
	}
	*object = member->object;
}

void row_write(struct row_writer *writer, struct buf *buf, const struct resource_plan *plan, const struct db_result *result,
	       int row_number, bool is_list, const struct principal *viewer)
{
	struct row row = { .plan = plan, .result = result, .row = row_number, .is_list = is_list, .viewer = viewer };
	struct str object = STR("");
	bool is_first = true;
	int at;

	buf_add_u8(buf, '{');
	for (int i = 0; i < (int)plan->resource->columns_count; i++) {
		const struct member *member = &plan->members[i];

		if (!is_shown(member->column, is_list, viewer->roles))
			continue;
		at = place_of(&row, member);
		write_between(buf, &object, member, is_first);
		is_first = false;
		buf_add_str(buf, member->name);
		if (db_is_null(result, row_number, at))
			buf_add_text(buf, "null");
		else
			write_value(writer, buf, &row, member->column, at);
	}
	buf_add_text(buf, object.size > 0 ? "}}" : "}");
}

/* ---- life ---- */

int row_writer_init(struct row_writer *writer, const uint8_t key[32], struct err *err)
{
	*writer = (struct row_writer){ 0 };
	memcpy(writer->key, key, sizeof(writer->key));
	for (const struct route *route = api_routes(); route->pattern != NULL; route++) {
		if (route->kind != ROUTE_WRITE)
			continue;
		MUST(writer->actions_count < ROW_ACTIONS_MAX);
		writer->actions[writer->actions_count++] =
			(struct action){ .operation = str_of(route->operation), .command = route->command };
	}
	return arena_init(&writer->arena, ARENA_SIZE, err);
}

void row_writer_release(struct row_writer *writer)
{
	arena_release(&writer->arena);
	wipe(writer->key, sizeof(writer->key));
}
