#include "consumers/notifier/gateway.h"

#include <stdio.h>

#include "base/array.h"
#include "base/base64url.h"
#include "base/day.h"
#include "wire/json.h"

/*
 * Kind webhook: the message as JSON to a program of the operator's, signed as Standard Webhooks 1.0 say: a webhook-id, a
 * timestamp, and HMAC-SHA-256 over id.timestamp.body with a secret that both know (whsec_<base64>, in password.file).
 *
 * The id is that of the message and its attempt. Receivers of Standard Webhooks recognise a repeated id, so a request of which
 * nobody knows whether it arrived is sent again with the same id.
 */
#define SECRET_PREFIX "whsec_"
#define SECRET_MIN    24 /* of the standard */
#define SECRET_MAX    64
#define BODY_SIZE_MAX (256 << 10)
#define ID_SIZE       (UUID_TEXT_SIZE + 20)
#define HEADER_SIZE   160

/* base64 in the alphabet of base64url.h, without padding. */
static bool decode_secret(const char *text, uint8_t secret[SECRET_MAX], size_t *ret_size)
{
	char url[BASE64URL_SIZE(SECRET_MAX) + 1];
	size_t size = strlen(SECRET_PREFIX), length = 0;
	bool is_decoded;

	if (strncmp(text, SECRET_PREFIX, size) != 0)
		return false;
	for (text += size; *text != '\0' && *text != '='; text++) {
		if (length == sizeof(url) - 1 || *text == '-' || *text == '_')
			return false;
		url[length++] = (char)(*text == '+' ? '-' : *text == '/' ? '_' : *text);
	}
	is_decoded = base64url_decode(secret, ret_size, (struct str){ .data = url, .size = length });
	wipe(url, sizeof(url));
	return is_decoded && *ret_size >= SECRET_MIN && *ret_size <= SECRET_MAX;
}

static int check(const struct gateway_conf *conf, struct err *err)
{
	uint8_t secret[SECRET_MAX];
	size_t size;
	bool is_good = decode_secret(conf->password, secret, &size);

	wipe(secret, sizeof(secret));
	if (gateway_check_url(conf, "http", "https", err) != 0)
		return -1;
	if (!is_good)
		return err_set(err, ERR_FATAL, "password.file must hold a secret: whsec_ and the base64 of %d to %d bytes",
			       SECRET_MIN, SECRET_MAX);
	return gateway_check_tls(conf, strncmp(conf->url, "https:", 6) == 0, err);
}

static void add_text(struct buf *body, const char *name, struct str text)
{
	buf_add_format(body, ",\"%s\":", name);
	json_write_string(body, text);
}

static void write_body(const struct gateway_conf *conf, const struct parcel *parcel, struct buf *body)
{
	char id[UUID_TEXT_SIZE + 1], now[32], send_by[32];

	uuid_format(id, &parcel->communication_id);
	instant_format(now, parcel->now_ms);
	instant_format(send_by, parcel->send_by_ms);
	buf_add_format(body, "{\"type\":\"message.send\",\"timestamp\":\"%s\",\"data\":{\"communicationId\":\"%s\"", now, id);
	buf_add_format(body, ",\"attempt\":%d,\"channel\":\"%s\",\"sendBy\":\"%s\"", (int)parcel->attempt, conf->channel,
		       send_by);
	add_text(body, "to", parcel->address);
	if (parcel->subject.size > 0)
		add_text(body, "subject", parcel->subject);
	add_text(body, "text", parcel->text);
	if (parcel->html.size > 0)
		add_text(body, "html", parcel->html);
	buf_add_text(body, "}}");
}

