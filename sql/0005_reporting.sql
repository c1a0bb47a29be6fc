-- Figures for dashboards: sums over the events of debts and communications (consumers/reporting). Every change is an addition,
-- so the tables come out equal whatever the order and the batches. Rows stay when they fall to zero.
-- No CHECK (... >= 0): an INSERT ... ON CONFLICT of a negative change would fail it before the conflict is seen.

SELECT dcs_create_reader('reporting');

CREATE TABLE reporting.outstanding (
	creditor_id       uuid NOT NULL,
	currency          text COLLATE "C" NOT NULL CHECK (octet_length(currency) = 3),
	due_on            date NOT NULL,
	debts             bigint NOT NULL,
	outstanding_minor bigint NOT NULL,
	PRIMARY KEY (creditor_id, currency, due_on)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE reporting.outstanding IS 'What is owed now, by the day it fell due: the age is computed for the day asked about (reporting.ageing)';
COMMENT ON COLUMN reporting.outstanding.debts IS 'Debts on which something is owed';
COMMENT ON COLUMN reporting.outstanding.outstanding_minor IS 'Principal, interest, fees and costs still owed, in minor units; credit is not taken off';

CREATE TABLE reporting.collected (
	day            date NOT NULL,
	creditor_id    uuid NOT NULL,
	currency       text COLLATE "C" NOT NULL CHECK (octet_length(currency) = 3),
	payments       bigint NOT NULL,
	amount_minor   bigint NOT NULL,
	reversals      bigint NOT NULL,
	reversed_minor bigint NOT NULL,
	PRIMARY KEY (day, creditor_id, currency)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE reporting.collected IS 'Money that came in and money that was taken back, by day; the net is amount_minor - reversed_minor';
COMMENT ON COLUMN reporting.collected.day IS 'Value date of a payment; business date of a reversal, so that a reported day is not changed by it';
COMMENT ON COLUMN reporting.collected.amount_minor IS 'Received in full, what became credit included';

CREATE TABLE reporting.communications (
	day      date NOT NULL,
	channel  text COLLATE "C" NOT NULL,
	state    text COLLATE "C" NOT NULL,
	messages bigint NOT NULL,
	PRIMARY KEY (day, channel, state)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE reporting.communications IS 'Messages by the state they are in now';
COMMENT ON COLUMN reporting.communications.day IS 'Business date on which the message was asked for';

-- Closed whole numbers, no gap, no overlap (domain.md 4).
CREATE VIEW reporting.ageing_bucket AS
	SELECT * FROM (VALUES
		(1, '0', 0, 0), (2, '1-30', 1, 30), (3, '31-60', 31, 60), (4, '61-90', 61, 90), (5, '91-120', 91, 120),
		(6, '121-180', 121, 180), (7, '181-365', 181, 365), (8, '366+', 366, 2147483647)
	) AS bucket (bucket_no, bucket, days_min, days_max);
COMMENT ON VIEW reporting.ageing_bucket IS 'Days past due, both ends included; not yet due is 0';

CREATE FUNCTION reporting.ageing(as_of date DEFAULT current_date)
	RETURNS TABLE (creditor_id uuid, currency text, bucket_no integer, bucket text, debts bigint, outstanding_minor bigint)
	LANGUAGE sql STABLE PARALLEL SAFE AS $$
	SELECT o.creditor_id, o.currency, b.bucket_no, b.bucket, sum(o.debts)::bigint, sum(o.outstanding_minor)::bigint
	FROM reporting.outstanding o
	JOIN reporting.ageing_bucket b ON greatest(as_of - o.due_on, 0) BETWEEN b.days_min AND b.days_max
	WHERE o.debts <> 0 OR o.outstanding_minor <> 0
	GROUP BY o.creditor_id, o.currency, b.bucket_no, b.bucket
	ORDER BY o.creditor_id, o.currency, b.bucket_no
$$;
COMMENT ON FUNCTION reporting.ageing(date) IS 'What is owed now, by days past due on a day; the balances are those of now, also for a day that is past';

SELECT dcs_create_role('dcs_reporting'), dcs_create_role('dcs_report');
GRANT USAGE ON SCHEMA reporting TO dcs_reporting, dcs_report;
GRANT SELECT, INSERT, UPDATE ON reporting.reader_head, reporting.outstanding, reporting.collected, reporting.communications TO dcs_reporting;
-- dcs_report: whoever draws dashboards.
GRANT SELECT ON ALL TABLES IN SCHEMA reporting TO dcs_report, dcs_reporting;
