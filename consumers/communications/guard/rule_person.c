#include "base/day.h"
#include "consumers/communications/guard/rule.h"

/* What a person is, and who stands for a person. */

/* Without these no law can be chosen, or no rule can be asked. */
struct answer rule_fact_known(const struct question *question)
{
	const struct guard_facts *facts = question->facts;

	return deny_if(facts->act == ACT_SEND &&
		       (facts->country[0] == '\0' || facts->collector == COLLECTOR_NONE || facts->channel == CHANNEL_NONE ||
			facts->message_class == MESSAGE_CLASS_NONE || facts->party == PARTY_NONE));
}

#define SILENT_DAYS 0

/* An attorney who was asked and is silent for a reasonable time is no longer in the way. */
struct answer rule_attorney(const struct question *question)
{
	const struct guard_facts *facts = question->facts;
	bool is_silent = facts->attorney_asked_on != 0 &&
			 day_at_least(question) > facts->attorney_asked_on + question->numbers[SILENT_DAYS];

	if (!is_to_consumer(facts) || facts->has_attorney == FACT_NO || facts->agrees == FACT_YES)
		return allowed;
	return deny_if(facts->has_attorney == FACT_UNKNOWN || (facts->attorney_consents != FACT_YES && !is_silent));
}

/* The class has the three notices that stay permitted. */
struct answer rule_cease(const struct question *question)
{
	const struct guard_facts *facts = question->facts;

	return deny_if(is_to_consumer(facts) && facts->has_ceased != FACT_NO &&
		       facts->message_class != MESSAGE_CLASS_CEASE_REPLY);
}

#define TIMES 0

static int32_t third_party_talks(const struct guard_facts *facts)
{
	int32_t talks = 0;

	for (uint32_t index = 0; index < facts->contacts_count; index++) {
		const struct guard_contact *contact = &facts->contacts[index];

		talks += contact->party == PARTY_THIRD_PARTY && contact->is_inbound != FACT_YES &&
			 (contact->outcome == CONTACT_CONVERSATION || contact->outcome == CONTACT_VOICEMAIL ||
			  contact->outcome == CONTACT_SENT);
	}
	return talks;
}

/* To learn where the person is, once, and without a word of the debt. */
struct answer rule_third_party(const struct question *question)
{
	const struct guard_facts *facts = question->facts;

	if (facts->act != ACT_SEND || facts->party != PARTY_THIRD_PARTY)
		return allowed;
	return deny_if(facts->names_debt != FACT_NO || facts->are_contacts_cut == FACT_YES ||
		       third_party_talks(facts) >= question->numbers[TIMES]);
}

/* Bankruptcy stays the collection; after a death the estate is spoken to. */
struct answer rule_stay(const struct question *question)
{
	const struct guard_facts *facts = question->facts;

	if (!is_to_consumer(facts))
		return allowed;
	if (facts->is_deceased != FACT_NO && facts->party != PARTY_ESTATE)
		return deny_if(true);
	return deny_if(facts->is_bankrupt != FACT_NO && class_is_in(facts, CLASSES_COLLECTING | CLASS(VALIDATION_NOTICE)));
}

/* ---- the United Kingdom ---- */

#define PLAN_DAYS      0
#define PLAN_MORE      1
#define BREATHING_DAYS 0
#define TREATMENT_DAYS 1

struct answer rule_uk_planning(const struct question *question)
{
	const struct guard_facts *facts = question->facts;
	int32_t ends = facts->planning_on + question->numbers[PLAN_DAYS] +
		       (facts->plan_prolonged == FACT_YES ? question->numbers[PLAN_MORE] : 0);

	if (!is_to_consumer(facts) || facts->planning_on == 0 || !class_is_in(facts, CLASSES_DEMANDS) ||
	    day_at_least(question) >= ends)
		return allowed;
	if (day_at_most(question) < facts->planning_on)
		return allow_until(day_begins_anywhere(question, facts->planning_on));
	return defer_until(day_begins_everywhere(question, ends));
}

struct answer rule_uk_capacity(const struct question *question)
{
	return deny_if(is_to_consumer(question->facts) && question->facts->lacks_capacity != FACT_NO);
}

/* Its first day is day 1. One for a mental health crisis lasts as long as the treatment, and some days more. */
struct answer rule_uk_breathing(const struct question *question)
{
	const struct guard_facts *facts = question->facts;
	int32_t last = facts->breathing_on + question->numbers[BREATHING_DAYS] - 1;

	if (facts->in_crisis != FACT_NO)
		last = facts->treated_until == 0 ? INT32_MAX : facts->treated_until + question->numbers[TREATMENT_DAYS];
	if (!is_to_consumer(facts) || facts->breathing_on == 0 ||
	    !class_is_in(facts, CLASSES_COLLECTING | CLASS(VALIDATION_NOTICE)) || day_at_least(question) > last)
		return allowed;
	return day_at_most(question) >= facts->breathing_on ? deny_if(true)
							    : allow_until(day_begins_anywhere(question, facts->breathing_on));
}

/* ---- the European Union ---- */

/* While accuracy is contested data are kept; legal claims may go on: GDPR 18(2). */
struct answer rule_restricted(const struct question *question)
{
	const struct guard_facts *facts = question->facts;

	return deny_if(is_to_consumer(facts) && facts->is_restricted != FACT_NO &&
		       class_is_in(facts, CLASSES_COLLECTING & ~CLASS(LEGAL_NOTICE)));
}

/* ---- holds, of any law ---- */

struct answer rule_holds(const struct question *question)
{
	const struct guard_facts *facts = question->facts;
	struct answer answer = allowed;

	if (!is_to_consumer(facts))
		return allowed;
	for (uint32_t index = 0; index < facts->holds_count; index++) {
		const struct guard_hold *hold = &facts->holds[index];

		if ((hold->until_on != 0 && day_at_least(question) >= hold->until_on) ||
		    (hold->classes != 0 && !class_is_in(facts, hold->classes)))
			continue;
		if (day_at_most(question) >= hold->from_on)
			return deny_if(true);
		answer = strictest(answer, allow_until(day_begins_anywhere(question, hold->from_on)));
	}
	return answer;
}
