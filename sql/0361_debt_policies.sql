-- Policies for debts (PublishDebtPolicy), portfolios that name them (DescribePortfolio), and what a debt has of them.

CREATE TABLE debts.policy_version (
	policy_id        uuid NOT NULL,
	version          bigint NOT NULL CHECK (version > 0),
	kind             text NOT NULL CHECK (kind = ANY (ARRAY['allocation'])), -- IN with one word would be kept as =, and the lists of words are compared
	title            text NOT NULL,
	allocation_order text CHECK (allocation_order IN ('cost_interest_principal', 'cost_principal_interest',
		'penalty_fee_interest_principal', 'interest_principal', 'fees_first', 'principal_first')),
	published_at     timestamptz NOT NULL,
	published_by     text NOT NULL,
	approved_by      text NOT NULL,
	PRIMARY KEY (policy_id, version),
	CHECK ((kind = 'allocation') = (allocation_order IS NOT NULL))
);
COMMENT ON TABLE debts.policy_version IS 'Append-only: every version is kept; the newest of a policy holds for new debts';
GRANT SELECT, INSERT ON debts.policy_version TO dcs_debts;

CREATE TABLE debts.portfolio_version (
	portfolio_id         uuid NOT NULL,
	version              bigint NOT NULL CHECK (version > 0),
	creditor_id          uuid NOT NULL,
	name                 text NOT NULL,
	product_kind         text NOT NULL CHECK (product_kind IN ('consumer_credit', 'consumer_other', 'commercial', 'student_loan', 'mortgage')),
	jurisdiction         text,
	allocation_policy_id uuid,
	described_at         timestamptz NOT NULL,
	described_by         text NOT NULL,
	PRIMARY KEY (portfolio_id, version)
);
COMMENT ON TABLE debts.portfolio_version IS 'Append-only: every description is kept; the newest of a portfolio counts. A portfolio of debts needs none';
GRANT SELECT, INSERT ON debts.portfolio_version TO dcs_debts;

CREATE FUNCTION debts.allocation_order_name(allocation smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT (ARRAY['cost_interest_principal', 'cost_principal_interest', 'penalty_fee_interest_principal', 'interest_principal', 'fees_first',
		'principal_first'])[coalesce(allocation, 1)];
$$;
REVOKE EXECUTE ON FUNCTION debts.allocation_order_name(smallint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION debts.allocation_order_name(smallint) TO dcs_debts, dcs_api;

ALTER TABLE debts.debt
	ADD COLUMN allocation smallint,
	ADD COLUMN allocation_policy_id uuid,
	ADD COLUMN allocation_policy_version bigint;
COMMENT ON COLUMN debts.debt.allocation IS 'The order in which payments pay it, of the version of its policy: see debts.allocation_order_name; null: the default';
COMMENT ON COLUMN debts.debt.allocation_policy_id IS 'The policy and its version under which it was created; null: none';

CREATE VIEW debts.api_policy AS
	SELECT p.*, f.published_at AS created_at
	FROM debts.policy_version p
	JOIN debts.policy_version f ON f.policy_id = p.policy_id AND f.version = 1
	WHERE NOT EXISTS (SELECT FROM debts.policy_version n WHERE n.policy_id = p.policy_id AND n.version > p.version);
CREATE VIEW debts.api_portfolio AS
	SELECT p.*, f.described_at AS created_at
	FROM debts.portfolio_version p
	JOIN debts.portfolio_version f ON f.portfolio_id = p.portfolio_id AND f.version = 1
	WHERE NOT EXISTS (SELECT FROM debts.portfolio_version n WHERE n.portfolio_id = p.portfolio_id AND n.version > p.version);
GRANT SELECT ON debts.api_policy, debts.api_portfolio TO dcs_api;