/* "webhook-signature: v1,<base64 of the MAC>" */
static void signature_header(char header[HEADER_SIZE], const struct gateway_conf *conf, const char *id, int64_t at_s,
			     const struct buf *body)
{
	uint8_t secret[SECRET_MAX], mac[SHA256_SIZE];
	char text[BASE64URL_SIZE(SHA256_SIZE) + 1];
	struct buf content;
	size_t size;

	MUST(decode_secret(conf->password, secret, &size));
	buf_init(&content, BODY_SIZE_MAX + ID_SIZE + 32);
	buf_add_format(&content, "%s.%lld.", id, (long long)at_s);
	buf_add_str(&content, buf_str(body));
	MUST(!content.overflow);
	hmac_sha256(mac, buf_str(&content), (struct str){ .data = (const char *)secret, .size = size });
	wipe(content.data, content.size);
	wipe(secret, sizeof(secret));
	buf_release(&content);
	base64url_encode(text, mac, sizeof(mac));
	for (char *at = text; *at != '\0'; at++)
		*at = (char)(*at == '-' ? '+' : *at == '_' ? '/' : *at);
	(void)snprintf(header, HEADER_SIZE, "webhook-signature: v1,%s=", text);
}

static int post(const struct gateway_conf *conf, struct http *http, const struct parcel *parcel, const struct buf *body,
		http_done *done, void *done_arg, struct err *err)
{
	char communication[UUID_TEXT_SIZE + 1], id[ID_SIZE], headers[3][HEADER_SIZE];
	struct http_request request = { .url = conf->url,
					.form = buf_str(body),
					.content_type = "application/json",
					.headers = { headers[0], headers[1], headers[2] },
					.limits = gateway_limits(conf) };

	uuid_format(communication, &parcel->communication_id);
	(void)snprintf(id, sizeof(id), "%s_%d", communication, (int)parcel->attempt);
	(void)snprintf(headers[0], HEADER_SIZE, "webhook-id: %s", id);
	(void)snprintf(headers[1], HEADER_SIZE, "webhook-timestamp: %lld", (long long)(parcel->now_ms / 1000));
	signature_header(headers[2], conf, id, parcel->now_ms / 1000, body);
	return http_start(http, &request, done, done_arg, err);
}

static int start(const struct gateway_conf *conf, struct http *http, const struct parcel *parcel, http_done *done, void *done_arg,
		 struct err *err)
{
	struct buf body;
	int result;

	buf_init(&body, BODY_SIZE_MAX);
	write_body(conf, parcel, &body);
	result = body.overflow ? err_set(err, ERR_POISON, "webhook: the message is too long")
			       : post(conf, http, parcel, &body, done, done_arg, err);
	if (body.size > 0)
		wipe(body.data, body.size);
	buf_release(&body);
	return result;
}

static void judge_status(int status, struct verdict *verdict)
{
	static const int settings[] = { 401, 403, 404, 405, 407, 410, 421 }; /* it is not the message that is wrong */

	verdict->outcome = status < 300 ? DISPATCH_OUTCOME_ACCEPTED : DISPATCH_OUTCOME_FAILED;
	verdict->is_well = true;
	if (status >= 500 || status == 408 || status == 409 || status == 425) {
		verdict->outcome = DISPATCH_OUTCOME_UNKNOWN;
		verdict->is_well = false;
	}
	if (status == 429 || status == 503 || (status >= 300 && status < 400)) {
		verdict->outcome = DISPATCH_OUTCOME_NOT_ACCEPTED;
		verdict->is_well = false;
	}
	for (size_t i = 0; i < COUNT(settings); i++) {
		if (status == settings[i]) {
			verdict->outcome = DISPATCH_OUTCOME_NOT_ACCEPTED;
			verdict->is_well = false;
		}
	}
}

static void judge(const struct gateway_conf *conf, const struct uuid *communication_id, const struct http_answer *answer,
		  struct verdict *ret_verdict)
{
	(void)conf;
	(void)communication_id;
	if (gateway_judge_silence(answer, ret_verdict))
		return;
	judge_status(answer->status, ret_verdict);
	(void)snprintf(ret_verdict->provider_code, sizeof(ret_verdict->provider_code), "%d", answer->status);
}

const struct gateway_kind gateway_webhook = {
	.name = "webhook", .doubt = DOUBT_REPEATS, .check = check, .start = start, .judge = judge
};
