-- Changes of one organization between two places of the log, oldest first.
--
--  $1 organization   $2, $3 xid and position of the place to start at   $4, $5 of the place to end before
--  $6 how many at most
--
-- Locks nothing. Places as in changes_after.sql.
SELECT c.xid::text::bigint AS xid, c.position, c.recorded_at, c.organization_id, c.topic, c.entity_id, c.version, c.kind, c.cause,
       c.previous_status, c.status, c.provider_id, c.location_id, c.schedule_id, c.service_id, c.patient_id, c.owner_id,
       c.starts_at, c.ends_at, c.held_until, c.capacity, c.seats_free
FROM changes AS c
WHERE c.organization_id = $1::uuid
  AND (c.xid, c.position) >= ($2::bigint::text::xid8, $3::bigint) AND (c.xid, c.position) < ($4::bigint::text::xid8, $5::bigint)
ORDER BY c.xid, c.position
LIMIT $6::bigint
