#include "http/mail.h"

#include <string.h>

#include "base/address.h"
#include "http/exchange.h"

/* The sending half of mail.h. */

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

void mail_reply_code(struct str line, char ret_code[16])
{
	size_t at = 4, dots = 0;

	ret_code[0] = '\0';
	if (line.size < 3 || !is_digit(line.data[0]) || !is_digit(line.data[1]) || !is_digit(line.data[2]))
		return;
	memcpy(ret_code, line.data, 3);
	ret_code[3] = '\0';
	if (line.size < 9 || line.data[4] != line.data[0] || line.data[5] != '.') /* the class repeats the reply's first digit */
		return;
	while (at < line.size && at - 4 < 15 && (is_digit(line.data[at]) || line.data[at] == '.')) {
		dots += line.data[at] == '.';
		at++;
	}
	if (dots != 2 || line.data[at - 1] == '.' || at == line.size || line.data[at] != ' ')
		return;
	memcpy(ret_code, line.data + 4, at - 4);
	ret_code[at - 4] = '\0';
}

bool mail_status_is_of_address(struct str status)
{
	bool is_address = status.size > 4 && memcmp(status.data, "5.1.", 4) == 0;

	return (is_address && !str_is(status, "5.1.7") && !str_is(status, "5.1.8")) || str_is(status, "5.2.1");
}

/* libcurl takes the message piece by piece, once the server has said 354. */
static size_t give_content(char *bytes, size_t size, size_t count, void *exchange_arg)
{
	struct exchange *exchange = exchange_arg;
	size_t left = exchange->content.size - exchange->content_sent;

	exchange->facts.began = true;
	size *= count;
	if (size > left)
		size = left;
	memcpy(bytes, exchange->content.data + exchange->content_sent, size);
	exchange->content_sent += size;
	return size;
}

static int set_address(struct exchange *exchange, struct str sender, struct str recipient, struct err *err)
{
	char text[ADDRESS_EMAIL_MAX + 1];

	if (sender.size > 0 && !mail_address_is_valid(sender))
		return err_set(err, ERR_POISON, "mail: the sender is not an address");
	if (!address_is_email(recipient))
		return err_set(err, ERR_POISON, "mail: the recipient is not an address");
	MUST(str_to_chars(text, sizeof(text), recipient));
	exchange->list = curl_slist_append(NULL, text);
	if (exchange->list == NULL)
		return err_set(err, ERR_RETRY, "mail: no memory");
	MUST(curl_easy_setopt(exchange->easy, CURLOPT_MAIL_RCPT, exchange->list) == CURLE_OK);
	MUST(str_to_chars(text, sizeof(text), sender));
	if (curl_easy_setopt(exchange->easy, CURLOPT_MAIL_FROM, text) != CURLE_OK)
		return err_set(err, ERR_RETRY, "mail: no memory");
	return 0;
}

static int set_server(struct exchange *exchange, const struct mail_server *server, struct err *err)
{
	if (curl_easy_setopt(exchange->easy, CURLOPT_URL, server->url) != CURLE_OK ||
	    curl_easy_setopt(exchange->easy, CURLOPT_USERNAME, server->user) != CURLE_OK ||
	    curl_easy_setopt(exchange->easy, CURLOPT_PASSWORD, server->password) != CURLE_OK)
		return err_set(err, ERR_RETRY, "mail: no memory");
	MUST(curl_easy_setopt(exchange->easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps") == CURLE_OK);
	MUST(curl_easy_setopt(exchange->easy, CURLOPT_USE_SSL, (long)(server->require_tls ? CURLUSESSL_ALL : CURLUSESSL_NONE)) ==
	     CURLE_OK);
	return 0;
}

static int set_message(struct exchange *exchange, struct str message, struct err *err)
{
	buf_add_str(&exchange->content, message);
	if (exchange->content.overflow || message.size == 0)
		return err_set(err, ERR_POISON, "mail: the message is empty or too large");
	MUST(curl_easy_setopt(exchange->easy, CURLOPT_UPLOAD, 1L) == CURLE_OK);
	MUST(curl_easy_setopt(exchange->easy, CURLOPT_READFUNCTION, give_content) == CURLE_OK);
	MUST(curl_easy_setopt(exchange->easy, CURLOPT_READDATA, exchange) == CURLE_OK);
	return 0;
}

int mail_start(struct http *http, const struct mail_server *server, struct str sender, struct str recipient, struct str message,
	       http_done *done, void *done_arg, struct err *err)
{
	struct exchange *exchange;

	if (strncmp(server->url, "smtp://", 7) != 0 && strncmp(server->url, "smtps://", 8) != 0)
		return err_set(err, ERR_POISON, "mail: the URL is neither smtp nor smtps");
	if (!exchange_is_line(server->url) || !exchange_is_line(server->user) || !exchange_is_line(server->password))
		return err_set(err, ERR_POISON, "mail: a control character in the URL or the login");
	exchange = exchange_take(http, FACTS_MAIL, &server->limits);
	if (exchange == NULL)
		return err_set(err, ERR_RETRY, "mail: all exchanges are in use");
	if (set_address(exchange, sender, recipient, err) != 0 || set_server(exchange, server, err) != 0 ||
	    set_message(exchange, message, err) != 0) {
		exchange_give_back(exchange);
		return -1;
	}
	return exchange_launch(exchange, done, done_arg, err);
}
