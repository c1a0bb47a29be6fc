#include "http/imap.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "base/day.h"
#include "base/must.h"
#include "http/exchange.h"
#include "http/imap_answer.h"
#include "http/sockets.h"

#define IN_SIZE      16384
#define COMMAND_SIZE 512
#define NAME_SIZE    201

struct imap {
	CURL *easy;
	struct sockets sockets;
	int64_t timeout_ms, deadline_ms; /* of the command at hand */
	uint32_t uid_validity;           /* 0: not known yet */
	uint32_t commands;               /* so far: the next tag */
	bool can_move, can_expunge;
	char mailbox[NAME_SIZE], done_folder[NAME_SIZE];

	unsigned char in[IN_SIZE]; /* what has arrived: from in_at to in_size */
	size_t in_at, in_size;
	size_t answer_size; /* bytes of the answer at hand */

	struct buf line; /* of the answer, see imap_answer.h */
	bool line_is_cut;
	struct buf *literal; /* where a literal goes; NULL: nowhere */
	size_t literal_max;
	bool has_literal, has_foreign_literal; /* one of literal_max at most; another one, which was dropped */
};

/* ---- bytes ---- */

static int wait_for(struct imap *imap, short events, struct err *err)
{
	struct pollfd socket = { .events = events };
	curl_socket_t active = CURL_SOCKET_BAD;
	int64_t left_ms = imap->deadline_ms - clock_monotonic_ms();

	if (left_ms <= 0)
		return err_set(err, ERR_RETRY, "imap: the server does not answer in time");
	if (curl_easy_getinfo(imap->easy, CURLINFO_ACTIVESOCKET, &active) != CURLE_OK || active == CURL_SOCKET_BAD)
		return err_set(err, ERR_RETRY, "imap: the connection is closed");
	socket.fd = active;
	(void)poll(&socket, 1, (int)(left_ms < 1000 ? left_ms : 1000)); /* in steps: what arrived may be in libcurl already */
	return 0;
}

static int send_all(struct imap *imap, struct str text, struct err *err)
{
	while (text.size > 0) {
		size_t sent = 0;
		CURLcode code = curl_easy_send(imap->easy, text.data, text.size, &sent);

		if (code == CURLE_AGAIN) {
			if (wait_for(imap, POLLOUT, err) != 0)
				return -1;
			continue;
		}
		if (code != CURLE_OK)
			return err_set(err, ERR_RETRY, "imap: the connection broke: %s", curl_easy_strerror(code));
		text = (struct str){ .data = text.data + sent, .size = text.size - sent };
	}
	return 0;
}

/* At least one byte more. */
static int receive(struct imap *imap, struct err *err)
{
	CURLcode code;

	imap->in_at = imap->in_size = 0;
	while ((code = curl_easy_recv(imap->easy, imap->in, sizeof(imap->in), &imap->in_size)) == CURLE_AGAIN) {
		if (wait_for(imap, POLLIN, err) != 0)
			return -1;
	}
	if (code != CURLE_OK)
		return err_set(err, ERR_RETRY, "imap: the connection broke: %s", curl_easy_strerror(code));
	if (imap->in_size == 0)
		return err_set(err, ERR_RETRY, "imap: the server closed the connection");
	imap->answer_size += imap->in_size;
	if (imap->answer_size > IMAP_ANSWER_MAX)
		return err_set(err, ERR_RETRY, "imap: an answer without end");
	return clock_monotonic_ms() < imap->deadline_ms ? 0 : err_set(err, ERR_RETRY, "imap: the server does not answer in time");
}

/* ---- answers ---- */

/* Appends up to the next line end, which it consumes. */
static int read_piece(struct imap *imap, struct err *err)
{
	for (;;) {
		const unsigned char *from = imap->in + imap->in_at, *end;
		size_t size = imap->in_size - imap->in_at, room = IMAP_LINE_MAX - imap->line.size;

		end = size == 0 ? NULL : memchr(from, '\n', size);
		size = end == NULL ? size : (size_t)(end - from);
		buf_add(&imap->line, from, size < room ? size : room);
		imap->line_is_cut = imap->line_is_cut || size > room;
		imap->in_at += size + (end != NULL);
		if (end != NULL)
			break;
		if (receive(imap, err) != 0)
			return -1;
	}
	if (imap->line.size > 0 && imap->line.data[imap->line.size - 1] == '\r')
		imap->line.size--;
	return 0;
}

