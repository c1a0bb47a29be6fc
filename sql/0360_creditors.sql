-- Who creditors are (DescribeCreditor). A creditor of debts needs no row.

CREATE TABLE debts.creditor_version (
	creditor_id     uuid NOT NULL,
	version         bigint NOT NULL CHECK (version > 0),
	name            text NOT NULL,
	legal_address   text,
	is_original     boolean NOT NULL,
	regulated_class text NOT NULL CHECK (regulated_class IN ('first_party', 'third_party', 'debt_buyer')),
	licence_refs    text,
	described_at    timestamptz NOT NULL,
	described_by    text NOT NULL,
	PRIMARY KEY (creditor_id, version)
);
COMMENT ON TABLE debts.creditor_version IS 'Append-only: every description is kept; the newest of a creditor counts';
GRANT SELECT, INSERT ON debts.creditor_version TO dcs_debts;

CREATE VIEW debts.api_creditor AS
	SELECT c.*, f.described_at AS created_at
	FROM debts.creditor_version c
	JOIN debts.creditor_version f ON f.creditor_id = c.creditor_id AND f.version = 1
	WHERE NOT EXISTS (SELECT FROM debts.creditor_version n WHERE n.creditor_id = c.creditor_id AND n.version > c.version);
GRANT SELECT ON debts.api_creditor TO dcs_api;
