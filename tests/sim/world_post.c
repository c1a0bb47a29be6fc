#include "tests/sim/post.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "consumers/communications/communications.h"
#include "consumers/communications/store.h"
#include "schemas/communications.h"
#include "tests/sim/dunning.h"
#include "tests/sim/world.h"

static struct sim_letter *letter_of(struct sim_world *world, const struct uuid *communication_id)
{
	for (size_t i = 0; i < world->post.letters_count; i++)
		if (uuid_equal(&world->post.letters[i].communication_id, communication_id))
			return &world->post.letters[i];
	return NULL;
}

const struct sim_letter *post_find(const struct sim_world *world, const struct uuid *communication_id)
{
	return letter_of((struct sim_world *)(uintptr_t)world, communication_id);
}

static const struct communication *communication_of(const struct sim_world *world, const struct uuid *communication_id)
{
	const struct sim_blob *blob = blob_find(world, SIM_COMMUNICATIONS, communication_entity.name, communication_id);

	MUST(blob);
	return blob->state;
}

/* ---- loading ---- */

static bool is_unfinished(const struct sim_letter *letter)
{
	return strcmp(letter->state, "cancelled") != 0 && strcmp(letter->state, "done") != 0;
}

/* The id is a queued message's first member. */
static int by_id(const void *one, const void *other)
{
	return uuid_compare(one, other);
}

static void load_queue(struct sim_world *world, struct slot *slot)
{
	struct queue *queue = slot->state;

	for (size_t i = 0; i < world->post.letters_count; i++) {
		const struct sim_letter *letter = &world->post.letters[i];
		const struct communication *communication;

		if (!is_unfinished(letter) || !uuid_equal(&letter->customer_id, &slot->id))
			continue;
		communication = communication_of(world, &letter->communication_id);
		MUST(queue->count < QUEUE_MAX);
		queue->messages[queue->count++] =
			(struct queued){ .communication_id = letter->communication_id,
					 .channel = communication->channel,
					 .requested_on = communication->requested_on,
					 .state = outbox_state_by_name(str_of(letter->state)),
					 .claims = letter->claims,
					 .is_mergeable = uuid_is_none(&communication->merge_key) ? 0 : 1 };
	}
	qsort(queue->messages, queue->count, sizeof(queue->messages[0]), by_id);
	slot->exists = queue->count > 0;
}

static bool is_newer(const struct contacted *one, const struct contacted *other)
{
	return one->at_ms != other->at_ms ? one->at_ms > other->at_ms : uuid_compare(&one->ref, &other->ref) > 0;
}

/* What the person wrote last on a channel. */
static void load_written(const struct sim_world *world, struct slot *slot, enum channel channel)
{
	const struct contacted *last = NULL;

	for (size_t i = 0; i < world->post.letters_count; i++) {
		const struct sim_letter *letter = &world->post.letters[i];

		if (letter->told_at_ms != 0 && uuid_equal(&letter->customer_id, &slot->id) &&
		    letter->contacted.channel == (uint32_t)channel && (!last || is_newer(&letter->contacted, last)))
			last = &letter->contacted;
	}
	if (!last)
		return;
	slot->exists = true;
	history_add(slot->state, last);
}

static bool is_a_contact(const struct sim_world *world, const struct sim_letter *letter)
{
	switch ((enum communication_state)communication_of(world, &letter->communication_id)->state) {
	case COMMUNICATION_FAILED:
	case COMMUNICATION_EXPIRED:
	case COMMUNICATION_REJECTED:
	case COMMUNICATION_CANCELLED:
	case COMMUNICATION_SUPPRESSED:
	case COMMUNICATION_MERGED:
	case COMMUNICATION_SCHEDULED:
		return false;
	default:
		return true;
	}
}

/* communications.contact_history. */
static void load_history(struct sim_world *world, struct slot *slot)
{
	load_written(world, slot, CHANNEL_EMAIL);
	load_written(world, slot, CHANNEL_SMS);
	for (size_t i = 0; i < world->post.letters_count; i++) {
		const struct sim_letter *letter = &world->post.letters[i];

		if (letter->told_at_ms != 0 || !uuid_equal(&letter->customer_id, &slot->id))
			continue;
		if (!is_a_contact(world, letter))
			continue;
		slot->exists = true;
		history_add(slot->state, &letter->contacted);
	}
}

static void set_chars(char *chars, size_t size, struct str text)
{
	bool fits = str_to_chars(chars, size, text);

	MUST(fits);
}

