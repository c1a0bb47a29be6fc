/* How a sentence is made of its template and an event. */
#include "base/day.h"
#include "base/money.h"
#include "base/must.h"
#include "consumers/dunning/in_words.h"
#include "producers/explain/sentences.h"

/* ---- values ---- */

void sentence_amount(struct buf *buf, int64_t minor, struct str currency)
{
	const struct currency *found = currency_find(currency);
	char text[32];

	if (found == NULL) {
		buf_add_format(buf, "%lld %.*s", (long long)minor, (int)currency.size, currency.data);
		return;
	}
	money_format(text, minor, found);
	buf_add_format(buf, "%s %s", text, found->code);
}

void sentence_instant(struct buf *buf, int64_t instant_ms)
{
	char text[32];

	instant_format(text, instant_ms);
	buf_add_format(buf, "%.10s %.5s UTC", text, text + 11);
}

static void add_words(struct buf *buf, struct str text)
{
	for (size_t at = 0; at < text.size; at++)
		buf_add_u8(buf, text.data[at] == '_' ? ' ' : (uint8_t)text.data[at]);
}

/* ---- members ---- */

struct place {
	const struct message_type *type;
	const char *body;
	const struct field *field;
	struct str as; /* empty: as it is */
};

/* `braced` is what stands between the braces. */
static struct place place_of(const struct message_type *type, const void *body, struct str braced)
{
	struct place place = { .type = type, .body = body };

	place.field = message_field(type, str_cut(braced, ':', &place.as));
	MUST(place.field != NULL);
	return place;
}

static size_t count_of(const struct place *place)
{
	size_t count;

	memcpy(&count, place->body + place->field->aux_offset, sizeof(count));
	return count;
}

static int64_t number_of(const struct place *place)
{
	const char *at = place->body + place->field->offset;
	int32_t number;
	int64_t wide;
	bool is;

	switch (place->field->kind) {
	case FIELD_BOOL:
		memcpy(&is, at, sizeof(is));
		return is;
	case FIELD_INT:
	case FIELD_DATE:
		memcpy(&number, at, sizeof(number));
		return number;
	case FIELD_LONG:
	case FIELD_INSTANT:
		memcpy(&wide, at, sizeof(wide));
		return wide;
	case FIELD_UUID:
		return !uuid_is_none(message_uuid(place->field, place->body));
	case FIELD_STRING:
	case FIELD_BYTES:
		return (int64_t)message_str(place->field, place->body).size;
	case FIELD_RECORD:
		return 1;
	}
	MUST_NOT_REACH("a field of no kind");
}

static bool has_value(const struct place *place)
{
	bool has;

	if (place->field->array)
		return count_of(place) > 0;
	if (!place->field->nullable)
		return number_of(place) != 0;
	memcpy(&has, place->body + place->field->aux_offset, sizeof(has));
	return has && (place->field->kind != FIELD_STRING || number_of(place) != 0);
}

static bool is_amount(const struct field *field)
{
	struct str name = str_of(field->name);
	const struct str end = STR("_minor");

	return field->kind == FIELD_LONG && name.size > end.size &&
	       memcmp(name.data + name.size - end.size, end.data, end.size) == 0;
}

static void add_number(struct buf *buf, const struct place *place)
{
	const struct field *currency = is_amount(place->field) ? message_field(place->type, STR("currency")) : NULL;

	if (currency != NULL)
		sentence_amount(buf, number_of(place), message_str(currency, place->body));
	else
		buf_add_format(buf, "%lld", (long long)number_of(place));
}

static void add_text(struct buf *buf, const struct place *place, struct str text)
{
	if (str_is(place->as, "wait"))
		buf_add_text(buf, wait_in_words(dunning_wait_by_name(text)));
	else if (str_is(place->as, "words"))
		add_words(buf, text);
	else
		buf_add_str(buf, text);
}

