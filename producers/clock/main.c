/* dcs-clock: publishes the time as messages. See README.md. */

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/array.h"
#include "base/conf.h"
#include "base/day.h"
#include "base/log.h"
#include "consumers/modules.h"
#include "crypto/crypto.h"
#include "producers/clock/ticker.h"
#include "worker/life.h"
#include "worker/stack.h"

#define POLL_MS        50 /* the delay until a signal is handled */
#define DRAIN_MS       1000
#define COUNT_LINE_MS  60000
#define CLIENT_ID_SIZE 60
#define CONNINFO_SIZE  512

static volatile sig_atomic_t is_ending;

static void on_signal(int number)
{
	(void)number;
	is_ending = 1;
}

static int set_signals(struct err *err)
{
	struct sigaction action = { .sa_handler = on_signal };

	if (sigaction(SIGTERM, &action, NULL) != 0 || sigaction(SIGINT, &action, NULL) != 0)
		return err_set(err, ERR_FATAL, "cannot set signal handlers");
	return 0;
}

static void log_counts(const struct ticker *ticker)
{
	struct ticker_counts counts = ticker_counts(ticker);

	log_info("sent=%" PRIu64 " delivered=%" PRIu64 " lost=%" PRIu64 " skipped=%" PRIu64, counts.sent, counts.delivered,
		 counts.lost, counts.skipped);
}

/* One Tick; of a row of retryable failures only the first is logged. */
static int tick(struct ticker *ticker, bool *was_failing, struct err *err)
{
	struct err failure = ERR_INIT;

	if (ticker_connect(ticker, &failure) == 0 && ticker_tick(ticker, bus_now_ms(), &failure) == 0) {
		if (*was_failing)
			log_info("text=\"Ticks are sent again\"");
		*was_failing = false;
		return 0;
	}
	if (failure.kind == ERR_FATAL)
		return err_set(err, ERR_FATAL, "%s", failure.text);
	if (!*was_failing)
		log_warn("text=\"%s\" next=\"tried again with the next Tick\"", failure.text);
	*was_failing = true;
	return 0;
}

/* A Tick per interval. Missed intervals (a stall, a stopped process) are not made up for. */
static int run(struct ticker *ticker, int64_t interval_ms, struct life *life, struct err *err)
{
	int64_t next_ms = clock_monotonic_ms();
	int64_t counted_ms = next_ms;
	bool was_failing = false;

	while (!is_ending) {
		int64_t now_ms = clock_monotonic_ms();

		if (life->conninfo && life_sign(life, err) != 0)
			return -1;
		if (now_ms >= next_ms) {
			if (tick(ticker, &was_failing, err) != 0)
				return -1;
			next_ms += interval_ms;
			if (next_ms < clock_monotonic_ms())
				next_ms = clock_monotonic_ms() + interval_ms;
		}
		if (now_ms - counted_ms >= COUNT_LINE_MS) {
			log_counts(ticker);
			counted_ms = now_ms;
		}
		int64_t left_ms = next_ms - clock_monotonic_ms();
		ticker_poll(ticker, left_ms > POLL_MS ? POLL_MS : left_ms > 0 ? (int)left_ms : 0);
	}
	ticker_drain(ticker, DRAIN_MS);
	log_counts(ticker);
	return 0;
}

int main(int argc, char **argv)
{
	struct ticker_conf conf;
	struct ticker *ticker = NULL;
	struct err err = ERR_INIT;
	enum conf_outcome outcome;
	char client_id[CLIENT_ID_SIZE];
	char conninfo[CONNINFO_SIZE];
	const char *pg;
	int64_t interval_ms;
	struct life life = { .conninfo = NULL };
	bool is_rehearsal = false;
	int argi;
	int result = -1;
	// clang-format off
	const struct conf_row rows[] = {
		{ .name = "kafka.bootstrap", .kind = CONF_TEXT, .target = &conf.bootstrap, .help = "Kafka, host:port,..." },
		{ .name = "clock.modules", .kind = CONF_TEXT, .default_value = COMMAND_MODULES_NAMES, .target = &conf.modules,
		  .help = "modules whose command topics get Ticks" },
		{ .name = "clock.interval.ms", .kind = CONF_NUMBER, .default_value = "1000", .target = &interval_ms, .number_min = 10,
		  .number_max = 3600000, .help = "from one Tick to the next" },
		{ .name = "timezone", .kind = CONF_TEXT, .default_value = "UTC", .target = &conf.timezone,
		  .help = "the organisation's: when a business day begins" },
		{ .name = "keys.dir", .kind = CONF_TEXT, .target = &conf.keys_dir, .help = "folder of <kid>.pem keys, one private" },
		{ .name = "pg", .kind = CONF_TEXT, .default_value = "", .target = &pg,
		  .help = "PostgreSQL conninfo without user, for the sign of life; dcs_clock is added. Empty: none is given" },
		{ .name = "token.issuer", .kind = CONF_TEXT, .default_value = "dcs", .target = &conf.token_issuer, .help = "iss of our token" },
		{ .name = "token.audience", .kind = CONF_TEXT, .default_value = "dcs", .target = &conf.token_audience, .help = "aud of our token" },
		STACK_SETTING(&is_rehearsal),
	};
	// clang-format on

	log_init("clock", LOG_INFO);
	snprintf(client_id, sizeof(client_id), "dcs-clock-%ld", (long)getpid());
	conf.client_id = client_id;
	if (conf_read(rows, COUNT(rows), "Publishes the time to every partition of the command topics.", argc, argv, &outcome,
		      &argi, &err) != 0)
		goto out;
	if (outcome == CONF_EXIT_OK)
		return 0;
	if (is_rehearsal) {
		err_set(&err, ERR_FATAL, "a rehearsal has no clock: dcs rehearse tells its time");
		goto out;
	}
	if (crypto_init(&err) != 0 || set_signals(&err) != 0 || ticker_new(&conf, &ticker, &err) != 0)
		goto out;
	if (snprintf(conninfo, sizeof(conninfo), "%s user=dcs_clock", pg) >= (int)sizeof(conninfo)) {
		err_set(&err, ERR_FATAL, "the setting pg is too long");
		goto out;
	}
	if (pg[0] != '\0')
		life_init(&life, conninfo);
	log_info("started interval_ms=%" PRId64 " timezone=%s modules=%s", interval_ms, conf.timezone, conf.modules);
	result = run(ticker, interval_ms, &life, &err);
out:
	life_end(&life);
	ticker_free(ticker);
	if (result != 0)
		log_error("ending: %s", err.text);
	return result == 0 ? 0 : 1;
}
