-- Quarantine of a module that reacts (lib/worker/quarantine.h): a record that ends every program may be an event of another module, so the
-- counters are kept by source, those of commands in partition_head. A row is made at the first claim of its partition.

CREATE FUNCTION dcs_add_followed_quarantine(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format($sql$
		ALTER TABLE %I.followed_head
			ADD COLUMN tries           integer NOT NULL DEFAULT 0, -- claims in a row without a commit of an event of this source
			ADD COLUMN crashes         integer NOT NULL DEFAULT 0, -- owners in a row that crashed while they tried the next `quarantine` events
			ADD COLUMN quarantine      integer NOT NULL DEFAULT 0, -- most events of a batch; 0: no quarantine
			ADD COLUMN quarantine_left bigint NOT NULL DEFAULT 0   -- events until it ends
		$sql$, module);
END $$;

-- For the modules there are, and for those to come.
DO $$
DECLARE
	module name;
BEGIN
	FOR module IN SELECT schemaname FROM pg_tables WHERE tablename = 'followed_head' LOOP
		PERFORM dcs_add_followed_quarantine(module);
	END LOOP;
END $$;

ALTER FUNCTION dcs_create_reaction(text) RENAME TO dcs_create_reaction_before_quarantine;
CREATE FUNCTION dcs_create_reaction(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM dcs_create_reaction_before_quarantine(module);
	PERFORM dcs_add_followed_quarantine(module);
END $$;
