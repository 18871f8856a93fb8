-- Adds cells of one schedule, the booked ones as booking them would leave them. Nobody can follow them yet, so the change
-- log is not told.
-- $1 organization, $2 provider, $3 schedule, $4 ids, $5 starts, $6 ends, $7 whether each is booked.
INSERT INTO openslot.slots (id, organization_id, provider_id, schedule_id, starts_at, ends_at, status, version)
SELECT cell.id, $1::uuid, $2::uuid, $3::uuid, cell.starts_at, cell.ends_at,
       CASE WHEN cell.is_booked THEN 'BUSY' ELSE 'FREE' END, CASE WHEN cell.is_booked THEN 2 ELSE 1 END
FROM unnest($4::uuid[], $5::timestamptz[], $6::timestamptz[], $7::boolean[]) AS cell (id, starts_at, ends_at, is_booked)
