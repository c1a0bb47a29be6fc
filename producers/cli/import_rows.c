#include "import_rows.h"

#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "base/money.h"
#include "base/text.h"
#include "model/refusal.h"
#include "natural_id.h"
#include "wire/json.h"

/*
 * A column, and the member of the command with the same value. Columns without a member serve for the ids, in the kind's own
 * function below.
 */
enum cell_kind { CELL_TEXT, CELL_PROSE, CELL_MONEY, CELL_SWITCH, CELL_DATE, CELL_CURRENCY };

struct column {
	const char *name;
	const char *member; /* NULL: none */
	enum cell_kind kind;
	bool required;
	const char *default_value; /* NULL: omitted if empty */
};

enum { CUSTOMER_ID, CUSTOMER_REF, CUSTOMER_EMAIL, CUSTOMER_MOBILE };
static const struct column customers_columns[] = {
	[CUSTOMER_ID] = { "customer_id", NULL, CELL_TEXT, false, NULL },
	[CUSTOMER_REF] = { "external_ref", "external_ref", CELL_TEXT, true, NULL },
	[CUSTOMER_EMAIL] = { "email", NULL, CELL_TEXT, false, NULL },
	[CUSTOMER_MOBILE] = { "mobile", NULL, CELL_TEXT, false, NULL },
	{ "kind", "kind", CELL_TEXT, false, "natural" },
	{ "full_name", "full_name", CELL_PROSE, true, NULL },
	{ "birth_date", "birth_date", CELL_DATE, false, NULL },
	{ "locale", "locale", CELL_TEXT, true, NULL },
	{ "country", "country", CELL_TEXT, true, NULL },
	{ "region", "region", CELL_TEXT, false, NULL },
	{ "timezone", "timezone", CELL_TEXT, false, NULL },
	{ NULL, NULL, CELL_TEXT, false, NULL },
};

enum {
	DEBT_ID,
	DEBT_REF,
	DEBT_CUSTOMER_ID,
	DEBT_CUSTOMER_REF,
	DEBT_CREDITOR,
	DEBT_ORIGINAL_CREDITOR,
	DEBT_PORTFOLIO,
	DEBT_CURRENCY
};
static const struct column debts_columns[] = {
	[DEBT_ID] = { "debt_id", NULL, CELL_TEXT, false, NULL },
	[DEBT_REF] = { "external_ref", "external_ref", CELL_TEXT, true, NULL },
	[DEBT_CUSTOMER_ID] = { "customer_id", NULL, CELL_TEXT, false, NULL },
	[DEBT_CUSTOMER_REF] = { "customer_ref", NULL, CELL_TEXT, false, NULL },
	[DEBT_CREDITOR] = { "creditor", NULL, CELL_TEXT, true, NULL },
	[DEBT_ORIGINAL_CREDITOR] = { "original_creditor", NULL, CELL_TEXT, false, NULL },
	[DEBT_PORTFOLIO] = { "portfolio", NULL, CELL_TEXT, false, NULL },
	[DEBT_CURRENCY] = { "currency", "currency", CELL_CURRENCY, true, NULL },
	{ "principal", "principal_minor", CELL_MONEY, true, NULL },
	{ "interest", "interest_minor", CELL_MONEY, false, "0" },
	{ "fee", "fee_minor", CELL_MONEY, false, "0" },
	{ "cost", "cost_minor", CELL_MONEY, false, "0" },
	{ "opened_on", "opened_on", CELL_DATE, true, NULL },
	{ "due_on", "due_on", CELL_DATE, true, NULL },
	{ "fees_authorised", "fees_authorised", CELL_SWITCH, false, "no" },
	{ NULL, NULL, CELL_TEXT, false, NULL },
};

