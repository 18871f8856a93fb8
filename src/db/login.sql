-- Makes a login, or brings it up to date: openslot.login is its name, openslot.login_group the role that it joins, and
-- openslot.login_verifier what its password is checked with (RFC 5802), or empty to leave the password as it is.
DO $$
DECLARE
  login    text := current_setting('openslot.login');
  verifier text := current_setting('openslot.login_verifier');
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login) THEN
    EXECUTE format('CREATE ROLE %I', login);
  END IF;
  EXECUTE format('ALTER ROLE %I LOGIN', login);
  IF verifier <> '' THEN
    EXECUTE format('ALTER ROLE %I PASSWORD %L', login, verifier);
  END IF;
  EXECUTE format('GRANT %I TO %I', current_setting('openslot.login_group'), login);
  EXECUTE format('ALTER ROLE %I SET search_path = openslot, public', login);
  EXECUTE format('ALTER ROLE %I SET plan_cache_mode = force_generic_plan', login);
  EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', login, '1s');
END $$;
