#include "consumers/notifier/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/conf.h"
#include "crypto/crypto.h"
#include "http/mail.h"

#define FAILURES_MAX 5
#define PAUSE_MS     1000
#define PAUSE_MAX_MS 30000

size_t settings_rows(struct settings *s, struct conf_row rows[PROGRAM_SETTINGS_MAX])
{
	const struct conf_row all[] = {
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
		{ "notifier.rate", CONF_NUMBER, "100", &s->rate, 1, 100000, false, "messages a second, each gateway" },
		{ "notifier.concurrency", CONF_NUMBER, "16", &s->concurrency, 1, 64, false, "messages at once, each gateway" },
		{ "notifier.timeout.ms", CONF_NUMBER, "30000", &s->timeout_ms, 100, 600000, false,
		  "wait for a gateway's answer" },
		{ "notifier.retry.ms", CONF_NUMBER, "60000", &s->retry_ms, 1, 3600000, false, "first pause before a next try" },
		{ "notifier.attempts", CONF_NUMBER, "8", &s->attempts_max, 1, 100, false, "tries of one message" },
	};

	*s = (struct settings){ 0 };
	memcpy(rows, all, sizeof(all));
	return COUNT(all);
}

/* Reads one line of a file; "" without a file. */
static int read_secret(char *secret, size_t secret_size, const char *path, struct err *err)
{
	FILE *file;

	secret[0] = '\0';
	if (path[0] == '\0')
		return 0;
	file = fopen(path, "re");
	if (file == NULL)
		return err_set(err, ERR_FATAL, "cannot read a password file: %s", strerror(errno));
	if (fgets(secret, (int)secret_size, file) == NULL)
		secret[0] = '\0';
	(void)fclose(file);
	secret[strcspn(secret, "\r\n")] = '\0';
	return secret[0] != '\0' ? 0 : err_set(err, ERR_FATAL, "a password file is empty");
}

static int set_smtp(struct settings *settings, struct err *err)
{
	struct str domain;

	if (!mail_address_is_valid(str_of(settings->mail_from)))
		return err_set(err, ERR_FATAL, "mail.from is not an address");
	if (read_secret(settings->smtp_password, sizeof(settings->smtp_password), settings->smtp_password_file, err) != 0)
		return -1;
	(void)str_cut(str_of(settings->mail_from), '@', &domain);
	settings->smtp = (struct smtp_conf){ .url = settings->smtp_url,
					     .user = settings->smtp_user,
					     .password = settings->smtp_password,
					     .require_tls = settings->smtp_tls,
					     .from_name = settings->mail_from_name,
					     .from_address = settings->mail_from,
					     .bounce_domain = domain.data }; /* the end of mail.from, so it is terminated */
	return key_read(settings->smtp.callback_key, settings->callback_key_file, err);
}

static int set_kannel(struct settings *settings, struct err *err)
{
	if (settings->kannel_url[0] != '\0' && settings->api_url[0] == '\0')
		return err_set(err, ERR_FATAL, "kannel.url needs api.url: delivery reports would go nowhere");
	if (read_secret(settings->kannel_password, sizeof(settings->kannel_password), settings->kannel_password_file, err) != 0)
		return -1;
	settings->kannel = (struct kannel_conf){ .url = settings->kannel_url,
						 .user = settings->kannel_user,
						 .password = settings->kannel_password,
						 .from = settings->kannel_from,
						 .callback_url = settings->api_url };
	return key_read(settings->kannel.callback_key, settings->callback_key_file, err);
}

int settings_finish(struct settings *settings, struct err *err)
{
	if (set_smtp(settings, err) != 0 || set_kannel(settings, err) != 0)
		return -1;
	settings->throttle = (struct throttle_conf){ .per_second = settings->rate,
						     .burst = settings->concurrency,
						     .running_max = settings->concurrency,
						     .failures_max = FAILURES_MAX,
						     .pause_ms = PAUSE_MS,
						     .pause_max_ms = PAUSE_MAX_MS };
	return key_read(settings->address_key, settings->address_key_file, err);
}
