-- A step number is of a policy: two policies of one group may have the same. So a group says whose step failed last, and whose waits.

ALTER TABLE dunning.debt_group ADD COLUMN failed_policy text COLLATE "C", ADD COLUMN wait_policy text COLLATE "C";
COMMENT ON COLUMN dunning.debt_group.failed_policy IS 'Whose step failed_step is; null: none has failed. So wait_policy of wait_step';

UPDATE dunning.debt_group g SET failed_policy = (SELECT s.policy FROM dunning.step s
	WHERE s.group_id = g.group_id AND s.customer_id = g.customer_id AND s.step = g.failed_step AND s.state = 'failed'
	ORDER BY s.asked_on DESC, s.step_id DESC LIMIT 1)
WHERE g.failed_step <> 0;

-- Of a wait it is in the event only (DunningWaiting: two UUIDs, the version, the reason, the policy), whose texts are shorter than 64 bytes:
-- each has one byte before it, twice its length. The version is a number of as many bytes as it needs, the last one below 128.
UPDATE dunning.debt_group g SET wait_policy = nullif(convert_from(substr(w.texts, 2 + w.reason_size + 1,
	get_byte(w.texts, 1 + w.reason_size) / 2), 'UTF8'), '')
FROM (
	SELECT e.subject, substr(e.rest, v.size + 1) AS texts, get_byte(e.rest, v.size) / 2 AS reason_size
	FROM (
		SELECT DISTINCT ON (l.subject) l.subject, substr(l.body, 5 + 2 * 37 + 1) AS rest FROM dunning.event_log l
		WHERE l.schema_id = ANY (public.dcs_schema_ids('DunningWaiting')) ORDER BY l.subject, l.seq DESC
	) e
	CROSS JOIN LATERAL (SELECT min(n) + 1 AS size FROM generate_series(0, least(9, length(e.rest) - 1)) n WHERE get_byte(e.rest, n) < 128) v
) w
WHERE w.subject = g.group_id AND g.wait IS NOT NULL;
