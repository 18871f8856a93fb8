-- Cells by id. An id carries its start, so the earliest and the latest one ($3, $4) keep other months closed.
-- $1 organization, $2 ids.
SELECT c.id, c.provider_id, c.schedule_id, g.location_id, c.starts_at, c.ends_at, c.version, c.capacity, c.seats_taken,
       CASE WHEN c.status = 'BUSY_TENTATIVE' AND c.held_until <= openslot.present() THEN 'FREE' ELSE c.status END AS status
FROM openslot.slots AS c
JOIN openslot.schedules AS g ON g.organization_id = c.organization_id AND g.id = c.schedule_id
WHERE c.organization_id = $1::uuid AND c.id = ANY ($2::uuid[])
  AND c.starts_at >= $3::timestamptz AND c.starts_at <= $4::timestamptz AND c.status <> 'RETIRED'
