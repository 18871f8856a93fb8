-- People with a role in an organization, invited by e-mail before anybody knows what user they are.
--
-- Replaces memberships, which had a row for each role and location of a user who had signed in before. A user's
-- strongest role is kept. Keys and revocations had no writer yet, so their tables are made anew.

CREATE TABLE members (
  id               uuid        NOT NULL,
  organization_id  uuid        NOT NULL,
  user_id          uuid,
  email            text        NOT NULL,
  display_name     text        NOT NULL,
  role             text        NOT NULL,
  provider_id      uuid,
  tokens_valid_from timestamptz,
  last_seen_at     timestamptz,
  removed_at       timestamptz,
  version          integer     NOT NULL DEFAULT 1,
  created_at       timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT members_pkey PRIMARY KEY (id),
  CONSTRAINT members_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT members_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id),
  CONSTRAINT members_user_fkey FOREIGN KEY (user_id) REFERENCES users (id),
  CONSTRAINT members_provider_fkey FOREIGN KEY (organization_id, provider_id) REFERENCES providers (organization_id, id),
  CONSTRAINT members_email_length CHECK (length(email) BETWEEN 3 AND 254),
  CONSTRAINT members_display_name_length CHECK (length(display_name) BETWEEN 1 AND 120),
  CONSTRAINT members_role_known CHECK (role IN ('PROVIDER', 'STAFF', 'ADMIN'))
);
CREATE UNIQUE INDEX members_email_key ON members (organization_id, lower(email)) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX members_user_key ON members (organization_id, user_id) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX members_provider_key ON members (organization_id, provider_id) WHERE removed_at IS NULL;
CREATE INDEX members_by_user ON members (user_id);
CREATE INDEX members_by_provider ON members (organization_id, provider_id);
CREATE INDEX members_invited ON members (lower(email)) WHERE user_id IS NULL AND removed_at IS NULL;
CREATE INDEX members_by_name ON members (organization_id, display_name, id);
COMMENT ON TABLE members IS 'A person with a role in an organization.';
COMMENT ON COLUMN members.user_id IS 'Who they are; NULL until they sign in with the address for the first time.';
COMMENT ON COLUMN members.email IS 'Sign-in address, as it was written; compared without regard to case.';
COMMENT ON COLUMN members.provider_id IS 'The provider that they are.';
COMMENT ON COLUMN members.tokens_valid_from IS 'Tokens issued before make nobody this member; NULL means all do.';
COMMENT ON COLUMN members.last_seen_at IS 'Last request, to the hour.';
COMMENT ON COLUMN members.removed_at IS 'When their access ended.';

CREATE TABLE member_locations (
  organization_id  uuid NOT NULL,
  member_id        uuid NOT NULL,
  location_id      uuid NOT NULL,
  CONSTRAINT member_locations_pkey PRIMARY KEY (organization_id, member_id, location_id),
  CONSTRAINT member_locations_member_fkey FOREIGN KEY (organization_id, member_id) REFERENCES members (organization_id, id),
  CONSTRAINT member_locations_location_fkey FOREIGN KEY (organization_id, location_id) REFERENCES locations (organization_id, id)
);
CREATE INDEX member_locations_by_location ON member_locations (organization_id, location_id);
COMMENT ON TABLE member_locations IS 'Locations that a member of staff is limited to; none means all.';

INSERT INTO members (id, organization_id, user_id, email, display_name, role, provider_id, created_at)
SELECT DISTINCT ON (m.organization_id, m.user_id)
       m.id, m.organization_id, m.user_id, 'user-' || m.user_id || '@openslot.invalid', initcap(m.role), m.role,
       (SELECT p.id FROM providers AS p WHERE p.organization_id = m.organization_id AND p.user_id = m.user_id
        ORDER BY p.id LIMIT 1), m.created_at
FROM memberships AS m
WHERE m.ended_at IS NULL AND m.role IN ('PROVIDER', 'STAFF', 'ADMIN')
ORDER BY m.organization_id, m.user_id, array_position(ARRAY['ADMIN', 'STAFF', 'PROVIDER'], m.role), m.id;
INSERT INTO member_locations (organization_id, member_id, location_id)
SELECT n.organization_id, n.id, m.location_id
FROM members AS n
JOIN memberships AS m ON m.organization_id = n.organization_id AND m.user_id = n.user_id AND m.role = n.role
WHERE n.role = 'STAFF' AND m.ended_at IS NULL AND m.location_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM memberships AS a WHERE a.organization_id = m.organization_id AND a.user_id = m.user_id
                  AND a.role = 'STAFF' AND a.ended_at IS NULL AND a.location_id IS NULL);