enum {
	PAYMENT_ID,
	PAYMENT_SOURCE,
	PAYMENT_REF,
	PAYMENT_CUSTOMER_ID,
	PAYMENT_CUSTOMER_REF,
	PAYMENT_DEBT_ID,
	PAYMENT_DEBT_REF,
	PAYMENT_CREDITOR,
	PAYMENT_CURRENCY
};
static const struct column payments_columns[] = {
	[PAYMENT_ID] = { "payment_id", NULL, CELL_TEXT, false, NULL },
	[PAYMENT_SOURCE] = { "source", "source", CELL_TEXT, true, NULL },
	[PAYMENT_REF] = { "external_ref", "external_ref", CELL_TEXT, true, NULL },
	[PAYMENT_CUSTOMER_ID] = { "customer_id", NULL, CELL_TEXT, false, NULL },
	[PAYMENT_CUSTOMER_REF] = { "customer_ref", NULL, CELL_TEXT, false, NULL },
	[PAYMENT_DEBT_ID] = { "debt_id", NULL, CELL_TEXT, false, NULL },
	[PAYMENT_DEBT_REF] = { "debt_ref", NULL, CELL_TEXT, false, NULL },
	[PAYMENT_CREDITOR] = { "creditor", NULL, CELL_TEXT, false, NULL },
	[PAYMENT_CURRENCY] = { "currency", "currency", CELL_CURRENCY, true, NULL },
	{ "amount", "amount_minor", CELL_MONEY, true, NULL },
	{ "received_on", "received_on", CELL_DATE, true, NULL },
	{ "method", "method", CELL_TEXT, true, NULL },
	{ "reason", "reason", CELL_PROSE, false, NULL },
	{ NULL, NULL, CELL_TEXT, false, NULL },
};

/* By import_kind. `sign` is a column that only this kind has. */
static const struct {
	const char *name;
	const char *module;
	const char *sign;
	const struct column *columns;
	int currency; /* the column with the currency of the amounts; -1: no amounts */
} kinds[] = {
	[IMPORT_NONE] = { "", "", "", NULL, -1 },
	[IMPORT_CUSTOMERS] = { "customers", "customers", "full_name", customers_columns, -1 },
	[IMPORT_DEBTS] = { "debts", "debts", "principal", debts_columns, DEBT_CURRENCY },
	[IMPORT_PAYMENTS] = { "payments", "debts", "received_on", payments_columns, PAYMENT_CURRENCY },
};
#define KINDS_COUNT COUNT(kinds)

_Static_assert(COUNT(debts_columns) <= IMPORT_COLUMNS_MAX, "places has room for every column");
_Static_assert(COUNT(payments_columns) <= IMPORT_COLUMNS_MAX, "places has room for every column");
_Static_assert(COUNT(customers_columns) <= IMPORT_COLUMNS_MAX, "places has room for every column");

/* ---- the header ---- */

enum import_kind import_kind_by_name(struct str name)
{
	for (size_t i = 1; i < KINDS_COUNT; i++) {
		if (str_is(name, kinds[i].name))
			return (enum import_kind)i;
	}
	return IMPORT_NONE;
}

const char *import_kind_module(enum import_kind kind)
{
	return kinds[kind].module;
}

static enum import_kind kind_by_header(const struct table_row *header)
{
	for (size_t i = 1; i < KINDS_COUNT; i++) {
		for (size_t j = 0; j < header->count; j++) {
			if (str_is(header->fields[j], kinds[i].sign))
				return (enum import_kind)i;
		}
	}
	return IMPORT_NONE;
}

static int column_by_name(const struct column *columns, struct str name)
{
	for (int i = 0; columns[i].name != NULL; i++) {
		if (str_is(name, columns[i].name))
			return i;
	}
	return -1;
}

static bool is_of_refused_file(struct str name)
{
	return str_is(name, "line") || str_is(name, "code") || str_is(name, "field") || str_is(name, "text");
}

bool import_is_column(struct str field)
{
	for (size_t i = 1; i < KINDS_COUNT; i++) {
		if (column_by_name(kinds[i].columns, field) >= 0)
			return true;
	}
	return is_of_refused_file(field);
}

