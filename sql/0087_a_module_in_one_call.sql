-- dcs_create_module makes all that a module needs of the engine. So far it made no role, and migrations 0031 and 0068 granted the engine's
-- functions to a list of modules: the program of a new module could not give signs of life and could not begin its partitions.

ALTER FUNCTION dcs_grant_module(text) RENAME TO dcs_grant_module_tables;

-- What the program of a command module may call and read outside its own schema.
CREATE FUNCTION dcs_grant_engine(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('GRANT USAGE ON SCHEMA engine TO %I', 'dcs_' || module);
	EXECUTE format('GRANT EXECUTE ON FUNCTION engine.sign_of_life(text, integer, bigint, boolean), '
		'engine.end_of_life(text, integer), engine.fix_partitions(text, integer) TO %I', 'dcs_' || module);
END $$;

CREATE FUNCTION dcs_grant_module(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM dcs_grant_module_tables(module);
	PERFORM dcs_grant_engine(module);
END $$;

ALTER FUNCTION dcs_create_module(text) RENAME TO dcs_create_module_before_grants;
CREATE FUNCTION dcs_create_module(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM dcs_create_module_before_grants(module);
	PERFORM dcs_grant_module(module);
END $$;
