#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/day.h"
#include "base/must.h"
#include "consumers/communications/guard/guard.h"

/*
 * Facts as a line of text, and back: one table of the members serves both, so that nothing is written that cannot be read. The
 * line is kept with the verdict, hashed, and asked again by `dcs decisions replay`; the cases of the law are written in it too.
 */

enum kind { KIND_WORD, KIND_BITS, KIND_DAY, KIND_MINUTE, KIND_INSTANT, KIND_NUMBER, KIND_MONEY, KIND_CODE };

struct fact_field {
	struct str key;
	enum kind kind;
	size_t offset;
	const char *words; /* of KIND_WORD, KIND_BITS: with blanks between; NULL: numbers from 1 */
	size_t size;       /* of KIND_CODE */
};

#define FACT_WORDS     "no yes"
#define ACT_WORDS      "send credit_report sale"
#define PROVIDER_WORDS "public employer"

#define KEY(key)                                                                                                                 \
	{                                                                                                                        \
		(key), sizeof(key) - 1                                                                                           \
	}
#define FIELD(of, key, kind, member, words)                                                                                      \
	{                                                                                                                        \
		KEY(key), (kind), offsetof(struct of, member), (words), 0                                                        \
	}
#define FACT(of, key, member) FIELD(of, key, KIND_WORD, member, FACT_WORDS)
#define CODE(key, member)                                                                                                        \
	{                                                                                                                        \
		KEY(key), KIND_CODE, offsetof(struct guard_facts, member), NULL, sizeof(((struct guard_facts *)NULL)->member)    \
	}

static const struct fact_field scalars[] = {
	FIELD(guard_facts, "act", KIND_WORD, act, ACT_WORDS),
	FIELD(guard_facts, "channel", KIND_WORD, channel, CHANNEL_WORDS),
	FIELD(guard_facts, "class", KIND_WORD, message_class, MESSAGE_CLASS_WORDS),
	FIELD(guard_facts, "to", KIND_WORD, party, CONTACT_PARTY_WORDS),
	FIELD(guard_facts, "at", KIND_INSTANT, now_ms, NULL),
	FIELD(guard_facts, "today", KIND_DAY, today, NULL),
	CODE("country", country),
	CODE("region", region),
	CODE("jurisdiction", jurisdiction),
	FIELD(guard_facts, "collector", KIND_WORD, collector, COLLECTOR_WORDS),
	FIELD(guard_facts, "place", KIND_WORD, place, CONTACT_POINT_PLACE_WORDS),
	FIELD(guard_facts, "provider", KIND_WORD, provider, PROVIDER_WORDS),
	FACT(guard_facts, "from_consumer", from_consumer),
	FACT(guard_facts, "leaked", is_leaked),
	FACT(guard_facts, "employer_forbids", employer_forbids),
	FIELD(guard_facts, "wrote", KIND_INSTANT, wrote_ms, NULL),
	FIELD(guard_facts, "number_checked", KIND_INSTANT, checked_ms, NULL),
	FIELD(guard_facts, "permission", KIND_WORD, basis, BASIS_WORDS),
	FIELD(guard_facts, "obtained", KIND_INSTANT, obtained_ms, NULL),
	FIELD(guard_facts, "expires", KIND_INSTANT, expires_ms, NULL),
	FIELD(guard_facts, "withdrawn", KIND_INSTANT, withdrawn_ms, NULL),
	FIELD(guard_facts, "announced", KIND_DAY, notice_on, NULL),
	FIELD(guard_facts, "revoked", KIND_INSTANT, revoked_ms, NULL),
	FACT(guard_facts, "opt_out_confirmed", is_opt_out_confirmed),
	FACT(guard_facts, "agrees", agrees),
	FIELD(guard_facts, "call_consent", KIND_INSTANT, call_consent_ms, NULL),
	FIELD(guard_facts, "call_on", KIND_DAY, call_on, NULL),
	FACT(guard_facts, "home_blocked", home_blocked),
	FACT(guard_facts, "work_blocked", work_blocked),
	FACT(guard_facts, "unwanted", is_unwanted),
	FACT(guard_facts, "attorney", has_attorney),
	FACT(guard_facts, "attorney_consents", attorney_consents),
	FIELD(guard_facts, "attorney_asked", KIND_DAY, attorney_asked_on, NULL),
	FACT(guard_facts, "ceased", has_ceased),
	FACT(guard_facts, "deceased", is_deceased),
	FACT(guard_facts, "bankrupt", is_bankrupt),
	FACT(guard_facts, "restricted", is_restricted),
	FACT(guard_facts, "incapable", lacks_capacity),
	FIELD(guard_facts, "breathing", KIND_DAY, breathing_on, NULL),
	FACT(guard_facts, "crisis", in_crisis),
	FIELD(guard_facts, "treated_until", KIND_DAY, treated_until, NULL),
	FIELD(guard_facts, "planning", KIND_DAY, planning_on, NULL),
	FACT(guard_facts, "plan_prolonged", plan_prolonged),
	FIELD(guard_facts, "credits", KIND_MONEY, credits_minor, NULL),
	FACT(guard_facts, "opt_out_offered", has_opt_out),
	FACT(guard_facts, "disclosed", has_disclosure),
	FACT(guard_facts, "names_debt", names_debt),
	FACT(guard_facts, "contacts_cut", are_contacts_cut),
};

