-- An erasure ends what the engine keeps of a person's commands in clear, whichever comes first. Parked commands and dead letters stayed as they
-- were, the former until they were decided (one that broke our code: until a person released it), and both when they were written after it.

-- Of a parked command the frame is left, which names its type: it is refused at the next Tick (lib/worker, admit_parked).
CREATE FUNCTION dcs_forget_parked(ids uuid[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
	module text;
BEGIN
	FOR module IN SELECT schemaname FROM pg_tables WHERE tablename = 'parked' ORDER BY 1 LOOP
		EXECUTE format('UPDATE %I.parked SET value = substr(value, 1, 5) WHERE octet_length(value) > 5 AND key = ANY ($1)', module) USING ids;
	END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION dcs_forget_parked(uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION dcs_forget_parked(uuid[]) TO dcs_customers;

-- ---- what is written later ----

-- The lock of erasures (0176): one that is under way is waited for, and one that comes waits for this transaction and finds the row. A
-- module's batch takes it when it writes its first such row, which few batches do; communications has it before.
CREATE FUNCTION dcs_is_erased(id uuid) RETURNS boolean LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	PERFORM pg_advisory_xact_lock_shared(communications.erasure_lock());
	RETURN EXISTS (SELECT FROM customers.customer WHERE customer_id = id AND status = 'erased');
END $$;
REVOKE EXECUTE ON FUNCTION dcs_is_erased(uuid) FROM PUBLIC;

CREATE FUNCTION dcs_write_parked() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	IF public.dcs_is_erased(NEW.key) THEN
		NEW.value := substr(NEW.value, 1, 5);
	END IF;
	RETURN NEW;
END $$;

CREATE FUNCTION dcs_write_kept() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
	IF public.dcs_is_erased(NEW.key) THEN
		NEW.value := NULL;
	END IF;
	RETURN NEW;
END $$;

-- Its key is any bytes: a customer's id only if it is the text of one.
CREATE FUNCTION dcs_write_dead() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
	keyed uuid := CASE WHEN encode(NEW.key, 'escape') ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN encode(NEW.key, 'escape')::uuid END;
BEGIN
	IF public.dcs_is_erased(NEW.about) OR public.dcs_is_erased(keyed) THEN
		NEW.value := NULL;
		NEW.replayed_at := engine.now();
	END IF;
	RETURN NEW;
END $$;
REVOKE EXECUTE ON FUNCTION dcs_write_parked(), dcs_write_kept(), dcs_write_dead() FROM PUBLIC;

CREATE FUNCTION dcs_add_erasures(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TRIGGER forget_parked BEFORE INSERT ON %I.parked FOR EACH ROW EXECUTE FUNCTION public.dcs_write_parked()', module);
	EXECUTE format('CREATE TRIGGER forget_kept BEFORE INSERT ON %I.approval FOR EACH ROW EXECUTE FUNCTION public.dcs_write_kept()', module);
	EXECUTE format('CREATE TRIGGER forget_dead BEFORE INSERT ON %I.dead_letter FOR EACH ROW EXECUTE FUNCTION public.dcs_write_dead()', module);
	EXECUTE format('COMMENT ON COLUMN %I.parked.value IS ''Of an erased person: the frame alone''', module);
END $$;
REVOKE EXECUTE ON FUNCTION dcs_add_erasures(text) FROM PUBLIC;

-- ---- of those who were erased before ----

DO $$
DECLARE
	erased uuid[] := ARRAY(SELECT customer_id FROM customers.customer WHERE status = 'erased');
	module name;
BEGIN
	PERFORM public.dcs_forget_parked(erased), public.dcs_forget_kept(erased), public.dcs_forget_dead_letters(erased);
	FOR module IN SELECT schemaname FROM pg_tables WHERE tablename = 'partition_head' LOOP
		PERFORM dcs_add_erasures(module);
	END LOOP;
END $$;

ALTER FUNCTION dcs_create_module(text) RENAME TO dcs_create_module_before_erasures;
CREATE FUNCTION dcs_create_module(module text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM dcs_create_module_before_erasures(module);
	PERFORM dcs_add_erasures(module);
END $$;
