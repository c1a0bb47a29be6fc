#include "base/day.h"
#include "consumers/communications/guard/rule.h"

/*
 * How often a person may be contacted. Consecutive days are local days of the person, in the strictest of the possible zones: a
 * contact on day d counts from d to d + days - 1.
 */

#define HOUR_MS 3600000LL

/* Which contacts a cap counts. */
typedef bool counts_function(const struct question *question, const struct guard_contact *contact, uint32_t debts);

/* The debts of the message that the law takes for one with the debt of this place. */
static uint32_t debts_of_account(const struct guard_facts *facts, uint32_t place)
{
	uint32_t debts = 1U << place;

	if (facts->debts[place].account == 0)
		return debts;
	for (uint32_t other = 0; other < facts->debts_count; other++) {
		if (facts->debts[other].account == facts->debts[place].account)
			debts |= 1U << other;
	}
	return debts;
}

static bool is_about(const struct guard_contact *contact, uint32_t debts)
{
	return debts == 0 || contact->debts == 0 || (contact->debts & debts) != 0;
}

/* The day of the limit-th last contact that counts, in this zone; 0: there are not so many. */
static int32_t day_of_last(const struct question *question, uint32_t zone, counts_function *counts, uint32_t debts, int32_t limit)
{
	const struct guard_facts *facts = question->facts;
	const int32_t *days_known = contact_days(question, zone);
	int32_t days[GUARD_CONTACTS_MAX] = { 0 };
	int32_t count = 0;

	for (uint32_t index = 0; index < facts->contacts_count; index++) {
		int32_t day;
		int32_t place = count;

		if (!counts(question, &facts->contacts[index], debts))
			continue;
		day = days_known[index];
		for (; place > 0 && days[place - 1] < day; place--)
			days[place] = days[place - 1];
		days[place] = day;
		count++;
	}
	return limit > 0 && limit <= count ? days[limit - 1] : 0;
}

/* Whether so many contacts count, on whatever days. */
static bool counts_reach(const struct question *question, counts_function *counts, uint32_t debts, int32_t limit)
{
	int32_t count = 0;

	for (uint32_t index = 0; index < question->facts->contacts_count && count < limit; index++)
		count += counts(question, &question->facts->contacts[index], debts) ? 1 : 0;
	return count >= limit;
}

/* No more than `limit` in `days` consecutive days. Without a zone no day is known, which matters if there are so many at all. */
static struct answer cap(const struct question *question, counts_function *counts, uint32_t debts, int32_t limit, int32_t days)
{
	const struct guard_facts *facts = question->facts;
	int64_t until_ms = question->at_ms;

	if (limit <= 0 || facts->are_contacts_cut == FACT_YES)
		return deny_if(true);
	if (!counts_reach(question, counts, debts, limit))
		return allowed;
	if (facts->zones_count == 0)
		return deny_if(true);
	for (uint32_t index = 0; index < facts->zones_count; index++) {
		int32_t last = day_of_last(question, index, counts, debts, limit);
		int64_t free_ms;

		if (last == 0 || question->days[index] >= last + days)
			continue;
		free_ms = zone_day_begins(facts->zones[index], last + days);
		until_ms = free_ms > until_ms ? free_ms : until_ms;
	}
	return until_ms == question->at_ms ? allowed : defer_until(until_ms);
}

static struct answer cap_each_debt(const struct question *question, counts_function *counts, int32_t limit, int32_t days)
{
	struct answer answer = question->facts->debts_count == 0 ? cap(question, counts, 0, limit, days) : allowed;

	for (uint32_t place = 0; place < question->facts->debts_count; place++)
		answer = strictest(answer, cap(question, counts, debts_of_account(question->facts, place), limit, days));
	return answer;
}

/* ---- calls: US-06 to US-09 ---- */

#define CALLS        0
#define CALL_DAYS    1
#define CONSENT_DAYS 0
#define BURST_HOURS  0
#define BURST_CALLS  1

static bool is_call(const struct guard_facts *facts)
{
	return facts->act == ACT_SEND && facts->channel == CHANNEL_VOICE && facts->party != PARTY_ATTORNEY;
}