bool import_is_header(const struct table_row *row)
{
	size_t names = 0;

	for (size_t i = 0; i < row->count; i++) {
		if (row->fields[i].size > 0 && !import_is_column(row->fields[i]))
			return false;
		names += row->fields[i].size > 0;
	}
	return names >= 2;
}

static int check_required(const struct import_map *map, const struct column *columns, struct err *err)
{
	for (int i = 0; columns[i].name != NULL; i++) {
		if (columns[i].required && map->places[i] < 0)
			return err_set(err, ERR_FATAL, "the column %s is missing", columns[i].name);
	}
	return 0;
}

int import_map_read(const struct table_row *header, enum import_kind kind, struct import_map *ret_map, struct err *err)
{
	struct import_map map = { .kind = kind, .fields_count = header->count };

	if (map.kind == IMPORT_NONE)
		map.kind = kind_by_header(header);
	if (map.kind == IMPORT_NONE)
		return err_set(err, ERR_FATAL, "the header row tells neither customers nor debts nor payments");
	for (size_t i = 0; i < IMPORT_COLUMNS_MAX; i++)
		map.places[i] = -1;
	for (size_t i = 0; i < header->count; i++) {
		struct str name = str_prefix(header->fields[i], 60);
		int column = column_by_name(kinds[map.kind].columns, header->fields[i]);

		if (column < 0 && is_of_refused_file(header->fields[i]))
			continue;
		if (column < 0)
			return err_set(err, ERR_FATAL, "%s have no column \"%.*s\"", kinds[map.kind].name, (int)name.size,
				       name.data);
		if (map.places[column] >= 0)
			return err_set(err, ERR_FATAL, "the column \"%.*s\" stands twice", (int)name.size, name.data);
		map.places[column] = (int)i;
	}
	if (check_required(&map, kinds[map.kind].columns, err) != 0)
		return -1;
	*ret_map = map;
	return 0;
}

/* ---- cells ---- */

/*
 * The cell in its normal form, without invisible characters at its ends. Empty: the kind (-1) or the file has no such column, or
 * the cell is empty.
 */
static struct str cell(const struct import_map *map, const struct table_row *row, int column)
{
	if (column < 0 || map->places[column] < 0 || map->places[column] >= (int)row->count)
		return STR("");
	return text_trim(row->fields[map->places[column]],
			 kinds[map->kind].columns[column].kind == CELL_PROSE ? TEXT_PROSE : TEXT_WORD);
}

static int check_cells(const struct import_map *map, const struct table_row *row, struct err *err)
{
	const struct column *columns = kinds[map->kind].columns;

	if (row->count != map->fields_count)
		return err_set(err, ERR_POISON, "%zu fields, where the header has %zu", row->count, map->fields_count);
	for (int i = 0; columns[i].name != NULL; i++) {
		int place = map->places[i];

		if (place >= 0 && memchr(row->fields[place].data, '\0', row->fields[place].size) != NULL)
			return err_set(err, ERR_POISON, "%s: has a zero byte", columns[i].name);
		if (place >= 0 && !str_is_text(row->fields[place]))
			return err_set(err, ERR_POISON, "%s: not UTF-8 text (--encoding says what it is)", columns[i].name);
		if (columns[i].required && cell(map, row, i).size == 0)
			return err_set(err, ERR_POISON, "%s: empty", columns[i].name);
	}
	return 0;
}

static void add_name(struct buf *json, const char *member)
{
	buf_add_text(json, json->size > 0 && json->data[json->size - 1] == '{' ? "\"" : ",\"");
	buf_add_text(json, member);
	buf_add_text(json, "\":");
}

static void add_id(struct buf *json, const char *member, const struct uuid *id)
{
	char text[UUID_TEXT_SIZE + 1];

	uuid_format(text, id);
	add_name(json, member);
	json_write_string(json, str_of(text));
}

