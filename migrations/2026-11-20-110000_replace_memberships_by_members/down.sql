-- Members who were only invited are lost, and keys and removals with them.

DROP FUNCTION touch_api_key(uuid);
DROP FUNCTION resolve_api_key(text);
DROP FUNCTION revoke_sessions(uuid);
DROP FUNCTION touch_members(text, text);
DROP FUNCTION accept_invitations(uuid, text, text, text);
DROP FUNCTION resolve_members(text, text, text);
DROP TABLE access_changes;
REVOKE SELECT (tokens_valid_from), INSERT (id, issuer, subject), UPDATE (tokens_valid_from) ON users FROM openslot_resolver;
ALTER TABLE users DROP COLUMN tokens_valid_from;
DROP TABLE api_keys;
COMMENT ON COLUMN providers.user_id IS NULL;

CREATE TABLE api_keys (
  id               uuid        NOT NULL,
  organization_id  uuid        NOT NULL,
  display_name     text        NOT NULL,
  prefix           text        NOT NULL,
  secret_hash      bytea       NOT NULL,
  scopes           text[]      NOT NULL DEFAULT '{}',
  replaces_id      uuid,
  created_by       text        NOT NULL,
  expires_at       timestamptz,
  revoked_at       timestamptz,
  last_used_at     timestamptz,
  version          integer     NOT NULL DEFAULT 1,
  created_at       timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT api_keys_pkey PRIMARY KEY (id),
  CONSTRAINT api_keys_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT api_keys_prefix_key UNIQUE (prefix),
  CONSTRAINT api_keys_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id),
  CONSTRAINT api_keys_replaces_fkey FOREIGN KEY (organization_id, replaces_id) REFERENCES api_keys (organization_id, id),
  CONSTRAINT api_keys_display_name_length CHECK (length(display_name) BETWEEN 1 AND 120),
  CONSTRAINT api_keys_prefix_length CHECK (length(prefix) BETWEEN 8 AND 16),
  CONSTRAINT api_keys_secret_hash_length CHECK (octet_length(secret_hash) = 32),
  CONSTRAINT api_keys_created_by_length CHECK (length(created_by) BETWEEN 1 AND 100),
  CONSTRAINT api_keys_scopes_known CHECK (scopes <@ ARRAY['DIRECTORY_READ', 'DIRECTORY_WRITE', 'AVAILABILITY_READ',
    'BOOKINGS_READ', 'BOOKINGS_WRITE', 'PATIENTS_READ', 'PATIENTS_WRITE', 'REPORTS_READ', 'WEBHOOKS_WRITE'])
);
CREATE INDEX api_keys_by_replaces ON api_keys (organization_id, replaces_id) WHERE replaces_id IS NOT NULL;
COMMENT ON TABLE api_keys IS 'Keys of integrators. The secret itself is never stored.';
COMMENT ON COLUMN api_keys.prefix IS 'Shown to people and used to find the row; carries no secret.';
COMMENT ON COLUMN api_keys.replaces_id IS 'Rotation with overlap: both keys work until the older one expires.';
COMMENT ON COLUMN api_keys.last_used_at IS 'Written at most once a minute per key, outside the request transaction.';
COMMENT ON COLUMN api_keys.created_by IS 'Principal (kind and id) that made it.';

CREATE TABLE revocations (
  token_hash  bytea       NOT NULL,
  expires_at  timestamptz NOT NULL,
  reason      text        NOT NULL DEFAULT '',
  revoked_at  timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT revocations_pkey PRIMARY KEY (token_hash),
  CONSTRAINT revocations_token_hash_length CHECK (octet_length(token_hash) = 32),
  CONSTRAINT revocations_reason_length CHECK (length(reason) <= 200)
);
CREATE INDEX revocations_by_expiry ON revocations (expires_at);
COMMENT ON TABLE revocations IS 'Tokens (SHA-256 of issuer and jti, or of the subject for all its tokens) refused before they expire.';

CREATE TABLE memberships (
  id               uuid        NOT NULL,
  organization_id  uuid        NOT NULL,
  user_id          uuid        NOT NULL,
  role             text        NOT NULL,
  location_id      uuid,
  scopes           text[]      NOT NULL DEFAULT '{}',
  ended_at         timestamptz,
  version          integer     NOT NULL DEFAULT 1,
  created_at       timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT memberships_pkey PRIMARY KEY (id),
  CONSTRAINT memberships_user_fkey FOREIGN KEY (user_id) REFERENCES users (id),
  CONSTRAINT memberships_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id),
  CONSTRAINT memberships_location_fkey FOREIGN KEY (organization_id, location_id) REFERENCES locations (organization_id, id),
  CONSTRAINT memberships_location_of_staff CHECK (location_id IS NULL OR role = 'STAFF'),
  CONSTRAINT memberships_role_known CHECK (role IN ('PATIENT', 'PROVIDER', 'STAFF', 'ADMIN', 'INTEGRATOR')),
  CONSTRAINT memberships_scopes_known CHECK (scopes <@ ARRAY['DIRECTORY_READ', 'DIRECTORY_WRITE', 'AVAILABILITY_READ',
    'BOOKINGS_READ', 'BOOKINGS_WRITE', 'PATIENTS_READ', 'PATIENTS_WRITE', 'REPORTS_READ', 'WEBHOOKS_WRITE'])
);
CREATE UNIQUE INDEX memberships_current_key ON memberships
  (organization_id, user_id, role, coalesce(location_id, '00000000-0000-0000-0000-000000000000')) WHERE ended_at IS NULL;