static void load_person(struct sim_world *world, struct slot *slot)
{
	struct sim_person view = view_person(world, &slot->id);
	struct person *person = slot->state;

	slot->exists = view.is_known;
	person->is_active = view.is_active;
	if (view.is_erased)
		return;
	set_chars(person->language, sizeof(person->language), STR("de"));
	person->full_name_size = 3;
	memcpy(person->full_name, "Ann", 3);
}

static void load_addresses(struct sim_world *world, struct slot *slot)
{
	struct addresses *addresses = slot->state;

	addresses->email.contact_point_id = view_contact_point(world, &slot->id, STR("email"));
	addresses->sms.contact_point_id = view_contact_point(world, &slot->id, STR("sms"));
	slot->exists = !uuid_is_none(&addresses->email.contact_point_id) || !uuid_is_none(&addresses->sms.contact_point_id);
}

static void load_debt(struct sim_world *world, struct slot *slot)
{
	struct sim_owed view = view_debt(world, &slot->id);

	slot->exists = view.is_known;
	*(struct owed_debt *)slot->state = (struct owed_debt){ .customer_id = view.customer_id,
							       .balance_minor = view.balance_minor,
							       .credits_minor = view.credits_minor,
							       .due_on = view.due_on,
							       .creditor_id = view.creditor_id,
							       .is_closed = view.is_closed,
							       .currency = "EUR",
							       .external_ref = "D" };
}

/* What store_load.c reads from the rows of a scheduled message. */
static void load_request(struct sim_world *world, struct slot *slot)
{
	const struct sim_letter *letter = letter_of(world, &slot->id);

	slot->exists = letter && strcmp(letter->state, "scheduled") == 0;
	if (slot->exists)
		memcpy(slot->state, world->post.requests[letter->request], sizeof(struct request));
}

static void load_named_debts(struct sim_world *world, struct slot *slot)
{
	const struct sim_letter *letter = letter_of(world, &slot->id);
	struct named_debts *debts = slot->state;
	const struct request *request;

	slot->exists = letter && letter->request > 0;
	if (!slot->exists)
		return;
	request = world->post.requests[letter->request];
	debts->count = request->debt_ids_count;
	memcpy(debts->ids, request->debt_ids, sizeof(debts->ids));
}

static const struct {
	const struct entity *entity;
	void (*load)(struct sim_world *world, struct slot *slot);
} loads[] = {
	{ &queue_entity, load_queue },
	{ &history_entity, load_history },
	{ &person_entity, load_person },
	{ &addresses_entity, load_addresses },
	{ &owed_debt_entity, load_debt },
	{ &request_entity, load_request },
	{ &named_debts_entity, load_named_debts },
};
#define LOADS_COUNT (COUNT(loads))

bool post_is_kept(const struct entity *entity)
{
	for (size_t i = 0; i < LOADS_COUNT; i++)
		if (loads[i].entity == entity)
			return false;
	return true;
}

bool post_load(struct sim_world *world, struct slot *slot)
{
	for (size_t i = 0; i < LOADS_COUNT; i++)
		if (loads[i].entity == slot->entity) {
			loads[i].load(world, slot);
			return true;
		}
	return false;
}

/* ---- saving: what store_insert.c copies, store_release.c, and update_outbox of store.c ---- */

struct staged {
	struct sim_world *world;
	const struct changes *changes;
	struct sim_letter *letters;
	size_t count;
};

/* The row as it will be: of this transaction, or of before it. */
static struct sim_letter *staged_letter(struct staged *staged, const struct uuid *communication_id)
{
	const struct sim_letter *before = letter_of(staged->world, communication_id);

	for (size_t i = 0; i < staged->count; i++)
		if (uuid_equal(&staged->letters[i].communication_id, communication_id))
			return &staged->letters[i];
	MUST(before);
	staged->letters[staged->count] = *before;
	return &staged->letters[staged->count++];
}

/* What its first event says of the request. */
struct asked_for {
	struct str channel, message_class, template_name, language;
	const struct uuid *debt_ids;
	size_t debt_ids_count;
};