/* Placed to this person. Ringing unanswered and voicemail count; what was not connected, or reached another, does not. */
static bool counts_as_call(const struct question *question, const struct guard_contact *contact, uint32_t debts)
{
	return contact->channel == CHANNEL_VOICE && contact->is_inbound != FACT_YES && contact->party == question->facts->party &&
	       contact->has_consent != FACT_YES && contact->outcome != CONTACT_BUSY &&
	       contact->outcome != CONTACT_NOT_IN_SERVICE && contact->outcome != CONTACT_WRONG_NUMBER && is_about(contact, debts);
}

/* Whoever began it. */
static bool counts_as_conversation(const struct question *question, const struct guard_contact *contact, uint32_t debts)
{
	return contact->channel == CHANNEL_VOICE && contact->outcome == CONTACT_CONVERSATION &&
	       contact->party == question->facts->party && is_about(contact, debts);
}

/* A consent is spent by a conversation after it, and ended by a withdrawal. */
static bool consent_is_spent(const struct question *question)
{
	const struct guard_facts *facts = question->facts;

	if (facts->withdrawn_ms > facts->call_consent_ms || facts->revoked_ms > facts->call_consent_ms ||
	    facts->are_contacts_cut == FACT_YES)
		return true;
	for (uint32_t index = 0; index < facts->contacts_count; index++) {
		const struct guard_contact *contact = &facts->contacts[index];

		if (contact->at_ms > facts->call_consent_ms && counts_as_conversation(question, contact, 0))
			return true;
	}
	return false;
}

/* US-08: consent given directly holds for so many consecutive days, its own day being the first; for one day if it names one. */
static bool is_consented(const struct question *question)
{
	const struct guard_facts *facts = question->facts;
	int32_t days = question->profile->settings[RULE_US_08].numbers[CONSENT_DAYS];

	if (facts->call_consent_ms == 0 || question->profile->settings[RULE_US_08].choice == CHOICE_OFF ||
	    facts->zones_count == 0 || consent_is_spent(question))
		return false;
	for (uint32_t index = 0; index < facts->zones_count; index++) {
		int32_t day = question->days[index];

		if (day >= zone_day(facts->zones[index], facts->call_consent_ms) + days ||
		    (facts->call_on != 0 && day != facts->call_on))
			return false;
	}
	return true;
}

/* When a consent that holds is over in one of the zones. */
static int64_t consent_ends(const struct question *question)
{
	const struct guard_facts *facts = question->facts;
	int32_t days = question->profile->settings[RULE_US_08].numbers[CONSENT_DAYS];
	int64_t ends_ms = ZONE_NEVER;

	for (uint32_t index = 0; index < facts->zones_count; index++) {
		const struct zone *zone = facts->zones[index];
		int32_t last = zone_day(zone, facts->call_consent_ms) + days - 1;
		int64_t here_ms = zone_day_begins(zone, (facts->call_on != 0 ? facts->call_on : last) + 1);

		ends_ms = here_ms < ends_ms ? here_ms : ends_ms;
	}
	return ends_ms;
}

/* What a cap says, but for a consent, which lifts it for a time. */
static struct answer unless_consented(const struct question *question, struct answer answer)
{
	int64_t ends_ms;

	if (answer.verdict == VERDICT_ALLOW || !is_consented(question))
		return answer;
	ends_ms = consent_ends(question);
	return answer.verdict == VERDICT_DEFER && answer.until_ms <= ends_ms ? allowed : allow_until(ends_ms);
}

struct answer rule_call_count(const struct question *question)
{
	if (!is_call(question->facts))
		return allowed;
	return unless_consented(question,
				cap_each_debt(question, counts_as_call, question->numbers[CALLS], question->numbers[CALL_DAYS]));
}

struct answer rule_conversation(const struct question *question)
{
	if (!is_call(question->facts))
		return allowed;
	return unless_consented(question, cap_each_debt(question, counts_as_conversation, 1, question->numbers[0]));
}

/* A row whose numbers other rules use. */
struct answer rule_no_verdict(const struct question *question)
{
	(void)question;
	return allowed;
}

