#include <string.h>

#include "base/array.h"
#include "consumers/dunning/decide.h"
#include "consumers/dunning/dunning.h"
#include "consumers/dunning/place.h"
#include "schemas/communications.h"
#include "schemas/customers.h"
#include "schemas/dunning.h"

/* What other modules say of a person: each event that makes a difference is followed by a PersonNoted with all that is known then. */

#define WORDS_MAX 64

static struct str opted_out_words(uint32_t channels, struct arena *arena)
{
	char words[WORDS_MAX];
	size_t size = 0;

	for (uint32_t channel = CHANNEL_NONE + 1; channel < CHANNEL_COUNT; channel++) {
		struct str word = str_of(channel_name((enum channel)channel));

		if (!(channels & 1U << channel))
			continue;
		if (size > 0)
			words[size++] = ' ';
		memcpy(words + size, word.data, word.size);
		size += word.size;
	}
	return str_copy(arena, (struct str){ .data = words, .size = size });
}

/* The person as it is, to be changed and said by say_person. */
static struct dunned_person person_now(const struct command *event, const struct workset *set)
{
	static const struct dunned_person unknown;
	const struct dunned_person *person = workset_state(set, &dunned_person_entity, &event->key);

	return person == NULL ? unknown : *person;
}

static void say_person(const struct dunned_person *person, struct decision *decision)
{
	struct person_noted *noted = decision_event(decision, &person_noted_type);

	noted->customer_id = decision->command->key;
	noted->version = person->version + 1;
	noted->is_active = person->is_active != 0;
	noted->customer_kind = str_of(customer_kind_name((enum customer_kind)person->kind));
	noted->country = decision_text(decision, person->country);
	noted->has_region = person->region[0] != '\0';
	noted->region = decision_text(decision, person->region);
	noted->has_timezone = person->timezone[0] != '\0';
	noted->timezone = decision_text(decision, person->timezone);
	noted->locale = decision_text(decision, person->locale);
	noted->emails = person->usable[CHANNEL_EMAIL];
	noted->mobiles = person->usable[CHANNEL_SMS];
	noted->telephones = person->usable[CHANNEL_VOICE];
	noted->letters = person->usable[CHANNEL_LETTER];
	noted->opted_out = opted_out_words(person->opted_out, decision->arena);
	decision->overflow |= noted->opted_out.data == NULL;
	noted->has_inbound_on = person->inbound_on != 0;
	noted->inbound_on = person->inbound_on;
}

/* ---- customers ---- */

/* What does not fit is unknown: it names no zone, no language and no place that anybody has. */
static void set_text(char *chars, size_t size, bool is_given, struct str text)
{
	if (!is_given || !str_to_chars(chars, size, text))
		chars[0] = '\0';
}
#define SET_TEXT(chars, is_given, text) set_text((chars), sizeof(chars), (is_given), (text))

void decide_customer_created(const struct command *event, const struct workset *set, struct decision *decision)
{
	const struct customer_created *body = event->body;
	struct dunned_person person = person_now(event, set);

	person.is_active = 1;
	person.kind = customer_kind_by_name(body->kind);
	SET_TEXT(person.country, true, body->country);
	SET_TEXT(person.region, body->has_region, body->region);
	SET_TEXT(person.timezone, body->has_timezone, body->timezone);
	SET_TEXT(person.locale, true, body->locale);
	say_person(&person, decision);
}

void decide_customer_updated(const struct command *event, const struct workset *set, struct decision *decision)
{
	const struct customer_updated *body = event->body;
	struct dunned_person person = person_now(event, set);

	SET_TEXT(person.country, true, body->country);
	SET_TEXT(person.region, body->has_region, body->region);
	SET_TEXT(person.timezone, body->has_timezone, body->timezone);
	SET_TEXT(person.locale, true, body->locale);
	say_person(&person, decision);
}

/* The task to trace the person is not to be done any more. */
static void end_search(const struct workset *set, const char *reason, struct decision *decision)
{
	const struct dunned_person *person = workset_state(set, &dunned_person_entity, &decision->command->key);

	if (person != NULL && !uuid_is_none(&person->trace_id))
		cancel_task(&person->trace_id, reason, set, decision);
}

