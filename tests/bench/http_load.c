/*
 * A load generator for HTTP/1.1 over keep-alive connections, in one thread. Open loop: request n is due at start + n / rate,
 * whatever became of those before it, and its latency counts from then: a server that falls behind is not asked less, and what
 * waits for a free connection waits in the figure too. With rate 0 closed loop: each connection asks again as soon as it is
 * answered.
 *
 * Requests are lines of a file, taken in turn: `METHOD path` or `METHOD path<TAB>body`. Headers that all of them carry come from
 * another file, so that no token stands in a process list.
 *
 * usage: http_load --address 127.0.0.1:PORT --requests FILE --headers FILE --connections N --rate N --seconds N
 * prints key=value lines: rate, sent, status_2xx ... and latency in microseconds
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/conf.h"
#include "base/must.h"

#define CONNECTIONS_MAX 4096
#define REQUEST_MAX     16384
#define ANSWER_MAX      ((size_t)1 << 20)
#define FILE_MAX        ((size_t)512 << 20)
#define DRAIN_US        10000000
#define BUCKETS_OF_2    64 /* steps from a power of two to the next: 1.6 % */
#define BUCKETS         (64 * BUCKETS_OF_2)

struct connection {
	int fd;
	bool is_busy;
	int64_t due_us;
	char request[REQUEST_MAX];
	size_t request_size, sent;
	char *answer;
	size_t answer_size;
};

struct load {
	const char *address, *requests_file, *headers_file;
	int64_t connections_count, rate, seconds;

	char *headers;
	char *requests;
	char **lines;
	size_t lines_count, line_next;
	struct connection connections[CONNECTIONS_MAX];
	struct pollfd polled[CONNECTIONS_MAX];
	int64_t sent, answered, statuses[6], lost;
	int64_t latencies[BUCKETS];
	int64_t latency_max_us;
};

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

/* ---- latencies ---- */

static size_t bucket_of(int64_t us)
{
	int power = 0;

	while (us >> power >= 2 * BUCKETS_OF_2)
		power++;
	return (size_t)power * BUCKETS_OF_2 + (size_t)(us >> power);
}

static int64_t bucket_us(size_t bucket)
{
	size_t power = bucket < 2 * BUCKETS_OF_2 ? 0 : bucket / BUCKETS_OF_2 - 1;

	return (int64_t)(bucket - power * BUCKETS_OF_2) << power;
}

static int64_t percentile_us(const struct load *load, int64_t per_mille)
{
	int64_t left = load->answered * per_mille / 1000;

	for (size_t i = 0; i < BUCKETS; i++) {
		left -= load->latencies[i];
		if (left < 0)
			return bucket_us(i);
	}
	return load->latency_max_us;
}

static void count_latency(struct load *load, int64_t us)
{
	load->latencies[bucket_of(us)]++;
	if (us > load->latency_max_us)
		load->latency_max_us = us;
}

/* ---- files ---- */

static int read_file(const char *path, char **ret_text, struct err *err)
{
	FILE *file = fopen(path, "rb");
	char *text = NULL;
	long size;

	if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0 || (size_t)size > FILE_MAX) {
		if (file != NULL)
			fclose(file);
		return err_set(err, ERR_FATAL, "cannot read %.100s", path);
	}
	rewind(file);
	text = calloc(1, (size_t)size + 1);
	if (text == NULL || fread(text, 1, (size_t)size, file) != (size_t)size) {
		free(text);
		fclose(file);
		return err_set(err, ERR_FATAL, "cannot read %.100s", path);
	}
	fclose(file);
	*ret_text = text;
	return 0;
}

/* Header lines end in CR LF on the wire and in LF in a file. */
static int read_headers(struct load *load, struct err *err)
{
	char *text;
	size_t size = 0;

	if (read_file(load->headers_file, &text, err) < 0)
		return -1;
	load->headers = calloc(2, strlen(text) + 1);
	MUST(load->headers != NULL);
	for (const char *at = text; *at != '\0'; at++) {
		if (*at == '\n')
			load->headers[size++] = '\r';
		load->headers[size++] = *at;
	}
	free(text);
	return 0;
}

static int read_requests(struct load *load, struct err *err)
{
	size_t count = 0;

	if (read_file(load->requests_file, &load->requests, err) < 0)
		return -1;
	for (const char *at = load->requests; *at != '\0'; at++)
		count += *at == '\n';
	if (count == 0)
		return err_set(err, ERR_FATAL, "no requests");
	load->lines = calloc(count, sizeof(*load->lines));
	MUST(load->lines != NULL);
	for (char *at = load->requests; load->lines_count < count; load->lines_count++) {
		char *end = strchr(at, '\n');

		*end = '\0';
		load->lines[load->lines_count] = at;
		at = end + 1;
	}
	return 0;
}

