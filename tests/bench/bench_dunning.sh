#!/usr/bin/env bash
# usage: tests/io/with-postgres.sh tests/bench/bench_dunning.sh [DEBTS]
# How long the dry runs of dunning take over so many debts (default 1000000): 1.25 debts a group, 1.1 groups a person, a tenth of the groups
# with a step in the last week, debts up to 200 days past due on every level of the ready-made consumer_early.
set -eu
debts=${1:-1000000}
dcs=build/release/dcs
psql="psql -qAtX -v ON_ERROR_STOP=1"
pg="${DCS_TEST_PG/dbname=postgres/dbname=bench}"

$psql "$DCS_TEST_PG" -c "CREATE DATABASE bench TEMPLATE template0"
$psql "$pg" -c "ALTER SYSTEM SET shared_buffers = '512MB'" >/dev/null
$dcs migrate --pg "$pg" >/dev/null
cat "${BASH_SOURCE[0]%/*}/dunning_world.sql" - <<'SQL' | $psql "$pg" -v debts="$debts"
INSERT INTO dunning.debt SELECT pg_temp.id('D', d), pg_temp.id('C', g.person), pg_temp.id('K', g.n % 50), NULL, pg_temp.id('G', g.n), 1, 'EUR', date '2025-06-01',
	date '2025-12-31' - (d % 230)::int + 30, 500 + d * 7919::bigint % 200000, 0, 0, 2, 0, CASE WHEN d % 230 > 60 THEN 'consumer_early' END,
	CASE WHEN d % 230 > 60 THEN 1 + (d % 5)::int ELSE 0 END, CASE WHEN d % 230 > 60 THEN date '2025-12-31' - (d % 25)::int END
	FROM generate_series(1, :debts) d JOIN g ON g.n = (d * 4 / 5)::bigint + CASE WHEN d * 4 % 5 = 0 THEN 0 ELSE 1 END;
INSERT INTO dunning.step SELECT pg_temp.id('S', n), pg_temp.id('C', person), pg_temp.id('G', n), 1, 'consumer_early', 1, date '2025-12-31' - (n % 12)::int, 'send', 'email', true,
	'taken', date '2025-12-31' - (n % 12)::int FROM g WHERE n % 6 = 0;
VACUUM ANALYZE;
SQL
$psql "$pg" -c "SELECT (SELECT count(*) FROM dunning.debt) || ' debts, ' || (SELECT count(*) FROM dunning.debt_group) || ' groups, '
	|| (SELECT count(*) FROM dunning.person) || ' persons'"
# The guard finds none of the persons: this is what loading their facts costs, without opening addresses.
key=$(mktemp)
trap 'rm -f "$key"' EXIT
head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$key"
for run in "preview consumer_early --as-of 2026-01-01" "preview consumer_early --as-of 2026-01-01 --address-key-file $key" \
	"diff consumer_early before_due --as-of 2026-01-01 --by total" "simulate consumer_early --as-of 2026-01-01 --days 90"; do
	echo "== $run"
	/usr/bin/time -f "%es, of it %U here; %M KB" $dcs dunning $run --pg "$pg"
done
