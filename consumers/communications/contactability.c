#include "consumers/communications/contactability.h"

#include "base/array.h"
#include "base/day.h"
#include "consumers/communications/asked.h"
#include "consumers/communications/gather.h"
#include "model/refusal.h"

bool contactability_touch(const struct contact_question *question, struct workset *set)
{
	const struct entity *const entities[] = { &person_entity,  &addresses_entity,     &recipient_entity,
						  &history_entity, &circumstances_entity, &wishes_entity };

	for (size_t index = 0; index < COUNT(entities); index++) {
		if (workset_touch(set, entities[index], &question->customer_id, (struct str){ 0 }) == NULL)
			return false;
	}
	for (size_t index = 0; index < question->debt_ids_count; index++) {
		if (workset_touch(set, &owed_debt_entity, &question->debt_ids[index], (struct str){ 0 }) == NULL)
			return false;
	}
	return workset_touch(set, &collection_entity, &collection_id, (struct str){ 0 }) != NULL &&
	       workset_touch(set, &published_profiles_entity, &published_profiles_id, (struct str){ 0 }) != NULL;
}

/* As a worker's (lib/worker/batch_decide.c): a Tick may be a day behind the clock, and a correction of the date ahead of it. */
static int32_t today(const struct contact_question *question)
{
	int32_t day = day_of_instant(question->at_ms);

	return day > question->business_date ? day : question->business_date;
}

/* In the order in which SendCommunication is checked (sending_check). */
static bool find_refusal(const struct contact_question *question, const struct workset *set, const struct person *person,
			 struct contact_answer *answer)
{
	if (!person->is_active)
		answer->refusal = refusal_code(REFUSAL_BAD_TRANSITION);
	else if (best_address(set, &question->customer_id, question->channel) == NULL)
		answer->refusal = refusal_code(REFUSAL_NO_USABLE_CONTACT_POINT);
	return answer->refusal != NULL;
}

static void ask_guard(const struct guard_facts *facts, const struct workset *set, struct contact_answer *answer)
{
	const struct asked_profiles asked = asked_profiles(set);

	answer->verdict = guard_decide(facts, asked.profiles, asked.count);
	answer->asked_count = asked.count;
	for (size_t index = 0; index < asked.count; index++) {
		memcpy(answer->asked[index].id, asked.profiles[index]->id, sizeof(answer->asked[index].id));
		answer->asked[index].version = asked.profiles[index]->version;
	}
}

static size_t find_known(const struct contact_question *question, const struct workset *set, struct uuid ids[GUARD_DEBTS_MAX])
{
	size_t count = 0;

	MUST(question->debt_ids_count <= GUARD_DEBTS_MAX);
	for (size_t index = 0; index < question->debt_ids_count; index++) {
		if (workset_state(set, &owed_debt_entity, &question->debt_ids[index]) != NULL)
			ids[count++] = question->debt_ids[index];
	}
	return count;
}

bool contactability_ask(const struct contact_question *question, const struct workset *set, struct contact_answer *ret_answer)
{
	const struct person *person = workset_state(set, &person_entity, &question->customer_id);
	struct uuid debt_ids[GUARD_DEBTS_MAX];
	const struct addressed message = { .customer_id = question->customer_id,
					   .channel = question->channel,
					   .message_class = question->message_class,
					   .has_disclosure = true,
					   .debt_ids = debt_ids,
					   .debt_ids_count = find_known(question, set, debt_ids),
					   .now_ms = question->at_ms,
					   .today = today(question) };
	struct guard_facts facts = { 0 };

	*ret_answer = (struct contact_answer){ .refusal = NULL };
	if (person == NULL)
		return false;
	if (find_refusal(question, set, person, ret_answer))
		return true;
	gather_facts(&message, set, &facts);
	ask_guard(&facts, set, ret_answer);
	return true;
}
