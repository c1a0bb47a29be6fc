-- The tables every command module has, for the engine (lib/worker; design.md 4), and every reader of events.
-- One definition: a module's migration calls dcs_create_module('debts').

CREATE FUNCTION dcs_create_module(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE SCHEMA %I', module);

	-- Who may write a partition, and how far it is. One row a partition of the command topic, made when it is first claimed.
	EXECUTE format($sql$
		CREATE TABLE %1$I.partition_head (
			part          integer PRIMARY KEY CHECK (part >= 0),
			epoch         bigint NOT NULL,             -- +1 with every claim: an older owner can no longer write
			owner         text NOT NULL,
			next_offset   bigint NOT NULL,             -- the next command to read
			last_digest   bytea,                       -- of the record before it: the topic is still the one we read (resume proof)
			last_id       uuid,                        -- the highest command id so far: a higher one needs no look-up for duplicates
			log_seq       bigint NOT NULL,             -- last seq of event_log
			log_hash      bytea NOT NULL,              -- its hash
			tick_at       timestamptz,                 -- the last Tick
			business_date date,                        -- the last Tick's
			tick_cursor   bigint,                      -- a Tick is being worked off: parked commands up to this offset are done
			state         text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'halted')),
			reason        text                         -- why it is halted
		) WITH (fillfactor = 50)$sql$, module);

	-- Every event, in order, chained: hash = SHA-256(hash of seq - 1 || row), see lib/worker/chain.h. Append-only. What is published to Kafka is a copy of it.
	EXECUTE format($sql$
		CREATE TABLE %1$I.event_log (
			part           integer NOT NULL,
			seq            bigint NOT NULL,            -- 1, 2, 3 ... in the partition
			event_id       uuid NOT NULL,
			schema_id      integer NOT NULL,
			key            uuid NOT NULL,              -- the customer: the record key
			subject        uuid NOT NULL,              -- the aggregate
			command_id     uuid NOT NULL,              -- the cause
			correlation_id uuid NOT NULL,
			at             timestamptz NOT NULL,
			command_offset bigint NOT NULL,            -- where the cause stood in the command topic
			command_digest bytea,                      -- of the cause's content; not null on the event that is the answer to it (its first)
			body           bytea NOT NULL,             -- framed Avro, as published
			hash           bytea NOT NULL,
			traceparent    text,
			PRIMARY KEY (part, seq)
		)$sql$, module);
	-- Exactly one answer to a command (P1).
	EXECUTE format('CREATE UNIQUE INDEX event_log_answer ON %I.event_log (command_id) WHERE command_digest IS NOT NULL', module);

	-- Commands that cannot be decided yet (wait), or that broke our code (bug), and those of the same key behind them.
	EXECUTE format($sql$
		CREATE TABLE %1$I.parked (
			part           integer NOT NULL,
			command_offset bigint NOT NULL,
			key            uuid NOT NULL,
			command_id     uuid NOT NULL,
			kind           text NOT NULL CHECK (kind IN ('wait', 'bug', 'behind')),
			reason         text NOT NULL,
			since          timestamptz NOT NULL,       -- broker time of the record
			released       boolean NOT NULL DEFAULT false, -- a bug's command, let go by hand: tried at the next Tick
			actor          text NOT NULL,
			roles          integer NOT NULL,
			digest         bytea NOT NULL,
			correlation_id uuid NOT NULL,
			expires        timestamptz,
			traceparent    text,
			value          bytea NOT NULL,
			PRIMARY KEY (part, command_offset)
		)$sql$, module);

	-- Records that were never commands of anybody: undecodable, unauthorised ... with their original bytes.
	EXECUTE format($sql$
		CREATE TABLE %1$I.dead_letter (
			part           integer NOT NULL,
			command_offset bigint NOT NULL,
			code           text NOT NULL,
			reason         text NOT NULL,
			at             timestamptz NOT NULL,
			key            bytea,
			value          bytea,
			headers        bytea NOT NULL,             -- names and values with their lengths, see lib/worker/dead_letter.h
			published      boolean NOT NULL DEFAULT false,
			replayed_at    timestamptz,
			PRIMARY KEY (part, command_offset)
		)$sql$, module);
	EXECUTE format('CREATE INDEX dead_letter_unpublished ON %I.dead_letter (part, command_offset) WHERE NOT published', module);
END $$;

CREATE FUNCTION dcs_create_reader(reader text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', reader);
	-- How far a reader is in each events topic; moves in the transaction of what it writes.
	EXECUTE format($sql$
		CREATE TABLE %1$I.reader_head (
			module      text NOT NULL,
			part        integer NOT NULL CHECK (part >= 0),
			epoch       bigint NOT NULL,
			owner       text NOT NULL,
			next_offset bigint NOT NULL,
			last_seq    bigint NOT NULL,
			last_hash   bytea NOT NULL,
			state       text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'halted')),
			reason      text,
			PRIMARY KEY (module, part)
		) WITH (fillfactor = 50)$sql$, reader);
END $$;