/*
 * What is under way must stop: the groups are asked about at the next Tick, and their steps are withdrawn (decide_evaluate.c). Until then
 * no message of them leaves, because the claim knows the circumstance, too. Groups beyond the list are asked about on the next day.
 */
static void ask_groups(const struct workset *set, const struct uuid *only_id, struct decision *decision)
{
	const struct groups_under_way *groups = workset_state(set, &groups_under_way_entity, &decision->command->key);

	for (uint32_t index = 0; groups != NULL && index < groups->count; index++) {
		if (only_id == NULL || uuid_equal(only_id, &groups->ids[index]))
			decision_set_timer_on(decision, &evaluation_timer, &groups->ids[index], decision->command->today);
	}
}

void decide_customer_erased(const struct command *event, const struct workset *set, struct decision *decision)
{
	struct dunned_person person = person_now(event, set);

	person.is_active = 0;
	say_person(&person, decision);
	ask_groups(set, NULL, decision);
	end_search(set, "person", decision);
}

static void count_point(const struct command *event, const struct workset *set, struct str channel, int32_t by,
			struct decision *decision)
{
	struct dunned_person person = person_now(event, set);

	person.usable[channel_by_name(channel)] += by;
	say_person(&person, decision);
}

/* Each of the person's groups is asked about: a step may be for this event. */
void decide_contact_point_added(const struct command *event, const struct workset *set, struct decision *decision)
{
	const struct person_groups *groups = workset_state(set, &person_groups_entity, &event->key);

	_Static_assert(PERSON_GROUPS_MAX + 1 <= DECISION_TIMERS_MAX, "each has a timer, and so has the search");
	count_point(event, set, ((const struct contact_point_added *)event->body)->channel, 1, decision);
	for (uint32_t index = 0; groups != NULL && index < groups->count; index++)
		decision_set_timer_on(decision, &contact_timer, &groups->ids[index], event->today);
	end_search(set, "contact", decision);
}

void decide_contact_point_invalidated(const struct command *event, const struct workset *set, struct decision *decision)
{
	count_point(event, set, ((const struct contact_point_invalidated *)event->body)->channel, -1, decision);
}

/* ---- communications ---- */

void decide_consent_granted(const struct command *event, const struct workset *set, struct decision *decision)
{
	const struct consent_granted *body = event->body;
	const uint32_t channel = 1U << channel_by_name(body->channel);
	struct dunned_person person = person_now(event, set);

	if (!(person.opted_out & channel))
		return;
	person.opted_out &= ~channel;
	say_person(&person, decision);
}

void decide_inbound_received(const struct command *event, const struct workset *set, struct decision *decision)
{
	const struct inbound_received *body = event->body;
	struct dunned_person person = person_now(event, set);
	int32_t day = place_day(workset_state(set, &calendar_entity, &calendar_id), &person, body->received_at);

	if (day <= person.inbound_on)
		return;
	person.inbound_on = day;
	say_person(&person, decision);
}

/* A channel, or all of them: the messages that the withdrawal ends are steps that have failed (decide_step.c). */
void note_opt_out(const struct consent_withdrawn *body, const struct command *event, const struct workset *set,
		  struct decision *decision)
{
	struct dunned_person person = person_now(event, set);
	uint32_t all = (1U << CHANNEL_COUNT) - 1 - (1U << CHANNEL_NONE);
	uint32_t channels = person.opted_out | (body->has_channel ? 1U << channel_by_name(body->channel) : all);

	if (channels == person.opted_out)
		return;
	person.opted_out = channels;
	say_person(&person, decision);
}

/* ---- circumstances ---- */

/*
 * What stops dunning: a row for each kind of circumstance. What the debts module will know (promises, plans, disputes, holds) is a row
 * with its event.
 */
