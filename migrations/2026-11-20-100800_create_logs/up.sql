-- What happened: the change log that streams, webhooks and jobs read, stored outcomes, and the audit.

CREATE TABLE change_log (
  is_only   boolean NOT NULL DEFAULT true,
  epoch     uuid    NOT NULL,
  xid_base  bigint  NOT NULL DEFAULT 0,
  CONSTRAINT change_log_pkey PRIMARY KEY (is_only),
  CONSTRAINT change_log_is_only CHECK (is_only),
  CONSTRAINT change_log_xid_base_positive CHECK (xid_base >= 0)
);
INSERT INTO change_log (epoch) VALUES (gen_random_uuid());
COMMENT ON TABLE change_log IS 'One row: which life of the log this is.';
COMMENT ON COLUMN change_log.epoch IS 'New after a restore, so that cursors of the lost life are recognised.';
COMMENT ON COLUMN change_log.xid_base IS 'Added to transaction ids on the way out, so that versions keep growing over a restore.';

CREATE TABLE changes (
  xid              xid8        NOT NULL DEFAULT pg_current_xact_id(),
  position         bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
  recorded_at      timestamptz NOT NULL DEFAULT now(),
  organization_id  uuid        NOT NULL,
  topic            text        NOT NULL,
  entity_id        uuid        NOT NULL,
  version          integer     NOT NULL,
  kind             text        NOT NULL,
  cause            text,
  previous_status  text,
  status           text,
  provider_id      uuid,
  location_id      uuid,
  schedule_id      uuid,
  service_id       uuid,
  patient_id       uuid,
  owner_id         uuid,
  starts_at        timestamptz,
  ends_at          timestamptz,
  held_until       timestamptz,
  capacity         smallint,
  seats_free       smallint,
  CONSTRAINT changes_pkey PRIMARY KEY (xid, position, recorded_at),
  CONSTRAINT changes_topic_known CHECK (topic IN ('SLOT', 'BOOKING', 'WAITLIST', 'DIRECTORY')),
  CONSTRAINT changes_kind_known CHECK (kind IN ('APPEARED', 'CHANGED', 'DISAPPEARED', 'CREATED', 'STATUS_CHANGED', 'RESCHEDULED',
    'DETAILS_CHANGED')),
  CONSTRAINT changes_cause_known CHECK (cause IN ('HELD', 'HOLD_RELEASED', 'HOLD_EXPIRED', 'BOOKED', 'BOOKING_MOVED', 'BOOKING_ENDED',
    'RULES_CHANGED', 'NOTICE_PASSED', 'ADVANCE_REACHED', 'LIMIT_CHANGED', 'STARTED'))
) PARTITION BY RANGE (recorded_at);
CREATE INDEX changes_by_organization ON changes (organization_id, xid, position);
COMMENT ON TABLE changes IS 'Ordered change log. The order is (xid, position) and a reader only goes below a safe watermark: position alone is not commit order. One partition per day, dropped after 8 days. A row says all that a reader tells of the change, so nothing is read again; no PHI. No foreign keys: rows are written once, from rows that were just read.';
COMMENT ON COLUMN changes.xid IS 'Transaction that wrote it. Because writers take their subject locks before their first write, it also grows with the version of a slot.';
COMMENT ON COLUMN changes.entity_id IS 'Slot, booking, waitlist entry or directory row, by topic.';
COMMENT ON COLUMN changes.owner_id IS 'Hold or booking behind a SLOT change; shown to staff only, never put on Redis.';

CREATE TABLE idempotency_keys (
  organization_id  uuid        NOT NULL,
  principal        text        NOT NULL,
  key              text        NOT NULL,
  request_hash     bytea       NOT NULL,
  response         jsonb       NOT NULL,
  expires_at       timestamptz NOT NULL DEFAULT now() + interval '24 hours',
  CONSTRAINT idempotency_keys_pkey PRIMARY KEY (organization_id, principal, key),
  CONSTRAINT idempotency_keys_principal_length CHECK (length(principal) BETWEEN 1 AND 100),
  CONSTRAINT idempotency_keys_key_length CHECK (length(key) BETWEEN 1 AND 200),
  CONSTRAINT idempotency_keys_hash_length CHECK (octet_length(request_hash) = 32)
);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);
COMMENT ON TABLE idempotency_keys IS 'Outcome of a mutation, stored with its effect. Refusals are not stored: a retry is judged anew. Not partitioned: the key must be unique over all of it.';
COMMENT ON COLUMN idempotency_keys.request_hash IS 'SHA-256 of mutation name and canonical input; another hash under the same key is refused.';
COMMENT ON COLUMN idempotency_keys.response IS 'Ids, versions and codes from which the payload is rendered again; never PHI.';

