#include "consumers/notifier/dispatch.h"

#include "base/array.h"
#include "base/day.h"
#include "base/log.h"
#include "bus/bus.h"
#include "crypto/crypto.h"
#include "crypto/seal.h"

#define CLEAR_SIZE    ((size_t)64 << 10) /* address, subject and text of one message */
#define REOPEN_MS     500
#define LOOK_MS       1000 /* another notifier may have queued messages, or a retry may be due */
#define SWEEP_MS      2000 /* for late messages, and dead notifiers */
#define END_BATCH_MAX 64

/* ---- flights: one message each, on its way ---- */

static struct flight *free_flight(struct dispatch *dispatch)
{
	for (size_t i = 0; i < FLIGHTS_MAX; i++) {
		if (dispatch->flights[i].state == FLIGHT_FREE)
			return &dispatch->flights[i];
	}
	MUST_NOT_REACH("room was counted before");
}

/*
 * Whether and when to retry a message that was certainly not accepted: backoff with full jitter, within the time left until
 * send_by, not before the gateway's Retry-After. Without time or tries left it has failed.
 */
static void plan_retry(struct flight *flight)
{
	const struct dispatch_conf *conf = &flight->dispatch->conf;
	int64_t left_ms = flight->send_by_ms - flight->ended_at_ms;
	int64_t pause_ms;
	uint64_t random;

	random_bytes(&random, sizeof(random));
	pause_ms = throttle_backoff_ms(conf->retry_base_ms, flight->id.attempt, random);
	if (pause_ms >= left_ms && left_ms > 0)
		pause_ms = (int64_t)(random % (uint64_t)left_ms);
	if (pause_ms < flight->verdict.retry_after_ms)
		pause_ms = flight->verdict.retry_after_ms;
	flight->retry_at_ms = flight->ended_at_ms + pause_ms;
	if (pause_ms >= left_ms || flight->id.attempt >= conf->attempts_max)
		flight->verdict.outcome = DISPATCH_OUTCOME_FAILED;
}

static void end_flight(struct flight *flight, const struct verdict *verdict)
{
	flight->verdict = *verdict;
	flight->ended_at_ms = bus_now_ms();
	flight->retry_at_ms = flight->ended_at_ms;
	if (verdict->outcome == DISPATCH_OUTCOME_NOT_ACCEPTED)
		plan_retry(flight);
	flight->state = FLIGHT_ENDED;
}

static void landed(void *flight_arg, const struct http_answer *answer)
{
	struct flight *flight = flight_arg;
	struct verdict verdict;

	MUST(flight->state == FLIGHT_FLYING);
	flight->gateway->judge(answer, &verdict);
	throttle_end(&flight->gateway->throttle, verdict.is_well, verdict.retry_after_ms, clock_monotonic_ms());
	if (!verdict.is_well)
		log_warn("gateway=%s outcome=%s code=%s text=\"%s\"", flight->gateway->name,
			 dispatch_outcome_name(verdict.outcome), verdict.provider_code, answer->text);
	end_flight(flight, &verdict);
}

/* The message was never sent, so its failure says nothing about the gateway. */
static void end_on_ground(struct flight *flight, const struct err *why, const char *code)
{
	struct verdict verdict = { .outcome = why->kind == ERR_POISON ? DISPATCH_OUTCOME_FAILED : DISPATCH_OUTCOME_NOT_ACCEPTED,
				   .is_well = true,
				   .retry_after_ms = -1 };

	log_warn("gateway=%s outcome=%s code=%s text=\"%s\"", flight->gateway->name, dispatch_outcome_name(verdict.outcome), code,
		 why->text);
	MUST(str_to_chars(verdict.provider_code, sizeof(verdict.provider_code), str_of(code)));
	throttle_undo(&flight->gateway->throttle);
	end_flight(flight, &verdict);
}

/* ---- a sealed message becomes a parcel ---- */

static int open_sealed(struct dispatch *dispatch, struct str sealed, const struct seal_place *place, const uint8_t key[32],
		       struct str *ret_text, struct err *err)
{
	char *room = arena_take_bytes(&dispatch->clear, sealed.size);
	struct opened opened;

	if (room == NULL)
		return err_set(err, ERR_POISON, "a sealed text is too long");
	if (unseal(&opened, room, sealed, place, key, err) != 0)
		return -1;
	*ret_text = opened.text;
	return 0;
}

