-- What the gateway (dcs_api) may read: these views and no table but the users' (0009). Views run with their owner's rights: the grant on a
-- view is the whole grant. What is personal is sealed; the gateway has the key and opens it for those who may see it.

SELECT dcs_create_role('dcs_api');

-- ---- debts ----

CREATE VIEW debts.api_debt AS
	SELECT debt_id, customer_id, creditor_id, original_creditor_id, portfolio_id, external_ref, currency, opened_on, due_on,
		debts.lifecycle_name(lifecycle) AS lifecycle, version, entries, cost_minor, fee_minor, interest_minor, principal_minor,
		credit_minor, cost_minor + fee_minor + interest_minor + principal_minor AS total_minor
	FROM debts.debt;
COMMENT ON VIEW debts.api_debt IS 'Debts as the gateway shows them';

-- What a payment was used for: its ledger entry credits these accounts, so the signs are turned.
CREATE VIEW debts.api_payment AS
	SELECT p.payment_id, p.debt_id, p.customer_id, p.amount_minor, p.currency, p.received_on, p.state, p.method, p.source, p.external_ref,
		CASE p.state WHEN 'settled' THEN 1 ELSE 2 END AS version,
		-coalesce(e.cost_minor, 0) AS cost_minor, -coalesce(e.fee_minor, 0) AS fee_minor,
		-coalesce(e.interest_minor, 0) AS interest_minor, -coalesce(e.principal_minor, 0) AS principal_minor,
		-coalesce(e.credit_minor, 0) AS credit_minor
	FROM debts.payment p LEFT JOIN debts.ledger_entry e ON e.part = p.part AND e.seq = p.entry_seq;
COMMENT ON VIEW debts.api_payment IS 'Payments with their allocation; version 2: reversed';

-- ---- customers ----

CREATE VIEW customers.api_customer AS
	SELECT customer_id, external_ref, kind, status, locale, country, region, timezone, version, full_name_sealed, birth_date_sealed
	FROM customers.customer;
CREATE VIEW customers.api_contact_point AS
	SELECT contact_point_id, customer_id, channel, place, source, state, version, verified_at, address_sealed FROM customers.contact_point;

-- ---- communications ----

CREATE VIEW communications.api_communication AS
	SELECT c.communication_id, c.customer_id, c.version, c.state, c.channel, c.requested_on, c.message_class, c.template_name,
		c.template_version, c.language, c.contact_point_id, c.attempt, o.send_by, o.subject_sealed, o.body_sealed,
		ARRAY(SELECT d.debt_id FROM communications.communication_debt d WHERE d.communication_id = c.communication_id ORDER BY d.debt_id)
			AS debt_ids
	FROM communications.communication c LEFT JOIN communications.outbox o USING (communication_id);

-- ---- what became of a command ----

-- The first event of a command is its answer; until then it may be parked. One view over all modules there are.
CREATE SCHEMA api;
COMMENT ON SCHEMA api IS 'What the gateway reads over all modules';

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
			'SELECT %L AS module, command_id, command_digest AS digest, at, body AS event, subject, NULL AS park_kind,
				NULL AS park_reason FROM %I.event_log WHERE command_digest IS NOT NULL', module.name, module.name));
		parked := concat_ws(' UNION ALL ', parked, format(
			'SELECT %L, command_id, digest, since, NULL, NULL, kind, reason FROM %I.parked', module.name, module.name));
	END LOOP;
	EXECUTE format('CREATE VIEW api.command AS %s UNION ALL %s', answers, parked);
END $$;
COMMENT ON VIEW api.command IS 'Answered commands (event is the first one), and parked ones (event is null)';

-- ---- grants ----

GRANT USAGE ON SCHEMA api, debts, customers, communications TO dcs_api;
GRANT SELECT ON debts.api_debt, debts.api_payment, customers.api_customer, customers.api_contact_point,
	communications.api_communication, api.command TO dcs_api;

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
