-- The words every later migration uses: whose rows are visible, what time it is, and how a write begins.
--
-- Rules that hold for the whole schema:
--  * Ids are UUID version 7 made by the application. Instants are timestamptz, spans are half-open.
--  * Every organization-owned table carries organization_id, has forced row-level security, and its foreign keys
--    include organization_id, so that a row can never point into another organization.
--  * Closed word lists are text with a CHECK, not enum types: the equality of text is leakproof, that of enums is
--    not, and under row-level security only leakproof operators reach an index.
--  * For the same reason queries compare scalar columns (blocked_from, blocked_until); tstzrange and its && live
--    only inside the exclusion constraint, which row-level security does not slow down.
--  * Columns whose name ends in _enc hold protected health information, encrypted by the application.

CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA openslot;

CREATE FUNCTION current_organization_id() RETURNS uuid
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN NULLIF(current_setting('openslot.organization_id', true), '')::uuid;
COMMENT ON FUNCTION current_organization_id() IS
  'Organization of the running transaction; NULL, and so no row at all, where none was set. A transaction-local setting turns to an empty string, not to NULL, when its transaction ends: hence NULLIF.';

CREATE FUNCTION present() RETURNS timestamptz
  LANGUAGE sql STABLE PARALLEL SAFE
  RETURN statement_timestamp();
COMMENT ON FUNCTION present() IS
  'The instant every deadline is compared with. The clock of the database, so that replicas cannot disagree; of the statement, because now() is older than the wait for a lock. Databases made for tests replace it by a clock that stands still.';

-- In plpgsql because a SQL function with more than one expression is planned anew in every statement.
CREATE FUNCTION instant_before(instant timestamptz, span interval, zone text) RETURNS timestamptz
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  days  interval := extract(day FROM span)::integer * interval '1 day';
  local timestamp;
  late  timestamptz;
  early timestamptz;
BEGIN
  IF days = interval '0' THEN
    RETURN instant - span;
  END IF;
  local := (instant AT TIME ZONE zone) - days;
  late := local AT TIME ZONE zone;
  -- The same local time with the offset of a day earlier: another instant only where the clock shows it twice.
  early := late - ((late - interval '24 hours') AT TIME ZONE zone - (local - interval '24 hours'));
  IF early < late AND early AT TIME ZONE zone = local THEN
    RETURN early - (span - days);
  END IF;
  RETURN late - (span - days);
END $$;
COMMENT ON FUNCTION instant_before(timestamptz, interval, text) IS
  'The instant that lies span before another: whole days by the calendar of the zone, the rest by elapsed time. A local time that the clock shows twice means its first instant; one that it skips is read with the offset before the gap.';

CREATE FUNCTION enter(organization uuid, ids uuid[]) RETURNS void
  LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  subject integer;
BEGIN
  IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
    RAISE EXCEPTION 'enter() comes before the first write of a transaction'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  PERFORM set_config('openslot.organization_id', organization::text, true);
  FOR subject IN SELECT DISTINCT uuid_hash(id) AS hash FROM unnest(ids) AS id WHERE id IS NOT NULL ORDER BY hash LOOP
    PERFORM pg_advisory_xact_lock(1, subject);
  END LOOP;
END $$;
COMMENT ON FUNCTION enter(uuid, uuid[]) IS
  'First call of every transaction: sets whose rows are visible, and waits for the subjects that will be written about (providers, patients, resources, idempotency keys folded to a uuid), always in one order, so that nobody deadlocks. A transaction so gets its xid behind its locks; the safe watermark of the change log rests on that, hence the refusal.';
