#include "consumers/notifier/notifier.h"

#include <string.h>

#include "base/day.h"
#include "base/log.h"

#define IDLE_WAIT_MS   50
#define FLIGHT_WAIT_MS 10
#define DRAIN_MS       4000 /* of the 5 s after SIGTERM: for messages in flight */
#define FLUSH_MS       700  /* and for the last reports */
#define CLOSE_MS       300
#define START_WAIT_MS  500
#define STATS_MS       60000
#define CONNECT_MS     5000 /* every gateway has its own */
#define TOTAL_MS       30000

static int open_reader(struct notifier *notifier, struct err *err)
{
	const struct program *program = &notifier->program;
	const struct reader_conf conf = { .owner = program->owner,
					  .batch_items_max = (size_t)program->batch_items_max,
					  .arena_size = (size_t)program->arena_mbytes << 20,
					  .now_ms = clock_monotonic_ms };
	struct reader_database database;
	struct broker broker;

	inbox_init(&notifier->inbox);
	notifier->rules = inbox_reader(&notifier->inbox);
	if (reader_pg_open(program->conninfo, &notifier->rules, &notifier->reader_pg, &database, err) != 0)
		return -1;
	while (kafka_edge_open_reader(&program->bus, "notifier", "communications", &notifier->kafka, &broker, err) != 0) {
		if (err->kind == ERR_FATAL || program_is_ending())
			return -1;
		log_warn("waiting for Kafka: %s", err->text);
		*err = (struct err)ERR_INIT;
		program_wait(START_WAIT_MS);
	}
	return event_reader_init(&notifier->reader, &conf, "communications", &broker, &database, err);
}

/* A statement may take longer than a gateway's tokens last. After a failure work() fails, too, and ends the program. */
static void run_meanwhile(void *notifier_arg, int fd, int max_ms)
{
	struct notifier *notifier = notifier_arg;
	struct err err = ERR_INIT;

	dispatch_pace(&notifier->dispatch);
	if (http_poll(notifier->http, fd, (int)dispatch_pace_wait_ms(&notifier->dispatch, max_ms), &err) != 0)
		db_set_meanwhile(NULL, NULL);
}

static void add_gateways(struct notifier *notifier)
{
	const struct gateways *gateways = &notifier->settings.gateways;

	for (size_t i = 0; i < gateways->count; i++) {
		const struct gateway_conf *conf = &gateways->confs[i];

		gateway_init(&notifier->gateways[i], conf, clock_monotonic_ms());
		dispatch_add_gateway(&notifier->dispatch, &notifier->gateways[i]);
		log_info("gateway=%s channel=%s kind=%s order=%lld rate=%lld concurrency=%lld", conf->name, conf->channel,
			 conf->kind, (long long)conf->order, (long long)conf->rate, (long long)conf->concurrency);
	}
}

static int open_gateways(struct notifier *notifier, struct err *err)
{
	struct settings *settings = &notifier->settings;
	size_t concurrency = gateways_concurrency(&settings->gateways);
	const struct http_conf http = { .exchanges_max = concurrency > 0 ? concurrency : 1,
					.connect_timeout_ms = CONNECT_MS,
					.total_timeout_ms = TOTAL_MS,
					.answer_size_max = 4096,
					.user_agent = "dcs-notifier",
					.leaves = dispatch_leaves };
	struct dispatch_conf conf = { .retry_base_ms = settings->retry_ms,
				      .ask_base_ms = settings->ask_ms,
				      .attempts_max = settings->attempts_max };

	memcpy(conf.address_key, settings->address_key, sizeof(conf.address_key));
	desk_init(&notifier->desk, notifier->program.conninfo);
	if (http_open(&http, &notifier->http, err) != 0 ||
	    dispatch_open(&notifier->dispatch, &conf, &notifier->desk, notifier->http, err) != 0)
		return -1;
	add_gateways(notifier);
	db_set_meanwhile(run_meanwhile, notifier);
	return 0;
}

int notifier_open(struct notifier *notifier, struct err *err)
{
	const struct program *program = &notifier->program;

	life_init(&notifier->life, program->conninfo);
	if (token_keys_load(program->keys_dir, program->token_issuer, program->token_audience, &notifier->keys, err) != 0)
		return -1;
	if (open_reader(notifier, err) != 0 || open_gateways(notifier, err) != 0)
		return -1;
	return report_open(&notifier->report, &program->bus, program->conninfo, "dcs.communications.commands.v1", notifier->keys,
			   err);
}

