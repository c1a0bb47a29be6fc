-- When things were made and when they were changed last, of everything that is listed; and every list newest first by that, by an index that only
-- inserts touch. README.md says what was measured. No column that changes has an index: updates stay on their page (HOT).

-- ---- customers ----

ALTER TABLE customers.customer
	ADD COLUMN updated_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
	ADD COLUMN updated_seq bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN customers.customer.updated_at IS 'The time of its last event';
COMMENT ON COLUMN customers.customer.updated_seq IS 'The number of its last event in the log of its partition';
UPDATE customers.customer c SET updated_at = e.at, updated_seq = e.seq
	FROM (SELECT DISTINCT ON (subject) subject, at, seq FROM customers.event_log WHERE schema_id >= 1000 ORDER BY subject, at DESC, seq DESC) e
	WHERE e.subject = c.customer_id;

ALTER TABLE customers.contact_point
	ADD COLUMN created_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
	ADD COLUMN updated_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now());
COMMENT ON COLUMN customers.contact_point.created_at IS 'The time of its first event; whole milliseconds';
COMMENT ON COLUMN customers.contact_point.updated_at IS 'The time of its last event, or of its person''s erasure';
UPDATE customers.contact_point p SET created_at = e.first, updated_at = CASE p.state WHEN 'erased' THEN c.updated_at ELSE e.last END
	FROM (SELECT subject, min(at) AS first, max(at) AS last FROM customers.event_log WHERE schema_id >= 1000 GROUP BY subject) e,
		customers.customer c
	WHERE e.subject = p.contact_point_id AND c.customer_id = p.customer_id;

DROP INDEX customers.contact_point_customer;
CREATE INDEX contact_point_customer ON customers.contact_point (customer_id, created_at, contact_point_id);

-- ---- debts ----

-- When the newest entry was booked is told by the log, which last_entry_seq leads to; so a payment writes no more than before. Only what has no
-- entry is kept here.
ALTER TABLE debts.debt ADD COLUMN amended_at timestamptz, ADD COLUMN amended_seq bigint;
COMMENT ON COLUMN debts.debt.amended_at IS 'The time of its last DebtAmended; null: none';
COMMENT ON COLUMN debts.debt.amended_seq IS 'Its number in the log of its partition';
UPDATE debts.debt d SET amended_at = e.at, amended_seq = e.seq
	FROM (SELECT DISTINCT ON (subject) subject, at, seq FROM debts.event_log WHERE schema_id = ANY ('{1027, 1038}') ORDER BY subject, at DESC, seq DESC) e
	WHERE e.subject = d.debt_id;

CREATE INDEX debt_of_customer_created ON debts.debt (customer_id, created_at, debt_id);
DROP INDEX debts.debt_of_customer;
CREATE INDEX debt_of_creditor_created ON debts.debt (creditor_id, created_at, debt_id);
DROP INDEX debts.debt_of_creditor;

-- A creditor's customers in the order of a page: when a customer was made stands in another table than whom he owes. A row for each customer in
-- each portfolio, made with the first debt there; it takes the place of an index that had an entry for each debt.
CREATE TABLE debts.creditor_customer (
	creditor_id  uuid NOT NULL,
	customer_id  uuid NOT NULL,
	portfolio_id uuid,
	created_at   timestamptz NOT NULL,
	UNIQUE NULLS NOT DISTINCT (creditor_id, customer_id, portfolio_id)
);
COMMENT ON TABLE debts.creditor_customer IS 'Append-only: whom a customer owes or owed, and in which portfolios; made of debts.debt';
COMMENT ON COLUMN debts.creditor_customer.created_at IS 'Of the customer';

CREATE FUNCTION debts.keep_creditor_customer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	INSERT INTO debts.creditor_customer (creditor_id, customer_id, portfolio_id, created_at)
	SELECT DISTINCT n.creditor_id, n.customer_id, n.portfolio_id, c.created_at
	FROM made n JOIN customers.customer c ON c.customer_id = n.customer_id
	ON CONFLICT DO NOTHING;
	RETURN NULL;
END $$;
CREATE TRIGGER keep_creditor_customer AFTER INSERT ON debts.debt
	REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION debts.keep_creditor_customer();

INSERT INTO debts.creditor_customer (creditor_id, customer_id, portfolio_id, created_at)
	SELECT DISTINCT d.creditor_id, d.customer_id, d.portfolio_id, c.created_at
	FROM debts.debt d JOIN customers.customer c ON c.customer_id = d.customer_id;
CREATE INDEX creditor_customer_created ON debts.creditor_customer (creditor_id, created_at, customer_id);
DROP INDEX debts.debt_creditor_customer;

