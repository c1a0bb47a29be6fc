-- Whether a message may leave now, and its handing out to the notifier. Used by claims only, hence for a few messages at once.

CREATE OR REPLACE VIEW communications.contact_history AS
	SELECT c.customer_id, c.contact_id AS ref, c.at, c.channel, c.direction, c.party, c.outcome, c.message_class, c.consented,
		(SELECT string_agg(uuid_send(d.debt_id), ''::bytea ORDER BY d.debt_id) FROM communications.contact_debt d
			WHERE d.contact_id = c.contact_id) AS debts,
		false AS is_written
	FROM communications.contact c
	UNION ALL
	-- A message is a contact from its release on; one that waits again does not count against itself.
	SELECT m.customer_id, m.communication_id, v.at, m.channel, 'outbound', 'consumer', 'sent', m.message_class, false,
		(SELECT string_agg(uuid_send(d.debt_id), ''::bytea ORDER BY d.debt_id) FROM communications.communication_debt d
			WHERE d.communication_id = m.communication_id),
		false
	FROM communications.communication m
	CROSS JOIN LATERAL (SELECT max(d.decided_at) AS at FROM communications.compliance_decision d
		WHERE d.communication_id = m.communication_id AND d.verdict = 'allow') v
	WHERE m.state NOT IN ('scheduled', 'failed', 'expired', 'rejected', 'cancelled', 'suppressed') AND v.at IS NOT NULL
	UNION ALL
	-- Of what a person wrote, the last message of each channel.
	SELECT w.customer_id, w.inbound_id, w.at, w.channel, 'inbound', 'consumer', 'sent', NULL, false, NULL, true
	FROM (SELECT DISTINCT ON (i.customer_id, i.channel) i.customer_id, i.inbound_id, i.channel, least(i.received_at, i.created_at) AS at
		FROM communications.inbound i
		ORDER BY i.customer_id, i.channel, least(i.received_at, i.created_at) DESC, i.inbound_id DESC) w;

-- What a person has overpaid to a creditor in a currency, also by debts that are paid or settled: the balance of a text is less it. Of debts that have
-- left the books it counts no more, as in dunning (dunning.is_dunned). The planner takes the query for the call, which no SET allows. The
-- person alone is its condition: without statistics the planner would choose the index of the creditor, and go through all of its debts.
CREATE OR REPLACE FUNCTION communications.credits_of(customer uuid, creditor uuid, money text) RETURNS TABLE (minor bigint)
	LANGUAGE sql STABLE PARALLEL SAFE AS $$
	SELECT least(coalesce(sum(d.credit_minor) FILTER (WHERE d.creditor_id = creditor AND d.currency = money
		AND d.lifecycle NOT IN ('WRITTEN_OFF', 'TRANSFERRED', 'CANCELLED')), 0), 9223372036854775807)::bigint
	FROM debts.public_debt d WHERE d.customer_id = customer;
$$;

