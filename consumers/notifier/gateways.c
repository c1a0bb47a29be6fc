#include "consumers/notifier/gateways.h"

#include <errno.h>
#include <stdio.h>

#include "base/array.h"
#include "base/conf.h"
#include "base/ini.h"
#include "bus/bus.h"

#define FILE_SIZE_MAX (64 << 10)
#define ROW_SETTINGS  24

/* The settings of a row, by their names in the file. */
static size_t settings_of(struct gateway_conf *conf, struct conf_row rows[ROW_SETTINGS])
{
	const struct conf_row all[] = {
		{ "channel", CONF_TEXT, "", &conf->channel, 0, 0, false, "what it delivers on" },
		{ "kind", CONF_TEXT, "", &conf->kind, 0, 0, false, "how it is talked to" },
		{ "url", CONF_TEXT, "", &conf->url, 0, 0, false, "where it is" },
		{ "user", CONF_TEXT, "", &conf->user, 0, 0, false, "log-in" },
		{ "password.file", CONF_TEXT, "", &conf->password_file, 0, 0, false, "its password, or the webhook's secret" },
		{ "from", CONF_TEXT, "", &conf->from, 0, 0, false, "sender" },
		{ "from.name", CONF_TEXT, "", &conf->from_name, 0, 0, false, "its name in e-mail" },
		{ "callback.url", CONF_TEXT, "", &conf->callback_url, 0, 0, false, "producers/api as the gateway reaches it" },
		{ "unsubscribe.url", CONF_TEXT, "", &conf->unsubscribe_url, 0, 0, false, "page of List-Unsubscribe" },
		{ "ca.file", CONF_TEXT, "", &conf->ca_file, 0, 0, false, "certificates to trust" },
		{ "paper", CONF_TEXT, "a4", &conf->paper, 0, 0, false, "spool: a4 or us" },
		{ "tls", CONF_SWITCH, "no", &conf->tls, 0, 0, false, "smtp: STARTTLS, or nothing" },
		{ "html", CONF_SWITCH, "no", &conf->html, 0, 0, false, "smtp: the text as HTML, too" },
		{ "plain", CONF_SWITCH, "no", &conf->plain, 0, 0, false, "permits secrets and texts without TLS" },
		{ "order", CONF_NUMBER, "1", &conf->order, 1, GATEWAY_ORDER_MAX, false, "of fallback: lower first" },
		{ "rate", CONF_NUMBER, "100", &conf->rate, 1, 100000, false, "messages a second" },
		{ "burst", CONF_NUMBER, "16", &conf->burst, 1, 100000, false, "messages at once after a pause" },
		{ "concurrency", CONF_NUMBER, "16", &conf->concurrency, 1, 128, false, "messages under way" },
		{ "breaker.failures", CONF_NUMBER, "5", &conf->failures, 1, 1000, false, "in a row, that open it" },
		{ "breaker.pause.ms", CONF_NUMBER, "1000", &conf->pause_ms, 1, 3600000, false, "first pause" },
		{ "breaker.pause.max.ms", CONF_NUMBER, "30000", &conf->pause_max_ms, 1, 3600000, false, "longest pause" },
		{ "connect.timeout.ms", CONF_NUMBER, "5000", &conf->connect_timeout_ms, 1, 600000, false,
		  "name, TCP, TLS, log-in" },
		{ "timeout.ms", CONF_NUMBER, "30000", &conf->timeout_ms, 1, 600000, false, "until the answer is complete" },
	};

	_Static_assert(COUNT(all) <= ROW_SETTINGS, "room for the settings of a row");
	memcpy(rows, all, sizeof(all));
	return COUNT(all);
}

struct gateway_conf *gateways_add(struct gateways *gateways, const char *name)
{
	struct conf_row rows[ROW_SETTINGS];
	struct gateway_conf *conf;
	struct err err = ERR_INIT;

	if (gateways->count == GATEWAYS_MAX)
		return NULL;
	conf = &gateways->confs[gateways->count++];
	*conf = (struct gateway_conf){ .name = name };
	MUST(conf_set_defaults(rows, settings_of(conf, rows), &err) == 0);
	return conf;
}

/* ---- checks ---- */

static bool is_name(const char *name)
{
	size_t size = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return size > 0 && size <= GATEWAY_NAME_MAX && name[size] == '\0' &&
	       strcmp(name, "notifier") != 0 && /* attempts that the guard refused have this one */
	       strcmp(name, "person") != 0;     /* and this one what a person found out (ResolveUnknown) */
}

