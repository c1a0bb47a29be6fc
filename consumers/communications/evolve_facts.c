#include "base/must.h"
#include "consumers/communications/communications.h"
#include "schemas/communications.h"

/* How events about facts change states: contacts, circumstances, preferences. */

/* ---- contacts ---- */

static bool is_notice(const struct contacted *contacted)
{
	return contacted->message_class == MESSAGE_CLASS_VALIDATION_NOTICE;
}

/* The order of communications.contact_history. */
static bool stands_before(const struct contacted *one, const struct contacted *other)
{
	if (is_notice(one) != is_notice(other))
		return is_notice(one);
	if (one->at_ms != other->at_ms)
		return one->at_ms > other->at_ms;
	return uuid_compare(&one->ref, &other->ref) > 0;
}

void history_add(struct history *history, const struct contacted *contacted)
{
	uint32_t place = history->count;

	while (place > 0 && stands_before(contacted, &history->contacts[place - 1]))
		place--;
	if (history->count == HISTORY_MAX)
		history->is_cut = 1;
	else
		history->count++;
	if (place == HISTORY_MAX)
		return;
	memmove(&history->contacts[place + 1], &history->contacts[place],
		(history->count - 1 - place) * sizeof(history->contacts[0]));
	history->contacts[place] = *contacted;
}

static void set_debts(struct contacted *contacted, const struct uuid *debt_ids, size_t count)
{
	if (count > CONTACT_DEBTS_MAX)
		return;
	for (size_t index = 0; index < count; index++)
		contacted->debts[index] = debt_ids[index];
	contacted->debts_count = (uint32_t)count;
}

void evolve_contact_recorded(struct workset *set, const struct contact_recorded *event)
{
	struct contact *contact = workset_change(set, &contact_entity, &event->contact_id);
	struct contacted contacted = { .ref = event->contact_id,
				       .at_ms = event->at,
				       .channel = channel_by_name(event->channel),
				       .direction = contact_direction_by_name(event->direction),
				       .party = contact_party_by_name(event->party),
				       .outcome = contact_outcome_by_name(event->outcome),
				       .message_class = message_class_by_name(event->message_class),
				       .is_consented = event->consented ? 1 : 0 };

	contact->is_known = 1;
	set_debts(&contacted, event->debt_ids, event->debt_ids_count);
	history_add(workset_change(set, &history_entity, &event->customer_id), &contacted);
}

struct contacted contacted_message(const struct communication_released *event, int64_t at_ms)
{
	struct contacted contacted = { .ref = event->communication_id,
				       .at_ms = at_ms,
				       .channel = channel_by_name(event->channel),
				       .direction = CONTACT_DIRECTION_OUTBOUND,
				       .party = PARTY_CONSUMER,
				       .outcome = CONTACT_SENT,
				       .message_class = message_class_by_name(event->message_class) };

	set_debts(&contacted, event->debt_ids, event->debt_ids_count);
	return contacted;
}

/* What a provider says of the time counts if it is in the past: a message of tomorrow would be answered again and again. */
struct contacted contacted_inbound(const struct inbound_received *event, int64_t at_ms)
{
	return (struct contacted){ .ref = event->inbound_id,
				   .at_ms = event->received_at < at_ms ? event->received_at : at_ms,
				   .channel = channel_by_name(event->channel),
				   .direction = CONTACT_DIRECTION_INBOUND,
				   .party = PARTY_CONSUMER,
				   .outcome = CONTACT_SENT,
				   .is_written = 1 };
}

static const struct contacted *find_written(const struct history *history, uint32_t channel)
{
	for (uint32_t index = 0; index < history->count; index++) {
		if (history->contacts[index].is_written != 0 && history->contacts[index].channel == channel)
			return &history->contacts[index];
	}
	return NULL;
}

static void remove_contact(struct history *history, struct uuid ref)
{
	uint32_t kept = 0;

	for (uint32_t index = 0; index < history->count; index++) {
		if (!uuid_equal(&history->contacts[index].ref, &ref))
			history->contacts[kept++] = history->contacts[index];
	}
	memset(&history->contacts[kept], 0, (history->count - kept) * sizeof(history->contacts[0]));
	history->count = kept;
}

void history_add_written(struct history *history, const struct contacted *contacted)
{
	const struct contacted *last = find_written(history, contacted->channel);

	if (last != NULL && stands_before(last, contacted))
		return;
	if (last != NULL)
		remove_contact(history, last->ref);
	history_add(history, contacted);
}

