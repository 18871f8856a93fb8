SELECT DISTINCT m.user_id FROM openslot.resolve_memberships($1::text, $2::text) AS m
