#include "consumers/notifier/dispatch.h"

#include "base/array.h"
#include "base/day.h"
#include "base/log.h"
#include "bus/bus.h"
#include "consumers/notifier/channel.h"
#include "crypto/crypto.h"
#include "crypto/seal.h"
#include "http/retry_after.h"

#define CLEAR_SIZE         ((size_t)128 << 10) /* address, subject, text and HTML of one message */
#define REOPEN_MS          500
#define LOOK_MS            1000 /* another notifier may have queued messages, or a retry may be due */
#define ASK_MS             200  /* questions are in no hurry */
#define SWEEP_MS           2000 /* for late messages, and dead notifiers */
#define REHEARSED_SWEEP_MS 20   /* a rehearsed day is shorter than two seconds */
#define END_BATCH_MAX      64
#define READY_MS           1000 /* the longest wait for a token: the guard's word gets older */

/* ---- flights: one message each, on its way ---- */

static struct flight *free_flight(struct dispatch *dispatch)
{
	for (size_t i = 0; i < FLIGHTS_MAX; i++) {
		if (dispatch->flights[i].state == FLIGHT_FREE)
			return &dispatch->flights[i];
	}
	MUST_NOT_REACH("room was counted before");
}

static struct channel_gateways channel_beside(const struct dispatch *dispatch, const struct gateway *gateway)
{
	return channel_gather(dispatch->gateways, dispatch->gateways_count, gateway->conf->channel, clock_monotonic_ms());
}

/*
 * The broker's time, and never before the rules' time at which the message was claimed: in a rehearsal this process may not have
 * read the Tick yet that the claim saw.
 */
static int64_t now_of(const struct taken *taken)
{
	int64_t now_ms = bus_now_ms();

	return now_ms > taken->claimed_at_ms ? now_ms : taken->claimed_at_ms;
}

/*
 * Whether and when to retry a message that was certainly not accepted. Another gateway of its channel tries at once, until each
 * could have; such a round counts as one try. Between rounds: backoff with full jitter, within the time left until send_by, not
 * before the gateway's Retry-After. Without time or tries left it has failed.
 */
static void plan_retry(struct flight *flight)
{
	const struct dispatch_conf *conf = &flight->dispatch->conf;
	struct channel_gateways channel = channel_beside(flight->dispatch, flight->gateway);
	bool goes_on = flight->tries % (int64_t)channel.count != 0 && channel_has_another(&channel, flight->gateway);
	int64_t rounds = (flight->tries - 1) / (int64_t)channel.count + 1;
	int64_t left_ms = flight->send_by_ms - flight->ended_at_ms;
	int64_t pause_ms;
	uint64_t random;

	random_bytes(&random, sizeof(random));
	pause_ms = goes_on ? 0 : throttle_backoff_ms(conf->retry_base_ms, rounds, random);
	if (pause_ms >= left_ms && left_ms > 0)
		pause_ms = (int64_t)(random % (uint64_t)left_ms);
	if (!goes_on && pause_ms < flight->retry_after_ms)
		pause_ms = flight->retry_after_ms;
	if (flight->is_no_try)
		return;
	flight->retry_at_ms = flight->ended_at_ms + pause_ms;
	if (pause_ms >= left_ms || flight->tries >= conf->attempts_max * (int64_t)channel.count)
		flight->verdict.outcome = DISPATCH_OUTCOME_FAILED;
}

static bool can_be_asked(const struct gateway *gateway)
{
	return gateway->kind->doubt != DOUBT_STAYS;
}

/* Whether an outcome that nobody knows may become known, and when to ask. */
static bool plan_question(struct flight *flight)
{
	uint64_t random;

	if (!can_be_asked(flight->gateway) || flight->asks >= ASKS_MAX)
		return false;
	random_bytes(&random, sizeof(random));
	flight->retry_at_ms =
		flight->ended_at_ms + throttle_backoff_ms(flight->dispatch->conf.ask_base_ms, flight->asks + 1, random);
	if (flight->retry_at_ms < flight->ended_at_ms + flight->retry_after_ms)
		flight->retry_at_ms = flight->ended_at_ms + flight->retry_after_ms;
	return true;
}

