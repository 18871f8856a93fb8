SELECT g.expires_at FROM openslot.resolve_guest($1::uuid, $2::uuid) AS g
