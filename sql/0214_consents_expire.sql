-- A consent may expire: from then on it permits nothing, and what it permitted is not claimed any more.
ALTER TABLE communications.consent ADD COLUMN expires_at timestamptz;
ALTER TABLE communications.permission ADD COLUMN expires_at timestamptz;
COMMENT ON COLUMN communications.permission.expires_at IS 'From when on it counts no more; null: until it is withdrawn';

CREATE OR REPLACE VIEW communications.refusal AS
	SELECT o.communication_id, CASE
		WHEN person.key_salt IS NULL THEN 'erased'
		WHEN point.state IS DISTINCT FROM 'usable' THEN 'address_invalid'
		WHEN permission.obtained_at IS NULL OR permission.obtained_at <= opt_out.withdrawn_at
			OR permission.expires_at <= now() THEN 'withdrawn'
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

CREATE OR REPLACE VIEW communications.api_consent AS
	SELECT x.customer_id, x.channel, x.purpose, x.basis, x.obtained_at, x.withdrawn_at,
		(x.withdrawn_at IS NULL OR x.obtained_at > x.withdrawn_at) IS TRUE AND x.purpose IS NOT NULL
			AND (x.expires_at IS NULL OR x.expires_at > now()) AS in_force,
		(10 * array_position('{email,sms,voice,letter,push}', x.channel)
			+ coalesce(array_position('{collect,marketing,calls_beyond_cap}', x.purpose), 0))::bigint AS place,
		coalesce(told.first, withdrawn.first, x.obtained_at, x.withdrawn_at) AS created_at,
		coalesce(greatest(told.last, withdrawn.last), x.obtained_at, x.withdrawn_at) AS updated_at, x.expires_at
	FROM (
		SELECT p.customer_id, p.channel, p.purpose, p.basis, p.obtained_at, w.withdrawn_at, p.expires_at
		FROM communications.permission p
		LEFT JOIN communications.opt_out w ON w.customer_id = p.customer_id AND w.channel = p.channel
		UNION ALL
		SELECT w.customer_id, w.channel, NULL, NULL, NULL, w.withdrawn_at, NULL
		FROM communications.opt_out w
		WHERE NOT EXISTS (SELECT FROM communications.permission p WHERE p.customer_id = w.customer_id AND p.channel = w.channel)
	) x
	CROSS JOIN LATERAL (SELECT min(k.recorded_at) AS first, max(k.recorded_at) AS last FROM communications.consent k
		WHERE k.customer_id = x.customer_id AND k.channel = x.channel AND k.purpose = x.purpose) told
	CROSS JOIN LATERAL (SELECT min(k.recorded_at) AS first, max(k.recorded_at) AS last FROM communications.withdrawal k
		WHERE k.customer_id = x.customer_id AND (k.channel IS NULL OR k.channel = x.channel)) withdrawn;
