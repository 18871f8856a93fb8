-- One row for each member and each patient that the user is, or one of nulls; every row says who the user is, from when
-- their tokens are good, and whether an invitation waits for the address.
WITH input AS MATERIALIZED (SELECT $1::text AS issuer, $2::text AS subject, $3::text AS email)
SELECT m.user_id, m.tokens_valid_from, m.is_invited, m.organization_id, m.member_id, m.member_valid_from,
       m.role, m.locations, m.provider_id,
       m.is_seen, NULL::uuid AS patient_id
FROM input, openslot.resolve_members(input.issuer, input.subject, input.email) AS m
UNION ALL
SELECT NULL, NULL, false, p.organization_id, NULL, NULL, 'PATIENT', '{}', NULL, true, p.patient_id
FROM input, openslot.resolve_patients(input.issuer, input.subject) AS p
