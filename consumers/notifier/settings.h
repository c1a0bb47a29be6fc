#ifndef NOTIFIER_SETTINGS_H
#define NOTIFIER_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "consumers/notifier/gateways.h"
#include "worker/program.h"

/*
 * The settings of the notifier beside those of every program (worker/program.h). The gateways are rows of a file, or, without a
 * file, one SMTP server and one Kannel from settings of their own.
 */
struct settings {
	const char *gateways_file;
	const char *smtp_url, *smtp_user, *smtp_password_file;
	const char *gateway_ca_file;
	bool smtp_tls;
	const char *mail_from, *mail_from_name;
	const char *kannel_url, *kannel_user, *kannel_password_file, *kannel_from;
	const char *api_url;
	const char *address_key_file, *callback_key_file;
	int64_t rate, concurrency; /* of each gateway without a file */
	int64_t timeout_ms, retry_ms, ask_ms, attempts_max;

	/* derived from them */
	uint8_t address_key[32];
	struct gateways gateways;
};

/* Clears the settings; returns the rows that fill them, for program_init. Then settings_finish derives the rest from them. */
size_t settings_rows(struct settings *settings, struct conf_row rows[PROGRAM_SETTINGS_MAX]);
MUST_CHECK int settings_finish(struct settings *settings, struct err *err);
void settings_release(struct settings *settings);

#endif
