-- The notifier asks which of its commands communications has answered, or holds as parked: only these are safe. That Kafka has one says little, it
-- may become a dead letter. Answers the places in the array, from 1.

CREATE FUNCTION communications.answered(commands uuid[]) RETURNS SETOF integer LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT c.n::integer FROM unnest(commands) WITH ORDINALITY AS c (id, n)
	WHERE EXISTS (SELECT FROM communications.event_log e WHERE e.command_id = c.id AND e.command_digest IS NOT NULL)
		OR EXISTS (SELECT FROM communications.event_log e WHERE e.command_id = c.id AND e.command_digest IS NULL AND e.subject = e.command_id)
		OR EXISTS (SELECT FROM communications.parked p WHERE p.command_id = c.id);
$$;
REVOKE ALL ON FUNCTION communications.answered(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION communications.answered(uuid[]) TO dcs_notifier;
