-- The only reads without an organization: they find out which one a request is for and who is asking.
--
-- They run as openslot_resolver, which nobody signs in as and which can read these columns and nothing else.

GRANT USAGE, CREATE ON SCHEMA openslot TO openslot_resolver;
GRANT SELECT (id, slug, time_zone, suspended_at) ON organizations TO openslot_resolver;
GRANT SELECT (id, issuer, subject) ON users TO openslot_resolver;
GRANT SELECT (id, organization_id, prefix, secret_hash, scopes, expires_at, revoked_at) ON api_keys TO openslot_resolver;
GRANT SELECT (organization_id, user_id, role, location_id, scopes, ended_at) ON memberships TO openslot_resolver;
GRANT SELECT (id, organization_id, user_id, retired_at) ON providers TO openslot_resolver;
GRANT SELECT (id, organization_id, user_id, erased_at) ON patients TO openslot_resolver;
CREATE POLICY resolver ON organizations FOR SELECT TO openslot_resolver USING (true);
CREATE POLICY resolver ON api_keys FOR SELECT TO openslot_resolver USING (true);
CREATE POLICY resolver ON memberships FOR SELECT TO openslot_resolver USING (true);
CREATE POLICY resolver ON providers FOR SELECT TO openslot_resolver USING (true);
CREATE POLICY resolver ON patients FOR SELECT TO openslot_resolver USING (true);

CREATE FUNCTION resolve_organization(asked_slug text)
  RETURNS TABLE (id uuid, time_zone text, is_suspended boolean)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = openslot, pg_temp AS $$
  SELECT o.id, o.time_zone, o.suspended_at IS NOT NULL FROM organizations AS o WHERE o.slug = asked_slug
$$;
COMMENT ON FUNCTION resolve_organization(text) IS 'The organization of a slug; no row when there is none.';

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

CREATE FUNCTION resolve_patients(asked_issuer text, asked_subject text)
  RETURNS TABLE (organization_id uuid, patient_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = openslot, pg_temp AS $$
  SELECT p.organization_id, p.id
  FROM users AS u
  JOIN patients AS p ON p.user_id = u.id AND p.erased_at IS NULL
  JOIN organizations AS o ON o.id = p.organization_id AND o.suspended_at IS NULL
  WHERE u.issuer = asked_issuer AND u.subject = asked_subject
  ORDER BY p.organization_id
$$;
COMMENT ON FUNCTION resolve_patients(text, text) IS 'The patient that a user is, in each organization that is not suspended.';

REVOKE ALL ON FUNCTION resolve_organization(text), resolve_api_key(text), resolve_memberships(text, text),
  resolve_patients(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION resolve_organization(text), resolve_api_key(text), resolve_memberships(text, text),
  resolve_patients(text, text) TO openslot_app, openslot_worker;
ALTER FUNCTION resolve_organization(text) OWNER TO openslot_resolver;
ALTER FUNCTION resolve_api_key(text) OWNER TO openslot_resolver;
ALTER FUNCTION resolve_memberships(text, text) OWNER TO openslot_resolver;
ALTER FUNCTION resolve_patients(text, text) OWNER TO openslot_resolver;
REVOKE CREATE ON SCHEMA openslot FROM openslot_resolver;
