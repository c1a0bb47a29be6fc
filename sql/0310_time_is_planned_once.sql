-- A function in SQL with a subselect is parsed and planned anew in every statement that calls it, which cost the page of a debt 3 us. One in
-- PL/pgSQL keeps its plan for the session.
CREATE OR REPLACE FUNCTION engine.now() RETURNS timestamptz LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
	RETURN coalesce((SELECT s.at FROM engine.stack s), now());
END $$;