/*
 * After a question the message has been accepted, or is known to have failed, or is as doubtful as before: "not accepted" is
 * said of the question.
 */
static void end_flight(struct flight *flight, const struct verdict *verdict)
{
	flight->verdict = *verdict;
	flight->ended_at_ms = now_of(&flight->taken);
	flight->retry_at_ms = flight->ended_at_ms;
	flight->state = FLIGHT_ENDED;
	if (flight->is_question && verdict->outcome == DISPATCH_OUTCOME_NOT_ACCEPTED)
		flight->verdict.outcome = DISPATCH_OUTCOME_UNKNOWN;
	if (flight->verdict.outcome == DISPATCH_OUTCOME_NOT_ACCEPTED)
		plan_retry(flight);
	else if (flight->verdict.outcome == DISPATCH_OUTCOME_UNKNOWN && plan_question(flight))
		flight->state = FLIGHT_DOUBTFUL;
}

static void judge(struct flight *flight, const struct http_answer *answer, struct verdict *verdict)
{
	const struct gateway *gateway = flight->gateway;

	if (flight->is_question && gateway->kind->doubt == DOUBT_ASKS)
		gateway->kind->judge_asked(&flight->asked, answer, verdict);
	else
		gateway->kind->judge(gateway->conf, &flight->id.communication_id, answer, verdict);
	/* A repetition that is refused says nothing about the first request, unless the provider keeps its word about repetitions. */
	if (flight->is_question && gateway->kind->doubt == DOUBT_REPEATS && verdict->outcome == DISPATCH_OUTCOME_FAILED)
		verdict->outcome = DISPATCH_OUTCOME_UNKNOWN;
}

void dispatch_leaves(void *flight_arg)
{
	struct flight *flight = flight_arg;

	MUST(flight->state == FLIGHT_FLYING);
	if (!flight->has_left)
		throttle_leave(&flight->gateway->throttle, clock_monotonic_ms());
	flight->has_left = true;
}

static void landed(void *flight_arg, const struct http_answer *answer)
{
	struct flight *flight = flight_arg;
	struct gateway *gateway = flight->gateway;
	struct verdict verdict;

	dispatch_leaves(flight); /* at the latest: a kind without requests does not tell, and an attempt to connect is one, too */
	judge(flight, answer, &verdict);
	flight->retry_after_ms = retry_after_ms(answer->retry_after, now_of(&flight->taken));
	throttle_end(&gateway->throttle, verdict.is_well, flight->retry_after_ms, clock_monotonic_ms());
	if (!verdict.is_well)
		log_warn("gateway=%s outcome=%s code=%s text=\"%s\"", gateway->conf->name, dispatch_outcome_name(verdict.outcome),
			 verdict.provider_code, answer->text);
	end_flight(flight, &verdict);
}

static enum dispatch_outcome outcome_on_ground(const struct flight *flight, const struct err *why)
{
	if (flight->is_question)
		return DISPATCH_OUTCOME_UNKNOWN; /* not of the message: it may have left before */
	return why->kind == ERR_POISON ? DISPATCH_OUTCOME_FAILED : DISPATCH_OUTCOME_NOT_ACCEPTED;
}

