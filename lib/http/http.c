#include "http/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "http/exchange.h"
#include "http/sockets.h"

/*
 * The pool of exchanges and the multi handle. All exchanges are allocated at the start; easy handles are reset and used again, so
 * that kept connections, names and TLS sessions are shared (lib/TRAPS.md 8).
 */
#define CONTENT_SIZE_MAX   (1024 * 1024)
#define CONTENT_GREW       (64 * 1024)
#define REPLY_LINE_MAX     512 /* RFC 5321 4.5.3.1.5 */
#define IDLE_MAX_S         20L /* a connection idle for longer is not used again: the other side may be closing it */
#define ENDED_PER_POLL_MAX HTTP_EXCHANGES_MAX

struct http {
	CURLM *multi;
	struct sockets sockets;
	size_t exchanges_count, running;
	int64_t connect_timeout_ms, total_timeout_ms;
	char user_agent[128], ca_file[1024], proxy[512];
	http_leaves *leaves;
	struct exchange exchanges[];
};

/* ---- what happens in an exchange: libcurl's callbacks ---- */

static size_t keep_body(char *bytes, size_t size, size_t count, void *exchange_arg)
{
	struct exchange *exchange = exchange_arg;
	size_t room = exchange->answer.size_max - exchange->answer.size;

	size *= count;
	if (size > room) {
		exchange->answer_is_cut = true;
		buf_add(&exchange->answer, bytes, room);
		return 0; /* ends the transfer: nobody reads what follows */
	}
	buf_add(&exchange->answer, bytes, size);
	return size;
}

/* An SMTP server's replies come here line by line; the last one is kept, but for the answer to QUIT. */
static size_t keep_reply_line(char *bytes, size_t size, size_t count, void *exchange_arg)
{
	struct exchange *exchange = exchange_arg;

	size *= count;
	exchange->head_size += size;
	if (exchange->head_size > HTTP_HEAD_MAX)
		return 0; /* ends the transfer */
	if (size < 3 || memcmp(bytes, "221", 3) == 0)
		return size;
	buf_reset(&exchange->answer);
	buf_add(&exchange->answer, bytes, size < exchange->answer.size_max ? size : exchange->answer.size_max);
	if (exchange->facts.is_connected && (bytes[0] == '4' || bytes[0] == '5') && (size == 3 || bytes[3] != '-'))
		sockets_read_no_more(&exchange->http->sockets, exchange->local_port); /* refused: what comes is QUIT */
	return size;
}

static size_t drop(char *bytes, size_t size, size_t count, void *exchange_arg)
{
	(void)bytes;
	(void)exchange_arg;
	return size * count;
}

/* A header line of an HTTP answer, with its line end. */
static size_t keep_header(char *bytes, size_t size, size_t count, void *exchange_arg)
{
	static const struct str retry_after = { .data = "retry-after:", .size = 12 };
	struct exchange *exchange = exchange_arg;
	struct str line = { .data = bytes, .size = size * count };

	exchange->head_size += line.size;
	if (exchange->head_size > HTTP_HEAD_MAX)
		return 0; /* ends the transfer: the status is known, or nothing ever will be */
	if (str_begins_nocase(line, retry_after)) {
		struct str value = { .data = line.data + retry_after.size, .size = line.size - retry_after.size };

		if (!str_to_chars(exchange->retry_after, sizeof(exchange->retry_after), str_trim(value, " \t\r\n")))
			exchange->retry_after[0] = '\0'; /* no value of the header is that long */
	}
	return line.size;
}

/* Called when the connection stands and the request is about to be written, on every try. */
static int before_request(void *exchange_arg, char *to_ip, char *from_ip, int to_port, int from_port)
{
	struct exchange *exchange = exchange_arg;

	(void)to_ip, (void)from_ip, (void)to_port;
	if (exchange->facts.began)
		return CURL_PREREQFUNC_ABORT; /* the library's own second try: the first may have been taken */
	if (!exchange->facts.is_connected && exchange->http->leaves != NULL)
		exchange->http->leaves(exchange->done_arg);
	exchange->local_port = from_port;
	exchange->facts.is_connected = true;
	exchange->facts.began = exchange->facts.protocol == FACTS_HTTP;
	return CURL_PREREQFUNC_OK;
}

