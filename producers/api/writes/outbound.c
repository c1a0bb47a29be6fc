#include "producers/api/writes/outbound.h"

#include <string.h>

#include "base/day.h"
#include "base/log.h"
#include "model/topic.h"
#include "wire/envelope.h"
#include "worker/partitions.h"
#include "worker/program.h"

#define ARENA_SIZE     ((size_t)1 << 20)
#define PARCEL_MAX     ((size_t)128 << 10) /* a value and headers of the largest size */
#define VALUE_SIZE_MAX ((size_t)64 << 10)
#define LINGER_US      100
#define REQUESTS_MAX   2
#define TOKEN_LIFE_MS  (15 * 60000)
#define REST_MS        500
#define PROBE_MS       5000 /* after this long without an answer */
#define PROBE_WAIT_MS  5000
#define PROBE_AWAY_MS  1400 /* the same after connection errors; shutdown waits for it */

/* ---- waiting commands ---- */

static void list_add(struct outbound_list *list, struct outbound_item *item)
{
	item->list = list;
	item->next = NULL;
	item->before = list->last;
	*(list->last != NULL ? &list->last->next : &list->first) = item;
	list->last = item;
}

static void list_remove(struct outbound_item *item)
{
	struct outbound_list *list = item->list;

	MUST(list != NULL);
	*(item->before != NULL ? &item->before->next : &list->first) = item->next;
	*(item->next != NULL ? &item->next->before : &list->last) = item->before;
	item->list = NULL;
}

static struct outbound_item *take_item(struct outbound *outbound)
{
	struct outbound_item *item = outbound->free_items;

	if (item == NULL)
		return NULL;
	outbound->free_items = item->next;
	outbound->used++;
	list_add(&outbound->waiting, item);
	return item;
}

static void free_item(struct outbound_item *item)
{
	list_remove(item);
	item->outbound->used--;
	item->next = item->outbound->free_items;
	item->outbound->free_items = item;
}

static void tell(struct outbound_item *item, bool is_acked)
{
	outbound_done *done = item->done;

	item->done = NULL;
	if (done != NULL)
		done(item->done_arg, is_acked);
}

/* ---- whether Kafka is reachable ---- */

static void note_answer(struct outbound *outbound)
{
	outbound->heard_ms = clock_monotonic_ms();
	if (!outbound->is_ready)
		log_info("Kafka is there");
	outbound->is_ready = true;
}

static void note_away(struct outbound *outbound, const char *why)
{
	if (outbound->is_ready)
		log_warn("Kafka is away: %s next=\"commands are refused until it is back\"", why);
	outbound->is_ready = false;
}

/* Detects silence: a command waits, and Kafka has answered nothing for a while. */
static void note_silence(struct outbound *outbound)
{
	const struct outbound_item *first = outbound->waiting.first;
	int64_t patience_ms = outbound->wait_ms < OUTBOUND_SILENT_MS ? outbound->wait_ms : OUTBOUND_SILENT_MS;
	int64_t since_ms;

	if (first == NULL)
		return;
	since_ms = first->until_ms - outbound->wait_ms;
	if (since_ms < outbound->heard_ms)
		since_ms = outbound->heard_ms;
	if (clock_monotonic_ms() - since_ms >= patience_ms)
		note_away(outbound, "it is silent");
}

/* The broker's answer; called from bus_producer_poll. */
static void acknowledged(void *item_arg, int32_t part, int64_t offset, const struct err *failure)
{
	struct outbound_item *item = item_arg;
	outbound_done *done = item->done;
	void *done_arg = item->done_arg;

	(void)part;
	(void)offset;
	if (failure != NULL)
		log_warn("a command was not taken: %s", failure->text);
	note_answer(item->outbound); /* also for a refusal: librdkafka drops records for no other reason */
	free_item(item);
	if (done != NULL)
		done(done_arg, failure == NULL);
}

/* All have the same wait, so the first is the oldest. */
static void tell_late(struct outbound *outbound)
{
	struct outbound_item *item;

	while ((item = outbound->waiting.first) != NULL && clock_monotonic_ms() >= item->until_ms) {
		list_remove(item);
		list_add(&outbound->late, item);
		tell(item, false);
	}
}

