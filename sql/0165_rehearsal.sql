-- A stack is live, or it is a rehearsal, for good: this migration decides it, by the setting of `dcs migrate` that makes the database. What
-- exists already, and has had commands, is live.
--
-- In a rehearsal the time is the last Tick's. Programs know it from the records they read; SQL asks engine.now(), in which the rules of the
-- business know no other clock from here on.

CREATE TABLE engine.stack (
	is_rehearsal boolean NOT NULL,
	at           timestamptz,       -- of a rehearsal: the last Tick's time; null: none has come yet
	made_at      timestamptz NOT NULL DEFAULT now(),
	CHECK (is_rehearsal OR at IS NULL)
) WITH (fillfactor = 50);
COMMENT ON TABLE engine.stack IS 'One row: live or a rehearsal, for good';

INSERT INTO engine.stack (is_rehearsal) SELECT coalesce(current_setting('dcs.rehearsal', true), '') = 'yes'
	AND NOT EXISTS (SELECT FROM users.partition_head) AND NOT EXISTS (SELECT FROM customers.partition_head)
	AND NOT EXISTS (SELECT FROM debts.partition_head) AND NOT EXISTS (SELECT FROM communications.partition_head)
	AND NOT EXISTS (SELECT FROM reports.partition_head);

CREATE FUNCTION engine.keep_stack() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'a stack is live or a rehearsal for good' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER keep_stack BEFORE INSERT OR DELETE OR TRUNCATE OR UPDATE OF is_rehearsal ON engine.stack EXECUTE FUNCTION engine.keep_stack();

-- The time of all rules in SQL. Of a live stack it is now().
CREATE FUNCTION engine.now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
	SELECT coalesce((SELECT s.at FROM engine.stack s), now());
$$;

-- The next Tick's time, before the Tick: it never goes back. For the operator who rehearses; no program of the stack may.
CREATE FUNCTION engine.rehearse_at(its_time timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	UPDATE engine.stack SET at = its_time WHERE is_rehearsal AND (at IS NULL OR at <= its_time);
	IF NOT FOUND THEN
		RAISE EXCEPTION 'the time of a live stack is nobody''s to tell, and that of a rehearsal does not go back'
			USING ERRCODE = 'integrity_constraint_violation';
	END IF;
END $$;
REVOKE ALL ON FUNCTION engine.rehearse_at(timestamptz) FROM PUBLIC;

-- Every role may know both: whatever it may do depends on them, and nothing in them is anybody's secret.
GRANT USAGE ON SCHEMA engine TO PUBLIC;
GRANT SELECT ON engine.stack TO PUBLIC;

-- Rules that were written with now(): claims, passwords, sessions, secrets and invitations. Nothing else of them changes.
DO $$
DECLARE
	definition text;
BEGIN
	FOR definition IN SELECT pg_get_functiondef(p.oid) FROM pg_proc p
		WHERE p.pronamespace IN ('communications'::regnamespace, 'users'::regnamespace) AND p.prokind = 'f' AND p.prosrc ~ '\mnow\(\)' LOOP
		EXECUTE regexp_replace(definition, '(?<!\.)\mnow\(\)', 'engine.now()', 'g');
	END LOOP;
END $$;
ALTER TABLE users.session ALTER COLUMN started_at SET DEFAULT engine.now();
