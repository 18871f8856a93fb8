-- One row for each membership and one for each patient the user is; one row of nulls when there is neither.
WITH input AS MATERIALIZED (SELECT $1::text AS issuer, $2::text AS subject)
SELECT m.user_id, m.organization_id, m.role, m.location_id, NULL::uuid AS patient_id, m.provider_id
FROM input, openslot.resolve_memberships(input.issuer, input.subject) AS m
UNION ALL
SELECT u.user_id, p.organization_id, 'PATIENT', NULL, p.patient_id, NULL
FROM input, openslot.resolve_patients(input.issuer, input.subject) AS p
CROSS JOIN LATERAL (
  SELECT DISTINCT m.user_id FROM openslot.resolve_memberships(input.issuer, input.subject) AS m) AS u
