CREATE OR REPLACE FUNCTION resolve_members(asked_issuer text, asked_subject text, asked_email text)
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

CREATE OR REPLACE FUNCTION resolve_patients(asked_issuer text, asked_subject text)
  RETURNS TABLE (organization_id uuid, patient_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = openslot, pg_temp AS $$
  SELECT p.organization_id, p.id
  FROM users AS u
  JOIN patients AS p ON p.user_id = u.id AND p.erased_at IS NULL
  JOIN organizations AS o ON o.id = p.organization_id AND o.suspended_at IS NULL
  WHERE u.issuer = asked_issuer AND u.subject = asked_subject
  ORDER BY p.organization_id
$$;

CREATE OR REPLACE FUNCTION resolve_api_key(asked_prefix text)
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
