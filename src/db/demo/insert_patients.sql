-- Adds patients of whom nothing is known.
-- $1 organization, $2 ids.
INSERT INTO openslot.patients (id, organization_id)
SELECT fresh.id, $1::uuid FROM unnest($2::uuid[]) AS fresh (id)
