#ifndef CLI_SAMPLE_WORLD_H
#define CLI_SAMPLE_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"

/*
 * The people, debts and payments of the synthetic portfolio, each a function of (seed, index) alone. Nobody in it exists: names
 * are drawn from lists, e-mail addresses are under the domains of RFC 2606, telephone numbers are those that the national
 * regulators keep free for fiction (+1 555-01xx, +44 7700 900xxx, +33 6 39 98 xx xx, the German "drama numbers").
 */
struct world {
	uint64_t seed;
	int32_t today;
	int64_t customers, debts, messages; /* how many; customers >= 1 */
};

struct country {
	const char *code, *locale, *language, *currency;
	const char *const *timezones; /* with regions beside them; ends with NULL */
	const char *const *regions;   /* "" where there is none */
	int weight;
	bool family_first; /* the family name comes first, without a blank */
	const char *const *given_names, *const *family_names, *const *company_forms; /* end with NULL */
};

extern const struct country sample_countries[];
extern const size_t sample_countries_count;

struct sample_person {
	int64_t index;
	const struct country *country;
	char ref[32];
	bool is_company;
	char name[128];
	char birth_date[16]; /* "" for a company */
	const char *region, *timezone;
	char email[96];  /* "" : none */
	char mobile[24]; /* "" : none */
	struct uuid id;
};

void sample_person(const struct world *world, int64_t index, struct sample_person *ret_person);

struct sample_creditor {
	const char *code, *name;
	size_t country; /* index of sample_countries */
};

extern const struct sample_creditor sample_creditors[];
extern const size_t sample_creditors_count;

enum sample_outcome {
	OUTCOME_UNPAID,
	OUTCOME_ONE_PART,
	OUTCOME_SOME_PARTS,
	OUTCOME_PAID,
	OUTCOME_OVERPAID,
	OUTCOME_COUNT,
};

struct sample_debt {
	int64_t index;
	int64_t customer; /* its customer */
	const struct country *country;
	const struct sample_creditor *creditor;
	char ref[32];
	const char *portfolio;
	int32_t opened_on, due_on;
	int64_t principal_minor, interest_minor, fee_minor, cost_minor, total_minor;
	bool fees_authorised; /* false although there are fees: the module refuses it */
	enum sample_outcome outcome;
	struct uuid id;
};

bool sample_debt_is_refused(const struct sample_debt *debt); /* a message about it would wait in vain */
void sample_debt(const struct world *world, int64_t index, struct sample_debt *ret_debt);

#define SAMPLE_PAYMENTS_MAX 6

struct sample_payment {
	char ref[48];
	const char *source, *method;
	const char *currency; /* not always the debt's */
	int64_t amount_minor;
	int32_t received_on;
	char debt_ref[48]; /* not always the debt's */
};

/* The rows of this debt in payments.csv; some are repeated, some will be refused. */
size_t sample_payments(const struct world *world, const struct sample_debt *debt,
		       struct sample_payment ret_payments[SAMPLE_PAYMENTS_MAX]);

#endif
