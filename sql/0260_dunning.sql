-- Dunning: what it knows of people, their debts and groups, and the steps that it asked for (consumers/dunning/README.md). It begins with
-- the first event of the topics that it follows.

SELECT dcs_create_module('dunning');
SELECT dcs_create_reaction('dunning');

-- Refusals, and what is shown of a customer's history.
CREATE INDEX event_log_shown ON dunning.event_log (key) WHERE schema_id = ANY (public.dcs_schema_ids('DunningStepDue', 'DunningStepTaken',
	'DunningStepFailed', 'DunningStepWithdrawn', 'DunningStepSkipped', 'DunningWaiting', 'CommandRejected'));

CREATE TABLE dunning.person (
	customer_id uuid PRIMARY KEY,
	version     bigint NOT NULL,
	is_active   boolean NOT NULL,
	kind        text CHECK (kind IN ('natural', 'legal')),
	country     text COLLATE "C",
	region      text COLLATE "C",
	timezone    text COLLATE "C",
	locale      text COLLATE "C",
	emails      integer NOT NULL,
	mobiles     integer NOT NULL,
	telephones  integer NOT NULL,
	letters     integer NOT NULL,
	opted_out   integer NOT NULL, -- bits by channel
	inbound_on  date,
	deceased    integer NOT NULL,
	bankruptcy  integer NOT NULL,
	restriction integer NOT NULL
) WITH (fillfactor = 80);
COMMENT ON TABLE dunning.person IS 'What dunning knows of a person: no name and no address';
COMMENT ON COLUMN dunning.person.emails IS 'Usable contact points of the channel; so mobiles (SMS), telephones (voice) and letters';
COMMENT ON COLUMN dunning.person.deceased IS 'Open stops of this kind, about all debts; so bankruptcy and restriction';

-- One row for each debt. The index finds the debts of a group; neither of its columns changes.
CREATE TABLE dunning.debt (
	debt_id       uuid PRIMARY KEY,
	customer_id   uuid NOT NULL,
	creditor_id   uuid NOT NULL,
	portfolio_id  uuid,
	group_id      uuid NOT NULL,
	version       bigint NOT NULL,
	currency      text COLLATE "C" NOT NULL,
	opened_on     date NOT NULL,
	due_on        date NOT NULL,
	balance_minor bigint NOT NULL,
	credit_minor  bigint NOT NULL,
	paused_days   integer NOT NULL,
	lifecycle     smallint NOT NULL, -- as debts.debt
	disputes      integer NOT NULL,
	policy        text COLLATE "C",
	level         integer NOT NULL,
	level_on      date
) WITH (fillfactor = 80);
CREATE INDEX debt_of_group ON dunning.debt (group_id, debt_id);
COMMENT ON TABLE dunning.debt IS 'What dunning knows of a debt, and where it stands on its ladder';
COMMENT ON COLUMN dunning.debt.level IS 'The number of the last step that was taken about it; 0: none. policy and level_on: by which, and when';

CREATE TABLE dunning.debt_group (
	group_id     uuid PRIMARY KEY,
	customer_id  uuid NOT NULL,
	creditor_id  uuid NOT NULL,
	currency     text COLLATE "C" NOT NULL,
	version      bigint NOT NULL,
	step_id      uuid,
	asks         integer NOT NULL,
	failed_step  integer NOT NULL,
	next_channel integer NOT NULL,
	rounds       integer NOT NULL,
	retry_on     date,
	wait         text CHECK (wait IN ('person', 'deceased', 'bankruptcy', 'restriction', 'balance', 'inbound', 'precondition', 'cap', 'retry', 'opted_out',
		'no_contact')),
	wait_step    integer NOT NULL,
	is_traced    boolean NOT NULL
) WITH (fillfactor = 80);
COMMENT ON TABLE dunning.debt_group IS 'What a person owes one creditor in one currency: one step at a time';
COMMENT ON COLUMN dunning.debt_group.step_id IS 'The step under way; null: none';
COMMENT ON COLUMN dunning.debt_group.wait IS 'Why its next step waits, as of the last evaluation; null: it does not';

CREATE TABLE dunning.step (
	step_id     uuid PRIMARY KEY,
	customer_id uuid NOT NULL,
	group_id    uuid NOT NULL,
	version     bigint NOT NULL,
	policy      text COLLATE "C" NOT NULL,
	step        integer NOT NULL,
	arm         text COLLATE "C", -- of an experiment; null: none
	asked_on    date NOT NULL,
	action      text NOT NULL CHECK (action IN ('send', 'call', 'review', 'assess_fee', 'offer_plan', 'offer_settlement', 'credit_report', 'legal_referral',
		'charge_off')),
	channel     text CHECK (channel IN ('email', 'sms', 'voice', 'letter', 'push')),
	is_demand   boolean NOT NULL,
	state       text NOT NULL CHECK (state IN ('asked', 'taken', 'failed', 'withdrawn')),
	taken_on    date
) WITH (fillfactor = 80);
-- The newest demands of a person, for the caps.
CREATE INDEX step_customer ON dunning.step (customer_id, asked_on);
CREATE INDEX step_policy ON dunning.step (policy, asked_on); -- results
COMMENT ON TABLE dunning.step IS 'Every step that was asked for: of a communication (action send) or a task, which has its id';

CREATE TABLE dunning.step_debt (
	step_id uuid NOT NULL,
	place   integer NOT NULL, -- 0, 1, 2 ...: the oldest debt first
	debt_id uuid NOT NULL,
	PRIMARY KEY (step_id, place)
);
COMMENT ON TABLE dunning.step_debt IS 'Append-only: the debts that a step lists';

CREATE TABLE dunning.stop (
	circumstance_id uuid PRIMARY KEY,
	customer_id     uuid NOT NULL,
	debt_id         uuid,
	version         bigint NOT NULL,
	kind            text NOT NULL CHECK (kind IN ('deceased', 'bankruptcy', 'restriction', 'dispute')),
	is_open         boolean NOT NULL
);
COMMENT ON TABLE dunning.stop IS 'Circumstances that stop dunning: of one debt, or (null) of all debts of the person';

-- As debt_is_dunned of consumers/dunning/facts.c: NEW, ACTIVE, ARRANGED, LEGAL, CHARGED_OFF; PAID with a credit.
CREATE FUNCTION dunning.is_dunned(lifecycle smallint, credit_minor bigint) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT lifecycle BETWEEN 1 AND 5 OR lifecycle = 6 AND credit_minor > 0
$$;

SELECT dcs_grant_module('dunning');
GRANT SELECT, INSERT, UPDATE ON dunning.person, dunning.debt, dunning.debt_group, dunning.step, dunning.stop TO dcs_dunning;
GRANT SELECT, INSERT ON dunning.step_debt TO dcs_dunning;

-- The claim of the notifier asks whether dunning has withdrawn what it asked for (current/communications_claims.sql).
CREATE VIEW dunning.public_step WITH (security_barrier) AS SELECT step_id, state FROM dunning.step;
GRANT USAGE ON SCHEMA dunning TO dcs_communications;
GRANT SELECT ON dunning.public_step TO dcs_communications;
