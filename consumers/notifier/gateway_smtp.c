#include "consumers/notifier/gateway.h"

#include <stdio.h>

#include "crypto/crypto.h"
#include "http/mail.h"

/* Kind smtp: a mail server that takes mail for all domains (http/mail.h). */

#define MESSAGE_SIZE_MAX     (1 << 20)
#define ADDRESS_SIZE         256
#define UNSUBSCRIBE_SIZE_MAX 800
#define UNSUBSCRIBE_URL_MAX  512
#define VERP_SIGNATURE       12 /* bytes: makes a local part of exactly 64 (RFC 5321 4.5.3.1.1) */

/* The domain of `from`: of the envelope's sender, bounce+<id>.<signature>@..., and of message ids. */
static const char *own_domain(const struct gateway_conf *conf)
{
	const char *at = strchr(conf->from, '@');

	return at != NULL ? at + 1 : "";
}

/* bounce+<32 hex of the id>.<24 hex of a signature>@domain: a bounce identifies its message, and cannot be forged. */
static void envelope_sender(const struct gateway_conf *conf, const struct uuid *communication_id, char text[ADDRESS_SIZE])
{
	char id[2 * sizeof(communication_id->bytes) + 1], signature_text[2 * VERP_SIGNATURE + 1], content[64];
	uint8_t signature[DIGEST_SIZE];

	hex_from_bytes(id, communication_id->bytes, sizeof(communication_id->bytes));
	(void)snprintf(content, sizeof(content), "bounce|%s", id);
	sign(signature, str_of(content), conf->callback_key);
	hex_from_bytes(signature_text, signature, VERP_SIGNATURE);
	(void)snprintf(text, ADDRESS_SIZE, "bounce+%s.%s@%s", id, signature_text, own_domain(conf));
}

/* The same for every try: a mailbox that received two copies can hide one. */
static void message_id(const struct gateway_conf *conf, const struct uuid *communication_id, char text[ADDRESS_SIZE])
{
	char id[UUID_TEXT_SIZE + 1];

	uuid_format(id, communication_id);
	(void)snprintf(text, ADDRESS_SIZE, "%s@%s", id, own_domain(conf));
}

static int check_unsubscribe(const struct gateway_conf *conf, struct err *err)
{
	const char *url = conf->unsubscribe_url;

	if (url[0] != '\0' &&
	    (strncmp(url, "https://", 8) != 0 || strpbrk(url, " <>?#") != NULL || strlen(url) > UNSUBSCRIBE_URL_MAX))
		return err_set(err, ERR_FATAL, "unsubscribe.url must begin with https:// and have no query (RFC 8058)");
	return 0;
}

static int check(const struct gateway_conf *conf, struct err *err)
{
	bool has_tls = conf->tls || strncmp(conf->url, "smtps:", 6) == 0;

	if (gateway_check_url(conf, "smtp", "smtps", err) != 0)
		return -1;
	if (!mail_address_is_valid(str_of(conf->from)))
		return err_set(err, ERR_FATAL, "from is not an address");
	if ((conf->user[0] == '\0') != (conf->password_file[0] == '\0'))
		return err_set(err, ERR_FATAL, "user and password.file belong together");
	if (check_unsubscribe(conf, err) != 0)
		return -1;
	return gateway_check_tls(conf, has_tls, err);
}

/* One click on it withdraws the consent, without a login (RFC 8058): the signature says whose. */
static void add_unsubscribe(const struct gateway_conf *conf, const struct parcel *parcel, struct buf *url, struct mail *mail)
{
	if (conf->unsubscribe_url[0] == '\0')
		return;
	buf_add_text(url, "<");
	gateway_unsubscribe_url(conf, &parcel->communication_id, &parcel->customer_id, url);
	buf_add_text(url, ">");
	mail->headers[mail->headers_count++] = (struct mail_header){ "List-Unsubscribe", buf_str(url) };
	mail->headers[mail->headers_count++] = (struct mail_header){ "List-Unsubscribe-Post", STR("List-Unsubscribe=One-Click") };
}

static struct mail_server server_of(const struct gateway_conf *conf)
{
	bool has_user = conf->user[0] != '\0';

	return (struct mail_server){ .url = conf->url,
				     .user = has_user ? conf->user : NULL,
				     .password = has_user ? conf->password : NULL,
				     .require_tls = conf->tls,
				     .limits = gateway_limits(conf) };
}

static int start(const struct gateway_conf *conf, struct http *http, const struct parcel *parcel, http_done *done, void *done_arg,
		 struct err *err)
{
	struct mail_server server = server_of(conf);
	char sender[ADDRESS_SIZE], id[ADDRESS_SIZE];
	struct mail mail = { .from_name = str_of(conf->from_name),
			     .from_address = str_of(conf->from),
			     .to_address = parcel->address,
			     .subject = parcel->subject,
			     .text = parcel->text,
			     .html = parcel->html,
			     .has_html = conf->html,
			     .date_ms = parcel->now_ms };
	struct buf message, unsubscribe;
	int result;

	envelope_sender(conf, &parcel->communication_id, sender);
	message_id(conf, &parcel->communication_id, id);
	mail.message_id = str_of(id);
	buf_init(&unsubscribe, UNSUBSCRIBE_SIZE_MAX);
	add_unsubscribe(conf, parcel, &unsubscribe, &mail);
	buf_init(&message, MESSAGE_SIZE_MAX);
	result = mail_build(&mail, &message, err);
	if (result == 0)
		result = mail_start(http, &server, str_of(sender), parcel->address, buf_str(&message), done, done_arg, err);
	if (message.size > 0)
		wipe(message.data, message.size);
	buf_release(&message);
	buf_release(&unsubscribe);
	return result;
}

static void judge_reply(const struct http_answer *answer, struct verdict *verdict)
{
	if (answer->status < 300)
		verdict->outcome = DISPATCH_OUTCOME_ACCEPTED;
	else
		verdict->outcome = answer->status < 500 ? DISPATCH_OUTCOME_NOT_ACCEPTED : DISPATCH_OUTCOME_FAILED;
	verdict->is_well = true; /* the server answers; 4xx is about this recipient */
	mail_reply_code(answer->body, verdict->provider_code);
}

static void judge(const struct gateway_conf *conf, const struct uuid *communication_id, const struct http_answer *answer,
		  struct verdict *ret_verdict)
{
	char id[ADDRESS_SIZE];

	if (gateway_judge_silence(answer, ret_verdict))
		return;
	judge_reply(answer, ret_verdict);
	message_id(conf, communication_id, id);
	if (!str_to_chars(ret_verdict->provider_ref, sizeof(ret_verdict->provider_ref), str_of(id)))
		ret_verdict->provider_ref[0] = '\0'; /* the domain is too long: the event has the id anyway */
}

const struct gateway_kind gateway_smtp = { .name = "smtp", .channel = "email", .check = check, .start = start, .judge = judge };
