-- What can be done next with a customer, his contact points and a message to him, as the gateway names it: what the rules of
-- consumers/customers and consumers/communications would take now. A test holds them together; who may is another question.

-- is_owed: there is a row of the customer in debts.public_open_debt.
CREATE FUNCTION customers.allowed_actions(status text, is_owed boolean) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE status WHEN 'active' THEN '{updateCustomer,addContactPoint}'::text[] ELSE '{}'::text[] END
		|| CASE WHEN status <> 'erased' AND NOT is_owed THEN '{eraseCustomer}'::text[] ELSE '{}'::text[] END;
$$;
COMMENT ON FUNCTION customers.allowed_actions(text, boolean) IS 'updateCustomer, addContactPoint, eraseCustomer: those that the customer''s status allows';

-- The point's state tells all: an erased customer's are erased.
CREATE FUNCTION customers.allowed_point_actions(state text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE state WHEN 'usable' THEN '{verifyContactPoint,invalidateContactPoint}'::text[] ELSE '{}'::text[] END;
$$;

-- outbox_state: of the message's row in communications.outbox; null: there is none, it was suppressed.
CREATE FUNCTION communications.allowed_actions(outbox_state text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN outbox_state IN ('released', 'waiting') THEN '{cancelCommunication}'::text[] ELSE '{}'::text[] END;
$$;