/* Its place. */
static size_t add_request(struct sim_post *post, const struct asked_for *asked, struct str parameters)
{
	struct request *request = calloc(1, sizeof(*request));

	MUST(request);
	request->channel = channel_by_name(asked->channel);
	set_chars(request->message_class, sizeof(request->message_class), asked->message_class);
	set_chars(request->template_name, sizeof(request->template_name), asked->template_name);
	set_chars(request->language, sizeof(request->language), asked->language);
	request->debt_ids_count = (uint32_t)asked->debt_ids_count;
	for (size_t i = 0; i < asked->debt_ids_count; i++)
		request->debt_ids[i] = asked->debt_ids[i];
	MUST(parameters.size <= sizeof(request->parameters));
	for (size_t i = 0; i < parameters.size; i++)
		request->parameters[i] = parameters.data[i];
	request->parameters_size = (uint32_t)parameters.size;
	for (int i = post->requests_count == 0 ? 0 : 1; i < 2; i++) {
		post->requests =
			sim_grow(post->requests, post->requests_count, &post->requests_capacity, sizeof(struct request *));
		post->requests[post->requests_count++] = i == 0 ? NULL : request;
	}
	return post->requests_count - 1;
}

/* The first of a message: of the others see stage_moved. */
static void stage_scheduled(struct staged *staged, const struct event *event)
{
	const struct communication_scheduled *scheduled = event->body;
	const struct communication *communication =
		workset_state(staged->changes->set, &communication_entity, &scheduled->communication_id);
	const struct parameters *parameters = event->confidential;
	const struct asked_for asked = { scheduled->channel,  scheduled->message_class, scheduled->template_name,
					 scheduled->language, scheduled->debt_ids,      scheduled->debt_ids_count };

	if (scheduled->version > 1)
		return;
	staged->letters[staged->count++] = (struct sim_letter){
		.communication_id = scheduled->communication_id,
		.customer_id = scheduled->customer_id,
		.state = outbox_state_name(outbox_state_of(communication->state)),
		.send_by_ms = scheduled->send_by,
		.request = add_request(&staged->world->post, &asked, parameters->text),
	};
}

static void stage_released(struct staged *staged, const struct event *event)
{
	const struct changes *changes = staged->changes;
	const struct communication_released *released = event->body;
	const struct rendered *rendered = event->confidential;
	const struct communication *communication =
		workset_state(changes->set, &communication_entity, &released->communication_id);
	const struct asked_for asked = { released->channel,  released->message_class, released->template_name,
					 released->language, released->debt_ids,      released->debt_ids_count };
	struct sim_letter *letter;

	if (released->version > 1) {
		letter = staged_letter(staged, &released->communication_id);
	} else {
		letter = &staged->letters[staged->count++];
		letter->request = add_request(&staged->world->post, &asked, rendered->parameters);
	}
	*letter = (struct sim_letter){ .communication_id = released->communication_id,
				       .customer_id = released->customer_id,
				       .contact_point_id = rendered->contact_point_id,
				       .state = outbox_state_name(outbox_state_of(communication->state)),
				       .claims = letter->claims,
				       .send_by_ms = released->send_by,
				       .fit_until_ms = released->has_fit_until ? released->fit_until : 0,
				       .request = letter->request,
				       .released_at_ms = -1, /* at the commit */
				       .contacted = contacted_message(released, event->command->now_ms) };
	if (message_class_asks(released->message_class) == ASKS_NOTHING)
		return;
	MUST(released->debt_ids_count <= SIM_LETTER_DEBTS);
	letter->debts_count = released->debt_ids_count;
	for (size_t i = 0; i < released->debt_ids_count; i++) {
		const struct owed_debt *debt = workset_state(changes->set, &owed_debt_entity, &released->debt_ids[i]);

		letter->debt_ids[i] = released->debt_ids[i];
		letter->stated_minor[i] = debt->balance_minor;
		letter->stated_credit_minor = debt->credits_minor;
	}
}

static void stage_written(struct staged *staged, const struct event *event)
{
	const struct inbound_received *received = event->body;

	staged->letters[staged->count++] = (struct sim_letter){ .communication_id = received->inbound_id,
								.customer_id = received->customer_id,
								.state = "done",
								.contacted = contacted_inbound(received, event->command->now_ms),
								.told_at_ms = event->command->now_ms };
}

static void stage_moved(struct staged *staged, const struct slot *slot)
{
	struct sim_letter *letter = staged_letter(staged, &slot->id);
	const struct communication *communication = slot->state;
	const char *state = outbox_state_name(outbox_state_of(communication->state));

	letter->send_by_ms = communication->send_by_ms;
	if (strcmp(state, "waiting") != 0 || letter->claims <= communication->attempt)
		letter->state = state;
}

