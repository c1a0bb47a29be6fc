#ifndef DEBTS_REFERENCE_REFERENCE_H
#define DEBTS_REFERENCE_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "base/uuid.h"
#include "model/scope.h"
#include "model/workset.h"

/*
 * Natural keys as slots of the workset: creditor and reference of a debt, source and reference of a payment, creditor and
 * customer of an acquaintance.
 */
struct taken;

/* A slot's text and id. The text is the whole key in an unambiguous form; the `split` functions read it back. */
#define REFERENCE_KEY_MAX 512

struct reference_key {
	char text[REFERENCE_KEY_MAX];
	size_t size;
};

/* False when the texts are too long for a key; the schema's limits are shorter. */
bool reference_key_of_debt(struct reference_key *ret_key, const struct uuid *creditor_id, struct str external_ref);
bool reference_key_of_payment(struct reference_key *ret_key, struct str source, struct str external_ref);
struct uuid reference_id(const struct reference_key *key);

/* Of an acquaintance: the pair of a scope, and the customer. */
void reference_key_of_acquaintance(struct reference_key *ret_key, const struct scope_pair *pair, const struct uuid *customer_id);
void reference_split_acquaintance(struct str text, struct scope_pair *ret_pair, struct uuid *ret_customer_id);

/* Whether a reference is taken; it must have been touched. */
bool reference_is_taken(const struct workset *set, const struct entity *entity, const struct uuid *id);

void reference_split_debt(struct str text, struct uuid *ret_creditor_id, struct str *ret_external_ref);
void reference_split_payment(struct str text, struct str *ret_source, struct str *ret_external_ref);

/* For evolve: marks a reference as taken, and as free again. */
struct taken *reference_take(struct workset *set, const struct entity *entity, const struct reference_key *key);
void reference_free(struct workset *set, const struct entity *entity, const struct reference_key *key);

#endif
