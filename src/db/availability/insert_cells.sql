-- Adds the cells of one schedule that are not there yet, and tells the change log of each.
-- $1 organization, $2 provider, $3 schedule, $4 location, $5 capacity, $6 ids, $7 starts, $8 ends.
WITH input AS MATERIALIZED (
  SELECT $1::uuid AS organization_id, $2::uuid AS provider_id, $3::uuid AS schedule_id, $4::uuid AS location_id,
         $5::smallint AS capacity
), added AS (
  INSERT INTO openslot.slots (id, organization_id, provider_id, schedule_id, starts_at, ends_at, capacity)
  SELECT cell.id, i.organization_id, i.provider_id, i.schedule_id, cell.starts_at, cell.ends_at, i.capacity
  FROM input AS i, unnest($6::uuid[], $7::timestamptz[], $8::timestamptz[]) AS cell (id, starts_at, ends_at)
  ON CONFLICT DO NOTHING
  RETURNING id, provider_id, schedule_id, starts_at, ends_at, version, capacity, status
), logged AS (
  INSERT INTO openslot.changes (organization_id, topic, entity_id, version, kind, cause, status, provider_id,
    location_id, schedule_id, starts_at, ends_at, capacity, seats_free)
  SELECT i.organization_id, 'SLOT', a.id, a.version, 'APPEARED', 'RULES_CHANGED', a.status, a.provider_id,
         i.location_id, a.schedule_id, a.starts_at, a.ends_at, a.capacity, a.capacity
  FROM input AS i, added AS a ORDER BY a.starts_at
)
SELECT count(*) FROM added
