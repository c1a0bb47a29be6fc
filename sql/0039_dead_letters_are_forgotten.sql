-- A dead letter is forgotten with the person whom its body is about, whatever key its record had; and every one after a while (the workers' setting
-- dead-letter-days). The row stays: what stood at the offset is nobody's command. Those of before have no `about`: they go by their key, or their age.

CREATE OR REPLACE FUNCTION dcs_forget_dead_letters(ids uuid[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
	module text;
BEGIN
	FOR module IN SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relname = 'dead_letter' AND c.relkind = 'r' ORDER BY 1
	LOOP
		EXECUTE format('UPDATE %I.dead_letter SET value = NULL, replayed_at = coalesce(replayed_at, now()) '
			'WHERE value IS NOT NULL AND (key = ANY ($1) OR about = ANY ($2))', module)
			USING ARRAY(SELECT convert_to(id::text, 'UTF8') FROM unnest(ids) id), ids;
	END LOOP;
END $$;

-- The oldest that are kept are found by their end of the index.
CREATE FUNCTION dcs_add_dead_age(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE INDEX dead_letter_kept ON %I.dead_letter (part, at) WHERE headers <> ''''', module);
END $$;

DO $$
DECLARE
	module name;
BEGIN
	FOR module IN SELECT schemaname FROM pg_tables WHERE tablename = 'dead_letter' LOOP
		PERFORM dcs_add_dead_age(module);
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
	PERFORM dcs_add_dead_age(module);
	PERFORM api.show_commands();
END $$;
