#ifndef TESTS_PEER_MESSAGE_H
#define TESTS_PEER_MESSAGE_H

#include <stdint.h>

#include "base/uuid.h"

/*
 * What the peer (peer.c) reads and writes: a struct as it lies in memory, which costs nothing to encode, under the customer's id
 * as text, as in our topics. A command has two headers, `id` and `kind`; an event has three, `seq` too, and its id is its
 * command's. Texts end at their size or at a zero byte.
 */
#define PEER_COMMANDS "peer.commands"
#define PEER_EVENTS   "peer.events"

#define PEER_HEADER_ID   "id"   /* 16 bytes */
#define PEER_HEADER_KIND "kind" /* one byte: enum peer_kind */
#define PEER_HEADER_SEQ  "seq"  /* 8 bytes */

enum peer_kind { PEER_CREATE_DEBT = 1, PEER_RECORD_PAYMENT, PEER_DEBT_CREATED, PEER_PAYMENT_RECORDED, PEER_REJECTED };

struct peer_create_debt {
	struct uuid debt_id, customer_id, creditor_id;
	int64_t principal_minor, interest_minor, cost_minor;
	int32_t opened_on, due_on;
	char currency[4];
	char external_ref[28];
};

struct peer_record_payment {
	struct uuid payment_id, customer_id, debt_id;
	int64_t amount_minor;
	int32_t received_on;
	char currency[4];
	char source[12];
	char external_ref[28];
};

struct peer_event {
	struct uuid debt_id, customer_id, payment_id;
	int64_t version, amount_minor, balance_minor;
	int64_t principal_minor, interest_minor, cost_minor, credit_minor; /* by how much each has changed */
	char code[16];                                                     /* of a refusal */
};

_Static_assert(sizeof(struct peer_create_debt) == 112 && sizeof(struct peer_record_payment) == 104, "no padding that differs");
_Static_assert(sizeof(struct peer_event) == 120, "no padding that differs");

#endif
