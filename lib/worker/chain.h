#ifndef WORKER_CHAIN_H
#define WORKER_CHAIN_H

#include <stdint.h>

#include "crypto/crypto.h"

/*
 * The hash chain of an event log: every row's hash covers the row before it, so a row cannot be changed, removed or inserted
 * without changing all later hashes. One chain per (module, partition).
 *
 *   hash(n) = SHA-256( hash(n-1) || part be32 || seq be64 || event_id || schema_id be32 || key || subject || command_id ||
 *                      correlation_id || at_ms be64 || body )                                hash(0) = 32 zero bytes
 *
 * Everything in it travels in the published record too, so a reader can check the chain without the database. The subject
 * travels in the body, as the field that the schema calls the aggregate: no header repeats it.
 */
struct chain_row {
	int32_t part;
	uint32_t schema_id;
	int64_t seq;
	int64_t at_ms;
	struct uuid event_id, key, subject, command_id, correlation_id;
	struct str body; /* framed, as published */
};

void chain_hash(uint8_t ret_hash[SHA256_SIZE], const uint8_t previous[SHA256_SIZE], const struct chain_row *row);

#endif
