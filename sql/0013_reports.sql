-- Reports: asked for in the reports module, made by the reporting reader in the transaction in which it reads that.

SELECT dcs_create_module('reports');

CREATE TABLE reports.report (
	report_id    uuid PRIMARY KEY,
	kind         text NOT NULL CHECK (kind IN ('ageing', 'collections', 'communications')),
	format       text NOT NULL CHECK (format IN ('csv', 'json')),
	as_of        date NOT NULL,
	open         boolean NOT NULL,
	from_on      date,
	creditor_id  uuid,
	currency     text COLLATE "C",
	channel      text,
	requested_by text NOT NULL,
	requested_at timestamptz NOT NULL
);
COMMENT ON TABLE reports.report IS 'Append-only: every report that was asked for';
COMMENT ON COLUMN reports.report.open IS 'as_of was not over yet when it was asked for';
COMMENT ON COLUMN reports.report.from_on IS 'The first day it is about; null: of ageing';
COMMENT ON COLUMN reports.report.creditor_id IS 'Only what is owed to this creditor; null: all. So the other filters';

SELECT dcs_grant_module('reports');
GRANT SELECT, INSERT ON reports.report TO dcs_reports;

-- ---- what was made ----

CREATE TABLE reporting.report (
	report_id uuid PRIMARY KEY,
	state     text NOT NULL CHECK (state IN ('ready', 'failed', 'expired')),
	reason    text,                          -- of a failed one, for people
	rows      integer NOT NULL,
	size      integer NOT NULL,              -- of the content, in bytes
	sha256    bytea,
	content   bytea,
	positions jsonb NOT NULL,                -- per partition of the events it is made from, the last seq that it contains
	made_at   timestamptz NOT NULL DEFAULT now(),
	CHECK ((state = 'ready') = (content IS NOT NULL)),
	CHECK ((state = 'failed') = (reason IS NOT NULL))
);
COMMENT ON TABLE reporting.report IS 'Reports that were made: never changed, but for their content, which is let go after 90 days (expired)';
CREATE INDEX report_age ON reporting.report (made_at) WHERE state = 'ready';

-- A sum that must be a count of minor units; null when it is beyond 64 bits.
CREATE FUNCTION reporting.whole(sum numeric) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN sum BETWEEN -9223372036854775808 AND 9223372036854775807 THEN sum::bigint END;
$$;

GRANT SELECT, INSERT, UPDATE ON reporting.report TO dcs_reporting;

-- What was asked for and what came of it: requested, ready, failed, expired.
CREATE VIEW reporting.public_report AS
	SELECT r.report_id, r.kind, r.format, r.as_of, r.open, r.from_on, r.creditor_id, r.currency, r.channel, r.requested_by,
		r.requested_at, coalesce(m.state, 'requested') AS state, m.reason, m.rows, m.size, encode(m.sha256, 'hex') AS sha256,
		m.made_at, m.positions,
		r.kind || to_char(r.as_of, '-YYYY-MM-DD') || CASE WHEN r.open THEN '-open.' ELSE '.' END || r.format AS file_name, m.content
	FROM reports.report r LEFT JOIN reporting.report m USING (report_id);

SELECT dcs_create_role('dcs_api');
GRANT USAGE ON SCHEMA reporting TO dcs_api;
GRANT SELECT ON reporting.public_report TO dcs_api;
