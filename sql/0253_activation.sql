-- A debt becomes ACTIVE on the first day it is due (consumers/debts/debt/decide_activate.c). Each debt that is NEW gets its timer; the next
-- Ticks fire those whose day has come, some thousands a second. `dcs migrate` then makes the columns of the view (current/debts_debt.sql).

INSERT INTO debts.timer (part, kind, key, subject, id, due_on, set_at)
	SELECT d.part, 1, d.customer_id, d.debt_id,
		-- in the order of their days, as the ids of other timers are
		(lpad(to_hex(greatest(d.due_on - date '1970-01-01', 0)::bigint * 86400000), 12, '0') || '7' || substr(h.hash, 1, 3)
			|| '8' || substr(h.hash, 4, 15))::uuid,
		d.due_on, p.next_offset - 1
	FROM debts.debt d
	JOIN debts.partition_head p ON p.part = d.part
	CROSS JOIN LATERAL (SELECT md5('activation ' || d.debt_id) AS hash) h
	WHERE d.lifecycle = 1;
