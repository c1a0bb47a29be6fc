-- Facts of the debts are facts of the guard whenever it is asked, so every claim asks them again: a message that asks for a debt that was
-- paid, cancelled or put off meanwhile does not leave; nor does one whose text says another balance than the debt has now.

ALTER TABLE communications.communication_debt ADD COLUMN stated_minor bigint;
COMMENT ON COLUMN communications.communication_debt.stated_minor IS
	'The balance that the text was made of; null: there is no text, or it is from before the column';

-- What a class of messages asks of the debts that it names: null (nothing), owed, or due (and so owed). message_class_asks in C.
CREATE FUNCTION communications.class_asks(message_class text) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
	SELECT CASE
		WHEN message_class IN ('demand', 'settlement_offer', 'legal_notice') THEN 'due'
		WHEN message_class IN ('validation_notice', 'reminder', 'promise_reminder', 'plan_notice') THEN 'owed'
		END;
$$;

-- Why a message must not be sent for the sake of its debts; null: it may. The day is that of the customers' Ticks.
CREATE FUNCTION communications.debt_refusal(communication_id uuid) RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
	SELECT CASE
		WHEN bool_or(d.debt_id IS NULL OR d.lifecycle IN ('SETTLED', 'WRITTEN_OFF', 'TRANSFERRED', 'CANCELLED')) THEN 'debt_closed'
		WHEN bool_or(d.balance_minor <= 0) THEN 'nothing_owed'
		WHEN bool_or(communications.class_asks(c.message_class) = 'due'
			AND d.due_on > (SELECT max(h.business_date) FROM communications.partition_head h)) THEN 'not_due'
		WHEN bool_or(d.balance_minor <> n.stated_minor) THEN 'balance_changed'
		END
	FROM communications.communication c
	JOIN communications.communication_debt n ON n.communication_id = c.communication_id
	LEFT JOIN debts.public_debt d ON d.debt_id = n.debt_id
	WHERE c.communication_id = $1 AND communications.class_asks(c.message_class) IS NOT NULL;
$$;

-- Why a message must not leave; null: it may.
CREATE OR REPLACE FUNCTION communications.refusal(communication_id uuid, customer_id uuid, channel text) RETURNS text
	LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
	SELECT CASE
		WHEN NOT EXISTS (SELECT FROM customers.public_person p WHERE p.customer_id = $2 AND p.key_salt IS NOT NULL) THEN 'erased'
		WHEN NOT EXISTS (
			SELECT FROM communications.communication c
			JOIN customers.public_contact_point a ON a.contact_point_id = c.contact_point_id
			WHERE c.communication_id = $1 AND a.state = 'usable') THEN 'address_invalid'
		WHEN NOT EXISTS (
			SELECT FROM communications.permission p
			LEFT JOIN communications.opt_out w ON w.customer_id = p.customer_id AND w.channel = p.channel
			WHERE p.customer_id = $2 AND p.channel = $3 AND p.purpose = 'collect'
			AND (w.withdrawn_at IS NULL OR p.obtained_at > w.withdrawn_at)) THEN 'withdrawn'
		ELSE communications.debt_refusal($1)
		END;
$$;

REVOKE EXECUTE ON FUNCTION communications.class_asks(text), communications.debt_refusal(uuid), communications.refusal(uuid, uuid, text)
	FROM PUBLIC;
