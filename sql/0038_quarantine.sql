-- A partition whose owners die is in quarantine: its commands are tried in small batches of their own, smaller after each death, until the one that ends
-- programs is alone (lib/worker/README.md).

CREATE FUNCTION dcs_add_quarantine(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('ALTER TABLE %I.partition_head RENAME COLUMN suspect TO crashes', module); -- of owners in a row, with the present batch in hand
	EXECUTE format($sql$
		ALTER TABLE %1$I.partition_head
			ADD COLUMN quarantine      integer NOT NULL DEFAULT 0, -- the most commands of a batch; 0: none
			ADD COLUMN quarantine_left bigint NOT NULL DEFAULT 0   -- commands until it ends
		$sql$, module);
END $$;

DO $$
DECLARE
	module name;
BEGIN
	FOR module IN SELECT schemaname FROM pg_tables WHERE tablename = 'partition_head' LOOP
		PERFORM dcs_add_quarantine(module);
	END LOOP;
END $$;

CREATE OR REPLACE FUNCTION dcs_create_module(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM dcs_create_module_tables(module);
	PERFORM dcs_add_faults(module);
	PERFORM dcs_open_refusals(module);
	PERFORM dcs_add_holds(module);
	PERFORM dcs_add_dead_ends(module);
	PERFORM dcs_add_quarantine(module);
	PERFORM api.show_commands();
END $$;
