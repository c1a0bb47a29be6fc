-- What a user is bound to, for people to see: account.scope is one text for the programs (0040_scope.sql).

CREATE FUNCTION users.creditors_of(scope text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT string_to_array(split_part(scope, ';', 1), ',');
$$;
CREATE FUNCTION users.sources_of(scope text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT string_to_array(substr(scope, strpos(scope, ';') + 1), ',');
$$;
COMMENT ON COLUMN users.account.scope IS 'Creditors and payment sources that his roles are about: "<ids>;<names>", * for all; changed by BindUser';