static const struct fact_field blocked_fields[] = {
	FIELD(guard_blocked, "days", KIND_BITS, weekdays, WEEKDAY_WORDS),
	FIELD(guard_blocked, "from", KIND_MINUTE, from_min, NULL),
	FIELD(guard_blocked, "to", KIND_MINUTE, to_min, NULL),
};

static const struct fact_field hold_fields[] = {
	FIELD(guard_hold, "from", KIND_DAY, from_on, NULL),
	FIELD(guard_hold, "until", KIND_DAY, until_on, NULL),
	FIELD(guard_hold, "classes", KIND_BITS, classes, MESSAGE_CLASS_WORDS),
};

static const struct fact_field debt_fields[] = {
	FIELD(guard_debt, "balance", KIND_MONEY, balance_minor, NULL),
	FIELD(guard_debt, "due", KIND_DAY, due_on, NULL),
	FACT(guard_debt, "closed", is_closed),
	FACT(guard_debt, "settled", is_settled),
	FIELD(guard_debt, "account", KIND_NUMBER, account, NULL),
	FACT(guard_debt, "barred", is_barred),
	FACT(guard_debt, "said_barred", said_barred),
	FIELD(guard_debt, "limited", KIND_DAY, limited_on, NULL),
	FIELD(guard_debt, "contacted", KIND_DAY, contacted_on, NULL),
	FIELD(guard_debt, "notice", KIND_DAY, notice_on, NULL),
	FACT(guard_debt, "notice_bounced", notice_bounced),
	FIELD(guard_debt, "disputed_on", KIND_DAY, disputed_on, NULL),
	FIELD(guard_debt, "answered", KIND_DAY, answered_on, NULL),
	FACT(guard_debt, "disputed", is_disputed),
	FIELD(guard_debt, "spoken", KIND_DAY, spoken_on, NULL),
	FIELD(guard_debt, "written", KIND_DAY, written_on, NULL),
	FACT(guard_debt, "letter_bounced", letter_bounced),
};

static const struct fact_field contact_fields[] = {
	FIELD(guard_contact, "at", KIND_INSTANT, at_ms, NULL),
	FIELD(guard_contact, "channel", KIND_WORD, channel, CHANNEL_WORDS),
	FIELD(guard_contact, "to", KIND_WORD, party, CONTACT_PARTY_WORDS),
	FIELD(guard_contact, "outcome", KIND_WORD, outcome, CONTACT_OUTCOME_WORDS),
	FACT(guard_contact, "inbound", is_inbound),
	FACT(guard_contact, "demand", is_demand),
	FACT(guard_contact, "consented", has_consent),
	FIELD(guard_contact, "debts", KIND_BITS, debts, NULL),
};

struct list {
	struct str key;
	const struct fact_field *fields;
	size_t fields_count;
	size_t offset, item_size, max, count_offset;
};

#define LIST(key, member, count, fields)                                                                                         \
	{                                                                                                                        \
		KEY(key), (fields), COUNT(fields), offsetof(struct guard_facts, member),                                         \
			sizeof(((struct guard_facts *)NULL)->member[0]), COUNT(((struct guard_facts *)NULL)->member),            \
			offsetof(struct guard_facts, count)                                                                      \
	}

static const struct list lists[] = {
	LIST("blocked", blocked, blocked_count, blocked_fields),
	LIST("hold", holds, holds_count, hold_fields),
	LIST("debt", debts, debts_count, debt_fields),
	LIST("contact", contacts, contacts_count, contact_fields),
};

/* ---- words: the n-th of a list, n from 1 ---- */

static struct str word_at(const char *words, unsigned number)
{
	const char *first = words;
	const char *end;