void post_stage(struct sim_world *world, const struct changes *changes, struct sim_letter **ret_letters, size_t *ret_count)
{
	struct staged staged = { .world = world, .changes = changes };

	staged.letters = calloc(changes->events_count + changes->set->slots_count + 1, sizeof(*staged.letters));
	MUST(staged.letters);
	for (size_t i = 0; i < changes->events_count; i++) {
		const struct event *event = changes->events[i].event;

		if (event->type == &communication_scheduled_type)
			stage_scheduled(&staged, event);
		else if (event->type == &communication_released_type)
			stage_released(&staged, event);
		else if (event->type == &inbound_received_type)
			stage_written(&staged, event);
	}
	for (size_t i = 0; i < changes->set->slots_count; i++) {
		const struct slot *slot = changes->set->slots[i];

		if (slot->entity == &communication_entity && slot->changed && slot->stored)
			stage_moved(&staged, slot);
	}
	*ret_letters = staged.letters;
	*ret_count = staged.count;
}

void post_apply(struct sim_world *world, const struct sim_letter *letters, size_t count)
{
	struct sim_post *post = &world->post;

	for (size_t i = 0; i < count; i++) {
		struct sim_letter *letter = letter_of(world, &letters[i].communication_id);

		if (!letter) {
			post->letters =
				sim_grow(post->letters, post->letters_count, &post->letters_capacity, sizeof(*post->letters));
			letter = &post->letters[post->letters_count++];
		}
		*letter = letters[i];
		letter->changed_at_ms = world->now_ms;
		if (letter->released_at_ms < 0)
			letter->released_at_ms = world->now_ms;
	}
}

/* ---- claims ---- */

static bool is_permitted(const struct sim_world *world, const struct sim_letter *letter)
{
	const struct sim_blob *recipient = blob_find(world, SIM_COMMUNICATIONS, recipient_entity.name, &letter->customer_id);
	const struct communication *communication = communication_of(world, &letter->communication_id);

	return recipient && recipient_permits(recipient->state, (enum channel)communication->channel, PURPOSE_COLLECT);
}

static bool letter_is_over(const struct sim_world *world, const struct sim_letter *letter)
{
	return letter->fit_until_ms != 0 && letter->fit_until_ms <= world->now_ms;
}

static bool is_on_its_way(const struct sim_letter *other, const struct sim_letter *letter)
{
	return uuid_equal(&other->customer_id, &letter->customer_id) && other->contacted.channel == letter->contacted.channel;
}

/* A message of ours to the same channel, between the two. */
static bool is_written_to_between(const struct sim_world *world, const struct sim_letter *letter, int64_t from_ms)
{
	for (size_t i = 0; i < world->post.letters_count; i++) {
		const struct sim_letter *other = &world->post.letters[i];

		if (other != letter && other->told_at_ms == 0 && other->released_at_ms != 0 && is_on_its_way(other, letter) &&
		    is_a_contact(world, other) && other->contacted.at_ms >= from_ms &&
		    other->contacted.at_ms <= letter->contacted.at_ms)
			return true;
	}
	return false;
}

/* One answer to what the person wrote after his last withdrawal (0235). */
static bool is_answer(const struct sim_world *world, const struct sim_letter *letter)
{
	const struct sim_blob *blob = blob_find(world, SIM_COMMUNICATIONS, recipient_entity.name, &letter->customer_id);
	int64_t withdrawn_ms = blob ? ((const struct recipient *)blob->state)->told_at_ms[letter->contacted.channel] : 0;

	for (size_t i = 0; i < world->post.letters_count; i++) {
		const struct sim_letter *other = &world->post.letters[i];

		if (other->told_at_ms != 0 && is_on_its_way(other, letter) && other->told_at_ms <= letter->contacted.at_ms &&
		    other->told_at_ms >= withdrawn_ms && !is_written_to_between(world, letter, other->told_at_ms))
			return true;
	}
	return false;
}

/* The message is of the same decision as what the person wrote. */
static bool answers_at_once(const struct sim_world *world, const struct sim_letter *letter, const struct sim_letter *told)
{
	const char *name = world->post.requests[letter->request]->template_name;

	return (strcmp(name, "help") == 0 || strcmp(name, "opt_out_confirmation") == 0) && is_on_its_way(told, letter) &&
	       told->told_at_ms == letter->contacted.at_ms;
}

