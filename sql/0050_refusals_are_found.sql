-- What was refused is found by its command. The index of 0035 could not be used: its predicate `subject = command_id` follows from no condition that names
-- one command, because the planner makes `subject = $1` of it; each question read the whole log. An event of a schema of CommandRejected (901 to 949, in
-- any version) is a refusal, and that is said in the same words by whoever asks.

CREATE OR REPLACE FUNCTION dcs_open_refusals(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE INDEX event_log_refused ON %I.event_log (command_id) WHERE schema_id BETWEEN 901 AND 949', module);
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
			FROM %1$I.event_log WHERE schema_id BETWEEN 901 AND 949
			UNION ALL
			SELECT %1$L, command_id, about, NULL, NULL, at, NULL, NULL, NULL, NULL, 2, part, command_offset, code, reason
			FROM %1$I.dead_letter WHERE command_id IS NOT NULL$sql$, module));
	END LOOP;
	EXECUTE 'CREATE OR REPLACE VIEW api.command AS ' || parts;
END $$;
REVOKE EXECUTE ON FUNCTION api.show_commands() FROM PUBLIC;

DO $$
DECLARE
	module name;
BEGIN
	FOR module IN SELECT schemaname FROM pg_tables WHERE tablename = 'event_log' LOOP
		EXECUTE format('DROP INDEX IF EXISTS %I.event_log_refused', module);
		PERFORM dcs_open_refusals(module);
	END LOOP;
	PERFORM api.show_commands();
END $$;
