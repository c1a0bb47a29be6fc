-- Timers of every command module (lib/worker/timers.h): what is to be done later about an entity. One table for each module, and
-- the place of a Tick's pass over it in the heads.

CREATE FUNCTION dcs_add_timers(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format($sql$
		CREATE TABLE %1$I.timer (
			part     integer NOT NULL,
			kind     smallint NOT NULL,              -- a number of the module's own (struct timer_kind)
			key      uuid NOT NULL,                  -- the customer
			subject  uuid NOT NULL,                  -- the entity
			id       uuid NOT NULL,                  -- of the command that it becomes
			due_at   timestamptz,
			due_on   date,
			set_at   bigint NOT NULL,                -- offset of the record that set it: later Ticks fire it
			tried_at bigint,                         -- offset of the last record that found it due and left it
			broken   boolean NOT NULL DEFAULT false, -- it broke our code; a person has to release it
			PRIMARY KEY (part, key, kind, subject),
			CHECK (num_nonnulls(due_at, due_on) = 1)
		)$sql$, module);
	-- The order in which they fire. Each timer is in one of these; that it was tried is rare.
	EXECUTE format('CREATE INDEX timer_due_at ON %I.timer (part, due_at, id) WHERE tried_at IS NULL AND due_at IS NOT NULL', module);
	EXECUTE format('CREATE INDEX timer_due_on ON %I.timer (part, due_on, id) WHERE tried_at IS NULL AND due_on IS NOT NULL', module);
	EXECUTE format('CREATE INDEX timer_tried ON %I.timer (part, tried_at) WHERE tried_at IS NOT NULL', module);
	EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I.timer TO %I', module, 'dcs_' || module);
	EXECUTE format($sql$
		ALTER TABLE %1$I.partition_head
			ADD COLUMN timers_done   integer NOT NULL DEFAULT 0, -- timers decided so far at the record at next_offset
			ADD COLUMN timers_before bigint,                     -- the last Tick, if it left due timers; NULL: it left none
			ADD COLUMN timers_at     timestamptz                 -- its time
		$sql$, module);
END $$;

-- For the modules there are, and for those to come.
DO $$
DECLARE
	module name;
BEGIN
	FOR module IN SELECT schemaname FROM pg_tables WHERE tablename = 'partition_head' LOOP
		PERFORM dcs_add_timers(module);
	END LOOP;
END $$;

ALTER FUNCTION dcs_create_module(text) RENAME TO dcs_create_module_before_timers;
CREATE FUNCTION dcs_create_module(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM dcs_create_module_before_timers(module);
	PERFORM dcs_add_timers(module);
END $$;