	while (number > 1 && *first != '\0')
		number -= *first++ == ' ' ? 1 : 0;
	end = first;
	while (number > 0 && *end != '\0' && *end != ' ')
		end++;
	return (struct str){ .data = first, .size = (size_t)(end - first) };
}

static unsigned word_number(const char *words, struct str wanted)
{
	struct str rest = str_of(words);

	for (unsigned number = 1; rest.size > 0 && wanted.size > 0; number++) {
		if (str_equal(str_cut(rest, ' ', &rest), wanted))
			return number;
	}
	return 0;
}

/* ---- writing: by hand, because every decision writes its facts, and printf was a sixth of what one costs ---- */

struct output {
	char *text;
	size_t size;
};

static void put_char(struct output *output, char byte)
{
	MUST(output->size < FACTS_TEXT_MAX - 1);
	output->text[output->size++] = byte;
}

static void put(struct output *output, struct str text)
{
	MUST(text.size < FACTS_TEXT_MAX - output->size);
	if (text.size > 0)
		memcpy(output->text + output->size, text.data, text.size);
	output->size += text.size;
}

static void put_text(struct output *output, const char *text)
{
	put(output, str_of(text));
}

static void put_digits(struct output *output, uint64_t number, unsigned base, size_t least)
{
	char digits[32];
	size_t at = sizeof(digits);

	for (; number > 0 || sizeof(digits) - at < least; number /= base)
		digits[--at] = "0123456789abcdef"[number % base];
	put(output, (struct str){ .data = digits + at, .size = sizeof(digits) - at });
}

static void put_number(struct output *output, int64_t number)
{
	if (number < 0)
		put_char(output, '-');
	put_digits(output, number < 0 ? 0 - (uint64_t)number : (uint64_t)number, 10, 1);
}

/* The bits of a list of words stand where an enum of them has its constants: the first is 1 << 1; weekdays and debts begin at 0. */
static unsigned first_bit(const struct fact_field *field)
{
	return field->words != NULL && strcmp(field->words, MESSAGE_CLASS_WORDS) == 0 ? 1 : 0;
}

static void put_bits(struct output *output, const struct fact_field *field, uint32_t bits)
{
	bool is_first = true;

	for (unsigned bit = 0; bit < 32; bit++) {
		if ((bits >> bit & 1) == 0)
			continue;
		if (!is_first)
			put_char(output, '+');
		is_first = false;
		if (field->words == NULL)
			put_number(output, bit + 1);
		else
			put(output, word_at(field->words, bit + 1 - first_bit(field)));
	}
}

static int64_t value_of(const struct fact_field *field, const char *record)
{
	int64_t number;
	int32_t word;

	if (field->kind == KIND_CODE)
		return record[field->offset] != '\0';
	if (field->kind == KIND_INSTANT || field->kind == KIND_MONEY) {
		memcpy(&number, record + field->offset, sizeof(number));
		return number;
	}
	memcpy(&word, record + field->offset, sizeof(word));
	return word;
}

static void put_value(struct output *output, const struct fact_field *field, const char *record)
{
	int64_t value = value_of(field, record);
	char text[32];

	switch (field->kind) {
	case KIND_WORD:
		put(output, word_at(field->words, (unsigned)value));
		return;
	case KIND_BITS:
		put_bits(output, field, (uint32_t)value);
		return;
	case KIND_DAY:
		day_format(text, (int32_t)value);
		break;
	case KIND_MINUTE:
		put_digits(output, (uint64_t)value / 60, 10, 2);
		put_char(output, ':');
		put_digits(output, (uint64_t)value % 60, 10, 2);
		return;
	case KIND_INSTANT:
		instant_format(text, value);
		break;
	case KIND_NUMBER:
	case KIND_MONEY:
		put_number(output, value);
		return;
	case KIND_CODE:
		put_text(output, record + field->offset);
		return;
	}
	put_text(output, text);
}

static void put_fields(struct output *output, const struct fact_field *fields, size_t count, const char *record, char is,
		       char between)
{
	bool is_first = true;

	for (size_t index = 0; index < count; index++) {
		if (value_of(&fields[index], record) == 0)
			continue;
		if (!is_first)
			put_char(output, between);
		is_first = false;
		put(output, fields[index].key);
		put_char(output, is);
		put_value(output, &fields[index], record);
	}
}

static uint32_t *count_of(const struct list *list, struct guard_facts *facts)
{
	return (uint32_t *)(void *)((char *)facts + list->count_offset);
}

