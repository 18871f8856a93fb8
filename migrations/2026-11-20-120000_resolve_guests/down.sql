COMMENT ON COLUMN access_changes.principal IS 'Kind (user or key), a colon, and the id.';
DROP FUNCTION resolve_guest(uuid, uuid);
DROP POLICY resolver ON bookings;
REVOKE SELECT (organization_id, patient_id, ends_at, status, cancelled_at) ON bookings FROM openslot_resolver;
REVOKE SELECT (is_guest) ON patients FROM openslot_resolver;
