#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "crypto/crypto.h"
#include "schemas/communications.h"
#include "tests/sim/post.h"
#include "tests/sim/world.h"

#define ATTEMPTS_MAX 3
#define TAKE_MAX     3
#define READ_MAX     20
#define RETRY_MAX_MS 3000
#define ANSWER_MS    1500 /* an outcome that was not answered is told again */

/* ---- programs ---- */

static void start(struct sim_world *world, struct sim_notifier *notifier)
{
	*notifier = (struct sim_notifier){ .owner = ++world->post.owners, .clock_off_ms = notifier->clock_off_ms };
}

void notifiers_init(struct sim_world *world)
{
	for (size_t i = 0; i < SIM_NOTIFIERS; i++) {
		world->post.notifiers[i].clock_off_ms = world_clock_off(world);
		start(world, &world->post.notifiers[i]);
	}
}

/* Before and after every statement. True: the statement's answer does not come; the connection is gone, or the program. */
static bool fails(struct sim_world *world, struct sim_notifier *notifier)
{
	if (world->is_calm || world->script.spares_notifiers)
		return false;
	if (dice_hits(&world->dice, world->death_rate)) {
		world->deaths++;
		start(world, notifier);
		return true;
	}
	if (!dice_hits(&world->dice, world->retry_rate))
		return false;
	world->retries++;
	notifier->is_connected = false;
	return true;
}

static bool is_alive(const struct sim_post *post, int32_t owner)
{
	for (size_t i = 0; i < SIM_NOTIFIERS; i++)
		if (post->notifiers[i].owner == owner && post->notifiers[i].is_connected)
			return true;
	return false;
}

/* ---- the tables ---- */

static struct sim_dispatch *dispatch_of(struct sim_post *post, const struct uuid *communication_id)
{
	for (size_t i = 0; i < post->dispatches_count; i++)
		if (uuid_equal(&post->dispatches[i].communication_id, communication_id))
			return &post->dispatches[i];
	return NULL;
}

static struct sim_attempt *open_attempt(struct sim_post *post, struct sim_dispatch *dispatch, int32_t owner)
{
	struct sim_attempt *attempt;

	post->attempts = sim_grow(post->attempts, post->attempts_count, &post->attempts_capacity, sizeof(*attempt));
	attempt = &post->attempts[post->attempts_count++];
	*attempt = (struct sim_attempt){ .communication_id = dispatch->communication_id,
					 .customer_id = dispatch->customer_id,
					 .number = ++dispatch->attempts,
					 .owner = owner };
	return attempt;
}

static void end_attempt(struct sim_world *world, struct sim_attempt *attempt, const char *outcome, const char *code)
{
	attempt->outcome = outcome;
	attempt->code = code;
	attempt->ended_at_ms = world->now_ms;
}

/* What certainly has not left waits for another try; anything else is the end. */
static void move_dispatch(struct sim_world *world, const struct sim_attempt *attempt, int64_t pause_ms)
{
	struct sim_dispatch *dispatch = dispatch_of(&world->post, &attempt->communication_id);

	if (dispatch->state != DISPATCH_SENDING)
		return;
	dispatch->state = strcmp(attempt->outcome, "not_accepted") == 0 ? DISPATCH_WAITING : DISPATCH_DONE;
	dispatch->next_at_ms = world->now_ms + pause_ms;
}

static bool flies(const struct sim_notifier *notifier, size_t attempt)
{
	for (size_t i = 0; i < notifier->flights_count; i++)
		if (notifier->flights[i].attempt == attempt)
			return true;
	return false;
}

/* notifier_not_left: what was taken by a statement whose answer was lost is tried again. */
static void connect(struct sim_world *world, struct sim_notifier *notifier)
{
	struct sim_post *post = &world->post;

	if (fails(world, notifier))
		return;
	notifier->is_connected = true;
	for (size_t i = 0; i < post->attempts_count; i++) {
		struct sim_attempt *attempt = &post->attempts[i];

		if (attempt->owner != notifier->owner || attempt->outcome || flies(notifier, i))
			continue;
		end_attempt(world, attempt, "not_accepted", "not_started");
		move_dispatch(world, attempt, 0);
	}
	(void)fails(world, notifier);
}