CREATE TABLE audit_events (
  id               uuid        NOT NULL,
  recorded_at      timestamptz NOT NULL DEFAULT now(),
  xid              xid8        NOT NULL DEFAULT pg_current_xact_id(),
  organization_id  uuid        NOT NULL,
  actor            text        NOT NULL,
  actor_role       text        NOT NULL,
  action           text        NOT NULL,
  operation        text        NOT NULL,
  entity_kind      text        NOT NULL,
  entity_id        uuid,
  patient_id       uuid,
  purpose_of_use   text,
  request_id       uuid        NOT NULL,
  changed_fields   text[]      NOT NULL DEFAULT '{}',
  detail           jsonb       NOT NULL DEFAULT '{}',
  CONSTRAINT audit_events_pkey PRIMARY KEY (id, recorded_at),
  CONSTRAINT audit_events_actor_length CHECK (length(actor) BETWEEN 1 AND 100),
  CONSTRAINT audit_events_actor_role_known CHECK (actor_role IN ('GUEST', 'PATIENT', 'PROVIDER', 'STAFF', 'ADMIN', 'INTEGRATOR')),
  CONSTRAINT audit_events_action_known CHECK (action IN ('READ', 'CREATED', 'CHANGED', 'REMOVED', 'REFUSED', 'SIGNED_IN', 'OVERRIDDEN')),
  CONSTRAINT audit_events_operation_length CHECK (length(operation) BETWEEN 1 AND 60),
  CONSTRAINT audit_events_entity_kind_length CHECK (length(entity_kind) BETWEEN 1 AND 40),
  CONSTRAINT audit_events_purpose_of_use_known CHECK (purpose_of_use IN ('TREATMENT', 'OPERATIONS', 'PATIENT_REQUEST', 'EMERGENCY')),
  CONSTRAINT audit_events_changed_fields_bounded CHECK (cardinality(changed_fields) <= 100)
) PARTITION BY RANGE (recorded_at);
CREATE INDEX audit_events_to_seal ON audit_events (organization_id, xid, id);
CREATE INDEX audit_events_by_patient ON audit_events (organization_id, patient_id, recorded_at) WHERE patient_id IS NOT NULL;
CREATE INDEX audit_events_by_entity ON audit_events (organization_id, entity_id, recorded_at);
COMMENT ON TABLE audit_events IS 'Append-only record of who did or saw what (FHIR AuditEvent). One partition per month, kept 7 years. Written in the transaction of the effect; no foreign keys, so it outlives what it speaks of.';
COMMENT ON COLUMN audit_events.operation IS 'The operation as the API names it: cancelBooking.';
COMMENT ON COLUMN audit_events.patient_id IS 'Subject of the record, for the access log; an id, so it means nothing once the patient is erased.';
COMMENT ON COLUMN audit_events.changed_fields IS 'Names of changed fields; never values.';
COMMENT ON COLUMN audit_events.detail IS 'Codes, ids and versions; never PHI.';

CREATE TABLE audit_seals (
  organization_id  uuid        NOT NULL,
  sequence         bigint      NOT NULL,
  until_xid        xid8        NOT NULL,
  until_id         uuid        NOT NULL,
  events           integer     NOT NULL,
  events_hash      bytea       NOT NULL,
  seal             bytea       NOT NULL,
  sealed_at        timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT audit_seals_pkey PRIMARY KEY (organization_id, sequence),
  CONSTRAINT audit_seals_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id),
  CONSTRAINT audit_seals_sequence_positive CHECK (sequence >= 1),
  CONSTRAINT audit_seals_hash_lengths CHECK (octet_length(events_hash) = 32 AND octet_length(seal) = 32)
);
CREATE INDEX audit_seals_by_end ON audit_seals (organization_id, until_xid, until_id);
COMMENT ON TABLE audit_seals IS 'Hash chain of an organization, one link per batch: the sealer runs behind the watermark every few seconds, so that no booking waits for another to be chained. An event''s seal is that of the first link whose end is not before it: none until the sealer has passed.';
COMMENT ON COLUMN audit_seals.events_hash IS 'SHA-256 over the SHA-256 of each event in (xid, id) order.';
COMMENT ON COLUMN audit_seals.seal IS 'SHA-256 of the previous seal, the sequence, the count and events_hash. Anchored outside once an hour.';
