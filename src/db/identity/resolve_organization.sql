SELECT o.id FROM openslot.resolve_organization($1::text) AS o WHERE NOT o.is_suspended