/* ---- the pool ---- */

static void set(struct exchange *exchange, CURLoption option, const void *value)
{
	MUST(curl_easy_setopt(exchange->easy, option, value) == CURLE_OK);
}

static void set_number(struct exchange *exchange, CURLoption option, long value)
{
	MUST(curl_easy_setopt(exchange->easy, option, value) == CURLE_OK);
}

/* What every exchange has, but for its limits. */
static void set_common(struct exchange *exchange)
{
	const struct http *http = exchange->http;

	set(exchange, CURLOPT_PRIVATE, exchange);
	set(exchange, CURLOPT_PROXY, http->proxy); /* "": none, whatever the environment says */
	set(exchange, CURLOPT_USERAGENT, http->user_agent);
	set_number(exchange, CURLOPT_NOSIGNAL, 1);
	set_number(exchange, CURLOPT_FOLLOWLOCATION, 0);
	set_number(exchange, CURLOPT_SSL_VERIFYPEER, 1);
	set_number(exchange, CURLOPT_SSL_VERIFYHOST, 2);
	set_number(exchange, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	set_number(exchange, CURLOPT_TCP_NODELAY, 1);
	set_number(exchange, CURLOPT_TCP_KEEPALIVE, 1);
	set_number(exchange, CURLOPT_MAXAGE_CONN, IDLE_MAX_S);
	MUST(curl_easy_setopt(exchange->easy, CURLOPT_OPENSOCKETFUNCTION, sockets_open) == CURLE_OK);
	set(exchange, CURLOPT_OPENSOCKETDATA, &exchange->http->sockets);
	MUST(curl_easy_setopt(exchange->easy, CURLOPT_CLOSESOCKETFUNCTION, sockets_close) == CURLE_OK);
	set(exchange, CURLOPT_CLOSESOCKETDATA, &exchange->http->sockets);
	MUST(curl_easy_setopt(exchange->easy, CURLOPT_PREREQFUNCTION, before_request) == CURLE_OK);
	set(exchange, CURLOPT_PREREQDATA, exchange);
	MUST(curl_easy_setopt(exchange->easy, CURLOPT_WRITEFUNCTION, exchange->facts.protocol == FACTS_HTTP ? keep_body : drop) ==
	     CURLE_OK);
	set(exchange, CURLOPT_WRITEDATA, exchange);
	MUST(curl_easy_setopt(exchange->easy, CURLOPT_HEADERFUNCTION,
			      exchange->facts.protocol == FACTS_HTTP ? keep_header : keep_reply_line) == CURLE_OK);
	set(exchange, CURLOPT_HEADERDATA, exchange);
}

static void set_limits(struct exchange *exchange, const struct http_limits *limits)
{
	const struct http *http = exchange->http;
	int64_t total_ms = limits->total_timeout_ms > 0 ? limits->total_timeout_ms : http->total_timeout_ms;
	int64_t connect_ms = limits->connect_timeout_ms > 0 ? limits->connect_timeout_ms : http->connect_timeout_ms;
	const char *ca_file = limits->ca_file != NULL ? limits->ca_file : http->ca_file;

	if (ca_file[0] != '\0')
		set(exchange, CURLOPT_CAINFO, ca_file);
	set_number(exchange, CURLOPT_CONNECTTIMEOUT_MS, (long)(connect_ms < total_ms ? connect_ms : total_ms));
	set_number(exchange, CURLOPT_TIMEOUT_MS, (long)total_ms);
	set_number(exchange, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)(total_ms + 999) / 1000);
}

struct exchange *exchange_take(struct http *http, enum facts_protocol protocol, const struct http_limits *limits)
{
	for (size_t i = 0; i < http->exchanges_count; i++) {
		struct exchange *exchange = &http->exchanges[i];

		if (exchange->state != EXCHANGE_FREE)
			continue;
		exchange->state = EXCHANGE_TAKEN;
		exchange->facts = (struct facts){ .protocol = protocol };
		exchange->content_sent = 0;
		exchange->answer_is_cut = false;
		exchange->head_size = 0;
		exchange->retry_after[0] = '\0';
		buf_reset(&exchange->content);
		buf_reset(&exchange->answer);
		set_common(exchange);
		set_limits(exchange, limits);
		return exchange;
	}
	return NULL;
}

