#include "worker/chain.h"

#include <string.h>

#define CHAIN_FIXED_SIZE (SHA256_SIZE + 4 + 8 + 16 + 4 + 16 * 4 + 8)

static uint8_t *put(uint8_t *at, const void *bytes, size_t size)
{
	memcpy(at, bytes, size);
	return at + size;
}

static uint8_t *put_be(uint8_t *at, uint64_t number, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(number >> (8 * (size - 1 - i)));
	return at + size;
}

void chain_hash(uint8_t ret_hash[SHA256_SIZE], const uint8_t previous[SHA256_SIZE], const struct chain_row *row)
{
	uint8_t fixed[CHAIN_FIXED_SIZE];
	uint8_t *at = fixed;

	at = put(at, previous, SHA256_SIZE);
	at = put_be(at, (uint32_t)row->part, 4);
	at = put_be(at, (uint64_t)row->seq, 8);
	at = put(at, row->event_id.bytes, 16);
	at = put_be(at, row->schema_id, 4);
	at = put(at, row->key.bytes, 16);
	at = put(at, row->subject.bytes, 16);
	at = put(at, row->command_id.bytes, 16);
	at = put(at, row->correlation_id.bytes, 16);
	at = put_be(at, (uint64_t)row->at_ms, 8);
	MUST(at == fixed + sizeof(fixed));
	sha256_pair(ret_hash, (struct str){ .data = (const char *)fixed, .size = sizeof(fixed) }, row->body);
}
