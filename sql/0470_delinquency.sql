-- Delinquency (consumers/debts/delinquency): in which bucket of days past due a debt is, and on how many days a hold has stopped its ageing.
-- Each debt that is due gets a timer, and by it an event for the bucket in which it is: the next Ticks fire them, some thousands a second.

ALTER TABLE debts.debt ADD bucket smallint, ADD paused_days integer, ADD paused_since date;
COMMENT ON COLUMN debts.debt.bucket IS 'Of days past due, by its last event: the row bucket + 1 of reporting.ageing_bucket; null: 0';
COMMENT ON COLUMN debts.debt.paused_days IS 'Days after the due day on which it did not age, before paused_since; null: 0';
COMMENT ON COLUMN debts.debt.paused_since IS 'It does not age on this day and those after it; null: it does';

ALTER TABLE debts.hold ADD ended_on date;
COMMENT ON COLUMN debts.hold.ended_on IS 'Released or expired: the first day that it does not cover any more';
UPDATE debts.hold SET ended_on = CASE state WHEN 'expired' THEN until_on ELSE (changed_at AT TIME ZONE 'UTC')::date END
	WHERE state IN ('released', 'expired');

-- As paused_of of consumers/debts/delinquency/pauses.c; 16: ageing.
UPDATE debts.debt d SET paused_days = nullif(p.days, 0), paused_since = p.since
	FROM (SELECT h.debt_id, CASE WHEN h.since IS NOT NULL THEN greatest(h.since, h.due_on + 1) END AS since,
			(SELECT coalesce(sum(upper(r) - lower(r)), 0)::integer FROM unnest(h.over * datemultirange(daterange(h.due_on + 1,
				CASE WHEN h.since IS NOT NULL THEN greatest(h.since, h.due_on + 1) END))) r) AS days
		FROM (SELECT t.debt_id, e.due_on, min(t.from_on) FILTER (WHERE t.state = 'active') AS since,
				coalesce(range_agg(daterange(t.from_on, t.ended_on)) FILTER (WHERE t.ended_on > t.from_on), '{}'::datemultirange) AS over
			FROM debts.hold t JOIN debts.debt e ON e.debt_id = t.debt_id WHERE t.effects & 16 <> 0 GROUP BY t.debt_id, e.due_on) h) p
	WHERE d.debt_id = p.debt_id AND (p.days > 0 OR p.since IS NOT NULL);

CREATE TABLE debts.delinquency (
	debt_id       uuid NOT NULL,
	version       bigint NOT NULL,
	bucket        smallint NOT NULL,
	entered_on    date NOT NULL,
	days_past_due integer NOT NULL,
	paused_days   integer NOT NULL,
	PRIMARY KEY (debt_id, version)
);
COMMENT ON TABLE debts.delinquency IS 'The buckets of days past due that debts have entered: a row for each, no row a day (consumers/DOMAIN.md 4)';
COMMENT ON COLUMN debts.delinquency.version IS 'Of the debt after the event by which it entered the bucket';
COMMENT ON COLUMN debts.delinquency.days_past_due IS 'On that day, without paused_days';
GRANT SELECT, INSERT ON debts.delinquency TO dcs_debts;

-- Those that are NEW get theirs with their activation.
INSERT INTO debts.timer (part, kind, key, subject, id, due_on, set_at)
	SELECT d.part, 13, d.customer_id, d.debt_id,
		-- in the order of their days, as the ids of other timers are
		(lpad(to_hex(greatest(t.due_on - date '1970-01-01', 0)::bigint * 86400000), 12, '0') || '7' || substr(h.hash, 1, 3)
			|| '8' || substr(h.hash, 4, 15))::uuid,
		t.due_on, p.next_offset - 1
	FROM debts.debt d
	JOIN debts.partition_head p ON p.part = d.part
	CROSS JOIN LATERAL (SELECT md5('delinquency ' || d.debt_id) AS hash) h
	CROSS JOIN LATERAL (SELECT d.due_on + coalesce(d.paused_days, 0) + 1 AS due_on) t
	WHERE d.lifecycle BETWEEN 2 AND 5;
