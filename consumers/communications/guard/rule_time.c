#include "base/day.h"
#include "consumers/communications/guard/rule.h"

/* When and where a person may be contacted. */

/* How often all zones are asked, one after the other, for a time that is fit in all, before it is said that there is none. */
#define ROUNDS_MAX 16

#define HOURS_FROM 0
#define HOURS_TO   1

/* The consumer's own consent, given directly, lifts what protects the consumer's time and place: 1006.6(b)(4)(i). */
static bool is_agreed(const struct guard_facts *facts)
{
	return facts->agrees == FACT_YES;
}

/* When the hour begins to be unfit in one of the zones. */
static int64_t hours_end(const struct guard_facts *facts, int64_t at_ms, int32_t from_s, int32_t to_s)
{
	int64_t end_ms = ZONE_NEVER;

	for (uint32_t index = 0; index < facts->zones_count; index++) {
		int64_t here_ms = zone_next_outside(facts->zones[index], at_ms, from_s, to_s);

		end_ms = here_ms < end_ms ? here_ms : end_ms;
	}
	return end_ms;
}

/* A person with several possible zones is contacted when the hour is fit in all. */
static struct answer ask_hours(const struct guard_facts *facts, int64_t at_ms, int32_t from_s, int32_t to_s)
{
	int64_t fit_ms = at_ms;
	uint32_t agreed = 0; /* zones in a row in which fit_ms is fit */

	for (uint32_t round = 0; agreed < facts->zones_count; round++) {
		int64_t next_ms = zone_next_within(facts->zones[round % facts->zones_count], fit_ms, from_s, to_s);

		if (next_ms == ZONE_NEVER || round == ROUNDS_MAX * facts->zones_count)
			return deny_if(true);
		agreed = next_ms == fit_ms ? agreed + 1 : 1;
		fit_ms = next_ms;
	}
	return fit_ms == at_ms ? allow_until(hours_end(facts, at_ms, from_s, to_s)) : defer_until(fit_ms);
}

/* Letters have no hours. */
struct answer rule_hours(const struct question *question)
{
	const struct guard_facts *facts = question->facts;
	struct known *known = question->known;
	int32_t from_s = question->numbers[HOURS_FROM] * 60;
	int32_t to_s = question->numbers[HOURS_TO] * 60;
	struct answer answer;

	if (!is_to_consumer(facts) || facts->channel == CHANNEL_LETTER || is_agreed(facts))
		return allowed;
	if (facts->zones_count == 0)
		return deny_if(true);
	if (known->hours.at_ms == question->at_ms && known->hours.from_s == from_s && known->hours.to_s == to_s)
		return (struct answer){ .verdict = known->hours.verdict, .until_ms = known->hours.until_ms };
	answer = ask_hours(facts, question->at_ms, from_s, to_s);
	known->hours.at_ms = question->at_ms;
	known->hours.from_s = from_s;
	known->hours.to_s = to_s;
	known->hours.verdict = answer.verdict;
	known->hours.until_ms = answer.until_ms;
	return answer;
}

/* ---- what the person wants ---- */

static bool begins_on(const struct guard_blocked *blocked, int32_t day)
{
	return (blocked->weekdays >> day_of_week(day) & 1) != 0;
}

/* The end of a blocked time that holds at this instant; the instant itself if it does not hold. */
static int64_t blocked_until(const struct guard_blocked *blocked, const struct zone *zone, int64_t at_ms)
{
	int32_t day = zone_day(zone, at_ms);
	int32_t minute = zone_second(zone, at_ms) / 60;
	bool wraps = blocked->from_min >= blocked->to_min;
	bool is_today = begins_on(blocked, day) && (blocked->from_min == blocked->to_min ||
						    (minute >= blocked->from_min && (wraps || minute < blocked->to_min)));
	bool is_yesterday = blocked->from_min > blocked->to_min && begins_on(blocked, day - 1) && minute < blocked->to_min;
	int64_t tomorrow_ms;

	if (!is_today && !is_yesterday)
		return at_ms;
	if (is_yesterday || !wraps)
		return blocked->to_min >= 24 * 60 ? zone_day_begins(zone, day + 1)
						  : zone_next_within(zone, at_ms, blocked->to_min * 60, 86400);
	tomorrow_ms = zone_day_begins(zone, day + 1);
	return blocked->from_min == blocked->to_min || tomorrow_ms == ZONE_NEVER
		       ? tomorrow_ms
		       : zone_next_within(zone, tomorrow_ms, blocked->to_min * 60, 86400);
}

static int64_t first_of_day(const struct zone *zone, int32_t day, int64_t not_before_ms)
{
	int64_t begins_ms = zone_day_begins(zone, day);

	return begins_ms > not_before_ms ? begins_ms : not_before_ms;
}

/* A clock that is set back can lead into a blocked time that is over, and into the day before. */
#define DAYS_BEFORE 1
#define DAYS_AHEAD  8

