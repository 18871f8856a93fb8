GRANT USAGE, CREATE ON SCHEMA openslot TO openslot_resolver;
CREATE FUNCTION touch_members(asked_issuer text, asked_subject text) RETURNS void
  LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = openslot, pg_temp AS $$
  UPDATE members AS m SET last_seen_at = date_trunc('hour', present())
  FROM users AS u
  WHERE u.issuer = asked_issuer AND u.subject = asked_subject AND m.user_id = u.id AND m.removed_at IS NULL
$$;
COMMENT ON FUNCTION touch_members(text, text) IS 'Notes that a user was here, to the hour.';
REVOKE ALL ON FUNCTION touch_members(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION touch_members(text, text) TO openslot_app;
ALTER FUNCTION touch_members(text, text) OWNER TO openslot_resolver;
REVOKE CREATE ON SCHEMA openslot FROM openslot_resolver;