DROP FUNCTION resolve_memberships(text, text);
DROP FUNCTION resolve_api_key(text);
DROP TABLE memberships;
DROP TABLE api_keys;
DROP TABLE revocations;
COMMENT ON COLUMN providers.user_id IS 'Unused since members.provider_id; to be dropped by a later release.';

CREATE TABLE api_keys (
  id                    uuid        NOT NULL,
  organization_id       uuid        NOT NULL,
  display_name          text        NOT NULL,
  scopes                text[]      NOT NULL,
  prefix                text        NOT NULL,
  secret_hash           bytea       NOT NULL,
  previous_prefix       text,
  previous_secret_hash  bytea,
  previous_expires_at   timestamptz,
  created_by_id         uuid,
  expires_at            timestamptz,
  revoked_at            timestamptz,
  last_used_at          timestamptz,
  version               integer     NOT NULL DEFAULT 1,
  created_at            timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT api_keys_pkey PRIMARY KEY (id),
  CONSTRAINT api_keys_prefix_key UNIQUE (prefix),
  CONSTRAINT api_keys_previous_prefix_key UNIQUE (previous_prefix),
  CONSTRAINT api_keys_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id),
  CONSTRAINT api_keys_created_by_fkey FOREIGN KEY (organization_id, created_by_id) REFERENCES members (organization_id, id),
  CONSTRAINT api_keys_display_name_length CHECK (length(display_name) BETWEEN 1 AND 120),
  CONSTRAINT api_keys_prefix_length CHECK (length(prefix) = 8 AND length(previous_prefix) = 8),
  CONSTRAINT api_keys_secret_hash_length CHECK (octet_length(secret_hash) = 32 AND octet_length(previous_secret_hash) = 32),
  CONSTRAINT api_keys_previous_complete CHECK (num_nulls(previous_prefix, previous_secret_hash, previous_expires_at) IN (0, 3)),
  CONSTRAINT api_keys_scopes_known CHECK (scopes <@ ARRAY['DIRECTORY_READ', 'DIRECTORY_WRITE', 'AVAILABILITY_READ',
    'BOOKINGS_READ', 'BOOKINGS_WRITE', 'PATIENTS_READ', 'PATIENTS_WRITE', 'REPORTS_READ', 'WEBHOOKS_WRITE'])
);
CREATE INDEX api_keys_by_creator ON api_keys (organization_id, created_by_id);
COMMENT ON TABLE api_keys IS 'Keys of integrators. A secret itself is never stored.';
COMMENT ON COLUMN api_keys.prefix IS 'Shown to people and used to find the row; carries no secret.';
COMMENT ON COLUMN api_keys.secret_hash IS 'SHA-256 of the whole key, which holds 256 random bits.';
COMMENT ON COLUMN api_keys.previous_expires_at IS 'Until when the secret before the last rotation works too.';
COMMENT ON COLUMN api_keys.created_by_id IS 'The member who made it.';
COMMENT ON COLUMN api_keys.last_used_at IS 'Last use, to the hour.';

ALTER TABLE users ADD COLUMN tokens_valid_from timestamptz;
COMMENT ON COLUMN users.tokens_valid_from IS 'Tokens issued before are refused; NULL means none are.';

CREATE TABLE access_changes (
  id          uuid        NOT NULL,
  principal   text        NOT NULL,
  changed_at  timestamptz NOT NULL DEFAULT present(),
  CONSTRAINT access_changes_pkey PRIMARY KEY (id),
  CONSTRAINT access_changes_principal_length CHECK (length(principal) BETWEEN 1 AND 100)
);
CREATE INDEX access_changes_by_time ON access_changes (changed_at);
COMMENT ON TABLE access_changes IS
  'Principals whose rights changed or ended, for every replica to forget what it believes of them and to close their sockets. Kept for a day.';
COMMENT ON COLUMN access_changes.principal IS 'Kind (user or key), a colon, and the id.';

