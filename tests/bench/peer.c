/*
 * The peer: what a plain set-based program does with the same commands on the same stack (README.md). A batch of records is one
 * transaction: load the debts it touches, decide in memory, COPY events, entries, payments and new debts, one UPDATE for the
 * changed ones, move the positions; then its events are sent. Positions stand in the database, so each record is applied once, and
 * a command that was sent twice is known by its id. Written to be fast, and to show what a program costs that does nothing else: no
 * tokens, no roles, no chain of hashes, no references that are unique, no schemas. What it would do at a start, namely send again
 * what was committed and not acknowledged, is left out: it costs a running program nothing.
 *
 * Partitions are dealt out as a range, by numbers given at the start: no group.
 *
 * usage: peer --session N --sessions N --batch SIZE     (DCS_PG, DCS_KAFKA_BOOTSTRAP)
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/conf.h"
#include "base/must.h"
#include "peer_db.h"
#include "peer_kafka.h"
#include "world.h"

#define BATCH_MAX  65536
#define IDLE_MS    100
#define GATHER_MS  5 /* a batch that is not full waits once so long for more */
#define SLOTS_FREE UINT32_MAX

/* A command, and what becomes of it. */
struct item {
	rd_kafka_message_t *message;
	struct peer_position *position;
	struct uuid id;
	enum peer_kind kind;
	bool is_suspect; /* its id is not above all before: it may be a repetition */
	bool is_repeat;
	uint32_t slot;
	union {
		struct peer_create_debt create;
		struct peer_record_payment pay;
	} body;
	enum peer_kind answer;
	int64_t seq;
	struct peer_event event;
};

struct batch {
	struct item *items;
	size_t count;
};

struct peer {
	const char *pg, *bootstrap;
	int64_t session, sessions, batch_max;
	struct peer_db db;
	struct peer_position positions[WORLD_PARTS];
	size_t positions_count;
	struct peer_kafka kafka;
	struct peer_debt *debts; /* that the batch touches */
	size_t debts_count;
	struct peer_debt **order; /* of their ids, those that are loaded; behind them those that are created */
	uint32_t *slots;          /* debts by id: open addressing */
	size_t slots_count;
	struct batch batches[2]; /* one is being committed while the next is collected */
};

static volatile sig_atomic_t is_stopped;

static void on_signal(int number)
{
	(void)number;
	is_stopped = 1;
}

/* ---- collecting ---- */

static int read_item(struct peer *peer, struct item *item, rd_kafka_message_t *message, struct err *err)
{
	*item = (struct item){ .message = message };
	item->position = &peer->positions[message->partition - peer->positions[0].part];
	if (peer_kafka_headers(message, &item->id, &item->kind, err) < 0)
		return -1;
	if (message->len != (item->kind == PEER_CREATE_DEBT ? sizeof(item->body.create) : sizeof(item->body.pay)))
		return err_set(err, ERR_FATAL, "a command of the wrong size");
	memcpy(&item->body, message->payload, message->len);
	item->is_suspect = uuid_compare(&item->id, &item->position->highest_id) <= 0;
	if (!item->is_suspect)
		item->position->highest_id = item->id;
	return 0;
}

/* What has come; waits for the first no longer than wait_ms, and once for more. */
static int collect(struct peer *peer, struct batch *batch, int wait_ms, struct err *err)
{
	bool may_gather = true;

	batch->count = 0;
	while (batch->count < (size_t)peer->batch_max) {
		rd_kafka_message_t *message;

		if (peer_kafka_next(&peer->kafka, 0, &message, err) < 0)
			return -1;
		if (!message && (batch->count == 0 || may_gather)) {
			may_gather = may_gather && batch->count == 0;
			if (peer_kafka_next(&peer->kafka, batch->count == 0 ? wait_ms : GATHER_MS, &message, err) < 0)
				return -1;
		}
		if (!message)
			return 0;
		if (read_item(peer, &batch->items[batch->count], message, err) < 0)
			return -1;
		batch->count++;
	}
	return 0;
}

/* ---- the debts of a batch ---- */

