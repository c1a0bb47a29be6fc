#include "consumers/communications/gather.h"
#include "base/array.h"
#include "base/day.h"
#include "base/must.h"
#include "consumers/communications/provider.h"

/* ---- contacts ---- */

/* A call or a letter of which nobody says what it was about is taken for a demand (consumers/DOMAIN.md 12, Dunning). */
static bool is_demand(const struct contacted *contacted)
{
	if (contacted->direction == CONTACT_DIRECTION_INBOUND || contacted->outcome == CONTACT_RETURNED)
		return false;
	if (contacted->message_class == MESSAGE_CLASS_NONE)
		return contacted->channel == CHANNEL_VOICE || contacted->channel == CHANNEL_LETTER;
	return (1U << contacted->message_class & CLASSES_DEMANDS) != 0;
}

static int32_t fact(bool is_so)
{
	return is_so ? FACT_YES : FACT_NO;
}

/* Bits of the message's debts that the contact was about; 0: unknown, so about each. */
static uint32_t debts_of(const struct contacted *contacted, const struct uuid *debt_ids, size_t count)
{
	uint32_t bits = 0;

	for (size_t index = 0; index < count; index++) {
		for (uint32_t place = 0; place < contacted->debts_count; place++)
			bits |= uuid_equal(&debt_ids[index], &contacted->debts[place]) ? 1U << index : 0;
	}
	return bits;
}

static bool is_about_another(const struct contacted *contacted, uint32_t bits, size_t count)
{
	return bits == 0 && contacted->debts_count > 0 && count > 0;
}

/*
 * A contact about other debts only has no bits, as one of which nothing is known: it is left out of the rules about a debt by a
 * bit that no debt of the message has. A message of 32 debts has no such bit, and then it counts.
 */
static uint32_t no_debt(size_t count)
{
	return count < GUARD_DEBTS_MAX ? 1U << count : 0;
}

static void add_contact(struct guard_facts *facts, const struct contacted *contacted, const struct uuid *debt_ids, size_t count)
{
	uint32_t bits = debts_of(contacted, debt_ids, count);

	facts->contacts[facts->contacts_count++] =
		(struct guard_contact){ .at_ms = contacted->at_ms,
					.channel = (int32_t)contacted->channel,
					.party = (int32_t)contacted->party,
					.outcome = (int32_t)contacted->outcome,
					.is_inbound = fact(contacted->direction == CONTACT_DIRECTION_INBOUND),
					.is_demand = fact(is_demand(contacted)),
					.has_consent = fact(contacted->is_consented != 0),
					.debts = is_about_another(contacted, bits, count) ? no_debt(count) : bits };
}

/* Every rule that counts contacts looks back this far, and one that looks at all of them asks whether there were more. */
#define WINDOW_DAYS 62

static bool is_lately(const struct guard_facts *facts, int64_t at_ms)
{
	return at_ms > facts->now_ms - WINDOW_DAYS * DAY_MS;
}

static void gather_contacts(const struct history *history, const struct uuid *debt_ids, size_t count, struct guard_facts *facts)
{
	int64_t oldest_ms = INT64_MAX;

	_Static_assert(HISTORY_MAX <= GUARD_CONTACTS_MAX, "each is a fact");
	for (uint32_t index = 0; index < history->count; index++) {
		const struct contacted *contacted = &history->contacts[index];

		if (contacted->message_class != MESSAGE_CLASS_VALIDATION_NOTICE && contacted->at_ms < oldest_ms)
			oldest_ms = contacted->at_ms;
		if (!is_lately(facts, contacted->at_ms))
			continue;
		add_contact(facts, contacted, debt_ids, count);
		if (contacted->direction == CONTACT_DIRECTION_INBOUND && (int32_t)contacted->channel == facts->channel &&
		    contacted->at_ms > facts->wrote_ms)
			facts->wrote_ms = contacted->at_ms;
		if (contacted->message_class == MESSAGE_CLASS_OPT_OUT_CONFIRMATION && contacted->at_ms >= facts->withdrawn_ms)
			facts->is_opt_out_confirmed = FACT_YES;
	}
	if (history->is_cut != 0 && is_lately(facts, oldest_ms))
		facts->are_contacts_cut = FACT_YES;
}

/* ---- what is known of each debt from the contacts about it ---- */

static int32_t local_day(const struct guard_facts *facts, int64_t at_ms)
{
	return facts->zones_count > 0 ? zone_day(facts->zones[0], at_ms) : day_of_instant(at_ms);
}

static void set_latest(int32_t *day, int32_t to)
{
	*day = to > *day ? to : *day;
}

