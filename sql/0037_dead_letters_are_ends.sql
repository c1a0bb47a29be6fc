-- A dead letter is the end of a command too: who asks what became of it is told (api.command). And whom a dead letter is about stands beside it, so
-- that it can be forgotten with that person, whatever key the record had.

CREATE FUNCTION dcs_add_dead_ends(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format($sql$
		ALTER TABLE %1$I.dead_letter
			ADD COLUMN command_id uuid, -- its ce_id, if that could be read
			ADD COLUMN about      uuid  -- whose the body says it is (the id that a good record has as its key), if that could be decoded
		$sql$, module);
	EXECUTE format('CREATE INDEX dead_letter_command ON %I.dead_letter (command_id) WHERE command_id IS NOT NULL', module);
	EXECUTE format('CREATE INDEX dead_letter_about ON %I.dead_letter (about) WHERE about IS NOT NULL', module);
END $$;

DO $$
DECLARE
	module name;
BEGIN
	FOR module IN SELECT schemaname FROM pg_tables WHERE tablename = 'dead_letter' LOOP
		PERFORM dcs_add_dead_ends(module);
	END LOOP;
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
			FROM %1$I.event_log WHERE command_digest IS NULL AND subject = command_id
			UNION ALL
			SELECT %1$L, command_id, about, NULL, NULL, at, NULL, NULL, NULL, NULL, 2, part, command_offset, code, reason
			FROM %1$I.dead_letter WHERE command_id IS NOT NULL$sql$, module));
	END LOOP;
	EXECUTE 'CREATE OR REPLACE VIEW api.command AS ' || parts;
END $$;

SELECT api.show_commands();
COMMENT ON VIEW api.command IS 'What became of commands: applied (digest and event), parked (park_kind), refused (event and no digest), dead (dead_code)';

CREATE OR REPLACE FUNCTION dcs_create_module(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM dcs_create_module_tables(module);
	PERFORM dcs_add_faults(module);
	PERFORM dcs_open_refusals(module);
	PERFORM dcs_add_holds(module);
	PERFORM dcs_add_dead_ends(module);
	PERFORM api.show_commands();
END $$;
