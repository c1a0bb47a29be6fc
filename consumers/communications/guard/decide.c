#include "base/day.h"
#include "base/must.h"
#include "consumers/communications/guard/rules.h"

/* A fit instant is looked for in so many steps and so many days; if there is none, the rules that defer deny. */
#define ROUNDS_MAX  200
#define HORIZON_MAX (400 * DAY_MS)

/* ---- which profiles apply ---- */

/* Codes of two letters, a blank between. */
static bool lists(const char *countries, const char *country)
{
	for (const char *at = countries; at[0] != '\0' && at[1] != '\0'; at += at[2] == '\0' ? 2 : 3) {
		if (at[0] == country[0] && at[1] == country[1])
			return true;
	}
	return false;
}

/* The law of the debt and that of the person's place: where one is not known, every law may be it. */
static bool applies(const struct guard_profile *profile, const struct guard_facts *facts)
{
	bool is_place = facts->country[0] == '\0' || lists(profile->countries, facts->country);
	bool is_debts = facts->jurisdiction[0] == '\0' ? false : lists(profile->countries, facts->jurisdiction);

	if (profile->countries[0] != '\0' && !is_place && !is_debts)
		return false;
	if (profile->region[0] != '\0' &&
	    (!is_place || (facts->region[0] != '\0' && strcmp(profile->region, facts->region) != 0)))
		return false;
	return profile->collector == COLLECTOR_NONE || facts->collector == COLLECTOR_NONE ||
	       (enum collector)facts->collector == profile->collector;
}

/* Those that apply, and the places that they have in the caller's list. */
struct asked {
	const struct guard_profile *profiles[GUARD_PROFILES_MAX];
	uint8_t places[GUARD_PROFILES_MAX];
	size_t count;
};

static struct asked choose(const struct guard_facts *facts, const struct guard_profile *const *profiles, size_t count)
{
	struct asked asked;

	asked.count = 0;
	for (size_t index = 0; index < count; index++) {
		if (!applies(profiles[index], facts))
			continue;
		asked.profiles[asked.count] = profiles[index];
		asked.places[asked.count++] = (uint8_t)index;
	}
	return asked;
}

/* ---- one instant ---- */

static struct question question_at(const struct guard_facts *facts, struct known *known, int64_t at_ms)
{
	struct question question = { .facts = facts, .at_ms = at_ms, .known = known };

	for (uint32_t index = 0; index < facts->zones_count; index++)
		question.days[index] = zone_day(facts->zones[index], at_ms);
	return question;
}

static struct answer ask(struct question *question, const struct guard_profile *profile, enum guard_rule rule)
{
	const struct guard_setting *setting = &profile->settings[rule];

	question->profile = profile;
	question->numbers = setting->numbers;
	return guard_rows[rule].ask(question);
}

static void add_answer(struct guard_verdict *verdict, enum guard_rule rule, size_t profile, struct answer answer)
{
	const char *id = guard_rows[rule].text.id;

	if (answer.verdict < verdict->verdict)
		return;
	if (answer.verdict > verdict->verdict) {
		verdict->verdict = answer.verdict;
		verdict->rules_count = 0;
		verdict->until_ms = 0;
	}
	if (verdict->rules_count == 0 || verdict->rules[verdict->rules_count - 1] != id) {
		verdict->profiles[verdict->rules_count] = 0;
		verdict->rules[verdict->rules_count++] = id;
	}
	verdict->profiles[verdict->rules_count - 1] |= (uint16_t)(1U << profile);
	if (answer.verdict == VERDICT_DEFER && answer.until_ms > verdict->until_ms)
		verdict->until_ms = answer.until_ms;
	if (answer.verdict == VERDICT_ALLOW)
		verdict->until_ms = first_end(verdict->until_ms, answer.until_ms);
}

static void decide_at(struct guard_verdict *verdict, struct question *question, const struct asked *asked)
{
	for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
		for (size_t index = 0; index < asked->count; index++) {
			const struct guard_profile *profile = asked->profiles[index];

			if (profile->settings[rule].choice != CHOICE_OFF)
				add_answer(verdict, rule, asked->places[index], ask(question, profile, rule));
		}
	}
}

/* The latest instant that a rule defers to; the question's own if none defers. */
static int64_t deferred_to(struct question *question, const struct asked *asked)
{
	int64_t next_ms = question->at_ms;

	for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
		for (size_t index = 0; index < asked->count; index++) {
			struct answer answer = allowed;

			if (asked->profiles[index]->settings[rule].choice != CHOICE_OFF)
				answer = ask(question, asked->profiles[index], rule);
			if (answer.verdict == VERDICT_DEFER && answer.until_ms > next_ms)
				next_ms = answer.until_ms;
		}
	}
	return next_ms;
}

/* The first instant at or after this one at which no rule defers; ZONE_NEVER: none within the horizon. */
static int64_t free_from(const struct question *from, const struct asked *asked, int64_t at_ms)
{
	int64_t last_ms = at_ms + HORIZON_MAX;

	for (int round = 0; round < ROUNDS_MAX && at_ms < last_ms; round++) {
		struct question question = question_at(from->facts, from->known, at_ms);
		int64_t next_ms = deferred_to(&question, asked);

		if (next_ms == at_ms)
			return at_ms;
		at_ms = next_ms;
	}
	return ZONE_NEVER;
}

/* An instant beyond the calendar is taken for its end, so that nothing that a rule adds to it can overflow. */
static int64_t instant_of(const struct guard_facts *facts)
{
	int64_t max_ms = DAY_MAX * DAY_MS;

	return facts->now_ms < 0 ? 0 : facts->now_ms > max_ms ? max_ms : facts->now_ms;
}

/* The lists of the verdict are filled as far as they count: to clear them would cost as much as to ask a profile. */
struct guard_verdict guard_decide(const struct guard_facts *facts, const struct guard_profile *const *profiles, size_t count)
{
	struct guard_verdict verdict;
	struct asked asked;
	struct known known;
	struct question question;

	MUST(count <= GUARD_PROFILES_MAX);
	MUST(facts->zones_count <= GUARD_ZONES_MAX);
	MUST(facts->contacts_count <= GUARD_CONTACTS_MAX);
	MUST(facts->debts_count <= GUARD_DEBTS_MAX);
	verdict.verdict = VERDICT_ALLOW;
	verdict.until_ms = 0;
	verdict.rules_count = 0;
	asked = choose(facts, profiles, count);
	memset(known.has_days, 0, sizeof(known.has_days));
	known.hours.at_ms = -1;
	question = question_at(facts, &known, instant_of(facts));
	decide_at(&verdict, &question, &asked);
	if (verdict.verdict != VERDICT_DEFER)
		return verdict;
	verdict.until_ms = free_from(&question, &asked, verdict.until_ms);
	if (verdict.until_ms == ZONE_NEVER) {
		verdict.verdict = VERDICT_DENY;
		verdict.until_ms = 0;
	}
	return verdict;
}