/* ---- connections ---- */

static int open_connection(struct load *load, struct connection *connection, struct err *err)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	const char *colon = strchr(load->address, ':');
	char host[64];
	int one = 1;

	if (colon == NULL || (size_t)(colon - load->address) >= sizeof(host))
		return err_set(err, ERR_FATAL, "not host:port: %.60s", load->address);
	(void)snprintf(host, sizeof(host), "%.*s", (int)(colon - load->address), load->address);
	address.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
	if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
		return err_set(err, ERR_FATAL, "not an IPv4 address: %.60s", host);
	connection->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connection->fd < 0 || connect(connection->fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		return err_set(err, ERR_FATAL, "connect: %s", strerror(errno));
	(void)setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (fcntl(connection->fd, F_SETFL, O_NONBLOCK) != 0)
		return err_set(err, ERR_FATAL, "fcntl: %s", strerror(errno));
	if (connection->answer == NULL)
		connection->answer = malloc(ANSWER_MAX + 1);
	MUST(connection->answer != NULL);
	connection->is_busy = false;
	connection->answer_size = 0;
	return 0;
}

static void write_on(struct connection *connection)
{
	while (connection->sent < connection->request_size) {
		ssize_t size = send(connection->fd, connection->request + connection->sent,
				    connection->request_size - connection->sent, MSG_NOSIGNAL);

		if (size <= 0)
			return; /* the rest when there is room; a closed connection is seen by reading */
		connection->sent += (size_t)size;
	}
}

