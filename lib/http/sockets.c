#include "http/sockets.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

curl_socket_t sockets_open(void *sockets_arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct sockets *sockets = sockets_arg;
	int opened;

	(void)purpose;
	opened = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	if (opened < 0)
		return CURL_SOCKET_BAD;
	if (sockets->count < SOCKETS_MAX) /* one that does not fit is not watched, no more */
		sockets->sockets[sockets->count++] = opened;
	return opened;
}

int sockets_close(void *sockets_arg, curl_socket_t socket)
{
	struct sockets *sockets = sockets_arg;

	for (size_t i = 0; i < sockets->count; i++) {
		if (sockets->sockets[i] == socket) {
			sockets->sockets[i] = sockets->sockets[--sockets->count];
			break;
		}
	}
	return close(socket);
}

static int local_port_of(int socket)
{
	struct sockaddr_storage address = { 0 };
	socklen_t size = sizeof(address);

	if (getsockname(socket, (struct sockaddr *)&address, &size) != 0)
		return -1;
	if (address.ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)&address)->sin_port);
	return address.ss_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)&address)->sin6_port) : -1;
}

void sockets_read_no_more(struct sockets *sockets, int local_port)
{
	for (size_t i = 0; i < sockets->count; i++) {
		if (local_port_of(sockets->sockets[i]) == local_port)
			(void)shutdown(sockets->sockets[i], SHUT_RD);
	}
}

void sockets_read_no_more_of_all(struct sockets *sockets)
{
	for (size_t i = 0; i < sockets->count; i++)
		(void)shutdown(sockets->sockets[i], SHUT_RD);
}