ALTER TABLE members ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE member_locations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_organization ON members USING (organization_id = (SELECT current_organization_id()));
CREATE POLICY own_organization ON member_locations USING (organization_id = (SELECT current_organization_id()));
CREATE POLICY own_organization ON api_keys USING (organization_id = (SELECT current_organization_id()));
CREATE POLICY every_organization ON members TO openslot_worker USING (true) WITH CHECK (true);
CREATE POLICY every_organization ON member_locations TO openslot_worker USING (true) WITH CHECK (true);
CREATE POLICY every_organization ON api_keys TO openslot_worker USING (true) WITH CHECK (true);
CREATE POLICY resolver ON members TO openslot_resolver USING (true) WITH CHECK (true);
CREATE POLICY resolver ON member_locations FOR SELECT TO openslot_resolver USING (true);
CREATE POLICY resolver ON api_keys TO openslot_resolver USING (true) WITH CHECK (true);

GRANT SELECT, INSERT, UPDATE ON members, api_keys TO openslot_app, openslot_worker;
GRANT SELECT, INSERT, DELETE ON member_locations TO openslot_app, openslot_worker;
GRANT SELECT ON members, member_locations TO openslot_readonly;
GRANT SELECT, INSERT ON access_changes TO openslot_app, openslot_worker;
GRANT DELETE ON access_changes TO openslot_worker;
GRANT USAGE, CREATE ON SCHEMA openslot TO openslot_resolver;
GRANT SELECT (id, issuer, subject, tokens_valid_from), INSERT (id, issuer, subject), UPDATE (tokens_valid_from)
  ON users TO openslot_resolver;
GRANT SELECT (id, organization_id, user_id, email, role, provider_id, tokens_valid_from, removed_at, version, last_seen_at),
  UPDATE (user_id, version, last_seen_at) ON members TO openslot_resolver;
GRANT SELECT ON member_locations TO openslot_resolver;
GRANT SELECT (id, organization_id, prefix, secret_hash, scopes, expires_at, revoked_at, previous_prefix,
  previous_secret_hash, previous_expires_at, last_used_at), UPDATE (last_used_at) ON api_keys TO openslot_resolver;

