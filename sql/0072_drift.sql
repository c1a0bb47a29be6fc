-- What the last `dcs verify` found, by promise, and when: so that a drift of tables, logs and topics is seen without waiting for a run, and so
-- that it is seen when nobody has looked for long.

CREATE TABLE engine.drift (
	promise     text PRIMARY KEY CHECK (promise ~ '^P[1-9]$'),
	findings    bigint NOT NULL CHECK (findings >= 0),
	verified_at timestamptz NOT NULL -- the database's clock; only of a run that looked at all of the promise
);
COMMENT ON TABLE engine.drift IS 'Written by dcs verify where its role may; dcs status shows it';
GRANT SELECT ON engine.drift TO dcs_api;