ALTER TABLE customers.creditor_customer ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();
COMMENT ON COLUMN customers.creditor_customer.created_at IS 'Of the customer';
UPDATE customers.creditor_customer k SET created_at = c.created_at FROM customers.customer c WHERE c.customer_id = k.customer_id;
ALTER TABLE customers.creditor_customer ALTER COLUMN created_at DROP DEFAULT;
CREATE INDEX creditor_customer_created ON customers.creditor_customer (creditor_id, created_at, customer_id);

CREATE OR REPLACE VIEW api.known_customer AS
	SELECT creditor_id, customer_id, ARRAY[portfolio_id] AS portfolio_ids FROM debts.creditor_customer
	UNION ALL
	SELECT creditor_id, customer_id, portfolio_ids FROM customers.public_acquaintance;
GRANT SELECT ON debts.creditor_customer TO dcs_api;

-- ---- communications ----

ALTER TABLE communications.communication
	ADD COLUMN updated_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
	ADD COLUMN updated_seq bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN communications.communication.updated_at IS 'The time of its last event, or of the withdrawal that took it back';
COMMENT ON COLUMN communications.communication.updated_seq IS 'The number of that event in the log of its partition';
-- Events that change a message have its version; others (a verdict, a receipt that is ignored) are about it and leave it as it is.
UPDATE communications.communication c SET updated_at = e.at, updated_seq = e.seq
	FROM (SELECT DISTINCT ON (subject) subject, at, seq FROM communications.event_log
		WHERE schema_id >= 1000 AND schema_id <> ALL ('{1224, 1228, 1233, 1237}') ORDER BY subject, at DESC, seq DESC) e
	WHERE e.subject = c.communication_id;

-- When a consent or a withdrawal was told to us: whoever tells it says of what time it is.
ALTER TABLE communications.consent ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now());
ALTER TABLE communications.withdrawal ADD COLUMN recorded_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now());
COMMENT ON COLUMN communications.consent.recorded_at IS 'The time of its event';
COMMENT ON COLUMN communications.withdrawal.recorded_at IS 'The time of its event';
UPDATE communications.consent c SET recorded_at = e.at
	FROM communications.event_log e WHERE e.schema_id = ANY ('{1222, 1231}') AND e.subject = c.consent_id;
UPDATE communications.withdrawal w SET recorded_at = e.at
	FROM (SELECT subject, at, row_number() OVER (PARTITION BY subject ORDER BY at, seq) AS version
		FROM communications.event_log WHERE schema_id = ANY ('{1223, 1232}')) e
	WHERE e.subject = w.customer_id AND e.version = w.version;
CREATE INDEX consent_of_customer ON communications.consent (customer_id);

-- A message that a withdrawal took back has no event of its own for that: the next withdrawal of its channel is it.
UPDATE communications.communication c SET updated_at = e.at, updated_seq = e.seq
	FROM (
		SELECT DISTINCT ON (m.communication_id) m.communication_id, x.at, x.seq
		FROM communications.communication m
		JOIN communications.event_log l ON l.subject = m.communication_id AND l.seq = m.updated_seq AND l.schema_id <> ALL ('{1229, 1238}')
		JOIN (SELECT part, subject, at, seq, row_number() OVER (PARTITION BY subject ORDER BY at, seq) AS version
			FROM communications.event_log WHERE schema_id = ANY ('{1223, 1232}')) x
			ON x.subject = m.customer_id AND x.part = l.part AND x.seq > l.seq
		JOIN communications.withdrawal w ON w.customer_id = x.subject AND w.version = x.version
			AND (w.channel IS NULL OR w.channel = m.channel)
		WHERE m.state = 'cancelled' ORDER BY m.communication_id, x.seq) e
	WHERE e.communication_id = c.communication_id;

CREATE INDEX communication_of_customer ON communications.communication (customer_id, created_at, communication_id);
DROP INDEX communications.communication_customer;

ALTER TABLE communications.creditor_communication ADD COLUMN created_at timestamptz;
COMMENT ON COLUMN communications.creditor_communication.created_at IS 'Of the message';
UPDATE communications.creditor_communication k SET created_at = c.created_at
	FROM communications.communication c WHERE c.communication_id = k.communication_id;
ALTER TABLE communications.creditor_communication ALTER COLUMN created_at SET NOT NULL;
CREATE INDEX creditor_communication_created ON communications.creditor_communication (creditor_id, created_at, communication_id);

CREATE OR REPLACE FUNCTION communications.keep_creditor() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	INSERT INTO communications.creditor_communication (creditor_id, communication_id, portfolio_id, created_at)
	SELECT (array_agg(d.creditor_id))[1], n.communication_id, communications.only_portfolio(array_agg(d.portfolio_id)), min(c.created_at)
	FROM named n JOIN debts.debt d ON d.debt_id = n.debt_id JOIN communications.communication c ON c.communication_id = n.communication_id
	GROUP BY n.communication_id HAVING count(DISTINCT d.creditor_id) = 1
	ON CONFLICT DO NOTHING;
	RETURN NULL;
