-- How people and programs want to be told.

CREATE TABLE notification_preferences (
  organization_id   uuid        NOT NULL,
  patient_id        uuid        NOT NULL,
  channels          text[]      NOT NULL DEFAULT '{EMAIL}',
  reminder_offsets  interval[]  NOT NULL DEFAULT '{24:00:00}',
  quiet_from        time,
  quiet_until       time,
  time_zone         text        NOT NULL,
  language          text        NOT NULL,
  version           integer     NOT NULL DEFAULT 1,
  updated_at        timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT notification_preferences_pkey PRIMARY KEY (organization_id, patient_id),
  CONSTRAINT notification_preferences_patient_fkey FOREIGN KEY (organization_id, patient_id) REFERENCES patients (organization_id, id),
  CONSTRAINT notification_preferences_channels_known CHECK (channels <@ ARRAY['EMAIL', 'SMS']),
  CONSTRAINT notification_preferences_reminders_bounded CHECK (cardinality(reminder_offsets) <= 5),
  CONSTRAINT notification_preferences_quiet_together CHECK ((quiet_from IS NULL) = (quiet_until IS NULL)),
  CONSTRAINT notification_preferences_time_zone_length CHECK (length(time_zone) BETWEEN 1 AND 64),
  CONSTRAINT notification_preferences_language_length CHECK (length(language) BETWEEN 2 AND 35)
);
COMMENT ON TABLE notification_preferences IS 'How a patient wants to be told.';
COMMENT ON COLUMN notification_preferences.channels IS 'In order of preference; empty: none but the legally needed.';
COMMENT ON COLUMN notification_preferences.reminder_offsets IS 'How long before a visit.';
COMMENT ON COLUMN notification_preferences.time_zone IS 'Zone of the quiet hours.';

CREATE TABLE webhook_endpoints (
  id                   uuid        NOT NULL,
  organization_id      uuid        NOT NULL,
  display_name         text        NOT NULL,
  url                  text        NOT NULL,
  topics               text[]      NOT NULL,
  provider_ids         uuid[]      NOT NULL DEFAULT '{}',
  location_ids         uuid[]      NOT NULL DEFAULT '{}',
  secret_enc           bytea       NOT NULL,
  previous_secret_enc  bytea,
  cursor_xid           xid8,
  cursor_position      bigint,
  disabled_at          timestamptz,
  disabled_reason      text,
  version              integer     NOT NULL DEFAULT 1,
  created_at           timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT webhook_endpoints_pkey PRIMARY KEY (id),
  CONSTRAINT webhook_endpoints_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT webhook_endpoints_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id),
  CONSTRAINT webhook_endpoints_display_name_length CHECK (length(display_name) BETWEEN 1 AND 120),
  CONSTRAINT webhook_endpoints_url_shape CHECK (url ~ '^https?://' AND length(url) <= 2048),
  CONSTRAINT webhook_endpoints_topics_known CHECK (cardinality(topics) > 0
    AND topics <@ ARRAY['SLOT_CHANGED', 'BOOKING_CHANGED', 'WAITLIST_CHANGED', 'DIRECTORY_CHANGED']),
  CONSTRAINT webhook_endpoints_lists_bounded CHECK (cardinality(provider_ids) <= 200 AND cardinality(location_ids) <= 200),
  CONSTRAINT webhook_endpoints_cursor_together CHECK ((cursor_xid IS NULL) = (cursor_position IS NULL)),
  CONSTRAINT webhook_endpoints_disabled_reason_length CHECK (length(disabled_reason) <= 500)
);
CREATE INDEX webhook_endpoints_by_organization ON webhook_endpoints (organization_id) WHERE disabled_at IS NULL;
COMMENT ON TABLE webhook_endpoints IS 'Where an integrator wants changes sent.';
COMMENT ON COLUMN webhook_endpoints.provider_ids IS 'Only these; empty: all. The same for locations.';
COMMENT ON COLUMN webhook_endpoints.cursor_xid IS 'With cursor_position: place in changes up to which deliveries were made.';

CREATE TABLE webhook_deliveries (
  id               uuid        NOT NULL,
  organization_id  uuid        NOT NULL,
  endpoint_id      uuid        NOT NULL,
  topic            text        NOT NULL,
  payload          jsonb       NOT NULL,
  status           text        NOT NULL DEFAULT 'WAITING',
  attempts         smallint    NOT NULL DEFAULT 0,
  next_attempt_at  timestamptz,
  response_status  smallint,
  created_at       timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (id),
  CONSTRAINT webhook_deliveries_endpoint_fkey FOREIGN KEY (organization_id, endpoint_id)
    REFERENCES webhook_endpoints (organization_id, id),
  CONSTRAINT webhook_deliveries_topic_known CHECK (topic IN
    ('SLOT_CHANGED', 'BOOKING_CHANGED', 'WAITLIST_CHANGED', 'DIRECTORY_CHANGED')),
  CONSTRAINT webhook_deliveries_status_known CHECK (status IN ('WAITING', 'DELIVERED', 'FAILED'))
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_attempt_at) WHERE status = 'WAITING';
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (organization_id, endpoint_id, created_at);
COMMENT ON TABLE webhook_deliveries IS 'One message to one endpoint; ids and times only.';
