-- Who may have written from an address: a row for each customer who has it, in the order of their ids, with the best contact point of each.
-- The address gets one answer, not one from each: that of the first customer whose it is still.

CREATE OR REPLACE FUNCTION customers.api_writers(its_lookup bytea, its_channel text)
	RETURNS TABLE (customer_id uuid, contact_point_id uuid, is_answered boolean) LANGUAGE sql STABLE AS $$
	SELECT best.customer_id, best.contact_point_id, best.is_usable AND row_number() OVER (PARTITION BY best.is_usable ORDER BY best.customer_id) = 1
	FROM (SELECT DISTINCT ON (o.customer_id) o.customer_id, o.contact_point_id, o.state = 'usable' AND o.channel = its_channel AS is_usable
		FROM customers.api_address_owner o WHERE o.address_lookup = its_lookup
		ORDER BY o.customer_id, o.state <> 'usable', o.channel <> its_channel, o.contact_point_id DESC) best
	ORDER BY best.customer_id
$$;
COMMENT ON FUNCTION customers.api_writers(bytea, text) IS 'Who has the address that a message came in from, and who of them answers it';