/*
 * A communication is what says something about a debt to somebody: no call that reached nobody, no voicemail of limited content
 * (US-20, 12 CFR 1006.2(j)), and nothing that the person wrote or left to us: the first one conveys information to the consumer
 * (1006.34(b)(2)).
 */
static bool is_communication(const struct contacted *contacted)
{
	if (contacted->outcome == CONTACT_CONVERSATION)
		return true;
	return contacted->direction == CONTACT_DIRECTION_OUTBOUND &&
	       (contacted->outcome == CONTACT_VOICEMAIL || contacted->outcome == CONTACT_SENT);
}

static void add_to_debt(struct guard_debt *debt, const struct contacted *contacted, int32_t day)
{
	bool is_ours = contacted->direction == CONTACT_DIRECTION_OUTBOUND;
	bool is_notice = contacted->message_class == MESSAGE_CLASS_VALIDATION_NOTICE;

	if (contacted->party != PARTY_CONSUMER && contacted->party != PARTY_ESTATE)
		return;
	if (is_communication(contacted) && (debt->contacted_on == 0 || day < debt->contacted_on))
		debt->contacted_on = day;
	if (contacted->outcome == CONTACT_CONVERSATION)
		set_latest(&debt->spoken_on, day);
	if (is_ours && contacted->outcome == CONTACT_SENT)
		set_latest(is_notice ? &debt->notice_on : &debt->written_on, day);
}

static void gather_debt_contacts(const struct history *history, const struct uuid *debt_ids, struct guard_facts *facts)
{
	for (uint32_t index = 0; index < history->count; index++) {
		const struct contacted *contacted = &history->contacts[index];
		uint32_t bits = debts_of(contacted, debt_ids, facts->debts_count);

		for (uint32_t place = 0; place < facts->debts_count; place++) {
			if (contacted->debts_count == 0 || (bits >> place & 1) != 0)
				add_to_debt(&facts->debts[place], contacted, local_day(facts, contacted->at_ms));
		}
	}
	for (uint32_t index = 0; index < history->count; index++) { /* what came back: known when all notices are */
		const struct contacted *contacted = &history->contacts[index];
		int32_t day = local_day(facts, contacted->at_ms);
		uint32_t bits = debts_of(contacted, debt_ids, facts->debts_count);

		for (uint32_t place = 0; place < facts->debts_count && contacted->outcome == CONTACT_RETURNED; place++) {
			struct guard_debt *debt = &facts->debts[place];

			if (contacted->debts_count > 0 && (bits >> place & 1) == 0)
				continue;
			if (contacted->message_class == MESSAGE_CLASS_VALIDATION_NOTICE && day >= debt->notice_on)
				debt->notice_bounced = FACT_YES;
			else if (day >= debt->written_on)
				debt->letter_bounced = FACT_YES;
		}
	}
}

/* ---- circumstances ---- */

/* A member of the facts that a circumstance answers with yes; without one, no: they are kept here (README.md, Facts). */
struct answered {
	enum circumstance_kind kind;
	size_t member;
};
static const struct answered of_person[] = {
	{ CIRCUMSTANCE_ATTORNEY, offsetof(struct guard_facts, has_attorney) },
	{ CIRCUMSTANCE_CEASE, offsetof(struct guard_facts, has_ceased) },
	{ CIRCUMSTANCE_DECEASED, offsetof(struct guard_facts, is_deceased) },
	{ CIRCUMSTANCE_BANKRUPTCY, offsetof(struct guard_facts, is_bankrupt) },
	{ CIRCUMSTANCE_RESTRICTION, offsetof(struct guard_facts, is_restricted) },
	{ CIRCUMSTANCE_INCAPACITY, offsetof(struct guard_facts, lacks_capacity) },
	{ CIRCUMSTANCE_CRISIS, offsetof(struct guard_facts, in_crisis) },
	{ CIRCUMSTANCE_EMPLOYER_FORBIDS, offsetof(struct guard_facts, employer_forbids) },
};
static const struct answered of_debt[] = {
	{ CIRCUMSTANCE_DISPUTE, offsetof(struct guard_debt, is_disputed) },
	{ CIRCUMSTANCE_SAID_BARRED, offsetof(struct guard_debt, said_barred) },
};

static int32_t *member(void *facts, const struct answered *answered)
{
	return (int32_t *)(void *)((char *)facts + answered->member);
}

#define PLAN_DAYS 30 /* CONC 7.3.11: a plan in development that lasts longer was prolonged (7.3.12) */

