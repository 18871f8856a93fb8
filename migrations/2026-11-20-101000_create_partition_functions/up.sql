-- Partitions are made ahead by the running program through ensure_partitions(); drop_partitions() is there for an
-- operator until the program drops old ones by itself.

CREATE FUNCTION ensure_partitions(parent text, unit text, first_day date, last_day date) RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = openslot, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  step      interval := ('1 ' || unit)::interval;
  part_from timestamptz := date_trunc(unit, first_day::timestamptz);
  part_name text;
  made      integer := 0;
BEGIN
  IF parent NOT IN ('slots', 'changes', 'audit_events') OR unit NOT IN ('day', 'month') THEN
    RAISE EXCEPTION 'unknown parent or unit' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM pg_advisory_xact_lock(2, 0);
  WHILE part_from <= last_day LOOP
    part_name := parent || '_' || to_char(part_from, CASE unit WHEN 'day' THEN 'YYYYMMDD' ELSE 'YYYYMM' END);
    IF to_regclass(format('openslot.%I', part_name)) IS NULL THEN
      EXECUTE format('CREATE TABLE openslot.%I (LIKE openslot.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', part_name, parent);
      IF parent = 'slots' THEN
        EXECUTE format('ALTER TABLE openslot.%I SET (fillfactor = 90)', part_name);
      END IF;
      EXECUTE format('ALTER TABLE openslot.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part_name);
      EXECUTE format('ALTER TABLE openslot.%I ATTACH PARTITION openslot.%I FOR VALUES FROM (%L) TO (%L)',
                     parent, part_name, part_from, part_from + step);
      made := made + 1;
    END IF;
    part_from := part_from + step;
  END LOOP;
  RETURN made;
END $$;
COMMENT ON FUNCTION ensure_partitions(text, text, date, date) IS
  'Makes the missing partitions of a range and returns how many. CREATE and ATTACH take only a weak lock on the parent. A partition has forced row-level security and no policy: it can be reached through its parent only.';
REVOKE ALL ON FUNCTION ensure_partitions(text, text, date, date) FROM PUBLIC;

CREATE FUNCTION ensure_partitions() RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = openslot, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  today     date := current_date;
  this_time date := present()::date;
BEGIN
  RETURN ensure_partitions('changes', 'day', today, today + 8)
       + ensure_partitions('audit_events', 'month', today, (today + interval '3 months')::date)
       + ensure_partitions('slots', 'month', (this_time - interval '1 month')::date, (this_time + interval '14 months')::date);
END $$;
COMMENT ON FUNCTION ensure_partitions() IS
  'Makes every partition that the coming days need and returns how many were missing. Runs as the owner, so that nobody who serves requests needs a right to change the schema. Run at start and hourly; safe to run at the same time from many processes.';
REVOKE ALL ON FUNCTION ensure_partitions() FROM PUBLIC;

CREATE FUNCTION drop_partitions() RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = openslot, pg_temp SET timezone = 'UTC' SET lock_timeout = '1s' AS $$
DECLARE
  old     text;
  dropped integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(2, 0);
  FOR old IN
    SELECT part.relname
    FROM pg_inherits AS i
    JOIN pg_class AS part ON part.oid = i.inhrelid
    JOIN pg_class AS parent ON parent.oid = i.inhparent AND parent.relnamespace = 'openslot'::regnamespace
    WHERE (parent.relname = 'changes' AND part.relname < 'changes_' || to_char(current_date - 8, 'YYYYMMDD'))
       OR (parent.relname = 'audit_events'
           AND part.relname < 'audit_events_' || to_char(current_date - interval '7 years', 'YYYYMM'))
    ORDER BY part.relname
  LOOP
    EXECUTE format('DROP TABLE openslot.%I', old);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END $$;
COMMENT ON FUNCTION drop_partitions() IS
  'Drops changes older than 8 days and audit older than 7 years, and returns how many partitions went. Gives up after a second when somebody reads the parent for long: the next run does it.';
REVOKE ALL ON FUNCTION drop_partitions() FROM PUBLIC;