static int read_literal(struct imap *imap, uint64_t size, struct err *err)
{
	bool is_wanted = imap->literal != NULL && !imap->has_literal && size <= imap->literal_max;

	imap->has_literal = imap->has_literal || is_wanted;
	imap->has_foreign_literal = imap->has_foreign_literal || !is_wanted;
	if (size > IMAP_ANSWER_MAX)
		return err_set(err, ERR_RETRY, "imap: an answer without end");
	while (size > 0) {
		size_t piece = imap->in_size - imap->in_at;

		if (piece == 0) {
			if (receive(imap, err) != 0)
				return -1;
			continue;
		}
		piece = piece < size ? piece : (size_t)size;
		if (is_wanted)
			buf_add(imap->literal, imap->in + imap->in_at, piece);
		imap->in_at += piece;
		size -= piece;
	}
	return 0;
}

/* A whole line, with the literals in it. */
static int read_line(struct imap *imap, struct err *err)
{
	uint64_t size;

	buf_reset(&imap->line);
	imap->line_is_cut = false;
	if (read_piece(imap, err) != 0)
		return -1;
	while (!imap->line_is_cut && imap_has_literal(buf_str(&imap->line), &size)) {
		if (read_literal(imap, size, err) != 0 || read_piece(imap, err) != 0)
			return -1;
	}
	return 0;
}

/* Of every answer: the server may say so at any time. */
static int check_line(struct imap *imap, struct err *err)
{
	struct str line = buf_str(&imap->line);
	uint32_t number;

	if (str_begins_nocase(line, STR("* BYE")))
		return err_set(err, ERR_RETRY, "imap: the server ends the session");
	if (!str_begins_nocase(line, STR("* OK [UIDVALIDITY")) || !imap_number_behind(line, "UIDVALIDITY", &number))
		return 0;
	if (imap->uid_validity != 0 && imap->uid_validity != number)
		return err_set(err, ERR_RETRY, "imap: the mailbox was made anew meanwhile");
	imap->uid_validity = number;
	return 0;
}

enum reply { REPLY_OK, REPLY_NO };

/* `see` is called for each line of the answer but the last. */
typedef void see_line(void *see_arg, struct imap *imap, struct str line);

static int read_answer(struct imap *imap, see_line *see, void *see_arg, enum reply *ret_reply, struct err *err)
{
	char tag[16];

	(void)snprintf(tag, sizeof(tag), "d%u ", imap->commands);
	for (;;) {
		struct str line;

		if (read_line(imap, err) != 0 || check_line(imap, err) != 0)
			return -1;
		line = buf_str(&imap->line);
		if (str_begins_nocase(line, str_of(tag))) {
			line = (struct str){ .data = line.data + strlen(tag), .size = line.size - strlen(tag) };
			*ret_reply = str_begins_nocase(line, STR("OK")) ? REPLY_OK : REPLY_NO;
			return 0;
		}
		if (see != NULL)
			see(see_arg, imap, line);
	}
}

/* Sends one command and reads its answer. Numbers and names of ours only: nothing in them ends the line. */
static int command(struct imap *imap, see_line *see, void *see_arg, enum reply *ret_reply, struct err *err, const char *format,
		   ...) __attribute__((format(printf, 6, 7)));

static int command(struct imap *imap, see_line *see, void *see_arg, enum reply *ret_reply, struct err *err, const char *format,
		   ...)
{
	char text[COMMAND_SIZE];
	struct buf line;
	va_list list;
	int result;

	va_start(list, format);
	(void)vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	imap->commands++;
	imap->answer_size = 0;
	imap->deadline_ms = clock_monotonic_ms() + imap->timeout_ms;
	buf_init(&line, COMMAND_SIZE + 32);
	buf_add_format(&line, "d%u %s\r\n", imap->commands, text);
	result = send_all(imap, buf_str(&line), err);
	buf_release(&line);
	return result == 0 ? read_answer(imap, see, see_arg, ret_reply, err) : -1;
}

/* ---- opening ---- */

static void see_capability(void *see_arg, struct imap *imap, struct str line)
{
	(void)see_arg;
	if (!str_begins_nocase(line, STR("* CAPABILITY")))
		return;
	imap->can_move = imap_has_word(line, "MOVE");
	imap->can_expunge = imap_has_word(line, "UIDPLUS");
}

