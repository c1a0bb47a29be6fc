#include "sender.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/day.h"
#include "bus/bus.h"
#include "minter.h"
#include "wire/coder.h"
#include "wire/envelope.h"

#define VALUE_SIZE_MAX (1024 * 1024)
#define ARENA_SIZE     (64 * 1024)

/* A record in flight: the data for its delivery report. */
struct pending {
	struct sender *sender;
	sender_done *done;
	void *done_arg;
	struct pending *next_free;
};

struct sender {
	struct bus_producer *producer;
	struct minter minter;
	struct arena arena; /* for the headers of one record */
	struct buf value;
	struct uuid correlation_id;
	int64_t timeout_ms, heard_ms; /* when the last delivery report came */
	bool has_time;                /* the broker's time is known */
	struct pending *free;
	struct pending pending[SENDER_PENDING_MAX];
};

static void on_done(void *done_arg, int32_t part, int64_t offset, const struct err *failure)
{
	struct pending *pending = done_arg;
	struct sender *sender = pending->sender;

	sender->heard_ms = clock_monotonic_ms();
	pending->done(pending->done_arg, part, offset, failure);
	pending->next_free = sender->free;
	sender->free = pending;
}

static int open_token(struct sender *sender, const struct sender_conf *conf, struct err *err)
{
	struct mandate mandate = { .subject = conf->subject, .roles = conf->roles };

	if (conf->token_file[0] != '\0')
		return minter_open_file(&sender->minter, conf->token_file, err);
	if (conf->scope.creditors != NULL && scope_parse(&conf->scope, &mandate.scope, err) != 0)
		return -1;
	return minter_open(&sender->minter, conf->keys_dir, conf->issuer, conf->audience, &mandate, MINTER_MINUTES, err);
}

static int open_parts(struct sender *sender, const struct sender_conf *conf, struct err *err)
{
	struct bus_conf bus = { .bootstrap = conf->bootstrap, .client_id = "dcs-cli" };

	if (conf->correlation[0] != '\0' && !uuid_parse(&sender->correlation_id, str_of(conf->correlation)))
		return err_set(err, ERR_FATAL, "the correlation id is not a UUID");
	if (arena_init(&sender->arena, ARENA_SIZE, err) != 0)
		return -1;
	if (open_token(sender, conf, err) != 0)
		return -1;
	return bus_producer_open(&bus, &sender->producer, err);
}

int sender_open(const struct sender_conf *conf, struct sender **ret_sender, struct err *err)
{
	struct sender *sender = calloc(1, sizeof(*sender));

	if (sender == NULL)
		return err_set(err, ERR_FATAL, "no memory for the sender");
	sender->timeout_ms = conf->timeout_s * 1000;
	buf_init(&sender->value, VALUE_SIZE_MAX);
	for (size_t i = 0; i < SENDER_PENDING_MAX; i++) {
		sender->pending[i].sender = sender;
		sender->pending[i].next_free = sender->free;
		sender->free = &sender->pending[i];
	}
	if (open_parts(sender, conf, err) != 0) {
		sender_close(sender);
		return -1;
	}
	*ret_sender = sender;
	return 0;
}

void sender_close(struct sender *sender)
{
	if (sender == NULL)
		return;
	bus_producer_close(sender->producer);
	minter_close(&sender->minter);
	buf_release(&sender->value);
	arena_release(&sender->arena);
	free(sender);
}

/* A free slot for a record in flight; waits for acknowledgements if there is none. */
static int take_pending(struct sender *sender, struct pending **ret_pending, struct err *err)
{
	int64_t since_ms = clock_monotonic_ms();

	while (sender->free == NULL) {
		bus_producer_poll(sender->producer, 100);
		if (sender->heard_ms > since_ms)
			since_ms = sender->heard_ms;
		if (bus_producer_is_broken(sender->producer))
			return err_set(err, ERR_FATAL, "the connection to the brokers broke for good");
		if (clock_monotonic_ms() - since_ms > sender->timeout_ms)
			return err_set(err, ERR_RETRY, "the brokers acknowledge nothing");
	}
	*ret_pending = sender->free;
	sender->free = sender->free->next_free;
	return 0;
}

/* bus_produce with our timeout: its own waits 10 s for room. */
static int produce(struct sender *sender, struct str module, struct str key, const struct header *headers, size_t headers_count,
		   struct pending *pending, struct err *err)
{
	int64_t since_ms = clock_monotonic_ms();
	char topic[128];

	snprintf(topic, sizeof(topic), "dcs.%.*s.commands.v1", (int)module.size, module.data);
	for (;;) {
		struct err failure = ERR_INIT;

		if (bus_produce(sender->producer, topic, -1, key, buf_str(&sender->value), headers, headers_count, on_done,
				pending, &failure) == 0)
			return 0;
		if (failure.kind != ERR_RETRY || bus_producer_is_broken(sender->producer) ||
		    clock_monotonic_ms() - since_ms > sender->timeout_ms) {
			*err = failure;
			return -1;
		}
		bus_producer_poll(sender->producer, 100);
	}
}

int sender_send(struct sender *sender, const struct sender_record *record, struct err *err)
{
	const struct message_type *type = record->type;
	struct command_head head = { .id = *record->id, .correlation_id = sender->correlation_id, .source = STR("/dcs/cli") };
	struct header headers[HEADERS_MAX];
	struct pending *pending = NULL;
	char key[UUID_TEXT_SIZE + 1];
	size_t count = 0;

	MUST(type->kind == MESSAGE_COMMAND);
	MUST(type->key_field != NULL);
	arena_reset(&sender->arena);
	buf_reset(&sender->value);
	if (!sender->has_time)
		minter_ask_time(sender->producer);
	sender->has_time = true;
	uuid_format(key, message_uuid(type->key_field, record->body));
	if (coder_encode(type, record->body, &sender->value, err) != 0)
		return -1;
	if (minter_token(&sender->minter, bus_now_ms(), &head.token, err) != 0)
		return -1;
	if (envelope_write_command(type, &head, &sender->arena, headers, &count, err) != 0)
		return -1;
	if (take_pending(sender, &pending, err) != 0)
		return -1;
	pending->done = record->done;
	pending->done_arg = record->done_arg;
	if (produce(sender, record->module.size > 0 ? record->module : str_of(type->module), str_of(key), headers, count, pending,
		    err) != 0) {
		pending->next_free = sender->free;
		sender->free = pending;
		return -1;
	}
	bus_producer_poll(sender->producer, 0);
	return 0;
}

void sender_poll(struct sender *sender, int timeout_ms)
{
	bus_producer_poll(sender->producer, timeout_ms);
}

int sender_fd(const struct sender *sender)
{
	return bus_producer_fd(sender->producer);
}

bool sender_is_broken(const struct sender *sender)
{
	return bus_producer_is_broken(sender->producer);
}

int sender_finish(struct sender *sender, struct err *err)
{
	int64_t since_ms = clock_monotonic_ms();

	while (bus_producer_pending(sender->producer) > 0) {
		struct err failure = ERR_INIT;

		if (bus_producer_flush(sender->producer, 1000, &failure) == 0)
			break;
		if (sender->heard_ms > since_ms)
			since_ms = sender->heard_ms;
		if (failure.kind == ERR_FATAL || bus_producer_is_broken(sender->producer) ||
		    clock_monotonic_ms() - since_ms > sender->timeout_ms) {
			*err = failure;
			return -1;
		}
	}
	return 0;
}
