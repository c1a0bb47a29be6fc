#ifndef API_HTTP_CLIENT_ADDRESS_H
#define API_HTTP_CLIENT_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/*
 * From where somebody calls, as the count of attempts names it: the peer of the connection, or, when that is a proxy we trust,
 * whom it says it got the request from. Pure.
 */
#define PROXIES_MAX 32

struct proxies {
	struct proxy_range {
		uint8_t bytes[16]; /* IPv6, or IPv4 as ::ffff:a.b.c.d */
		unsigned bits;
	} ranges[PROXIES_MAX];
	size_t count;
};

/* "127.0.0.1, 10.0.0.0/8, 2001:db8::/32"; empty: none. ERR_FATAL. */
MUST_CHECK int proxies_read(struct proxies *ret_proxies, const char *text, struct err *err);

#define CLIENT_ADDRESS_SIZE 64

/*
 * `forwarded_for` is the last X-Forwarded-For: each proxy adds whom it heard at its end, so it is read from there, as far as
 * those are ours. What stands before was sent by the caller. An IPv6 address is named by its /64: whoever has one has all of it.
 */
void client_address(const struct proxies *proxies, const char *peer, struct str forwarded_for,
		    char ret_address[CLIENT_ADDRESS_SIZE]);

#endif