static void add_text(struct buf *json, const char *member, struct str text)
{
	add_name(json, member);
	json_write_string(json, text);
}

/* The size of a blank between thousands: a space, or a no-break one. 0: none. */
static size_t thousands_blank(struct str text)
{
	if (text.size >= 1 && text.data[0] == ' ')
		return 1;
	if (text.size >= 2 && memcmp(text.data, "\xC2\xA0", 2) == 0)
		return 2;
	return text.size >= 3 && memcmp(text.data, "\xE2\x80\xAF", 3) == 0 ? 3 : 0;
}

#define AMOUNT_SIZE_MAX 40

/*
 * Converts 1.234,56 or 1 234,56 or 1234,56 to 1234.56, for money_parse. Thousands are groups of three, all with the same
 * separator: 1.23 is no amount here, and 1.234 is a thousand. False: it is no amount.
 */
static bool plain_amount(struct str text, char plain[AMOUNT_SIZE_MAX], struct str *ret_plain)
{
	struct str rest = text;
	size_t size = 0, digits = 0, groups = 0;
	char mark = 0;

	while (rest.size > 0 && rest.data[0] != ',') {
		size_t blank = thousands_blank(rest), step = blank > 0 ? blank : 1;
		char c = blank > 0 ? ' ' : rest.data[0];

		if (c == '.' || c == ' ') {
			if (digits == 0 || (groups == 0 ? digits > 3 : digits != 3 || c != mark))
				return false;
			mark = c;
			groups++;
			digits = 0;
		} else {
			if (size == AMOUNT_SIZE_MAX - 1)
				return false;
			plain[size++] = c;
			digits += c != '-' && c != '+';
		}
		rest = (struct str){ .data = rest.data + step, .size = rest.size - step };
	}
	if (digits == 0 || (groups > 0 && digits != 3) || rest.size > AMOUNT_SIZE_MAX - size || rest.size == 1)
		return false;
	if (rest.size > 0) {
		plain[size++] = '.';
		memcpy(plain + size, rest.data + 1, rest.size - 1);
		size += rest.size - 1;
	}
	*ret_plain = (struct str){ .data = plain, .size = size };
	return true;
}

static int read_money(const struct import_map *map, const struct column *column, struct str text, struct str code,
		      int64_t *ret_minor, struct err *err)
{
	const struct currency *currency = currency_find(code);
	char plain[AMOUNT_SIZE_MAX];

	if (currency == NULL)
		return err_set(err, ERR_POISON, "currency: not an ISO 4217 code in use");
	if ((map->decimal_comma && !plain_amount(text, plain, &text)) || !money_parse(text, currency, ret_minor))
		return err_set(err, ERR_POISON, "%s: not an amount such as %s, with at most %d decimals", column->name,
			       map->decimal_comma ? "1.234,56" : "1234.56", currency->decimals);
	return 0;
}

static int add_money(struct buf *json, const struct import_map *map, const struct column *column, struct str text,
		     struct str code, struct err *err)
{
	int64_t minor = 0;

	if (read_money(map, column, text, code, &minor, err) != 0)
		return -1;
	add_name(json, column->member);
	buf_add_format(json, "%lld", (long long)minor);
	return 0;
}

static int add_date(struct buf *json, const struct column *column, struct str text, struct err *err)
{
	int32_t day = 0;

	if (!day_parse(text, &day))
		return err_set(err, ERR_POISON, "%s: not a date such as 2026-11-22", column->name);
	add_text(json, column->member, text);
	return 0;
}

static int add_switch(struct buf *json, const struct column *column, struct str text, struct err *err)
{
	static const char *const words[] = { "no", "yes", "false", "true", "0", "1" };

	for (size_t i = 0; i < COUNT(words); i++) {
		if (str_is(text, words[i])) {
			add_name(json, column->member);
			buf_add_text(json, i % 2 == 1 ? "true" : "false");
			return 0;
		}
	}
	return err_set(err, ERR_POISON, "%s: say yes or no", column->name);
}

