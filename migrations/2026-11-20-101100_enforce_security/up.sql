-- Who may see and change what.
--
-- Login roles join the groups openslot_app, openslot_worker and openslot_readonly. The scalar subselect in the policies
-- makes the setting an InitPlan, read once per statement instead of once per row or per inner loop of a LATERAL join.

DO $$
DECLARE
  owned text;
BEGIN
  FOR owned IN
    SELECT c.relname FROM pg_class AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'organization_id' AND NOT a.attisdropped
    WHERE c.relnamespace = 'openslot'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    ORDER BY c.relname
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', owned);
    EXECUTE format('CREATE POLICY own_organization ON %I USING (organization_id = (SELECT current_organization_id()))', owned);
    EXECUTE format('CREATE POLICY every_organization ON %I TO openslot_worker USING (true) WITH CHECK (true)', owned);
  END LOOP;
END $$;
ALTER TABLE organizations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON organizations USING (id = (SELECT current_organization_id()));
CREATE POLICY every_organization ON organizations TO openslot_worker USING (true) WITH CHECK (true);

GRANT USAGE ON SCHEMA openslot TO openslot_app, openslot_worker, openslot_readonly;
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
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO openslot_app, openslot_worker', parent);
    EXECUTE format('GRANT SELECT ON %I TO openslot_readonly', parent);
  END LOOP;
END $$;
-- Nobody who serves requests changes what was recorded, nor reads keys for a report.
REVOKE UPDATE ON audit_events, changes, audit_seals, erasure_tombstones, booking_status_transitions, change_log
  FROM openslot_app, openslot_worker;
REVOKE INSERT ON booking_status_transitions, change_log FROM openslot_app, openslot_worker;
REVOKE INSERT ON audit_seals, holidays FROM openslot_app;
REVOKE UPDATE ON holidays FROM openslot_app;
-- These two belong to no organization, so no policy guards them: people are found through the resolvers alone.
REVOKE SELECT, UPDATE ON users FROM openslot_app;
REVOKE UPDATE ON revocations FROM openslot_app;
REVOKE SELECT ON users, revocations FROM openslot_readonly;
REVOKE SELECT ON patient_keys, api_keys, webhook_endpoints, idempotency_keys FROM openslot_readonly;
GRANT DELETE ON occupancies, idempotency_keys, provider_traits, schedule_services, service_requirements, service_resources,
  service_visit_parts, service_visit_part_members, availability_exceptions, booking_participants, intake_answers,
  webhook_endpoints, webhook_deliveries TO openslot_app;
GRANT DELETE ON occupancies, idempotency_keys, revocations, slots, holds, webhook_deliveries TO openslot_worker;
GRANT EXECUTE ON FUNCTION ensure_partitions() TO openslot_app, openslot_worker;
GRANT EXECUTE ON FUNCTION drop_partitions() TO openslot_worker;
