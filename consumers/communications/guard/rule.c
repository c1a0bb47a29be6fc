#include "consumers/communications/guard/rule.h"

#include "base/day.h"

struct answer strictest(struct answer one, struct answer other)
{
	if (one.verdict != other.verdict)
		return one.verdict > other.verdict ? one : other;
	if (one.verdict == VERDICT_ALLOW)
		return allow_until(first_end(one.until_ms, other.until_ms));
	return one.until_ms >= other.until_ms ? one : other;
}

bool is_answered_since(const struct guard_facts *facts, int64_t since_ms)
{
	for (uint32_t index = 0; index < facts->contacts_count; index++) {
		const struct guard_contact *contact = &facts->contacts[index];

		if (contact->is_inbound != FACT_YES && contact->channel == facts->channel && contact->at_ms >= since_ms)
			return true;
	}
	return facts->are_contacts_cut == FACT_YES;
}

const int32_t *contact_days(const struct question *question, uint32_t zone)
{
	const struct guard_facts *facts = question->facts;
	struct known *known = question->known;

	for (uint32_t index = 0; index < facts->contacts_count && !known->has_days[zone]; index++)
		known->days[zone][index] = zone_day(facts->zones[zone], facts->contacts[index].at_ms);
	known->has_days[zone] = true;
	return known->days[zone];
}

int32_t day_at_least(const struct question *question)
{
	int32_t day = question->days[0];

	if (question->facts->zones_count == 0)
		return day_of_instant(question->at_ms) - 1;
	for (uint32_t index = 1; index < question->facts->zones_count; index++)
		day = question->days[index] < day ? question->days[index] : day;
	return day;
}

int32_t day_at_most(const struct question *question)
{
	int32_t day = question->days[0];

	if (question->facts->zones_count == 0)
		return day_of_instant(question->at_ms) + 1;
	for (uint32_t index = 1; index < question->facts->zones_count; index++)
		day = question->days[index] > day ? question->days[index] : day;
	return day;
}

int64_t day_begins_everywhere(const struct question *question, int32_t day)
{
	const struct guard_facts *facts = question->facts;
	int64_t begins_ms = INT64_MIN;

	if (facts->zones_count == 0)
		return ((int64_t)day + 1) * DAY_MS;
	for (uint32_t index = 0; index < facts->zones_count; index++) {
		int64_t here_ms = zone_day_begins(facts->zones[index], day);

		begins_ms = here_ms > begins_ms ? here_ms : begins_ms;
	}
	return begins_ms;
}

int64_t day_begins_anywhere(const struct question *question, int32_t day)
{
	const struct guard_facts *facts = question->facts;
	int64_t begins_ms = ZONE_NEVER;

	if (facts->zones_count == 0)
		return ((int64_t)day - 1) * DAY_MS;
	for (uint32_t index = 0; index < facts->zones_count; index++) {
		int64_t here_ms = zone_day_begins(facts->zones[index], day);

		begins_ms = here_ms < begins_ms ? here_ms : begins_ms;
	}
	return begins_ms;
}
