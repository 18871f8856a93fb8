-- Changes of every organization between two places of the log, oldest first. For the worker, whom row-level security lets
-- see all of them.
--
--  $1, $2 xid and position of the place to start at   $3, $4 of the place to end before   $5 how many at most
--
-- Locks nothing. Places lie between rows, so the row at $1, $2 is in and the row at $3, $4 is not. The end must not lie
-- beyond a watermark that an earlier statement read.
SELECT c.xid::text::bigint AS xid, c.position, c.recorded_at, c.organization_id, c.topic, c.entity_id, c.version, c.kind, c.cause,
       c.previous_status, c.status, c.provider_id, c.location_id, c.schedule_id, c.service_id, c.patient_id, c.owner_id,
       c.starts_at, c.ends_at, c.held_until, c.capacity, c.seats_free
FROM changes AS c
WHERE (c.xid, c.position) >= ($1::bigint::text::xid8, $2::bigint) AND (c.xid, c.position) < ($3::bigint::text::xid8, $4::bigint)
ORDER BY c.xid, c.position
LIMIT $5::bigint