static void put_list(struct output *output, const struct list *list, const struct guard_facts *facts)
{
	uint32_t count;

	memcpy(&count, (const char *)facts + list->count_offset, sizeof(count));
	for (uint32_t index = 0; index < count; index++) {
		put_char(output, ' ');
		put(output, list->key);
		put_char(output, '=');
		put_fields(output, list->fields, list->fields_count, (const char *)facts + list->offset + index * list->item_size,
			   ':', ',');
	}
}

size_t guard_facts_text(char text[FACTS_TEXT_MAX], const struct guard_facts *facts)
{
	struct output output = { .text = text };

	put_fields(&output, scalars, COUNT(scalars), (const char *)facts, '=', ' ');
	if (facts->language.size > 0) {
		put(&output, STR(" language="));
		put(&output, facts->language);
	}
	for (uint32_t index = 0; index < facts->zones_count; index++) {
		put(&output, STR(" zone="));
		put_text(&output, facts->zones[index]->name);
		put_char(&output, ',');
		put_digits(&output, facts->zones[index]->digest, 16, 16);
	}
	for (size_t index = 0; index < COUNT(lists); index++)
		put_list(&output, &lists[index], facts);
	text[output.size] = '\0';
	return output.size;
}

/* ---- reading ---- */

static bool read_bits(const struct fact_field *field, struct str text, uint32_t *ret_bits)
{
	uint32_t bits = 0;

	while (text.size > 0) {
		struct str word = str_cut(text, '+', &text);
		long long number = 0;

		if (field->words != NULL)
			number = word_number(field->words, word);
		else if (!str_to_int64(word, &number))
			return false;
		number += (long long)first_bit(field) - 1;
		if (number < first_bit(field) || number > 31)
			return false;
		bits |= 1U << number;
	}
	*ret_bits = bits;
	return true;
}

static bool read_minute(struct str text, int32_t *ret_minute)
{
	long long hours;
	long long minutes;
	struct str rest;
	struct str first = str_cut(text, ':', &rest);

	if (!str_to_int64(first, &hours) || !str_to_int64(rest, &minutes) || hours < 0 || hours > 24 || minutes < 0 ||
	    minutes > 59)
		return false;
	*ret_minute = (int32_t)(hours * 60 + minutes);
	return *ret_minute <= 24 * 60;
}

/* Into 32 bits. */
static bool read_small(const struct fact_field *field, struct str text, void *ret_value)
{
	uint32_t bits = 0;
	int32_t number = 0;
	long long large = 0;
	bool is_good = false;

	if (field->kind == KIND_BITS) {
		is_good = read_bits(field, text, &bits);
		number = (int32_t)bits;
	} else if (field->kind == KIND_DAY) {
		is_good = day_parse(text, &number);
	} else if (field->kind == KIND_MINUTE) {
		is_good = read_minute(text, &number);
	} else if (field->kind == KIND_WORD) {
		number = (int32_t)word_number(field->words, text);
		is_good = number != 0;
	} else {
		is_good = str_to_int64(text, &large) && large >= INT32_MIN && large <= INT32_MAX;
		number = (int32_t)large;
	}
	memcpy(ret_value, &number, sizeof(number));
	return is_good;
}

static bool read_value(const struct fact_field *field, struct str text, char *record)
{
	char *value = record + field->offset;
	int64_t number = 0;
	long long large;
	bool is_good;

	if (str_is(text, "unknown") && (field->words == NULL || word_number(field->words, text) == 0)) {
		memset(value, 0,
		       field->kind == KIND_CODE                                   ? field->size
		       : field->kind == KIND_INSTANT || field->kind == KIND_MONEY ? 8
										  : 4);
		return true;
	}
	switch (field->kind) {
	case KIND_CODE:
		return str_to_chars(value, field->size, text);
	case KIND_INSTANT:
		is_good = instant_parse(text, &number);
		memcpy(value, &number, sizeof(number));
		return is_good;
	case KIND_MONEY:
		is_good = str_to_int64(text, &large);
		number = is_good ? large : 0;
		memcpy(value, &number, sizeof(number));
		return is_good;
	case KIND_WORD:
	case KIND_BITS:
	case KIND_DAY:
	case KIND_MINUTE:
	case KIND_NUMBER:
		break;
	}
	return read_small(field, text, value);
}

/* True if a field of this key took the value; ret_is_known: there is such a field. */
static bool read_field(const struct fact_field *fields, size_t count, struct str key, struct str text, char *record,
		       bool *ret_is_known)
{
	for (size_t index = 0; index < count; index++) {
		if (!str_equal(key, fields[index].key))
			continue;
		*ret_is_known = true;
		return read_value(&fields[index], text, record);
	}
	*ret_is_known = false;
	return false;
}

