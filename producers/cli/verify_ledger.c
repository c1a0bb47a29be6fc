/*
 * P5: every ledger entry sums to zero; the balances of every debt are the sums of its entries; payments, cancellations, entries
 * and events are each other's. One statement each, over whole tables: the database does it best.
 */
#include "verify.h"

static const struct db_statement checks[] = {
	{ "verify_entry_sums",
	  "SELECT format('debts ledger_entry part %s seq %s', part, seq), 'does not sum to zero' FROM debts.ledger_entry "
	  "WHERE coalesce(contra_minor, 0)::numeric + coalesce(cost_minor, 0) + coalesce(fee_minor, 0) + "
	  "coalesce(interest_minor, 0) "
	  "+ coalesce(principal_minor, 0) + coalesce(credit_minor, 0) <> 0 LIMIT 1000" },
	{ "verify_balances",
	  "SELECT format('debts debt %s', coalesce(d.debt_id, e.debt_id)), "
	  "CASE WHEN d.debt_id IS NULL THEN 'has ledger entries and no row' "
	  "WHEN d.entries <> coalesce(e.entries, 0) THEN format('has %s entries, the row says %s', coalesce(e.entries, 0), "
	  "d.entries) "
	  "ELSE 'the balances are not the sums of its entries' END "
	  "FROM debts.debt d FULL JOIN (SELECT debt_id, count(*) AS entries, coalesce(sum(cost_minor), 0) AS cost, "
	  "coalesce(sum(fee_minor), 0) AS fee, coalesce(sum(interest_minor), 0) AS interest, coalesce(sum(principal_minor), 0) "
	  "AS principal, "
	  "coalesce(sum(credit_minor), 0) AS credit FROM debts.ledger_entry GROUP BY debt_id) e ON e.debt_id = d.debt_id "
	  "WHERE d.debt_id IS NULL OR d.entries <> coalesce(e.entries, 0) OR d.cost_minor <> coalesce(e.cost, 0) "
	  "OR d.fee_minor <> coalesce(e.fee, 0) OR d.interest_minor <> coalesce(e.interest, 0) "
	  "OR d.principal_minor <> coalesce(e.principal, 0) OR d.credit_minor <> -coalesce(e.credit, 0) LIMIT 1000" },
	{ "verify_signs",
	  "SELECT format('debts debt %s', debt_id), 'a balance is below 0, or there is credit while something is owed' FROM "
	  "debts.debt "
	  "WHERE least(cost_minor, fee_minor, interest_minor, principal_minor, credit_minor) < 0 "
	  "OR (credit_minor > 0 AND cost_minor::numeric + fee_minor + interest_minor + principal_minor > 0) LIMIT 1000" },
	{ "verify_entry_chain", "SELECT format('debts ledger_entry part %s seq %s', part, seq), 'does not hang on the entry of "
				"the debt before it' FROM ("
				"SELECT part, seq, entry_no, previous_seq, coalesce(previous_part, part) AS previous_part, "
				"row_number() OVER w AS number, lag(seq) OVER w AS before, lag(part) OVER w AS before_part "
				"FROM debts.ledger_entry WINDOW w AS (PARTITION BY debt_id ORDER BY entry_no)) e "
				"WHERE entry_no <> number OR previous_seq IS DISTINCT FROM before OR (number > 1 AND "
				"previous_part <> before_part) OR (previous_part = part AND before >= seq) LIMIT 1000" },
	{ "verify_entry_events",
	  "SELECT format('debts ledger_entry part %s seq %s', e.part, e.seq), 'is not the entry of an event about its debt' "
	  "FROM debts.ledger_entry e LEFT JOIN debts.event_log l ON l.part = e.part AND l.seq = e.seq "
	  "WHERE l.subject IS DISTINCT FROM e.debt_id OR l.command_id IS DISTINCT FROM e.command_id LIMIT 1000" },
	{ "verify_payments",
	  "SELECT format('debts payment %s', p.payment_id), 'its ledger entry is not the payment''s' FROM debts.payment p "
	  "LEFT JOIN debts.ledger_entry e ON e.part = p.part AND e.seq = p.entry_seq "
	  "WHERE e.kind IS DISTINCT FROM 'PAYMENT' OR e.payment_id IS DISTINCT FROM p.payment_id OR e.debt_id IS DISTINCT FROM "
	  "p.debt_id "
	  "OR e.contra_minor IS DISTINCT FROM p.amount_minor LIMIT 1000" },
	{ "verify_payment_entries",
	  "SELECT format('debts ledger_entry part %s seq %s', e.part, e.seq), 'is of a payment that there is not' "
	  "FROM debts.ledger_entry e LEFT JOIN debts.payment p ON p.payment_id = e.payment_id "
	  "WHERE e.kind IN ('PAYMENT', 'PAYMENT_REVERSAL') AND p.payment_id IS NULL LIMIT 1000" },
	{ "verify_reversals", "SELECT format('debts payment %s', p.payment_id), format('is %s, and its reversal is %s', p.state, "
			      "CASE WHEN r.payment_id IS NULL THEN 'missing' ELSE 'there' END) FROM debts.payment p LEFT JOIN "
			      "(SELECT DISTINCT payment_id "
			      "FROM debts.ledger_entry WHERE kind = 'PAYMENT_REVERSAL') r ON r.payment_id = p.payment_id "
			      "WHERE (p.state = 'reversed') <> (r.payment_id IS NOT NULL) LIMIT 1000" },
	{ "verify_mirrors",
	  "SELECT format('debts ledger_entry part %s seq %s', r.part, r.seq), 'does not mirror the entry of its payment' "
	  "FROM debts.ledger_entry r LEFT JOIN debts.payment p ON p.payment_id = r.payment_id "
	  "LEFT JOIN debts.ledger_entry e ON e.part = p.part AND e.seq = r.reverses_seq "
	  "WHERE r.kind = 'PAYMENT_REVERSAL' AND (e.kind IS DISTINCT FROM 'PAYMENT' OR e.payment_id IS DISTINCT FROM "
	  "r.payment_id "
	  "OR e.contra IS DISTINCT FROM r.contra OR coalesce(r.contra_minor, 0) <> -coalesce(e.contra_minor, 0) "
	  "OR coalesce(r.cost_minor, 0) <> -coalesce(e.cost_minor, 0) OR coalesce(r.fee_minor, 0) <> -coalesce(e.fee_minor, 0) "
	  "OR coalesce(r.interest_minor, 0) <> -coalesce(e.interest_minor, 0) "
	  "OR coalesce(r.principal_minor, 0) <> -coalesce(e.principal_minor, 0) "
	  "OR coalesce(r.credit_minor, 0) <> -coalesce(e.credit_minor, 0)) LIMIT 1000" },
	{ "verify_reversals_twice",
	  "SELECT format('debts payment %s', payment_id), format('was reversed %s times', count(*)) FROM debts.ledger_entry "
	  "WHERE kind = 'PAYMENT_REVERSAL' GROUP BY payment_id HAVING count(*) > 1 LIMIT 1000" },
	{ "verify_cancellations",
	  "SELECT format('debts debt %s', coalesce(d.debt_id, e.debt_id)), "
	  "CASE WHEN d.debt_id IS NULL THEN 'has a cancellation and is not cancelled' "
	  "WHEN e.debt_id IS NULL THEN 'is cancelled, and there is no entry of it' "
	  "WHEN e.number <> 1 OR e.last <> d.entries THEN 'has entries after its cancellation' "
	  "ELSE 'is cancelled, and its balances are not zero' END "
	  "FROM (SELECT * FROM debts.debt WHERE debts.lifecycle_name(lifecycle) = 'CANCELLED') d "
	  "FULL JOIN (SELECT debt_id, count(*) AS number, max(entry_no) AS last FROM debts.ledger_entry "
	  "WHERE kind = 'CANCELLATION' GROUP BY debt_id) e ON e.debt_id = d.debt_id "
	  "WHERE d.debt_id IS NULL OR e.debt_id IS NULL OR e.number <> 1 OR e.last <> d.entries "
	  "OR greatest(d.cost_minor, d.fee_minor, d.interest_minor, d.principal_minor, d.credit_minor) > 0 LIMIT 1000" },
	{ "verify_cancelled_payments",
	  "SELECT format('debts payment %s', p.payment_id), 'stands on a cancelled debt' FROM debts.payment p "
	  "JOIN debts.debt d ON d.debt_id = p.debt_id WHERE debts.lifecycle_name(d.lifecycle) = 'CANCELLED' "
	  "AND p.state = 'settled' LIMIT 1000" },
	{ "verify_references", "SELECT format('debts debt %s', debt_id), 'has no reference that a creditor could have given it' "
			       "FROM debts.debt WHERE external_ref < ' ' LIMIT 1000" },
	{ "verify_owners",
	  "SELECT format('debts debt %s', d.debt_id), 'its customer is not known' FROM debts.debt d "
	  "LEFT JOIN customers.public_customer c ON c.customer_id = d.customer_id WHERE c.customer_id IS NULL LIMIT 1000" },
};

static const struct db_statement count_entries = { "verify_count_entries", "SELECT count(*) FROM debts.ledger_entry" };

/* For sorting and joining whole tables, in this session only. */
static const struct db_statement set_memory = { "verify_memory", "SET work_mem = '128MB'" };

int verify_ledger(struct verify *verify, struct err *err)
{
	struct db_result result = { .pg = NULL };
	bool exists = false;

	if (table_exists(verify, "debts.ledger_entry", &exists, err) != 0 ||
	    db_run(verify->db, &set_memory, NULL, NULL, err) != 0)
		return -1;
	if (exists && db_run(verify->db, &count_entries, NULL, &result, err) != 0)
		return -1;
	verify->tally.rows += exists ? db_int64(&result, 0, 0) : 0;
	db_result_release(&result);
	for (size_t i = 0; exists && i < sizeof(checks) / sizeof(checks[0]); i++) {
		if (find_by_query(verify, 5, &checks[i], err) != 0)
			return -1;
		progress_show(&verify->progress, (int64_t)i + 1, (int64_t)i + 1, (int64_t)(sizeof(checks) / sizeof(checks[0])));
	}
	return 0;
}
