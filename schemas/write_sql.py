"""The SQL of the messages: a function that gives the schema ids of messages by their names, so that no other SQL has an id in it.

A migration has no ids: an id that a later version gets would not be in it, and rows of that version would be missed. `dcs migrate`
makes the function anew whenever it changed (lib/db/migrate.h). It is IMMUTABLE, for predicates of indexes: a name keeps its ids for
ever and gets more, and of one that is new there is no row yet. It reads no table, because a restored dump makes indexes before rows.
"""
FUNCTION = """DO $$
BEGIN
	IF to_regprocedure('public.dcs_schema_ids(text[])') IS NOT NULL THEN
		IF NOT public.dcs_schema_ids('*') <@ '{%(all)s}' THEN
			RAISE EXCEPTION 'the database has schema ids that this program does not know';
		END IF;
	END IF;
END $$;
CREATE OR REPLACE FUNCTION public.dcs_schema_ids(VARIADIC messages text[]) RETURNS integer[]
	LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
	ids constant jsonb := '{
		"*": "{%(all)s}",
%(rows)s
	}';
	found integer[] := '{}';
	message text;
BEGIN
	FOREACH message IN ARRAY messages LOOP
		IF NOT ids ? message THEN
			RAISE EXCEPTION 'no message is named %%', message;
		END IF;
		found := found || (ids ->> message)::integer[];
	END LOOP;
	RETURN found;
END $$;
COMMENT ON FUNCTION public.dcs_schema_ids(text[]) IS 'Schema ids of the messages of these names, in all versions; *: of all messages';
"""


def ids_of(messages):
    return ",".join(str(version.schema_id) for message in messages for version in message.versions)


def schema_ids_sql(messages):
    messages = sorted(messages, key=lambda message: message.number)
    rows = ",\n".join(f'\t\t"{message.newest.name}": "{{{ids_of([message])}}}"' for message in messages)
    return FUNCTION % {"all": ids_of(messages), "rows": rows}