static uint32_t debt_slot(struct peer *peer, const struct uuid *id)
{
	uint64_t hash;

	memcpy(&hash, (const char *)id + 8, sizeof(hash)); /* the random half of a UUIDv7 */
	for (size_t at = hash & (peer->slots_count - 1);; at = (at + 1) & (peer->slots_count - 1)) {
		uint32_t slot = peer->slots[at];

		if (slot == SLOTS_FREE) {
			peer->slots[at] = (uint32_t)peer->debts_count;
			peer->debts[peer->debts_count] = (struct peer_debt){ .id = *id };
			return (uint32_t)peer->debts_count++;
		}
		if (uuid_equal(&peer->debts[slot].id, id))
			return slot;
	}
}

static int compare(const void *a, const void *b)
{
	struct peer_debt *const *first = a;
	struct peer_debt *const *second = b;

	return uuid_compare(&(*first)->id, &(*second)->id);
}

/* A debt that is created is taken for new, as its command is; the primary key sees to it. */
static int load(struct peer *peer, struct batch *batch, struct err *err)
{
	size_t wanted;

	memset(peer->slots, 0xFF, peer->slots_count * sizeof(*peer->slots));
	peer->debts_count = 0;
	for (struct item *item = batch->items; item < batch->items + batch->count; item++)
		if (item->kind == PEER_RECORD_PAYMENT)
			item->slot = debt_slot(peer, &item->body.pay.debt_id);
	wanted = peer->debts_count;
	for (struct item *item = batch->items; item < batch->items + batch->count; item++)
		if (item->kind == PEER_CREATE_DEBT)
			item->slot = debt_slot(peer, &item->body.create.debt_id);
	for (size_t i = 0; i < peer->debts_count; i++)
		peer->order[i] = &peer->debts[i];
	qsort(peer->order, wanted, sizeof(struct peer_debt *), compare);
	return peer_db_load(&peer->db, peer->order, wanted, err);
}

static bool is_in(const struct batch *batch, const struct item *end)
{
	for (const struct item *item = batch->items; item < end; item++)
		if (uuid_equal(&item->id, &end->id))
			return true;
	return false;
}

/* One command in a thousand here: sent again, or overtaken by one of another producer. */
static int find_repeats(struct peer *peer, struct batch *batch, struct err *err)
{
	static struct uuid ids[BATCH_MAX];
	static bool is_known[BATCH_MAX];
	size_t count = 0;
	size_t at = 0;

	for (struct item *item = batch->items; item < batch->items + batch->count; item++)
		if (item->is_suspect)
			ids[count++] = item->id;
	if (count == 0)
		return 0;
	memset(is_known, 0, count);
	if (peer_db_known(&peer->db, ids, count, is_known, err) < 0)
		return -1;
	for (struct item *item = batch->items; item < batch->items + batch->count; item++)
		if (item->is_suspect)
			item->is_repeat = is_known[at++] || is_in(batch, item);
	return 0;
}

/* ---- deciding ---- */

static int64_t take(int64_t *balance_minor, int64_t *left_minor)
{
	int64_t taken_minor = *balance_minor < *left_minor ? *balance_minor : *left_minor;

	*balance_minor -= taken_minor;
	*left_minor -= taken_minor;
	return -taken_minor;
}

static void reject(struct item *item, const char *code)
{
	item->answer = PEER_REJECTED;
	memcpy(item->event.code, code, strnlen(code, sizeof(item->event.code)));
}

static void decide_create(struct item *item, struct peer_debt *debt)
{
	const struct peer_create_debt *body = &item->body.create;

	item->event.debt_id = body->debt_id;
	item->event.customer_id = body->customer_id;
	if (debt->is_there) {
		reject(item, "debt_exists");
		return;
	}
	debt->is_there = true;
	debt->creation = body;
	debt->version = 1;
	debt->principal_minor = item->event.principal_minor = body->principal_minor;
	debt->interest_minor = item->event.interest_minor = body->interest_minor;
	debt->cost_minor = item->event.cost_minor = body->cost_minor;
	memcpy(debt->currency, body->currency, sizeof(debt->currency));
	item->answer = PEER_DEBT_CREATED;
}

