-- Why a slot cannot be booked for a service and a patient: every rule that says no.
--
--  $1 organization   $2 slot   $3 the slot's start, as its id tells   $4 service   $5 patient or NULL   $6 first visit?
--
-- Locks nothing; behind the locks of a refused booking it sees what the booking saw. One row, of booleans but for the last;
-- none true: nothing stands in the way (any more). Strongest first:
--   is_unknown                   there is no such slot or service here
--   is_retired                   slot, schedule, provider, location or service is out of use
--   is_not_offered               the schedule does not offer the service
--   is_past                      the slot has started
--   is_too_soon, is_too_far      inside the minimum notice, beyond the maximum advance
--   is_closed_to_new_patients    the provider takes no new patients
--   is_full                      a group session without a seat left
--   is_taken                     somebody else has the time, held or booked
--   is_blocked                   open time is missing, or a buffer is in the way
--   is_resource_busy             too few of the listed resources of some requirement are free
--   is_patient_busy              the patient has another visit then
--   free_at                      when the hold in the way lapses, if only a hold is
WITH input AS MATERIALIZED (
  SELECT $1::uuid AS organization_id, $2::uuid AS slot_id, $4::uuid AS service_id, $5::uuid AS patient_id,
         $6::boolean AS is_new_patient
), target AS MATERIALIZED (
  SELECT i.*, s.provider_id, s.schedule_id, s.starts_at, v.capacity, visit.time_zone, v.minimum_notice, v.maximum_advance,
         s.status IN ('RETIRED', 'ENTERED_IN_ERROR') OR num_nonnulls(g.retired_at, l.retired_at, p.retired_at, v.retired_at) > 0
           AS is_retired,
         s.starts_at + visit.length AS ends_at,
         s.starts_at - v.buffer_before_minutes * interval '1 minute' AS blocked_from,
         s.starts_at - v.buffer_before_minutes * interval '1 minute' - interval '32 hours' AS taken_from,
         s.starts_at + visit.length + v.buffer_after_minutes * interval '1 minute' AS blocked_until,
         i.is_new_patient AND NOT p.accepts_new_patients AS is_closed_to_new_patients
  FROM input AS i
  JOIN slots AS s ON s.organization_id = i.organization_id AND s.id = i.slot_id AND s.starts_at = $3::timestamptz
  JOIN schedules AS g ON g.organization_id = s.organization_id AND g.id = s.schedule_id
  JOIN locations AS l ON l.organization_id = g.organization_id AND l.id = g.location_id
  JOIN providers AS p ON p.organization_id = s.organization_id AND p.id = s.provider_id
  JOIN services AS v ON v.organization_id = i.organization_id AND v.id = i.service_id
  CROSS JOIN LATERAL (
    SELECT CASE WHEN i.is_new_patient THEN coalesce(v.new_patient_minutes, v.duration_minutes) ELSE v.duration_minutes END
             * interval '1 minute' AS length,
           CASE v.modality WHEN 'IN_PERSON' THEN l.time_zone ELSE coalesce(p.time_zone, l.time_zone) END AS time_zone
  ) AS visit
), asked AS MATERIALIZED (
  SELECT t.provider_id AS id, t.blocked_from, t.blocked_until, t.taken_from FROM target AS t
  UNION ALL
  SELECT t.patient_id, t.starts_at, t.ends_at, t.taken_from FROM target AS t
  UNION ALL
  SELECT r.resource_id, t.blocked_from, t.blocked_until, t.taken_from
  FROM target AS t
  JOIN service_resources AS r ON r.organization_id = t.organization_id AND r.service_id = t.service_id
), rivals AS MATERIALIZED (
  SELECT DISTINCT a.id, o.visit_starts_at, o.visit_ends_at, o.expires_at
  FROM asked AS a
  CROSS JOIN target AS t
  JOIN occupancies AS o ON o.subject_id = a.id
    AND o.blocked_from > a.taken_from AND o.blocked_from < a.blocked_until AND o.blocked_until > a.blocked_from
  WHERE (o.expires_at IS NULL OR o.expires_at > present()) AND NOT (t.capacity > 1 AND o.claim_id = t.slot_id)
), open AS MATERIALIZED (
  -- The visit's cells of its own schedule that are not closed: together they must cover it.
  SELECT min(c.starts_at) = t.starts_at AND sum(c.ends_at - c.starts_at) >= t.ends_at - t.starts_at AS is_covered
  FROM target AS t
  JOIN slots AS c ON c.organization_id = t.organization_id AND c.provider_id = t.provider_id AND c.schedule_id = t.schedule_id
    AND c.starts_at < t.ends_at AND c.ends_at > t.starts_at AND NOT c.is_closed
    AND c.status NOT IN ('RETIRED', 'ENTERED_IN_ERROR')
    AND c.starts_at > $3::timestamptz - interval '4 hours' AND c.starts_at < $3::timestamptz + interval '24 hours'
  GROUP BY t.starts_at, t.ends_at
), shut AS MATERIALIZED (
  -- Cells that no live claim explains: blocked by hand or by a rule.
  SELECT count(*) > 0 AS is_shut
  FROM target AS t
  JOIN slots AS c ON c.organization_id = t.organization_id AND c.provider_id = t.provider_id AND c.schedule_id = t.schedule_id
    AND c.starts_at < t.ends_at AND c.ends_at > t.starts_at AND c.status = 'BUSY_UNAVAILABLE'
    AND c.starts_at > $3::timestamptz - interval '4 hours' AND c.starts_at < $3::timestamptz + interval '24 hours'
), seats AS MATERIALIZED (
  SELECT count(*) AS taken, min(o.expires_at) AS first_lapse
  FROM target AS t
  JOIN occupancies AS o ON o.subject_id = t.provider_id AND o.claim_id = t.slot_id AND o.seat IS NOT NULL
  WHERE t.capacity > 1 AND (o.expires_at IS NULL OR o.expires_at > present())
), provider_rivals AS MATERIALIZED (
  SELECT bool_or(r.visit_starts_at < t.ends_at AND r.visit_ends_at > t.starts_at) AS is_visit, count(*) > 0 AS is_any,
         CASE WHEN bool_and(r.expires_at IS NOT NULL) THEN max(r.expires_at) END AS lapses_at
  FROM target AS t JOIN rivals AS r ON r.id = t.provider_id
), scarce AS MATERIALIZED (
  SELECT count(*) > 0 AS is_scarce
  FROM target AS t
  JOIN service_requirements AS q ON q.organization_id = t.organization_id AND q.service_id = t.service_id
  WHERE (SELECT count(*) FROM service_resources AS f
         JOIN resources AS x ON x.organization_id = f.organization_id AND x.id = f.resource_id AND x.retired_at IS NULL
         WHERE f.organization_id = t.organization_id AND f.service_id = t.service_id AND f.number = q.number
           AND NOT EXISTS (SELECT FROM rivals AS r WHERE r.id = f.resource_id))
      -- A list that stands for several requirements must have that many free.
      < (SELECT count(*) FROM service_requirements AS same
         WHERE same.organization_id = t.organization_id AND same.service_id = t.service_id AND same.number <= q.number
           AND NOT EXISTS (SELECT f.resource_id FROM service_resources AS f
                           WHERE f.organization_id = t.organization_id AND f.service_id = t.service_id AND f.number = same.number
                           EXCEPT
                           SELECT f.resource_id FROM service_resources AS f
                           WHERE f.organization_id = t.organization_id AND f.service_id = t.service_id AND f.number = q.number))
)
SELECT t.slot_id IS NULL AS is_unknown,
       t.is_retired IS TRUE AS is_retired,
       t.slot_id IS NOT NULL AND NOT EXISTS (
         SELECT FROM schedule_services AS o WHERE o.organization_id = t.organization_id AND o.schedule_id = t.schedule_id
           AND o.service_id = t.service_id) AS is_not_offered,
       (t.starts_at < present()) IS TRUE AS is_past,
       (instant_before(t.starts_at, t.minimum_notice, t.time_zone) < present()) IS TRUE AS is_too_soon,
       (instant_before(t.starts_at, t.maximum_advance, t.time_zone) > present()) IS TRUE AS is_too_far,
       t.is_closed_to_new_patients IS TRUE AS is_closed_to_new_patients,
       (t.capacity > 1 AND seats.taken >= t.capacity) IS TRUE AS is_full,
       r.is_visit IS TRUE AS is_taken,
       (t.slot_id IS NOT NULL AND open.is_covered IS NOT TRUE) OR (r.is_any AND r.is_visit IS NOT TRUE)
         OR (shut.is_shut AND NOT r.is_any) AS is_blocked,
       scarce.is_scarce AS is_resource_busy,
       EXISTS (SELECT FROM rivals AS x WHERE x.id = t.patient_id) AS is_patient_busy,
       coalesce(r.lapses_at, CASE WHEN t.capacity > 1 AND seats.taken >= t.capacity THEN seats.first_lapse END) AS free_at
FROM input AS i
LEFT JOIN target AS t ON true
LEFT JOIN open ON true
CROSS JOIN shut
CROSS JOIN seats
CROSS JOIN provider_rivals AS r
CROSS JOIN scarce