CREATE FUNCTION resolve_members(asked_issuer text, asked_subject text, asked_email text)
  RETURNS TABLE (user_id uuid, tokens_valid_from timestamptz, organization_id uuid, member_id uuid,
    member_valid_from timestamptz, role text, locations uuid[], provider_id uuid, is_seen boolean, is_invited boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = openslot, pg_temp AS $$
  SELECT u.id, u.tokens_valid_from, m.organization_id, m.id, m.tokens_valid_from, m.role,
         ARRAY(SELECT l.location_id FROM member_locations AS l
               WHERE l.organization_id = m.organization_id AND l.member_id = m.id ORDER BY l.location_id),
         p.id, coalesce(m.last_seen_at > present() - interval '1 hour', false),
         EXISTS (SELECT FROM members AS i WHERE lower(i.email) = lower(asked_email) AND i.user_id IS NULL AND i.removed_at IS NULL
           AND NOT EXISTS (SELECT FROM members AS n
                           WHERE n.organization_id = i.organization_id AND n.user_id = u.id AND n.removed_at IS NULL))
  FROM (VALUES (1)) AS one (n)
  LEFT JOIN users AS u ON u.issuer = asked_issuer AND u.subject = asked_subject
  LEFT JOIN members AS m ON m.user_id = u.id AND m.removed_at IS NULL
    AND EXISTS (SELECT FROM organizations AS o WHERE o.id = m.organization_id AND o.suspended_at IS NULL)
  LEFT JOIN providers AS p ON p.organization_id = m.organization_id AND p.id = m.provider_id AND p.retired_at IS NULL
  ORDER BY m.organization_id
$$;
COMMENT ON FUNCTION resolve_members(text, text, text) IS
  'A user and what they are in each organization that is not suspended, and whether somebody invited the address; one row at least, of nulls where nobody knows them.';

CREATE FUNCTION accept_invitations(fresh_id uuid, asked_issuer text, asked_subject text, asked_email text) RETURNS void
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = openslot, pg_temp AS $$
  INSERT INTO users (id, issuer, subject) VALUES (fresh_id, asked_issuer, asked_subject) ON CONFLICT DO NOTHING;
  UPDATE members AS m SET user_id = u.id, version = m.version + 1
  FROM users AS u
  WHERE u.issuer = asked_issuer AND u.subject = asked_subject
    AND lower(m.email) = lower(asked_email) AND m.user_id IS NULL AND m.removed_at IS NULL
    AND NOT EXISTS (SELECT FROM members AS n WHERE n.organization_id = m.organization_id AND n.user_id = u.id AND n.removed_at IS NULL)
$$;
COMMENT ON FUNCTION accept_invitations(uuid, text, text, text) IS
  'Makes a user, known by an address that the issuer has verified, the member that was invited by it, in every organization.';

CREATE FUNCTION touch_members(asked_issuer text, asked_subject text) RETURNS void
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = openslot, pg_temp AS $$
  UPDATE members AS m SET last_seen_at = date_trunc('hour', present())
  FROM users AS u
  WHERE u.issuer = asked_issuer AND u.subject = asked_subject AND m.user_id = u.id AND m.removed_at IS NULL
$$;
COMMENT ON FUNCTION touch_members(text, text) IS 'Notes that a user was here, to the hour.';

CREATE FUNCTION revoke_sessions(asked_user uuid) RETURNS timestamptz
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = openslot, pg_temp AS $$
  UPDATE users AS u SET tokens_valid_from = date_trunc('second', present()) + interval '1 second'
  WHERE u.id = asked_user
  RETURNING u.tokens_valid_from
$$;
COMMENT ON FUNCTION revoke_sessions(uuid) IS
  'Makes all tokens of a user worthless that were issued until now, everywhere: for the user themselves. Tokens tell time in seconds, so those of this second are worthless too.';

CREATE FUNCTION resolve_api_key(asked_prefix text)
  RETURNS TABLE (id uuid, organization_id uuid, secret_hash bytea, scopes text[], expires_at timestamptz, is_seen boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = openslot, pg_temp AS $$
  SELECT k.id, k.organization_id, CASE k.prefix WHEN asked_prefix THEN k.secret_hash ELSE k.previous_secret_hash END,
         k.scopes, CASE k.prefix WHEN asked_prefix THEN k.expires_at ELSE least(k.expires_at, k.previous_expires_at) END,
         coalesce(k.last_used_at > present() - interval '1 hour', false)
  FROM api_keys AS k
  JOIN organizations AS o ON o.id = k.organization_id AND o.suspended_at IS NULL
  WHERE (k.prefix = asked_prefix OR k.previous_prefix = asked_prefix AND k.previous_expires_at > present())
    AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > present())
$$;
COMMENT ON FUNCTION resolve_api_key(text) IS
  'The key with a prefix, its own or the one before the last rotation; no row when it was revoked or has ended. The caller compares the hash.';

CREATE FUNCTION touch_api_key(asked_key uuid) RETURNS void
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = openslot, pg_temp AS $$
  UPDATE api_keys SET last_used_at = date_trunc('hour', present()) WHERE id = asked_key
$$;
COMMENT ON FUNCTION touch_api_key(uuid) IS 'Notes that a key was used, to the hour.';

REVOKE ALL ON FUNCTION resolve_members(text, text, text), accept_invitations(uuid, text, text, text),
  touch_members(text, text), revoke_sessions(uuid), resolve_api_key(text), touch_api_key(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION resolve_members(text, text, text), accept_invitations(uuid, text, text, text),
  touch_members(text, text), revoke_sessions(uuid), resolve_api_key(text), touch_api_key(uuid) TO openslot_app;
GRANT EXECUTE ON FUNCTION resolve_members(text, text, text) TO openslot_worker;
ALTER FUNCTION resolve_members(text, text, text) OWNER TO openslot_resolver;
ALTER FUNCTION accept_invitations(uuid, text, text, text) OWNER TO openslot_resolver;
ALTER FUNCTION touch_members(text, text) OWNER TO openslot_resolver;
ALTER FUNCTION revoke_sessions(uuid) OWNER TO openslot_resolver;
ALTER FUNCTION resolve_api_key(text) OWNER TO openslot_resolver;
ALTER FUNCTION touch_api_key(uuid) OWNER TO openslot_resolver;
REVOKE CREATE ON SCHEMA openslot FROM openslot_resolver;
