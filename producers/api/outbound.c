#include "producers/api/outbound.h"

#include "base/day.h"
#include "base/log.h"
#include "wire/envelope.h"

#define ARENA_SIZE     ((size_t)128 << 10)
#define VALUE_SIZE_MAX ((size_t)64 << 10)
#define TOKEN_LIFE_MS  (15 * 60000)
#define TOKEN_RENEW_MS (5 * 60000)
#define AGAIN_MS       1000
#define POLL_MS        2 /* while acknowledgements are missing */
#define OPEN_MS        500

/* ---- who waits ---- */

static struct outbound_item *take_item(struct outbound *outbound)
{
	for (size_t i = 0; i < OUTBOUND_MAX; i++) {
		if (!outbound->items[i].in_use)
			return &outbound->items[i];
	}
	return NULL;
}

static void free_item(struct outbound_item *item)
{
	MUST(item->in_use);
	item->in_use = false;
	item->outbound->used--;
}

static void tell(struct outbound_item *item, bool is_acked)
{
	outbound_done *done = item->done;

	item->done = NULL;
	if (done != NULL)
		done(item->done_arg, is_acked);
}

/* What the broker says; from within bus_producer_poll. */
static void acknowledged(void *item_arg, int32_t part, int64_t offset, const struct err *failure)
{
	struct outbound_item *item = item_arg;

	(void)part;
	(void)offset;
	item->outbound->is_ready = failure == NULL;
	if (failure != NULL)
		log_warn("Kafka did not take a command: %s", failure->text);
	tell(item, failure == NULL);
	free_item(item);
}

static void tell_late(struct outbound *outbound)
{
	int64_t now_ms = clock_monotonic_ms();

	for (size_t i = 0; i < OUTBOUND_MAX && outbound->used > 0; i++) {
		struct outbound_item *item = &outbound->items[i];

		if (item->in_use && item->done != NULL && now_ms >= item->until_ms) {
			outbound->is_ready = false;
			tell(item, false);
		}
	}
}

void outbound_give_up(struct outbound *outbound)
{
	for (size_t i = 0; i < OUTBOUND_MAX; i++) {
		if (outbound->items[i].in_use)
			tell(&outbound->items[i], false);
	}
}

/* ---- Kafka ---- */

static void close_producer(struct outbound *outbound)
{
	outbound_give_up(outbound);
	bus_producer_close(outbound->producer); /* what is pending is never told */
	outbound->producer = NULL;
	for (size_t i = 0; i < OUTBOUND_MAX; i++) {
		if (outbound->items[i].in_use)
			free_item(&outbound->items[i]);
	}
	outbound->is_ready = false;
}

static int open_producer(struct outbound *outbound, struct err *err)
{
	int32_t parts;

	if (outbound->producer != NULL && bus_producer_is_broken(outbound->producer))
		close_producer(outbound);
	if (outbound->producer != NULL)
		return 0;
	if (clock_monotonic_ms() < outbound->again_at_ms)
		return err_set(err, ERR_RETRY, "Kafka is away");
	outbound->again_at_ms = clock_monotonic_ms() + AGAIN_MS;
	if (bus_producer_open(outbound->bus, &outbound->producer, err) != 0)
		return -1;
	if (bus_producer_parts(outbound->producer, "dcs.communications.commands.v1", &parts, err) != 0) {
		close_producer(outbound);
		return -1;
	}
	outbound->is_ready = true;
	return 0;
}

static int renew_token(struct outbound *outbound, int64_t now_ms, struct err *err)
{
	struct token_claims claims = { .roles = outbound->roles,
				       .issued_at_ms = now_ms,
				       .expires_at_ms = now_ms + TOKEN_LIFE_MS };

	if (now_ms < outbound->token_until_ms)
		return 0;
	MUST(str_to_chars(claims.subject, sizeof(claims.subject), str_of(outbound->subject)));
	if (token_sign(outbound->keys, &claims, outbound->token, sizeof(outbound->token), err) != 0)
		return -1;
	outbound->token_until_ms = now_ms + TOKEN_LIFE_MS - TOKEN_RENEW_MS;
	return 0;
}

