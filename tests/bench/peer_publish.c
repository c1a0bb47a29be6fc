/*
 * Publishes commands of the world to the peer's topic, thin as its messages are (peer_message.h), as fast as it goes. Lingers as
 * publish.c does.
 *
 * usage: peer_publish --debts N --from NUMBER --count COUNT     (DCS_KAFKA_BOOTSTRAP)
 */
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/conf.h"
#include "bus/bus.h"
#include "peer_message.h"
#include "world.h"

#define POLL_EVERY 500
#define FLUSH_MS   60000
#define LINGER_US  5000

/* The target is zeroed: a text that fills it has no terminator. */
static void put_text(char *to, size_t size, struct str text)
{
	MUST(text.size <= size);
	memcpy(to, text.data, text.size);
}

static struct peer_create_debt create_debt_of(const struct create_debt *from)
{
	struct peer_create_debt to = { .debt_id = from->debt_id,
				       .customer_id = from->customer_id,
				       .creditor_id = from->creditor_id,
				       .principal_minor = from->principal_minor,
				       .interest_minor = from->interest_minor,
				       .cost_minor = from->cost_minor,
				       .opened_on = from->opened_on,
				       .due_on = from->due_on };

	put_text(to.currency, sizeof(to.currency), from->currency);
	put_text(to.external_ref, sizeof(to.external_ref), from->external_ref);
	return to;
}

static struct peer_record_payment record_payment_of(const struct record_payment *from)
{
	struct peer_record_payment to = { .payment_id = from->payment_id,
					  .customer_id = from->customer_id,
					  .debt_id = from->debt_id,
					  .amount_minor = from->amount_minor,
					  .received_on = from->received_on };

	put_text(to.currency, sizeof(to.currency), from->currency);
	put_text(to.source, sizeof(to.source), from->source);
	put_text(to.external_ref, sizeof(to.external_ref), from->external_ref);
	return to;
}

static int publish(struct bus_producer *producer, const struct world_command *command, struct err *err)
{
	bool is_creation = command->type == &create_debt_type;
	const char kind = is_creation ? PEER_CREATE_DEBT : PEER_RECORD_PAYMENT;
	const struct header headers[] = {
		{ .name = PEER_HEADER_ID, .value = { .data = (const char *)&command->id, .size = sizeof(command->id) } },
		{ .name = PEER_HEADER_KIND, .value = { .data = &kind, .size = 1 } },
	};
	struct peer_create_debt creation;
	struct peer_record_payment payment;
	struct str body;
	char key[UUID_TEXT_SIZE + 1];

	if (is_creation) {
		creation = create_debt_of(&command->body.create_debt);
		body = (struct str){ .data = (const char *)&creation, .size = sizeof(creation) };
	} else {
		payment = record_payment_of(&command->body.record_payment);
		body = (struct str){ .data = (const char *)&payment, .size = sizeof(payment) };
	}
	uuid_format(key, &command->customer_id);
	return bus_produce(producer, PEER_COMMANDS, -1, (struct str){ .data = key, .size = UUID_TEXT_SIZE }, body, headers,
			   COUNT(headers), NULL, NULL, err);
}

static int publish_all(struct bus_producer *producer, const struct world *world, int64_t from, int64_t count, struct err *err)
{
	for (int64_t number = from; number < from + count; number++) {
		struct world_command command;

		world_command(world, number, &command);
		if (publish(producer, &command, err) < 0)
			return -1;
		if (number % POLL_EVERY == 0)
			bus_producer_poll(producer, 0);
	}
	return bus_producer_flush(producer, FLUSH_MS, err);
}

int main(int argc, char **argv)
{
	struct bus_conf conf = { .client_id = "bench-peer", .linger_us = LINGER_US };
	struct bus_producer *producer = NULL;
	struct world world = { 0 };
	int64_t from = 0;
	int64_t count = 0;
	struct err err = ERR_INIT;
	enum conf_outcome outcome;
	int argi;
#define NUMBER(text, to, min, about)                                                                                             \
	{                                                                                                                        \
		.name = (text), .kind = CONF_NUMBER, .target = (to), .number_min = (min), .number_max = 1000000000,              \
		.help = (about)                                                                                                  \
	}
	const struct conf_row rows[] = {
		{ .name = "kafka.bootstrap", .kind = CONF_TEXT, .target = &conf.bootstrap, .help = "Kafka, host:port,..." },
		NUMBER("debts", &world.debts, 1, "how many debts the world has"),
		NUMBER("from", &from, 0, "the first command's number"),
		NUMBER("count", &count, 0, "how many commands"),
	};

	if (conf_read(rows, COUNT(rows), "Publishes the commands of the bench's peer.", argc, argv, &outcome, &argi, &err) == 0 &&
	    outcome == CONF_RUN && bus_producer_open(&conf, &producer, &err) == 0)
		(void)publish_all(producer, &world, from, count, &err);
	bus_producer_close(producer);
	if (err.kind != ERR_NONE)
		fprintf(stderr, "peer_publish: %s\n", err.text);
	return err.kind != ERR_NONE;
}
