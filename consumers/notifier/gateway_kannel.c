#include "consumers/notifier/gateway.h"

#include <stdio.h>

#include "crypto/crypto.h"
#include "http/kannel.h"

/* The adapter of Kannel's sendsms (http/kannel.h). */

#define URL_SIZE_MAX 32768 /* 4000 bytes of text, three characters each, and the rest of the URL */
#define MINUTE_MS    60000

void kannel_callback_url(const struct kannel_conf *conf, const struct uuid *communication_id, const struct uuid *customer_id,
			 struct buf *ret_url)
{
	char communication[UUID_TEXT_SIZE + 1], customer[UUID_TEXT_SIZE + 1], signature_text[2 * DIGEST_SIZE + 1], content[128];
	uint8_t signature[DIGEST_SIZE];

	uuid_format(communication, communication_id);
	uuid_format(customer, customer_id);
	(void)snprintf(content, sizeof(content), "kannel|%s|%s", communication, customer);
	sign(signature, str_of(content), conf->callback_key);
	hex_from_bytes(signature_text, signature, sizeof(signature));
	/* %d kind of report, %F the network's id, %T its time, %A the network's words */
	buf_add_format(ret_url, "%s/callbacks/kannel?c=%s&k=%s&s=%s&status=%%d&ref=%%F&at=%%T&info=%%A", conf->callback_url,
		       communication, customer, signature_text);
}

static int64_t validity_minutes(const struct parcel *parcel)
{
	int64_t minutes = (parcel->send_by_ms - parcel->now_ms) / MINUTE_MS;

	return minutes < 1 ? 1 : minutes;
}

static int build(const struct kannel_conf *conf, const struct parcel *parcel, struct buf *url, struct err *err)
{
	struct kannel_sms sms = { .url = str_of(conf->url),
				  .user = str_of(conf->user),
				  .password = str_of(conf->password),
				  .from = str_of(conf->from),
				  .to = parcel->address,
				  .text = parcel->text,
				  .validity_minutes = validity_minutes(parcel) };
	struct buf callback;
	int result;

	buf_init(&callback, 2048);
	kannel_callback_url(conf, &parcel->communication_id, &parcel->customer_id, &callback);
	sms.dlr_url = buf_str(&callback);
	result = callback.overflow ? err_set(err, ERR_FATAL, "kannel: the callback URL is too long") : kannel_url(&sms, url, err);
	buf_release(&callback);
	return result;
}

static int start(struct gateway *gateway, struct http *http, const struct parcel *parcel, http_done *done, void *done_arg,
		 struct err *err)
{
	const struct kannel_conf *conf = gateway->self;
	struct http_request request = { 0 };
	struct buf url;
	int result;

	buf_init(&url, URL_SIZE_MAX);
	result = build(conf, parcel, &url, err);
	if (result == 0) {
		request.url = (const char *)url.data;
		result = http_start(http, &request, done, done_arg, err);
	}
	if (url.size > 0)
		wipe(url.data, url.size); /* number, text and password */
	buf_release(&url);
	return result;
}

static void judge(const struct http_answer *answer, struct verdict *ret_verdict)
{
	static const struct {
		enum dispatch_outcome outcome;
		bool is_well;
	} table[] = {
		[KANNEL_ACCEPTED] = { DISPATCH_OUTCOME_ACCEPTED, true },
		[KANNEL_LATER] = { DISPATCH_OUTCOME_NOT_ACCEPTED, false },
		[KANNEL_REFUSED] = { DISPATCH_OUTCOME_FAILED, true },
		[KANNEL_UNKNOWN] = { DISPATCH_OUTCOME_UNKNOWN, false },
	};
	enum kannel_verdict verdict = kannel_verdict_of(answer);

	*ret_verdict = (struct verdict){ .outcome = table[verdict].outcome,
					 .is_well = table[verdict].is_well,
					 .retry_after_ms = answer->retry_after_ms };
	if (answer->status != 0)
		(void)snprintf(ret_verdict->provider_code, sizeof(ret_verdict->provider_code), "%d", answer->status);
}

static void reference(const struct gateway *gateway, const struct uuid *communication_id, char ret_ref[PROVIDER_REF_MAX + 1])
{
	(void)gateway;
	(void)communication_id;
	ret_ref[0] = '\0'; /* the network's id comes with the delivery report */
}

void gateway_kannel_init(struct gateway *gateway, struct kannel_conf *conf, const struct throttle_conf *throttle, int64_t now_ms)
{
	*gateway = (struct gateway){
		.name = "kannel", .channel = "sms", .start = start, .judge = judge, .reference = reference, .self = conf
	};
	throttle_init(&gateway->throttle, throttle, now_ms);
}
