-- Where providers work, by name, as the program reads it.
-- $1 organization, $2 providers.
SELECT DISTINCT g.provider_id, l.id, l.display_name, l.address_lines, l.city, l.postal_code, l.region, l.country,
       l.latitude, l.longitude, l.time_zone, l.phone, l.retired_at, l.version
FROM openslot.locations AS l
JOIN openslot.schedules AS g ON g.organization_id = $1::uuid AND g.location_id = l.id
WHERE l.organization_id = $1::uuid AND g.provider_id = ANY ($2::uuid[]) AND g.retired_at IS NULL AND l.retired_at IS NULL
ORDER BY l.display_name, l.id
