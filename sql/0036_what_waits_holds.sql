-- A parked command holds what it is about, and no more (lib/worker/holds.h): 16 bytes for each id that later commands may not touch before it.
-- Those that are parked now hold their whole key, as they did.

CREATE FUNCTION dcs_add_holds(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('ALTER TABLE %I.parked ADD COLUMN holds bytea', module);
	EXECUTE format('UPDATE %I.parked SET holds = uuid_send(key)', module);
	EXECUTE format('ALTER TABLE %I.parked ALTER COLUMN holds SET NOT NULL', module);
END $$;

DO $$
DECLARE
	module name;
BEGIN
	FOR module IN SELECT schemaname FROM pg_tables WHERE tablename = 'parked' LOOP
		PERFORM dcs_add_holds(module);
	END LOOP;
END $$;

CREATE OR REPLACE FUNCTION dcs_create_module(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM dcs_create_module_tables(module);
	PERFORM dcs_add_faults(module);
	PERFORM dcs_open_refusals(module);
	PERFORM dcs_add_holds(module);
	PERFORM api.show_commands();
END $$;