/* The first instant not before this one at which a blocked time holds; ZONE_NEVER: none in the next days, so never. */
static int64_t blocked_from(const struct guard_blocked *blocked, const struct zone *zone, int64_t at_ms)
{
	bool is_day = blocked->from_min == blocked->to_min;
	bool wraps = blocked->from_min > blocked->to_min;
	int32_t from_s = is_day ? 0 : blocked->from_min * 60;
	int32_t to_s = is_day || wraps ? 86400 : blocked->to_min * 60;
	int32_t today = zone_day(zone, at_ms);
	int64_t first_ms = ZONE_NEVER;

	for (int32_t day = today - DAYS_BEFORE; day <= today + DAYS_AHEAD; day++) {
		int64_t begins_ms = first_of_day(zone, day, at_ms);
		int64_t here_ms = begins_on(blocked, day) ? zone_next_within(zone, begins_ms, from_s, to_s) : ZONE_NEVER;

		if (here_ms < first_ms && blocked_until(blocked, zone, here_ms) != here_ms)
			first_ms = here_ms;
		if (!wraps || !begins_on(blocked, day - 1))
			continue;
		here_ms = zone_next_within(zone, begins_ms, 0, blocked->to_min * 60); /* what began the day before */
		if (here_ms < first_ms && blocked_until(blocked, zone, here_ms) != here_ms)
			first_ms = here_ms;
	}
	return first_ms;
}

/* The first instant not before this one at which one of them holds in one of the zones. */
static int64_t any_blocked_from(const struct guard_facts *facts, int64_t at_ms)
{
	int64_t first_ms = ZONE_NEVER;

	for (uint32_t zone = 0; zone < facts->zones_count; zone++) {
		for (uint32_t index = 0; index < facts->blocked_count; index++) {
			int64_t here_ms = blocked_from(&facts->blocked[index], facts->zones[zone], at_ms);

			first_ms = here_ms < first_ms ? here_ms : first_ms;
		}
	}
	return first_ms;
}

static struct answer ask_blocked_times(const struct question *question)
{
	const struct guard_facts *facts = question->facts;
	int64_t until_ms = question->at_ms;

	if (facts->channel == CHANNEL_LETTER || facts->blocked_count == 0)
		return allowed;
	if (facts->zones_count == 0)
		return deny_if(true);
	for (uint32_t zone = 0; zone < facts->zones_count; zone++) {
		for (uint32_t index = 0; index < facts->blocked_count; index++) {
			int64_t end_ms = blocked_until(&facts->blocked[index], facts->zones[zone], question->at_ms);

			until_ms = end_ms > until_ms ? end_ms : until_ms;
		}
	}
	if (until_ms != question->at_ms)
		return defer_until(until_ms);
	return allow_until(any_blocked_from(facts, question->at_ms));
}

/* Letters and calls go to a place. Where it is not known, and one place is not wanted, it may be that one. */
static bool goes_to_blocked_place(const struct guard_facts *facts)
{
	bool is_home = facts->place == CONTACT_POINT_PLACE_HOME;
	bool is_work = facts->place == CONTACT_POINT_PLACE_WORK;
	bool is_anywhere = !is_home && !is_work && facts->place != CONTACT_POINT_PLACE_MOBILE;

	if (facts->channel != CHANNEL_LETTER && facts->channel != CHANNEL_VOICE)
		return false;
	return ((is_home || is_anywhere) && facts->home_blocked == FACT_YES) ||
	       ((is_work || is_anywhere) && facts->work_blocked == FACT_YES);
}

/* Somebody who writes gets one answer, by the same means, on the same day. */
static bool is_reply(const struct question *question)
{
	const struct guard_facts *facts = question->facts;

	if (facts->wrote_ms == 0 || facts->zones_count == 0 || is_answered_since(facts, facts->wrote_ms))
		return false;
	for (uint32_t zone = 0; zone < facts->zones_count; zone++) {
		if (zone_day(facts->zones[zone], facts->wrote_ms) != question->days[zone])
			return false;
	}
	return true;
}

/* An answer may go until its day is over in one of the zones, and on, until a blocked time holds. */
static struct answer allow_reply(const struct question *question)
{
	const struct guard_facts *facts = question->facts;
	int64_t over_ms = ZONE_NEVER;

	if (facts->channel == CHANNEL_LETTER || facts->blocked_count == 0)
		return allowed;
	for (uint32_t zone = 0; zone < facts->zones_count; zone++) {
		int64_t here_ms = zone_day_begins(facts->zones[zone], question->days[zone] + 1);

		over_ms = here_ms < over_ms ? here_ms : over_ms;
	}
	return over_ms == ZONE_NEVER ? allowed : allow_until(any_blocked_from(facts, over_ms));
}

struct answer rule_wishes(const struct question *question)
{
	const struct guard_facts *facts = question->facts;

	if (!is_to_consumer(facts) || is_agreed(facts))
		return allowed;
	if (goes_to_blocked_place(facts))
		return deny_if(true);
	return is_reply(question) ? allow_reply(question) : ask_blocked_times(question);
}

/* An employer of whom it is not known whether he forbids it may forbid it; an address of unknown domain may be an employer's. */
struct answer rule_workplace(const struct question *question)
{
	const struct guard_facts *facts = question->facts;
	bool is_at_work = facts->place == CONTACT_POINT_PLACE_WORK && facts->employer_forbids != FACT_NO;
	bool is_employers =
		facts->channel == CHANNEL_EMAIL && facts->provider != PROVIDER_PUBLIC && facts->from_consumer != FACT_YES;

	return deny_if(is_to_consumer(facts) && !is_agreed(facts) && (is_at_work || is_employers));
}

/* CONC names no hours: the house does. A third party learns nothing of the debt. */
struct answer rule_uk_contact(const struct question *question)
{
	const struct guard_facts *facts = question->facts;

	if (facts->act == ACT_SEND && facts->party == PARTY_THIRD_PARTY && facts->names_debt != FACT_NO)
		return deny_if(true);
	if (is_to_consumer(facts) && facts->is_unwanted == FACT_YES && !is_agreed(facts))
		return deny_if(true);
	return strictest(rule_hours(question), rule_wishes(question));
}
