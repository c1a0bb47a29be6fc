#include "consumers/notifier/settings.h"

#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/conf.h"
#include "crypto/crypto.h"

size_t settings_rows(struct settings *s, struct conf_row rows[PROGRAM_SETTINGS_MAX])
{
	const struct conf_row all[] = {
		{ "gateways.file", CONF_TEXT, "", &s->gateways_file, 0, 0, false,
		  "the gateways (consumers/notifier/README.md); empty: smtp.url and kannel.url" },
		{ "smtp.url", CONF_TEXT, "", &s->smtp_url, 0, 0, false, "smtp://host:port/our.name; empty: no e-mail is sent" },
		{ "smtp.user", CONF_TEXT, "", &s->smtp_user, 0, 0, false, "log-in at the SMTP server; empty: none" },
		{ "smtp.password.file", CONF_TEXT, "", &s->smtp_password_file, 0, 0, false, "its password" },
		{ "smtp.tls", CONF_SWITCH, "false", &s->smtp_tls, 0, 0, false, "STARTTLS with a valid certificate, or nothing" },
		{ "gateway.ca.file", CONF_TEXT, "", &s->gateway_ca_file, 0, 0, false,
		  "certificates to trust; empty: the system's" },
		{ "mail.from", CONF_TEXT, "collections@dcs.localhost", &s->mail_from, 0, 0, false, "sender of e-mail" },
		{ "mail.from.name", CONF_TEXT, "Collections", &s->mail_from_name, 0, 0, false, "its name" },
		{ "kannel.url", CONF_TEXT, "", &s->kannel_url, 0, 0, false, "Kannel's sendsms; empty: no SMS is sent" },
		{ "kannel.user", CONF_TEXT, "dcs", &s->kannel_user, 0, 0, false, "its sendsms-user" },
		{ "kannel.password.file", CONF_TEXT, "", &s->kannel_password_file, 0, 0, false, "and password" },
		{ "kannel.from", CONF_TEXT, "DCS", &s->kannel_from, 0, 0, false, "sender of SMS" },
		{ "api.url", CONF_TEXT, "", &s->api_url, 0, 0, false, "producers/api as Kannel reaches it, http://host:port" },
		{ "address.key.file", CONF_TEXT, NULL, &s->address_key_file, 0, 0, false, "key that seals addresses and texts" },
		{ "callback.key.file", CONF_TEXT, NULL, &s->callback_key_file, 0, 0, false, "key that signs callback URLs" },
		{ "notifier.rate", CONF_NUMBER, "100", &s->rate, 1, 100000, false,
		  "messages a second, each gateway without a file" },
		{ "notifier.concurrency", CONF_NUMBER, "16", &s->concurrency, 1, 64, false,
		  "messages at once, each gateway without a file" },
		{ "notifier.timeout.ms", CONF_NUMBER, "30000", &s->timeout_ms, 100, 600000, false,
		  "wait for a gateway's answer, without a file" },
		{ "notifier.retry.ms", CONF_NUMBER, "60000", &s->retry_ms, 1, 3600000, false, "first pause before a next try" },
		{ "notifier.ask.ms", CONF_NUMBER, "5000", &s->ask_ms, 1, 3600000, false,
		  "first pause before asking about a doubtful message" },
		{ "notifier.attempts", CONF_NUMBER, "8", &s->attempts_max, 1, 100, false, "tries of one message" },
	};

	*s = (struct settings){ 0 };
	memcpy(rows, all, sizeof(all));
	return COUNT(all);
}

/* What rows of settings have in common. */
static struct gateway_conf *add_row(struct settings *settings, const char *name, const char *channel)
{
	struct gateway_conf *conf = gateways_add(&settings->gateways, name);

	MUST(conf != NULL);
	conf->kind = name;
	conf->channel = channel;
	conf->plain = true; /* as it always was: these settings cannot say it */
	conf->rate = settings->rate;
	conf->burst = conf->concurrency = settings->concurrency;
	conf->timeout_ms = settings->timeout_ms;
	return conf;
}

static void add_rows_of_settings(struct settings *settings)
{
	struct gateway_conf *conf;

	if (settings->smtp_url[0] != '\0') {
		conf = add_row(settings, "smtp", "email");
		conf->url = settings->smtp_url;
		conf->user = settings->smtp_user;
		conf->password_file = settings->smtp_password_file;
		conf->tls = settings->smtp_tls;
		conf->from = settings->mail_from;
		conf->from_name = settings->mail_from_name;
	}
	if (settings->kannel_url[0] != '\0') {
		conf = add_row(settings, "kannel", "sms");
		conf->url = settings->kannel_url;
		conf->user = settings->kannel_user;
		conf->password_file = settings->kannel_password_file;
		conf->from = settings->kannel_from;
	}
}

/* What a row of the file need not repeat, and what is in no file: passwords and the key. */
static int complete(const struct settings *settings, struct gateway_conf *conf, struct err *err)
{
	if (conf->callback_url[0] == '\0')
		conf->callback_url = settings->api_url;
	if (conf->ca_file[0] == '\0')
		conf->ca_file = settings->gateway_ca_file;
	if (conf_read_secret(conf->password, sizeof(conf->password), conf->password_file, err) != 0)
		return -1;
	return key_read(conf->callback_key, settings->callback_key_file, err);
}

static int set_gateways(struct settings *settings, struct err *err)
{
	struct gateways *gateways = &settings->gateways;
	bool has_file = settings->gateways_file[0] != '\0';
	struct err why = ERR_INIT;

	if (has_file && (settings->smtp_url[0] != '\0' || settings->kannel_url[0] != '\0'))
		return err_set(err, ERR_FATAL,
			       "gateways.file is given, so smtp.url and kannel.url have no effect: leave them out");
	if (has_file && gateways_load(gateways, settings->gateways_file, err) != 0)
		return -1;
	if (!has_file)
		add_rows_of_settings(settings);
	for (size_t i = 0; i < gateways->count; i++) {
		if (complete(settings, &gateways->confs[i], &why) != 0)
			return err_set(err, ERR_FATAL, "gateway [%.*s]: %s", GATEWAY_NAME_MAX, gateways->confs[i].name, why.text);
	}
	return gateways_check(gateways, err);
}

int settings_finish(struct settings *settings, struct err *err)
{
	if (set_gateways(settings, err) != 0)
		return -1;
	return key_read(settings->address_key, settings->address_key_file, err);
}

void settings_release(struct settings *settings)
{
	wipe(settings->gateways.confs, sizeof(settings->gateways.confs));
	gateways_release(&settings->gateways);
}
