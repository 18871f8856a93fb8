-- Cancels a booking and frees its time.
--
--  $1 organization   $2 booking   $3 expected version   $4 its start as it was read for the locks, or NULL
--  $5 reason (CancellationReason; PATIENT becomes LATE when it is)   $6 encrypted note or NULL
--  $7 does the deadline bind the caller? false for staff   $8 principal   $9 its role   $10 idempotency key
--  $11 SHA-256 of mutation and input   $12 id of the audit event   $13 request id
--
-- Locks to take in enter(): the provider, the patient and the resources of the booking, and the key folded to a uuid. They
-- are known from a read before; run this only when the version read then is the expected one (or the booking is CANCELLED):
-- then STALE catches whatever happened between the read and the locks.
--
-- Answers one row (outcome, response). Response is {booking, version, status, xid}, with the present state and no xid
-- where nothing changed; NULL for NOT_FOUND and KEY_REUSED.
--   CANCELLED     done
--   ALREADY       it was cancelled before, whatever version was expected; nothing changed
--   STALE         somebody changed it since the expected version
--   WRONG_STATUS  its status cannot be cancelled
--   TOO_LATE      the deadline binds the caller and the policy of the booking refuses after it
--   NOT_FOUND     no such booking here
--   REPLAYED      the key was used for this before; response is what was answered then; nothing changed
--   KEY_REUSED    the key was used for something else; nothing changed
WITH input AS MATERIALIZED (
  SELECT $1::uuid AS organization_id, $2::uuid AS booking_id, $3::integer AS expected_version, $5::text AS reason,
         $6::bytea AS note_enc, $7::boolean AS is_bound, $8::text AS principal, $9::text AS role, $10::text AS key,
         $11::bytea AS request_hash, $12::uuid AS audit_id, $13::uuid AS request_id
), prior AS MATERIALIZED (
  SELECT k.request_hash = i.request_hash AS is_same, k.response
  FROM input AS i
  JOIN idempotency_keys AS k ON k.organization_id = i.organization_id AND k.principal = i.principal AND k.key = i.key
  WHERE k.expires_at > present()
), found AS MATERIALIZED (
  SELECT b.id, b.version, b.status, b.late_cancellation, late.is_late,
         CASE WHEN b.status = 'CANCELLED' THEN 'ALREADY'
              WHEN b.version <> i.expected_version OR b.starts_at IS DISTINCT FROM $4::timestamptz THEN 'STALE'
              WHEN b.status NOT IN ('PROPOSED', 'PENDING', 'BOOKED', 'ARRIVED', 'CHECKED_IN', 'WAITLIST') THEN 'WRONG_STATUS'
              WHEN i.is_bound AND late.is_late AND b.late_cancellation = 'REFUSE' THEN 'TOO_LATE'
              ELSE 'CANCELLED' END AS verdict
  FROM input AS i
  JOIN bookings AS b ON b.organization_id = i.organization_id AND b.id = i.booking_id
  CROSS JOIN LATERAL (
    SELECT coalesce(present() > instant_before(b.starts_at, b.cancellation_notice, b.time_zone), false) AS is_late) AS late
), ended AS (
  UPDATE bookings AS b
  SET status = 'CANCELLED', cancelled_at = present(), cancel_note_enc = i.note_enc, is_late_cancellation = f.is_late,
      cancel_reason = CASE WHEN i.reason = 'PATIENT' AND f.is_late THEN 'LATE' ELSE i.reason END,
      has_late_fee = i.is_bound AND f.is_late AND f.late_cancellation = 'FLAG_LATE_FEE',
      version = b.version + 1, updated_at = present()
  FROM found AS f, input AS i
  WHERE f.verdict = 'CANCELLED' AND NOT EXISTS (SELECT FROM prior)
    AND b.organization_id = i.organization_id AND b.id = f.id AND b.version = f.version
  RETURNING b.id, b.version, b.status, f.status AS previous_status, b.provider_id, b.location_id, b.schedule_id, b.service_id,
            b.patient_id, b.starts_at, b.ends_at
), freed AS (
  DELETE FROM occupancies AS o USING ended AS e, input AS i
  WHERE o.organization_id = i.organization_id AND o.owner_id = e.id
  RETURNING o.subject_id, o.subject_kind, o.claim_id, e.schedule_id, o.blocked_from, o.blocked_until, o.blocked_from - interval '4 hours' AS cells_from,
            o.blocked_from - interval '36 hours' AS taken_from, o.blocked_until + interval '4 hours' AS taken_until
), others AS MATERIALIZED (
  SELECT o.claim_id, o.seat, o.visit_starts_at, o.visit_ends_at, o.blocked_from, o.blocked_until, o.expires_at
  FROM freed AS f
  CROSS JOIN input AS i
  JOIN occupancies AS o ON f.subject_kind = 'PROVIDER' AND o.subject_id = f.subject_id AND o.owner_id <> i.booking_id
    AND o.blocked_from > f.taken_from AND o.blocked_from < f.taken_until AND (o.expires_at IS NULL OR o.expires_at > present())
), cells AS MATERIALIZED (
  -- The provider's cells that it covered, and what the occupancies that stay make of them.
  SELECT c.id, c.starts_at, c.status AS previous_status, g.location_id, rest.seats, next.status,
         CASE next.status WHEN 'BUSY_TENTATIVE' THEN rest.held_until END AS held_until
  FROM freed AS f
  JOIN slots AS c ON f.subject_kind = 'PROVIDER' AND c.provider_id = f.subject_id
    AND c.starts_at > f.cells_from AND c.starts_at < f.blocked_until AND c.ends_at > f.blocked_from
    AND c.starts_at > $4::timestamptz - interval '8 hours' AND c.starts_at < $4::timestamptz + interval '28 hours'
    AND c.status NOT IN ('ENTERED_IN_ERROR', 'RETIRED')
  JOIN schedules AS g ON g.organization_id = c.organization_id AND g.id = c.schedule_id
  CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE o.is_session AND o.seat IS NOT NULL)::smallint AS seats,
           bool_or(NOT o.is_session AND o.expires_at IS NULL AND o.visit_starts_at < c.ends_at AND o.visit_ends_at > c.starts_at) AS is_booked,
           bool_or(NOT o.is_session AND o.expires_at IS NULL) AS is_touched,
           max(o.expires_at) FILTER (WHERE NOT o.is_session) AS held_until
    -- The cells that follow the first one of a group session carry its seats too.
    FROM (SELECT o.*, o.claim_id = c.id OR (o.claim_id = f.claim_id AND c.schedule_id = f.schedule_id
                   AND o.visit_starts_at < c.ends_at AND o.visit_ends_at > c.starts_at) AS is_session
          FROM others AS o WHERE o.blocked_from < c.ends_at AND o.blocked_until > c.starts_at) AS o) AS rest
  CROSS JOIN LATERAL (
    SELECT CASE WHEN rest.is_booked OR rest.seats >= c.capacity THEN 'BUSY'
                WHEN c.is_closed OR rest.is_touched THEN 'BUSY_UNAVAILABLE'
                WHEN rest.held_until IS NOT NULL THEN 'BUSY_TENTATIVE' ELSE 'FREE' END AS status) AS next
), moved AS (
  UPDATE slots AS s
  SET status = c.status, held_until = c.held_until, seats_taken = c.seats, version = s.version + 1
  FROM cells AS c, input AS i
  WHERE s.organization_id = i.organization_id AND s.id = c.id AND s.starts_at = c.starts_at
    AND s.starts_at > $4::timestamptz - interval '8 hours' AND s.starts_at < $4::timestamptz + interval '28 hours'
    AND (s.status, s.seats_taken, s.held_until) IS DISTINCT FROM (c.status, c.seats, c.held_until)
  RETURNING s.id, s.version, c.previous_status, s.status, s.provider_id, c.location_id, s.schedule_id, s.starts_at, s.ends_at,
            s.held_until, s.capacity, CASE s.status WHEN 'FREE' THEN s.capacity - s.seats_taken ELSE 0 END::smallint AS seats_free
), logged AS (
  INSERT INTO changes (organization_id, topic, entity_id, version, kind, cause, previous_status, status, provider_id, location_id,
    schedule_id, service_id, patient_id, owner_id, starts_at, ends_at, held_until, capacity, seats_free)
  SELECT i.organization_id, 'SLOT', m.id, m.version, 'CHANGED', 'BOOKING_ENDED', m.previous_status, m.status, m.provider_id,
         m.location_id, m.schedule_id, NULL::uuid, NULL::uuid, i.booking_id, m.starts_at, m.ends_at, m.held_until, m.capacity,
         m.seats_free
  FROM moved AS m, input AS i
  UNION ALL
  SELECT i.organization_id, 'BOOKING', e.id, e.version, 'STATUS_CHANGED', NULL, e.previous_status, e.status, e.provider_id,
         e.location_id, e.schedule_id, e.service_id, e.patient_id, NULL, e.starts_at, e.ends_at, NULL, NULL, NULL
  FROM ended AS e, input AS i
), audited AS (
  INSERT INTO audit_events (id, organization_id, actor, actor_role, action, operation, entity_kind, entity_id, patient_id,
    request_id, changed_fields)
  SELECT i.audit_id, i.organization_id, i.principal, i.role, 'CHANGED', 'cancelBooking', 'Booking', e.id, e.patient_id,
         i.request_id, '{status}'
  FROM ended AS e, input AS i
), outlived AS (
  DELETE FROM idempotency_keys AS k USING ended, input AS i
  WHERE k.organization_id = i.organization_id AND k.principal = i.principal AND k.key = i.key AND k.expires_at <= present()
  RETURNING 1
), answered AS (
  INSERT INTO idempotency_keys (organization_id, principal, key, request_hash, response, expires_at)
  SELECT i.organization_id, i.principal, i.key, i.request_hash,
         jsonb_build_object('booking', e.id, 'version', e.version, 'status', e.status, 'xid', pg_current_xact_id()::text),
         present() + interval '24 hours'
  FROM ended AS e CROSS JOIN input AS i CROSS JOIN (SELECT count(*) FROM outlived) AS cleared
  RETURNING response
)
SELECT CASE WHEN p.is_same THEN 'REPLAYED' WHEN NOT p.is_same THEN 'KEY_REUSED' WHEN f.id IS NULL THEN 'NOT_FOUND'
            WHEN f.verdict = 'CANCELLED' AND a.response IS NULL THEN 'STALE' ELSE f.verdict END AS outcome,
       CASE WHEN p.is_same THEN p.response
            WHEN p.is_same IS NULL AND f.id IS NOT NULL THEN coalesce(a.response, jsonb_build_object(
              'booking', f.id, 'version', f.version, 'status', f.status, 'xid', NULL)) END AS response
FROM input LEFT JOIN prior AS p ON true LEFT JOIN found AS f ON true LEFT JOIN answered AS a ON true
