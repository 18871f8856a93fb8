SELECT DISTINCT m.user_id FROM openslot.resolve_members($1::text, $2::text, NULL) AS m WHERE m.user_id IS NOT NULL
