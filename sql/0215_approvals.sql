-- Commands that need a second person (lib/worker/approvals.h): the engine keeps them as they came, until they are approved, refused
-- or expire. The row stays as the record of who asked and who answered, without the command's bytes.

CREATE FUNCTION dcs_add_approvals(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format($sql$
		CREATE TABLE %1$I.approval (
			command_id     uuid PRIMARY KEY,
			part           integer NOT NULL,
			command_offset bigint NOT NULL,
			key            uuid NOT NULL,
			correlation_id uuid NOT NULL,
			type           text NOT NULL,        -- the message's name
			reason         text NOT NULL,        -- why a second person is needed
			actor          text NOT NULL,        -- of the kept command, as are the next three
			roles          integer NOT NULL,
			scope          text NOT NULL,
			token_version  bigint NOT NULL,
			digest         bytea NOT NULL,
			value          bytea,                -- null: it has ended, or the person was erased
			received_at    timestamptz NOT NULL, -- broker time of the record
			kept_at        timestamptz NOT NULL,
			expires_at     timestamptz NOT NULL,
			state          text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'approved', 'refused', 'expired')),
			ended_at       timestamptz,
			ended_by       text,                 -- the second person; timer: nobody in time
			outcome_seq    bigint,               -- of the first event of the kept command's outcome
			CHECK (num_nulls(ended_at, ended_by, outcome_seq) = CASE state WHEN 'waiting' THEN 3 ELSE 0 END),
			CHECK (state = 'waiting' OR value IS NULL)
		)$sql$, module);
	-- Those that wait, for people, and those with bytes, for an erasure: both are few.
	EXECUTE format('CREATE INDEX approval_waiting ON %I.approval (kept_at, command_id) WHERE state = ''waiting''', module);
	EXECUTE format('CREATE INDEX approval_key ON %I.approval (key) WHERE value IS NOT NULL', module);
	EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I.approval TO %I', module, 'dcs_' || module);
	EXECUTE format($sql$
		CREATE VIEW %1$I.public_approval AS
		SELECT command_id, key, type, reason, actor, kept_at, expires_at, state, ended_at, ended_by FROM %1$I.approval$sql$, module);
	EXECUTE format('COMMENT ON VIEW %I.public_approval IS ''Commands that wait, or waited, for a second person''', module);
END $$;

-- ---- what becomes of commands: the outcome of a kept one comes before its CommandKept ----

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
		-- A module that this migration has not reached yet, or that an older one makes, has no such table.
		IF to_regclass(format('%I.approval', module)) IS NOT NULL THEN
			parts := parts || format($sql$
				UNION ALL
				SELECT %1$L, a.command_id, a.key, a.correlation_id, a.digest, e.at, e.body, e.subject, NULL, NULL, -1, e.part, e.seq, NULL, NULL
				FROM %1$I.approval a JOIN %1$I.event_log e ON e.part = a.part AND e.seq = a.outcome_seq$sql$, module);
		END IF;
	END LOOP;
	EXECUTE 'CREATE OR REPLACE VIEW api.command AS ' || parts;
END $$;

-- All modules' in one view, with the commands themselves: for those who approve.
CREATE FUNCTION api.show_approvals() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	parts text;
BEGIN
	SELECT string_agg(format('SELECT %1$L::text AS module, command_id, key, type, reason, actor, kept_at, expires_at, state, ended_at, '
		'ended_by, value FROM %1$I.approval', schemaname), ' UNION ALL ' ORDER BY schemaname)
		INTO parts FROM pg_tables WHERE tablename = 'approval';
	EXECUTE 'CREATE OR REPLACE VIEW api.approval AS ' || parts;
	GRANT SELECT ON api.approval TO dcs_api;
END $$;
REVOKE EXECUTE ON FUNCTION api.show_approvals() FROM PUBLIC;

-- ---- erasure ----

-- The bytes of what is kept about these people, in every module. A kept command without them can only be refused, or expires.
CREATE FUNCTION dcs_forget_kept(ids uuid[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
	module text;
BEGIN
	FOR module IN SELECT schemaname FROM pg_tables WHERE tablename = 'approval' ORDER BY 1 LOOP
		EXECUTE format('UPDATE %I.approval SET value = NULL WHERE value IS NOT NULL AND key = ANY ($1)', module) USING ids;
	END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION dcs_forget_kept(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dcs_forget_kept(uuid[]) TO dcs_customers;

-- ---- for the modules there are, and for those to come ----

DO $$
DECLARE
	module name;
BEGIN
	FOR module IN SELECT schemaname FROM pg_tables WHERE tablename = 'partition_head' LOOP
		PERFORM dcs_add_approvals(module);
	END LOOP;
	PERFORM api.show_commands();
	PERFORM api.show_approvals();
END $$;

ALTER FUNCTION dcs_create_module(text) RENAME TO dcs_create_module_before_approvals;
CREATE FUNCTION dcs_create_module(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM dcs_create_module_before_approvals(module);
	PERFORM dcs_add_approvals(module);
	PERFORM api.show_commands();
	PERFORM api.show_approvals();
END $$;
