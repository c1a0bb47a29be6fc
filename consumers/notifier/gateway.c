#include "consumers/notifier/gateway.h"

#include <stdio.h>

#include "base/array.h"
#include "crypto/crypto.h"

const struct gateway_kind *gateway_kind_by_name(const char *name)
{
	static const struct gateway_kind *const kinds[] = { &gateway_smtp,    &gateway_kannel, &gateway_twilio,
							    &gateway_webhook, &gateway_spool,  &gateway_sink };

	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (str_is(str_of(name), kinds[i]->name))
			return kinds[i];
	}
	return NULL;
}

void gateway_init(struct gateway *gateway, const struct gateway_conf *conf, int64_t now_ms)
{
	const struct throttle_conf throttle = { .per_second = conf->rate,
						.burst = conf->burst,
						.running_max = conf->concurrency,
						.failures_max = conf->failures,
						.pause_ms = conf->pause_ms,
						.pause_max_ms = conf->pause_max_ms };

	*gateway = (struct gateway){ .kind = gateway_kind_by_name(conf->kind), .conf = conf };
	MUST(gateway->kind != NULL);
	throttle_init(&gateway->throttle, &throttle, now_ms);
}

struct http_limits gateway_limits(const struct gateway_conf *conf)
{
	return (struct http_limits){ .connect_timeout_ms = conf->connect_timeout_ms,
				     .total_timeout_ms = conf->timeout_ms,
				     .ca_file = conf->ca_file[0] != '\0' ? conf->ca_file : NULL };
}

/* ---- checks that kinds share ---- */

/* The part of a URL between the scheme and the path; empty: there is none. */
static struct str authority_of(const char *url)
{
	const char *begin = strstr(url, "://");
	struct str authority = { .data = "", .size = 0 };

	if (begin == NULL)
		return authority;
	authority.data = begin + 3;
	authority.size = strcspn(authority.data, "/?#");
	return authority;
}

static bool has_scheme(const char *url, const char *scheme)
{
	size_t size = strlen(scheme);

	return strncmp(url, scheme, size) == 0 && strncmp(url + size, "://", 3) == 0;
}

static bool has_blank(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text <= 0x20 || *text == 0x7f)
			return true;
	}
	return false;
}

int gateway_check_url(const struct gateway_conf *conf, const char *scheme, const char *tls_scheme, struct err *err)
{
	struct str authority = authority_of(conf->url);

	if (!has_scheme(conf->url, scheme) && !has_scheme(conf->url, tls_scheme))
		return err_set(err, ERR_FATAL, "url must begin with %s:// or %s://", scheme, tls_scheme);
	if (authority.size == 0 || has_blank(conf->url))
		return err_set(err, ERR_FATAL, "url has no host, or a blank in it");
	if (memchr(authority.data, '@', authority.size) != NULL)
		return err_set(err, ERR_FATAL, "url has a login in it: it belongs into user and password.file");
	return 0;
}

int gateway_check_tls(const struct gateway_conf *conf, bool has_tls, struct err *err)
{
	if (has_tls || conf->plain || http_is_this_machine(authority_of(conf->url)))
		return 0;
	return err_set(err, ERR_FATAL,
		       "texts and passwords would leave this machine without TLS: use TLS, or plain = yes "
		       "in a private network");
}

bool gateway_judge_silence(const struct http_answer *answer, struct verdict *ret_verdict)
{
	*ret_verdict = (struct verdict){ .outcome = answer->outcome == HTTP_NOT_SENT ? DISPATCH_OUTCOME_NOT_ACCEPTED
										     : DISPATCH_OUTCOME_UNKNOWN };
	return answer->outcome != HTTP_ANSWERED;
}

/* ---- signed URLs ---- */

/* `name`: of the gateway; "": the link is of no gateway. */
static void add_signed(const struct gateway_conf *conf, const char *purpose, const struct uuid *communication_id,
		       const struct uuid *customer_id, const char *name, struct buf *ret_url)
{
	char communication[UUID_TEXT_SIZE + 1], customer[UUID_TEXT_SIZE + 1], signature_text[2 * DIGEST_SIZE + 1];
	char content[128 + 1 + GATEWAY_NAME_MAX];
	uint8_t signature[DIGEST_SIZE];

	uuid_format(communication, communication_id);
	uuid_format(customer, customer_id);
	(void)snprintf(content, sizeof(content), "%s|%s|%s%s%s", purpose, communication, customer, name[0] == '\0' ? "" : "|",
		       name);
	sign(signature, str_of(content), conf->callback_key);
	hex_from_bytes(signature_text, signature, sizeof(signature));
	buf_add_format(ret_url, "?c=%s&k=%s%s%s&s=%s", communication, customer, name[0] == '\0' ? "" : "&g=", name,
		       signature_text);
}

void gateway_callback_url(const struct gateway_conf *conf, const struct uuid *communication_id, const struct uuid *customer_id,
			  struct buf *ret_url)
{
	buf_add_format(ret_url, "%s/callbacks/%s", conf->callback_url, conf->kind);
	add_signed(conf, conf->kind, communication_id, customer_id, conf->name, ret_url);
}

void gateway_unsubscribe_url(const struct gateway_conf *conf, const struct uuid *communication_id, const struct uuid *customer_id,
			     struct buf *ret_url)
{
	buf_add_text(ret_url, conf->unsubscribe_url);
	add_signed(conf, "unsubscribe", communication_id, customer_id, "", ret_url);
}
