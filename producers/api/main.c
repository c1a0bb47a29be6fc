#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/array.h"
#include "base/conf.h"
#include "base/day.h"
#include "base/log.h"
#include "crypto/crypto.h"
#include "model/command.h"
#include "producers/api/api.h"
#include "producers/api/auth/auth.h"
#include "producers/api/auth/pool.h"
#include "producers/api/document/document.h"
#include "producers/api/http/cors.h"
#include "producers/api/http/server.h"
#include "producers/api/offer/callbacks.h"
#include "producers/api/offer/contactability.h"
#include "producers/api/offer/dunning_preview.h"
#include "producers/api/offer/explain.h"
#include "producers/api/ops/heartbeat.h"
#include "producers/api/ops/metrics.h"
#include "producers/api/ops/ops.h"
#include "producers/api/reads/reads.h"
#include "producers/api/writes/commands.h"
#include "producers/api/writes/outbound.h"
#include "producers/api/writes/writes.h"
#include "wire/json.h"
#include "worker/program.h"

/* dcs-api: the HTTP gateway. See README.md. */

#define FILES_KEPT      256 /* for descriptors other than callers' connections */
#define DRAIN_MS        4000
#define QUESTIONS_MAX   4096
#define SEARCHES_MAX    64
#define SEARCH_TOGETHER 1

struct settings {
	const char *listen, *callback_key_file, *address_key_file, *trusted_proxies, *cors_origins, *url, *twilio_token_file,
		*inbound_secret_file;
	int64_t connections_max, idle_s, wait_ms, read_ms, outcome_ms, password_threads;
	bool metrics_for_all, can_register, is_behind_tls;
};

static size_t settings_rows(struct settings *settings, struct conf_row rows[PROGRAM_SETTINGS_MAX])
{
	const struct conf_row all[] = {
		{ "api.listen", CONF_TEXT, "127.0.0.1:8080", &settings->listen, 0, 0, false, "address:port to listen on" },
		{ "callback.key.file", CONF_TEXT, NULL, &settings->callback_key_file, 0, 0, false,
		  "key that signs callback URLs" },
		{ "address.key.file", CONF_TEXT, NULL, &settings->address_key_file, 0, 0, false,
		  "key that opens personal texts" },
		{ "api.url", CONF_TEXT, "", &settings->url, 0, 0, false,
		  "this program as providers reach it, https://host: Twilio signs it" },
		{ "twilio.token.file", CONF_TEXT, "", &settings->twilio_token_file, 0, 0, false,
		  "auth tokens of Twilio, one a line; empty: its callbacks are refused" },
		{ "inbound.secret.file", CONF_TEXT, "", &settings->inbound_secret_file, 0, 0, false,
		  "64 hex digits that Kannel's sms-service sends with an SMS from a person; empty: refused" },
		{ "api.connections", CONF_NUMBER, "12000", &settings->connections_max, 1, 100000, false,
		  "open at once; each may take 24 KiB when it is idle" },
		{ "api.idle.s", CONF_NUMBER, "30", &settings->idle_s, 1, 600, false, "a silent connection is closed after" },
		{ "api.trusted.proxies", CONF_TEXT, "", &settings->trusted_proxies, 0, 0, false,
		  "addresses, address/bits,...: whose X-Forwarded-For is believed" },
		{ "api.behind.tls", CONF_SWITCH, "false", &settings->is_behind_tls, 0, 0, false,
		  "a proxy in front speaks TLS: Strict-Transport-Security" },
		{ "api.cors.origins", CONF_TEXT, "", &settings->cors_origins, 0, 0, false,
		  "https://host,...: whose pages may read answers in a browser; empty: only our own" },
		{ "api.registration", CONF_SWITCH, "false", &settings->can_register, 0, 0, false,
		  "anybody may register a login; it may do nothing until an admin gives it roles" },
		{ "api.password.threads", CONF_NUMBER, "2", &settings->password_threads, 1, POOL_THREADS_MAX, false,
		  "logins at once: a core and 19 MiB each" },
		{ "api.wait.ms", CONF_NUMBER, "10000", &settings->wait_ms, 10, 60000, false, "wait for Kafka before 503" },
		{ "api.metrics.for.all", CONF_SWITCH, "false", &settings->metrics_for_all, 0, 0, false,
		  "/metrics for everybody, not only for this machine" },
		{ "api.outcome.ms", CONF_NUMBER, "5000", &settings->outcome_ms, 0, 30000, false,
		  "wait for what came of a command before 202" },
		{ "api.read.ms", CONF_NUMBER, "3000", &settings->read_ms, 10, 60000, false, "wait for PostgreSQL before 503" },
	};

	memcpy(rows, all, sizeof(all));
	return COUNT(all);
}

