#include "consumers/communications/guard/rule.h"

/* When and where a person may be contacted. */

/* How often one zone after the other is asked for a time that is fit in all, before it is said that there is none. */
#define ROUNDS_MAX 64

#define HOURS_FROM 0
#define HOURS_TO   1

/* The consumer's own consent, given directly, lifts what protects the consumer's time and place: 1006.6(b)(4)(i). */
static bool is_agreed(const struct guard_facts *facts)
{
	return facts->agrees == FACT_YES;
}

/* Letters have no hours. A person with several possible zones is contacted when the hour is fit in all. */
struct answer rule_hours(const struct question *question)
{
	const struct guard_facts *facts = question->facts;
	int32_t from_s = question->numbers[HOURS_FROM] * 60;
	int32_t to_s = question->numbers[HOURS_TO] * 60;
	int64_t fit_ms = question->at_ms;
	uint32_t agreed = 0; /* zones in a row in which fit_ms is fit */

	if (!is_to_consumer(facts) || facts->channel == CHANNEL_LETTER || is_agreed(facts))
		return allowed;
	if (facts->zones_count == 0)
		return deny_if(true);
	for (uint32_t round = 0; agreed < facts->zones_count; round++) {
		int64_t next_ms = zone_next_within(facts->zones[round % facts->zones_count], fit_ms, from_s, to_s);

		if (next_ms == ZONE_NEVER || round == ROUNDS_MAX)
			return deny_if(true);
		agreed = next_ms == fit_ms ? agreed + 1 : 1;
		fit_ms = next_ms;
	}
	return fit_ms == question->at_ms ? allowed : defer_until(fit_ms);
}

/* ---- what the person wants ---- */

static bool begins_on(const struct guard_blocked *blocked, int32_t day)
{
	return (blocked->weekdays >> ((day % 7 + 10) % 7) & 1) != 0; /* 1970-01-01 was a Thursday, Monday is 0 */
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
	return until_ms == question->at_ms ? allowed : defer_until(until_ms);
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

struct answer rule_wishes(const struct question *question)
{
	const struct guard_facts *facts = question->facts;

	if (!is_to_consumer(facts) || is_agreed(facts))
		return allowed;
	if (goes_to_blocked_place(facts))
		return deny_if(true);
	return is_reply(question) ? allowed : ask_blocked_times(question);
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
