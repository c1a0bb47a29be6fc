-- A debt that was settled takes payments, as one that was paid: what comes then is a credit, and is netted. Until settlements there was no such debt.

-- As debt_is_dunned of consumers/dunning/facts.c: NEW, ACTIVE, ARRANGED, LEGAL, CHARGED_OFF; PAID and SETTLED with a credit.
CREATE OR REPLACE FUNCTION dunning.is_dunned(lifecycle smallint, credit_minor bigint) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT lifecycle BETWEEN 1 AND 5 OR lifecycle IN (6, 7) AND credit_minor > 0
$$;