/* Adds all columns that are members. */
static int add_members(struct buf *json, const struct import_map *map, const struct table_row *row, struct err *err)
{
	const struct column *columns = kinds[map->kind].columns;
	int currency = kinds[map->kind].currency;
	int failed = 0;

	for (int i = 0; columns[i].name != NULL && failed == 0; i++) {
		struct str text = cell(map, row, i);

		if (text.size == 0 && columns[i].default_value != NULL)
			text = str_of(columns[i].default_value);
		if (columns[i].member == NULL || text.size == 0)
			continue;
		switch (columns[i].kind) {
		case CELL_TEXT:
		case CELL_PROSE:
		case CELL_CURRENCY:
			add_text(json, columns[i].member, text);
			break;
		case CELL_DATE:
			failed = add_date(json, &columns[i], text, err);
			break;
		case CELL_MONEY:
			failed = add_money(json, map, &columns[i], text, cell(map, row, currency), err);
			break;
		case CELL_SWITCH:
			failed = add_switch(json, &columns[i], text, err);
			break;
		}
	}
	return failed;
}

int import_amount(const struct import_map *map, const struct table_row *row, struct str *ret_currency, int64_t *ret_minor,
		  struct err *err)
{
	const struct column *columns = kinds[map->kind].columns;
	struct str code = cell(map, row, kinds[map->kind].currency);
	int64_t sum_minor = 0;

	for (int i = 0; columns[i].name != NULL; i++) {
		int64_t minor = 0;

		if (columns[i].kind != CELL_MONEY || cell(map, row, i).size == 0)
			continue;
		if (read_money(map, &columns[i], cell(map, row, i), code, &minor, err) != 0)
			return -1;
		if (!money_add(sum_minor, minor, &sum_minor))
			return err_set(err, ERR_POISON, "%s: too large", columns[i].name);
	}
	*ret_currency = code;
	*ret_minor = sum_minor;
	return 0;
}

/* ---- ids ---- */

/* The id in `id_column`, if there is one. */
static int given_id(const struct import_map *map, const struct table_row *row, int id_column, bool *ret_given,
		    struct uuid *ret_id, struct err *err)
{
	struct str text = cell(map, row, id_column);

	*ret_given = text.size > 0;
	if (text.size > 0 && !uuid_parse(ret_id, text))
		return err_set(err, ERR_POISON, "%s: not a UUID", kinds[map->kind].columns[id_column].name);
	return 0;
}

/* The customer, by id or by the reference in customers.csv. */
static int add_customer_id(struct buf *json, const struct import_map *map, const struct table_row *row, int id_column,
			   int ref_column, struct uuid *ret_id, struct err *err)
{
	bool given = false;

	if (given_id(map, row, id_column, &given, ret_id, err) != 0)
		return -1;
	if (!given) {
		struct str ref = cell(map, row, ref_column);

		if (ref.size == 0)
			return err_set(err, ERR_POISON, "%s: empty", kinds[map->kind].columns[ref_column].name);
		*ret_id = customer_id_of(ref);
	}
	add_id(json, "customer_id", ret_id);
	return 0;
}

/* The debt, by id or by its creditor and the creditor's reference. */
static int add_debt_id(struct buf *json, const struct import_map *map, const struct table_row *row, int id_column,
		       int creditor_column, int ref_column, struct err *err)
{
	struct uuid debt_id, creditor_id;
	bool given = false;

	if (given_id(map, row, id_column, &given, &debt_id, err) != 0)
		return -1;
	if (!given) {
		struct str creditor = cell(map, row, creditor_column);
		struct str ref = cell(map, row, ref_column);

		if (creditor.size == 0 || ref.size == 0)
			return err_set(err, ERR_POISON, "%s: empty",
				       kinds[map->kind].columns[creditor.size == 0 ? creditor_column : ref_column].name);
		creditor_id = creditor_id_of(creditor);
		debt_id = debt_id_of(&creditor_id, ref);
	}
	add_id(json, "debt_id", &debt_id);
	return 0;
}

