REVOKE EXECUTE ON FUNCTION drop_partitions() FROM openslot_worker;
REVOKE EXECUTE ON FUNCTION ensure_partitions() FROM openslot_app, openslot_worker;
DO $$
DECLARE
  parent text;
BEGIN
  FOR parent IN
    SELECT c.relname FROM pg_class AS c
    WHERE c.relnamespace = 'openslot'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND NOT starts_with(c.relname, '__diesel')
    ORDER BY c.relname
  LOOP
    EXECUTE format('REVOKE ALL ON %I FROM openslot_app, openslot_worker, openslot_readonly', parent);
  END LOOP;
END $$;
REVOKE USAGE ON SCHEMA openslot FROM openslot_app, openslot_worker, openslot_readonly;
DO $$
DECLARE
  owned text;
BEGIN
  FOR owned IN
    SELECT c.relname FROM pg_class AS c
    JOIN pg_policy AS p ON p.polrelid = c.oid AND p.polname = 'every_organization'
    WHERE c.relnamespace = 'openslot'::regnamespace
    ORDER BY c.relname
  LOOP
    EXECUTE format('DROP POLICY every_organization ON %I', owned);
    EXECUTE format('DROP POLICY own_organization ON %I', owned);
    EXECUTE format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY', owned);
  END LOOP;
END $$;
