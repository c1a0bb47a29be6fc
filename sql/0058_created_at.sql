-- When a thing was made: the time of the event that made it. Ids do not tell: whoever sends a command makes them as he likes.
-- It never changes, so an index of it costs an insert and no update. Rows that something else writes have the database's time.

ALTER TABLE customers.customer ADD COLUMN created_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now());
ALTER TABLE debts.debt ADD COLUMN created_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now());
ALTER TABLE communications.communication ADD COLUMN created_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now());
COMMENT ON COLUMN customers.customer.created_at IS 'The time of its first event; whole milliseconds';
COMMENT ON COLUMN debts.debt.created_at IS 'The time of its first event; whole milliseconds';
COMMENT ON COLUMN communications.communication.created_at IS 'The time of its first event; whole milliseconds';

-- What is there already: by the log.
UPDATE customers.customer c SET created_at = e.at
	FROM (SELECT subject, min(at) AS at FROM customers.event_log WHERE schema_id >= 1000 GROUP BY subject) e WHERE e.subject = c.customer_id;
UPDATE debts.debt d SET created_at = e.at
	FROM (SELECT subject, min(at) AS at FROM debts.event_log WHERE schema_id >= 1000 GROUP BY subject) e WHERE e.subject = d.debt_id;
UPDATE communications.communication m SET created_at = e.at
	FROM (SELECT subject, min(at) AS at FROM communications.event_log WHERE schema_id >= 1000 GROUP BY subject) e
	WHERE e.subject = m.communication_id;

-- The newest first, for who sees everybody's.
CREATE INDEX customer_created ON customers.customer (created_at, customer_id);
CREATE INDEX debt_created ON debts.debt (created_at, debt_id);
CREATE INDEX communication_created ON communications.communication (created_at, communication_id);

-- The gateway's views with one column more.
DO $$
DECLARE
	shown record;
BEGIN
	FOR shown IN SELECT * FROM (VALUES ('customers', 'api_customer', 'c.created_at'), ('debts', 'api_debt', 'debt.created_at'),
			('communications', 'api_communication', 'c.created_at')) AS v (module, name, col) LOOP
		EXECUTE format('CREATE OR REPLACE VIEW %I.%I AS %s', shown.module, shown.name,
			regexp_replace(pg_get_viewdef(format('%I.%I', shown.module, shown.name)::regclass), 'AS actions\s+FROM',
				'AS actions, ' || shown.col || ' FROM'));
	END LOOP;
END $$;