/* The folder of what is done with is made if it is not there; "there is one" is a refusal, too, so it is asked for afterwards. */
static int prepare(struct imap *imap, struct err *err)
{
	enum reply reply;

	if (command(imap, see_capability, NULL, &reply, err, "CAPABILITY") != 0 ||
	    command(imap, NULL, NULL, &reply, err, "CREATE \"%s\"", imap->done_folder) != 0 ||
	    command(imap, NULL, NULL, &reply, err, "STATUS \"%s\" (MESSAGES)", imap->done_folder) != 0)
		return -1;
	if (reply != REPLY_OK)
		return err_set(err, ERR_FATAL, "imap: there is no folder %s, and it cannot be made", imap->done_folder);
	if (command(imap, NULL, NULL, &reply, err, "SELECT \"%s\"", imap->mailbox) != 0)
		return -1;
	if (reply != REPLY_OK)
		return err_set(err, ERR_FATAL, "imap: there is no mailbox %s", imap->mailbox);
	if (imap_has_word(buf_str(&imap->line), "READ-ONLY"))
		return err_set(err, ERR_FATAL, "imap: the mailbox %s can only be read", imap->mailbox);
	if (imap->uid_validity == 0)
		return err_set(err, ERR_FATAL, "imap: the server has no UIDs");
	return 0;
}

