-- SQL names messages and has no schema ids: dcs_schema_ids (made by `dcs migrate` from the schemas, before any migration) gives those of all versions.
-- What has a list of ids is made anew on it, so that a new version of an event needs no migration.

-- ---- a debt's history ----

CREATE FUNCTION debts.ids_on_ledger() RETURNS integer[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT public.dcs_schema_ids('CommandRejected', 'DebtCreated', 'PaymentRecorded', 'DebtPaid', 'PaymentReversed', 'DebtReopened', 'CreditApplied',
		'DebtCancelled')
$$;
COMMENT ON FUNCTION debts.ids_on_ledger() IS 'Events that the index event_log_off_ledger leaves out: the ledger leads to them, or they are about no debt. An event
that is not named is found by the index. To name one more, make the index anew in the same migration';

DROP INDEX debts.event_log_off_ledger;
CREATE INDEX event_log_off_ledger ON debts.event_log (subject) WHERE schema_id <> ALL (debts.ids_on_ledger());

-- As in 0030, but an event is found by one of the two ways only, also one that this list does not know. In plpgsql, which plans once for a connection: in
-- sql it was planned at each call.
CREATE OR REPLACE FUNCTION debts.api_history(wanted uuid) RETURNS SETOF debts.event_log
	LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	RETURN QUERY SELECT DISTINCT ON (e.part, e.seq) e.* FROM debts.ledger_of(wanted) l
	JOIN debts.event_log e ON e.part = l.part AND e.seq BETWEEN l.seq - 8 AND l.seq + 8 AND e.command_id = l.command_id
	WHERE e.subject = wanted AND e.schema_id = ANY (debts.ids_on_ledger());
	RETURN QUERY SELECT e.* FROM debts.event_log e
	WHERE e.subject = wanted AND e.schema_id <> ALL (debts.ids_on_ledger());
END $$;

-- ---- refusals ----

DROP INDEX debts.event_log_rejected;
CREATE INDEX event_log_rejected ON debts.event_log (key) WHERE schema_id = ANY (public.dcs_schema_ids('CommandRejected'));

CREATE OR REPLACE FUNCTION api.timeline(wanted uuid)
	RETURNS TABLE (place bigint, module text, event_id uuid, schema_id integer, subject uuid, command_id uuid, at timestamptz, body bytea)
	LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY SELECT ((extract(epoch FROM x.at) * 1000)::bigint << 21) | (x.number << 19) | (x.seq & 524287), x.module, x.event_id, x.schema_id,
		x.subject, x.command_id, x.at, x.body
	FROM (
		SELECT 0::bigint AS number, 'customers' AS module, e.event_id, e.schema_id, e.subject, e.command_id, e.at, e.body, e.seq
		FROM customers.event_log e WHERE e.key = wanted
		UNION ALL
		SELECT 1, 'debts', e.event_id, e.schema_id, e.subject, e.command_id, e.at, e.body, e.seq
		FROM debts.debt d CROSS JOIN LATERAL debts.api_history(d.debt_id) e WHERE d.customer_id = wanted
		UNION ALL
		SELECT 1, 'debts', e.event_id, e.schema_id, e.subject, e.command_id, e.at, e.body, e.seq
		FROM debts.event_log e WHERE e.key = wanted AND e.schema_id = ANY (public.dcs_schema_ids('CommandRejected'))
		UNION ALL
		SELECT 2, 'communications', e.event_id, e.schema_id, e.subject, e.command_id, e.at, e.body, e.seq
		FROM communications.event_log e WHERE e.key = wanted
	) x;
END $$;

CREATE OR REPLACE FUNCTION dcs_open_refusals(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE INDEX event_log_refused ON %I.event_log (command_id) WHERE schema_id = ANY (public.dcs_schema_ids(''CommandRejected''))', module);
	EXECUTE format('CREATE INDEX IF NOT EXISTS parked_command ON %I.parked (command_id)', module);
END $$;

CREATE OR REPLACE FUNCTION api.show_commands() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	module name;
	parts text;
BEGIN
	FOR module IN SELECT schemaname FROM pg_tables WHERE tablename = 'event_log' ORDER BY 1 LOOP
		parts := concat_ws(' UNION ALL ', parts, format($sql$
			SELECT %1$L AS module, command_id, key, correlation_id, command_digest AS digest, at, body AS event, subject,
				NULL AS park_kind, NULL AS park_reason, 0 AS rank, part, seq AS place, NULL AS dead_code, NULL AS dead_reason
			FROM %1$I.event_log WHERE command_digest IS NOT NULL
			UNION ALL
			SELECT %1$L, command_id, key, correlation_id, digest, since, NULL, NULL, kind, reason, 1, part, command_offset, NULL, NULL
			FROM %1$I.parked
			UNION ALL
			SELECT %1$L, command_id, key, correlation_id, NULL, at, body, subject, NULL, NULL, 2, part, seq, NULL, NULL
			FROM %1$I.event_log WHERE schema_id = ANY (public.dcs_schema_ids('CommandRejected'))
			UNION ALL
			SELECT %1$L, command_id, about, NULL, NULL, at, NULL, NULL, NULL, NULL, 2, part, command_offset, code, reason
			FROM %1$I.dead_letter WHERE command_id IS NOT NULL$sql$, module));
	END LOOP;
	EXECUTE 'CREATE OR REPLACE VIEW api.command AS ' || parts;
END $$;

DO $$
DECLARE
	module name;
BEGIN
	FOR module IN SELECT schemaname FROM pg_tables WHERE tablename = 'event_log' LOOP
		EXECUTE format('DROP INDEX %I.event_log_refused', module);
		PERFORM dcs_open_refusals(module);
	END LOOP;
	PERFORM api.show_commands();
END $$;