void exchange_give_back(struct exchange *exchange)
{
	curl_easy_reset(exchange->easy); /* forgets the options, passwords among them; keeps the connections */
	curl_slist_free_all(exchange->list);
	exchange->list = NULL;
	if (exchange->content.capacity > CONTENT_GREW)
		buf_release(&exchange->content);
	exchange->state = EXCHANGE_FREE;
}

int exchange_launch(struct exchange *exchange, http_done *done, void *done_arg, struct err *err)
{
	CURLMcode code = curl_multi_add_handle(exchange->http->multi, exchange->easy);

	if (code != CURLM_OK) {
		exchange_give_back(exchange);
		return err_set(err, ERR_FATAL, "cannot start an exchange: %s", curl_multi_strerror(code));
	}
	exchange->done = done;
	exchange->done_arg = done_arg;
	exchange->state = EXCHANGE_RUNNING;
	exchange->http->running++;
	return 0;
}

/* ---- the end of an exchange ---- */

static void finish(struct exchange *exchange, CURLcode code, const char *text)
{
	struct http *http = exchange->http;
	struct http_answer answer = { .retry_after = str_of(exchange->retry_after) };
	long status = 0;

	(void)curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
	exchange->facts.status = (int)status;
	exchange->facts.succeeded = code == CURLE_OK;
	answer.outcome = verdict_of(&exchange->facts, &answer.status);
	answer.body = buf_str(&exchange->answer);
	answer.body_is_cut = exchange->answer_is_cut || (exchange->facts.protocol == FACTS_HTTP && code != CURLE_OK);
	answer.text = answer.outcome == HTTP_ANSWERED ? "" : text;

	MUST(curl_multi_remove_handle(http->multi, exchange->easy) == CURLM_OK);
	MUST(http->running > 0);
	exchange->done(exchange->done_arg, &answer); /* may start others: this one is given back after it, its answer is lent */
	http->running--;
	exchange_give_back(exchange);
}

static size_t finish_ended(struct http *http)
{
	size_t ended = 0;
	CURLMsg *message;
	int left;

	while (ended < ENDED_PER_POLL_MAX && (message = curl_multi_info_read(http->multi, &left)) != NULL) {
		struct exchange *exchange = NULL;
		CURLcode code = message->data.result;

		MUST(message->msg == CURLMSG_DONE);
		MUST(curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (void *)&exchange) == CURLE_OK);
		finish(exchange, code,
		       curl_easy_strerror(code)); /* the library's own words, never its error buffer: it may quote */
		ended++;
	}
	return ended;
}

/* ---- life ---- */

static int check_conf(const struct http_conf *conf, struct err *err)
{
	if (conf->exchanges_max < 1 || conf->exchanges_max > HTTP_EXCHANGES_MAX)
		return err_set(err, ERR_FATAL, "http: exchanges_max must be 1 to %d", HTTP_EXCHANGES_MAX);
	if (conf->connect_timeout_ms < 1 || conf->total_timeout_ms < conf->connect_timeout_ms || conf->total_timeout_ms > 3600000)
		return err_set(err, ERR_FATAL, "http: timeouts must be 1 ms <= connect <= total <= 1 h");
	if (conf->answer_size_max < 1)
		return err_set(err, ERR_FATAL, "http: answer_size_max must be at least 1");
	return 0;
}

static int copy_conf(struct http *http, const struct http_conf *conf, struct err *err)
{
	http->connect_timeout_ms = conf->connect_timeout_ms;
	http->total_timeout_ms = conf->total_timeout_ms;
	http->leaves = conf->leaves;
	if (!str_to_chars(http->user_agent, sizeof(http->user_agent), str_of(conf->user_agent)) ||
	    !str_to_chars(http->ca_file, sizeof(http->ca_file), str_of(conf->ca_file == NULL ? "" : conf->ca_file)) ||
	    !str_to_chars(http->proxy, sizeof(http->proxy), str_of(conf->proxy == NULL ? "" : conf->proxy)))
		return err_set(err, ERR_FATAL, "http: user agent, CA file or proxy is too long");
	return 0;
}