void outbound_give_up(struct outbound *outbound)
{
	for (struct outbound_item *item = outbound->waiting.first; item != NULL; item = item->next)
		tell(item, false);
}

/* ---- Kafka ---- */

static int open_failed(struct outbound *outbound)
{
	bus_producer_close(outbound->opened);
	outbound->opened = NULL;
	return -1;
}

/* In the opener's thread. Opens every topic now: the first use of a topic would block for the broker. */
static int open_producer(void *outbound_arg, struct err *err)
{
	struct outbound *outbound = outbound_arg;
	const char *modules[MODULES_MAX];
	size_t count = topic_modules(modules);
	char topic[TOPIC_NAME_MAX];
	int32_t parts;

	if (bus_producer_open(&outbound->bus, &outbound->opened, err) != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		topic_name(topic, modules[i], TOPIC_COMMANDS);
		if (bus_producer_parts(outbound->opened, topic, &parts, err) == 0)
			continue;
		if (err->kind != ERR_POISON)
			return open_failed(outbound);
		log_warn("%s next=\"its commands are refused until it is there\"", err->text);
	}
	if (outbound->conninfo != NULL && partitions_keep(outbound->conninfo, outbound->opened, err) != 0)
		return open_failed(outbound);
	program_ask_time(outbound->opened);
	return 0;
}

static int turn_opener(struct outbound *outbound, struct err *err)
{
	switch (opener_turn(&outbound->opener)) {
	case OPENER_OPENED:
		outbound->producer = outbound->opened;
		outbound->opened = NULL;
		outbound->errors_seen = bus_producer_errors(outbound->producer);
		note_answer(outbound);
		return 0;
	case OPENER_FAILED:
		if (outbound->opener.err.kind == ERR_FATAL)
			return err_set(err, ERR_FATAL, "%s", outbound->opener.err.text);
		log_warn("Kafka is away: %s", outbound->opener.err.text);
		return 0;
	case OPENER_AT_WORK:
	case OPENER_RESTS:
		return 0;
	}
	MUST_NOT_REACH("a state that an opener has not");
}

/* In the probe's thread; the producer is not closed meanwhile. */
static int probe_producer(void *outbound_arg, struct err *err)
{
	const struct outbound *outbound = outbound_arg;

	return bus_producer_probe(outbound->producer, outbound->probe_wait_ms, err);
}

/* Before the thread starts. False: not needed, Kafka has answered recently. */
static bool prepare_probe(struct outbound *outbound)
{
	bool has_errors = bus_producer_errors(outbound->producer) != outbound->errors_seen;
	int64_t now_ms = clock_monotonic_ms();

	if (outbound->is_ready && !has_errors && now_ms - outbound->heard_ms < PROBE_MS)
		return false;
	outbound->probe_began_ms = now_ms;
	outbound->probe_wait_ms = has_errors || !outbound->is_ready ? PROBE_AWAY_MS : PROBE_WAIT_MS;
	return true;
}

static void turn_probe(struct outbound *outbound)
{
	if (!outbound->probe.is_at_work && !prepare_probe(outbound))
		return;
	switch (opener_turn(&outbound->probe)) {
	case OPENER_OPENED:
		if (outbound->waiting.first ==
		    NULL) /* otherwise waiting commands detect it better: a broker may answer probes and yet take no records */
			note_answer(outbound);
		break;
	case OPENER_FAILED:
		if (outbound->heard_ms < outbound->probe_began_ms) /* nor has any acknowledgement arrived meanwhile */
			note_away(outbound, outbound->probe.err.text);
		break;
	case OPENER_AT_WORK:
		outbound->errors_seen = bus_producer_errors(outbound->producer);
		break;
	case OPENER_RESTS:
		break;
	}
}

/* ---- parcels ---- */

/* A record that waits for the end of the turn; all of it is in the arena. */
struct outbound_parcel {
	struct outbound_parcel *next;
	struct outbound_item *item;
	struct str topic, key, value;
	struct header *headers;
	size_t headers_count;
};

