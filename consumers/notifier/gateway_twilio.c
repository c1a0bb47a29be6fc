#include "consumers/notifier/gateway.h"

#include <stdio.h>

#include "base/address.h"
#include "base/array.h"
#include "base/day.h"
#include "http/retry_after.h"
#include "wire/json.h"
#include "wire/json_scan.h"

/*
 * Kind twilio: Twilio's REST interface (2010-04-01, Messages.json), and providers that imitate it. url is
 * https://api.twilio.com/2010-04-01/Accounts/<AccountSid>/Messages.json; user and password are the account or an API key; from
 * is a number, or the id of a messaging service (MG...).
 *
 * There is no idempotency key. After a doubtful request the provider's list is read: messages to this number, since this day. A
 * message is ours when its text is and it was created after the attempt began; two such messages are one too many to tell.
 */
#define FORM_SIZE_MAX    (32 << 10)
#define URL_SIZE_MAX     2048
#define TEXT_CHARS_MAX   1600
#define VALIDITY_MAX_S   36000
#define CLOCKS_DIFFER_MS 5000 /* the provider's date has whole seconds, and its own clock */
#define OPTED_OUT        21610
#define ASKED_FOR        20 /* messages of one number on one day */

static void add_pair(struct buf *buf, const char *name, struct str value)
{
	buf_add_format(buf, "%s%s=", buf->size > 0 ? "&" : "", name);
	http_add_escaped(buf, value);
}

static int check(const struct gateway_conf *conf, struct err *err)
{
	if (gateway_check_url(conf, "http", "https", err) != 0)
		return -1;
	if (strchr(conf->url, '?') != NULL)
		return err_set(err, ERR_FATAL, "url must end with Messages.json, without a query");
	if (conf->user[0] == '\0' || conf->password[0] == '\0' || conf->from[0] == '\0')
		return err_set(err, ERR_FATAL, "user, password.file and from must be given");
	return gateway_check_tls(conf, strncmp(conf->url, "https:", 6) == 0, err);
}

/* ---- sending ---- */

static void add_callback(const struct gateway_conf *conf, const struct parcel *parcel, struct buf *form)
{
	struct buf url;

	if (conf->callback_url[0] == '\0')
		return;
	buf_init(&url, URL_SIZE_MAX);
	gateway_callback_url(conf, &parcel->communication_id, &parcel->customer_id, &url);
	add_pair(form, "StatusCallback", buf_str(&url));
	buf_release(&url);
}

static int write_form(const struct gateway_conf *conf, const struct parcel *parcel, struct buf *form, struct err *err)
{
	int64_t validity_s = (parcel->send_by_ms - parcel->now_ms) / 1000;

	if (!address_is_phone(parcel->address))
		return err_set(err, ERR_POISON, "sms: the recipient is not one E.164 number");
	if (!str_is_text(parcel->text) || parcel->text.size == 0 || str_characters(parcel->text) > TEXT_CHARS_MAX)
		return err_set(err, ERR_POISON, "sms: the text is empty, too long or not UTF-8");
	validity_s = validity_s < 1 ? 1 : validity_s > VALIDITY_MAX_S ? VALIDITY_MAX_S : validity_s;
	add_pair(form, "To", parcel->address);
	add_pair(form, strncmp(conf->from, "MG", 2) == 0 ? "MessagingServiceSid" : "From", str_of(conf->from));
	add_pair(form, "Body", parcel->text);
	buf_add_format(form, "&ValidityPeriod=%lld", (long long)validity_s);
	add_callback(conf, parcel, form);
	return form->overflow ? err_set(err, ERR_POISON, "sms: the form is too long") : 0;
}

static int start(const struct gateway_conf *conf, struct http *http, const struct parcel *parcel, http_done *done, void *done_arg,
		 struct err *err)
{
	struct http_request request = {
		.url = conf->url, .user = conf->user, .password = conf->password, .limits = gateway_limits(conf)
	};
	struct buf form;
	int result;

	buf_init(&form, FORM_SIZE_MAX);
	result = write_form(conf, parcel, &form, err);
	request.form = buf_str(&form);
	if (result == 0)
		result = http_start(http, &request, done, done_arg, err);
	if (form.size > 0)
		wipe(form.data, form.size);
	buf_release(&form);
	return result;
}

/* ---- answers ---- */

static bool read_object(const struct http_answer *answer, struct json *ret_object)
{
	struct json_faults faults = { .max = 1 };

	return !answer->body_is_cut && json_parse(answer->body, ret_object, &faults);
}

/* A member that is a text without escapes, as ids, words and dates are; otherwise empty. */
static struct str plain_member(struct json object, const char *name)
{
	struct str text = { .data = "", .size = 0 };
	struct json member;

	if (!json_member(object, name, &member) || json_kind(member) != JSON_STRING || json_text_room(member) > 0 ||
	    !json_text(member, NULL, 0, &text))
		return (struct str){ .data = "", .size = 0 };
	return text;
}