static void add_days(const struct open_circumstance *open, struct guard_facts *facts)
{
	if (open->kind == CIRCUMSTANCE_BREATHING_SPACE || open->kind == CIRCUMSTANCE_CRISIS)
		facts->breathing_on = open->from_on;
	if (open->kind == CIRCUMSTANCE_CRISIS)
		facts->treated_until = open->until_on == 0 ? 0 : open->until_on - 1;
	if (open->kind == CIRCUMSTANCE_PLAN_IN_DEVELOPMENT) {
		facts->planning_on = open->from_on;
		facts->plan_prolonged = fact(open->until_on > open->from_on + PLAN_DAYS);
	}
}

static void add_to_debts(const struct open_circumstance *open, const struct uuid *debt_ids, struct guard_facts *facts)
{
	for (uint32_t place = 0; place < facts->debts_count; place++) {
		if (!uuid_is_none(&open->debt_id) && !uuid_equal(&open->debt_id, &debt_ids[place]))
			continue;
		for (size_t index = 0; index < COUNT(of_debt); index++) {
			if (of_debt[index].kind == open->kind)
				*member(&facts->debts[place], &of_debt[index]) = FACT_YES;
		}
		if (open->kind == CIRCUMSTANCE_DISPUTE)
			facts->debts[place].disputed_on = open->from_on;
		if (open->kind == CIRCUMSTANCE_LIMITATION_RESTARTED && open->is_void == 0)
			set_latest(&facts->debts[place].limited_on, open->from_on);
	}
}

/* What permits something permits it for every debt of the message, or not at all. */
static bool covers(const struct open_circumstance *open, const struct uuid *debt_ids, const struct guard_facts *facts)
{
	return uuid_is_none(&open->debt_id) || (facts->debts_count == 1 && uuid_equal(&open->debt_id, &debt_ids[0]));
}

struct representation {
	uint32_t attorneys;
	int32_t from_on; /* of the last that was recorded */
};

/*
 * A consent, or a question that is not answered, counts for the only attorney, who was recorded before it and is no newer: of several
 * nobody says which one it was, and one who came later was not asked.
 */
static void add_attorney(struct representation *represented, const struct open_circumstance *open, const struct uuid *debt_ids,
			 struct guard_facts *facts)
{
	if (open->kind == CIRCUMSTANCE_ATTORNEY) {
		represented->attorneys++;
		represented->from_on = open->from_on;
		facts->attorney_consents = FACT_NO;
		facts->attorney_asked_on = 0;
	} else if (represented->attorneys == 1 && open->from_on >= represented->from_on && covers(open, debt_ids, facts)) {
		if (open->kind == CIRCUMSTANCE_ATTORNEY_CONSENTS)
			facts->attorney_consents = FACT_YES;
		if (open->kind == CIRCUMSTANCE_ATTORNEY_ASKED)
			set_latest(&facts->attorney_asked_on, open->from_on);
	}
}

/* One of a single debt concerns a message about that debt, and one about no debt in particular. */
static bool concerns(const struct open_circumstance *open, const struct uuid *debt_ids, const struct guard_facts *facts)
{
	if (uuid_is_none(&open->debt_id) || facts->debts_count == 0)
		return true;
	for (uint32_t place = 0; place < facts->debts_count; place++) {
		if (uuid_equal(&open->debt_id, &debt_ids[place]))
			return true;
	}
	return false;
}

/* A crisis lasts some days longer than the treatment: its rule counts them, so its end does not end it here. */
static bool is_over(const struct open_circumstance *open, int32_t today)
{
	return open->kind != CIRCUMSTANCE_CRISIS && open->until_on != 0 && today >= open->until_on;
}

static void gather_circumstances(const struct circumstances *circumstances, const struct uuid *debt_ids,
				 struct guard_facts *facts)
{
	struct representation represented = { 0 };

	for (size_t index = 0; index < COUNT(of_person); index++)
		*member(facts, &of_person[index]) = FACT_NO;
	for (uint32_t place = 0; place < facts->debts_count; place++) {
		for (size_t index = 0; index < COUNT(of_debt); index++)
			*member(&facts->debts[place], &of_debt[index]) = FACT_NO;
	}
	for (uint32_t place = 0; circumstances != NULL && place < circumstances->count; place++) {
		const struct open_circumstance *open = &circumstances->open[place];

		if (is_over(open, facts->today) || !concerns(open, debt_ids, facts))
			continue;
		for (size_t index = 0; index < COUNT(of_person); index++) {
			if (of_person[index].kind == open->kind)
				*member(facts, &of_person[index]) = FACT_YES;
		}
		add_days(open, facts);
		add_attorney(&represented, open, debt_ids, facts);
		add_to_debts(open, debt_ids, facts);
	}
}

