-- The first free cells of each provider, in the order of time: one index descent per provider.
-- A cell whose hold has lapsed is free, whether or not anybody swept it.
-- $1 organization, $2 providers, $3 from, $4 until, $5 how many of each, $6 of those starting at $3 only ids after this
-- one (NULL: all), $7 only at these locations (NULL: any).
SELECT s.id, s.provider_id, s.schedule_id, g.location_id, s.starts_at, s.ends_at, s.version, s.capacity,
       s.seats_taken, 'FREE'::text AS status
FROM unnest($2::uuid[]) AS asked (provider_id)
CROSS JOIN LATERAL (
  SELECT c.id, c.provider_id, c.schedule_id, c.starts_at, c.ends_at, c.version, c.capacity, c.seats_taken
  FROM openslot.slots AS c
  WHERE c.organization_id = $1::uuid AND c.provider_id = asked.provider_id AND c.status IN ('FREE', 'BUSY_TENTATIVE')
    AND (c.held_until IS NULL OR c.held_until <= openslot.present())
    AND c.starts_at >= $3::timestamptz AND c.starts_at < $4::timestamptz
    AND ($6::uuid IS NULL OR c.starts_at > $3::timestamptz OR c.id > $6::uuid)
    AND ($7::uuid[] IS NULL OR c.schedule_id IN (
      SELECT at.id FROM openslot.schedules AS at WHERE at.organization_id = $1::uuid AND at.location_id = ANY ($7::uuid[])))
  ORDER BY c.starts_at, c.id LIMIT $5::bigint) AS s
JOIN openslot.schedules AS g ON g.organization_id = $1::uuid AND g.id = s.schedule_id
ORDER BY s.provider_id, s.starts_at, s.id