void evolve_inbound_received(struct workset *set, const struct inbound_received *event, int64_t at_ms)
{
	struct inbound *inbound = workset_change(set, &inbound_entity, &event->inbound_id);
	struct contacted contacted = contacted_inbound(event, at_ms);

	inbound->is_known = 1;
	history_add_written(workset_change(set, &history_entity, &event->customer_id), &contacted);
}

/* Commands about a message's end do not load the history: only a batch that asks for it has it. */
void history_remove_message(struct workset *set, const struct uuid *customer_id, const struct uuid *communication_id)
{
	const struct slot *slot = workset_find(set, &history_entity, customer_id);

	if (slot == NULL || !slot->loaded || !slot->exists)
		return;
	remove_contact(workset_change(set, &history_entity, customer_id), *communication_id);
}

/* ---- circumstances ---- */

void evolve_circumstance_recorded(struct workset *set, const struct circumstance_recorded *event)
{
	struct circumstance *circumstance = workset_change(set, &circumstance_entity, &event->circumstance_id);
	struct circumstances *circumstances = workset_change(set, &circumstances_entity, &event->customer_id);

	MUST(circumstance->version == 0);
	MUST(circumstances->count < CIRCUMSTANCES_MAX);
	circumstance->customer_id = event->customer_id;
	circumstance->version = event->version;
	circumstance->kind = circumstance_kind_by_name(event->kind);
	circumstances->open[circumstances->count++] =
		(struct open_circumstance){ .circumstance_id = event->circumstance_id,
					    .debt_id = event->debt_id, /* nil without one */
					    .kind = circumstance->kind,
					    .from_on = event->from_on,
					    .until_on = event->has_until_on ? event->until_on : 0,
					    .is_void = event->has_payment_id ? 1 : 0 }; /* the next load asks */
}

void evolve_circumstance_ended(struct workset *set, const struct circumstance_ended *event)
{
	struct circumstance *circumstance = workset_change(set, &circumstance_entity, &event->circumstance_id);
	struct circumstances *circumstances = workset_change(set, &circumstances_entity, &event->customer_id);
	uint32_t kept = 0;

	MUST(event->version == circumstance->version + 1);
	circumstance->version = event->version;
	circumstance->is_ended = 1;
	for (uint32_t index = 0; index < circumstances->count; index++) {
		if (!uuid_equal(&circumstances->open[index].circumstance_id, &event->circumstance_id))
			circumstances->open[kept++] = circumstances->open[index];
	}
	memset(&circumstances->open[kept], 0, (circumstances->count - kept) * sizeof(circumstances->open[0]));
	circumstances->count = kept;
}

/* ---- preferences ---- */

bool weekdays_read(uint32_t *ret_bits, struct str text)
{
	uint32_t bits = 0;

	while (text.size > 0) {
		enum weekday weekday = weekday_by_name(str_cut(text, ' ', &text));

		if (weekday == WEEKDAY_NONE)
			return false;
		bits |= 1U << (weekday - 1);
	}
	*ret_bits = bits;
	return bits != 0;
}

void evolve_preference_set(struct workset *set, const struct preference_set *event)
{
	struct preference *preference = workset_change(set, &preference_entity, &event->preference_id);
	struct wishes *wishes = workset_change(set, &wishes_entity, &event->customer_id);

	preference->is_known = 1;
	*wishes = (struct wishes){ .valid_until = event->has_valid_until ? event->valid_until : 0 };
	MUST(event->blocked_times_count <= BLOCKED_TIMES_MAX);
	for (size_t index = 0; index < event->blocked_times_count; index++) {
		const struct unwanted_time *time = &event->blocked_times[index];
		struct unwanted *unwanted = &wishes->times[wishes->times_count++];
		bool is_read = weekdays_read(&unwanted->weekdays, time->weekdays);

		MUST(is_read);
		unwanted->from_min = time->from_minute;
		unwanted->to_min = time->to_minute;
	}
	for (size_t index = 0; index < event->blocked_places_count; index++)
		wishes->places |= 1U << blocked_place_by_name(event->blocked_places[index]);
	for (size_t index = 0; index < event->blocked_channels_count; index++)
		wishes->channels |= 1U << channel_by_name(event->blocked_channels[index]);
}