static int open_exchanges(struct http *http, const struct http_conf *conf, struct err *err)
{
	size_t answer_size_max = conf->answer_size_max < REPLY_LINE_MAX ? REPLY_LINE_MAX : conf->answer_size_max;

	for (size_t i = 0; i < conf->exchanges_max; i++) {
		struct exchange *exchange = &http->exchanges[i];

		exchange->http = http;
		exchange->easy = curl_easy_init();
		if (exchange->easy == NULL)
			return err_set(err, ERR_FATAL, "http: no memory");
		buf_init(&exchange->content, CONTENT_SIZE_MAX);
		buf_init(&exchange->answer, answer_size_max);
		http->exchanges_count++;
	}
	return 0;
}

static int open_multi(struct http *http, const struct http_conf *conf, struct err *err)
{
	http->multi = curl_multi_init();
	if (http->multi == NULL)
		return err_set(err, ERR_FATAL, "http: no memory");
	MUST(curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)conf->exchanges_max) == CURLM_OK);
	MUST(curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING) == CURLM_OK);
	return open_exchanges(http, conf, err);
}

int http_open(const struct http_conf *conf, struct http **ret_http, struct err *err)
{
	struct http *http = NULL;
	CURLcode code;

	if (check_conf(conf, err) != 0)
		return -1;
	code = curl_global_init(CURL_GLOBAL_DEFAULT); /* counted: http_close has its counterpart */
	if (code != CURLE_OK)
		return err_set(err, ERR_FATAL, "http: %s", curl_easy_strerror(code));
	http = calloc(1, sizeof(*http) + conf->exchanges_max * sizeof(http->exchanges[0]));
	if (http == NULL) {
		curl_global_cleanup();
		return err_set(err, ERR_FATAL, "http: no memory");
	}
	if (copy_conf(http, conf, err) != 0 || open_multi(http, conf, err) != 0) {
		http_close(http);
		return -1;
	}
	*ret_http = http;
	return 0;
}

void http_close(struct http *http)
{
	if (http == NULL)
		return;
	MUST(http->running == 0);
	sockets_read_no_more_of_all(&http->sockets);
	for (size_t i = 0; i < http->exchanges_count; i++) {
		curl_easy_cleanup(http->exchanges[i].easy);
		buf_release(&http->exchanges[i].content);
		buf_release(&http->exchanges[i].answer);
	}
	curl_multi_cleanup(http->multi);
	free(http);
	curl_global_cleanup();
}

/* ---- HTTP ---- */

bool exchange_is_line(const char *text)
{
	for (; text != NULL && *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	}
	return true;
}

static int check_request(const struct http_request *request, struct err *err)
{
	if (strncmp(request->url, "http://", 7) != 0 && strncmp(request->url, "https://", 8) != 0)
		return err_set(err, ERR_POISON, "http: the URL is neither http nor https");
	if (!exchange_is_line(request->url) || !exchange_is_line(request->user) || !exchange_is_line(request->password) ||
	    !exchange_is_line(request->content_type))
		return err_set(err, ERR_POISON, "http: a control character in the URL or the login");
	for (size_t i = 0; i < HTTP_HEADERS_MAX && request->headers[i] != NULL; i++) {
		if (!exchange_is_line(request->headers[i]))
			return err_set(err, ERR_POISON, "http: a control character in a header");
	}
	return 0;
}

static bool add_header(struct exchange *exchange, const char *header)
{
	struct curl_slist *longer = curl_slist_append(exchange->list, header);

	if (longer != NULL)
		exchange->list = longer;
	return longer != NULL;
}

static int set_headers(struct exchange *exchange, const struct http_request *request, struct err *err)
{
	char type[128];
	bool is_set = add_header(exchange, "Expect:"); /* no 100-continue: it would be a second place to wait */

	if (request->content_type != NULL) {
		(void)snprintf(type, sizeof(type), "Content-Type: %s", request->content_type);
		is_set = is_set && add_header(exchange, type);
	}
	for (size_t i = 0; i < HTTP_HEADERS_MAX && request->headers[i] != NULL; i++)
		is_set = is_set && add_header(exchange, request->headers[i]);
	if (!is_set)
		return err_set(err, ERR_RETRY, "http: no memory");
	set(exchange, CURLOPT_HTTPHEADER, exchange->list);
	return 0;
}