-- Why a message may not leave, in the order in which the reasons count; null: it may. What ends it for good comes first, then `not_now`
-- (the guard is asked again), then a balance that is not the one of the text.
CREATE OR REPLACE VIEW communications.refusal AS
	SELECT o.communication_id, CASE
		WHEN person.key_salt IS NULL THEN 'erased'
		WHEN point.state IS DISTINCT FROM 'usable' THEN 'address_invalid'
		-- a letter needs no permission, and an opt-out of letters stops it
		WHEN (o.channel <> 'letter' OR opt_out.withdrawn_at IS NOT NULL)
			AND (permission.obtained_at IS NULL OR permission.obtained_at <= opt_out.withdrawn_at
				OR permission.expires_at <= (SELECT engine.now()))
			AND NOT answer.is_one THEN 'withdrawn'
		WHEN step.state = 'withdrawn' THEN 'step_withdrawn'
		WHEN circumstances.stop THEN 'circumstance'
		WHEN wish.is_against THEN 'unwanted'
		WHEN debts.is_closed THEN 'debt_closed'
		WHEN debts.owes_nothing THEN 'nothing_owed'
		WHEN debts.is_held THEN 'held'
		WHEN communications.class_asks(c.message_class) = 'due' AND debts.last_due_on > today.business_date THEN 'not_due'
		WHEN o.fit_until <= (SELECT engine.now()) OR wish.is_new OR told.at >= verdict.at THEN 'not_now'
		WHEN debts.has_changed THEN 'balance_changed'
		END AS code
	FROM communications.outbox o
	LEFT JOIN communications.communication c ON c.communication_id = o.communication_id
	LEFT JOIN customers.public_person person ON person.customer_id = o.customer_id
	LEFT JOIN customers.public_contact_point point ON point.contact_point_id = c.contact_point_id
	LEFT JOIN communications.permission permission
		ON permission.customer_id = o.customer_id AND permission.channel = o.channel AND permission.purpose = 'collect'
	-- asked for by dunning, which has learnt of money or of a change of a debt since
	LEFT JOIN dunning.public_step step ON step.step_id = o.communication_id
	LEFT JOIN communications.opt_out opt_out ON opt_out.customer_id = o.customer_id AND opt_out.channel = o.channel
	-- the guard's last word on it
	CROSS JOIN LATERAL (SELECT max(d.decided_at) AS at FROM communications.compliance_decision d
		WHERE d.communication_id = o.communication_id AND d.verdict = 'allow') verdict
	-- no earlier day than the verdict's, which may have come before this module has read the first Tick of its day (command.today)
	CROSS JOIN (SELECT max(h.business_date) AS business_date FROM communications.partition_head h) ticked
	CROSS JOIN LATERAL (SELECT greatest(ticked.business_date, (verdict.at AT TIME ZONE 'UTC')::date) AS business_date) today
	-- US-10: one confirmation of an opt-out, and one answer to who uses the channel again, although the consent is not in force; the
	-- guard has allowed it for that. The person wrote at or after the last withdrawal reached us (told_at), and nothing else of ours
	-- went to the channel between that message and the verdict. A consent that was in force at the verdict has expired only since.
	CROSS JOIN LATERAL (
		SELECT (permission.obtained_at > coalesce(opt_out.withdrawn_at, '-infinity')
				AND permission.expires_at > verdict.at) IS NOT TRUE
			AND EXISTS (SELECT FROM communications.inbound i
				WHERE i.customer_id = o.customer_id AND i.channel = o.channel AND i.created_at <= verdict.at
				AND (opt_out.customer_id IS NULL OR i.created_at >= opt_out.told_at)
				AND NOT EXISTS (SELECT FROM communications.contact_history h
					WHERE h.customer_id = o.customer_id AND h.channel = o.channel AND h.direction = 'outbound'
					AND h.ref <> o.communication_id AND h.at BETWEEN i.created_at AND verdict.at)) AS is_one
	) answer
	-- of the circumstances that are open on the day: of the person, or of a debt of the message. A claim does not judge
	-- whether an attorney's consent or silence is enough: it trusts the verdict while one is on record
	CROSS JOIN LATERAL (
		SELECT bool_or(communications.circumstance_stops(k.kind, c.message_class) AND k.kind <> 'attorney')
			OR bool_or(k.kind = 'attorney') AND NOT bool_or(k.kind IN ('attorney_asked', 'attorney_consents')) AS stop
		FROM communications.circumstance k
		WHERE k.customer_id = o.customer_id AND k.ended_at IS NULL
		AND communications.circumstance_ends(k.kind, k.from_on, k.until_on) > coalesce(today.business_date, '-infinity')
		AND (k.debt_id IS NULL
			OR EXISTS (SELECT FROM communications.communication_debt n
				WHERE n.communication_id = o.communication_id AND n.debt_id = k.debt_id)
			OR NOT EXISTS (SELECT FROM communications.communication_debt n WHERE n.communication_id = o.communication_id))
	) circumstances
	-- of the newest preference, if it was set after the verdict, which knew those before
	LEFT JOIN LATERAL (
		SELECT newest.is_late AND o.channel = ANY (string_to_array(newest.blocked_channels, ' '))
				AND c.message_class <> 'opt_out_confirmation' AS is_against,
			newest.is_late AND (newest.blocked_places <> ''
				OR EXISTS (SELECT FROM communications.blocked_time t WHERE t.preference_id = newest.preference_id)) AS is_new
		FROM (
			SELECT p.preference_id, p.blocked_channels, p.blocked_places,
				p.set_at >= verdict.at
				AND coalesce(p.valid_until, 'infinity') >= coalesce(today.business_date, '-infinity') AS is_late
			FROM communications.preference p WHERE p.customer_id = o.customer_id ORDER BY p.set_seq DESC LIMIT 1
		) newest
	) wish ON true
	-- when somebody last told of a contact, of a circumstance that stops nothing or of the end of one that permits, or the person wrote.
	-- The message that it answers at once is no news: the verdict is of the same decision
	CROSS JOIN LATERAL (
		SELECT greatest((SELECT max(k.recorded_at) FROM communications.contact k WHERE k.customer_id = o.customer_id),
			(SELECT max(i.created_at) FROM communications.inbound i WHERE i.customer_id = o.customer_id
				AND NOT (c.template_name IN ('help', 'opt_out_confirmation') AND i.channel = o.channel
					AND i.created_at = verdict.at)),
			(SELECT max(coalesce(k.ended_at, k.recorded_at)) FROM communications.circumstance k
				WHERE k.customer_id = o.customer_id AND (k.ended_at IS NULL
					OR k.kind IN ('attorney_asked', 'attorney_consents', 'limitation_restarted')))) AS at
	) told
	-- of the debts that the message asks for
	CROSS JOIN LATERAL (
		SELECT bool_or(d.debt_id IS NULL OR d.lifecycle IN ('SETTLED', 'WRITTEN_OFF', 'TRANSFERRED', 'CANCELLED')) AS is_closed,
			bool_or(d.balance_minor <= 0) AS owes_nothing, max(d.due_on) AS last_due_on,
			-- HOLD-1: a hold, a promise, a plan or a settlement since the verdict. A notice asks for nothing; a hold of legal steps
			-- alone stops no other class, and what is arranged is reminded of
			bool_or(d.contact_is_stopped AND c.message_class <> 'validation_notice'
				OR d.legal_is_stopped AND c.message_class = 'legal_notice'
				OR d.demand_is_stopped AND c.message_class IN ('reminder', 'demand', 'settlement_offer', 'legal_notice')) AS is_held,
			bool_or(d.balance_minor <> n.stated_minor OR g.minor <> coalesce(o.stated_credit_minor, 0)) AS has_changed
		FROM communications.communication_debt n LEFT JOIN debts.public_debt d ON d.debt_id = n.debt_id
		CROSS JOIN LATERAL communications.credits_of(d.customer_id, d.creditor_id, d.currency) g
		WHERE n.communication_id = o.communication_id AND communications.class_asks(c.message_class) IS NOT NULL
	) debts;

