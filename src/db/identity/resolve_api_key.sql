SELECT k.id, k.organization_id, k.secret_hash, k.scopes, k.expires_at, k.is_seen FROM openslot.resolve_api_key($1::text) AS k