static void send_parcel(struct outbound *outbound, const struct outbound_parcel *parcel)
{
	struct outbound_item *item = parcel->item;
	struct err err = ERR_INIT;

	if (bus_produce(outbound->producer, parcel->topic.data, -1, parcel->key, parcel->value, parcel->headers,
			parcel->headers_count, acknowledged, item, &err) == 0)
		return;
	log_warn("a command was not sent: %s", err.text);
	tell(item, false);
	free_item(item);
}

/* In the order of publishing. */
static void send_parcels(struct outbound *outbound)
{
	struct outbound_parcel *in_order = NULL;
	struct outbound_parcel *parcel;

	while ((parcel = outbound->parcels) != NULL) {
		outbound->parcels = parcel->next;
		parcel->next = in_order;
		in_order = parcel;
	}
	for (parcel = in_order; parcel != NULL; parcel = parcel->next)
		send_parcel(outbound, parcel);
	arena_reset(&outbound->arena);
}

static int encode(struct outbound *outbound, const struct outbound_command *command, struct str *ret_value, struct err *err)
{
	struct str value = command->value;

	buf_reset(&outbound->value);
	if (value.size == 0) {
		if (coder_encode(command->type, command->body, &outbound->value, err) != 0)
			return -1;
		value = buf_str(&outbound->value);
	}
	*ret_value = str_copy(&outbound->arena, value);
	return 0;
}

static int write_headers(struct outbound *outbound, const struct outbound_command *command, struct outbound_parcel *parcel,
			 struct err *err)
{
	struct str actor = command->actor.size > 0 ? command->actor : str_of(outbound->subject);
	struct command_head head = { .id = command->id,
				     .source = STR("/dcs/api"),
				     .actor = str_copy(&outbound->arena, actor),
				     .token = command->token.size > 0 ? command->token : str_of(outbound->token.text),
				     .traceparent = str_copy(&outbound->arena, command->traceparent) };
	struct header headers[HEADERS_MAX];

	if (envelope_write_command(command->type, &head, &outbound->arena, headers, &parcel->headers_count, err) != 0)
		return -1;
	parcel->headers = arena_take(&outbound->arena, parcel->headers_count, sizeof(headers[0]));
	if (parcel->headers != NULL)
		memcpy(parcel->headers, headers, parcel->headers_count * sizeof(headers[0]));
	return 0;
}

/*
 * NULL: the reason is in err. The arena's room was checked before: a record that does not fit there would not fit into Kafka,
 * either.
 */
static struct outbound_parcel *pack(struct outbound *outbound, const struct outbound_command *command, struct err *err)
{
	struct outbound_parcel *parcel = arena_take(&outbound->arena, 1, sizeof(*parcel));
	char key[UUID_TEXT_SIZE + 1];

	MUST(parcel != NULL);
	uuid_format(key, &command->key);
	parcel->topic = str_copy(&outbound->arena, str_of(command->topic));
	parcel->key = str_copy(&outbound->arena, str_of(key));
	if (encode(outbound, command, &parcel->value, err) != 0 || write_headers(outbound, command, parcel, err) != 0)
		return NULL;
	if (parcel->topic.data != NULL && parcel->key.data != NULL && parcel->value.data != NULL && parcel->headers != NULL)
		return parcel;
	(void)err_set(err, ERR_POISON, "a command is too large");
	return NULL;
}

int outbound_publish(struct outbound *outbound, const struct outbound_command *command, outbound_done *done, void *done_arg,
		     struct err *err)
{
	struct outbound_parcel *parcel;
	struct outbound_item *item;

	if (!outbound_is_ready(outbound))
		return err_set(err, ERR_RETRY, "Kafka is away");
	if (own_token_renew(&outbound->token, outbound->keys, outbound->subject, outbound->roles, TOKEN_LIFE_MS, bus_now_ms(),
			    err) != 0)
		return -1;
	if (outbound->free_items == NULL)
		return err_set(err, ERR_RETRY, "too many commands wait for Kafka");
	if (outbound->arena.size - outbound->arena.used < PARCEL_MAX)
		send_parcels(outbound);
	parcel = pack(outbound, command, err);
	if (parcel == NULL)
		return -1;
	item = take_item(outbound);
	item->done = done;
	item->done_arg = done_arg;
	item->until_ms = clock_monotonic_ms() + outbound->wait_ms;
	parcel->item = item;
	parcel->next = outbound->parcels;
	outbound->parcels = parcel;
	return 0;
}

