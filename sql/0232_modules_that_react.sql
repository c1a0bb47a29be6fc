-- A module that reacts follows the events of other modules and sends commands to other modules (lib/worker/follow.h, sender.h).
-- Its migration calls dcs_create_reaction after dcs_create_module. No other module has these tables.

CREATE FUNCTION dcs_create_reaction(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	-- How far the events of another module are answered. One row a partition and followed module, made with the first event. It
	-- moves in the transaction of the answers, which has locked the row of partition_head.
	EXECUTE format($sql$
		CREATE TABLE %1$I.followed_head (
			part        integer NOT NULL CHECK (part >= 0),
			source      text NOT NULL,                 -- the followed module
			next_offset bigint NOT NULL CHECK (next_offset >= 0),
			last_seq    bigint NOT NULL CHECK (last_seq >= 0),
			last_hash   bytea NOT NULL CHECK (octet_length(last_hash) = 32), -- of the event before it: the next one continues its chain
			PRIMARY KEY (part, source)
		) WITH (fillfactor = 50)$sql$, module);

	-- The commands that event_log sends to other modules up to log_seq are known to be in their topics. It moves with the
	-- partition's next transaction, so some of those behind it are there, too.
	EXECUTE format($sql$
		CREATE TABLE %1$I.sent_head (
			part    integer PRIMARY KEY CHECK (part >= 0),
			log_seq bigint NOT NULL CHECK (log_seq >= 0)
		) WITH (fillfactor = 50)$sql$, module);
	EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %1$I.followed_head, %1$I.sent_head TO %2$I', module, 'dcs_' || module);
END $$;
