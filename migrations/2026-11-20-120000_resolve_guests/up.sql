-- Guests: people who book without an account. Their token names the patient they were made, and this says until when it
-- is good.

GRANT USAGE, CREATE ON SCHEMA openslot TO openslot_resolver;
GRANT SELECT (is_guest) ON patients TO openslot_resolver;
GRANT SELECT (organization_id, patient_id, ends_at, status, cancelled_at) ON bookings TO openslot_resolver;
CREATE POLICY resolver ON bookings FOR SELECT TO openslot_resolver USING (current_user = 'openslot_resolver');

CREATE FUNCTION resolve_guest(asked_organization uuid, asked_patient uuid) RETURNS TABLE (expires_at timestamptz)
  LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = openslot, pg_temp AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    SELECT last.expires_at
    FROM patients AS p
    JOIN organizations AS o ON o.id = p.organization_id AND o.suspended_at IS NULL
    CROSS JOIN LATERAL (SELECT greatest(max(b.ends_at) FILTER (WHERE b.status <> 'CANCELLED') + interval '30 days',
                             max(b.cancelled_at) + interval '1 day') AS expires_at FROM bookings AS b
                        WHERE b.organization_id = p.organization_id AND b.patient_id = p.id) AS last
    WHERE p.organization_id = asked_organization AND p.id = asked_patient
      AND p.is_guest AND p.user_id IS NULL AND p.erased_at IS NULL AND last.expires_at > present();
END $$;
COMMENT ON FUNCTION resolve_guest(uuid, uuid) IS
  'Until when the token of a guest is good: 30 days after the end of their last booking, or a day after they cancelled it; no row when it has ended, they were erased, or they signed up.';

REVOKE ALL ON FUNCTION resolve_guest(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION resolve_guest(uuid, uuid) TO openslot_app;
ALTER FUNCTION resolve_guest(uuid, uuid) OWNER TO openslot_resolver;
REVOKE CREATE ON SCHEMA openslot FROM openslot_resolver;
COMMENT ON COLUMN access_changes.principal IS 'Kind (user, key or guest), a colon, and the id.';