struct answer rule_burst(const struct question *question)
{
	const struct guard_facts *facts = question->facts;
	int64_t gap_ms = question->numbers[BURST_HOURS] * HOUR_MS;
	struct answer answer = allowed;

	if (!is_call(facts))
		return allowed;
	for (uint32_t index = 0; index < facts->contacts_count; index++) {
		const struct guard_contact *contact = &facts->contacts[index];

		if (counts_as_call(question, contact, 0) && question->at_ms < contact->at_ms + gap_ms)
			answer = strictest(answer, defer_until(contact->at_ms + gap_ms));
	}
	answer = strictest(answer, cap(question, counts_as_call, 0, question->numbers[BURST_CALLS], 1));
	return unless_consented(question, answer);
}

/* ---- Massachusetts: calls and texts together ---- */

#define MA_HOME           0
#define MA_HOME_DAYS      1
#define MA_ELSEWHERE      2
#define MA_ELSEWHERE_DAYS 3

/* An attempt that could leave no message does not count. */
static bool counts_in_massachusetts(const struct question *question, const struct guard_contact *contact, uint32_t debts)
{
	bool is_reached = contact->channel == CHANNEL_SMS || contact->outcome == CONTACT_UNANSWERED ||
			  contact->outcome == CONTACT_VOICEMAIL || contact->outcome == CONTACT_LIMITED_VOICEMAIL ||
			  contact->outcome == CONTACT_CONVERSATION || contact->outcome == CONTACT_NONE;

	return (contact->channel == CHANNEL_VOICE || contact->channel == CHANNEL_SMS) && contact->is_inbound != FACT_YES &&
	       contact->party == question->facts->party && is_reached && is_about(contact, debts);
}

/* To the residence or a mobile number, or elsewhere. It is elsewhere unless it is known that it is not. */
struct answer rule_massachusetts(const struct question *question)
{
	const struct guard_facts *facts = question->facts;
	bool is_home = facts->place == CONTACT_POINT_PLACE_HOME || facts->place == CONTACT_POINT_PLACE_MOBILE;

	if (!is_to_consumer(facts) || (facts->channel != CHANNEL_VOICE && facts->channel != CHANNEL_SMS))
		return allowed;
	return cap_each_debt(question, counts_in_massachusetts, question->numbers[is_home ? MA_HOME : MA_ELSEWHERE],
			     question->numbers[is_home ? MA_HOME_DAYS : MA_ELSEWHERE_DAYS]);
}

/* ---- the house: all channels together ---- */

#define DEMANDS_A_DAY 0
#define DEMANDS       1
#define DEMANDS_DAYS  2
#define INBOUND_HOURS 0

static bool counts_as_demand(const struct question *question, const struct guard_contact *contact, uint32_t debts)
{
	(void)question;
	(void)debts;
	return contact->is_inbound != FACT_YES && contact->is_demand == FACT_YES;
}

struct answer rule_demands(const struct question *question)
{
	if (!is_to_consumer(question->facts) || !class_is_in(question->facts, CLASSES_DEMANDS))
		return allowed;
	return strictest(cap(question, counts_as_demand, 0, question->numbers[DEMANDS_A_DAY], 1),
			 cap(question, counts_as_demand, 0, question->numbers[DEMANDS], question->numbers[DEMANDS_DAYS]));
}

/* Somebody who called or wrote is not asked for money at once. */
struct answer rule_after_inbound(const struct question *question)
{
	const struct guard_facts *facts = question->facts;
	int64_t inbound_ms = facts->wrote_ms;
	int64_t until_ms;

	if (!is_to_consumer(facts) || !class_is_in(facts, CLASSES_DEMANDS))
		return allowed;
	for (uint32_t index = 0; index < facts->contacts_count; index++) {
		if (facts->contacts[index].is_inbound == FACT_YES && facts->contacts[index].at_ms > inbound_ms)
			inbound_ms = facts->contacts[index].at_ms;
	}
	until_ms = inbound_ms + question->numbers[INBOUND_HOURS] * HOUR_MS;
	return inbound_ms == 0 || question->at_ms >= until_ms ? allowed : defer_until(until_ms);
}
