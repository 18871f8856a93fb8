-- Starts near a wished one at which the same provider is free for the same service, nearest first.
--
--  $1 organization   $2 provider   $3 service   $4 the wished start   $5 first visit?   $6 patient or NULL   $7 how many
--
-- Locks nothing. Looks 14 days to either side, at most 50 open cells each way, at starts where the whole visit is open,
-- its buffers are free, notice and advance allow it and the patient is free too. Resources are left to the booking.
-- Columns: id, provider, schedule, start, end, status, version, capacity, seats taken, end of the visit.
WITH input AS MATERIALIZED (
  SELECT $1::uuid AS organization_id, $2::uuid AS provider_id, $3::uuid AS service_id, $5::boolean AS is_new_patient,
         $6::uuid AS patient_id, $7::bigint AS count
), offers AS MATERIALIZED (
  SELECT o.schedule_id, v.minimum_notice, v.maximum_advance, visit.*,
         v.buffer_before_minutes * interval '1 minute' AS buffer_before, v.buffer_after_minutes * interval '1 minute' AS buffer_after
  FROM input AS i
  JOIN providers AS p ON p.organization_id = i.organization_id AND p.id = i.provider_id AND p.retired_at IS NULL
    AND (p.accepts_new_patients OR NOT i.is_new_patient)
  JOIN schedules AS g ON g.organization_id = i.organization_id AND g.provider_id = i.provider_id AND g.retired_at IS NULL
  JOIN locations AS l ON l.organization_id = i.organization_id AND l.id = g.location_id AND l.retired_at IS NULL
  JOIN schedule_services AS o ON o.organization_id = i.organization_id AND o.schedule_id = g.id AND o.service_id = i.service_id
  JOIN services AS v ON v.organization_id = i.organization_id AND v.id = i.service_id AND v.retired_at IS NULL
  CROSS JOIN LATERAL (
    SELECT CASE WHEN i.is_new_patient THEN coalesce(v.new_patient_minutes, v.duration_minutes) ELSE v.duration_minutes END
             * interval '1 minute' AS length,
           CASE v.modality WHEN 'IN_PERSON' THEN l.time_zone ELSE coalesce(p.time_zone, l.time_zone) END AS time_zone
  ) AS visit
), cells AS MATERIALIZED (
  (SELECT c.id, c.provider_id, c.schedule_id, c.starts_at, c.ends_at, c.version, c.capacity, c.seats_taken
   FROM input AS i
   JOIN slots AS c ON c.organization_id = i.organization_id AND c.provider_id = i.provider_id
   WHERE c.status IN ('FREE', 'BUSY_TENTATIVE') AND (c.held_until IS NULL OR c.held_until <= present())
     AND c.starts_at >= $4::timestamptz AND c.starts_at < $4::timestamptz + interval '14 days'
   ORDER BY c.starts_at LIMIT 50)
  UNION ALL
  (SELECT c.id, c.provider_id, c.schedule_id, c.starts_at, c.ends_at, c.version, c.capacity, c.seats_taken
   FROM input AS i
   JOIN slots AS c ON c.organization_id = i.organization_id AND c.provider_id = i.provider_id
   WHERE c.status IN ('FREE', 'BUSY_TENTATIVE') AND (c.held_until IS NULL OR c.held_until <= present())
     AND c.starts_at < $4::timestamptz AND c.starts_at >= $4::timestamptz - interval '14 days'
   ORDER BY c.starts_at DESC LIMIT 50)
), taken AS MATERIALIZED (
  SELECT o.subject_id, o.claim_id, o.blocked_from, o.blocked_until
  FROM input AS i
  JOIN occupancies AS o ON o.subject_id IN (i.provider_id, i.patient_id)
  WHERE o.blocked_from > $4::timestamptz - interval '16 days' AND o.blocked_from < $4::timestamptz + interval '16 days'
    AND (o.expires_at IS NULL OR o.expires_at > present())
), runs AS MATERIALIZED (
  -- Cells of one schedule without a hole between them make a run.
  SELECT c.*, max(c.ends_at) OVER (PARTITION BY c.schedule_id, c.run) AS run_ends_at
  FROM (SELECT c.*, count(*) FILTER (WHERE c.is_first) OVER (PARTITION BY c.schedule_id ORDER BY c.starts_at) AS run
        FROM (SELECT c.*, c.starts_at IS DISTINCT FROM lag(c.ends_at) OVER (PARTITION BY c.schedule_id ORDER BY c.starts_at) AS is_first
              FROM cells AS c) AS c) AS c
), starts AS MATERIALIZED (
  SELECT c.*, o.length, o.buffer_before, o.buffer_after, c.starts_at + o.length AS visit_ends_at
  FROM runs AS c
  JOIN offers AS o ON o.schedule_id = c.schedule_id
  WHERE c.run_ends_at >= c.starts_at + o.length AND c.starts_at >= present()
    AND instant_before(c.starts_at, o.minimum_notice, o.time_zone) >= present()
    AND instant_before(c.starts_at, o.maximum_advance, o.time_zone) <= present()
)
SELECT s.id, s.provider_id, s.schedule_id, s.starts_at, s.ends_at, 'FREE'::text AS status, s.version, s.capacity, s.seats_taken,
       s.visit_ends_at
FROM input AS i
CROSS JOIN starts AS s
WHERE NOT EXISTS (
  SELECT FROM taken AS t
  WHERE CASE WHEN t.subject_id = i.provider_id
             THEN t.claim_id <> s.id AND t.blocked_from < s.visit_ends_at + s.buffer_after AND t.blocked_until > s.starts_at - s.buffer_before
             ELSE t.blocked_from < s.visit_ends_at AND t.blocked_until > s.starts_at END)
ORDER BY greatest(s.starts_at - $4::timestamptz, $4::timestamptz - s.starts_at), s.starts_at, s.id
LIMIT (SELECT i.count FROM input AS i)
