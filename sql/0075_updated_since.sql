-- What was changed since some time, told by the log: it is append-only and in the order of time within a partition, so no column that changes needs an
-- index. Each module whose lists take `updatedSince` has the same four things for the gateway.

CREATE FUNCTION api.show_changes(module text, changed text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE VIEW %I.api_head AS SELECT part FROM %I.partition_head', module, module);
	-- What an event may have changed; whether it was the last one to do so is told by the rows.
	EXECUTE format('CREATE VIEW %I.api_change AS SELECT part, seq, at, %s AS subjects FROM %I.event_log e', module, changed, module);
	-- The number of the first event of that time or later, found by halving: times do not fall from event to event.
	EXECUTE format($sql$
		CREATE FUNCTION %1$I.log_from(its_part integer, since timestamptz) RETURNS bigint
			LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $body$
		DECLARE
			low bigint := 1;
			high bigint := (SELECT h.log_seq + 1 FROM %1$I.partition_head h WHERE h.part = its_part);
			middle bigint;
		BEGIN
			WHILE low < high LOOP
				middle := (low + high) / 2;
				IF (SELECT e.at FROM %1$I.event_log e WHERE e.part = its_part AND e.seq = middle) >= since THEN
					high := middle;
				ELSE
					low := middle + 1;
				END IF;
			END LOOP;
			RETURN low;
		END $body$ $sql$, module);
	-- No event that is not in the log yet is of before this time: every partition is that far, by its last event or Tick. Ten seconds less, for clocks
	-- of brokers and of the Ticks' sender that differ.
	EXECUTE format($sql$
		CREATE FUNCTION %1$I.as_of() RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $body$
			SELECT date_trunc('milliseconds', min(coalesce(greatest(h.tick_at,
				(SELECT e.at FROM %1$I.event_log e WHERE e.part = h.part AND e.seq = h.log_seq)), 'epoch'))) - interval '10 s'
			FROM %1$I.partition_head h;
		$body$ $sql$, module);
	EXECUTE format('REVOKE EXECUTE ON FUNCTION %1$I.log_from(integer, timestamptz), %1$I.as_of() FROM PUBLIC', module);
	EXECUTE format('GRANT EXECUTE ON FUNCTION %1$I.log_from(integer, timestamptz), %1$I.as_of() TO dcs_api', module);
	EXECUTE format('GRANT SELECT ON %1$I.api_head, %1$I.api_change TO dcs_api', module);
END $$;
REVOKE EXECUTE ON FUNCTION api.show_changes(text, text) FROM PUBLIC;

SELECT api.show_changes('customers', 'ARRAY[e.subject]'), api.show_changes('debts', 'ARRAY[e.subject]');

-- An event about the customer himself is a withdrawal, which changes the messages that it takes back.
SELECT api.show_changes('communications', 'CASE WHEN e.subject <> e.key THEN ARRAY[e.subject] ELSE ARRAY(SELECT c.communication_id
	FROM communications.communication c WHERE c.customer_id = e.key AND c.updated_seq = e.seq) END');
