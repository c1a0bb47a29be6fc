#include "consumers/notifier/gateway.h"

#include <stdio.h>

#include "crypto/crypto.h"
#include "http/kannel.h"

/* Kind kannel: Kannel's sendsms (http/kannel.h). */

#define URL_SIZE_MAX 32768 /* 4000 bytes of text, three characters each, and the rest of the URL */
#define MINUTE_MS    60000

void kannel_callback_url(const struct gateway_conf *conf, const struct uuid *communication_id, const struct uuid *customer_id,
			 struct buf *ret_url)
{
	gateway_callback_url(conf, communication_id, customer_id, ret_url);
	/* %d kind of report, %F the network's id, %T its time, %A the network's words */
	buf_add_text(ret_url, "&status=%d&ref=%F&at=%T&info=%A");
}

static int check(const struct gateway_conf *conf, struct err *err)
{
	if (gateway_check_url(conf, "http", "https", err) != 0)
		return -1;
	if (conf->callback_url[0] == '\0')
		return err_set(err, ERR_FATAL, "callback.url is missing: delivery reports would go nowhere");
	if (conf->user[0] == '\0' || conf->from[0] == '\0')
		return err_set(err, ERR_FATAL, "user and from must be given");
	return gateway_check_tls(conf, strncmp(conf->url, "https:", 6) == 0, err);
}

static int64_t validity_minutes(const struct parcel *parcel)
{
	int64_t minutes = (parcel->send_by_ms - parcel->now_ms) / MINUTE_MS;

	return minutes < 1 ? 1 : minutes;
}

static int build(const struct gateway_conf *conf, const struct parcel *parcel, struct buf *url, struct err *err)
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

static int start(const struct gateway_conf *conf, struct http *http, const struct parcel *parcel, http_done *done, void *done_arg,
		 struct err *err)
{
	struct http_request request = { .limits = gateway_limits(conf) };
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

static void judge(const struct gateway_conf *conf, const struct uuid *communication_id, const struct http_answer *answer,
		  struct verdict *ret_verdict)
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

	(void)conf;
	(void)communication_id; /* the network's id comes with the delivery report */
	*ret_verdict = (struct verdict){ .outcome = table[verdict].outcome, .is_well = table[verdict].is_well };
	if (answer->status != 0)
		(void)snprintf(ret_verdict->provider_code, sizeof(ret_verdict->provider_code), "%d", answer->status);
}

const struct gateway_kind gateway_kannel = { .name = "kannel", .channel = "sms", .check = check, .start = start, .judge = judge };
