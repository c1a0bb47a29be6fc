-- What the gateway (dcs_api) may read: these views and functions, the users' tables (0009), and of the debts' tables those that its functions
-- look into; nothing personal is in them. Views run with their owner's rights: the grant on a view is the whole grant. What is personal
-- comes sealed; the gateway has the key and opens it for those who may see it.

SELECT dcs_create_role('dcs_api');
CREATE SCHEMA api;
COMMENT ON SCHEMA api IS 'What the gateway reads over all modules';

-- ---- customers ----

CREATE VIEW customers.api_customer AS
	SELECT c.customer_id, c.external_ref, c.kind, c.status, c.locale, c.country, c.region, c.timezone, c.version, c.key_salt,
		c.full_name_sealed, c.birth_date_sealed,
		customers.allowed_actions(c.status, EXISTS (SELECT FROM debts.public_open_debt o WHERE o.customer_id = c.customer_id)) AS actions
	FROM customers.customer c;
CREATE VIEW customers.api_contact_point AS
	SELECT contact_point_id, customer_id, channel, place, source, state, version, verified_at, address_sealed,
		customers.allowed_point_actions(state) AS actions
	FROM customers.contact_point;

-- ---- debts ----

-- allowed_actions looks at a debt's newest ledger entry, with the rights of whoever calls it.
GRANT SELECT ON debts.debt, debts.ledger_entry TO dcs_api;

CREATE VIEW debts.api_debt AS
	SELECT debt_id, customer_id, creditor_id, original_creditor_id, portfolio_id, external_ref, currency, opened_on, due_on,
		debts.lifecycle_name(lifecycle) AS lifecycle, version, cost_minor, fee_minor, interest_minor, principal_minor, credit_minor,
		cost_minor + fee_minor + interest_minor + principal_minor AS total_minor,
		CASE WHEN entries > 1 AND lifecycle IN (1, 2) AND (SELECT e.kind FROM debts.ledger_entry e
				WHERE e.part = debt.part AND e.seq = debt.last_entry_seq) IN ('PAYMENT', 'CREDIT_APPLIED')
			THEN '{recordPayment,amendDebt}'::text[] -- money stands on it: the usual case, without a function call
			ELSE debts.allowed_actions(debt) END AS actions
	FROM debts.debt;

-- What a payment was used for: its ledger entry credits these accounts, so the signs are turned.
CREATE VIEW debts.api_payment AS
	SELECT p.payment_id, p.debt_id, p.customer_id, p.amount_minor, p.currency, p.received_on, p.state, p.method, p.source, p.external_ref,
		CASE p.state WHEN 'settled' THEN 1 ELSE 2 END AS version,
		-coalesce(e.cost_minor, 0) AS cost_minor, -coalesce(e.fee_minor, 0) AS fee_minor,
		-coalesce(e.interest_minor, 0) AS interest_minor, -coalesce(e.principal_minor, 0) AS principal_minor,
		-coalesce(e.credit_minor, 0) AS credit_minor, debts.allowed_payment_actions(p.state, d.lifecycle) AS actions
	FROM debts.payment p
	LEFT JOIN debts.ledger_entry e ON e.part = p.part AND e.seq = p.entry_seq
	LEFT JOIN debts.debt d ON d.debt_id = p.debt_id;
COMMENT ON VIEW debts.api_payment IS 'Payments with their allocation; version 2: reversed';

-- The entries of a debt with what was owed after each.
CREATE FUNCTION debts.api_ledger(wanted uuid)
	RETURNS TABLE (entry_no bigint, debt_id uuid, customer_id uuid, currency text, kind text, occurred_on date, business_date date,
		contra text, contra_minor bigint, cost_minor bigint, fee_minor bigint, interest_minor bigint, principal_minor bigint,
		credit_minor bigint, balance_minor bigint, payment_id uuid, reverses_entry_no bigint, command_id uuid)
	LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	WITH entry AS MATERIALIZED (SELECT * FROM debts.ledger_of(wanted))
	SELECT e.entry_no, e.debt_id, d.customer_id, d.currency, e.kind, e.occurred_on, e.business_date, e.contra,
		coalesce(e.contra_minor, 0), coalesce(e.cost_minor, 0), coalesce(e.fee_minor, 0), coalesce(e.interest_minor, 0),
		coalesce(e.principal_minor, 0), coalesce(e.credit_minor, 0),
		(sum(coalesce(e.cost_minor, 0) + coalesce(e.fee_minor, 0) + coalesce(e.interest_minor, 0) + coalesce(e.principal_minor, 0))
			OVER (ORDER BY e.entry_no))::bigint,
		e.payment_id, r.entry_no, e.command_id
	FROM entry e JOIN debts.debt d ON d.debt_id = wanted LEFT JOIN entry r ON r.seq = e.reverses_seq;