/* ---- the inbox ---- */

/* Its last try, if there was one, certainly did not send it, and was not the last one that it gets: it may be released again. */
static bool may_be_released_again(const struct sim_post *post, const struct sim_dispatch *dispatch)
{
	for (size_t i = 0; i < post->attempts_count; i++) {
		const struct sim_attempt *attempt = &post->attempts[i];

		if (attempt->number == dispatch->attempts && uuid_equal(&attempt->communication_id, &dispatch->communication_id))
			return attempt->is_not_sent || (attempt->outcome && strcmp(attempt->outcome, "not_accepted") == 0);
	}
	return true;
}

/* notifier_take_back. */
static void take_back(struct sim_world *world, const struct communication_rescheduled *rescheduled)
{
	struct sim_dispatch *dispatch = dispatch_of(&world->post, &rescheduled->communication_id);

	if (dispatch && (dispatch->state == DISPATCH_QUEUED || dispatch->state == DISPATCH_WAITING))
		dispatch->state = DISPATCH_DONE;
}

static void queue_released(struct sim_world *world, const struct communication_released *released)
{
	struct sim_post *post = &world->post;

	struct sim_dispatch *dispatch = dispatch_of(post, &released->communication_id);

	if (dispatch && dispatch->state == DISPATCH_DONE && may_be_released_again(post, dispatch)) {
		dispatch->state = DISPATCH_QUEUED;
		dispatch->send_by_ms = released->send_by;
		dispatch->next_at_ms = world->now_ms;
	}
	if (dispatch)
		return;
	post->dispatches =
		sim_grow(post->dispatches, post->dispatches_count, &post->dispatches_capacity, sizeof(*post->dispatches));
	post->dispatches[post->dispatches_count++] = (struct sim_dispatch){ .communication_id = released->communication_id,
									    .customer_id = released->customer_id,
									    .send_by_ms = released->send_by,
									    .next_at_ms = world->now_ms };
}

/* notifier_send_again. */
static void send_again(struct sim_world *world, const struct communication_progressed *progressed)
{
	struct sim_post *post = &world->post;

	if (!str_is(progressed->previous_state, "unknown") || !str_is(progressed->state, "retry_wait"))
		return;
	for (size_t i = 0; i < post->attempts_count; i++) {
		struct sim_attempt *attempt = &post->attempts[i];
		struct sim_dispatch *dispatch = dispatch_of(post, &attempt->communication_id);

		if (!uuid_equal(&attempt->communication_id, &progressed->communication_id) ||
		    attempt->number != progressed->attempt || !attempt->outcome || strcmp(attempt->outcome, "unknown") != 0 ||
		    attempt->is_not_sent)
			continue;
		attempt->is_not_sent = true;
		if (dispatch->state != DISPATCH_DONE)
			continue;
		dispatch->state = DISPATCH_WAITING;
		dispatch->next_at_ms = world->now_ms;
	}
}

static void read_inbox(struct sim_world *world, struct sim_notifier *notifier)
{
	struct err err = ERR_INIT;
	struct arena arena;

	if (fails(world, notifier))
		return;
	MUST(arena_init(&arena, 1 << 16, &err) == 0);
	for (size_t part = 0; part < SIM_PARTS; part++) {
		const struct sim_log *topic = &world->events[SIM_COMMUNICATIONS][part];

		for (int n = 0; n < READ_MAX && world->inbox_positions[part] < topic->count; n++) {
			const struct message_type *type;
			const void *body;

			arena_reset(&arena);
			MUST(coder_decode(topic->records[world->inbox_positions[part]++]->value, &arena, &type, &body, &err) ==
			     0);
			if (type == &communication_released_type)
				queue_released(world, body);
			else if (type == &communication_rescheduled_type)
				take_back(world, body);
			else if (type == &communication_progressed_type)
				send_again(world, body);
		}
	}
	arena_release(&arena);
	(void)fails(world, notifier);
}