/* ---- commands ---- */

/* The commands of one row, while they are written: all are in one buf, which may move. */
struct writing {
	struct buf *json;
	size_t count;
	const char *types[IMPORT_COMMANDS_MAX];
	size_t from[IMPORT_COMMANDS_MAX + 1];
};

static void begin_command(struct writing *writing, const char *type_name)
{
	MUST(writing->count < IMPORT_COMMANDS_MAX);
	writing->types[writing->count] = type_name;
	writing->from[writing->count] = writing->json->size;
	buf_add_u8(writing->json, '{');
}

static void end_command(struct writing *writing)
{
	buf_add_u8(writing->json, '}');
	writing->count++;
	writing->from[writing->count] = writing->json->size;
}

static void write_contact_point(struct writing *writing, const struct uuid *customer_id, const char *channel, const char *place,
				struct str address)
{
	struct uuid id = contact_point_id_of(customer_id, str_of(channel), address);

	if (address.size == 0)
		return;
	begin_command(writing, "AddContactPoint");
	add_id(writing->json, "contact_point_id", &id);
	add_id(writing->json, "customer_id", customer_id);
	add_text(writing->json, "channel", str_of(channel));
	add_text(writing->json, "address", address);
	add_text(writing->json, "place", str_of(place));
	add_text(writing->json, "source", STR("creditor"));
	end_command(writing);
}

static int write_customer(struct writing *writing, const struct import_map *map, const struct table_row *row, struct err *err)
{
	struct uuid customer_id;

	begin_command(writing, "CreateCustomer");
	if (add_customer_id(writing->json, map, row, CUSTOMER_ID, CUSTOMER_REF, &customer_id, err) != 0)
		return -1;
	if (add_members(writing->json, map, row, err) != 0)
		return -1;
	end_command(writing);
	write_contact_point(writing, &customer_id, "email", "home", cell(map, row, CUSTOMER_EMAIL));
	write_contact_point(writing, &customer_id, "sms", "mobile", cell(map, row, CUSTOMER_MOBILE));
	return 0;
}

static void add_creditor(struct buf *json, const char *member, struct str creditor)
{
	struct uuid id;

	if (creditor.size == 0)
		return;
	id = creditor_id_of(creditor);
	add_id(json, member, &id);
}

static int write_debt(struct writing *writing, const struct import_map *map, const struct table_row *row, struct err *err)
{
	struct str portfolio = cell(map, row, DEBT_PORTFOLIO);
	struct uuid customer_id, portfolio_id;

	begin_command(writing, "CreateDebt");
	if (add_debt_id(writing->json, map, row, DEBT_ID, DEBT_CREDITOR, DEBT_REF, err) != 0)
		return -1;
	if (add_customer_id(writing->json, map, row, DEBT_CUSTOMER_ID, DEBT_CUSTOMER_REF, &customer_id, err) != 0)
		return -1;
	add_creditor(writing->json, "creditor_id", cell(map, row, DEBT_CREDITOR));
	add_creditor(writing->json, "original_creditor_id", cell(map, row, DEBT_ORIGINAL_CREDITOR));
	if (portfolio.size > 0) {
		portfolio_id = portfolio_id_of(portfolio);
		add_id(writing->json, "portfolio_id", &portfolio_id);
	}
	if (add_members(writing->json, map, row, err) != 0)
		return -1;
	end_command(writing);
	return 0;
}

