-- Tasks of dunning: what people list, take and finish (consumers/dunning/README.md, "Tasks").

CREATE TABLE dunning.task (
	task_id     uuid PRIMARY KEY,
	customer_id uuid NOT NULL,
	group_id    uuid NOT NULL,
	version     bigint NOT NULL,
	kind        text NOT NULL CHECK (kind IN ('call', 'review', 'trace', 'assess_fee', 'offer_plan', 'offer_settlement', 'credit_report', 'legal_referral',
		'charge_off')),
	reason      text NOT NULL CHECK (reason IN ('step_due', 'step_failed', 'no_contact')),
	state       text NOT NULL CHECK (state IN ('open', 'taken', 'put_off', 'finished', 'cancelled')),
	outcome     text CHECK (outcome IN ('done', 'not_needed', 'not_possible')),
	policy      text COLLATE "C" NOT NULL,
	step        integer NOT NULL,
	opened_on   date NOT NULL,
	back_on     date,
	taken_by    uuid,
	created_at  timestamptz NOT NULL,
	updated_at  timestamptz NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX task_created ON dunning.task (created_at, task_id);
-- On a column that changes: without it a list of what is open would read all that ever was. Tasks are few, and change a few times.
CREATE INDEX task_state ON dunning.task (state, created_at, task_id);
CREATE INDEX task_customer ON dunning.task (customer_id, created_at, task_id);
COMMENT ON TABLE dunning.task IS 'What a person is asked to do: to take a step of dunning (under its id), or to trace somebody';
COMMENT ON COLUMN dunning.task.back_on IS 'Of a task that is taken or put off: the business date on which it is open again';
COMMENT ON COLUMN dunning.task.taken_by IS 'The user who works on it, or who did when it was finished';

GRANT SELECT, INSERT, UPDATE ON dunning.task TO dcs_dunning;
