-- The notifier: which released messages it still has to send, and what came of every try. The messages themselves stay in
-- communications; here are ids only.

SELECT dcs_create_role('dcs_notifier');
SELECT dcs_create_reader('notifier');

-- One row for each CommunicationReleased.
CREATE TABLE notifier.dispatch (
	communication_id uuid PRIMARY KEY,
	customer_id      uuid NOT NULL,
	channel          text NOT NULL,
	send_by          timestamptz NOT NULL,
	-- queued: not yet claimed. sending: claimed, an attempt is open. waiting: claimed, certainly not taken by the gateway, to be tried
	-- again at next_at. done: nothing more will be done, whatever came of it.
	state            text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sending', 'waiting', 'done')),
	attempts         integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
	next_at          timestamptz NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX dispatch_due ON notifier.dispatch (channel, next_at) WHERE state IN ('queued', 'waiting');
CREATE INDEX dispatch_late ON notifier.dispatch (send_by) WHERE state IN ('queued', 'waiting');

-- Every try. The row is committed, together with the claim, before a byte leaves; its outcome afterwards; reported when the broker has
-- acknowledged the RecordDispatch that says so.
CREATE TABLE notifier.attempt (
	communication_id uuid NOT NULL,
	attempt          integer NOT NULL CHECK (attempt > 0),
	customer_id      uuid NOT NULL,
	owner            integer NOT NULL,            -- the process that has it in hand: it holds the advisory lock (notifier.lock_class(), owner)
	gateway          text NOT NULL,
	started_at       timestamptz NOT NULL,
	outcome          text CHECK (outcome IN ('accepted', 'failed', 'not_accepted', 'unknown')), -- null: under way
	provider_ref     text,
	provider_code    text,
	ended_at         timestamptz,
	reported         boolean NOT NULL DEFAULT false,
	PRIMARY KEY (communication_id, attempt),
	CHECK ((outcome IS NULL) = (ended_at IS NULL)),
	CHECK (outcome IS NOT NULL OR NOT reported)
) WITH (fillfactor = 80);
-- At most one try that the gateway can have taken: while one is under way, or was taken, or may have been, there is no other (P8).
CREATE UNIQUE INDEX attempt_once ON notifier.attempt (communication_id) WHERE outcome IS NULL OR outcome IN ('accepted', 'unknown');
CREATE INDEX attempt_unreported ON notifier.attempt (owner) WHERE NOT reported;

-- The first half of the advisory lock by which the notifiers see which of them live; the second is `owner`.
CREATE FUNCTION notifier.lock_class() RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT 1852797029'; -- "note"

GRANT USAGE ON SCHEMA notifier TO dcs_notifier;
GRANT SELECT, INSERT, UPDATE ON notifier.reader_head, notifier.dispatch, notifier.attempt TO dcs_notifier;