END $$;

-- ---- reports, users ----

CREATE INDEX report_requested ON reports.report (requested_at, report_id);
CREATE INDEX report_of_creditor_requested ON reports.report (creditor_id, requested_at, report_id);
DROP INDEX reports.report_of_creditor;
ALTER TABLE reporting.report ADD COLUMN expired_at timestamptz;
COMMENT ON COLUMN reporting.report.expired_at IS 'When its content was let go; null: it was not, or before this column';

ALTER TABLE users.account ADD COLUMN updated_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now());
COMMENT ON COLUMN users.account.updated_at IS 'The time of the last event that changed it: a login does not';
-- Logins and ends of sessions change nothing of it.
UPDATE users.account a SET updated_at = e.at
	FROM (SELECT subject, max(at) AS at FROM users.event_log WHERE schema_id >= 1000 AND schema_id <> ALL ('{1325, 1326, 1327, 1332, 1333, 1334}') GROUP BY subject) e WHERE e.subject = a.user_id;
CREATE INDEX account_registered ON users.account (registered_at, user_id);

-- ---- what the gateway sees ----

-- The views of before with columns more, after the last one.
CREATE FUNCTION pg_temp.show(view regclass, last text, more text, joined text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	shown text := pg_get_viewdef(view);
BEGIN
	IF shown !~ (last || '\s+FROM') THEN
		RAISE EXCEPTION '% does not end with %', view, last;
	END IF;
	EXECUTE format('CREATE OR REPLACE VIEW %s AS %s', view,
		regexp_replace(rtrim(regexp_replace(shown, '(' || last || ')(\s+FROM)', '\1, ' || more || '\2'), ';'), '$', joined));
END $$;

SELECT pg_temp.show('customers.api_customer', 'c\.created_at', 'c.updated_at, c.updated_seq', '');
SELECT pg_temp.show('communications.api_communication', 'c\.created_at', 'c.updated_at, c.updated_seq', '');
SELECT pg_temp.show('customers.api_contact_point', 'AS actions', 'created_at, updated_at', '');
SELECT pg_temp.show('reporting.public_report', 'm\.content', 'coalesce(m.expired_at, m.made_at, r.requested_at) AS updated_at', '');

CREATE OR REPLACE VIEW debts.api_debt AS
	SELECT debt.debt_id, debt.customer_id, debt.creditor_id, debt.original_creditor_id, debt.portfolio_id, debt.external_ref, debt.currency,
		debt.opened_on, debt.due_on, debts.lifecycle_name(debt.lifecycle) AS lifecycle, debt.version, debt.cost_minor, debt.fee_minor,
		debt.interest_minor, debt.principal_minor, debt.credit_minor,
		debt.cost_minor + debt.fee_minor + debt.interest_minor + debt.principal_minor AS total_minor,
		CASE WHEN debt.entries > 1 AND debt.lifecycle IN (1, 2) AND (SELECT e.kind FROM debts.ledger_entry e
				WHERE e.part = debt.part AND e.seq = debt.last_entry_seq) IN ('PAYMENT', 'CREDIT_APPLIED')
			THEN '{recordPayment,amendDebt}'::text[] -- money stands on it: the usual case, without a function call
			ELSE debts.allowed_actions(debt) END AS actions,
		debt.created_at, coalesce(greatest(booked.at, debt.amended_at), debt.created_at) AS updated_at,
		CASE WHEN (debt.amended_at, debt.amended_seq) > (booked.at, debt.last_entry_seq) THEN debt.amended_seq
			ELSE debt.last_entry_seq END AS updated_seq
	FROM debts.debt LEFT JOIN debts.event_log booked ON booked.part = debt.part AND booked.seq = debt.last_entry_seq;
COMMENT ON VIEW debts.api_debt IS 'updated_at, updated_seq: of the event of its newest entry, or of its last amendment';

-- A payment was made by the event of its entry, and changed only by that of its reversal.
CREATE OR REPLACE VIEW debts.api_payment AS
	SELECT p.payment_id, p.debt_id, p.customer_id, p.amount_minor, p.currency, p.received_on, p.state, p.method, p.source, p.external_ref,
		CASE p.state WHEN 'settled' THEN 1 ELSE 2 END AS version,
		-coalesce(e.cost_minor, 0) AS cost_minor, -coalesce(e.fee_minor, 0) AS fee_minor,
		-coalesce(e.interest_minor, 0) AS interest_minor, -coalesce(e.principal_minor, 0) AS principal_minor,
		-coalesce(e.credit_minor, 0) AS credit_minor, debts.allowed_payment_actions(p.state, d.lifecycle) AS actions,
		booked.at AS created_at,
		CASE p.state WHEN 'settled' THEN booked.at ELSE (SELECT r.at FROM debts.ledger_of(p.debt_id) l
			JOIN debts.event_log r ON r.part = l.part AND r.seq = l.seq
			WHERE l.payment_id = p.payment_id AND l.kind = 'PAYMENT_REVERSAL') END AS updated_at
	FROM debts.payment p
	LEFT JOIN debts.ledger_entry e ON e.part = p.part AND e.seq = p.entry_seq
	LEFT JOIN debts.event_log booked ON booked.part = p.part AND booked.seq = p.entry_seq
	LEFT JOIN debts.debt d ON d.debt_id = p.debt_id;

DROP FUNCTION debts.api_ledger(uuid);
CREATE FUNCTION debts.api_ledger(wanted uuid)
	RETURNS TABLE (entry_no bigint, debt_id uuid, customer_id uuid, currency text, kind text, occurred_on date, business_date date,
		contra text, contra_minor bigint, cost_minor bigint, fee_minor bigint, interest_minor bigint, principal_minor bigint,
		credit_minor bigint, balance_minor bigint, payment_id uuid, reverses_entry_no bigint, command_id uuid, created_at timestamptz)
	LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	WITH entry AS MATERIALIZED (SELECT * FROM debts.ledger_of(wanted))
	SELECT e.entry_no, e.debt_id, d.customer_id, d.currency, e.kind, e.occurred_on, e.business_date, e.contra,
		coalesce(e.contra_minor, 0), coalesce(e.cost_minor, 0), coalesce(e.fee_minor, 0), coalesce(e.interest_minor, 0),
		coalesce(e.principal_minor, 0), coalesce(e.credit_minor, 0),
		(sum(coalesce(e.cost_minor, 0) + coalesce(e.fee_minor, 0) + coalesce(e.interest_minor, 0) + coalesce(e.principal_minor, 0))
			OVER (ORDER BY e.entry_no))::bigint,
		e.payment_id, r.entry_no, e.command_id,
		(SELECT booked.at FROM debts.event_log booked WHERE booked.part = e.part AND booked.seq = e.seq)
	FROM entry e JOIN debts.debt d ON d.debt_id = wanted LEFT JOIN entry r ON r.seq = e.reverses_seq;
$$;
REVOKE EXECUTE ON FUNCTION debts.api_ledger(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION debts.api_ledger(uuid) TO dcs_api;

CREATE OR REPLACE VIEW communications.api_template AS
	SELECT t.template_id, t.name, t.channel, t.language, t.version, v.message_class, v.subject, v.body, v.published_at,
		f.published_at AS created_at
	FROM communications.template t
	JOIN communications.template_version v ON v.template_id = t.template_id AND v.version = t.version
	JOIN communications.template_version f ON f.template_id = t.template_id AND f.version = 1;

CREATE OR REPLACE VIEW communications.api_consent AS
	SELECT x.customer_id, x.channel, x.purpose, x.basis, x.obtained_at, x.withdrawn_at,
		(x.withdrawn_at IS NULL OR x.obtained_at > x.withdrawn_at) IS TRUE AND x.purpose IS NOT NULL AS in_force,
		(10 * array_position('{email,sms,voice,letter,push}', x.channel)
			+ coalesce(array_position('{collect,marketing,calls_beyond_cap}', x.purpose), 0))::bigint AS place,
		coalesce(told.first, withdrawn.first, x.obtained_at, x.withdrawn_at) AS created_at,
		coalesce(greatest(told.last, withdrawn.last), x.obtained_at, x.withdrawn_at) AS updated_at
	FROM (
		SELECT p.customer_id, p.channel, p.purpose, p.basis, p.obtained_at, w.withdrawn_at
		FROM communications.permission p
		LEFT JOIN communications.opt_out w ON w.customer_id = p.customer_id AND w.channel = p.channel
		UNION ALL
		SELECT w.customer_id, w.channel, NULL, NULL, NULL, w.withdrawn_at
		FROM communications.opt_out w
		WHERE NOT EXISTS (SELECT FROM communications.permission p WHERE p.customer_id = w.customer_id AND p.channel = w.channel)
	) x
	CROSS JOIN LATERAL (SELECT min(k.recorded_at) AS first, max(k.recorded_at) AS last FROM communications.consent k
		WHERE k.customer_id = x.customer_id AND k.channel = x.channel AND k.purpose = x.purpose) told
	CROSS JOIN LATERAL (SELECT min(k.recorded_at) AS first, max(k.recorded_at) AS last FROM communications.withdrawal k
		WHERE k.customer_id = x.customer_id AND (k.channel IS NULL OR k.channel = x.channel)) withdrawn;
COMMENT ON VIEW communications.api_consent IS 'created_at: when it was granted first; updated_at: when it was granted or withdrawn last';
