-- What a module's engine keeps for its worst days: a record that ends every program that reads it, and a topic that was made anew.

CREATE FUNCTION dcs_add_faults(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format($sql$
		ALTER TABLE %1$I.partition_head
			ADD COLUMN tries   integer NOT NULL DEFAULT 0, -- claims in a row whose owner neither committed anything nor let go: it died, or is the present one
			ADD COLUMN suspect integer NOT NULL DEFAULT 0  -- owners in a row that died with nothing in hand but the record at next_offset (or the parked command behind tick_cursor)
		$sql$, module);
	-- Where a partition's topic ended and another began, by `dcs unhalt --at`: offsets count anew behind log_seq. What was parked or dead before has
	-- moved below zero, in its order.
	EXECUTE format($sql$
		CREATE TABLE %1$I.topic_break (
			part       integer NOT NULL,
			log_seq    bigint NOT NULL,            -- the last event of the old topic's commands that had been read
			left_at    bigint NOT NULL,            -- next_offset then
			went_on_at bigint NOT NULL,            -- and in the topic that is
			made_at    timestamptz NOT NULL DEFAULT now(),
			PRIMARY KEY (part, log_seq)
		)$sql$, module);
END $$;

-- For the modules there are, and for those to come.
DO $$
DECLARE
	module name;
BEGIN
	FOR module IN SELECT schemaname FROM pg_tables WHERE tablename = 'partition_head' LOOP
		PERFORM dcs_add_faults(module);
	END LOOP;
END $$;

ALTER FUNCTION dcs_create_module(text) RENAME TO dcs_create_module_tables;
CREATE FUNCTION dcs_create_module(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM dcs_create_module_tables(module);
	PERFORM dcs_add_faults(module);
END $$;
