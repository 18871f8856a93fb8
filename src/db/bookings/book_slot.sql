-- Books a slot for a patient, without a hold.
--
--  $1 organization   $2 slot   $3 the slot's start, as its id tells   $4 service   $5 patient
--  $6 id of the new booking   $7 its reference   $8 first visit?   $9 only propose it?   $10 encrypted note or NULL
--  $11 id in the integrator's system or NULL   $12 principal   $13 its role   $14 idempotency key
--  $15 SHA-256 of mutation and input   $16 id of the audit event   $17 request id
--
-- Locks to take in enter(): the provider, the patient, every resource that a requirement of the service lists, and the
-- key folded to a uuid. Without them nobody is booked twice either; somebody waits longer and gets an error.
--
-- Answers one row (outcome, response):
--   BOOKED      done; response = {booking, version, status, xid}
--   REPLAYED    the key was used for this before; response is what was answered then; nothing changed
--   KEY_REUSED  the key was used for something else; nothing changed
--   REFUSED     nothing changed; availability/why_refused.sql tells why, in this transaction or a later one
-- Raises bookings_reference_key (take another reference), bookings_external_id_key, idempotency_keys_pkey and
-- occupancies_no_overlap (only where the locks were not taken: try again).
--
-- Of each requirement one free resource is taken, fewest choices first: exact where the lists are equal, apart, or one
-- inside the other; lists that cross may be refused although some choice would fit.
WITH RECURSIVE input AS MATERIALIZED (
  SELECT $1::uuid AS organization_id, $2::uuid AS slot_id, $4::uuid AS service_id, $5::uuid AS patient_id,
         $6::uuid AS booking_id, $7::text AS reference, $8::boolean AS is_new_patient, $9::boolean AS is_proposal,
         $10::bytea AS note_enc, $11::text AS external_id, $12::text AS principal, $13::text AS role, $14::text AS key,
         $15::bytea AS request_hash, $16::uuid AS audit_id, $17::uuid AS request_id
), prior AS MATERIALIZED (
  SELECT k.request_hash = i.request_hash AS is_same, k.response
  FROM input AS i
  JOIN idempotency_keys AS k ON k.organization_id = i.organization_id AND k.principal = i.principal AND k.key = i.key
  WHERE k.expires_at > present()
), place AS MATERIALIZED (
  -- Apart from target, because eight tables joined at once take the planner three times as long.
  SELECT s.organization_id, s.id AS slot_id, s.starts_at, s.provider_id, s.schedule_id, g.location_id,
         l.time_zone AS location_zone, coalesce(p.time_zone, l.time_zone) AS provider_zone
  FROM input AS i
  JOIN slots AS s ON s.organization_id = i.organization_id AND s.id = i.slot_id AND s.starts_at = $3::timestamptz
  JOIN schedules AS g ON g.organization_id = i.organization_id AND g.id = s.schedule_id AND g.retired_at IS NULL
  JOIN locations AS l ON l.organization_id = i.organization_id AND l.id = g.location_id AND l.retired_at IS NULL
  JOIN providers AS p ON p.organization_id = i.organization_id AND p.id = s.provider_id AND p.retired_at IS NULL
  WHERE NOT EXISTS (SELECT FROM prior) AND (p.accepts_new_patients OR NOT i.is_new_patient) AND s.starts_at >= present()
), target AS MATERIALIZED (
  SELECT i.*, s.provider_id, s.schedule_id, s.location_id, visit.time_zone, v.modality, v.capacity, s.starts_at,
         s.starts_at + visit.length AS ends_at,
         s.starts_at - v.buffer_before_minutes * interval '1 minute' AS blocked_from,
         s.starts_at - v.buffer_before_minutes * interval '1 minute' - interval '4 hours' AS cells_from,
         s.starts_at - v.buffer_before_minutes * interval '1 minute' - interval '32 hours' AS taken_from,
         s.starts_at + visit.length + v.buffer_after_minutes * interval '1 minute' AS blocked_until,
         CASE WHEN i.is_proposal THEN 'PROPOSED' WHEN v.approval = 'STAFF_DECIDES' THEN 'PENDING' ELSE 'BOOKED' END AS status,
         CASE WHEN v.capacity > 1 THEN s.slot_id ELSE i.booking_id END AS claim_id,
         coalesce(v.cancellation_notice, n.cancellation_notice) AS cancellation_notice,
         coalesce(v.late_cancellation, n.late_cancellation) AS late_cancellation,
         coalesce(v.reschedule_limit, n.reschedule_limit) AS reschedule_limit
  FROM place AS s
  CROSS JOIN input AS i
  JOIN organizations AS n ON n.id = s.organization_id
  JOIN schedule_services AS o ON o.organization_id = s.organization_id AND o.schedule_id = s.schedule_id
    AND o.service_id = i.service_id
  JOIN services AS v ON v.organization_id = s.organization_id AND v.id = i.service_id AND v.retired_at IS NULL
  CROSS JOIN LATERAL (
    SELECT CASE WHEN i.is_new_patient THEN coalesce(v.new_patient_minutes, v.duration_minutes) ELSE v.duration_minutes END
             * interval '1 minute' AS length,
           CASE v.modality WHEN 'IN_PERSON' THEN s.location_zone ELSE s.provider_zone END AS time_zone
  ) AS visit
  WHERE instant_before(s.starts_at, v.minimum_notice, visit.time_zone) >= present()
    AND instant_before(s.starts_at, v.maximum_advance, visit.time_zone) <= present()
), cells AS MATERIALIZED (
  -- Every cell of the provider, of whatever schedule, that the visit or its buffers touch.
  SELECT c.id, c.starts_at, c.ends_at, c.status AS previous_status, c.capacity, g.location_id,
         c.schedule_id = t.schedule_id AS is_own, c.starts_at < t.ends_at AND c.ends_at > t.starts_at AS is_visit,
         c.status = 'FREE' OR (c.status = 'BUSY_TENTATIVE' AND c.held_until <= present()) AS is_open,
         t.capacity > 1 AND c.status = 'BUSY_TENTATIVE' AND c.schedule_id <> t.schedule_id AS is_shared
  FROM target AS t
  JOIN slots AS c ON c.organization_id = t.organization_id AND c.provider_id = t.provider_id
    AND c.starts_at > t.cells_from AND c.starts_at < t.blocked_until AND c.ends_at > t.blocked_from
    AND c.starts_at > $3::timestamptz - interval '8 hours' AND c.starts_at < $3::timestamptz + interval '28 hours'
  JOIN schedules AS g ON g.organization_id = c.organization_id AND g.id = c.schedule_id
), asked AS MATERIALIZED (
  -- Whose time is needed, or would do.
  SELECT t.provider_id AS id, 'PROVIDER' AS kind, t.claim_id, t.blocked_from, t.blocked_until, t.taken_from FROM target AS t
  UNION ALL
  SELECT t.patient_id, 'PATIENT', t.booking_id, t.starts_at, t.ends_at, t.taken_from FROM target AS t
  UNION ALL
  SELECT x.id, 'RESOURCE', t.claim_id, t.blocked_from, t.blocked_until, t.taken_from
  FROM target AS t
  JOIN resources AS x ON x.organization_id = t.organization_id AND x.retired_at IS NULL AND x.id IN (
    SELECT r.resource_id FROM service_resources AS r WHERE r.organization_id = t.organization_id AND r.service_id = t.service_id)
), claimed AS MATERIALIZED (
  SELECT a.id, bool_or(o.claim_id <> a.claim_id) AS by_another, bool_or(o.claim_id = a.claim_id) AS by_session
  FROM asked AS a
  JOIN occupancies AS o ON o.subject_id = a.id
    AND o.blocked_from > a.taken_from AND o.blocked_from < a.blocked_until AND o.blocked_until > a.blocked_from
  WHERE o.expires_at IS NULL OR o.expires_at > present()
  GROUP BY a.id
), fitting AS MATERIALIZED (
  SELECT f.*, dense_rank() OVER (ORDER BY f.choices, f.number) AS turn
  FROM (SELECT r.number, r.resource_id, c.by_session IS TRUE AS by_session, count(*) OVER (PARTITION BY r.number) AS choices
        FROM target AS t
        JOIN service_resources AS r ON r.organization_id = t.organization_id AND r.service_id = t.service_id
        JOIN asked AS a ON a.id = r.resource_id
        LEFT JOIN claimed AS c ON c.id = a.id
        WHERE c.by_another IS NOT TRUE) AS f
), picked AS (
  SELECT 0::bigint AS turn, NULL::smallint AS number, NULL::uuid AS resource_id, '{}'::uuid[] AS taken
  UNION ALL
  SELECT p.turn + 1, f.number, f.resource_id, p.taken || f.resource_id
  FROM picked AS p
  CROSS JOIN LATERAL (
    SELECT g.number, g.resource_id FROM fitting AS g WHERE g.turn = p.turn + 1 AND g.resource_id <> ALL (p.taken)
    ORDER BY g.by_session DESC, g.resource_id LIMIT 1) AS f
), ready AS MATERIALIZED (
  -- The visit must be covered by open cells of its own schedule, with no hole, and everybody and everything be free.
  SELECT t.* FROM target AS t
  WHERE (SELECT bool_and(c.is_open) AND min(c.starts_at) = t.starts_at AND sum(c.ends_at - c.starts_at) >= t.ends_at - t.starts_at
         FROM cells AS c WHERE c.is_own AND c.is_visit)
    AND NOT EXISTS (SELECT FROM claimed AS c WHERE c.by_another AND c.id IN (t.provider_id, t.patient_id))
    AND (SELECT count(*) FROM picked AS p WHERE p.turn > 0) = (
      SELECT count(*) FROM service_requirements AS r WHERE r.organization_id = t.organization_id AND r.service_id = t.service_id)
), subjects AS MATERIALIZED (
  SELECT a.* FROM ready, asked AS a
  WHERE a.kind <> 'RESOURCE' OR a.id IN (SELECT p.resource_id FROM picked AS p WHERE p.turn > 0)
), lapsed AS (
  -- A constraint cannot know the time, so lapsed holds in the way are removed by whoever needs the time.
  DELETE FROM occupancies AS o USING subjects AS u
  WHERE o.subject_id = u.id AND o.expires_at <= present()
    AND o.blocked_from > u.taken_from AND o.blocked_from < u.blocked_until AND o.blocked_until > u.blocked_from
  RETURNING 1
), seats AS MATERIALIZED (
  SELECT array_agg(o.seat) AS taken, count(*)::smallint AS count, min(o.expires_at) AS first_lapse
  FROM ready AS r
  JOIN occupancies AS o ON r.capacity > 1 AND o.subject_id = r.provider_id AND o.claim_id = r.claim_id AND o.seat IS NOT NULL
    AND o.blocked_from = r.blocked_from AND (o.expires_at IS NULL OR o.expires_at > present())
), occupied AS (
  -- Reading lapsed first makes the DELETE run before this INSERT.
  INSERT INTO occupancies (organization_id, subject_id, subject_kind, owner_id, claim_id, visit_starts_at, visit_ends_at,
    blocked_from, blocked_until, capacity, seat)
  SELECT r.organization_id, u.id, u.kind, r.booking_id, u.claim_id, r.starts_at, r.ends_at, u.blocked_from, u.blocked_until,
         CASE u.kind WHEN 'PATIENT' THEN 1 ELSE r.capacity END,
         CASE WHEN r.capacity > 1 AND u.kind = 'PROVIDER' THEN coalesce((
           SELECT min(n) FROM generate_series(1, r.capacity) AS n WHERE n <> ALL (coalesce(seats.taken, '{}'))), r.capacity + 1) END
  FROM ready AS r
  CROSS JOIN (SELECT count(*) FROM lapsed) AS cleared
  CROSS JOIN seats
  CROSS JOIN subjects AS u
), booked AS (
  INSERT INTO bookings (id, organization_id, reference, provider_id, service_id, schedule_id, location_id, patient_id, slot_id,
    starts_at, ends_at, time_zone, modality, status, is_new_patient, booked_by, booked_by_role, external_id, note_enc,
    cancellation_notice, late_cancellation, reschedule_limit, decide_by, created_at, updated_at)
  SELECT r.booking_id, r.organization_id, r.reference, r.provider_id, r.service_id, r.schedule_id, r.location_id, r.patient_id,
         r.slot_id, r.starts_at, r.ends_at, r.time_zone, r.modality, r.status, r.is_new_patient, r.principal, r.role,
         r.external_id, r.note_enc, r.cancellation_notice, r.late_cancellation, r.reschedule_limit,
         CASE WHEN r.status <> 'BOOKED' THEN r.starts_at END, present(), present()
  FROM ready AS r
  RETURNING id, version, status
), given AS (
  INSERT INTO booking_participants (organization_id, booking_id, position, label, resource_id, starts_at, ends_at)
  SELECT r.organization_id, r.booking_id, p.number, q.label, p.resource_id, r.starts_at, r.ends_at
  FROM ready AS r
  JOIN picked AS p ON p.turn > 0
  JOIN service_requirements AS q ON q.organization_id = r.organization_id AND q.service_id = r.service_id AND q.number = p.number
), moved AS (
  UPDATE slots AS s
  -- A full session with a held seat is only tentative: the seat may come back.
  SET status = CASE WHEN NOT c.is_visit THEN 'BUSY_UNAVAILABLE' WHEN c.is_own AND c.capacity > seats.count + 1 THEN 'FREE'
                    WHEN c.is_own AND seats.first_lapse IS NOT NULL THEN 'BUSY_TENTATIVE' ELSE 'BUSY' END,
      seats_taken = CASE WHEN c.is_own AND c.capacity > 1 THEN seats.count + 1 ELSE s.seats_taken END,
      held_until = CASE WHEN c.is_own AND c.is_visit AND c.capacity = seats.count + 1 THEN seats.first_lapse END,
      version = s.version + 1
  FROM cells AS c, ready AS r, seats
  WHERE s.organization_id = r.organization_id AND s.id = c.id AND s.starts_at = c.starts_at
    AND s.starts_at > $3::timestamptz - interval '8 hours' AND s.starts_at < $3::timestamptz + interval '28 hours'
    AND (c.is_open OR c.is_shared)
  RETURNING s.id, s.version, c.previous_status, s.status, s.provider_id, c.location_id, s.schedule_id, s.starts_at, s.ends_at,
            s.held_until, s.capacity, CASE s.status WHEN 'FREE' THEN s.capacity - s.seats_taken ELSE 0 END::smallint AS seats_free
), logged AS (
  INSERT INTO changes (organization_id, topic, entity_id, version, kind, cause, previous_status, status, provider_id, location_id,
    schedule_id, service_id, patient_id, owner_id, starts_at, ends_at, held_until, capacity, seats_free)
  SELECT i.organization_id, 'SLOT', m.id, m.version, 'CHANGED', 'BOOKED', m.previous_status, m.status, m.provider_id,
         m.location_id, m.schedule_id, NULL::uuid, NULL::uuid, i.booking_id, m.starts_at, m.ends_at, m.held_until, m.capacity,
         m.seats_free
  FROM moved AS m, input AS i
  UNION ALL
  SELECT r.organization_id, 'BOOKING', b.id, b.version, 'CREATED', NULL, NULL, b.status, r.provider_id, r.location_id,
         r.schedule_id, r.service_id, r.patient_id, NULL, r.starts_at, r.ends_at, NULL, NULL, NULL
  FROM booked AS b, ready AS r
), audited AS (
  INSERT INTO audit_events (id, organization_id, actor, actor_role, action, operation, entity_kind, entity_id, patient_id, request_id)
  SELECT i.audit_id, i.organization_id, i.principal, i.role, 'CREATED', 'bookSlot', 'Booking', b.id, i.patient_id, i.request_id
  FROM booked AS b, input AS i
), outlived AS (
  DELETE FROM idempotency_keys AS k USING ready AS r
  WHERE k.organization_id = r.organization_id AND k.principal = r.principal AND k.key = r.key AND k.expires_at <= present()
  RETURNING 1
), answered AS (
  INSERT INTO idempotency_keys (organization_id, principal, key, request_hash, response, expires_at)
  SELECT i.organization_id, i.principal, i.key, i.request_hash,
         jsonb_build_object('booking', b.id, 'version', b.version, 'status', b.status, 'xid', pg_current_xact_id()::text),
         present() + interval '24 hours'
  FROM booked AS b CROSS JOIN input AS i CROSS JOIN (SELECT count(*) FROM outlived) AS cleared
  RETURNING response
)
SELECT CASE WHEN p.is_same THEN 'REPLAYED' WHEN NOT p.is_same THEN 'KEY_REUSED' WHEN a.response IS NOT NULL THEN 'BOOKED'
            ELSE 'REFUSED' END AS outcome,
       CASE WHEN p.is_same IS NULL THEN a.response WHEN p.is_same THEN p.response END AS response
FROM input LEFT JOIN prior AS p ON true LEFT JOIN answered AS a ON true