static int check_row(const struct gateway_conf *conf, struct err *err)
{
	const struct gateway_kind *kind = gateway_kind_by_name(conf->kind);

	if (!is_name(conf->name))
		return err_set(err, ERR_FATAL, "a name is 1 to %d of a-z, 0-9 and -, and not notifier", GATEWAY_NAME_MAX);
	if (kind == NULL)
		return err_set(err, ERR_FATAL, "kind must be " GATEWAY_KINDS);
	if (bus_is_rehearsal() != (kind == &gateway_sink))
		return err_set(err, ERR_FATAL,
			       bus_is_rehearsal() ? "nobody must get a message of a rehearsal: kind must be sink"
						  : "a sink delivers nothing: only a rehearsal has one");
	if (message_channel_by_name(str_of(conf->channel)) == CHANNEL_NONE)
		return err_set(err, ERR_FATAL, "channel must be one of " MESSAGE_CHANNEL_LISTED);
	if (kind->channel != NULL && strcmp(kind->channel, conf->channel) != 0)
		return err_set(err, ERR_FATAL, "a gateway of kind %s delivers on channel %s only", kind->name, kind->channel);
	if (kind == &gateway_webhook && strcmp(conf->channel, "letter") == 0)
		return err_set(err, ERR_FATAL, "a letter is a file: its kind is spool");
	if (conf->pause_max_ms < conf->pause_ms)
		return err_set(err, ERR_FATAL, "breaker.pause.max.ms is less than breaker.pause.ms");
	return kind->check(conf, err);
}

static int check_names(const struct gateways *gateways, size_t i, struct err *err)
{
	for (size_t k = 0; k < i; k++) {
		if (strcmp(gateways->confs[k].name, gateways->confs[i].name) == 0)
			return err_set(err, ERR_FATAL, "there are two gateways of this name");
	}
	return 0;
}

size_t gateways_concurrency(const struct gateways *gateways)
{
	int64_t sum = 0;

	for (size_t i = 0; i < gateways->count; i++)
		sum += gateways->confs[i].concurrency;
	return (size_t)sum;
}

int gateways_check(const struct gateways *gateways, struct err *err)
{
	struct err why = ERR_INIT;

	for (size_t i = 0; i < gateways->count; i++) {
		const struct gateway_conf *conf = &gateways->confs[i];

		if (check_row(conf, &why) != 0 || check_names(gateways, i, &why) != 0)
			return err_set(err, ERR_FATAL, "gateway [%.*s]: %s", GATEWAY_NAME_MAX, conf->name, why.text);
	}
	if (gateways_concurrency(gateways) > HTTP_EXCHANGES_MAX)
		return err_set(err, ERR_FATAL, "the gateways' concurrency is more than %d together", HTTP_EXCHANGES_MAX);
	return 0;
}

/* ---- the file ---- */

static int wrong_line(int line, const char *what, struct err *err)
{
	return err_set(err, ERR_FATAL, "gateways.file line %d: %s", line, what);
}

static int set_value(struct gateway_conf *conf, const struct ini_item *item, struct err *err)
{
	struct conf_row rows[ROW_SETTINGS];
	struct err why = ERR_INIT;

	if (conf == NULL)
		return wrong_line(item->line, "a setting before the first [gateway]", err);
	if (conf_set(rows, settings_of(conf, rows), item->name, item->value, &why) != 0)
		return wrong_line(item->line, why.text, err);
	return 0;
}

int gateways_read(struct gateways *gateways, char *text, struct err *err)
{
	struct gateway_conf *conf = NULL;
	struct ini ini = ini_begin(text);
	struct ini_item item;

	while ((item = ini_next(&ini)).kind != INI_END) {
		if (item.kind == INI_WRONG)
			return wrong_line(item.line, "neither [gateway] nor name = value", err);
		if (item.kind == INI_SECTION)
			conf = gateways_add(gateways, item.name);
		if (item.kind == INI_SECTION && conf == NULL)
			return wrong_line(item.line, "there are too many gateways", err);
		if (item.kind == INI_VALUE && set_value(conf, &item, err) != 0)
			return -1;
	}
	if (gateways->count == 0)
		return err_set(err, ERR_FATAL, "gateways.file names no gateway");
	return 0;
}

int gateways_load(struct gateways *gateways, const char *path, struct err *err)
{
	FILE *file = fopen(path, "re");
	unsigned char *room;
	size_t size;

	if (file == NULL)
		return err_set(err, ERR_FATAL, "gateways.file cannot be read: %s", strerror(errno));
	buf_init(&gateways->text, FILE_SIZE_MAX + 1);
	room = buf_reserve(&gateways->text, FILE_SIZE_MAX + 1);
	MUST(room != NULL);
	size = fread(room, 1, FILE_SIZE_MAX + 1, file);
	(void)fclose(file);
	if (size > FILE_SIZE_MAX || memchr(room, '\0', size) != NULL)
		return err_set(err, ERR_FATAL, "gateways.file is too long or has a NUL in it");
	room[size] = '\0';
	return gateways_read(gateways, (char *)room, err);
}

void gateways_release(struct gateways *gateways)
{
	buf_release(&gateways->text);
}
