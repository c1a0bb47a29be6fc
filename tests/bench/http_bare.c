/*
 * The least that a server of our kind can be: libmicrohttpd with one thread, answering every request with the same body. What a
 * request costs here, it costs the gateway too; the rest is the gateway's own. Requests' bodies are read and thrown away.
 *
 * usage: http_bare --size BYTES     prints its port; ends with its standard input
 */
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/must.h"

static char *body;
static int64_t body_size;

static enum MHD_Result answer(void *self, struct MHD_Connection *connection, const char *url, const char *method,
			      const char *version, const char *upload, size_t *upload_size, void **its)
{
	static int seen;
	struct MHD_Response *response;
	enum MHD_Result result;

	(void)self;
	(void)url;
	(void)method;
	(void)version;
	(void)upload;
	if (*its == NULL || *upload_size > 0) {
		*its = &seen;
		*upload_size = 0;
		return MHD_YES;
	}
	response = MHD_create_response_from_buffer((size_t)body_size, body, MHD_RESPMEM_PERSISTENT);
	MUST(response != NULL);
	MUST(MHD_add_response_header(response, "Content-Type", "application/json") == MHD_YES);
	result = MHD_queue_response(connection, 200, response);
	MHD_destroy_response(response);
	return result;
}

int main(int argc, char **argv)
{
	const struct conf_row rows[] = {
		{ "size", CONF_NUMBER, "700", &body_size, 1, 1 << 20, false, "bytes of each answer's body" },
	};
	struct err err = ERR_INIT;
	enum conf_outcome outcome;
	struct MHD_Daemon *daemon;
	char byte;
	int argi;

	if (conf_read(rows, 1, "Answers everything with the same.", argc, argv, &outcome, &argi, &err) != 0) {
		fprintf(stderr, "http_bare: %s\n", err.text);
		return 1;
	}
	body = malloc((size_t)body_size);
	MUST(body != NULL);
	memset(body, ' ', (size_t)body_size);
	daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, NULL, MHD_OPTION_END);
	if (daemon == NULL) {
		fprintf(stderr, "http_bare: it does not start\n");
		return 1;
	}
	printf("%u\n", (unsigned)MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
	(void)fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	MHD_stop_daemon(daemon);
	free(body);
	return 0;
}
