-- Only what a command did closes its id; a refusal leaves it open, and the same command again is decided again (lib/worker/README.md). So a
-- refusal has no digest: the unique index event_log_answer says that a command is applied once, whatever was refused before.

CREATE FUNCTION dcs_open_refusals(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	-- What was refused, by the command: a refusal's subject is the command itself, in every version of CommandRejected.
	EXECUTE format('CREATE INDEX event_log_refused ON %I.event_log (command_id) WHERE command_digest IS NULL AND subject = command_id', module);
	EXECUTE format('CREATE INDEX IF NOT EXISTS parked_command ON %I.parked (command_id)', module);
END $$;

-- What became of commands, over all modules there are. `rank` 0: it was applied, which is for good; 1: it waits; 2: what it came to the last
-- time, the newest first. (part, place) tells one such end from the one before.
CREATE FUNCTION api.show_commands() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	module name;
	parts text;
BEGIN
	FOR module IN SELECT schemaname FROM pg_tables WHERE tablename = 'event_log' ORDER BY 1 LOOP
		parts := concat_ws(' UNION ALL ', parts, format($sql$
			SELECT %1$L AS module, command_id, key, correlation_id, command_digest AS digest, at, body AS event, subject,
				NULL AS park_kind, NULL AS park_reason, 0 AS rank, part, seq AS place
			FROM %1$I.event_log WHERE command_digest IS NOT NULL
			UNION ALL
			SELECT %1$L, command_id, key, correlation_id, digest, since, NULL, NULL, kind, reason, 1, part, command_offset
			FROM %1$I.parked
			UNION ALL
			SELECT %1$L, command_id, key, correlation_id, NULL, at, body, subject, NULL, NULL, 2, part, seq
			FROM %1$I.event_log WHERE command_digest IS NULL AND subject = command_id$sql$, module));
	END LOOP;
	EXECUTE 'CREATE OR REPLACE VIEW api.command AS ' || parts;
END $$;
REVOKE EXECUTE ON FUNCTION api.show_commands() FROM PUBLIC;

DO $$
DECLARE
	module name;
BEGIN
	FOR module IN SELECT schemaname FROM pg_tables WHERE tablename = 'event_log' LOOP
		EXECUTE format('UPDATE %I.event_log SET command_digest = NULL WHERE command_digest IS NOT NULL AND subject = command_id
			AND schema_id BETWEEN 901 AND 949', module); -- CommandRejected, in any version
		PERFORM dcs_open_refusals(module);
	END LOOP;
	PERFORM api.show_commands();
END $$;
COMMENT ON VIEW api.command IS 'What became of commands: applied (digest and event), parked (digest and no event), refused (event and no digest)';

-- For the modules to come: what they answer is found too.
CREATE OR REPLACE FUNCTION dcs_create_module(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM dcs_create_module_tables(module);
	PERFORM dcs_add_faults(module);
	PERFORM dcs_open_refusals(module);
	PERFORM api.show_commands();
END $$;
