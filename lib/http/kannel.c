#include "http/kannel.h"

#include "base/address.h"
#include "http/sms.h"

#define DLR_MASK 31 /* every kind of report but the SMSC's intermediate ones */

static void add_pair(struct buf *buf, const char *name, struct str value)
{
	buf_add_text(buf, name);
	http_add_escaped(buf, value);
}

int kannel_url(const struct kannel_sms *sms, struct buf *ret_url, struct err *err)
{
	struct sms_size size;

	if (!address_is_phone(sms->to))
		return err_set(err, ERR_POISON, "sms: the recipient is not one E.164 number");
	if (!sms_measure(sms->text, &size) || size.segments == 0)
		return err_set(err, ERR_POISON, "sms: the text is empty or not UTF-8");
	buf_add_str(ret_url, sms->url);
	add_pair(ret_url, "?username=", sms->user);
	add_pair(ret_url, "&password=", sms->password);
	add_pair(ret_url, "&from=", sms->from);
	add_pair(ret_url, "&to=", sms->to);
	add_pair(ret_url, "&text=", sms->text);
	buf_add_format(ret_url, "&charset=UTF-8&coding=%d", (int)size.coding);
	if (sms->validity_minutes > 0)
		buf_add_format(ret_url, "&validity=%lld", (long long)sms->validity_minutes);
	if (sms->dlr_url.size > 0) {
		buf_add_format(ret_url, "&dlr-mask=%d", DLR_MASK);
		add_pair(ret_url, "&dlr-url=", sms->dlr_url);
	}
	buf_add_u8(ret_url, '\0');
	if (ret_url->overflow)
		return err_set(err, ERR_POISON, "sms: the text is too long");
	return 0;
}

static bool says(struct str body, struct str words)
{
	return body.size >= words.size && memcmp(body.data, words.data, words.size) == 0;
}

static enum kannel_verdict verdict_of_status(int status, struct str body)
{
	if (status >= 200 && status < 300)
		return KANNEL_ACCEPTED;
	if (status == 429 || status == 503)
		return KANNEL_LATER;
	if (status == 400 || (status == 403 && says(body, STR("Not routable"))))
		return KANNEL_REFUSED;
	if (status < 500)
		return KANNEL_LATER; /* 401, 403, 404, a redirect: it is not the message that is wrong */
	return KANNEL_UNKNOWN;
}

enum kannel_verdict kannel_verdict_of(const struct http_answer *answer)
{
	switch (answer->outcome) {
	case HTTP_NOT_SENT:
		return KANNEL_LATER;
	case HTTP_AMBIGUOUS:
		return KANNEL_UNKNOWN;
	case HTTP_ANSWERED:
		return verdict_of_status(answer->status, answer->body);
	}
	MUST_NOT_REACH("an outcome of http.h");
}

const char *kannel_delivery_status(int64_t dlr)
{
	switch (dlr) {
	case 1:
		return "delivered";
	case 2:
		return "failed";
	case 4:
		return "buffered";
	case 8:
		return "accepted";
	case 16:
		return "rejected";
	default:
		return NULL;
	}
}
