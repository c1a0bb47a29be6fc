#ifndef NOTIFIER_NOTIFIER_H
#define NOTIFIER_NOTIFIER_H

#include <stdint.h>

#include "consumers/notifier/dispatch.h"
#include "consumers/notifier/inbox.h"
#include "consumers/notifier/report.h"
#include "consumers/notifier/settings.h"
#include "worker/kafka_edge.h"
#include "worker/life.h"
#include "worker/program.h"
#include "worker/reader.h"

/*
 * The notifier as a whole: the parts, and the one loop that runs them: read events, claim and hand over, run curl, record,
 * report. One thread; when nothing is under way it waits in the reader, otherwise in curl.
 */
struct notifier {
	struct program program;
	struct settings settings;
	struct inbox inbox;
	struct reader rules;
	struct token_keys *keys;
	struct kafka_edge *kafka;
	struct reader_pg *reader_pg;
	struct event_reader reader;
	struct http *http;
	struct desk desk;
	struct dispatch dispatch;
	struct gateway gateways[GATEWAYS_MAX]; /* of settings.gateways, one each */
	struct report report;
	struct life life;
	uint64_t queued; /* inbox.queued and reader.applied, as the loop last saw them */
	int64_t applied;
	int64_t stats_at_ms;
};

/* `program` and `settings` are filled before. Waits for Kafka, but not for PostgreSQL, which the loop waits for. */
MUST_CHECK int notifier_open(struct notifier *notifier, struct err *err);
void notifier_close(struct notifier *notifier); /* also half-open */

/* Runs until SIGTERM; then notifier_drain ends the messages in flight, in under 5 s. */
MUST_CHECK int notifier_run(struct notifier *notifier, struct err *err);
MUST_CHECK int notifier_drain(struct notifier *notifier, struct err *err);

void notifier_print_stats(struct notifier *notifier);

#endif
