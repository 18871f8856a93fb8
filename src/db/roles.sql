-- Group roles of the cluster. Run once by a superuser or a role that may create roles; running it again changes nothing.
--
-- openslot_owner     owns the schema and runs the migrations; no running process signs in as it
-- openslot_app       serves requests: one organization per transaction, behind row-level security
-- openslot_worker    works for every organization
-- openslot_readonly  reports, one organization per transaction
-- openslot_resolver  owns the functions that find the organization of a request
--
-- None of them can sign in. Login roles are made beside them and join one each.

DO $$
DECLARE
  wanted text;
  found  pg_roles;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['openslot_owner', 'openslot_app', 'openslot_worker', 'openslot_readonly', 'openslot_resolver'] LOOP
    BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
        EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
      END IF;
    EXCEPTION
      WHEN duplicate_object OR unique_violation THEN
        NULL; -- Somebody else runs this at the same moment.
    END;
    SELECT * INTO found FROM pg_roles WHERE rolname = wanted;
    IF found.rolsuper OR found.rolbypassrls OR found.rolcanlogin OR found.rolcreaterole OR found.rolcreatedb THEN
      RAISE EXCEPTION 'role % exists with rights that it must not have', wanted
        USING HINT = format('ALTER ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB', wanted);
    END IF;
  END LOOP;
  -- The owner creates the resolver's functions and hands them over.
  IF NOT pg_has_role('openslot_owner', 'openslot_resolver', 'MEMBER') THEN
    GRANT openslot_resolver TO openslot_owner;
  END IF;
  -- A login that may create roles but is no superuser must join the owner to migrate as it.
  IF NOT pg_has_role(current_user, 'openslot_owner', 'MEMBER') THEN
    EXECUTE format('GRANT openslot_owner TO %I', current_user);
  END IF;
END $$;
