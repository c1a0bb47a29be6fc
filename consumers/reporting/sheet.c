#include "consumers/reporting/sheet.h"

#include <inttypes.h>

#include "base/array.h"
#include "base/day.h"
#include "base/money.h"
#include "wire/json.h"

static const struct currency *currency_of(const struct sheet *sheet, const struct cell *cells)
{
	for (size_t i = 0; i < sheet->columns_count; i++)
		if (sheet->columns[i].kind == CELL_CURRENCY)
			return currency_find(cells[i].text);
	return NULL;
}

/* ---- CSV ---- */

/* Spreadsheets treat a text that begins with one of these as a formula; also the full-width forms. */
static bool looks_like_formula(struct str text)
{
	static const struct str begins[] = { { "=", 1 },
					     { "+", 1 },
					     { "-", 1 },
					     { "@", 1 },
					     { "\t", 1 },
					     { "\r", 1 },
					     { "\n", 1 },
					     { "\xef\xbc\x9d", 3 },
					     { "\xef\xbc\x8b", 3 },
					     { "\xef\xbc\x8d", 3 },
					     { "\xef\xbc\xa0", 3 } };

	for (size_t i = 0; i < COUNT(begins); i++)
		if (text.size >= begins[i].size && memcmp(text.data, begins[i].data, begins[i].size) == 0)
			return true;
	return false;
}

static bool needs_quotes(struct str text)
{
	for (size_t i = 0; i < text.size; i++)
		if (text.data[i] == '"' || text.data[i] == ',' || text.data[i] == '\r' || text.data[i] == '\n')
			return true;
	return false;
}

static void csv_text(struct buf *out, struct str text)
{
	bool is_quoted = needs_quotes(text);

	if (is_quoted)
		buf_add_u8(out, '"');
	if (looks_like_formula(text))
		buf_add_u8(out, '\'');
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] == '"')
			buf_add_u8(out, '"');
		buf_add_u8(out, (uint8_t)text.data[i]);
	}
	if (is_quoted)
		buf_add_u8(out, '"');
}

static void csv_begin(const struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->columns_count; i++) {
		buf_add_text(sheet->out, i > 0 ? "," : "");
		csv_text(sheet->out, str_of(sheet->columns[i].name));
	}
	buf_add_text(sheet->out, "\r\n");
}

static void csv_cell(struct buf *out, enum cell_kind kind, const struct cell *cell, const struct currency *currency)
{
	char text[UUID_TEXT_SIZE + 1];

	switch (kind) {
	case CELL_TEXT:
	case CELL_CURRENCY:
		csv_text(out, cell->text);
		return;
	case CELL_DATE:
		day_format(text, (int32_t)cell->number);
		break;
	case CELL_ID:
		uuid_format(text, &cell->id);
		break;
	case CELL_COUNT:
		buf_add_format(out, "%" PRId64, cell->number);
		return;
	case CELL_MONEY:
		money_format(text, cell->number, currency);
		break;
	}
	buf_add_text(out, text);
}

static void csv_row(const struct sheet *sheet, const struct cell *cells, const struct currency *currency)
{
	for (size_t i = 0; i < sheet->columns_count; i++) {
		buf_add_text(sheet->out, i > 0 ? "," : "");
		csv_cell(sheet->out, sheet->columns[i].kind, &cells[i], currency);
	}
	buf_add_text(sheet->out, "\r\n");
}

/* ---- JSON ---- */

static void json_day(struct buf *out, int32_t day)
{
	char text[16];

	day_format(text, day);
	buf_add_format(out, "\"%s\"", text);
}

static void json_id(struct buf *out, const struct uuid *id)
{
	char text[UUID_TEXT_SIZE + 1];

	uuid_format(text, id);
	buf_add_format(out, "\"%s\"", text);
}

static void json_text(struct buf *out, const char *member, struct str text)
{
	buf_add_format(out, ",\"%s\":", member);
	json_write_string(out, text);
}

static void json_begin(struct buf *out, const struct report_requested *asked)
{
	buf_add_text(out, "{\"kind\":");
	json_write_string(out, asked->kind);
	buf_add_text(out, ",\"asOf\":");
	json_day(out, asked->as_of);
	buf_add_format(out, ",\"open\":%s", asked->open ? "true" : "false");
	if (asked->has_from_on) {
		buf_add_text(out, ",\"fromOn\":");
		json_day(out, asked->from_on);
	}
	if (asked->has_creditor_id) {
		buf_add_text(out, ",\"creditorId\":");
		json_id(out, &asked->creditor_id);
	}
	if (asked->has_currency)
		json_text(out, "currency", asked->currency);
	if (asked->has_channel)
		json_text(out, "channel", asked->channel);
	buf_add_text(out, ",\"rows\":[");
}

static void json_cell(struct buf *out, enum cell_kind kind, const struct cell *cell, const struct currency *currency)
{
	switch (kind) {
	case CELL_TEXT:
	case CELL_CURRENCY:
		json_write_string(out, cell->text);
		break;
	case CELL_DATE:
		json_day(out, (int32_t)cell->number);
		break;
	case CELL_ID:
		json_id(out, &cell->id);
		break;
	case CELL_COUNT:
		buf_add_format(out, "%" PRId64, cell->number);
		break;
	case CELL_MONEY:
		buf_add_format(out, "{\"amountMinor\":%" PRId64 ",\"currency\":\"%s\"}", cell->number, currency->code);
		break;
	}
}

static void json_row(const struct sheet *sheet, const struct cell *cells, const struct currency *currency)
{
	buf_add_text(sheet->out, sheet->rows > 0 ? ",\n{" : "\n{");
	for (size_t i = 0; i < sheet->columns_count; i++) {
		buf_add_format(sheet->out, "%s\"%s\":", i > 0 ? "," : "", sheet->columns[i].member);
		json_cell(sheet->out, sheet->columns[i].kind, &cells[i], currency);
	}
	buf_add_u8(sheet->out, '}');
}

/* ---- the sheet ---- */

void sheet_begin(struct sheet *sheet, struct buf *out, const struct column *columns, size_t columns_count,
		 const struct report_requested *asked)
{
	*sheet = (struct sheet){
		.out = out, .columns = columns, .columns_count = columns_count, .is_json = str_is(asked->format, "json")
	};
	if (sheet->is_json)
		json_begin(out, asked);
	else
		csv_begin(sheet);
}

static bool has_money(const struct sheet *sheet)
{
	for (size_t i = 0; i < sheet->columns_count; i++)
		if (sheet->columns[i].kind == CELL_MONEY)
			return true;
	return false;
}

bool sheet_add(struct sheet *sheet, const struct cell *cells)
{
	const struct currency *currency = currency_of(sheet, cells);

	if (currency == NULL && has_money(sheet))
		return false;
	if (sheet->is_json)
		json_row(sheet, cells, currency);
	else
		csv_row(sheet, cells, currency);
	sheet->rows++;
	return true;
}

void sheet_end(struct sheet *sheet)
{
	if (sheet->is_json)
		buf_add_text(sheet->out, sheet->rows > 0 ? "\n]}\n" : "]}\n");
}