int outbound_run(struct outbound *outbound, int timeout_ms, struct err *err)
{
	if (outbound->producer == NULL)
		return turn_opener(outbound, err);
	send_parcels(outbound);
	bus_producer_poll(outbound->producer, outbound->used > 0 ? timeout_ms : 0);
	note_silence(outbound);
	tell_late(outbound);
	turn_probe(outbound);
	return 0;
}

size_t outbound_waiting(const struct outbound *outbound)
{
	return outbound->used;
}

bool outbound_is_ready(const struct outbound *outbound)
{
	return outbound->is_ready && outbound->producer != NULL;
}

/* ---- as a part of the loop ---- */

static int run_part(void *outbound, struct err *err)
{
	return outbound_run(outbound, 0, err);
}

static size_t watch_part(void *outbound_arg, struct pollfd ret_fds[PART_FDS_MAX])
{
	const struct outbound *outbound = outbound_arg;

	if (outbound->producer == NULL)
		return 0;
	ret_fds[0] = (struct pollfd){ .fd = bus_producer_fd(outbound->producer), .events = POLLIN };
	return 1;
}

static int part_timeout_ms(void *outbound_arg)
{
	const struct outbound *outbound = outbound_arg;
	const struct outbound_item *first = outbound->waiting.first;
	int64_t left_ms = first != NULL ? first->until_ms - clock_monotonic_ms() : REST_MS;

	if (outbound->producer == NULL)
		return OPENER_LOOK_MS;
	if (outbound->parcels != NULL)
		return 0;
	if (outbound->probe.is_at_work && left_ms > OPENER_LOOK_MS)
		return OPENER_LOOK_MS;
	return left_ms < 0 ? 0 : left_ms < REST_MS ? (int)left_ms : REST_MS;
}

static bool part_is_ready(void *outbound)
{
	return outbound_is_ready(outbound);
}

static size_t part_waiting(void *outbound)
{
	return outbound_waiting(outbound);
}

static void part_give_up(void *outbound)
{
	outbound_give_up(outbound);
}

struct part outbound_part(struct outbound *outbound)
{
	return (struct part){ .name = "kafka",
			      .self = outbound,
			      .run = run_part,
			      .watch = watch_part,
			      .timeout_ms = part_timeout_ms,
			      .is_ready = part_is_ready,
			      .waiting = part_waiting,
			      .give_up = part_give_up };
}

/* ---- life ---- */

int outbound_open(struct outbound *outbound, const struct bus_conf *bus, struct token_keys *keys, const char *subject,
		  uint32_t roles, int64_t wait_ms, struct err *err)
{
	*outbound = (struct outbound){ .bus = *bus, .keys = keys, .subject = subject, .roles = roles, .wait_ms = wait_ms };
	outbound->bus.is_unordered = true;
	outbound->bus.linger_us = LINGER_US;
	outbound->bus.requests_max = REQUESTS_MAX;
	outbound->opener = (struct opener){ .open = open_producer, .self = outbound };
	outbound->probe = (struct opener){ .open = probe_producer, .self = outbound };
	for (size_t i = OUTBOUND_MAX; i-- > 0;) {
		outbound->items[i].outbound = outbound;
		outbound->items[i].next = outbound->free_items;
		outbound->free_items = &outbound->items[i];
	}
	buf_init(&outbound->value, VALUE_SIZE_MAX);
	return arena_init(&outbound->arena, ARENA_SIZE, err);
}

void outbound_release(struct outbound *outbound)
{
	(void)opener_end(&outbound->opener);
	(void)opener_end(&outbound->probe);
	bus_producer_close(outbound->opened);
	bus_producer_close(outbound->producer);
	arena_release(&outbound->arena);
	buf_release(&outbound->value);
}
