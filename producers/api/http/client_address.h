#ifndef API_HTTP_CLIENT_ADDRESS_H
#define API_HTTP_CLIENT_ADDRESS_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/*
 * The caller's address, as the count of login attempts uses it: the peer of the connection or, if the peer is a trusted proxy,
 * the address that the proxy forwarded for. Pure.
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
 * `forwarded_for` is the last X-Forwarded-For header: each proxy appends the address of its peer. So the list is read from its
 * end while the addresses are trusted proxies; entries before that come from the caller and are ignored. An IPv6 address is
 * reduced to its /64, because one caller usually has a whole /64.
 */
void client_address(const struct proxies *proxies, const char *peer, struct str forwarded_for,
		    char ret_address[CLIENT_ADDRESS_SIZE]);

#endif
