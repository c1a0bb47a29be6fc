/*
 * What a message costs in this room: decode of a RecordPayment, encode of a PaymentRecorded, headers of both. Prints nanoseconds
 * of CPU each, the least of ten runs; no test, because machines differ. Linked with the archive, as a unit test is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/must.h"
#include "schemas/debts.h"
#include "wire/coder.h"
#include "wire/envelope.h"

#define SLICES 100 /* the least of them counts: it met nobody else on the core */
#define ROUNDS 10000

struct bench {
	struct arena arena;
	struct buf buf;
	struct err err;
	struct header headers[HEADERS_MAX];
	size_t headers_count;
};

static struct record_payment a_payment(void)
{
	return (struct record_payment){ .payment_id = uuid_new(),
					.customer_id = uuid_new(),
					.debt_id = uuid_new(),
					.source = STR("bank-1"),
					.external_ref = STR("2026-11-22/0001234567"),
					.amount_minor = 12345,
					.currency = STR("EUR"),
					.received_on = 20000,
					.method = STR("transfer") };
}

static struct payment_recorded an_event(void)
{
	return (struct payment_recorded){ .payment_id = uuid_new(),
					  .customer_id = uuid_new(),
					  .debt_id = uuid_new(),
					  .version = 7,
					  .creditor_id = uuid_new(),
					  .due_on = 19000,
					  .source = STR("bank-1"),
					  .external_ref = STR("2026-11-22/0001234567"),
					  .method = STR("transfer"),
					  .currency = STR("EUR"),
					  .received_on = 20000,
					  .amount_minor = 12345,
					  .principal_minor = 12345,
					  .balance_minor = 1000000 };
}

static int decode(struct bench *bench)
{
	const struct message_type *type;
	const void *body;

	arena_reset(&bench->arena);
	return coder_decode(buf_str(&bench->buf), &bench->arena, &type, &body, &bench->err);
}

static int encode(struct bench *bench)
{
	static struct payment_recorded event;

	if (event.version == 0)
		event = an_event();
	buf_reset(&bench->buf);
	return coder_encode(&payment_recorded_type, &event, &bench->buf, &bench->err);
}

static int write_headers(struct bench *bench)
{
	static const char hash[32] = "";
	static struct uuid id;
	struct event_head head = {
		.module = "debts", .schema_id = payment_recorded_type.schema_id, .at_ms = 1795359845123, .seq = 123456
	};

	if (uuid_is_none(&id))
		id = uuid_new();
	head.id = head.command_id = head.correlation_id = id;
	head.hash = (struct str){ .data = hash, .size = sizeof(hash) };
	arena_reset(&bench->arena);
	return envelope_write_event(&head, &bench->arena, bench->headers, &bench->headers_count, &bench->err);
}

static int read_headers(struct bench *bench)
{
	struct envelope envelope;

	return envelope_read(bench->headers, bench->headers_count, &envelope, &bench->err);
}

static int64_t cpu_ns(void)
{
	struct timespec now;

	MUST(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int run(struct bench *bench, const char *name, int (*once)(struct bench *bench))
{
	int64_t least = INT64_MAX;

	for (unsigned slice = 0; slice < SLICES; slice++) {
		int64_t begun_ns = cpu_ns();
		int64_t taken_ns;

		for (unsigned i = 0; i < ROUNDS; i++) {
			if (once(bench) != 0) {
				fprintf(stderr, "%s: %s\n", name, bench->err.text);
				return -1;
			}
		}
		taken_ns = cpu_ns() - begun_ns;
		least = taken_ns < least ? taken_ns : least;
	}
	printf("%-32s %5lld ns\n", name, (long long)least / ROUNDS);
	return 0;
}

int main(void)
{
	struct bench bench = { .headers_count = 0 };
	const struct record_payment payment = a_payment();
	int failed = 1;

	buf_init(&bench.buf, 65536);
	if (arena_init(&bench.arena, 65536, &bench.err) != 0 ||
	    coder_encode(&record_payment_type, &payment, &bench.buf, &bench.err) != 0)
		goto out;
	failed = run(&bench, "decode a RecordPayment", decode) != 0 || run(&bench, "encode a PaymentRecorded", encode) != 0 ||
		 run(&bench, "write an event's headers", write_headers) != 0 || run(&bench, "read them", read_headers) != 0;
out:
	if (failed)
		fprintf(stderr, "%s\n", bench.err.text);
	arena_release(&bench.arena);
	buf_release(&bench.buf);
	return failed;
}