/* Costs first, then interest, then principal; what is left is the customer's. */
static void decide_payment(struct item *item, struct peer_debt *debt)
{
	const struct peer_record_payment *body = &item->body.pay;
	struct peer_event *event = &item->event;
	int64_t left_minor = body->amount_minor;

	event->debt_id = body->debt_id;
	event->customer_id = body->customer_id;
	event->payment_id = body->payment_id;
	event->amount_minor = body->amount_minor;
	if (!debt->is_there || left_minor <= 0 || memcmp(debt->currency, body->currency, sizeof(debt->currency)) != 0) {
		reject(item, !debt->is_there ? "unknown_debt" : left_minor <= 0 ? "bad_amount" : "bad_currency");
		return;
	}
	debt->version++;
	event->cost_minor = take(&debt->cost_minor, &left_minor);
	event->interest_minor = take(&debt->interest_minor, &left_minor);
	event->principal_minor = take(&debt->principal_minor, &left_minor);
	event->credit_minor = -left_minor;
	debt->credit_minor += left_minor;
	item->answer = PEER_PAYMENT_RECORDED;
}

static void decide(struct peer *peer, struct item *item)
{
	struct peer_debt *debt = &peer->debts[item->slot];
	struct peer_row row;

	item->position->next_offset = item->message->offset + 1;
	if (item->is_repeat)
		return;
	item->seq = ++item->position->log_seq;
	if (item->kind == PEER_CREATE_DEBT)
		decide_create(item, debt);
	else
		decide_payment(item, debt);
	item->event.version = debt->version;
	item->event.balance_minor = debt->cost_minor + debt->interest_minor + debt->principal_minor;
	row = (struct peer_row){ .part = item->position->part,
				 .kind = item->answer,
				 .seq = item->seq,
				 .at_ms = rd_kafka_message_timestamp(item->message, NULL),
				 .command_id = &item->id,
				 .event = &item->event };
	peer_db_add_event(&peer->db, &row);
	if (item->answer != PEER_REJECTED)
		peer_db_add_entry(&peer->db, &row);
	if (item->answer == PEER_PAYMENT_RECORDED)
		peer_db_add_payment(&peer->db, &item->body.pay);
}

/* ---- a batch ---- */

static int process(struct peer *peer, struct batch *batch, struct err *err)
{
	if (peer_db_begin(&peer->db, err) < 0 || load(peer, batch, err) < 0 || find_repeats(peer, batch, err) < 0)
		return -1;
	for (size_t i = 0; i < batch->count; i++)
		decide(peer, &batch->items[i]);
	if (peer_db_write(&peer->db, peer->order, peer->debts_count, peer->positions, peer->positions_count, err) < 0)
		return -1;
	return peer_db_commit_send(&peer->db, err);
}

static int finish(struct peer *peer, struct batch *batch, struct err *err)
{
	if (batch->count == 0)
		return 0;
	if (peer_db_commit_finish(&peer->db, err) < 0)
		return -1;
	for (size_t i = 0; i < peer->positions_count; i++)
		peer->positions[i].next_offset_was = peer->positions[i].next_offset;
	for (struct item *item = batch->items; item < batch->items + batch->count; item++) {
		if (!item->is_repeat &&
		    peer_kafka_send(&peer->kafka, item->message, &item->id, item->answer, item->seq, &item->event, err) < 0)
			return -1;
		rd_kafka_message_destroy(item->message);
	}
	batch->count = 0;
	return peer_kafka_poll(&peer->kafka, err);
}

/* Until a signal. While the server commits a batch, the next one is collected. */
static int run(struct peer *peer, struct err *err)
{
	struct batch *committing = &peer->batches[0];
	struct batch *next = &peer->batches[1];

	while (!is_stopped) {
		struct batch *collected = next;

		if (collect(peer, collected, committing->count > 0 ? 0 : IDLE_MS, err) < 0 || finish(peer, committing, err) < 0)
			return -1;
		if (collected->count > 0 && process(peer, collected, err) < 0)
			return -1;
		next = committing;
		committing = collected;
	}
	if (finish(peer, committing, err) < 0)
		return -1;
	return peer_kafka_flush(&peer->kafka, err);
}

/* ---- start ---- */

