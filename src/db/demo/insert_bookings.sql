-- Adds bookings of one schedule with what they occupy. Their services have no buffers, no resources and one seat.
-- $1 organization, $2 provider, $3 schedule, $4 location, $5 principal, $6 its role, $7 ids, $8 references, $9 patients,
-- $10 services, $11 slots, $12 starts of the slots.
WITH visits AS MATERIALIZED (
  SELECT $1::uuid AS organization_id, $2::uuid AS provider_id, $3::uuid AS schedule_id, $4::uuid AS location_id,
         $5::text AS principal, $6::text AS role, given.*, s.modality, l.time_zone,
         given.starts_at + s.duration_minutes * interval '1 minute' AS ends_at,
         coalesce(s.cancellation_notice, o.cancellation_notice) AS cancellation_notice,
         coalesce(s.late_cancellation, o.late_cancellation) AS late_cancellation,
         coalesce(s.reschedule_limit, o.reschedule_limit) AS reschedule_limit
  FROM unnest($7::uuid[], $8::text[], $9::uuid[], $10::uuid[], $11::uuid[], $12::timestamptz[])
    AS given (id, reference, patient_id, service_id, slot_id, starts_at)
  JOIN openslot.organizations AS o ON o.id = $1::uuid
  JOIN openslot.locations AS l ON l.organization_id = $1::uuid AND l.id = $4::uuid
  JOIN openslot.services AS s ON s.organization_id = $1::uuid AND s.id = given.service_id
), occupied AS (
  INSERT INTO openslot.occupancies (organization_id, subject_id, subject_kind, owner_id, claim_id, visit_starts_at,
    visit_ends_at, blocked_from, blocked_until)
  SELECT v.organization_id, subject.id, subject.kind, v.id, v.id, v.starts_at, v.ends_at, v.starts_at, v.ends_at
  FROM visits AS v
  CROSS JOIN LATERAL (VALUES (v.provider_id, 'PROVIDER'), (v.patient_id, 'PATIENT')) AS subject (id, kind)
)
INSERT INTO openslot.bookings (id, organization_id, reference, provider_id, service_id, schedule_id, location_id, patient_id,
  slot_id, starts_at, ends_at, time_zone, modality, status, booked_by, booked_by_role, cancellation_notice,
  late_cancellation, reschedule_limit)
SELECT v.id, v.organization_id, v.reference, v.provider_id, v.service_id, v.schedule_id, v.location_id, v.patient_id,
       v.slot_id, v.starts_at, v.ends_at, v.time_zone, v.modality, 'BOOKED', v.principal, v.role, v.cancellation_notice,
       v.late_cancellation, v.reschedule_limit
FROM visits AS v
