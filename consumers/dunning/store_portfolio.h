#ifndef CONSUMERS_DUNNING_STORE_PORTFOLIO_H
#define CONSUMERS_DUNNING_STORE_PORTFOLIO_H

#include "base/must.h"
#include "consumers/dunning/portfolio.h"
#include "db/db.h"
#include "db/db_stream.h"

/*
 * All groups that have a debt which dunning is about, one by one, in one read-only snapshot and one stream: the groups of a person
 * stand together, in the order of their ids. Published policies and the newest business date are read in the same snapshot.
 *
 *   portfolio_begin; portfolio_next until NULL or no more are wanted; portfolio_end; db_rollback when the snapshot is done with
 *
 * From begin to end nothing else runs on the connection; between end and db_rollback other reads see the same snapshot. The role may
 * read the tables of dunning. A million debts are sorted by the server: some hundred megabytes of its memory or disk.
 */
struct portfolio {
	struct db_stream stream;
	bool has_row; /* the row at hand is the first of the next group */
	struct portfolio_group group;
	int64_t groups, debts; /* so far */
};

/* Begins the transaction. */
MUST_CHECK int portfolio_snapshot(struct db *db, struct err *err);

/* What was published, in the newest versions; zeroed if there is none. `ret_business_date`: DAY_MIN if there was no Tick. */
MUST_CHECK int portfolio_policies(struct db *db, struct policies *ret_policies, struct err *err);
MUST_CHECK int portfolio_business_date(struct db *db, int32_t *ret_business_date, struct err *err);

/* In the snapshot. Demands of before `demands_from` are left out. `customer_id` NULL: everybody. */
MUST_CHECK int portfolio_begin(struct portfolio *portfolio, struct db *db, int32_t demands_from, const struct uuid *customer_id,
			       struct err *err);

/* NULL: there are no more. Valid until the next call. */
MUST_CHECK int portfolio_next(struct portfolio *portfolio, const struct portfolio_group **ret_group, struct err *err);
void portfolio_end(struct portfolio *portfolio);

#endif
