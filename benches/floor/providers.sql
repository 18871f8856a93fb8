-- Providers of specialties by name, as the program's list reads them.
-- $1 organization, $2 specialty codes, $3 how many.
SELECT p.id, p.display_name, p.given_name, p.family_name, p.biography, p.accepts_new_patients, p.retired_at, p.version
FROM openslot.providers AS p
WHERE p.organization_id = $1::uuid AND p.retired_at IS NULL AND p.id IN (
  SELECT t.provider_id FROM openslot.provider_traits AS t
  WHERE t.organization_id = $1::uuid AND t.kind = 'SPECIALTY' AND t.value = ANY ($2::text[]))
ORDER BY p.family_name, p.given_name, p.id LIMIT $3::bigint