CREATE INDEX memberships_by_user ON memberships (user_id);
CREATE INDEX memberships_by_location ON memberships (organization_id, location_id);
COMMENT ON TABLE memberships IS 'What a user may do in an organization.';
COMMENT ON COLUMN memberships.location_id IS 'Limits the role to one location; NULL means every location.';

INSERT INTO memberships (id, organization_id, user_id, role, location_id, created_at)
SELECT CASE WHEN row_number() OVER (PARTITION BY m.id ORDER BY l.location_id) = 1 THEN m.id ELSE gen_random_uuid() END,
       m.organization_id, m.user_id, m.role, l.location_id, m.created_at
FROM members AS m
LEFT JOIN member_locations AS l ON l.organization_id = m.organization_id AND l.member_id = m.id AND m.role = 'STAFF'
WHERE m.user_id IS NOT NULL AND m.removed_at IS NULL;
DROP TABLE member_locations;
DROP TABLE members;

ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE memberships ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON api_keys USING (organization_id = (SELECT current_organization_id()));
CREATE POLICY own_organization ON memberships USING (organization_id = (SELECT current_organization_id()));
CREATE POLICY every_organization ON api_keys TO openslot_worker USING (true) WITH CHECK (true);
CREATE POLICY every_organization ON memberships TO openslot_worker USING (true) WITH CHECK (true);
CREATE POLICY resolver ON api_keys FOR SELECT TO openslot_resolver USING (true);
CREATE POLICY resolver ON memberships FOR SELECT TO openslot_resolver USING (true);
GRANT SELECT, INSERT, UPDATE ON api_keys, memberships, revocations TO openslot_app, openslot_worker;
REVOKE UPDATE ON revocations FROM openslot_app;
GRANT SELECT ON memberships TO openslot_readonly;
GRANT DELETE ON revocations TO openslot_worker;
GRANT SELECT (id, organization_id, prefix, secret_hash, scopes, expires_at, revoked_at) ON api_keys TO openslot_resolver;
GRANT SELECT (organization_id, user_id, role, location_id, scopes, ended_at) ON memberships TO openslot_resolver;

GRANT USAGE, CREATE ON SCHEMA openslot TO openslot_resolver;
CREATE FUNCTION resolve_api_key(asked_prefix text)
  RETURNS TABLE (id uuid, organization_id uuid, secret_hash bytea, scopes text[], expires_at timestamptz)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = openslot, pg_temp AS $$
  SELECT k.id, k.organization_id, k.secret_hash, k.scopes, k.expires_at FROM api_keys AS k
  WHERE k.prefix = asked_prefix AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > present())
$$;
COMMENT ON FUNCTION resolve_api_key(text) IS 'The key with a prefix; no row when it was revoked or has ended. The caller compares the hash.';

CREATE FUNCTION resolve_memberships(asked_issuer text, asked_subject text)
  RETURNS TABLE (user_id uuid, organization_id uuid, role text, location_id uuid, scopes text[], provider_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = openslot, pg_temp AS $$
  SELECT u.id, m.organization_id, m.role, m.location_id, m.scopes, p.id
  FROM users AS u
  LEFT JOIN memberships AS m ON m.user_id = u.id AND m.ended_at IS NULL
    AND EXISTS (SELECT FROM organizations AS o WHERE o.id = m.organization_id AND o.suspended_at IS NULL)
  LEFT JOIN providers AS p ON p.organization_id = m.organization_id AND p.user_id = u.id AND p.retired_at IS NULL
    AND m.role = 'PROVIDER'
  WHERE u.issuer = asked_issuer AND u.subject = asked_subject
  ORDER BY m.organization_id, m.role, m.location_id
$$;
COMMENT ON FUNCTION resolve_memberships(text, text) IS
  'A user and what they are in each organization that is not suspended; one row with the user alone when they are nothing anywhere, no row when nobody knows them.';

REVOKE ALL ON FUNCTION resolve_api_key(text), resolve_memberships(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION resolve_api_key(text), resolve_memberships(text, text) TO openslot_app, openslot_worker;
ALTER FUNCTION resolve_api_key(text) OWNER TO openslot_resolver;
ALTER FUNCTION resolve_memberships(text, text) OWNER TO openslot_resolver;
REVOKE CREATE ON SCHEMA openslot FROM openslot_resolver;