/* ---- notifier_take ---- */

static bool is_due(const struct sim_world *world, const struct sim_dispatch *dispatch)
{
	return (dispatch->state == DISPATCH_QUEUED || dispatch->state == DISPATCH_WAITING) &&
	       dispatch->next_at_ms <= world->now_ms && dispatch->send_by_ms > world->now_ms;
}

static struct sim_flight take_one(struct sim_world *world, const struct sim_notifier *notifier, struct sim_dispatch *dispatch)
{
	struct sim_flight flight = { .attempt = world->post.attempts_count,
				     .fit_until_ms = post_find(world, &dispatch->communication_id)->fit_until_ms };

	open_attempt(&world->post, dispatch, notifier->owner);
	dispatch->state = DISPATCH_SENDING;
	return flight;
}

/* What is refused has failed, or must not leave now; of what is not even answered it is known what became of it. */
static void pass_over(struct sim_world *world, const struct sim_notifier *notifier, struct sim_dispatch *dispatch,
		      const char *refusal)
{
	struct sim_attempt *attempt;

	dispatch->state = DISPATCH_DONE;
	if (!refusal)
		return;
	attempt = open_attempt(&world->post, dispatch, notifier->owner);
	attempt->is_refused = true;
	end_attempt(world, attempt, strcmp(refusal, CODE_NOT_NOW) == 0 ? "not_accepted" : "failed", refusal);
}

static void take(struct sim_world *world, struct sim_notifier *notifier)
{
	struct sim_post *post = &world->post;
	size_t room = SIM_FLIGHTS_MAX - notifier->flights_count;
	struct sim_flight taken[TAKE_MAX];
	size_t count = 0;

	if (fails(world, notifier))
		return;
	for (size_t i = 0; i < post->dispatches_count && count < TAKE_MAX && count < room; i++) {
		struct sim_dispatch *dispatch = &post->dispatches[i];
		const char *refusal;

		if (!is_due(world, dispatch))
			continue;
		if (post_claim(world, &dispatch->communication_id, dispatch->attempts > 0, &refusal))
			taken[count++] = take_one(world, notifier, dispatch);
		else
			pass_over(world, notifier, dispatch, refusal);
	}
	if (fails(world, notifier))
		return;
	memcpy(notifier->flights + notifier->flights_count, taken, count * sizeof(*taken));
	notifier->flights_count += count;
}

/* ---- the gateway ---- */

/* What the gateway does with it, and what the notifier gets to know. */
static void leave(struct sim_world *world, struct sim_flight *flight)
{
	struct sim_attempt *attempt = &world->post.attempts[flight->attempt];
	uint64_t roll = dice_below(&world->dice, 100);

	flight->has_left = true;
	attempt->is_taken = roll < 60;
	if (roll < 50)
		flight->outcome = "accepted";
	else if (roll < 68)
		flight->outcome = "unknown";
	else if (roll < 94)
		flight->outcome = "not_accepted";
	else
		flight->outcome = "failed";
	if (!world->script.gateway_says)
		return;
	flight->outcome = world->script.gateway_says;
	attempt->is_taken = strcmp(flight->outcome, "accepted") == 0;
}

/* Its time has ended since the claim: the next one says so. */
static bool is_over(const struct sim_world *world, const struct sim_flight *flight)
{
	return flight->fit_until_ms != 0 && flight->fit_until_ms <= world->now_ms;
}

static void stay(struct sim_flight *flight)
{
	flight->outcome = "not_accepted";
	flight->code = CODE_NOT_NOW;
}

static void fly(struct sim_world *world, struct sim_notifier *notifier)
{
	if (world->script.is_slow)
		return;
	for (size_t i = 0; i < notifier->flights_count; i++)
		if (!notifier->flights[i].has_left && !notifier->flights[i].outcome) {
			if (is_over(world, &notifier->flights[i]))
				stay(&notifier->flights[i]);
			else
				leave(world, &notifier->flights[i]);
			return;
		}
}