static const struct {
	enum circumstance_kind circumstance;
	enum dunning_stop_kind stop;
} stops[] = {
	{ CIRCUMSTANCE_DECEASED, STOP_DECEASED },
	{ CIRCUMSTANCE_BANKRUPTCY, STOP_BANKRUPTCY },
	{ CIRCUMSTANCE_ATTORNEY, STOP_RESTRICTION },
	{ CIRCUMSTANCE_CEASE, STOP_RESTRICTION },
	{ CIRCUMSTANCE_RESTRICTION, STOP_RESTRICTION },
	{ CIRCUMSTANCE_INCAPACITY, STOP_RESTRICTION },
	{ CIRCUMSTANCE_BREATHING_SPACE, STOP_RESTRICTION },
	{ CIRCUMSTANCE_CRISIS, STOP_RESTRICTION },
	{ CIRCUMSTANCE_PLAN_IN_DEVELOPMENT, STOP_RESTRICTION },
	{ CIRCUMSTANCE_DISPUTE, STOP_DISPUTE },
	{ CIRCUMSTANCE_SAID_BARRED, STOP_RESTRICTION },
};

static enum dunning_stop_kind stop_of(struct str kind)
{
	for (size_t index = 0; index < COUNT(stops); index++) {
		if (stops[index].circumstance == circumstance_kind_by_name(kind))
			return stops[index].stop;
	}
	return STOP_NONE;
}

static void say_stop(const struct uuid *circumstance_id, enum dunning_stop_kind kind, const struct uuid *debt_id, bool is_open,
		     struct decision *decision)
{
	struct stop_noted *noted = decision_event(decision, &stop_noted_type);

	noted->circumstance_id = *circumstance_id;
	noted->customer_id = decision->command->key;
	noted->version = is_open ? 1 : 2;
	noted->kind = str_of(dunning_stop_kind_name(kind));
	noted->has_debt_id = !uuid_is_none(debt_id);
	noted->debt_id = *debt_id;
	noted->is_open = is_open;
}

/* NULL: it is not known here, or it is another person's. */
static const struct dunned_debt *debt_of(const struct uuid *customer_id, const struct uuid *debt_id, const struct workset *set)
{
	const struct dunned_debt *debt = workset_state(set, &dunned_debt_entity, debt_id);

	return debt != NULL && uuid_equal(&debt->customer_id, customer_id) ? debt : NULL;
}

/*
 * A dispute of a debt that is known here stops that debt; anything else stops all debts of the person. It has begun: communications refuses
 * one that begins on a later day.
 */
void decide_circumstance_recorded(const struct command *event, const struct workset *set, struct decision *decision)
{
	const struct circumstance_recorded *body = event->body;
	enum dunning_stop_kind kind = stop_of(body->kind);
	struct uuid debt_id = { .bytes = { 0 } };
	const struct dunned_debt *debt = body->has_debt_id ? debt_of(&event->key, &body->debt_id, set) : NULL;

	if (kind == STOP_NONE || workset_state(set, &dunning_stop_entity, &body->circumstance_id) != NULL)
		return;
	if (body->has_until_on && body->until_on <= event->today)
		return;
	if (kind != STOP_DISPUTE)
		debt = NULL;
	else if (debt == NULL)
		kind = STOP_RESTRICTION;
	else
		debt_id = body->debt_id;
	say_stop(&body->circumstance_id, kind, &debt_id, true, decision);
	ask_groups(set, debt == NULL ? NULL : &debt->group_id, decision);
	if (debt == NULL)
		end_search(set, dunning_stop_kind_name(kind), decision);
	if (body->has_until_on)
		decision_set_timer_on(decision, &stop_timer, &body->circumstance_id, body->until_on);
}

static void end_stop(const struct uuid *circumstance_id, const struct workset *set, struct decision *decision)
{
	const struct dunning_stop *stop = workset_state(set, &dunning_stop_entity, circumstance_id);

	if (stop != NULL && stop->is_open && uuid_equal(&stop->customer_id, &decision->command->key))
		say_stop(circumstance_id, (enum dunning_stop_kind)stop->kind, &stop->debt_id, false, decision);
}

void decide_circumstance_ended(const struct command *event, const struct workset *set, struct decision *decision)
{
	const struct circumstance_ended *body = event->body;

	end_stop(&body->circumstance_id, set, decision);
	if (decision->kind == DECISION_EVENTS)
		decision_cancel_timer(decision, &stop_timer, &body->circumstance_id);
}

void decide_stop_over(const struct command *timer, const struct workset *set, struct decision *decision)
{
	end_stop(&((const struct timer *)timer->body)->subject, set, decision);
}