/* Nothing was sent, so it says nothing about the gateway. */
static void end_on_ground(struct flight *flight, const struct err *why, const char *code)
{
	struct verdict verdict = { .outcome = outcome_on_ground(flight, why), .is_well = true };

	log_warn("gateway=%s outcome=%s code=%s text=\"%s\"", flight->gateway->conf->name, dispatch_outcome_name(verdict.outcome),
		 code, why->text);
	MUST(str_to_chars(verdict.provider_code, sizeof(verdict.provider_code), str_of(code)));
	throttle_undo(&flight->gateway->throttle);
	if (why->kind == ERR_POISON)
		flight->asks = ASKS_MAX; /* another question would end like this one */
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

/* What the provider is told: it must not deliver later, either. */
static int64_t last_instant(const struct taken *taken)
{
	return taken->fit_until_ms != 0 && taken->fit_until_ms < taken->send_by_ms ? taken->fit_until_ms : taken->send_by_ms;
}

static int open_parcel(struct dispatch *dispatch, const struct taken *taken, struct parcel *parcel, struct err *err)
{
	const struct {
		const struct sealed_column *column;
		struct str sealed;
		struct str *ret_text;
	} texts[] = { { &sealed_message_address, taken->address, &parcel->address },
		      { &sealed_message_subject, taken->subject, &parcel->subject },
		      { &sealed_message_body, taken->text, &parcel->text },
		      { &sealed_message_html, taken->html, &parcel->html } };
	struct seal_place place = { .row = taken->id.communication_id,
				    .version = SEALED_MESSAGE_VERSION,
				    .owner = taken->customer_id };
	uint8_t key[32];
	int result = 0;

	*parcel = (struct parcel){ .communication_id = taken->id.communication_id,
				   .customer_id = taken->customer_id,
				   .attempt = taken->id.attempt,
				   .now_ms = now_of(taken),
				   .send_by_ms = last_instant(taken) };
	person_key(key, dispatch->conf.address_key, taken->salt);
	for (size_t i = 0; result == 0 && i < COUNT(texts); i++) {
		if (texts[i].column == &sealed_message_html && texts[i].sealed.size == 0)
			continue;
		place.column = texts[i].column;
		result = open_sealed(dispatch, texts[i].sealed, &place, key, texts[i].ret_text, err);
	}
	wipe(key, sizeof(key));
	return result;
}

/* The name is the customer's own, and is opened as such. */
static int open_name(struct dispatch *dispatch, const struct taken *taken, const struct letter_facts *facts, struct str *ret_name,
		     struct err *err)
{
	const struct seal_place place = {
		.column = &sealed_name, .row = taken->customer_id, .version = facts->name_version, .owner = taken->customer_id
	};
	uint8_t key[32];
	int result;

	person_key(key, dispatch->conf.address_key, taken->salt);
	result = open_sealed(dispatch, facts->name, &place, key, ret_name, err);
	wipe(key, sizeof(key));
	return result;
}

/* What a letter needs beside its texts. */
static int open_letter(struct dispatch *dispatch, const struct taken *taken, const struct db_result *row, struct parcel *parcel,
		       struct err *err)
{
	struct letter_facts facts;

	if (row->rows == 0)
		return err_set(err, ERR_RETRY, "the letter is claimed no more, or its facts cannot be read");
	facts = desk_letter_facts(row);
	parcel->language = facts.language;
	parcel->message_class = facts.message_class;
	parcel->creditor_id = facts.creditor_id;
	parcel->dated_on = facts.dated_on;
	return open_name(dispatch, taken, &facts, &parcel->name, err);
}

static bool is_letter(const struct gateway *gateway)
{
	return str_is(str_of(gateway->conf->channel), "letter");
}

static int begin(struct dispatch *dispatch, struct flight *flight, const struct parcel *parcel, struct err *err)
{
	const struct gateway *gateway = flight->gateway;

	if (!flight->is_question || gateway->kind->doubt == DOUBT_REPEATS)
		return gateway->kind->start(gateway->conf, dispatch->http, parcel, landed, flight, err);
	flight->asked.communication_id = parcel->communication_id;
	digest_of(flight->asked.text_digest, parcel->text);
	return gateway->kind->ask(gateway->conf, dispatch->http, parcel, &flight->asked, landed, flight, err);
}

/* The claim has told the time; since then only our own clock has, which need not be right, but goes. */
static bool is_over(const struct taken *taken, int64_t taken_at_ms)
{
	int64_t now_ms = taken->claimed_at_ms + clock_monotonic_ms() - taken_at_ms;

	return taken->fit_until_ms != 0 && now_ms >= taken->fit_until_ms;
}

static void hand_over(struct dispatch *dispatch, struct flight *flight)
{
	const struct taken *taken = &flight->taken;
	struct err err = ERR_INIT;
	struct parcel parcel;

	if (!flight->is_question && is_over(taken, flight->taken_at_ms)) {
		flight->is_no_try = true;
		(void)err_set(&err, ERR_RETRY, "the time in which it may leave has ended since the claim");
		end_on_ground(flight, &err, "not_now");
	} else if (flight->is_question && flight->gateway->kind->doubt == DOUBT_REPEATS && !taken->may_leave) {
		(void)err_set(&err, ERR_POISON, "it may not be repeated any more");
		end_on_ground(flight, &err, "not_repeated");
	} else if (open_parcel(dispatch, taken, &parcel, &err) != 0 ||
		   (is_letter(flight->gateway) && open_letter(dispatch, taken, &flight->letter, &parcel, &err) != 0)) {
		end_on_ground(flight, &err, "unreadable");
	} else if (begin(dispatch, flight, &parcel, &err) != 0) {
		end_on_ground(flight, &err, "unsendable");
	}
	wipe(dispatch->clear.block, dispatch->clear.used);
	arena_reset(&dispatch->clear);
}

/* ---- ready: claimed, and not handed over ---- */

static struct str keep(struct buf *sealed, struct str text)
{
	struct str kept = { .data = (const char *)sealed->data + sealed->size, .size = text.size };

	buf_add_str(sealed, text);
	return kept;
}

/* The row is released before the message leaves: its texts are copied. */
static void keep_texts(struct flight *flight, const struct taken *taken)
{
	struct taken *kept = &flight->taken;

	buf_init(&flight->sealed, CLEAR_SIZE);
	if (buf_reserve(&flight->sealed, taken->address.size + taken->subject.size + taken->text.size + taken->html.size +
						 taken->salt.size) == NULL)
		return; /* more than anything of ours has: they stay empty, and do not open */
	kept->address = keep(&flight->sealed, taken->address);
	kept->subject = keep(&flight->sealed, taken->subject);
	kept->text = keep(&flight->sealed, taken->text);
	kept->html = keep(&flight->sealed, taken->html);
	kept->salt = keep(&flight->sealed, taken->salt);
}

/* What a letter needs beside its texts, read at the claim, when the desk can be asked. No row: it cannot be read, or is no letter. */
static struct db_result read_letter(struct dispatch *dispatch, const struct gateway *gateway, const struct taken *taken)
{
	struct db_result letter = { 0 };
	struct err err = ERR_INIT;

	if (is_letter(gateway) && desk_letter(dispatch->desk, &taken->id.communication_id, &letter, &err) != 0)
		log_warn("a letter's facts cannot be read: %s", err.text);
	return letter;
}

static void make_ready(struct dispatch *dispatch, struct gateway *gateway, const struct taken *taken, int64_t taken_at_ms,
		       bool is_question)
{
	struct db_result letter =
		read_letter(dispatch, gateway, taken); /* before it is ready: what is ready may leave meanwhile */
	struct flight *flight = free_flight(dispatch);

	*flight = (struct flight){ .state = FLIGHT_READY,
				   .dispatch = dispatch,
				   .gateway = gateway,
				   .id = taken->id,
				   .taken = *taken,
				   .letter = letter,
				   .turn = is_question ? 0 : ++dispatch->turns,
				   .taken_at_ms = taken_at_ms,
				   .ready_at_ms = clock_monotonic_ms(),
				   .tries = taken->tries,
				   .send_by_ms = taken->send_by_ms,
				   .is_question = is_question,
				   .asks = taken->asks,
				   .asked = { .started_at_ms = taken->started_at_ms } };
	flight->taken.address = flight->taken.subject = flight->taken.text = flight->taken.html = flight->taken.salt = STR("");
	keep_texts(flight, taken);
	throttle_claim(&gateway->throttle);
	dispatch->busy++;
	dispatch->ready++;
}

static void forget_ready(struct flight *flight)
{
	buf_release(&flight->sealed);
	db_result_release(&flight->letter);
	flight->dispatch->ready--;
}

static void fly(struct dispatch *dispatch, struct flight *flight)
{
	char id[UUID_TEXT_SIZE + 1];

	flight->state = FLIGHT_FLYING;
	throttle_start(&flight->gateway->throttle, clock_monotonic_ms());
	uuid_format(id, &flight->id.communication_id);
	log_context("communication=%s attempt=%d", id, (int)flight->id.attempt);
	hand_over(dispatch, flight);
	log_context("%s", "");
	forget_ready(flight);
}

static void give_back(struct flight *flight)
{
	const struct verdict verdict = { .outcome = DISPATCH_OUTCOME_NOT_ACCEPTED,
					 .is_well = true,
					 .provider_code = "not_started" };

	throttle_give_back(&flight->gateway->throttle);
	flight->is_no_try = true;
	end_flight(flight, &verdict);
	forget_ready(flight);
}

/* The one whose turn it is; NULL: none. */
static struct flight *first_ready(struct dispatch *dispatch, const struct gateway *gateway)
{
	struct flight *first = NULL;

	for (size_t i = 0; i < FLIGHTS_MAX; i++) {
		struct flight *flight = &dispatch->flights[i];

		if (flight->state == FLIGHT_READY && flight->gateway == gateway && (first == NULL || flight->turn < first->turn))
			first = flight;
	}
	return first;
}

static void give_back_late(struct dispatch *dispatch)
{
	int64_t now_ms = clock_monotonic_ms();

	for (size_t i = 0; i < FLIGHTS_MAX && dispatch->ready > 0; i++) {
		struct flight *flight = &dispatch->flights[i];

		if (flight->state == FLIGHT_READY &&
		    (now_ms - flight->ready_at_ms >= READY_MS || throttle_is_open(&flight->gateway->throttle, now_ms)))
			give_back(flight);
	}
}

void dispatch_pace(struct dispatch *dispatch)
{
	for (size_t i = 0; i < dispatch->gateways_count && dispatch->ready > 0; i++) {
		struct gateway *gateway = dispatch->gateways[i];

		while (gateway->throttle.waiting > 0 && throttle_room(&gateway->throttle, clock_monotonic_ms()) > 0)
			fly(dispatch, first_ready(dispatch, gateway));
	}
	give_back_late(dispatch);
}

int64_t dispatch_pace_wait_ms(const struct dispatch *dispatch, int64_t max_ms)
{
	for (size_t i = 0; i < dispatch->gateways_count; i++) {
		struct throttle *throttle = &dispatch->gateways[i]->throttle;
		int64_t wait_ms = throttle->waiting > 0 ? throttle_wait_ms(throttle, clock_monotonic_ms()) : -1;

		if (wait_ms >= 0 && wait_ms < max_ms)
			max_ms = wait_ms;
	}
	return max_ms;
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
	bool goes_on = false; /* to another gateway, at once */
	int64_t noted;

	for (size_t i = 0; i < count; i++) {
		ended[i] = (struct ended){ .id = flights[i]->id,
					   .outcome = flights[i]->verdict.outcome,
					   .ended_at_ms = flights[i]->ended_at_ms,
					   .retry_at_ms = flights[i]->retry_at_ms,
					   .provider_ref = flights[i]->verdict.outcome == DISPATCH_OUTCOME_ACCEPTED
								   ? flights[i]->verdict.provider_ref
								   : "",
					   .provider_code = flights[i]->verdict.provider_code,
					   .has_opted_out = flights[i]->verdict.has_opted_out };
	}
	if (desk_end(dispatch->desk, ended, count, &noted, err) != 0)
		return -1;
	if (noted < (int64_t)count)
		log_warn("another notifier took us for dead: %zu outcomes stay unknown", count - (size_t)noted);
	for (size_t i = 0; i < count; i++) {
		count_outcome(dispatch, flights[i]->verdict.outcome);
		goes_on |= flights[i]->verdict.outcome == DISPATCH_OUTCOME_NOT_ACCEPTED &&
			   flights[i]->retry_at_ms <= flights[i]->ended_at_ms;
		flights[i]->state = FLIGHT_FREE;
	}
	dispatch->busy -= count;
	dispatch->to_report++;
	if (dispatch->waits_for_end || goes_on)
		dispatch_look(dispatch);
	return 0;
}

static int note_doubts(struct dispatch *dispatch, struct flight **flights, size_t count, struct err *err)
{
	struct doubt_of doubts[END_BATCH_MAX] = { 0 };

	for (size_t i = 0; i < count; i++)
		doubts[i] = (struct doubt_of){ .id = flights[i]->id, .ask_at_ms = flights[i]->retry_at_ms };
	if (desk_doubt(dispatch->desk, doubts, count, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		flights[i]->state = FLIGHT_FREE;
	dispatch->busy -= count;
	dispatch->doubtful += count;
	return 0;
}

/* Notes the flights of a state, in batches. */
static int note_all(struct dispatch *dispatch, int state,
		    int (*note)(struct dispatch *dispatch, struct flight **flights, size_t count, struct err *err),
		    struct err *err)
{
	struct flight *flights[END_BATCH_MAX];
	size_t count = 0;

	for (size_t i = 0; i < FLIGHTS_MAX && dispatch->busy > 0; i++) {
		if ((int)dispatch->flights[i].state == state)
			flights[count++] = &dispatch->flights[i];
		if (count == END_BATCH_MAX || (i == FLIGHTS_MAX - 1 && count > 0)) {
			if (note(dispatch, flights, count, err) != 0)
				return -1;
			count = 0;
		}
	}
	return 0;
}

static int note_ended(struct dispatch *dispatch, struct err *err)
{
	if (note_all(dispatch, FLIGHT_ENDED, note_batch, err) != 0)
		return -1;
	return note_all(dispatch, FLIGHT_DOUBTFUL, note_doubts, err);
}

static int sweep(struct dispatch *dispatch, struct err *err)
{
	const char *asking[GATEWAYS_MAX];
	size_t asking_count = 0;
	int64_t unknown, expired;

	for (size_t i = 0; i < dispatch->gateways_count; i++) {
		if (can_be_asked(dispatch->gateways[i]))
			asking[asking_count++] = dispatch->gateways[i]->conf->name;
	}
	if (desk_adopt(dispatch->desk, asking, asking_count, &unknown, err) != 0 ||
	    desk_expire(dispatch->desk, &expired, err) != 0)
		return -1;
	if (unknown > 0)
		log_warn("%lld messages were under way when a notifier died: they stay unknown and are not sent again",
			 (long long)unknown);
	if (expired > 0)
		log_info("%lld messages were not sent in time", (long long)expired);
	dispatch->to_report++;
	dispatch->sweep_at_ms = clock_monotonic_ms() + (bus_is_rehearsal() ? REHEARSED_SWEEP_MS : SWEEP_MS);
	return 0;
}

/* The next look: a queue that was not read to its end is looked at again when there can be room. */
static void look_within(struct dispatch *dispatch, int64_t wait_ms)
{
	int64_t at_ms = clock_monotonic_ms() + wait_ms;

	if (wait_ms >= 0 && at_ms < dispatch->look_at_ms)
		dispatch->look_at_ms = at_ms;
}

static void look_when_there_is_room(struct dispatch *dispatch, struct gateway *gateway)
{
	int64_t wait_ms = throttle_claims_wait_ms(&gateway->throttle, clock_monotonic_ms());

	if (wait_ms < 0)
		dispatch->waits_for_end = true;
	else
		look_within(dispatch, wait_ms);
}

/* taken_at_ms: monotonic, before the statement. */
static void make_all_ready(struct dispatch *dispatch, struct gateway *gateway, const struct db_result *taken, int64_t taken_at_ms,
			   bool are_questions)
{
	for (int row = 0; row < taken->rows; row++) {
		struct taken one = desk_taken(taken, row);

		make_ready(dispatch, gateway, &one, taken_at_ms, are_questions);
	}
	dispatch_pace(dispatch);
}

static int64_t room_of(struct dispatch *dispatch, struct gateway *gateway)
{
	int64_t room = throttle_claims(&gateway->throttle, clock_monotonic_ms());
	int64_t places = (int64_t)(FLIGHTS_MAX - dispatch->busy);

	return room < places ? room : places;
}

/* Questions come first: their answers are waited for. */
static int ask(struct dispatch *dispatch, struct gateway *gateway, struct err *err)
{
	int64_t room = room_of(dispatch, gateway);
	int64_t taken_at_ms = clock_monotonic_ms();
	struct db_result taken = { 0 };

	if (!can_be_asked(gateway) || room == 0)
		return 0;
	if (desk_ask(dispatch->desk, gateway->conf->name, room, &taken, err) != 0)
		return -1;
	make_all_ready(dispatch, gateway, &taken, taken_at_ms, true);
	db_result_release(&taken);
	return 0;
}

static int take(struct dispatch *dispatch, struct gateway *gateway, struct err *err)
{
	struct channel_gateways channel = channel_beside(dispatch, gateway);
	struct desk_wish wish = { .channel = gateway->conf->channel, .gateway = gateway->conf->name };
	struct db_result taken = { 0 };
	int64_t taken_at_ms = clock_monotonic_ms();
	int64_t looked;

	wish.count_max = room_of(dispatch, gateway);
	if (wish.count_max == 0) {
		look_when_there_is_room(dispatch, gateway);
		return 0;
	}
	wish.not_after_count = channel_not_after(&channel, gateway, wish.not_after);
	if (wish.not_after_count > channel.count) /* everything goes to others */
		return 0;
	if (desk_take(dispatch->desk, &wish, &taken, &looked, err) != 0)
		return -1;
	if (looked == wish.count_max)
		look_within(dispatch, 0);
	if (looked > taken.rows) /* refused messages have an outcome now */
		dispatch->to_report++;
	make_all_ready(dispatch, gateway, &taken, taken_at_ms, false);
	db_result_release(&taken);
	return 0;
}

static int take_all(struct dispatch *dispatch, struct err *err)
{
	bool may_ask = clock_monotonic_ms() >= dispatch->ask_at_ms;

	dispatch->look_at_ms = clock_monotonic_ms() + LOOK_MS;
	dispatch->waits_for_end = false;
	if (may_ask)
		dispatch->ask_at_ms = clock_monotonic_ms() + ASK_MS;
	for (size_t i = 0; i < dispatch->gateways_count; i++) {
		if (may_ask && ask(dispatch, dispatch->gateways[i], err) != 0)
			return -1;
		if (take(dispatch, dispatch->gateways[i], err) != 0)
			return -1;
	}
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
	dispatch_pace(dispatch);
	if (clock_monotonic_ms() < dispatch->open_at_ms)
		return 0;
	return turn(dispatch, may_take, err) == 0 ? 0 : after_failure(dispatch, err);
}

int dispatch_give_up(struct dispatch *dispatch, struct err *err)
{
	http_abandon(dispatch->http);
	for (size_t i = 0; i < FLIGHTS_MAX; i++) {
		if (dispatch->flights[i].state == FLIGHT_READY)
			give_back(&dispatch->flights[i]);
	}
	dispatch->open_at_ms = 0;
	return dispatch_step(dispatch, false, err);
}

int64_t dispatch_wait_ms(const struct dispatch *dispatch, int64_t max_ms)
{
	int64_t now_ms = clock_monotonic_ms();
	bool has_ended = dispatch->busy > dispatch->ready + http_running(dispatch->http); /* while a statement ran, say */
	int64_t at_ms = dispatch->open_at_ms;

	if (!has_ended && dispatch->look_at_ms > at_ms)
		at_ms = dispatch->look_at_ms;
	if (at_ms <= now_ms)
		return 0;
	return dispatch_pace_wait_ms(dispatch, at_ms - now_ms < max_ms ? at_ms - now_ms : max_ms);
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
	for (size_t i = 0; i < FLIGHTS_MAX; i++) {
		if (dispatch->flights[i].state == FLIGHT_READY)
			forget_ready(&dispatch->flights[i]);
	}
	arena_release(&dispatch->clear);
	wipe(&dispatch->conf, sizeof(dispatch->conf));
}

void dispatch_add_gateway(struct dispatch *dispatch, struct gateway *gateway)
{
	MUST(dispatch->gateways_count < GATEWAYS_MAX);
	dispatch->gateways[dispatch->gateways_count++] = gateway;
}