/* ---- preferences ---- */

static void gather_wishes(const struct wishes *wishes, struct guard_facts *facts)
{
	_Static_assert(BLOCKED_TIMES_MAX <= GUARD_BLOCKED_MAX, "each is a fact");
	facts->is_unwanted = facts->home_blocked = facts->work_blocked = FACT_NO;
	if (wishes == NULL || (wishes->valid_until != 0 && facts->today > wishes->valid_until))
		return;
	facts->is_unwanted = fact((wishes->channels >> facts->channel & 1) != 0);
	facts->home_blocked = fact((wishes->places >> CONTACT_POINT_PLACE_HOME & 1) != 0);
	facts->work_blocked = fact((wishes->places >> CONTACT_POINT_PLACE_WORK & 1) != 0);
	for (uint32_t index = 0; index < wishes->times_count; index++)
		facts->blocked[facts->blocked_count++] = (struct guard_blocked){ .weekdays = wishes->times[index].weekdays,
										 .from_min = wishes->times[index].from_min,
										 .to_min = wishes->times[index].to_min };
}

/* ---- the message, the person and the permission ---- */

const struct address *best_address(const struct workset *set, const struct uuid *customer_id, enum channel channel)
{
	const struct addresses *addresses = workset_state(set, &addresses_entity, customer_id);
	const struct address *address;

	if (addresses == NULL)
		return NULL;
	address = channel == CHANNEL_SMS ? &addresses->sms : &addresses->email;
	if (channel == CHANNEL_LETTER)
		address = &addresses->letter;
	return uuid_is_none(&address->contact_point_id) ? NULL : address;
}

/* Of the classes, what collects: a receipt, a reply, a validation notice ask for nothing (README.md, Holds). Who has promised is reminded of that. */
static uint32_t stopped_of(const struct owed_debt *debt)
{
	return (debt->contact_is_stopped ? CLASSES_COLLECTING : 0) | (debt->legal_is_stopped ? CLASS(LEGAL_NOTICE) : 0) |
	       (debt->demand_is_stopped ? CLASSES_DEMANDS : 0);
}

static void gather_debts(const struct addressed *message, const struct workset *set, struct guard_facts *facts)
{
	uint32_t stopped = 0;

	MUST(message->debt_ids_count <= GUARD_DEBTS_MAX);
	for (size_t index = 0; index < message->debt_ids_count; index++) {
		const struct owed_debt *debt = workset_state(set, &owed_debt_entity, &message->debt_ids[index]);

		facts->debts[facts->debts_count++] =
			(struct guard_debt){ .balance_minor = debt->balance_minor,
					     .due_on = debt->due_on,
					     .limited_on = debt->due_on, /* unless it was said to have restarted */
					     .is_closed = fact(debt->is_closed != 0),
					     .is_settled = fact(debt->is_settled != 0) };
		facts->credits_minor = debt->credits_minor; /* as of all of them: they have one creditor and currency */
		stopped |= stopped_of(debt);
	}
	if (stopped != 0)
		facts->holds[facts->holds_count++] = (struct guard_hold){ .classes = stopped };
}

static void gather_permission(const struct addressed *message, const struct workset *set, struct guard_facts *facts)
{
	const struct recipient *recipient = message->recipient;
	const struct permission *permission;

	if (recipient == NULL)
		recipient = workset_state(set, &recipient_entity, &message->customer_id);
	if (recipient == NULL)
		return;
	permission = &recipient->permissions[message->channel][PURPOSE_COLLECT];
	facts->basis = (int32_t)permission->basis;
	facts->obtained_ms = permission->obtained_at_ms;
	facts->expires_ms = permission->expires_at_ms;
	facts->withdrawn_ms = recipient->withdrawn_at_ms[message->channel];
	facts->revoked_ms = recipient->withdrawn_at_ms[CHANNEL_SMS] > recipient->withdrawn_at_ms[CHANNEL_VOICE]
				    ? recipient->withdrawn_at_ms[CHANNEL_SMS]
				    : recipient->withdrawn_at_ms[CHANNEL_VOICE];
	facts->call_consent_ms = recipient->permissions[CHANNEL_VOICE][PURPOSE_CALLS_BEYOND_CAP].obtained_at_ms;
}

static bool is_alike(const struct zone *zone, const struct zone *other)
{
	return zone == other || (zone->alike != NULL && zone->alike == other->alike);
}