static void add_array(struct buf *buf, const struct place *place)
{
	const struct str *texts;
	char noun[32];
	bool fits;

	if (place->field->kind == FIELD_STRING && (place->as.size == 0 || str_is(place->as, "words"))) {
		memcpy(&texts, place->body + place->field->offset, sizeof(texts));
		for (size_t index = 0; index < count_of(place); index++) {
			buf_add_text(buf, index == 0 ? "" : ", ");
			add_text(buf, place, texts[index]);
		}
		return;
	}
	fits = str_to_chars(noun, sizeof(noun), place->as);
	MUST(fits);
	count_in_words(buf, (int64_t)count_of(place), noun);
}

static void add_member(struct buf *buf, const struct place *place)
{
	char text[UUID_TEXT_SIZE + 1];

	if (place->field->array) {
		add_array(buf, place);
		return;
	}
	switch (place->field->kind) {
	case FIELD_BOOL:
	case FIELD_INT:
	case FIELD_LONG:
		add_number(buf, place);
		return;
	case FIELD_DATE:
		day_format(text, (int32_t)number_of(place));
		buf_add_text(buf, text);
		return;
	case FIELD_INSTANT:
		sentence_instant(buf, number_of(place));
		return;
	case FIELD_UUID:
		uuid_format(text, message_uuid(place->field, place->body));
		buf_add_text(buf, text);
		return;
	case FIELD_STRING:
		add_text(buf, place, message_str(place->field, place->body));
		return;
	case FIELD_BYTES:
	case FIELD_RECORD:
		MUST_NOT_REACH("no sentence has such a member");
	}
}

/* ---- templates ---- */

/* Cuts "{...}" off the front. False: it does not begin with one. */
static bool take_braced(struct str *template, struct str *ret_braced)
{
	if (template->size == 0 || template->data[0] != '{')
		return false;
	*ret_braced = str_cut((struct str){ .data = template->data + 1, .size = template->size - 1 }, '}', template);
	return true;
}

static void fill_plain(struct buf *buf, struct str part, const struct message_type *type, const void *body)
{
	struct str braced;

	while (part.size > 0) {
		if (take_braced(&part, &braced)) {
			const struct place place = place_of(type, body, braced);

			add_member(buf, &place);
			continue;
		}
		buf_add_u8(buf, (uint8_t)part.data[0]);
		part = (struct str){ .data = part.data + 1, .size = part.size - 1 };
	}
}

static bool has_values(struct str part, const struct message_type *type, const void *body)
{
	struct str braced;

	while (part.size > 0) {
		if (take_braced(&part, &braced)) {
			const struct place place = place_of(type, body, braced);

			if (!has_value(&place))
				return false;
			continue;
		}
		part = (struct str){ .data = part.data + 1, .size = part.size - 1 };
	}
	return true;
}

void sentence_fill(struct buf *buf, const char *template, const struct message_type *type, const void *body)
{
	struct str rest = str_of(template);

	while (rest.size > 0) {
		struct str inside;

		fill_plain(buf, str_cut(rest, '[', &rest), type, body);
		inside = str_cut(rest, ']', &rest);
		if (has_values(inside, type, body))
			fill_plain(buf, inside, type, body);
	}
}

/* ---- the row of an event ---- */

static bool fits(const struct sentence *sentence, const struct message_type *type, const void *body)
{
	struct place place;

	if (strcmp(sentence->event, type->record.name) != 0)
		return false;
	if (sentence->member == NULL)
		return true;
	place = place_of(type, body, str_of(sentence->member));
	return has_value(&place) ? str_is(message_str(place.field, body), sentence->word) : sentence->word[0] == '\0';
}

bool sentence_write(struct buf *buf, const struct message_type *type, const void *body)
{
	for (size_t index = 0; index < sentences_count; index++) {
		if (!fits(&sentences[index], type, body))
			continue;
		if (sentences[index].template == NULL)
			return false;
		sentence_fill(buf, sentences[index].template, type, body);
		return true;
	}
	return false;
}
