-- A step of a policy may be for a dispute that was rejected (schemas/words.json: dunning_cause).

ALTER TABLE dunning.policy_step DROP CONSTRAINT policy_step_event_check;
ALTER TABLE dunning.policy_step ADD CONSTRAINT policy_step_event_check
	CHECK (event IN ('payment_reversed', 'contact_point_added', 'promise_broken', 'dispute_rejected'));
