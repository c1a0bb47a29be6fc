#ifndef DEBTS_CREDITOR_CREDITOR_H
#define DEBTS_CREDITOR_CREDITOR_H

#include "consumers/debts/debts.h"
#include "schemas/debts.h"

/*
 * Who a creditor is. Debts name creditors that nobody has described: a description adds what people read, and changes no debt.
 * The key is the creditor's own id, so its versions are 1..k, each said by one event and kept in a row of its own.
 */
#define CREDITOR_NAME_MAX    (4 * 200) /* bytes of so many characters, as the others */
#define CREDITOR_ADDRESS_MAX (4 * 400)
#define CREDITOR_LICENCE_MAX (4 * 200)

struct creditor {
	int64_t version;
	uint32_t is_original;     /* 1 or 0 */
	uint32_t regulated_class; /* enum regulated_class */
	char name[CREDITOR_NAME_MAX + 1];
	char legal_address[CREDITOR_ADDRESS_MAX + 1]; /* empty: not given */
	char licence_refs[CREDITOR_LICENCE_MAX + 1];  /* empty: none given */
};

extern const struct entity creditor_entity;

/* What an event says, whole: the state after it, and its row. */
void creditor_read(struct creditor *ret_creditor, const struct creditor_described *event);

/* evolve.c */
void creditor_on_described(struct workset *set, const struct creditor_described *event);

#endif
