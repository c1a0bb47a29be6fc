-- A claim asks again what may have changed since the verdict: also the circumstances of the person and the newest preference.

-- Whether a circumstance stops a class of messages: as the rules of the profile `person` (consumers/communications/profiles).
CREATE FUNCTION communications.circumstance_stops(kind text, message_class text) RETURNS boolean LANGUAGE sql IMMUTABLE
	RETURN CASE
		WHEN kind IN ('attorney', 'deceased', 'incapacity') THEN true
		WHEN kind = 'cease' THEN message_class <> 'cease_reply'
		WHEN kind IN ('bankruptcy', 'breathing_space', 'crisis') THEN message_class IN ('demand', 'settlement_offer', 'legal_notice',
			'reminder', 'promise_reminder', 'plan_notice', 'validation_notice')
		WHEN kind = 'dispute' THEN message_class IN ('demand', 'settlement_offer', 'legal_notice', 'reminder', 'promise_reminder', 'plan_notice')
		WHEN kind = 'restriction' THEN message_class IN ('demand', 'settlement_offer', 'reminder', 'promise_reminder', 'plan_notice')
		ELSE false
		END;

-- The first day on which it is over. The days of a breathing space, and those after the treatment in a crisis, are UK-06's numbers.
CREATE FUNCTION communications.circumstance_ends(kind text, from_on date, until_on date) RETURNS date LANGUAGE sql IMMUTABLE
	RETURN CASE kind
		WHEN 'breathing_space' THEN least(from_on + 60, until_on)
		WHEN 'crisis' THEN coalesce(until_on + 30, 'infinity')
		ELSE coalesce(until_on, 'infinity')
		END;

CREATE OR REPLACE VIEW communications.refusal AS
	SELECT o.communication_id, CASE
		WHEN person.key_salt IS NULL THEN 'erased'
		WHEN point.state IS DISTINCT FROM 'usable' THEN 'address_invalid'
		WHEN permission.obtained_at IS NULL OR permission.obtained_at <= opt_out.withdrawn_at THEN 'withdrawn'
		WHEN circumstances.stop THEN 'circumstance'
		WHEN wish.is_against THEN 'unwanted'
		WHEN debts.is_closed THEN 'debt_closed'
		WHEN debts.owes_nothing THEN 'nothing_owed'
		WHEN communications.class_asks(c.message_class) = 'due'
			AND debts.last_due_on > (SELECT max(h.business_date) FROM communications.partition_head h) THEN 'not_due'
		WHEN debts.has_changed THEN 'balance_changed'
		END AS code
	FROM communications.outbox o
	LEFT JOIN communications.communication c ON c.communication_id = o.communication_id
	LEFT JOIN customers.public_person person ON person.customer_id = o.customer_id
	LEFT JOIN customers.public_contact_point point ON point.contact_point_id = c.contact_point_id
	LEFT JOIN communications.permission permission
		ON permission.customer_id = o.customer_id AND permission.channel = o.channel AND permission.purpose = 'collect'
	LEFT JOIN communications.opt_out opt_out ON opt_out.customer_id = o.customer_id AND opt_out.channel = o.channel
	-- of the circumstances that are open on the customers' day: of the person, or of a debt of the message
	CROSS JOIN LATERAL (
		SELECT bool_or(communications.circumstance_stops(k.kind, c.message_class)) AS stop
		FROM communications.circumstance k
		WHERE k.customer_id = o.customer_id AND k.ended_at IS NULL
		AND communications.circumstance_ends(k.kind, k.from_on, k.until_on)
			> coalesce((SELECT max(h.business_date) FROM communications.partition_head h), '-infinity')
		AND (k.debt_id IS NULL
			OR EXISTS (SELECT FROM communications.communication_debt n
				WHERE n.communication_id = o.communication_id AND n.debt_id = k.debt_id)
			OR NOT EXISTS (SELECT FROM communications.communication_debt n WHERE n.communication_id = o.communication_id))
	) circumstances
	-- of the newest preference, if it was set after the verdict, which knew those before
	LEFT JOIN LATERAL (
		SELECT p.set_at >= (SELECT max(d.decided_at) FROM communications.compliance_decision d
				WHERE d.communication_id = o.communication_id AND d.verdict = 'allow')
			AND coalesce(p.valid_until, 'infinity') >= coalesce((SELECT max(h.business_date) FROM communications.partition_head h), '-infinity')
			AND o.channel = ANY (string_to_array(p.blocked_channels, ' ')) AND c.message_class <> 'opt_out_confirmation' AS is_against
		FROM communications.preference p WHERE p.customer_id = o.customer_id ORDER BY p.set_seq DESC LIMIT 1
	) wish ON true
	-- of the debts that the message asks for
	CROSS JOIN LATERAL (
		SELECT bool_or(d.debt_id IS NULL OR d.lifecycle IN ('SETTLED', 'WRITTEN_OFF', 'TRANSFERRED', 'CANCELLED')) AS is_closed,
			bool_or(d.balance_minor <= 0) AS owes_nothing, max(d.due_on) AS last_due_on,
			bool_or(d.balance_minor <> n.stated_minor) AS has_changed
		FROM communications.communication_debt n LEFT JOIN debts.public_debt d ON d.debt_id = n.debt_id
		WHERE n.communication_id = o.communication_id AND communications.class_asks(c.message_class) IS NOT NULL
	) debts;