void notifier_print_stats(struct notifier *notifier)
{
	const struct dispatch *dispatch = &notifier->dispatch;

	notifier->stats_at_ms = clock_monotonic_ms() + STATS_MS;
	log_info("queued=%llu accepted=%llu failed=%llu not_accepted=%llu unknown=%llu doubtful=%llu reported=%llu under_way=%zu",
		 (unsigned long long)notifier->inbox.queued, (unsigned long long)dispatch->accepted,
		 (unsigned long long)dispatch->failed, (unsigned long long)dispatch->not_accepted,
		 (unsigned long long)dispatch->unknown, (unsigned long long)dispatch->doubtful,
		 (unsigned long long)notifier->report.reported, dispatch->busy);
}

/* Common to running and draining. */
static int work(struct notifier *notifier, bool may_take, struct err *err)
{
	int wait_ms = 0;

	if (dispatch_step(&notifier->dispatch, may_take, err) != 0 ||
	    report_step(&notifier->report, &notifier->desk, notifier->dispatch.to_report, err) != 0)
		return -1;
	if (notifier->dispatch.busy > 0 || report_is_waiting(&notifier->report))
		wait_ms = may_take ? (int)dispatch_wait_ms(&notifier->dispatch, FLIGHT_WAIT_MS)
				   : (int)dispatch_pace_wait_ms(&notifier->dispatch, FLIGHT_WAIT_MS);
	return http_poll(notifier->http, report_fd(&notifier->report), wait_ms, err);
}

int notifier_run(struct notifier *notifier, struct err *err)
{
	while (!program_is_ending()) {
		bool is_idle = notifier->dispatch.busy == 0 && !report_is_waiting(&notifier->report);

		program_look_at_keys(notifier->keys);
		if (life_sign(&notifier->life, err) != 0)
			return -1;
		if (event_reader_step(&notifier->reader, is_idle ? (int)dispatch_wait_ms(&notifier->dispatch, IDLE_WAIT_MS) : 0,
				      err) != 0)
			return -1;
		if (notifier->inbox.queued != notifier->queued) {
			notifier->queued = notifier->inbox.queued;
			dispatch_look(&notifier->dispatch);
		}
		if (notifier->reader.applied != notifier->applied) {
			notifier->applied = notifier->reader.applied;
			report_hear(&notifier->report);
		}
		if (work(notifier, true, err) != 0)
			return -1;
		if (clock_monotonic_ms() >= notifier->stats_at_ms)
			notifier_print_stats(notifier);
	}
	return 0;
}

/*
 * SIGTERM: claims nothing more; messages in flight may end; the others are abandoned with their outcome so far, mostly unknown.
 */
int notifier_drain(struct notifier *notifier, struct err *err)
{
	int64_t deadline_ms = clock_monotonic_ms() + DRAIN_MS;

	while (notifier->dispatch.busy > 0 && clock_monotonic_ms() < deadline_ms) {
		if (work(notifier, false, err) != 0)
			return -1;
	}
	if (dispatch_give_up(&notifier->dispatch, err) != 0)
		return -1;
	deadline_ms = clock_monotonic_ms() + FLUSH_MS;
	do {
		if (work(notifier, false, err) != 0)
			return -1;
	} while (!report_is_done(&notifier->report, notifier->dispatch.to_report) && clock_monotonic_ms() < deadline_ms);
	return 0;
}

void notifier_close(struct notifier *notifier)
{
	db_set_meanwhile(NULL, NULL);
	life_end(&notifier->life);
	report_release(&notifier->report);
	if (notifier->http != NULL)
		http_abandon(notifier->http);
	http_close(notifier->http);
	dispatch_release(&notifier->dispatch);
	desk_release(&notifier->desk);
	event_reader_release(&notifier->reader);
	kafka_edge_close(notifier->kafka, CLOSE_MS);
	reader_pg_close(notifier->reader_pg);
	inbox_release(&notifier->inbox);
	token_keys_free(notifier->keys);
	settings_release(&notifier->settings);
}
