-- How many partitions a module's topics had when it was begun. A key's partition follows from that number, and all that was ever said about a
-- person stands there: a topic that is given more (Kafka lets anybody do that, and can take none away) must not move people. Written down
-- by the first owner of a partition, and never changed.

CREATE TABLE engine.partitions (
	module text PRIMARY KEY,
	parts  integer NOT NULL CHECK (parts > 0)
);
COMMENT ON TABLE engine.partitions IS 'Keys are spread over the first `parts` partitions, whatever the topic has by now';

-- What was written down; `found` if this is the first time. Nobody does it for another module.
CREATE FUNCTION engine.fix_partitions(its_module text, found integer) RETURNS integer
	LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
	INSERT INTO engine.partitions (module, parts)
		SELECT its_module, found WHERE pg_has_role(session_user, 'dcs_' || its_module, 'USAGE') ON CONFLICT DO NOTHING;
	SELECT parts FROM engine.partitions WHERE module = its_module;
$$;
REVOKE ALL ON FUNCTION engine.fix_partitions(text, integer) FROM PUBLIC;

DO $$
DECLARE
	module text;
BEGIN
	FOREACH module IN ARRAY ARRAY['users', 'customers', 'debts', 'communications', 'reports'] LOOP
		EXECUTE format('GRANT EXECUTE ON FUNCTION engine.fix_partitions(text, integer) TO %I', 'dcs_' || module);
	END LOOP;
END $$;
GRANT SELECT ON engine.partitions TO dcs_api, dcs_notifier;
