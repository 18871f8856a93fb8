-- Organizations, and who may sign in.

CREATE TABLE organizations (
  id                   uuid        NOT NULL,
  slug                 text        NOT NULL,
  display_name         text        NOT NULL,
  time_zone            text        NOT NULL,
  languages            text[]      NOT NULL DEFAULT '{en}',
  guest_booking        text        NOT NULL DEFAULT 'REFUSED',
  hold_ttl             interval    NOT NULL DEFAULT interval '5 minutes',
  hold_maximum         interval    NOT NULL DEFAULT interval '15 minutes',
  holds_per_principal  smallint    NOT NULL DEFAULT 3,
  cancellation_notice  interval    NOT NULL DEFAULT interval '24 hours',
  late_cancellation    text        NOT NULL DEFAULT 'ALLOW',
  reschedule_limit     smallint    NOT NULL DEFAULT 3,
  offer_ttl            interval    NOT NULL DEFAULT interval '30 minutes',
  suspended_at         timestamptz,
  version              integer     NOT NULL DEFAULT 1,
  created_at           timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT organizations_pkey PRIMARY KEY (id),
  CONSTRAINT organizations_slug_key UNIQUE (slug),
  CONSTRAINT organizations_slug_shape CHECK (slug ~ '^[a-z0-9](-?[a-z0-9]){1,62}$'),
  CONSTRAINT organizations_display_name_length CHECK (length(display_name) BETWEEN 1 AND 120),
  CONSTRAINT organizations_time_zone_length CHECK (length(time_zone) BETWEEN 1 AND 64),
  CONSTRAINT organizations_languages_count CHECK (cardinality(languages) BETWEEN 1 AND 10),
  CONSTRAINT organizations_guest_booking_known CHECK (guest_booking IN ('REFUSED', 'WITH_VERIFIED_CONTACT', 'ALLOWED')),
  CONSTRAINT organizations_hold_bounded CHECK (hold_ttl BETWEEN interval '10 seconds' AND interval '30 minutes'
    AND hold_maximum BETWEEN hold_ttl AND interval '2 hours'),
  CONSTRAINT organizations_holds_per_principal_bounded CHECK (holds_per_principal BETWEEN 1 AND 20),
  CONSTRAINT organizations_cancellation_notice_bounded CHECK (cancellation_notice BETWEEN interval '0' AND interval '30 days'),
  CONSTRAINT organizations_late_cancellation_known CHECK (late_cancellation IN ('REFUSE', 'FLAG_LATE_FEE', 'ALLOW')),
  CONSTRAINT organizations_reschedule_limit_bounded CHECK (reschedule_limit BETWEEN 0 AND 20),
  CONSTRAINT organizations_offer_ttl_bounded CHECK (offer_ttl BETWEEN interval '5 minutes' AND interval '24 hours')
);
COMMENT ON TABLE organizations IS 'Owns everything below it. From guest_booking to offer_ttl: its booking policy.';
COMMENT ON COLUMN organizations.languages IS 'Languages of messages, the default one first.';
COMMENT ON COLUMN organizations.cancellation_notice IS 'Cancelling later than this before the start is late. Days count by the local calendar, hours by elapsed time.';
COMMENT ON COLUMN organizations.late_cancellation IS 'What happens to a cancellation that is late.';

CREATE TABLE users (
  id          uuid        NOT NULL,
  issuer      text        NOT NULL,
  subject     text        NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT users_pkey PRIMARY KEY (id),
  CONSTRAINT users_issuer_subject_key UNIQUE (issuer, subject),
  CONSTRAINT users_issuer_length CHECK (length(issuer) BETWEEN 1 AND 300),
  CONSTRAINT users_subject_length CHECK (length(subject) BETWEEN 1 AND 300)
);
COMMENT ON TABLE users IS 'A person who signs in, as the token issuer knows them. Belongs to no organization: memberships do.';

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
