-- People and their groups for the benches of dunning, as the module would have noted them: four fifths of the variable debts are groups, eleven
-- groups to ten people. The debts are the caller's.

-- An id of a number and a letter, as a UUIDv7: in the order of the numbers, and random behind it.
CREATE FUNCTION pg_temp.id(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
	SELECT ('019a' || lpad(to_hex(n), 8, '0') || '7' || substr(md5(kind || n::text), 1, 3) || '8' || substr(md5(kind || n::text), 4, 15))::uuid
$$;
CREATE TEMP TABLE g AS SELECT n, (n * 10 / 11)::bigint AS person FROM generate_series(1, :debts * 4 / 5) n;
INSERT INTO dunning.person SELECT pg_temp.id('C', p), 1, true, 'natural', 'DE', NULL, 'Europe/Berlin', 'de', (p % 10 < 8)::int, (p % 10 < 6)::int,
	0, (p % 10 < 9)::int, CASE WHEN p % 20 = 0 THEN 2 ELSE 0 END, NULL, (p % 300 = 0)::int, (p % 200 = 0)::int, (p % 100 = 0)::int
	FROM (SELECT DISTINCT person AS p FROM g) x;
INSERT INTO dunning.debt_group SELECT pg_temp.id('G', n), pg_temp.id('C', person), pg_temp.id('K', n % 50), 'EUR', 1, NULL, 0, 0, 0, 0, NULL, NULL, 0, false FROM g;
