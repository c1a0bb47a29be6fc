-- A person found out that a message, of which nobody knew whether its gateway had sent it, was not sent (ResolveUnknown): its attempt keeps
-- the outcome that was reported, and no longer stands in the way of another.
ALTER TABLE notifier.attempt ADD COLUMN not_sent boolean NOT NULL DEFAULT false CHECK (NOT not_sent OR outcome = 'unknown');
COMMENT ON COLUMN notifier.attempt.not_sent IS 'Of an unknown one: a person has found out that it was not sent';

DROP INDEX notifier.attempt_once;
-- At most one try that the gateway can have taken: while one is under way, or was taken, or may have been, there is no other (P8).
CREATE UNIQUE INDEX attempt_once ON notifier.attempt (communication_id)
	WHERE (outcome IS NULL OR outcome IN ('accepted', 'unknown')) AND NOT not_sent;