$$;

-- The events of a debt are found through its ledger, as the ledger is through its entries: those of one command stand together, around the
-- event that moved money. An index of all events by debt would cost every command; so only what the ledger does not lead to has one.
CREATE INDEX event_log_off_ledger ON debts.event_log (subject) WHERE schema_id NOT IN (901, 1021, 1022, 1023, 1024, 1025, 1026, 1028);

CREATE FUNCTION debts.api_history(wanted uuid) RETURNS SETOF debts.event_log
	LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT DISTINCT ON (e.seq) e.* FROM debts.ledger_of(wanted) l
	JOIN debts.event_log e ON e.part = l.part AND e.seq BETWEEN l.seq - 8 AND l.seq + 8 AND e.command_id = l.command_id
	WHERE e.subject = wanted
	UNION ALL
	SELECT e.* FROM debts.event_log e
	WHERE e.subject = wanted AND e.schema_id NOT IN (901, 1021, 1022, 1023, 1024, 1025, 1026, 1028);
$$;

-- ---- communications ----

CREATE VIEW communications.api_communication AS
	SELECT c.communication_id, c.customer_id, c.version, c.state, c.channel, c.requested_on, c.message_class, c.template_name,
		c.template_version, c.language, c.contact_point_id, c.attempt, o.send_by, o.subject_sealed, o.body_sealed,
		ARRAY(SELECT d.debt_id FROM communications.communication_debt d WHERE d.communication_id = c.communication_id ORDER BY d.debt_id)
			AS debt_ids,
		v.verdict, v.until, string_to_array(v.rules, ' ') AS rules, v.decided_at,
		r.provider, r.provider_ref, r.provider_code, r.occurred_at, communications.allowed_actions(o.state) AS actions
	FROM communications.communication c
	LEFT JOIN communications.outbox o ON o.communication_id = c.communication_id
	LEFT JOIN LATERAL (SELECT * FROM communications.compliance_decision x WHERE x.communication_id = c.communication_id
		ORDER BY x.decided_at DESC LIMIT 1) v ON true
	LEFT JOIN LATERAL (SELECT * FROM communications.receipt x WHERE x.communication_id = c.communication_id
		ORDER BY x.version DESC LIMIT 1) r ON true;
COMMENT ON VIEW communications.api_communication IS 'Messages with the guard''s last verdict and the provider''s last report';

CREATE VIEW communications.api_template AS
	SELECT t.template_id, t.name, t.channel, t.language, t.version, v.message_class, v.subject, v.body, v.published_at
	FROM communications.template t
	JOIN communications.template_version v ON v.template_id = t.template_id AND v.version = t.version;
COMMENT ON VIEW communications.api_template IS 'The newest version of each text';

-- What a customer agreed to and took back: one row for each channel and purpose, and one for a channel that was withdrawn from without any.
CREATE VIEW communications.api_consent AS
	SELECT x.customer_id, x.channel, x.purpose, x.basis, x.obtained_at, x.withdrawn_at,
		(x.withdrawn_at IS NULL OR x.obtained_at > x.withdrawn_at) IS TRUE AND x.purpose IS NOT NULL AS in_force,
		(10 * array_position('{email,sms,voice,letter,push}', x.channel)
			+ coalesce(array_position('{collect,marketing,calls_beyond_cap}', x.purpose), 0))::bigint AS place
	FROM (
		SELECT p.customer_id, p.channel, p.purpose, p.basis, p.obtained_at, w.withdrawn_at
		FROM communications.permission p
		LEFT JOIN communications.opt_out w ON w.customer_id = p.customer_id AND w.channel = p.channel
		UNION ALL
		SELECT w.customer_id, w.channel, NULL, NULL, NULL, w.withdrawn_at
		FROM communications.opt_out w
		WHERE NOT EXISTS (SELECT FROM communications.permission p WHERE p.customer_id = w.customer_id AND p.channel = w.channel)
	) x;