/* False: there is no room for it. */
static bool add_zone(struct guard_facts *facts, const struct zone *zone)
{
	for (uint32_t index = 0; index < facts->zones_count; index++) {
		if (is_alike(facts->zones[index], zone))
			return true;
	}
	if (facts->zones_count == GUARD_ZONES_MAX)
		return false;
	facts->zones[facts->zones_count++] = zone;
	return true;
}

/* False: not every one is known. */
static bool add_zones(struct guard_facts *facts, const struct zone_set *set)
{
	for (uint32_t index = 0; index < set->count; index++) {
		if (!add_zone(facts, set->items[index]))
			return false;
	}
	return set->count > 0;
}

/*
 * The zone that is recorded, otherwise those of the place; and those of a telephone number that belongs to another (comment
 * 6(b)(1)(i)-2: fit in both), whatever channel the message takes. Where one is not known, none is. An answer may have an address
 * (addressed.address) where another query found none yet: addresses may be NULL.
 */
static void gather_zones(const struct person *person, const struct addresses *addresses, const struct address *address,
			 struct guard_facts *facts)
{
	bool is_known = person->zone != NULL          ? add_zone(facts, person->zone)
			: person->place_zones != NULL ? add_zones(facts, person->place_zones)
						      : false;

	if (is_known && addresses != NULL && addresses->sms.number_zones != NULL)
		is_known = add_zones(facts, addresses->sms.number_zones);
	if (is_known && address->number_zones != NULL)
		is_known = add_zones(facts, address->number_zones);
	if (!is_known)
		facts->zones_count = 0;
}

static void gather_person(const struct addressed *message, const struct workset *set, struct guard_facts *facts)
{
	const struct person *person = workset_state(set, &person_entity, &message->customer_id);
	const struct address *address = message->address;

	if (address == NULL)
		address = best_address(set, &message->customer_id, message->channel);
	memcpy(facts->country, person->country, sizeof(facts->country));
	memcpy(facts->region, person->region, sizeof(facts->region));
	gather_zones(person, workset_state(set, &addresses_entity, &message->customer_id), address, facts);
	facts->place = (int32_t)address->place;
	facts->checked_ms = address->checked_ms;
	if (message->channel == CHANNEL_EMAIL)
		facts->provider = (int32_t)provider_of((struct str){ .data = address->text, .size = address->text_size });
	facts->is_leaked = FACT_NO; /* one that is known to have reached another was invalidated (wrong_party, reassigned) */
	if (address->source != CONTACT_POINT_SOURCE_NONE)
		facts->from_consumer = fact(address->source == CONTACT_POINT_SOURCE_CONSUMER);
}

static void gather_collection(const struct workset *set, struct guard_facts *facts)
{
	const struct collection *collection = workset_state(set, &collection_entity, &collection_id);

	if (collection == NULL)
		return;
	memcpy(facts->jurisdiction, collection->jurisdiction, sizeof(facts->jurisdiction));
	facts->collector = (int32_t)collection->collector;
}

static void gather_from(const struct history *history, const struct workset *set, const struct uuid *customer_id,
			const struct uuid *debt_ids, struct guard_facts *facts)
{
	facts->is_opt_out_confirmed = facts->are_contacts_cut = FACT_NO;
	if (history != NULL) {
		gather_contacts(history, debt_ids, facts->debts_count, facts);
		gather_debt_contacts(history, debt_ids, facts);
	}
	gather_circumstances(workset_state(set, &circumstances_entity, customer_id), debt_ids, facts);
	gather_wishes(workset_state(set, &wishes_entity, customer_id), facts);
}

void gather_told(const struct workset *set, const struct uuid *customer_id, const struct uuid *debt_ids,
		 struct guard_facts *facts)
{
	gather_from(workset_state(set, &history_entity, customer_id), set, customer_id, debt_ids, facts);
}

void gather_facts(const struct addressed *message, const struct workset *set, struct guard_facts *facts)
{
	facts->act = ACT_SEND;
	facts->channel = (int32_t)message->channel;
	facts->message_class = (int32_t)message->message_class;
	facts->party = PARTY_CONSUMER;
	facts->now_ms = message->now_ms;
	facts->today = message->today;
	facts->language = message->language;
	facts->has_opt_out = fact(!message->has_no_opt_out);
	facts->has_disclosure = fact(message->has_disclosure);
	gather_person(message, set, facts);
	gather_collection(set, facts);
	gather_permission(message, set, facts);
	gather_debts(message, set, facts);
	if (message->history != NULL)
		gather_from(message->history, set, &message->customer_id, message->debt_ids, facts);
	else
		gather_told(set, &message->customer_id, message->debt_ids, facts);
}
