-- The peer's tables (README.md): one index each, no promise that is not needed to be right once. fillfactor and autovacuum as ours.
CREATE SCHEMA peer;

CREATE TABLE peer.debt (
	debt_id         uuid PRIMARY KEY,
	customer_id     uuid NOT NULL,
	creditor_id     uuid NOT NULL,
	version         bigint NOT NULL,
	principal_minor bigint NOT NULL CHECK (principal_minor >= 0),
	interest_minor  bigint NOT NULL CHECK (interest_minor >= 0),
	cost_minor      bigint NOT NULL CHECK (cost_minor >= 0),
	credit_minor    bigint NOT NULL CHECK (credit_minor >= 0),
	opened_on       date NOT NULL,
	due_on          date NOT NULL,
	currency        text COLLATE "C" NOT NULL,
	external_ref    text COLLATE "C" NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE peer.event (
	part        integer NOT NULL,
	kind        smallint NOT NULL,
	seq         bigint NOT NULL,
	at          timestamptz NOT NULL,
	command_id  uuid PRIMARY KEY, -- a command is applied once, also when its producer sends it twice
	customer_id uuid NOT NULL, -- the key in Kafka
	body        bytea NOT NULL
);

CREATE TABLE peer.entry (
	part            integer NOT NULL,
	seq             bigint NOT NULL,
	debt_id         uuid NOT NULL,
	command_id      uuid NOT NULL,
	cash_minor      bigint NOT NULL, -- or what the creditor claims
	principal_minor bigint NOT NULL,
	interest_minor  bigint NOT NULL,
	cost_minor      bigint NOT NULL,
	credit_minor    bigint NOT NULL,
	PRIMARY KEY (part, seq),
	CHECK (cash_minor + principal_minor + interest_minor + cost_minor + credit_minor = 0)
);

CREATE TABLE peer.payment (
	payment_id   uuid PRIMARY KEY,
	debt_id      uuid NOT NULL,
	customer_id  uuid NOT NULL,
	amount_minor bigint NOT NULL CHECK (amount_minor > 0),
	received_on  date NOT NULL,
	currency     text COLLATE "C" NOT NULL,
	source       text COLLATE "C" NOT NULL,
	external_ref text COLLATE "C" NOT NULL
);

-- Moves in the transaction of what was read: each offset is applied once.
CREATE TABLE peer.position (
	part        integer PRIMARY KEY,
	owner       integer,
	next_offset bigint NOT NULL DEFAULT 0,
	log_seq     bigint NOT NULL DEFAULT 0,
	highest_id  uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000'
) WITH (fillfactor = 10);
INSERT INTO peer.position (part) SELECT generate_series(0, 5);
