#include "base/day.h"
#include "base/must.h"
#include "consumers/communications/guard/rules.h"

/* A fit instant is looked for in so many steps and so many days; if there is none, the rules that defer deny. */
#define ROUNDS_MAX  200
#define HORIZON_MAX (400 * DAY_MS)

/* ---- which profiles apply ---- */

static bool lists(const char *words, const char *word)
{
	struct str rest = str_of(words);

	while (rest.size > 0) {
		if (str_is(str_cut(rest, ' ', &rest), word))
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
	       (enum guard_collector)facts->collector == profile->collector;
}

/* ---- one instant ---- */

static struct question question_at(const struct guard_facts *facts, int64_t at_ms)
{
	struct question question = { .facts = facts, .at_ms = at_ms };

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
}

/* The rules in their order, and of each the profiles: those whose bits are set in `applying`. */
static struct guard_verdict decide_at(const struct guard_facts *facts, const struct guard_profile *const *profiles, size_t count,
				      uint32_t applying, int64_t at_ms)
{
	struct guard_verdict verdict = { .verdict = VERDICT_ALLOW };
	struct question question = question_at(facts, at_ms);

	for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
		for (size_t index = 0; index < count; index++) {
			if ((applying >> index & 1) != 0 && profiles[index]->settings[rule].choice != CHOICE_OFF)
				add_answer(&verdict, rule, index, ask(&question, profiles[index], rule));
		}
	}
	return verdict;
}

/* The first instant at or after this one at which no rule defers; ZONE_NEVER: none within the horizon. */
static int64_t free_from(const struct guard_facts *facts, const struct guard_profile *const *profiles, size_t count,
			 uint32_t applying, int64_t at_ms)
{
	struct question question = question_at(facts, at_ms);

	for (int round = 0; round < ROUNDS_MAX && question.at_ms < facts->now_ms + HORIZON_MAX; round++) {
		int64_t next_ms = question.at_ms;

		for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
			for (size_t index = 0; index < count; index++) {
				struct answer answer;

				if ((applying >> index & 1) == 0 || profiles[index]->settings[rule].choice == CHOICE_OFF)
					continue;
				answer = ask(&question, profiles[index], rule);
				if (answer.verdict == VERDICT_DEFER && answer.until_ms > next_ms)
					next_ms = answer.until_ms;
			}
		}
		if (next_ms == question.at_ms)
			return next_ms;
		question = question_at(facts, next_ms);
	}
	return ZONE_NEVER;
}

/* An instant beyond the calendar is taken for its end, so that nothing that a rule adds to it can overflow. */
static int64_t instant_of(const struct guard_facts *facts)
{
	int64_t max_ms = DAY_MAX * DAY_MS;

	return facts->now_ms < 0 ? 0 : facts->now_ms > max_ms ? max_ms : facts->now_ms;
}

struct guard_verdict guard_decide(const struct guard_facts *facts, const struct guard_profile *const *profiles, size_t count)
{
	struct guard_verdict verdict;
	uint32_t applying = 0;

	MUST(count <= GUARD_PROFILES_MAX);
	MUST(facts->zones_count <= GUARD_ZONES_MAX);
	MUST(facts->contacts_count <= GUARD_CONTACTS_MAX);
	MUST(facts->debts_count <= GUARD_DEBTS_MAX);
	for (size_t index = 0; index < count; index++)
		applying |= (uint32_t)applies(profiles[index], facts) << index;
	verdict = decide_at(facts, profiles, count, applying, instant_of(facts));
	if (verdict.verdict != VERDICT_DEFER)
		return verdict;
	verdict.until_ms = free_from(facts, profiles, count, applying, verdict.until_ms);
	if (verdict.until_ms == ZONE_NEVER) {
		verdict.verdict = VERDICT_DENY;
		verdict.until_ms = 0;
	}
	return verdict;
}