static void set_ref(struct json object, struct verdict *verdict)
{
	struct str sid = plain_member(object, "sid");

	for (size_t i = 0; i < sid.size; i++) {
		if ((sid.data[i] < '0' || sid.data[i] > '9') &&
		    (ascii_lower(sid.data[i]) < 'a' || ascii_lower(sid.data[i]) > 'z'))
			return;
	}
	if (!str_to_chars(verdict->provider_ref, sizeof(verdict->provider_ref), sid))
		verdict->provider_ref[0] = '\0';
}

/* The provider's error number; 0: none. */
static int64_t error_code(struct json object)
{
	struct json member;
	int64_t code;
	bool is_whole;

	if (!json_member(object, "code", &member) || json_kind(member) != JSON_NUMBER ||
	    !json_read_number(member, &code, &is_whole))
		return 0;
	return code;
}

static void judge_status(int status, int64_t code, struct verdict *verdict)
{
	verdict->is_well = true;
	if (status < 300) {
		verdict->outcome = DISPATCH_OUTCOME_ACCEPTED;
	} else if (status == 400 || code == OPTED_OUT) { /* the number or the text; 21211, 21614, 21617 ... */
		verdict->outcome = DISPATCH_OUTCOME_FAILED;
		verdict->has_opted_out = code == OPTED_OUT;
	} else {
		verdict->outcome = status < 500 || status == 503 ? DISPATCH_OUTCOME_NOT_ACCEPTED : DISPATCH_OUTCOME_UNKNOWN;
		verdict->is_well = false; /* 401, 403, 404, 429, a redirect: it is not the message that is wrong */
	}
}

static void judge(const struct gateway_conf *conf, const struct uuid *communication_id, const struct http_answer *answer,
		  struct verdict *ret_verdict)
{
	struct json object;
	int64_t code = 0;

	(void)conf;
	(void)communication_id;
	if (gateway_judge_silence(answer, ret_verdict))
		return;
	if (read_object(answer, &object)) {
		code = error_code(object);
		set_ref(object, ret_verdict);
	}
	judge_status(answer->status, code, ret_verdict);
	(void)snprintf(ret_verdict->provider_code, sizeof(ret_verdict->provider_code), "%lld",
		       (long long)(code != 0 ? code : answer->status));
}

/* ---- looking up ---- */

static int ask(const struct gateway_conf *conf, struct http *http, const struct parcel *parcel, const struct asked *asked,
	       http_done *done, void *done_arg, struct err *err)
{
	char day[32], url[URL_SIZE_MAX];
	struct http_request request = {
		.url = url, .user = conf->user, .password = conf->password, .limits = gateway_limits(conf)
	};
	struct buf query;
	int result;

	if (!address_is_phone(parcel->address))
		return err_set(err, ERR_POISON, "sms: the recipient is not one E.164 number");
	instant_format(day, asked->started_at_ms);
	buf_init(&query, URL_SIZE_MAX);
	add_pair(&query, "To", parcel->address);
	add_pair(&query, "DateSent%3E", (struct str){ .data = day, .size = 10 });
	buf_add_format(&query, "&PageSize=%d", ASKED_FOR);
	(void)snprintf(url, sizeof(url), "%s?%.*s", conf->url, (int)query.size, (const char *)query.data);
	result = http_start(http, &request, done, done_arg, err);
	wipe(url, sizeof(url));
	wipe(query.data, query.size);
	buf_release(&query);
	return result;
}

static bool is_ours(struct json message, const struct asked *asked)
{
	int64_t created_ms = http_date_ms(plain_member(message, "date_created"));
	uint8_t digest[DIGEST_SIZE];
	char room[8192];
	struct json body;
	struct str text;

	if (created_ms < 0 || created_ms < asked->started_at_ms - CLOCKS_DIFFER_MS)
		return false;
	if (!json_member(message, "body", &body) || json_kind(body) != JSON_STRING || !json_text(body, room, sizeof(room), &text))
		return false;
	digest_of(digest, text);
	return bytes_equal(digest, asked->text_digest, sizeof(digest));
}

static size_t find_ours(struct json list, const struct asked *asked, struct json *ret_message)
{
	struct json_walk walk;
	struct json messages, message;
	size_t found = 0;

	if (!json_member(list, "messages", &messages) || json_kind(messages) != JSON_ARRAY)
		return 0;
	walk = json_walk(messages);
	while (json_next(&walk, &message)) {
		if (json_kind(message) != JSON_OBJECT || !is_ours(message, asked))
			continue;
		*ret_message = message;
		found++;
	}
	return found;
}

static void judge_asked(const struct asked *asked, const struct http_answer *answer, struct verdict *ret_verdict)
{
	struct json list, message;

	if (gateway_judge_silence(answer, ret_verdict))
		return;
	ret_verdict->outcome = DISPATCH_OUTCOME_UNKNOWN;
	ret_verdict->is_well = answer->status < 300;
	if (answer->status >= 300 || !read_object(answer, &list) || find_ours(list, asked, &message) != 1)
		return;
	ret_verdict->outcome = DISPATCH_OUTCOME_ACCEPTED;
	set_ref(message, ret_verdict);
}

const struct gateway_kind gateway_twilio = { .name = "twilio",
					     .channel = "sms",
					     .doubt = DOUBT_ASKS,
					     .check = check,
					     .start = start,
					     .judge = judge,
					     .ask = ask,
					     .judge_asked = judge_asked };
