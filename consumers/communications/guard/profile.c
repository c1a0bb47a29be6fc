#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/must.h"
#include "base/place.h"
#include "consumers/communications/guard/guard.h"

/* Profiles as people publish them: read, checked number by number, and compared with what the law fixes. Pure. */

/* Which of two values of a number permits less. */
enum stricter {
	STRICTER_MORE,        /* a longer pause, a later morning */
	STRICTER_LESS,        /* fewer calls, an earlier evening */
	STRICTER_LESS_THAN_0, /* fewer, but 0 asks for nothing */
};

struct number_row {
	const char *name;
	int32_t least, most;
	bool is_time; /* of the day, written 08:00, in minutes */
	enum stricter stricter;
};

#define DAYS_MAX     400 /* the guard looks no further ahead (decide.c) */
#define RECEIPTS_MAX 365 /* as guard_validation_ends */

/* A name means the same in every rule that has it. */
static const struct number_row number_rows[] = {
	{ "from", 0, 24 * 60, true, STRICTER_MORE },
	{ "to", 0, 24 * 60, true, STRICTER_LESS },
	{ "silent_days", 0, DAYS_MAX, false, STRICTER_MORE },
	{ "calls", 0, GUARD_CONTACTS_MAX, false, STRICTER_LESS },
	{ "days", 1, DAYS_MAX, false, STRICTER_MORE },
	{ "consent_days", 0, DAYS_MAX, false, STRICTER_LESS },
	{ "hours_between", 0, 24 * DAYS_MAX, false, STRICTER_MORE },
	{ "calls_a_day", 0, GUARD_CONTACTS_MAX, false, STRICTER_LESS },
	{ "opt_out_days", 0, DAYS_MAX, false, STRICTER_MORE },
	{ "fresh_days", 0, DAYS_MAX, false, STRICTER_LESS_THAN_0 },
	{ "within_days", 0, DAYS_MAX, false, STRICTER_LESS },
	{ "receipt_days", 0, RECEIPTS_MAX, false, STRICTER_MORE },
	{ "period_days", 0, DAYS_MAX, false, STRICTER_MORE },
	{ "times", 0, GUARD_CONTACTS_MAX, false, STRICTER_LESS },
	{ "wait_days", 0, DAYS_MAX, false, STRICTER_MORE },
	{ "confirm_minutes", 0, 24 * 60, false, STRICTER_LESS },
	{ "home", 0, GUARD_CONTACTS_MAX, false, STRICTER_LESS },
	{ "home_days", 1, DAYS_MAX, false, STRICTER_MORE },
	{ "elsewhere", 0, GUARD_CONTACTS_MAX, false, STRICTER_LESS },
	{ "elsewhere_days", 1, DAYS_MAX, false, STRICTER_MORE },
	{ "more_days", 0, DAYS_MAX, false, STRICTER_MORE },
	{ "treatment_days", 0, DAYS_MAX, false, STRICTER_MORE },
	{ "years", 1, 100, false, STRICTER_LESS },
	{ "years_scotland", 1, 100, false, STRICTER_LESS },
	{ "demands_a_day", 0, GUARD_CONTACTS_MAX, false, STRICTER_LESS },
	{ "demands", 0, GUARD_CONTACTS_MAX, false, STRICTER_LESS },
	{ "hours", 0, 24 * DAYS_MAX, false, STRICTER_MORE },
};

static const struct number_row *number_row(const char *name)
{
	for (size_t index = 0; index < COUNT(number_rows); index++) {
		if (strcmp(number_rows[index].name, name) == 0)
			return &number_rows[index];
	}
	MUST_NOT_REACH("each number of rules.c has a row");
}

