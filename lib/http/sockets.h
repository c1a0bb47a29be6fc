#ifndef HTTP_SOCKETS_H
#define HTTP_SOCKETS_H

#include <stddef.h>

#include <curl/curl.h>

#include "http/http.h"

/*
 * Private to the room: the sockets that libcurl has open, so that no exchange waits for a peer's goodbye. libcurl sends QUIT to
 * a mail server and then blocks for its answer, up to two minutes, and all other exchanges with it; it has no option against
 * that. Shutting down the read side of the socket ends the wait at once, and QUIT still goes out.
 */
#define SOCKETS_MAX (4 * HTTP_EXCHANGES_MAX)

struct sockets {
	int sockets[SOCKETS_MAX];
	size_t count;
};

/* libcurl's callbacks; the argument is the struct. */
curl_socket_t sockets_open(void *sockets_arg, curlsocktype purpose, struct curl_sockaddr *address);
int sockets_close(void *sockets_arg, curl_socket_t socket);

void sockets_read_no_more(struct sockets *sockets, int local_port);
void sockets_read_no_more_of_all(struct sockets *sockets);

#endif