static int open_parcel(struct dispatch *dispatch, const struct taken *taken, struct parcel *parcel, struct err *err)
{
	const struct {
		const struct sealed_column *column;
		struct str sealed;
		struct str *ret_text;
	} texts[] = { { &sealed_message_address, taken->address, &parcel->address },
		      { &sealed_message_subject, taken->subject, &parcel->subject },
		      { &sealed_message_body, taken->text, &parcel->text } };
	struct seal_place place = { .row = taken->id.communication_id,
				    .version = SEALED_MESSAGE_VERSION,
				    .owner = taken->customer_id };
	uint8_t key[32];
	int result = 0;

	*parcel = (struct parcel){ .communication_id = taken->id.communication_id,
				   .customer_id = taken->customer_id,
				   .attempt = taken->id.attempt,
				   .now_ms = bus_now_ms(),
				   .send_by_ms = taken->send_by_ms };
	person_key(key, dispatch->conf.address_key, taken->salt);
	for (size_t i = 0; result == 0 && i < COUNT(texts); i++) {
		place.column = texts[i].column;
		result = open_sealed(dispatch, texts[i].sealed, &place, key, texts[i].ret_text, err);
	}
	wipe(key, sizeof(key));
	return result;
}

static void hand_over(struct dispatch *dispatch, struct flight *flight, const struct taken *taken)
{
	struct gateway *gateway = flight->gateway;
	struct err err = ERR_INIT;
	struct parcel parcel;

	if (open_parcel(dispatch, taken, &parcel, &err) != 0)
		end_on_ground(flight, &err, "unreadable");
	else if (gateway->start(gateway, dispatch->http, &parcel, landed, flight, &err) != 0)
		end_on_ground(flight, &err, "unsendable");
	wipe(dispatch->clear.block, dispatch->clear.used);
	arena_reset(&dispatch->clear);
}

static void fly(struct dispatch *dispatch, struct gateway *gateway, const struct taken *taken)
{
	struct flight *flight = free_flight(dispatch);
	char id[UUID_TEXT_SIZE + 1];

	*flight = (struct flight){
		.state = FLIGHT_FLYING, .dispatch = dispatch, .gateway = gateway, .id = taken->id, .send_by_ms = taken->send_by_ms
	};
	gateway->reference(gateway, &taken->id.communication_id, flight->provider_ref);
	dispatch->busy++;
	throttle_start(&gateway->throttle, clock_monotonic_ms());
	uuid_format(id, &taken->id.communication_id);
	log_context("communication=%s attempt=%d", id, (int)taken->id.attempt);
	hand_over(dispatch, flight, taken);
	log_context("%s", "");
}

/* ---- turns ---- */

/* A failure of the desk is retried later, unless it is fatal. */
static int after_failure(struct dispatch *dispatch, struct err *err)
{
	if (err->kind == ERR_FATAL)
		return -1;
	log_warn("waiting for the database: %s", err->text);
	*err = (struct err)ERR_INIT;
	dispatch->open_at_ms = clock_monotonic_ms() + REOPEN_MS;
	return 0;
}

static int open_desk(struct dispatch *dispatch, struct err *err)
{
	struct attempt_id flying[FLIGHTS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < FLIGHTS_MAX; i++) {
		if (dispatch->flights[i].state != FLIGHT_FREE)
			flying[count++] = dispatch->flights[i].id;
	}
	if (desk_open(dispatch->desk, flying, count, err) != 0)
		return -1;
	dispatch->look_at_ms = dispatch->sweep_at_ms = 0;
	dispatch->to_report++;
	return 0;
}

static void count_outcome(struct dispatch *dispatch, enum dispatch_outcome outcome)
{
	switch (outcome) {
	case DISPATCH_OUTCOME_ACCEPTED:
		dispatch->accepted++;
		return;
	case DISPATCH_OUTCOME_FAILED:
		dispatch->failed++;
		return;
	case DISPATCH_OUTCOME_NOT_ACCEPTED:
		dispatch->not_accepted++;
		return;
	case DISPATCH_OUTCOME_UNKNOWN:
		dispatch->unknown++;
		return;
	case DISPATCH_OUTCOME_NONE:
	case DISPATCH_OUTCOME_COUNT:
		break;
	}
	MUST_NOT_REACH("a try without an outcome");
}

static int note_batch(struct dispatch *dispatch, struct flight **flights, size_t count, struct err *err)
{
	struct ended ended[END_BATCH_MAX];
	int64_t noted;

	for (size_t i = 0; i < count; i++) {
		ended[i] = (struct ended){ .id = flights[i]->id,
					   .outcome = flights[i]->verdict.outcome,
					   .ended_at_ms = flights[i]->ended_at_ms,
					   .retry_at_ms = flights[i]->retry_at_ms,
					   .provider_ref = flights[i]->verdict.outcome == DISPATCH_OUTCOME_ACCEPTED
								   ? flights[i]->provider_ref
								   : "",
					   .provider_code = flights[i]->verdict.provider_code };
	}
	if (desk_end(dispatch->desk, ended, count, &noted, err) != 0)
		return -1;
	if (noted < (int64_t)count)
		log_warn("another notifier took us for dead: %zu outcomes stay unknown", count - (size_t)noted);
	for (size_t i = 0; i < count; i++) {
		count_outcome(dispatch, flights[i]->verdict.outcome);
		flights[i]->state = FLIGHT_FREE;
	}
	dispatch->busy -= count;
	dispatch->to_report++;
	return 0;
}