static int write_payment(struct writing *writing, const struct import_map *map, const struct table_row *row, struct err *err)
{
	struct uuid customer_id, payment_id;
	bool given = false;

	begin_command(writing, "RecordPayment");
	if (given_id(map, row, PAYMENT_ID, &given, &payment_id, err) != 0)
		return -1;
	if (!given)
		payment_id = payment_id_of(cell(map, row, PAYMENT_SOURCE), cell(map, row, PAYMENT_REF));
	add_id(writing->json, "payment_id", &payment_id);
	if (add_customer_id(writing->json, map, row, PAYMENT_CUSTOMER_ID, PAYMENT_CUSTOMER_REF, &customer_id, err) != 0)
		return -1;
	if (add_debt_id(writing->json, map, row, PAYMENT_DEBT_ID, PAYMENT_CREDITOR, PAYMENT_DEBT_REF, err) != 0)
		return -1;
	if (add_members(writing->json, map, row, err) != 0)
		return -1;
	end_command(writing);
	return 0;
}

int import_row(const struct import_map *map, const struct table_row *row, struct buf *json,
	       struct import_command ret_commands[IMPORT_COMMANDS_MAX], size_t *ret_count, struct err *err)
{
	struct writing writing = { .json = json };
	int failed = 0;

	MUST(map->kind != IMPORT_NONE);
	buf_reset(json);
	if (check_cells(map, row, err) != 0)
		return -1;
	switch (map->kind) {
	case IMPORT_NONE:
		MUST_NOT_REACH("kind");
	case IMPORT_CUSTOMERS:
		failed = write_customer(&writing, map, row, err);
		break;
	case IMPORT_DEBTS:
		failed = write_debt(&writing, map, row, err);
		break;
	case IMPORT_PAYMENTS:
		failed = write_payment(&writing, map, row, err);
		break;
	}
	if (failed != 0)
		return -1;
	if (json->overflow)
		return err_set(err, ERR_POISON, "the row is too long");
	for (size_t i = 0; i < writing.count; i++) {
		struct str text = { .data = (const char *)json->data + writing.from[i],
				    .size = writing.from[i + 1] - writing.from[i] };

		ret_commands[i] = (struct import_command){ .type_name = writing.types[i],
							   .json = text,
							   .id = row_command_id_of(str_of(writing.types[i]), text) };
	}
	*ret_count = writing.count;
	return 0;
}

/* ---- faults ---- */

static const struct column *column_of_fault(const struct import_map *map, struct str name)
{
	const struct column *columns = kinds[map->kind].columns;

	for (int i = 0; columns[i].name != NULL; i++) {
		if (str_is(name, columns[i].name) || (columns[i].member != NULL && str_is(name, columns[i].member)))
			return &columns[i];
	}
	return NULL;
}

struct str import_column_of(const struct import_map *map, struct str member)
{
	const struct column *column = map->kind != IMPORT_NONE ? column_of_fault(map, member) : NULL;

	return column != NULL ? str_of(column->name) : member;
}

static const char *code_of(const struct column *column)
{
	switch (column->kind) {
	case CELL_MONEY:
		return refusal_code(REFUSAL_BAD_AMOUNT);
	case CELL_CURRENCY:
		return refusal_code(REFUSAL_BAD_CURRENCY);
	case CELL_DATE:
		return refusal_code(REFUSAL_BAD_DATE);
	case CELL_TEXT:
	case CELL_PROSE:
	case CELL_SWITCH:
		break;
	}
	return refusal_code(REFUSAL_BAD_VALUE);
}

/* "column: text", "/member: text", or a text about the whole row. */
struct reason import_reason(const struct import_map *map, const char *fault)
{
	struct str text = STR(""), name = str_cut(str_of(fault), ':', &text);
	const struct column *column = NULL;

	if (name.size > 0 && name.data[0] == '/')
		name = (struct str){ .data = name.data + 1, .size = name.size - 1 };
	if (text.size > 1 && text.data[0] == ' ')
		column = column_of_fault(map, name);
	if (column == NULL)
		return (struct reason){ .code = STR("bad_row"), .field = STR(""), .text = str_of(fault) };
	return (struct reason){ .code = str_of(code_of(column)),
				.field = str_of(column->name),
				.text = { .data = text.data + 1, .size = text.size - 1 } };
}
