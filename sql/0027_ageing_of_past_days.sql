-- What is owed, by the business day on which it was booked too: so ageing is of any day, and not of today only.

-- The key begins with the day, because the question is what was booked after one; and rows of a day are written together.
CREATE TABLE reporting.outstanding_change (
	booked_on         date NOT NULL,
	creditor_id       uuid NOT NULL,
	currency          text COLLATE "C" NOT NULL CHECK (octet_length(currency) = 3),
	due_on            date NOT NULL,
	debts             bigint NOT NULL,
	outstanding_minor bigint NOT NULL,
	PRIMARY KEY (booked_on, creditor_id, currency, due_on)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE reporting.outstanding_change IS 'By how much reporting.outstanding changed on each business day: owed at the end of a day is what is owed now without what was booked later';
COMMENT ON COLUMN reporting.outstanding_change.booked_on IS 'Business day of the booking; of events that do not say it (before 0026), their day in UTC';
COMMENT ON COLUMN reporting.outstanding_change.debts IS 'More or fewer debts on which something is owed';
COMMENT ON COLUMN reporting.outstanding_change.outstanding_minor IS 'More or less owed, in minor units';

GRANT SELECT, INSERT, UPDATE ON reporting.outstanding_change TO dcs_reporting;
GRANT SELECT ON reporting.outstanding_change TO dcs_report;

CREATE OR REPLACE FUNCTION reporting.ageing(as_of date DEFAULT current_date)
	RETURNS TABLE (creditor_id uuid, currency text, bucket_no integer, bucket text, debts bigint, outstanding_minor bigint)
	LANGUAGE sql STABLE PARALLEL SAFE AS $$
	WITH change AS (
		SELECT o.creditor_id, o.currency, o.due_on, o.debts, o.outstanding_minor AS minor FROM reporting.outstanding o
		UNION ALL
		SELECT c.creditor_id, c.currency, c.due_on, -c.debts, -c.outstanding_minor FROM reporting.outstanding_change c WHERE c.booked_on > as_of
	), due AS (
		SELECT c.creditor_id, c.currency, c.due_on, sum(c.debts) AS debts, sum(c.minor) AS minor FROM change c GROUP BY 1, 2, 3
	)
	SELECT d.creditor_id, d.currency, b.bucket_no, b.bucket, sum(d.debts)::bigint, sum(d.minor)::bigint
	FROM due d
	JOIN reporting.ageing_bucket b ON greatest(as_of - d.due_on, 0) BETWEEN b.days_min AND b.days_max
	WHERE d.debts <> 0 OR d.minor <> 0
	GROUP BY d.creditor_id, d.currency, b.bucket_no, b.bucket
	ORDER BY d.creditor_id, d.currency, b.bucket_no
$$;
COMMENT ON FUNCTION reporting.ageing(date) IS 'What was owed at the end of a business day, by days past due on it; of a day to come: what is owed now, as old as it will be then';

-- The reader folds the events of debts anew, to fill the new table: it begins at the start of their topic, which is kept for ever, and the tables
-- that it filled from there begin empty. The heads first: a reader that is running waits here for its turn, and then finds that it has lost it.
UPDATE reporting.reader_head SET epoch = epoch + 1, owner = '', next_offset = 0, last_seq = 0, last_hash = decode(repeat('00', 32), 'hex')
	WHERE module = 'debts';
TRUNCATE reporting.outstanding, reporting.collected;
