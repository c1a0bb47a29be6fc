#ifndef CONSUMERS_CUSTOMERS_CUSTOMERS_H
#define CONSUMERS_CUSTOMERS_CUSTOMERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/place.h"
#include "base/str.h"
#include "base/uuid.h"
#include "model/module.h"
#include "model/workset.h"
#include "schemas/words.h"

/*
 * The customers module: debtors, and how to reach them.
 *
 *   CreateCustomer --> CustomerCreated          AddContactPoint --------> ContactPointAdded
 *   UpdateCustomer --> CustomerUpdated          VerifyContactPoint -----> ContactPointVerified
 *   EraseCustomer ---> CustomerErased           InvalidateContactPoint -> ContactPointInvalidated
 *
 * Invariants: names, birth dates and addresses are in commands and, sealed, in tables; never in an event, a state or an error
 * text. A contact point is never deleted, and once invalidated never usable again: the same address may be added anew. An erased
 * customer stays erased, and nothing can be added to it.
 */
struct store;

extern const struct module customers_module;
extern const struct store customers_store; /* store.c */

/* ---- states ---- */

#define LOCALE_MAX   LANGUAGE_TAG_MAX
#define REGION_MAX   16
#define TIMEZONE_MAX 64

/* Texts are terminated; an empty region or timezone is none. */
struct customer {
	int64_t version;
	uint32_t status; /* enum customer_status */
	char locale[LOCALE_MAX + 1];
	char country[3];
	char region[REGION_MAX + 1];
	char timezone[TIMEZONE_MAX + 1];

	/*
	 * For the store only. The salt determines the key of the personal texts (lib/crypto). The store sets it even if no row
	 * exists: a new customer gets a random salt.
	 */
	uint8_t salt[16];
	uint32_t salt_size;   /* 0: none */
	uint8_t hash_key[32]; /* for hidden_hash: derived from the salt; it decrypts nothing */
	int64_t version_stored;
	const struct personal *name;       /* of the batch's last event with a name; NULL: none */
	const struct personal *birth_date; /* the same for the birth date, set or cleared */
};

/* What people can do with a customer: decide asks these, and so do the actions in rules.c. */
static inline bool customer_is_changeable(unsigned status)
{
	return status == CUSTOMER_ACTIVE;
}

static inline bool customer_is_erasable(unsigned status)
{
	return status != CUSTOMER_ERASED;
}

/* The personal data of a command, which its event must not contain: the event carries it to the store (decision_confide). */
struct personal {
	bool has_full_name;
	bool has_birth_date;
	bool clears_birth_date;
	int32_t birth_date;
	struct str full_name; /* borrows from the command */
};

static inline struct str customer_salt(const struct customer *customer)
{
	return (struct str){ .data = (const char *)customer->salt, .size = customer->salt_size };
}

struct contact_point {
	struct uuid customer_id;
	int64_t version;
	uint32_t channel; /* enum channel */
	uint32_t state;   /* enum contact_point_state */

	/* for the store only */
	int64_t version_stored;
	int64_t verified_at_ms; /* 0: never */

	int64_t number_checked_at_ms; /* the last look-up in a data base of reassigned numbers; 0: none */
};

/* The same for a contact point. */
static inline bool contact_point_is_usable(unsigned state)
{
	return state == CONTACT_POINT_USABLE;
}

/* The external_ref of a customer that is taken. */
struct customer_reference {
	uint32_t is_taken; /* 1 */
	struct uuid customer_id;
};

/*
 * An address of one customer on one channel, and the last contact point with it. The store sets `hash` even if there was none,
 * because rules have no key to compute it.
 */
struct contact_address {
	struct uuid contact_point_id;
	uint8_t hash[16];
};

/*
 * From another module, by the customer's id: debts.public_open_debt. While the customer has an open debt, the personal data must
 * be kept.
 */
struct retention {
	uint32_t open_debts; /* the customer owes */
	uint32_t credits;    /* the customer is owed: overpaid */
	struct uuid debt_id; /* one of them */
};

/*
 * Whether a creditor knows a customer, in a portfolio if one is given: it introduced the customer, or has a debt of the
 * customer. By their ids.
 */
struct acquaintance {
	uint32_t is_known; /* 1 */
};

extern const struct entity customer_entity;
extern const struct entity acquaintance_entity;
extern const struct entity customer_reference_entity;
extern const struct entity contact_point_entity;
extern const struct entity contact_address_entity;
extern const struct entity retention_entity;

/*
 * The slot's id and text of a customer's address: the customer's id, the salt, a byte of the channel, the address. In the key,
 * the ASCII letters of an e-mail address are in lower case, so that two spellings of one mailbox are one address.
 */
#define ADDRESS_MAX              320
#define CONTACT_ADDRESS_HEAD_MAX (16 + 1 + 16 + 1)
#define CONTACT_ADDRESS_MAX      (CONTACT_ADDRESS_HEAD_MAX + ADDRESS_MAX)

struct contact_address_key {
	char text[CONTACT_ADDRESS_MAX];
	size_t size;
};

/* The parts of a key. */
struct contact_address_parts {
	struct uuid customer_id;
	struct str salt;
	enum channel channel;
	struct str address;
};

/* The customer must be loaded. False: too long. */
bool contact_address_key(struct contact_address_key *ret_key, const struct workset *set, const struct uuid *customer_id,
			 enum channel channel, struct str address);
struct contact_address_parts contact_address_split(struct str text); /* borrows */
/* Hashes of values that events hide: a name, a birth date. NULL data: the arena is full. */
struct str customer_name_hash(struct arena *arena, const struct workset *set, const struct uuid *customer_id,
			      struct str full_name);
struct str customer_birth_hash(struct arena *arena, const struct workset *set, const struct uuid *customer_id,
			       int32_t birth_date);
struct uuid contact_address_id(const struct contact_address_key *key);
struct uuid customer_reference_id(struct str external_ref);

#define ACQUAINTANCE_KEY_SIZE 48 /* customer, creditor, portfolio */

void acquaintance_key(char ret_key[ACQUAINTANCE_KEY_SIZE], const struct uuid *customer_id, const struct scope_pair *pair);
struct uuid acquaintance_id(const char key[ACQUAINTANCE_KEY_SIZE]);

/*
 * Whether the issuer may see this customer: an issuer that acts as a creditor must know the customer. The acquaintances must be
 * loaded.
 */
bool customer_is_reached(const struct command *command, const struct uuid *customer_id, const struct workset *set);

/* ---- syntax, bounded and pure (syntax.c) ---- */

bool contact_letter_is_valid(struct str address); /* lines of text in their normal form (base/text.h) */
bool contact_push_token_is_valid(struct str address);
/* E-mail addresses and numbers have the syntax of base/address.h: a valid address can be sent to. */
bool contact_address_is_valid(enum channel channel, struct str address);
bool contact_address_is_answered_from(enum channel channel); /* a message may come in from it: an e-mail address or a number */

bool customer_name_is_valid(struct str name); /* a line in its normal form (base/text.h), not empty */

/* ---- rules: decide_<command> is declared in schemas/customers.h ---- */

void customers_evolve(struct workset *set, const struct event *event);

#endif