/*
 * A connection is an open file: the soft limit, made for programs that use select, is raised to the hard limit. Connections above
 * that wait in the backlog instead of failing in accept.
 */
static unsigned connections_that_fit(int64_t wanted)
{
	struct rlimit limit;
	int64_t fit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return (unsigned)wanted;
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
			(void)getrlimit(RLIMIT_NOFILE, &limit);
	}
	if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= (rlim_t)wanted + FILES_KEPT)
		return (unsigned)wanted;
	fit = limit.rlim_cur > 2 * FILES_KEPT ? (int64_t)limit.rlim_cur - FILES_KEPT : (int64_t)limit.rlim_cur / 2;
	if (fit >= wanted)
		return (unsigned)wanted;
	log_warn("connections=%lld of %lld next=\"more need more open files: ulimit -n\"", (long long)fit, (long long)wanted);
	return (unsigned)fit;
}

static int open_server(struct api *api, const struct settings *settings, struct err *err)
{
	const struct server_conf conf = { .listen = settings->listen,
					  .routes = api_routes(),
					  .api = api,
					  .connections_max = connections_that_fit(settings->connections_max),
					  .idle_timeout_s = (unsigned)settings->idle_s,
					  .is_behind_tls = settings->is_behind_tls,
					  .cors_origins = settings->cors_origins,
					  .admit = api_admit,
					  .handle = api_handle,
					  .answered = api_answered };

	api->metrics_for_all = settings->metrics_for_all;
	if (!cors_list_is_good(settings->cors_origins))
		return err_set(err, ERR_FATAL,
			       "api.cors.origins must be origins as browsers write them: https://host,http://host:port");
	return server_open(&conf, &api->server, err);
}

static int open_auth(struct api *api, const struct program *program, const struct settings *settings, struct err *err)
{
	uint8_t key[32];
	const struct auth_conf conf = { .address_key = key,
					.conninfo = program->conninfo,
					.outbound = api->outbound,
					.outcomes = api->outcomes,
					.reads = api->reads,
					.rights = api->rights,
					.keys = api->keys,
					.outcome_ms = settings->outcome_ms,
					.trusted_proxies = settings->trusted_proxies,
					.can_register = settings->can_register,
					.password_threads = (unsigned)settings->password_threads };

	int result = key_read(key, settings->address_key_file, err) == 0 ? auth_new(&conf, &api->auth, err) : -1;

	wipe(key, sizeof(key));
	return result;
}

static int run(struct api *api, struct err *err)
{
	log_info("listening port=%d", server_port(api->server));
	while (!program_is_ending()) {
		program_look_at_keys(api->keys);
		if (api_step(api, err) != 0)
			return -1;
	}
	if (api_drain(api, clock_monotonic_ms() + DRAIN_MS, err) != 0)
		return -1;
	log_info("ended");
	return 0;
}

/* Two connections, so that a read of one resource never waits behind a list that scans a table. */
static int open_reads(struct api *api, const struct program *program, const struct settings *settings, struct err *err)
{
	struct questions_conf conf = { .name = "postgresql",
				       .conninfo = program->conninfo,
				       .application_name = "dcs-api",
				       .timeout_ms = settings->read_ms,
				       .waiting_max = QUESTIONS_MAX };
	struct reads_conf reads_conf = { 0 };
	uint8_t key[32];

	if (key_read(key, settings->address_key_file, err) != 0 || questions_new(&conf, &api->questions, err) != 0)
		return -1;
	conf.name = "searches";
	conf.waiting_max = SEARCHES_MAX;
	conf.together_max = SEARCH_TOGETHER;
	if (questions_new(&conf, &api->searches, err) != 0 || rights_new(api->questions, &api->rights, err) != 0)
		return -1;
	reads_conf.questions = api->questions;
	reads_conf.searches = api->searches;
	reads_conf.key = key;
	if (reads_new(&reads_conf, &api->reads, err) != 0 ||
	    contactability_new(program->conninfo, key, &api->contactability, err) != 0 ||
	    dunning_preview_new(program->conninfo, &api->dunning_preview, err) != 0 ||
	    explainer_new(program->conninfo, key, &api->explainer, err) != 0)
		return -1;
	wipe(key, sizeof(key));
	return 0;
}