static int set_request(struct exchange *exchange, const struct http_request *request, struct err *err)
{
	if (set_headers(exchange, request, err) != 0)
		return -1;
	if (curl_easy_setopt(exchange->easy, CURLOPT_URL, request->url) != CURLE_OK)
		return err_set(err, ERR_RETRY, "http: no memory");
	set(exchange, CURLOPT_PROTOCOLS_STR, "http,https");
	set_number(exchange, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1); /* HTTP/2 would repeat a refused stream */
	if (request->user != NULL) {
		set_number(exchange, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC); /* one round: Digest would send twice */
		set(exchange, CURLOPT_USERNAME, request->user);
		set(exchange, CURLOPT_PASSWORD, request->password);
	}
	if (request->form.size > 0) {
		buf_add_str(&exchange->content, request->form);
		if (exchange->content.overflow)
			return err_set(err, ERR_POISON, "http: form is too large");
		set_number(exchange, CURLOPT_POST, 1);
		set(exchange, CURLOPT_POSTFIELDS, exchange->content.data);
		set_number(exchange, CURLOPT_POSTFIELDSIZE, (long)exchange->content.size);
	}
	return 0;
}

int http_start(struct http *http, const struct http_request *request, http_done *done, void *done_arg, struct err *err)
{
	struct exchange *exchange;

	if (check_request(request, err) != 0)
		return -1;
	exchange = exchange_take(http, FACTS_HTTP, &request->limits);
	if (exchange == NULL)
		return err_set(err, ERR_RETRY, "http: all exchanges are in use");
	if (set_request(exchange, request, err) != 0) {
		exchange_give_back(exchange);
		return -1;
	}
	return exchange_launch(exchange, done, done_arg, err);
}

size_t http_running(const struct http *http)
{
	return http->running;
}

bool http_is_full(const struct http *http)
{
	return http->running == http->exchanges_count;
}

static int perform(struct http *http, size_t *ret_ended, struct err *err)
{
	int running;
	CURLMcode code = curl_multi_perform(http->multi, &running);

	if (code != CURLM_OK)
		return err_set(err, ERR_FATAL, "http: %s", curl_multi_strerror(code));
	*ret_ended = finish_ended(http);
	return 0;
}

int http_poll(struct http *http, int wake_fd, int timeout_ms, struct err *err)
{
	struct curl_waitfd wake = { .fd = wake_fd, .events = CURL_WAIT_POLLIN };
	size_t ended;
	CURLMcode code;

	if (perform(http, &ended, err) != 0)
		return -1;
	if (ended > 0 || timeout_ms == 0)
		return 0;
	code = curl_multi_poll(http->multi, &wake, wake_fd == -1 ? 0 : 1, timeout_ms, NULL);
	if (code != CURLM_OK)
		return err_set(err, ERR_FATAL, "http: %s", curl_multi_strerror(code));
	return perform(http, &ended, err);
}

void http_wake(struct http *http)
{
	(void)curl_multi_wakeup(http->multi);
}

void http_abandon(struct http *http)
{
	for (size_t i = 0; i < http->exchanges_count; i++) {
		if (http->exchanges[i].state == EXCHANGE_RUNNING)
			finish(&http->exchanges[i], CURLE_ABORTED_BY_CALLBACK, "given up by us");
	}
}

bool http_is_this_machine(struct str authority)
{
	static const char *const hosts[] = { "127.0.0.1", "localhost", "[::1]" };

	for (size_t i = 0; i < COUNT(hosts); i++) {
		struct str host = str_of(hosts[i]);

		if (authority.size >= host.size && memcmp(authority.data, host.data, host.size) == 0 &&
		    (authority.size == host.size || authority.data[host.size] == ':'))
			return true;
	}
	return false;
}

void http_add_escaped(struct buf *buf, struct str text)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.size; i++) {
		unsigned char byte = (unsigned char)text.data[i];

		if ((byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
		    (byte != '\0' && strchr("-._~", byte) != NULL)) {
			buf_add_u8(buf, byte);
		} else {
			buf_add_u8(buf, '%');
			buf_add_u8(buf, (uint8_t)digits[byte >> 4]);
			buf_add_u8(buf, (uint8_t)digits[byte & 15]);
		}
	}
}