static void ask(struct load *load, struct connection *connection, int64_t due_us)
{
	const char *line = load->lines[load->line_next];
	const char *tab = strchr(line, '\t');
	const char *body = tab == NULL ? "" : tab + 1;
	int head_size = tab == NULL ? (int)strlen(line) : (int)(tab - line);
	int size;

	load->line_next = (load->line_next + 1) % load->lines_count;
	size = snprintf(connection->request, sizeof(connection->request), "%.*s HTTP/1.1\r\nHost: %s\r\n%s", head_size, line,
			load->address, load->headers);
	if (tab != NULL)
		size += snprintf(connection->request + size, sizeof(connection->request) - (size_t)size,
				 "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body);
	else
		size += snprintf(connection->request + size, sizeof(connection->request) - (size_t)size, "\r\n");
	MUST(size < (int)sizeof(connection->request));
	connection->request_size = (size_t)size;
	connection->sent = 0;
	connection->answer_size = 0;
	connection->due_us = due_us;
	connection->is_busy = true;
	load->sent++;
	write_on(connection);
}

/* Whether the whole answer is there: its head and as many bytes as Content-Length says. */
static bool is_whole(struct connection *connection)
{
	char *end;
	char *length;

	connection->answer[connection->answer_size] = '\0';
	end = strstr(connection->answer, "\r\n\r\n");
	if (end == NULL)
		return false;
	length = strstr(connection->answer, "\r\nContent-Length:");
	if (length == NULL || length > end)
		return true;
	return connection->answer_size >= (size_t)(end + 4 - connection->answer) + strtoul(length + 17, NULL, 10);
}

static void finish(struct load *load, struct connection *connection)
{
	int status = connection->answer_size > 12 ? connection->answer[9] - '0' : 0;

	load->statuses[status >= 0 && status <= 5 ? status : 0]++;
	load->answered++;
	count_latency(load, now_us() - connection->due_us);
	connection->is_busy = false;
}

static int read_on(struct load *load, struct connection *connection, struct err *err)
{
	ssize_t size =
		recv(connection->fd, connection->answer + connection->answer_size, ANSWER_MAX - connection->answer_size, 0);

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (size <= 0) { /* closed by the server: the request is lost */
		load->lost += connection->is_busy;
		close(connection->fd);
		return open_connection(load, connection, err);
	}
	connection->answer_size += (size_t)size;
	if (connection->is_busy && is_whole(connection))
		finish(load, connection);
	return 0;
}

/* ---- the run ---- */

static int wait_and_serve(struct load *load, int timeout_ms, struct err *err)
{
	nfds_t count = (nfds_t)load->connections_count;

	for (nfds_t i = 0; i < count; i++) {
		struct connection *connection = &load->connections[i];
		bool has_more = connection->is_busy && connection->sent < connection->request_size;

		load->polled[i] =
			(struct pollfd){ .fd = connection->fd, .events = (short)(has_more ? POLLIN | POLLOUT : POLLIN) };
	}
	if (poll(load->polled, count, timeout_ms) < 0 && errno != EINTR)
		return err_set(err, ERR_FATAL, "poll: %s", strerror(errno));
	for (nfds_t i = 0; i < count; i++) {
		if ((load->polled[i].revents & POLLOUT) != 0)
			write_on(&load->connections[i]);
		if ((load->polled[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0 &&
		    read_on(load, &load->connections[i], err) < 0)
			return -1;
	}
	return 0;
}

/* Gives what is due to connections that are free; tells how many are busy. */
static int64_t give_out(struct load *load, int64_t started_us, int64_t end_us)
{
	int64_t now = now_us();
	int64_t due = load->rate == 0 ? INT64_MAX : ((now < end_us ? now : end_us) - started_us) * load->rate / 1000000;
	int64_t busy = 0;

	for (int64_t i = 0; i < load->connections_count; i++) {
		struct connection *connection = &load->connections[i];

		if (!connection->is_busy && load->sent < due && (load->rate > 0 || now < end_us))
			ask(load, connection, load->rate == 0 ? now : started_us + load->sent * 1000000 / load->rate);
		busy += connection->is_busy;
	}
	return busy;
}

static int run(struct load *load, struct err *err)
{
	int64_t started_us;
	int64_t end_us;
	int64_t busy = 0;

	for (int64_t i = 0; i < load->connections_count; i++)
		if (open_connection(load, &load->connections[i], err) < 0)
			return -1;
	started_us = now_us();
	end_us = started_us + load->seconds * 1000000;
	do {
		if (wait_and_serve(load, load->rate > 0 && busy < load->connections_count ? 1 : 100, err) < 0)
			return -1;
		busy = give_out(load, started_us, end_us);
	} while (now_us() < end_us || (busy > 0 && now_us() < end_us + DRAIN_US));
	printf("rate=%.1f\nsent=%lld\nanswered=%lld\nlost=%lld\nunanswered=%lld\n",
	       (double)load->answered * 1e6 / (double)(now_us() - started_us), (long long)load->sent, (long long)load->answered,
	       (long long)load->lost, (long long)busy);
	for (int status = 1; status <= 5; status++)
		printf("status_%dxx=%lld\n", status, (long long)load->statuses[status]);
	printf("p50_us=%lld\np99_us=%lld\nmax_us=%lld\n", (long long)percentile_us(load, 500),
	       (long long)percentile_us(load, 990), (long long)load->latency_max_us);
	return 0;
}

static int settings(struct load *load, int argc, char **argv, enum conf_outcome *ret_outcome, struct err *err)
{
	const struct conf_row rows[] = {
		{ "address", CONF_TEXT, NULL, &load->address, 0, 0, false, "whom to ask, a.b.c.d:port" },
		{ "requests", CONF_TEXT, NULL, &load->requests_file, 0, 0, false, "file of requests, one a line" },
		{ "headers", CONF_TEXT, "/dev/null", &load->headers_file, 0, 0, false, "file of headers, one a line" },
		{ "connections", CONF_NUMBER, "32", &load->connections_count, 1, CONNECTIONS_MAX, false, "open at once" },
		{ "rate", CONF_NUMBER, "0", &load->rate, 0, 10000000, false,
		  "requests a second; 0: as fast as they are answered" },
		{ "seconds", CONF_NUMBER, "5", &load->seconds, 1, 3600, false, "for how long" },
	};
	int argi;

	return conf_read(rows, COUNT(rows), "Asks an HTTP server.", argc, argv, ret_outcome, &argi, err);
}

int main(int argc, char **argv)
{
	static struct load load;
	struct err err = ERR_INIT;
	enum conf_outcome outcome = CONF_RUN;

	if (settings(&load, argc, argv, &outcome, &err) == 0 && outcome == CONF_RUN && read_headers(&load, &err) == 0 &&
	    read_requests(&load, &err) == 0)
		(void)run(&load, &err);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		free(load.connections[i].answer);
	free(load.headers);
	free(load.lines);
	free(load.requests);
	if (err.kind != ERR_NONE)
		fprintf(stderr, "http_load: %s\n", err.text);
	return err.kind != ERR_NONE;
}