/* ---- notifier_end ---- */

static void note_one(struct sim_world *world, const struct sim_notifier *notifier, const struct sim_flight *flight)
{
	struct sim_attempt *attempt = &world->post.attempts[flight->attempt];
	const struct sim_dispatch *dispatch = dispatch_of(&world->post, &attempt->communication_id);
	int64_t pause_ms = (int64_t)dice_below(&world->dice, RETRY_MAX_MS);
	const char *outcome = flight->outcome;

	if (attempt->owner != notifier->owner || attempt->outcome)
		return;
	if (strcmp(outcome, "not_accepted") == 0 && !flight->code &&
	    (attempt->number >= ATTEMPTS_MAX || world->now_ms + pause_ms >= dispatch->send_by_ms))
		outcome = "failed";
	end_attempt(world, attempt, outcome, flight->code);
	move_dispatch(world, attempt, pause_ms);
}

static void note_ended(struct sim_world *world, struct sim_notifier *notifier)
{
	size_t kept = 0;

	if (fails(world, notifier))
		return;
	for (size_t i = 0; i < notifier->flights_count; i++)
		if (notifier->flights[i].outcome)
			note_one(world, notifier, &notifier->flights[i]);
	if (fails(world, notifier)) /* it comes again, and finds that it was noted */
		return;
	for (size_t i = 0; i < notifier->flights_count; i++)
		if (!notifier->flights[i].outcome)
			notifier->flights[kept++] = notifier->flights[i];
	notifier->flights_count = kept;
}

/* ---- notifier_adopt, notifier_expire ---- */

static void sweep(struct sim_world *world, struct sim_notifier *notifier)
{
	struct sim_post *post = &world->post;

	if (fails(world, notifier))
		return;
	for (size_t i = 0; i < post->attempts_count; i++) {
		struct sim_attempt *attempt = &post->attempts[i];

		if (attempt->is_reported || is_alive(post, attempt->owner))
			continue;
		attempt->owner = notifier->owner;
		if (attempt->outcome)
			continue;
		end_attempt(world, attempt, "unknown", NULL);
		move_dispatch(world, attempt, 0);
	}
	if (fails(world, notifier))
		return;
	for (size_t i = 0; i < post->dispatches_count; i++) {
		struct sim_dispatch *dispatch = &post->dispatches[i];

		if ((dispatch->state != DISPATCH_QUEUED && dispatch->state != DISPATCH_WAITING) ||
		    dispatch->send_by_ms > world->now_ms)
			continue;
		dispatch->state = DISPATCH_DONE;
		end_attempt(world, open_attempt(post, dispatch, notifier->owner), "failed", "expired");
	}
	(void)fails(world, notifier);
}

/* ---- reports ---- */

static struct uuid dispatch_id(const struct sim_attempt *attempt)
{
	return uuid_derive(&attempt->communication_id, "dispatch", (uint64_t)attempt->number);
}

static bool is_answered(struct sim_world *world, const struct sim_attempt *attempt)
{
	const struct sim_database *database = &world->databases[SIM_COMMUNICATIONS];
	const struct sim_rows *log = &database->log[world_part_of(&attempt->customer_id)];
	const struct uuid id = dispatch_id(attempt);

	for (size_t i = 0; i < log->count; i++)
		if (uuid_equal(&log->rows[i].row.command_id, &id))
			return true;
	for (size_t i = 0; i < database->parked_count; i++)
		if (!database->parked[i].is_gone && uuid_equal(&database->parked[i].parked.command_id, &id))
			return true;
	return false;
}