/* Returns false, for the caller to return. */
static bool fault(struct guard_fault *ret_fault, const char *field, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static bool fault(struct guard_fault *ret_fault, const char *field, const char *format, ...)
{
	va_list values;

	ret_fault->field = field;
	va_start(values, format);
	(void)vsnprintf(ret_fault->text, sizeof(ret_fault->text), format, values);
	va_end(values);
	return false;
}

/* ---- where it applies ---- */

static bool id_is_valid(struct str id)
{
	if (id.size == 0 || id.size > GUARD_PROFILE_ID_MAX || id.data[0] < 'a' || id.data[0] > 'z')
		return false;
	for (size_t index = 0; index < id.size; index++) {
		char byte = id.data[index];

		if ((byte < 'a' || byte > 'z') && (byte < '0' || byte > '9') && byte != '_')
			return false;
	}
	return true;
}

static bool is_listed(struct str countries, struct str country)
{
	while (countries.size > 0) {
		if (str_equal(str_cut(countries, ' ', &countries), country))
			return true;
	}
	return false;
}

/* Each once, with one blank between: so the text has one form. */
static bool countries_are_good(struct str countries, struct guard_fault *ret_fault)
{
	struct str rest = countries;

	if (countries.size > GUARD_COUNTRIES_MAX || (countries.size > 0 && countries.data[countries.size - 1] == ' '))
		return fault(ret_fault, "countries", "codes with one blank between, at most %d characters", GUARD_COUNTRIES_MAX);
	while (rest.size > 0) {
		struct str country = str_cut(rest, ' ', &rest);

		if (!country_is_known(country))
			return fault(ret_fault, "countries", "%.*s is no country of ISO 3166-1", (int)str_prefix(country, 8).size,
				     country.data);
		if (is_listed(rest, country))
			return fault(ret_fault, "countries", "%.*s stands twice", (int)country.size, country.data);
	}
	return true;
}

static bool region_is_good(const struct guard_scope *scope, struct guard_fault *ret_fault)
{
	if (scope->region.size == 0)
		return true;
	if (scope->countries.size != 2)
		return fault(ret_fault, "region", "a region is of one country: countries has to name just that");
	if (scope->region.size > 3 || !region_is_known(scope->countries, scope->region))
		return fault(ret_fault, "region", "not a region of %.*s (ISO 3166-2, without the country)",
			     (int)scope->countries.size, scope->countries.data);
	return true;
}

bool guard_profile_begin(struct guard_profile *ret_profile, const struct guard_scope *scope, struct guard_fault *ret_fault)
{
	enum profile_collector collector = profile_collector_by_name(scope->collector);

	if (!id_is_valid(scope->id))
		return fault(ret_fault, "profile", "not an id of small letters, digits and _, at most %d, the first a letter",
			     GUARD_PROFILE_ID_MAX);
	if (scope->version < 1 || scope->version > GUARD_PROFILE_VERSION_MAX)
		return fault(ret_fault, "profile_version", "versions are 1 to %d", GUARD_PROFILE_VERSION_MAX);
	if (!countries_are_good(scope->countries, ret_fault) || !region_is_good(scope, ret_fault))
		return false;
	if (collector == PROFILE_COLLECTOR_NONE)
		return fault(ret_fault, "collector", "not one of " PROFILE_COLLECTOR_LISTED);
	memset(ret_profile, 0, sizeof(*ret_profile));
	memcpy(ret_profile->id, scope->id.data, scope->id.size);
	ret_profile->version = scope->version;
	if (scope->countries.size > 0)
		memcpy(ret_profile->countries, scope->countries.data, scope->countries.size);
	if (scope->region.size > 0)
		memcpy(ret_profile->region, scope->region.data, scope->region.size);
	ret_profile->collector = collector == PROFILE_COLLECTOR_FIRST_PARTY   ? COLLECTOR_FIRST_PARTY
				 : collector == PROFILE_COLLECTOR_THIRD_PARTY ? COLLECTOR_THIRD_PARTY
									      : COLLECTOR_NONE;
	return true;
}

/* ---- its rules ---- */

static bool is_digits(struct str text)
{
	for (size_t index = 0; index < text.size; index++) {
		if (text.data[index] < '0' || text.data[index] > '9')
			return false;
	}
	return text.size > 0 && text.size <= 5;
}

static bool read_number(const struct number_row *row, struct str text, int32_t *ret_number)
{
	struct str minutes_text;
	struct str first = row->is_time ? str_cut(text, ':', &minutes_text) : text;
	long long number;
	long long minutes = 0;

	if (!is_digits(first) || !str_to_int64(first, &number))
		return false;
	if (row->is_time) {
		if (first.size != 2 || minutes_text.size != 2 || !is_digits(minutes_text) ||
		    !str_to_int64(minutes_text, &minutes) || minutes > 59)
			return false;
		number = number * 60 + minutes;
	}
	*ret_number = (int32_t)number;
	return number >= row->least && number <= row->most;
}

static bool refuse_number(const char *rule, const struct number_row *row, struct guard_fault *ret_fault)
{
	if (row->is_time)
		return fault(ret_fault, "rules", "%s: %s is a time of the day, 00:00 to 24:00", rule, row->name);
	return fault(ret_fault, "rules", "%s: %s is a number, %d to %d", rule, row->name, (int)row->least, (int)row->most);
}

/* The place of a name among the numbers of a rule; GUARD_NUMBERS_MAX: it has none of this name. */
static size_t number_place(const struct guard_rule_text *rule, struct str name)
{
	size_t place = 0;

	while (place < GUARD_NUMBERS_MAX && (rule->numbers[place] == NULL || !str_is(name, rule->numbers[place])))
		place++;
	return place;
}

static bool read_numbers(const struct guard_rule_text *rule, struct str numbers, struct guard_setting *setting,
			 struct guard_fault *ret_fault)
{
	unsigned seen = 0;

	while (numbers.size > 0) {
		struct str word = str_cut(numbers, ' ', &numbers);
		struct str value;
		struct str name = str_cut(word, '=', &value);
		size_t place = number_place(rule, name);

		if (place == GUARD_NUMBERS_MAX)
			return fault(ret_fault, "rules", "%s: it has no number '%.*s'", rule->id, (int)str_prefix(name, 24).size,
				     name.data);
		if ((seen >> place & 1) != 0)
			return fault(ret_fault, "rules", "%s: %s stands twice", rule->id, rule->numbers[place]);
		if (!read_number(number_row(rule->numbers[place]), value, &setting->numbers[place]))
			return refuse_number(rule->id, number_row(rule->numbers[place]), ret_fault);
		seen |= 1U << place;
	}
	if (setting->choice == CHOICE_OFF && seen == 0)
		return true;
	for (size_t place = 0; place < GUARD_NUMBERS_MAX; place++) {
		if (rule->numbers[place] != NULL && (seen >> place & 1) == 0)
			return fault(ret_fault, "rules", "%s: the number %s is missing", rule->id, rule->numbers[place]);
	}
	return true;
}

/* The hours of a day begin before they end. */
static bool hours_are_good(const struct guard_rule_text *rule, const struct guard_setting *setting, struct guard_fault *ret_fault)
{
	bool are_hours = rule->numbers[0] != NULL && strcmp(rule->numbers[0], "from") == 0;

	if (setting->choice != CHOICE_OFF && are_hours && setting->numbers[0] >= setting->numbers[1])
		return fault(ret_fault, "rules", "%s: from has to be before to", rule->id);
	return true;
}

static unsigned rule_by_id(struct str id)
{
	unsigned rule = 0;

	while (rule < RULE_COUNT && (guard_rule_text(rule).id == NULL || !str_is(id, guard_rule_text(rule).id)))
		rule++;
	return rule;
}

static enum guard_choice choice_of(enum profile_choice choice)
{
	return choice == PROFILE_CHOICE_LAW ? CHOICE_LAW : choice == PROFILE_CHOICE_HOUSE ? CHOICE_HOUSE : CHOICE_OFF;
}

bool guard_profile_add(struct guard_profile *profile, struct str rule, struct str choice, struct str numbers,
		       struct guard_fault *ret_fault)
{
	enum profile_choice its_choice = profile_choice_by_name(choice);
	struct guard_setting setting = { .choice = choice_of(its_choice) };
	unsigned place = rule_by_id(rule);
	struct guard_rule_text text;

	if (place == RULE_COUNT)
		return fault(ret_fault, "rules", "there is no rule '%.*s'", (int)str_prefix(rule, 16).size, rule.data);
	text = guard_rule_text(place);
	if (its_choice == PROFILE_CHOICE_NONE)
		return fault(ret_fault, "rules", "%s: its choice is one of " PROFILE_CHOICE_LISTED, text.id);
	if (profile->settings[place].choice != CHOICE_OFF)
		return fault(ret_fault, "rules", "%s stands twice", text.id);
	if (!read_numbers(&text, numbers, &setting, ret_fault) || !hours_are_good(&text, &setting, ret_fault))
		return false;
	if (setting.choice != CHOICE_OFF)
		profile->settings[place] = setting;
	return true;
}

bool guard_profile_add_lines(struct guard_profile *profile, struct str lines, struct guard_fault *ret_fault)
{
	while (lines.size > 0) {
		struct str line = str_cut(lines, '\n', &lines);
		struct str numbers;
		struct str rule = str_cut(line, ' ', &line);
		struct str choice = str_cut(line, ' ', &numbers);

		if (!guard_profile_add(profile, rule, choice, numbers, ret_fault))
			return false;
	}
	return true;
}

/* ---- what the law fixes ---- */

static bool is_as_strict(const struct number_row *row, int32_t number, int32_t fixed)
{
	switch (row->stricter) {
	case STRICTER_MORE:
		return number >= fixed;
	case STRICTER_LESS:
		return number <= fixed;
	case STRICTER_LESS_THAN_0:
		return fixed == 0 || (number != 0 && number <= fixed);
	}
	MUST_NOT_REACH("a known direction");
}

static bool keeps_rule(const struct guard_profile *profile, const struct guard_profile *fixed, unsigned rule,
		       struct guard_fault *ret_fault)
{
	struct guard_rule_text text = guard_rule_text(rule);
	const struct guard_setting *setting = &profile->settings[rule];

	if (setting->choice != CHOICE_LAW)
		return fault(ret_fault, "rules", "%s: it is law in %s/%d, and cannot be relaxed", text.id, fixed->id,
			     (int)fixed->version);
	for (size_t place = 0; place < GUARD_NUMBERS_MAX; place++) {
		if (text.numbers[place] != NULL &&
		    !is_as_strict(number_row(text.numbers[place]), setting->numbers[place], fixed->settings[rule].numbers[place]))
			return fault(ret_fault, "rules", "%s: %s permits more than the law, which %s/%d has", text.id,
				     text.numbers[place], fixed->id, (int)fixed->version);
	}
	return true;
}

/* An empty member means everybody. */
static bool covers(const struct guard_profile *profile, const struct guard_profile *fixed, struct guard_fault *ret_fault)
{
	struct str rest = str_of(fixed->countries);

	if (profile->countries[0] != '\0' && fixed->countries[0] == '\0')
		return fault(ret_fault, "countries", "%s/%d is law in every country", fixed->id, (int)fixed->version);
	while (profile->countries[0] != '\0' && rest.size > 0) {
		struct str country = str_cut(rest, ' ', &rest);

		if (!is_listed(str_of(profile->countries), country))
			return fault(ret_fault, "countries", "%s/%d is law in %.*s, too", fixed->id, (int)fixed->version,
				     (int)country.size, country.data);
	}
	if (profile->region[0] != '\0' && strcmp(profile->region, fixed->region) != 0)
		return fault(ret_fault, "region", "%s/%d is law elsewhere, too", fixed->id, (int)fixed->version);
	if (profile->collector != COLLECTOR_NONE && profile->collector != fixed->collector)
		return fault(ret_fault, "collector", "%s/%d is law for others, too", fixed->id, (int)fixed->version);
	return true;
}

bool guard_profile_keeps_law(const struct guard_profile *profile, const struct guard_profile *fixed,
			     struct guard_fault *ret_fault)
{
	bool has_law = false;

	for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
		if (fixed->settings[rule].choice != CHOICE_LAW)
			continue;
		has_law = true;
		if (!keeps_rule(profile, fixed, rule, ret_fault))
			return false;
	}
	return !has_law || covers(profile, fixed, ret_fault);
}