static int allocate_new(struct peer *peer, struct err *err)
{
	peer->slots_count = 1;
	while (peer->slots_count < 2 * (size_t)peer->batch_max)
		peer->slots_count *= 2;
	peer->slots = calloc(peer->slots_count, sizeof(*peer->slots));
	peer->debts = calloc((size_t)peer->batch_max, sizeof(*peer->debts));
	peer->order = calloc((size_t)peer->batch_max, sizeof(struct peer_debt *));
	for (size_t i = 0; i < COUNT(peer->batches); i++)
		peer->batches[i].items = calloc((size_t)peer->batch_max, sizeof(struct item));
	if (!peer->slots || !peer->debts || !peer->order || !peer->batches[0].items || !peer->batches[1].items)
		return err_set(err, ERR_FATAL, "no memory");
	return 0;
}

/* Range assignment, as Kafka's: the first partitions to the first session. */
static void deal(struct peer *peer)
{
	int64_t each = WORLD_PARTS / peer->sessions;
	int64_t more = WORLD_PARTS % peer->sessions;
	int64_t first = peer->session * each + (peer->session < more ? peer->session : more);

	peer->positions_count = (size_t)(each + (peer->session < more));
	for (size_t i = 0; i < peer->positions_count; i++)
		peer->positions[i].part = (int32_t)(first + (int64_t)i);
}

static int start(struct peer *peer, struct err *err)
{
	int32_t parts[WORLD_PARTS];
	int64_t offsets[WORLD_PARTS];

	if (peer->session >= peer->sessions)
		return err_set(err, ERR_FATAL, "there is no such session");
	deal(peer);
	if (allocate_new(peer, err) < 0 || peer_kafka_open(&peer->kafka, peer->bootstrap, err) < 0 ||
	    peer_db_open(&peer->db, peer->pg, (size_t)peer->batch_max, err) < 0 ||
	    peer_db_claim(&peer->db, (int32_t)peer->session, peer->positions, peer->positions_count, err) < 0)
		return -1;
	for (size_t i = 0; i < peer->positions_count; i++) {
		parts[i] = peer->positions[i].part;
		offsets[i] = peer->positions[i].next_offset;
	}
	return peer_kafka_assign(&peer->kafka, parts, offsets, peer->positions_count, err);
}

static void stop(struct peer *peer)
{
	peer_kafka_close(&peer->kafka);
	peer_db_close(&peer->db);
	free(peer->slots);
	free(peer->debts);
	free(peer->order);
	for (size_t i = 0; i < COUNT(peer->batches); i++)
		free(peer->batches[i].items);
}

int main(int argc, char **argv)
{
	static struct peer peer;
	struct err err = ERR_INIT;
	enum conf_outcome outcome;
	int argi;
#define NUMBER(text, to, min, max, about)                                                                                        \
	{                                                                                                                        \
		.name = (text), .kind = CONF_NUMBER, .target = (to), .number_min = (min), .number_max = (max), .help = (about)   \
	}
	const struct conf_row rows[] = {
		{ .name = "pg", .kind = CONF_TEXT, .target = &peer.pg, .help = "PostgreSQL conninfo" },
		{ .name = "kafka.bootstrap", .kind = CONF_TEXT, .target = &peer.bootstrap, .help = "Kafka, host:port,..." },
		NUMBER("session", &peer.session, 0, WORLD_PARTS - 1, "which of the sessions this is"),
		NUMBER("sessions", &peer.sessions, 1, WORLD_PARTS, "processes that share the partitions"),
		NUMBER("batch", &peer.batch_max, 1, BATCH_MAX, "commands of a transaction at most"),
	};

	if (conf_read(rows, COUNT(rows), "The peer of make bench.", argc, argv, &outcome, &argi, &err) == 0 &&
	    outcome == CONF_RUN) {
		(void)signal(SIGTERM, on_signal);
		(void)signal(SIGINT, on_signal);
		if (start(&peer, &err) == 0)
			(void)run(&peer, &err);
		stop(&peer);
	}
	if (err.kind != ERR_NONE)
		fprintf(stderr, "peer: %s\n", err.text);
	return err.kind != ERR_NONE;
}
