-- What an issuer's roles are about: creditors and payment sources (lib/model/scope.h). One text, as scope_write makes it: the ids of the
-- creditors, a semicolon, the names of the sources; commas between; '*' alone is all of them: '*;bank-1,bank-2'.

-- A service's scope stands in its token, and must not be lost while its command waits.
CREATE FUNCTION dcs_add_scope(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	-- What waits already was let in by the rules of its day, which knew no scope.
	EXECUTE format('ALTER TABLE %I.parked ADD COLUMN scope text NOT NULL DEFAULT ''*;*''', module);
	EXECUTE format('ALTER TABLE %I.parked ALTER COLUMN scope DROP DEFAULT', module);
END $$;

-- For the modules there are, and for those to come.
DO $$
DECLARE
	module name;
BEGIN
	FOR module IN SELECT schemaname FROM pg_tables WHERE tablename = 'partition_head' LOOP
		PERFORM dcs_add_scope(module);
	END LOOP;
END $$;

ALTER FUNCTION dcs_create_module(text) RENAME TO dcs_create_module_before_scope;
CREATE FUNCTION dcs_create_module(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM dcs_create_module_before_scope(module);
	PERFORM dcs_add_scope(module);
END $$;

-- Users have no scope until an admin gives them one, those of before too: a user with the role creditor, and whoever records payments, can do
-- neither until he is bound.
ALTER TABLE users.account ADD COLUMN scope text NOT NULL DEFAULT ';';
CREATE OR REPLACE VIEW users.public_user AS
	SELECT user_id, CASE state WHEN 'active' THEN roles ELSE 0 END AS roles, customer_id, scope FROM users.account;
