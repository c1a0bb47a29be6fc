#include "producers/api/http/client_address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define ADDRESS_TEXT_MAX 64
#define IPV4_PREFIX_BITS 96

static const uint8_t ipv4_prefix[12] = { [10] = 0xFF, [11] = 0xFF };

static bool is_ipv4(const uint8_t bytes[16])
{
	return memcmp(bytes, ipv4_prefix, sizeof(ipv4_prefix)) == 0;
}

static bool parse_address(uint8_t bytes[16], struct str text)
{
	char terminated[ADDRESS_TEXT_MAX];

	if (!str_to_chars(terminated, sizeof(terminated), text))
		return false;
	if (inet_pton(AF_INET6, terminated, bytes) == 1)
		return true;
	memcpy(bytes, ipv4_prefix, sizeof(ipv4_prefix));
	return inet_pton(AF_INET, terminated, bytes + sizeof(ipv4_prefix)) == 1;
}

/* ---- trusted proxies ---- */

static bool parse_range(struct proxy_range *range, struct str text)
{
	struct str bits_text;
	struct str address = str_cut(text, '/', &bits_text);
	long long bits, bits_max;

	if (!parse_address(range->bytes, address))
		return false;
	range->bits = 128;
	if (address.size == text.size)
		return true;
	bits_max = is_ipv4(range->bytes) ? 32 : 128;
	if (!str_to_int64(bits_text, &bits) || bits < 0 || bits > bits_max)
		return false;
	range->bits = (unsigned)(bits_max == 32 ? bits + IPV4_PREFIX_BITS : bits);
	return true;
}

int proxies_read(struct proxies *ret_proxies, const char *text, struct err *err)
{
	struct proxies proxies = { .count = 0 };
	struct str rest = str_of(text);

	while (rest.size > 0) {
		struct str item = str_trim(str_cut(rest, ',', &rest), " \t");

		if (proxies.count == PROXIES_MAX)
			return err_set(err, ERR_FATAL, "api.trusted.proxies: more than %d", PROXIES_MAX);
		if (!parse_range(&proxies.ranges[proxies.count++], item))
			return err_set(err, ERR_FATAL,
				       "api.trusted.proxies: addresses or address/bits with commas between them are expected");
	}
	*ret_proxies = proxies;
	return 0;
}

static bool is_in(const uint8_t bytes[16], const struct proxy_range *range)
{
	unsigned whole = range->bits / 8;
	unsigned rest = range->bits % 8;

	if (memcmp(bytes, range->bytes, whole) != 0)
		return false;
	return rest == 0 || (bytes[whole] ^ range->bytes[whole]) >> (8 - rest) == 0;
}

static bool is_trusted(const struct proxies *proxies, const uint8_t bytes[16])
{
	for (size_t i = 0; i < proxies->count; i++) {
		if (is_in(bytes, &proxies->ranges[i]))
			return true;
	}
	return false;
}

/* ---- the caller ---- */

/* Removes and returns the last item of the list. */
static struct str cut_last(struct str *list)
{
	size_t at = list->size;
	struct str item;

	while (at > 0 && list->data[at - 1] != ',')
		at--;
	item = (struct str){ .data = list->data + at, .size = list->size - at };
	list->size = at > 0 ? at - 1 : 0;
	return str_trim(item, " \t");
}

void client_address(const struct proxies *proxies, const char *peer, struct str forwarded_for,
		    char ret_address[CLIENT_ADDRESS_SIZE])
{
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16] = { 0 };
	uint8_t heard[16];

	(void)parse_address(bytes, str_of(peer)); /* the peer's address is always numeric */
	while (forwarded_for.size > 0 && is_trusted(proxies, bytes)) {
		if (!parse_address(heard, cut_last(&forwarded_for)))
			break;
		memcpy(bytes, heard, sizeof(bytes));
	}
	if (is_ipv4(bytes)) {
		MUST(inet_ntop(AF_INET, bytes + sizeof(ipv4_prefix), ret_address, CLIENT_ADDRESS_SIZE) != NULL);
		return;
	}
	memset(bytes + 8, 0, 8);
	MUST(inet_ntop(AF_INET6, bytes, text, sizeof(text)) != NULL);
	(void)snprintf(ret_address, CLIENT_ADDRESS_SIZE, "%s/64", text);
}