-- A message that is refused as `not_now` counts as claimed once more, because its report is an attempt's, and the numbers of claims and
-- attempts must agree; no try of it is under way then, so it can be cancelled, and no text of it is handed out.
CREATE OR REPLACE FUNCTION communications.claim_among(ids uuid[], states text[])
	RETURNS TABLE (communication_id uuid, address_sealed bytea, subject_sealed bytea, body_sealed bytea, html_sealed bytea,
		key_salt bytea, fit_until timestamptz, refusal text)
	LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog AS $$
DECLARE
	locked uuid[];
	at CONSTANT timestamptz := engine.now();
BEGIN
	locked := ARRAY(SELECT o.communication_id FROM communications.outbox o
		WHERE o.communication_id = ANY (ids) AND o.state = ANY (states) AND o.send_by > at
		ORDER BY o.communication_id FOR UPDATE);
	RETURN QUERY
		WITH asked AS MATERIALIZED (
			SELECT r.communication_id AS id, r.code FROM communications.refusal r WHERE r.communication_id = ANY (locked)
		), counted AS (
			UPDATE communications.outbox o SET claims = o.claims + 1,
				state = CASE WHEN asked.code IS NULL THEN 'claimed' WHEN o.state = 'claimed' THEN 'waiting' ELSE o.state END
			FROM asked WHERE o.communication_id = asked.id AND (asked.code IS NULL OR asked.code = 'not_now') RETURNING o.*
		)
		SELECT asked.id, c.address_sealed, c.subject_sealed, c.body_sealed, c.html_sealed,
			(SELECT p.key_salt FROM customers.public_person p WHERE p.customer_id = c.customer_id), c.fit_until, asked.code
		FROM asked LEFT JOIN counted c ON c.communication_id = asked.id AND asked.code IS NULL;
END $$;

CREATE OR REPLACE FUNCTION communications.claim(ids uuid[])
	RETURNS TABLE (communication_id uuid, address_sealed bytea, subject_sealed bytea, body_sealed bytea, html_sealed bytea,
		key_salt bytea, fit_until timestamptz, refusal text)
	LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT * FROM communications.claim_among(ids, '{released}');
$$;

-- For another try of messages that were tried before and certainly not accepted by the gateway; also of one that was released anew.
CREATE OR REPLACE FUNCTION communications.claim_again(ids uuid[])
	RETURNS TABLE (communication_id uuid, address_sealed bytea, subject_sealed bytea, body_sealed bytea, html_sealed bytea,
		key_salt bytea, fit_until timestamptz, refusal text)
	LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT * FROM communications.claim_among(ids, '{released,claimed,waiting}');
$$;

CREATE OR REPLACE FUNCTION communications.claimed(ids uuid[])
	RETURNS TABLE (communication_id uuid, address_sealed bytea, subject_sealed bytea, body_sealed bytea, html_sealed bytea,
		key_salt bytea, fit_until timestamptz, refusal text)
	LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
	SELECT o.communication_id, o.address_sealed, o.subject_sealed, o.body_sealed, o.html_sealed,
		(SELECT p.key_salt FROM customers.public_person p WHERE p.customer_id = o.customer_id), o.fit_until, r.code
	FROM communications.outbox o JOIN communications.refusal r USING (communication_id)
	WHERE o.communication_id = ANY (ids) AND o.state = 'claimed';
$$;

REVOKE EXECUTE ON FUNCTION communications.claim_among(uuid[], text[]), communications.claim(uuid[]), communications.claim_again(uuid[]),
	communications.claimed(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION communications.claim(uuid[]), communications.claim_again(uuid[]), communications.claimed(uuid[]) TO dcs_notifier;
