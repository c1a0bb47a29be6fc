-- Dunning policies that were published (PublishPolicy, RetirePolicy; consumers/dunning/policy.h).

CREATE TABLE dunning.policy_change (
	number         integer PRIMARY KEY CHECK (number > 0), -- 1, 2, 3 ... over all policies
	publication_id uuid NOT NULL,
	is_retirement  boolean NOT NULL,
	changed_at     timestamptz NOT NULL,
	changed_by     text NOT NULL,
	approved_by    text NOT NULL,
	UNIQUE (publication_id, is_retirement)
);
COMMENT ON TABLE dunning.policy_change IS 'Append-only. Of two changes at once, on two partitions, one waits for the other and is decided again: they have the same number';

CREATE TABLE dunning.policy_version (
	publication_id     uuid PRIMARY KEY,
	name               text COLLATE "C" NOT NULL,
	version            integer NOT NULL CHECK (version > 0),
	title              text NOT NULL,
	priority           integer NOT NULL,
	jurisdiction       text,
	customer_kind      text CHECK (customer_kind IN ('natural', 'legal')),
	debt_currency      text,
	creditor_ids       text NOT NULL, -- with a blank between, as portfolio_ids and languages; '': all
	portfolio_ids      text NOT NULL,
	languages          text NOT NULL,
	days_from          integer,
	days_to            integer,
	balance_from_minor bigint,
	balance_to_minor   bigint,
	charged_off        boolean NOT NULL,
	tolerance_minor    bigint NOT NULL,
	demands_a_day      integer NOT NULL,
	demands_a_week     integer NOT NULL,
	catch_up           text NOT NULL CHECK (catch_up IN ('one_a_day', 'most_severe', 'skip_to_current')),
	new_debts          text NOT NULL CHECK (new_debts IN ('join', 'own')),
	reopened           text NOT NULL CHECK (reopened IN ('start', 'resume')),
	arms               text NOT NULL, -- names and weights: control 1 letters 3
	UNIQUE (name, version)
);
COMMENT ON TABLE dunning.policy_version IS 'Append-only: every version is kept. The newest of a policy is in force unless it was retired';

CREATE TABLE dunning.policy_step (
	publication_id    uuid NOT NULL,
	place             integer NOT NULL, -- 1, 2, 3 ...
	number            integer NOT NULL,
	arm               text,
	trigger           text NOT NULL CHECK (trigger IN ('days_past_due', 'days_since_step', 'month_end', 'on_date', 'event')),
	days              integer NOT NULL, -- 0 also where the trigger has none
	on_day            date,
	event             text CHECK (event IN ('payment_reversed', 'contact_point_added')),
	min_balance_minor bigint,
	min_age_days      integer,
	days_from         integer,
	days_to           integer,
	action            text NOT NULL CHECK (action IN ('send', 'call', 'review', 'assess_fee', 'offer_plan', 'offer_settlement', 'credit_report',
		'legal_referral', 'charge_off')),
	template          text,
	message_class     text,
	channels          text NOT NULL, -- in the order in which they are tried, with a blank between; '': none
	send_days         integer,
	otherwise         text NOT NULL CHECK (otherwise IN ('move_on', 'retry', 'review')),
	retry_days        integer,
	tries_max         integer,
	wait_days         integer,
	PRIMARY KEY (publication_id, place)
);
COMMENT ON TABLE dunning.policy_step IS 'Append-only: the steps of every version';

GRANT SELECT, INSERT ON dunning.policy_change, dunning.policy_version, dunning.policy_step TO dcs_dunning;

-- A step names a template; whether there is one is asked when a policy is published. Not the texts.
CREATE VIEW communications.public_template AS
	SELECT t.name, t.channel, t.language, v.message_class
	FROM communications.template t
	JOIN communications.template_version v ON v.template_id = t.template_id AND v.version = t.version;
COMMENT ON VIEW communications.public_template IS 'Published templates in their newest version, without their texts';
GRANT USAGE ON SCHEMA communications TO dcs_dunning;
GRANT SELECT ON communications.public_template TO dcs_dunning;

-- ---- for people, as POST /dunning/policies takes it ----

CREATE FUNCTION dunning.policy_arms(arms text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
	SELECT coalesce(json_agg(json_build_object('name', w[n], 'weight', w[n + 1]::integer) ORDER BY n), '[]')::text
	FROM string_to_array(nullif(arms, ''), ' ') w, generate_series(1, array_length(w, 1), 2) n
$$;

CREATE FUNCTION dunning.policy_steps(wanted uuid) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
	SELECT coalesce(json_agg(json_strip_nulls(json_build_object('number', s.number, 'arm', s.arm, 'trigger', s.trigger,
		'days', CASE WHEN s.trigger IN ('days_past_due', 'days_since_step', 'month_end') THEN s.days END, 'on', s.on_day, 'event', s.event,
		'minBalanceMinor', s.min_balance_minor, 'minAgeDays', s.min_age_days, 'daysFrom', s.days_from, 'daysTo', s.days_to,
		'action', s.action, 'template', s.template, 'messageClass', s.message_class, 'channels', nullif(s.channels, ''), 'sendDays', s.send_days,
		'otherwise', s.otherwise, 'retryDays', s.retry_days, 'triesMax', s.tries_max, 'waitDays', s.wait_days)) ORDER BY s.place), '[]')::text
	FROM dunning.policy_step s WHERE s.publication_id = wanted
$$;

CREATE VIEW dunning.api_policy AS
	SELECT v.*, c.changed_at AS created_at, c.changed_by AS published_by, c.approved_by,
		r.changed_at AS retired_at, r.changed_by AS retired_by,
		CASE WHEN r.number IS NOT NULL THEN 'retired' WHEN v.version = max(v.version) OVER (PARTITION BY v.name) THEN 'in_force'
			ELSE 'replaced' END AS state
	FROM dunning.policy_version v
	JOIN dunning.policy_change c ON c.publication_id = v.publication_id AND NOT c.is_retirement
	LEFT JOIN dunning.policy_change r ON r.publication_id = v.publication_id AND r.is_retirement;
COMMENT ON VIEW dunning.api_policy IS 'Every version of every dunning policy';
GRANT USAGE ON SCHEMA dunning TO dcs_api;
GRANT SELECT ON dunning.api_policy, dunning.policy_step TO dcs_api;
REVOKE EXECUTE ON FUNCTION dunning.policy_arms(text), dunning.policy_steps(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dunning.policy_arms(text), dunning.policy_steps(uuid) TO dcs_api;
