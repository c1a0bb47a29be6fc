-- The log keeps what an event's row does not say otherwise (lib/worker/packed.h): the ids in its body as bytes, its key and its subject
-- there not at all, and no correlation that is the command's own id. README.md has the figures. The table is <module>.event_row now;
-- <module>.event_log is a view of it with the columns and the bytes of before. No row is written anew: the form of a body shows in its
-- first byte. Programs of before stop at the first event they write: what they write to is a view.

-- The published body; agrees with lib/worker/packed.c.
CREATE FUNCTION dcs_event_body(stored bytea, schema_id integer, key uuid, subject uuid) RETURNS bytea
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
	body bytea := '\x00' || int4send(schema_id);
	tokens integer := get_byte(stored, 1);
	here integer := 3 + tokens; -- the first of the bytes that are not taken yet
	token integer;
	id uuid;
BEGIN
	FOR place IN 2 .. 1 + tokens LOOP
		token := get_byte(stored, place);
		body := body || substr(stored, here, token & 63);
		here := here + (token & 63);
		CONTINUE WHEN token >> 6 = 3;
		IF token >> 6 = 0 THEN
			id := encode(substr(stored, here, 16), 'hex');
			here := here + 16;
		ELSE
			id := CASE token >> 6 WHEN 1 THEN key ELSE subject END;
		END IF;
		body := body || '\x48' || convert_to(id::text, 'UTF8');
	END LOOP;
	RETURN body || substr(stored, here);
END $$;
COMMENT ON FUNCTION dcs_event_body(bytea, integer, uuid, uuid) IS 'The published bytes of an event, from event_row.body in its packed form';

CREATE FUNCTION dcs_pack_log(module text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	reader name;
BEGIN
	EXECUTE format('ALTER TABLE %I.event_log RENAME TO event_row', module);
	EXECUTE format('ALTER TABLE %I.event_row ALTER correlation_id DROP NOT NULL', module);
	EXECUTE format('COMMENT ON COLUMN %I.event_row.correlation_id IS ''Null: the command''''s id''', module);
	EXECUTE format('COMMENT ON COLUMN %I.event_row.body IS ''Framed Avro, as published; or packed, if its first byte is 1: see dcs_event_body''', module);
	EXECUTE format($sql$
		CREATE VIEW %1$I.event_log AS
			SELECT part, seq, event_id, schema_id, key, subject, command_id, coalesce(correlation_id, command_id) AS correlation_id, at,
				command_offset, command_digest,
				CASE WHEN substr(body, 1, 1) = '\x01' THEN public.dcs_event_body(body, schema_id, key, subject) ELSE body END AS body,
				hash, traceparent
			FROM %1$I.event_row$sql$, module);
	EXECUTE format('COMMENT ON VIEW %I.event_log IS ''Every event, in order, chained, as published (schemas/README.md)''', module);
	FOR reader IN SELECT grantee FROM information_schema.role_table_grants
			WHERE table_schema = module AND table_name = 'event_row' AND privilege_type = 'SELECT' AND grantee <> current_user LOOP
		EXECUTE format('GRANT SELECT ON %I.event_log TO %s', module, CASE reader WHEN 'PUBLIC' THEN 'PUBLIC' ELSE quote_ident(reader) END);
	END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION dcs_pack_log(text) FROM PUBLIC;

-- As in 0215, of the modules by the table that all of them have: a log may be a view.
CREATE OR REPLACE FUNCTION api.show_commands() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	module name;
	parts text;
BEGIN
	FOR module IN SELECT schemaname FROM pg_tables WHERE tablename = 'partition_head' ORDER BY 1 LOOP
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
		-- A module that an older migration makes has no such table.
		IF to_regclass(format('%I.approval', module)) IS NOT NULL THEN
			parts := parts || format($sql$
				UNION ALL
				SELECT %1$L, a.command_id, a.key, a.correlation_id, a.digest, e.at, e.body, e.subject, NULL, NULL, -1, e.part, e.seq, NULL, NULL
				FROM %1$I.approval a JOIN %1$I.event_log e ON e.part = a.part AND e.seq = a.outcome_seq$sql$, module);
		END IF;
	END LOOP;
	EXECUTE 'CREATE OR REPLACE VIEW api.command AS ' || parts;
END $$;

-- ---- for the modules there are, and for those to come ----

-- It may be called again for a module that there is.
CREATE OR REPLACE FUNCTION dcs_grant_module(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM dcs_grant_module_tables(module);
	PERFORM dcs_grant_engine(module);
	IF to_regclass(format('%I.event_row', module)) IS NOT NULL THEN
		EXECUTE format('REVOKE INSERT ON %I.event_log FROM %I', module, 'dcs_' || module);
		EXECUTE format('GRANT SELECT, INSERT ON %I.event_row TO %I', module, 'dcs_' || module);
	END IF;
END $$;

DO $$
DECLARE
	module name;
BEGIN
	FOR module IN SELECT schemaname FROM pg_tables WHERE tablename = 'partition_head' LOOP
		PERFORM dcs_pack_log(module);
	END LOOP;
	PERFORM api.show_commands();
END $$;

ALTER FUNCTION dcs_create_module(text) RENAME TO dcs_create_module_before_packing;
CREATE FUNCTION dcs_create_module(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM dcs_create_module_before_packing(module);
	PERFORM dcs_pack_log(module);
	PERFORM api.show_commands();
END $$;