static void report_one(struct sim_world *world, const struct sim_notifier *notifier, const struct sim_attempt *attempt)
{
	const struct record_dispatch body = {
		.communication_id = attempt->communication_id,
		.customer_id = attempt->customer_id,
		.attempt = attempt->number,
		.outcome = str_of(attempt->outcome),
		.provider = attempt->is_refused ? STR(PROVIDER_NOTIFIER) : STR("sim"),
		.has_provider_code = attempt->code != NULL,
		.provider_code = attempt->code ? str_of(attempt->code) : STR(""),
		.occurred_at = attempt->ended_at_ms,
	};
	const struct uuid id = dispatch_id(attempt);

	/* A token that is made by a clock so far off is not valid at the broker's time. */
	workload_send_signed(world, SIM_COMMUNICATIONS, &record_dispatch_type, &body, &id,
			     notifier->knows_time || notifier->clock_off_ms == 0 ? "all" : "expired");
}

/* Until it is answered: that the broker has it says nothing, it may become a dead letter. */
static void report(struct sim_world *world, struct sim_notifier *notifier)
{
	struct sim_post *post = &world->post;

	for (size_t i = 0; i < post->attempts_count; i++) {
		struct sim_attempt *attempt = &post->attempts[i];

		if (attempt->owner != notifier->owner || attempt->is_reported || !attempt->outcome)
			continue;
		if (!world->is_calm && dice_hits(&world->dice, 300))
			continue;
		attempt->is_reported = is_answered(world, attempt);
		if (attempt->is_reported || (attempt->reported_at_ms > 0 && world->now_ms - attempt->reported_at_ms < ANSWER_MS))
			continue;
		report_one(world, notifier, attempt);
		attempt->reported_at_ms = world->now_ms;
		if (fails(world, notifier))
			return;
		notifier->knows_time = notifier->knows_time || world->is_calm || dice_hits(&world->dice, 900);
	}
}

/* ---- life ---- */

void notifier_turn(struct sim_world *world)
{
	static void (*const turns[])(struct sim_world *, struct sim_notifier *) = { read_inbox, take,  fly,
										    note_ended, sweep, report };
	struct sim_notifier *notifier = &world->post.notifiers[dice_below(&world->dice, SIM_NOTIFIERS)];

	if ((notifier->is_frozen && !world->is_calm) || world->script.stops_notifiers)
		return;
	if (!notifier->is_connected)
		connect(world, notifier);
	else
		turns[dice_below(&world->dice, COUNT(turns))](world, notifier);
}

/* Bytes may leave while the connection to the database is gone, and somebody else take the program for dead. */
void notifiers_disturb(struct sim_world *world)
{
	struct sim_notifier *notifier = &world->post.notifiers[dice_below(&world->dice, SIM_NOTIFIERS)];

	if (world->script.spares_notifiers)
		return;
	if (dice_hits(&world->dice, 10)) {
		notifier->is_frozen = !notifier->is_frozen;
		notifier->is_connected = notifier->is_connected && dice_hits(&world->dice, 500);
	}
	if (dice_hits(&world->dice, 10))
		fly(world, notifier);
}

bool notifiers_hold(const struct sim_post *post, size_t attempt)
{
	for (size_t i = 0; i < SIM_NOTIFIERS; i++)
		if (flies(&post->notifiers[i], attempt))
			return true;
	return false;
}

bool notifiers_are_idle(const struct sim_world *world)
{
	const struct sim_post *post = &world->post;

	for (size_t i = 0; i < SIM_NOTIFIERS; i++)
		if (!post->notifiers[i].is_connected || post->notifiers[i].flights_count > 0)
			return false;
	for (size_t part = 0; part < SIM_PARTS; part++)
		if (world->inbox_positions[part] < world->events[SIM_COMMUNICATIONS][part].count)
			return false;
	for (size_t i = 0; i < post->attempts_count; i++)
		if (!post->attempts[i].is_reported)
			return false;
	for (size_t i = 0; i < post->dispatches_count; i++) {
		const struct sim_dispatch *dispatch = &post->dispatches[i];

		if (dispatch->state != DISPATCH_DONE &&
		    (dispatch->next_at_ms <= world->now_ms || dispatch->send_by_ms <= world->now_ms))
			return false;
	}
	return true;
}