-- ---- over all modules ----

-- What happened to a customer, in the modules that keep customers' things. `place`: in the order of time, and within one instant in the order of
-- its log.
CREATE INDEX event_log_key ON customers.event_log (key);
CREATE INDEX event_log_key ON communications.event_log (key);
CREATE INDEX event_log_rejected ON debts.event_log (key) WHERE schema_id = 901;

CREATE FUNCTION api.timeline(wanted uuid)
	RETURNS TABLE (place bigint, module text, event_id uuid, schema_id integer, subject uuid, command_id uuid, at timestamptz, body bytea)
	LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT ((extract(epoch FROM x.at) * 1000)::bigint << 21) | (x.number << 19) | (x.seq & 524287), x.module, x.event_id, x.schema_id,
		x.subject, x.command_id, x.at, x.body
	FROM (
		SELECT 0::bigint AS number, 'customers' AS module, e.event_id, e.schema_id, e.subject, e.command_id, e.at, e.body, e.seq
		FROM customers.event_log e WHERE e.key = wanted
		UNION ALL
		SELECT 1, 'debts', e.event_id, e.schema_id, e.subject, e.command_id, e.at, e.body, e.seq
		FROM debts.debt d CROSS JOIN LATERAL debts.api_history(d.debt_id) e WHERE d.customer_id = wanted
		UNION ALL
		SELECT 1, 'debts', e.event_id, e.schema_id, e.subject, e.command_id, e.at, e.body, e.seq
		FROM debts.event_log e WHERE e.key = wanted AND e.schema_id = 901
		UNION ALL
		SELECT 2, 'communications', e.event_id, e.schema_id, e.subject, e.command_id, e.at, e.body, e.seq
		FROM communications.event_log e WHERE e.key = wanted
	) x;
$$;

-- The first event of a command is its answer; until then it may be parked. One view over all modules there are.
DO $$
DECLARE
	module record;
	answers text;
	parked text;
BEGIN
	FOR module IN SELECT n.nspname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE c.relname = 'event_log' AND c.relkind = 'r' ORDER BY n.nspname LOOP
		EXECUTE format('CREATE INDEX parked_command ON %I.parked (command_id)', module.name);
		answers := concat_ws(' UNION ALL ', answers, format(
			'SELECT %L AS module, command_id, key, correlation_id, command_digest AS digest, at, body AS event, subject,
				NULL AS park_kind, NULL AS park_reason FROM %I.event_log WHERE command_digest IS NOT NULL', module.name, module.name));
		parked := concat_ws(' UNION ALL ', parked, format(
			'SELECT %L, command_id, key, correlation_id, digest, since, NULL, NULL, kind, reason FROM %I.parked', module.name, module.name));
	END LOOP;
	EXECUTE format('CREATE VIEW api.command AS %s UNION ALL %s', answers, parked);
END $$;
COMMENT ON VIEW api.command IS 'Answered commands (event is the first one), and parked ones (event is null)';

-- ---- grants ----

GRANT USAGE ON SCHEMA api, debts, customers, communications TO dcs_api;
GRANT SELECT ON customers.api_customer, customers.api_contact_point, debts.api_debt, debts.api_payment, communications.api_communication,
	communications.api_template, communications.api_consent, api.command TO dcs_api;
REVOKE EXECUTE ON FUNCTION debts.api_ledger(uuid), debts.api_history(uuid), api.timeline(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION debts.api_ledger(uuid), debts.api_history(uuid), api.timeline(uuid) TO dcs_api;

-- Every statement of the gateway is a loop over questions by an index, planned once for a connection's life, perhaps while the tables are
-- nearly empty.
DO $$
DECLARE
	setting text;
BEGIN
	FOREACH setting IN ARRAY ARRAY['enable_hashjoin', 'enable_mergejoin', 'enable_seqscan', 'enable_bitmapscan', 'enable_memoize'] LOOP
		EXECUTE format('ALTER ROLE dcs_api IN DATABASE %I SET %s = off', current_database(), setting);
	END LOOP;
	EXECUTE format('ALTER ROLE dcs_api IN DATABASE %I SET max_parallel_workers_per_gather = 0', current_database());
END $$;