static bool read_item(const struct list *list, struct str text, struct guard_facts *facts)
{
	uint32_t *count = count_of(list, facts);
	char *item = (char *)facts + list->offset + *count * list->item_size;

	if (str_is(text, "none")) {
		*count = 0;
		return true;
	}
	if (*count >= list->max)
		return false;
	memset(item, 0, list->item_size);
	while (text.size > 0) {
		struct str part = str_cut(text, ',', &text);
		struct str value;
		struct str key = str_cut(part, ':', &value);
		bool is_known;

		if (!read_field(list->fields, list->fields_count, key, value, item, &is_known))
			return false;
	}
	++*count;
	return true;
}

static bool read_zone(struct str text, const struct zones *zones, struct guard_facts *facts)
{
	struct str digest;
	struct str name = str_cut(text, ',', &digest);
	const struct zone *zone = zones_find(zones, name);
	char now[24];

	if (str_is(text, "none")) {
		facts->zones_count = 0;
		return true;
	}
	if (zone == NULL || facts->zones_count >= GUARD_ZONES_MAX)
		return false;
	(void)snprintf(now, sizeof(now), "%016llx", (unsigned long long)zone->digest);
	if (digest.size > 0 && !str_is(digest, now))
		return false;
	facts->zones[facts->zones_count++] = zone;
	return true;
}

static bool read_word(struct guard_facts *facts, struct str key, struct str text, const struct zones *zones)
{
	bool is_known;
	bool is_good = read_field(scalars, COUNT(scalars), key, text, (char *)facts, &is_known);

	if (is_known)
		return is_good;
	if (str_is(key, "zone"))
		return read_zone(text, zones, facts);
	if (str_is(key, "language")) {
		facts->language = text;
		return true;
	}
	for (size_t index = 0; index < COUNT(lists); index++) {
		if (str_equal(key, lists[index].key))
			return read_item(&lists[index], text, facts);
	}
	return false;
}

bool guard_facts_read(struct guard_facts *facts, struct str line, const struct zones *zones, struct str *ret_bad)
{
	while (line.size > 0) {
		struct str word = str_cut(line, ' ', &line);
		struct str text;
		struct str key = str_cut(word, '=', &text);

		if (word.size > 0 && !read_word(facts, key, text, zones)) {
			*ret_bad = word;
			return false;
		}
	}
	return true;
}

/* ---- the profiles ---- */

size_t guard_question_text(char text[FACTS_TEXT_MAX], const struct guard_facts *facts,
			   const struct guard_profile *const *profiles, size_t count)
{
	struct output output = { .text = text, .size = guard_facts_text(text, facts) };

	for (size_t index = 0; index < count; index++) {
		put(&output, STR(" profile="));
		put_text(&output, profiles[index]->id);
		put_char(&output, '/');
		put_number(&output, profiles[index]->version);
	}
	text[output.size] = '\0';
	return output.size;
}

static const struct guard_profile *find_version(struct str id, int64_t number, const struct guard_versions *versions)
{
	const struct guard_profile *built_in = guard_profile_by_id(id);

	if (built_in != NULL && built_in->version == number)
		return built_in;
	for (size_t index = 0; index < versions->count; index++) {
		if (versions->profiles[index].version == number && str_is(id, versions->profiles[index].id))
			return &versions->profiles[index];
	}
	return NULL;
}

static bool read_profile(struct guard_question *question, struct str text, const struct guard_versions *versions)
{
	struct str version;
	struct str id = str_cut(text, '/', &version);
	const struct guard_profile *profile;
	long long number;

	if (!str_to_int64(version, &number) || question->profiles_count >= GUARD_PROFILES_MAX)
		return false;
	profile = find_version(id, number, versions);
	if (profile != NULL)
		question->profiles[question->profiles_count++] = profile;
	return profile != NULL;
}

bool guard_question_read(struct guard_question *ret_question, struct str line, const struct zones *zones,
			 const struct guard_versions *versions, struct str *ret_bad)
{
	memset(ret_question, 0, sizeof(*ret_question));
	while (line.size > 0) {
		struct str word = str_cut(line, ' ', &line);
		struct str text;

		if (!str_is(str_cut(word, '=', &text), "profile")) {
			if (!guard_facts_read(&ret_question->facts, word, zones, ret_bad))
				return false;
		} else if (!read_profile(ret_question, text, versions)) {
			*ret_bad = word;
			return false;
		}
	}
	return true;
}