static void set(CURL *easy, CURLoption option, long value)
{
	MUST(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

static int set_texts(struct imap *imap, const struct imap_conf *conf, const char *url, struct err *err)
{
	if (curl_easy_setopt(imap->easy, CURLOPT_URL, url) != CURLE_OK ||
	    curl_easy_setopt(imap->easy, CURLOPT_USERNAME, conf->user) != CURLE_OK ||
	    curl_easy_setopt(imap->easy, CURLOPT_PASSWORD, conf->password) != CURLE_OK ||
	    curl_easy_setopt(imap->easy, CURLOPT_PROTOCOLS_STR, "imap,imaps") != CURLE_OK ||
	    curl_easy_setopt(imap->easy, CURLOPT_PROXY, "") != CURLE_OK ||
	    (conf->ca_file != NULL && curl_easy_setopt(imap->easy, CURLOPT_CAINFO, conf->ca_file) != CURLE_OK))
		return err_set(err, ERR_FATAL, "imap: no memory");
	return 0;
}

static int connect_to(struct imap *imap, const struct imap_conf *conf, const char *url, struct err *err)
{
	CURLcode code;

	if (set_texts(imap, conf, url, err) != 0)
		return -1;
	set(imap->easy, CURLOPT_CONNECT_ONLY, 1);
	set(imap->easy, CURLOPT_NOSIGNAL, 1);
	set(imap->easy, CURLOPT_FOLLOWLOCATION, 0);
	set(imap->easy, CURLOPT_USE_SSL, conf->is_plain ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
	set(imap->easy, CURLOPT_SSL_VERIFYPEER, 1);
	set(imap->easy, CURLOPT_SSL_VERIFYHOST, 2);
	set(imap->easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
	set(imap->easy, CURLOPT_TIMEOUT_MS, (long)conf->timeout_ms);
	set(imap->easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)(conf->timeout_ms + 999) / 1000);
	MUST(curl_easy_setopt(imap->easy, CURLOPT_OPENSOCKETFUNCTION, sockets_open) == CURLE_OK);
	MUST(curl_easy_setopt(imap->easy, CURLOPT_OPENSOCKETDATA, &imap->sockets) == CURLE_OK);
	MUST(curl_easy_setopt(imap->easy, CURLOPT_CLOSESOCKETFUNCTION, sockets_close) == CURLE_OK);
	MUST(curl_easy_setopt(imap->easy, CURLOPT_CLOSESOCKETDATA, &imap->sockets) == CURLE_OK);
	code = curl_easy_perform(imap->easy);
	if (code == CURLE_OK)
		return 0;
	return err_set(err, code == CURLE_COULDNT_CONNECT || code == CURLE_OPERATION_TIMEDOUT ? ERR_RETRY : ERR_FATAL, "imap: %s",
		       curl_easy_strerror(code)); /* its own words: the error buffer may quote the server */
}

struct parts {
	CURLU *url;
	char *scheme, *host, *path, *foreign;
};

static void release_parts(struct parts *parts)
{
	curl_free(parts->scheme);
	curl_free(parts->host);
	curl_free(parts->path);
	curl_free(parts->foreign);
	curl_url_cleanup(parts->url);
}

static bool has_part(struct parts *parts, CURLUPart part)
{
	curl_free(parts->foreign);
	parts->foreign = NULL;
	return curl_url_get(parts->url, part, &parts->foreign, 0) == CURLUE_OK;
}

static bool read_parts(const char *url, struct parts *ret_parts)
{
	*ret_parts = (struct parts){ .url = curl_url() };
	return ret_parts->url != NULL && curl_url_set(ret_parts->url, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK &&
	       curl_url_get(ret_parts->url, CURLUPART_SCHEME, &ret_parts->scheme, 0) == CURLUE_OK &&
	       curl_url_get(ret_parts->url, CURLUPART_HOST, &ret_parts->host, 0) == CURLUE_OK &&
	       curl_url_get(ret_parts->url, CURLUPART_PATH, &ret_parts->path, CURLU_URLDECODE) == CURLUE_OK &&
	       (strcmp(ret_parts->scheme, "imap") == 0 || strcmp(ret_parts->scheme, "imaps") == 0) &&
	       !has_part(ret_parts, CURLUPART_QUERY) && !has_part(ret_parts, CURLUPART_FRAGMENT) &&
	       !has_part(ret_parts, CURLUPART_OPTIONS);
}

bool imap_is_of_this_machine(const char *url)
{
	struct parts parts;
	bool is_here = read_parts(url, &parts) && http_is_this_machine(str_of(parts.host));

	release_parts(&parts);
	return is_here;
}

/* The mailbox out of the URL; and the URL without it, since libcurl is to connect and nothing else. */
static int read_url(struct imap *imap, const char *url, char **ret_server, struct err *err)
{
	struct parts parts;
	const char *mailbox;
	bool is_good = read_parts(url, &parts);

	if (is_good) {
		mailbox = parts.path[0] == '/' && parts.path[1] != '\0' ? parts.path + 1 : "INBOX";
		is_good = imap_name_is_valid(mailbox) && str_to_chars(imap->mailbox, sizeof(imap->mailbox), str_of(mailbox)) &&
			  curl_url_set(parts.url, CURLUPART_PATH, "/", 0) == CURLUE_OK &&
			  curl_url_get(parts.url, CURLUPART_URL, ret_server, 0) == CURLUE_OK;
	}
	release_parts(&parts);
	return is_good ? 0 : err_set(err, ERR_FATAL, "imap: not a URL imaps://host[:port][/mailbox], without a login in it");
}

/* Case counts, but for INBOX (RFC 3501 5.1). */
static bool is_one_mailbox(const char *name, const char *other)
{
	const struct str inbox = STR("INBOX");

	return strcmp(name, other) == 0 || (str_equal_nocase(str_of(name), inbox) && str_equal_nocase(str_of(other), inbox));
}

static int open_with(struct imap *imap, const struct imap_conf *conf, struct err *err)
{
	char *server = NULL;
	int result;

	if (!imap_name_is_valid(conf->done_folder) ||
	    !str_to_chars(imap->done_folder, sizeof(imap->done_folder), str_of(conf->done_folder)))
		return err_set(err, ERR_FATAL, "imap: the name of a folder is printable ASCII without \" and \\");
	if (!exchange_is_line(conf->user) || !exchange_is_line(conf->password) || conf->user[0] == '\0')
		return err_set(err, ERR_FATAL, "imap: no user, or a control character in the login");
	if (read_url(imap, conf->url, &server, err) != 0)
		return -1;
	if (is_one_mailbox(imap->mailbox, imap->done_folder))
		result = err_set(err, ERR_FATAL, "imap: the folder of mails that are done with is the mailbox itself");
	else
		result = connect_to(imap, conf, server, err);
	curl_free(server);
	return result == 0 ? prepare(imap, err) : -1;
}

int imap_open(const struct imap_conf *conf, struct imap **ret_imap, struct err *err)
{
	CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT); /* counted: imap_close has its counterpart */
	struct imap *imap;

	MUST(conf->timeout_ms >= 1 && conf->timeout_ms <= 3600000);
	if (code != CURLE_OK)
		return err_set(err, ERR_FATAL, "imap: %s", curl_easy_strerror(code));
	imap = calloc(1, sizeof(*imap));
	if (imap == NULL) {
		curl_global_cleanup();
		return err_set(err, ERR_FATAL, "imap: no memory");
	}
	imap->timeout_ms = conf->timeout_ms;
	buf_init(&imap->line, IMAP_LINE_MAX);
	imap->easy = curl_easy_init();
	if (imap->easy == NULL ? err_set(err, ERR_FATAL, "imap: no memory") != 0 : open_with(imap, conf, err) != 0) {
		imap_close(imap);
		return -1;
	}
	*ret_imap = imap;
	return 0;
}

void imap_close(struct imap *imap)
{
	if (imap == NULL)
		return;
	sockets_read_no_more_of_all(&imap->sockets); /* libcurl would wait for the answer to its LOGOUT */
	curl_easy_cleanup(imap->easy);
	buf_release(&imap->line);
	free(imap);
	curl_global_cleanup();
}

/* ---- mails ---- */

struct search {
	uint32_t *uids;
	size_t uids_max, count;
};

static void see_search(void *search_arg, struct imap *imap, struct str line)
{
	struct search *search = search_arg;

	(void)imap_read_search(line, imap->line_is_cut, search->uids, search->uids_max, &search->count);
}

int imap_search(struct imap *imap, uint32_t *uids, size_t uids_max, size_t *ret_count, struct err *err)
{
	struct search search = { .uids = uids, .uids_max = uids_max };
	enum reply reply;

	if (command(imap, see_search, &search, &reply, err, "UID SEARCH UNDELETED UNFLAGGED") != 0)
		return -1;
	if (reply != REPLY_OK)
		return err_set(err, ERR_RETRY, "imap: the server does not search");
	*ret_count = search.count;
	return 0;
}

struct fetch {
	uint32_t uid;
	int64_t at_ms;
	bool is_found;
};

static void see_fetch(void *fetch_arg, struct imap *imap, struct str line)
{
	struct fetch *fetch = fetch_arg;

	(void)imap;
	fetch->is_found = imap_read_fetch(line, fetch->uid, &fetch->at_ms) || fetch->is_found;
}

int imap_fetch(struct imap *imap, uint32_t uid, size_t size_max, struct buf *mail, int64_t *ret_at_ms, struct err *err)
{
	struct fetch fetch = { .uid = uid, .at_ms = -1 };
	enum reply reply;
	int result;

	MUST(mail->size_max - mail->size >= size_max);
	imap->literal = mail;
	imap->literal_max = size_max;
	imap->has_literal = imap->has_foreign_literal = false;
	result = command(imap, see_fetch, &fetch, &reply, err, "UID FETCH %u (UID INTERNALDATE BODY.PEEK[]<0.%zu>)", uid,
			 size_max);
	imap->literal = NULL;
	if (result != 0)
		return -1;
	if (imap->has_foreign_literal)
		return err_set(err, ERR_POISON, "the server sends more of it than was asked for");
	if (reply != REPLY_OK || !fetch.is_found)
		return err_set(err, ERR_POISON, "it is gone");
	if (fetch.at_ms < 0)
		return err_set(err, ERR_POISON, "the server does not say when it came");
	*ret_at_ms = fetch.at_ms;
	return 0;
}

static int change(struct imap *imap, const char *verb, uint32_t uid, const char *rest, struct err *err)
{
	enum reply reply;

	if (command(imap, NULL, NULL, &reply, err, "UID %s %u%s%s", verb, uid, rest[0] == '\0' ? "" : " ", rest) != 0)
		return -1;
	return reply == REPLY_OK ? 0 : err_set(err, ERR_POISON, "the server refuses %s", verb);
}

int imap_done(struct imap *imap, uint32_t uid, struct err *err)
{
	char folder[NAME_SIZE + 2];

	(void)snprintf(folder, sizeof(folder), "\"%s\"", imap->done_folder);
	if (imap->can_move)
		return change(imap, "MOVE", uid, folder, err);
	if (change(imap, "COPY", uid, folder, err) != 0 || change(imap, "STORE", uid, "+FLAGS.SILENT (\\Deleted)", err) != 0)
		return -1;
	return imap->can_expunge ? change(imap, "EXPUNGE", uid, "", err) : 0;
}

int imap_set_aside(struct imap *imap, uint32_t uid, struct err *err)
{
	return change(imap, "STORE", uid, "+FLAGS.SILENT (\\Flagged)", err);
}