static int open_writes(struct api *api, const struct program *program, const struct settings *settings, struct err *err)
{
	struct writes_conf conf = {
		.outbound = api->outbound,
		.reads = api->reads,
		.rights = api->rights,
		.outcome_ms = settings->outcome_ms,
	};
	struct commands_conf commands_conf = { 0 };

	if (outcomes_new(&program->bus, &api->outcomes, err) != 0)
		return -1;
	conf.outcomes = api->outcomes;
	if (writes_new(&conf, &api->writes, err) != 0)
		return -1;
	commands_conf.writes = api->writes;
	return commands_new(&commands_conf, &api->commands, err);
}

static int open_callbacks(struct api *api, const struct settings *settings, struct err *err)
{
	const struct callbacks_conf conf = { .twilio_token_file = settings->twilio_token_file,
					     .public_url = settings->url,
					     .address_key_file = settings->address_key_file,
					     .inbound_secret_file = settings->inbound_secret_file };

	return callbacks_new(&conf, &api->callbacks, err);
}

static void close_writes(struct api *api)
{
	commands_free(api->commands);
	writes_free(api->writes);
	outcomes_free(api->outcomes);
}

static void close_reads(struct api *api)
{
	contactability_free(api->contactability);
	dunning_preview_free(api->dunning_preview);
	explainer_free(api->explainer);
	questions_free(api->questions);
	questions_free(api->searches);
	reads_free(api->reads);
	rights_free(api->rights);
}

static void add_parts(struct api *api, struct heartbeat *heartbeat)
{
	const struct part parts[] = { outbound_part(api->outbound),
				      questions_part(api->questions),
				      questions_part(api->searches),
				      outcomes_part(api->outcomes),
				      writes_part(api->writes),
				      auth_part(api->auth),
				      heartbeat_part(heartbeat),
				      contactability_part(api->contactability),
				      dunning_preview_part(api->dunning_preview),
				      explainer_part(api->explainer) };

	for (size_t i = 0; i < COUNT(parts); i++)
		api_add_part(api, &parts[i]);
}

static int serve(const struct program *program, const struct settings *settings, struct api *api, struct err *err)
{
	static struct outbound outbound;
	static struct document document;
	static struct metrics metrics;
	static struct heartbeat heartbeat;
	int result = -1;

	api->outbound = &outbound;
	api->document = &document;
	api->metrics = &metrics;
	if (document_open(&document, api_routes(), err) != 0 || metrics_open(&metrics, api_routes(), err) != 0 ||
	    key_read(api->callback_key, settings->callback_key_file, err) != 0 ||
	    token_keys_load(program->keys_dir, program->token_issuer, program->token_audience, &api->keys, err) != 0)
		goto out;
	if (outbound_open(&outbound, &program->bus, api->keys, "api", ROLE_NOTIFIER | ROLE_SYSTEM, settings->wait_ms, err) != 0 ||
	    open_reads(api, program, settings, err) != 0 || open_writes(api, program, settings, err) != 0 ||
	    open_auth(api, program, settings, err) != 0 || open_callbacks(api, settings, err) != 0 ||
	    open_server(api, settings, err) != 0)
		goto out;
	outbound.conninfo = program->conninfo;
	heartbeat_init(&heartbeat, program->conninfo);
	add_parts(api, &heartbeat);
	result = run(api, err);
out:
	heartbeat_end(&heartbeat);
	if (result == 0) /* otherwise calls may be open, and the process ends anyway */
		server_close(api->server);
	auth_free(api->auth);
	callbacks_free(api->callbacks);
	outbound_release(&outbound);
	close_writes(api);
	close_reads(api);
	document_release(&document);
	metrics_release(&metrics);
	token_keys_free(api->keys);
	return result;
}

int main(int argc, char **argv)
{
	static const char about[] = "The HTTP gateway: everything that can be done, as REST.";
	struct api *api = calloc(1, sizeof(*api));
	struct err err = ERR_INIT;
	struct conf_row rows[PROGRAM_SETTINGS_MAX];
	enum conf_outcome outcome;
	struct settings settings;
	size_t rows_count;
	struct program program;
	int status;

	if (api == NULL)
		return 1;
	rows_count = settings_rows(&settings, rows);
	if (program_init(&program, "api", about, argc, argv, rows, rows_count, &outcome, &err) != 0)
		status = program_fail(&err);
	else if (outcome == CONF_EXIT_OK)
		status = 0;
	else if (serve(&program, &settings, api, &err) != 0)
		status = program_fail(&err);
	else
		status = 0;
	free(api);
	return status;
}