static int produce(struct outbound *outbound, const struct outbound_command *command, struct outbound_item *item, struct err *err)
{
	struct command_head head = { .id = command->id,
				     .key = command->key,
				     .at_ms = clock_now_ms(),
				     .source = STR("/dcs/api"),
				     .token = command->token.size > 0 ? command->token : str_of(outbound->token),
				     .traceparent = command->traceparent };
	struct header headers[HEADERS_MAX];
	char key[UUID_TEXT_SIZE + 1];
	size_t headers_count;

	arena_reset(&outbound->arena);
	buf_reset(&outbound->value);
	if (coder_encode(outbound->coder, command->type, command->body, &outbound->value, err) != 0 ||
	    envelope_write_command(command->type, command->body, &head, &outbound->arena, headers, &headers_count, err) != 0)
		return -1;
	uuid_format(key, &command->key);
	return bus_produce(outbound->producer, command->topic, -1, str_of(key), buf_str(&outbound->value), headers, headers_count,
			   acknowledged, item, err);
}

int outbound_publish(struct outbound *outbound, const struct outbound_command *command, outbound_done *done, void *done_arg,
		     struct err *err)
{
	struct outbound_item *item;

	if (open_producer(outbound, err) != 0)
		return -1;
	item = take_item(outbound);
	if (item == NULL)
		return err_set(err, ERR_RETRY, "too many commands wait for Kafka");
	if (renew_token(outbound, clock_now_ms(), err) != 0)
		return -1;
	*item = (struct outbound_item){ .outbound = outbound,
					.done = done,
					.done_arg = done_arg,
					.until_ms = clock_monotonic_ms() + outbound->wait_ms,
					.in_use = true };
	outbound->used++;
	if (produce(outbound, command, item, err) == 0)
		return 0;
	item->done = NULL;
	free_item(item);
	return -1;
}

int outbound_run(struct outbound *outbound, int timeout_ms, struct err *err)
{
	struct err failure = ERR_INIT;

	if (open_producer(outbound, &failure) != 0)
		return failure.kind == ERR_FATAL ? err_set(err, ERR_FATAL, "%s", failure.text) : 0;
	bus_producer_poll(outbound->producer, outbound->used > 0 ? timeout_ms : 0);
	tell_late(outbound);
	return 0;
}

size_t outbound_waiting(const struct outbound *outbound)
{
	return outbound->used;
}

bool outbound_is_ready(const struct outbound *outbound)
{
	return outbound->is_ready && outbound->producer != NULL && !bus_producer_is_broken(outbound->producer);
}

/* ---- as a part of the loop ---- */

static int run_part(void *outbound, struct err *err)
{
	return outbound_run(outbound, 0, err);
}

static int part_timeout_ms(void *outbound)
{
	return outbound_waiting(outbound) > 0 ? POLL_MS : OPEN_MS;
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
			      .timeout_ms = part_timeout_ms,
			      .is_ready = part_is_ready,
			      .waiting = part_waiting,
			      .give_up = part_give_up };
}

/* ---- life ---- */

int outbound_open(struct outbound *outbound, const struct bus_conf *bus, struct coder *coder, struct token_keys *keys,
		  const char *subject, uint32_t roles, int64_t wait_ms, struct err *err)
{
	*outbound = (struct outbound){
		.bus = bus, .coder = coder, .keys = keys, .subject = subject, .roles = roles, .wait_ms = wait_ms
	};
	buf_init(&outbound->value, VALUE_SIZE_MAX);
	return arena_init(&outbound->arena, ARENA_SIZE, err);
}

void outbound_release(struct outbound *outbound)
{
	bus_producer_close(outbound->producer);
	arena_release(&outbound->arena);
	buf_release(&outbound->value);
}