static int note_ended(struct dispatch *dispatch, struct err *err)
{
	struct flight *flights[END_BATCH_MAX];
	size_t count = 0;

	for (size_t i = 0; i < FLIGHTS_MAX && dispatch->busy > 0; i++) {
		if (dispatch->flights[i].state == FLIGHT_ENDED)
			flights[count++] = &dispatch->flights[i];
		if (count == END_BATCH_MAX || (i == FLIGHTS_MAX - 1 && count > 0)) {
			if (note_batch(dispatch, flights, count, err) != 0)
				return -1;
			count = 0;
		}
	}
	return 0;
}

static int sweep(struct dispatch *dispatch, struct err *err)
{
	int64_t unknown, expired;

	if (desk_adopt(dispatch->desk, &unknown, err) != 0 || desk_expire(dispatch->desk, &expired, err) != 0)
		return -1;
	if (unknown > 0)
		log_warn("%lld messages were under way when a notifier died: they stay unknown and are not sent again",
			 (long long)unknown);
	if (expired > 0)
		log_info("%lld messages were not sent in time", (long long)expired);
	dispatch->to_report++;
	dispatch->sweep_at_ms = clock_monotonic_ms() + SWEEP_MS;
	return 0;
}

/* *ret_more: there may be more due messages than were taken. */
static int take(struct dispatch *dispatch, struct gateway *gateway, bool *ret_more, struct err *err)
{
	int64_t room = throttle_room(&gateway->throttle, clock_monotonic_ms()), looked;
	int64_t places = (int64_t)(FLIGHTS_MAX - dispatch->busy);
	struct db_result taken = { 0 };
	int64_t taken_count;

	if (room > places)
		room = places;
	if (room == 0) {
		*ret_more = true; /* the queue was not read */
		return 0;
	}
	if (desk_take(dispatch->desk, gateway->channel, gateway->name, room, &taken, &looked, err) != 0)
		return -1;
	taken_count = taken.rows;
	for (int row = 0; row < taken.rows; row++) {
		struct taken one = desk_taken(&taken, row);

		fly(dispatch, gateway, &one);
	}
	db_result_release(&taken);
	if (looked == room)
		*ret_more = true;
	if (looked > taken_count) /* refused messages have an outcome now */
		dispatch->to_report++;
	return 0;
}

static int take_all(struct dispatch *dispatch, struct err *err)
{
	bool more = false;

	for (size_t i = 0; i < dispatch->gateways_count; i++) {
		if (take(dispatch, dispatch->gateways[i], &more, err) != 0)
			return -1;
	}
	dispatch->look_at_ms = more ? 0 : clock_monotonic_ms() + LOOK_MS;
	return 0;
}

static int turn(struct dispatch *dispatch, bool may_take, struct err *err)
{
	int64_t now_ms = clock_monotonic_ms();

	if (!desk_is_open(dispatch->desk) && open_desk(dispatch, err) != 0)
		return -1;
	if (note_ended(dispatch, err) != 0)
		return -1;
	if (!may_take)
		return 0;
	if (now_ms >= dispatch->sweep_at_ms && sweep(dispatch, err) != 0)
		return -1;
	return now_ms >= dispatch->look_at_ms ? take_all(dispatch, err) : 0;
}

int dispatch_step(struct dispatch *dispatch, bool may_take, struct err *err)
{
	if (clock_monotonic_ms() < dispatch->open_at_ms)
		return 0;
	return turn(dispatch, may_take, err) == 0 ? 0 : after_failure(dispatch, err);
}

int dispatch_give_up(struct dispatch *dispatch, struct err *err)
{
	http_abandon(dispatch->http);
	dispatch->open_at_ms = 0;
	return dispatch_step(dispatch, false, err);
}

void dispatch_look(struct dispatch *dispatch)
{
	dispatch->look_at_ms = 0;
}

/* ---- life ---- */

int dispatch_open(struct dispatch *dispatch, const struct dispatch_conf *conf, struct desk *desk, struct http *http,
		  struct err *err)
{
	*dispatch = (struct dispatch){ .conf = *conf, .desk = desk, .http = http };
	return arena_init(&dispatch->clear, CLEAR_SIZE, err);
}

void dispatch_release(struct dispatch *dispatch)
{
	arena_release(&dispatch->clear);
	wipe(&dispatch->conf, sizeof(dispatch->conf));
}

void dispatch_add_gateway(struct dispatch *dispatch, struct gateway *gateway)
{
	MUST(dispatch->gateways_count < GATEWAYS_MAX);
	dispatch->gateways[dispatch->gateways_count++] = gateway;
}