/* The person wrote after the verdict, which did not know of it. */
static bool is_told_since(const struct sim_world *world, const struct sim_letter *letter)
{
	for (size_t i = 0; i < world->post.letters_count; i++) {
		const struct sim_letter *other = &world->post.letters[i];

		if (other->told_at_ms >= letter->contacted.at_ms && uuid_equal(&other->customer_id, &letter->customer_id) &&
		    !answers_at_once(world, letter, other))
			return true;
	}
	return false;
}

/* The debts' part of communications.refusal; no world puts a debt off that was due. */
static const char *debt_refusal(const struct sim_world *world, const struct sim_letter *letter)
{
	bool is_closed = false, is_nothing = false, is_changed = false;

	for (size_t i = 0; i < letter->debts_count; i++) {
		struct sim_owed debt = view_debt(world, &letter->debt_ids[i]);

		is_closed = is_closed || debt.is_closed;
		is_nothing = is_nothing || debt.balance_minor <= 0;
		is_changed = is_changed || debt.balance_minor != letter->stated_minor[i] ||
			     debt.credits_minor != letter->stated_credit_minor;
	}
	if (is_closed)
		return "debt_closed";
	if (is_nothing)
		return "nothing_owed";
	if (letter_is_over(world, letter) || is_told_since(world, letter))
		return CODE_NOT_NOW;
	return is_changed ? "balance_changed" : NULL;
}

/* communications.refusal. */
static const char *refusal(const struct sim_world *world, const struct sim_letter *letter)
{
	struct sim_person person = view_person(world, &letter->customer_id);

	if (!person.is_known || person.is_erased)
		return "erased";
	if (!view_is_usable(world, &letter->contact_point_id))
		return "address_invalid";
	if (!is_permitted(world, letter) && !is_answer(world, letter))
		return "withdrawn";
	return dunning_withdrew(world, &letter->communication_id) ? "step_withdrawn" : debt_refusal(world, letter);
}

static void note_claim(struct sim_world *world, const struct sim_letter *letter, bool is_refused)
{
	struct sim_post *post = &world->post;
	int32_t part = world_part_of(&letter->customer_id);

	post->claims = sim_grow(post->claims, post->claims_count, &post->claims_capacity, sizeof(*post->claims));
	post->claims[post->claims_count++] =
		(struct sim_claim){ .communication_id = letter->communication_id,
				    .number = letter->claims,
				    .is_refused = is_refused,
				    .part = part,
				    .seq = (int64_t)world->databases[SIM_COMMUNICATIONS].log[part].count,
				    .customers_seq = (int64_t)world->databases[SIM_CUSTOMERS].log[part].count,
				    .dunning_seq = (int64_t)world->databases[SIM_DUNNING].log[part].count,
				    .at_ms = world->now_ms };
}

bool post_claim(struct sim_world *world, const struct uuid *communication_id, bool is_again, const char **ret_refusal)
{
	struct sim_letter *letter;

	*ret_refusal = NULL;
	database_settle(world, SIM_COMMUNICATIONS);
	letter = letter_of(world, communication_id);
	MUST(letter);
	if (letter->send_by_ms <= world->now_ms)
		return false;
	letter->late_claims += strcmp(letter->state, "cancelled") == 0;
	if (strcmp(letter->state, "released") != 0 &&
	    (!is_again || (strcmp(letter->state, "claimed") != 0 && strcmp(letter->state, "waiting") != 0)))
		return false;
	*ret_refusal = refusal(world, letter);
	if (*ret_refusal && strcmp(*ret_refusal, CODE_NOT_NOW) == 0) {
		letter->claims++;
		letter->state = strcmp(letter->state, "claimed") == 0 ? "waiting" : letter->state;
		note_claim(world, letter, true);
	}
	if (*ret_refusal)
		return false;
	letter->state = "claimed";
	letter->claims++;
	note_claim(world, letter, false);
	return true;
}

bool post_waits(const struct sim_world *world)
{
	for (size_t i = 0; i < world->post.dispatches_count; i++)
		if (world->post.dispatches[i].state != DISPATCH_DONE)
			return true;
	for (size_t i = 0; i < world->post.letters_count; i++)
		if (strcmp(world->post.letters[i].state, "scheduled") == 0)
			return true;
	return false;
}

void post_release(struct sim_world *world)
{
	for (size_t i = 1; i < world->post.requests_count; i++)
		free(world->post.requests[i]);
	free(world->post.requests);
	free(world->post.letters);
	free(world->post.claims);
	free(world->post.dispatches);
	free(world->post.attempts);
}
