-- A debt's entries may stand in two partitions. Until now a CreateDebt was taken in whichever partition it came, also in one that is not its
-- key's (a client with another partitioner); the payments of the gateway come to the right one. Such records are dead letters now; the debts
-- that they made go on where their customer's commands come.

ALTER TABLE debts.ledger_entry ADD COLUMN previous_part integer;
COMMENT ON COLUMN debts.ledger_entry.previous_part IS 'Where the debt''s entry before is, if not in this partition: of a debt that came to the wrong one';
COMMENT ON COLUMN debts.debt.part IS 'The partition of its newest entry: its customer''s';

CREATE OR REPLACE FUNCTION debts.ledger_of(wanted uuid) RETURNS SETOF debts.ledger_entry LANGUAGE sql STABLE AS $$
	WITH RECURSIVE walk AS (
		SELECT e.* FROM debts.debt d JOIN debts.ledger_entry e ON e.part = d.part AND e.seq = d.last_entry_seq
		WHERE d.debt_id = wanted
		UNION ALL
		SELECT e.* FROM walk w JOIN debts.ledger_entry e ON e.part = coalesce(w.previous_part, w.part) AND e.seq = w.previous_seq
	)
	SELECT * FROM walk;
$$;

-- As in 0028, but numbers of two partitions may be the same.
CREATE OR REPLACE FUNCTION debts.api_history(wanted uuid) RETURNS SETOF debts.event_log
	LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT DISTINCT ON (e.part, e.seq) e.* FROM debts.ledger_of(wanted) l
	JOIN debts.event_log e ON e.part = l.part AND e.seq BETWEEN l.seq - 8 AND l.seq + 8 AND e.command_id = l.command_id
	WHERE e.subject = wanted
	UNION ALL
	SELECT e.* FROM debts.event_log e
	WHERE e.subject = wanted AND e.schema_id NOT IN (901, 902, 1021, 1022, 1023, 1024, 1025, 1026, 1028, 1029, 1030, 1031, 1032, 1033, 1034, 1035, 1036, 1037, 1039);
$$;
