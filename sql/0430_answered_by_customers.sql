-- An outcome is reported when all that the notifier has published about it is answered: by communications, and by customers when an address has
-- bounced. The function of 0033 looked a refusal up by a condition that has had no index since 0050: it read the whole log. In plpgsql, which plans
-- once for a connection: the notifier asks many times a second.

DROP FUNCTION communications.answered(uuid[]);

DO $do$
DECLARE
	module name;
BEGIN
	FOREACH module IN ARRAY ARRAY['communications', 'customers'] LOOP
		EXECUTE format($sql$
			CREATE FUNCTION %1$I.answered(commands uuid[]) RETURNS SETOF integer LANGUAGE plpgsql STABLE SECURITY DEFINER
				SET search_path = pg_catalog AS $body$
			BEGIN
				RETURN QUERY SELECT c.n::integer FROM unnest(commands) WITH ORDINALITY AS c (id, n) WHERE c.id IN (
					SELECT e.command_id FROM %1$I.event_row e WHERE e.command_id = ANY (commands) AND e.command_digest IS NOT NULL
					UNION ALL
					SELECT e.command_id FROM %1$I.event_row e
					WHERE e.command_id = ANY (commands) AND e.schema_id = ANY (public.dcs_schema_ids('CommandRejected'))
					UNION ALL
					SELECT p.command_id FROM %1$I.parked p WHERE p.command_id = ANY (commands));
			END $body$;
			COMMENT ON FUNCTION %1$I.answered(uuid[]) IS 'The places in the array, from 1, of the commands that the module has answered or parked';
			REVOKE ALL ON FUNCTION %1$I.answered(uuid[]) FROM PUBLIC;
			GRANT USAGE ON SCHEMA %1$I TO dcs_notifier;
			GRANT EXECUTE ON FUNCTION %1$I.answered(uuid[]) TO dcs_notifier$sql$, module);
	END LOOP;
END $do$;
