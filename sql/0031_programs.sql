-- Which programs run, and how their hosts' clocks stand to the broker's: each says so every few seconds, and takes its row with it when it
-- ends as it should. A row whose seen_at stands still is of one that was killed, or that hangs.

CREATE SCHEMA engine;

CREATE TABLE engine.program (
	name           text NOT NULL,              -- "debts", "notifier", "api": who it is to the database
	host           text NOT NULL,
	pid            integer NOT NULL,
	started_at     timestamptz NOT NULL,
	seen_at        timestamptz NOT NULL,
	broker_skew_ms bigint,                     -- the broker's clock minus the host's: above 0, the host is behind; null: not known
	PRIMARY KEY (name, host, pid)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON TABLE engine.program IS 'Signs of life; seen_at is the database''s clock';

-- Its name is its own: nobody signs for another. A start is a new life, also of a pid that was used before.
CREATE FUNCTION engine.sign_of_life(its_host text, its_pid integer, its_skew_ms bigint, is_start boolean) RETURNS void
	LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
	DELETE FROM engine.program WHERE name = substr(session_user, 5) AND seen_at < now() - interval '1 day';
	INSERT INTO engine.program AS p (name, host, pid, started_at, seen_at, broker_skew_ms)
		VALUES (substr(session_user, 5), its_host, its_pid, now(), now(), its_skew_ms)
	ON CONFLICT (name, host, pid) DO UPDATE SET seen_at = excluded.seen_at, broker_skew_ms = excluded.broker_skew_ms,
		started_at = CASE WHEN is_start THEN excluded.started_at ELSE p.started_at END;
$$;

CREATE FUNCTION engine.end_of_life(its_host text, its_pid integer) RETURNS void
	LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
	DELETE FROM engine.program WHERE name = substr(session_user, 5) AND host = its_host AND pid = its_pid;
$$;

REVOKE ALL ON FUNCTION engine.sign_of_life(text, integer, bigint, boolean), engine.end_of_life(text, integer) FROM PUBLIC;

SELECT dcs_create_role('dcs_clock');
DO $$
DECLARE
	program text;
BEGIN
	FOREACH program IN ARRAY ARRAY['users', 'customers', 'debts', 'communications', 'reports', 'reporting', 'notifier', 'api', 'clock'] LOOP
		EXECUTE format('GRANT USAGE ON SCHEMA engine TO %I', 'dcs_' || program);
		EXECUTE format('GRANT EXECUTE ON FUNCTION engine.sign_of_life(text, integer, bigint, boolean), '
			'engine.end_of_life(text, integer) TO %I', 'dcs_' || program);
	END LOOP;
END $$;
GRANT SELECT ON engine.program TO dcs_api;
