-- The published body of an event, of what its row keeps in either form; agrees with lib/worker/packed.c. A body that was cut is given as it is kept: only
-- somebody who changed the row has done that, its hash tells, and nobody is kept from the other events.
CREATE OR REPLACE FUNCTION dcs_event_body(stored bytea, schema_id integer, key uuid, subject uuid) RETURNS bytea
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
	body bytea := '\x00' || int4send(schema_id);
	token integer;
	here integer; -- the first of the bytes that are not taken yet
	behind integer; -- the token's bytes
BEGIN
	IF octet_length(stored) < 2 OR get_byte(stored, 0) <> 1 OR octet_length(stored) < 2 + get_byte(stored, 1) THEN
		RETURN stored;
	END IF;
	here := 3 + get_byte(stored, 1);
	FOR place IN 2 .. here - 2 LOOP
		token := get_byte(stored, place);
		behind := here + (token & 63) + CASE WHEN token < 64 THEN 16 ELSE 0 END;
		IF behind > octet_length(stored) + 1 THEN
			RETURN stored;
		END IF;
		body := body || substr(stored, here, token & 63) || CASE token >> 6
			WHEN 0 THEN '\x48' || decode(encode(substr(stored, behind - 16, 16), 'hex')::uuid::text, 'escape')
			WHEN 1 THEN '\x48' || decode(key::text, 'escape')
			WHEN 2 THEN '\x48' || decode(subject::text, 'escape')
			ELSE '' END;
		here := behind;
	END LOOP;
	RETURN body || substr(stored, here);
END $$;
