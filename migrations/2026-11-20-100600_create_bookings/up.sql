-- Holds and bookings, and the one table that decides who is taken when.

CREATE TABLE booking_series (
  id               uuid        NOT NULL,
  organization_id  uuid        NOT NULL,
  patient_id       uuid        NOT NULL,
  service_id       uuid        NOT NULL,
  rrule            text        NOT NULL,
  time_zone        text        NOT NULL,
  version          integer     NOT NULL DEFAULT 1,
  created_at       timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT booking_series_pkey PRIMARY KEY (id),
  CONSTRAINT booking_series_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT booking_series_patient_fkey FOREIGN KEY (organization_id, patient_id) REFERENCES patients (organization_id, id),
  CONSTRAINT booking_series_service_fkey FOREIGN KEY (organization_id, service_id) REFERENCES services (organization_id, id),
  CONSTRAINT booking_series_rrule_length CHECK (length(rrule) BETWEEN 1 AND 512),
  CONSTRAINT booking_series_time_zone_length CHECK (length(time_zone) BETWEEN 1 AND 64)
);
CREATE INDEX booking_series_by_patient ON booking_series (organization_id, patient_id);
CREATE INDEX booking_series_by_service ON booking_series (organization_id, service_id);
COMMENT ON TABLE booking_series IS 'Bookings made together by a recurrence.';

CREATE TABLE holds (
  id               uuid        NOT NULL,
  organization_id  uuid        NOT NULL,
  slot_id          uuid        NOT NULL,
  service_id       uuid        NOT NULL,
  provider_id      uuid        NOT NULL,
  patient_id       uuid,
  principal        text        NOT NULL,
  status           text        NOT NULL DEFAULT 'ACTIVE',
  is_new_patient   boolean     NOT NULL DEFAULT false,
  starts_at        timestamptz NOT NULL,
  ends_at          timestamptz NOT NULL,
  expires_at       timestamptz NOT NULL,
  renewable_until  timestamptz NOT NULL,
  version          integer     NOT NULL DEFAULT 1,
  created_at       timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT holds_pkey PRIMARY KEY (id),
  CONSTRAINT holds_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT holds_service_fkey FOREIGN KEY (organization_id, service_id) REFERENCES services (organization_id, id),
  CONSTRAINT holds_provider_fkey FOREIGN KEY (organization_id, provider_id) REFERENCES providers (organization_id, id),
  CONSTRAINT holds_patient_fkey FOREIGN KEY (organization_id, patient_id) REFERENCES patients (organization_id, id),
  CONSTRAINT holds_status_known CHECK (status IN ('ACTIVE', 'CONVERTED', 'RELEASED', 'EXPIRED')),
  CONSTRAINT holds_principal_length CHECK (length(principal) BETWEEN 1 AND 100),
  CONSTRAINT holds_ordered CHECK (ends_at > starts_at),
  CONSTRAINT holds_renewable_until_bounds_it CHECK (renewable_until >= expires_at)
);
CREATE INDEX holds_lapsing ON holds (expires_at) WHERE status = 'ACTIVE';
CREATE INDEX holds_by_principal ON holds (organization_id, principal) WHERE status = 'ACTIVE';
CREATE INDEX holds_by_service ON holds (organization_id, service_id);
CREATE INDEX holds_by_provider ON holds (organization_id, provider_id);
CREATE INDEX holds_by_patient ON holds (organization_id, patient_id);
COMMENT ON TABLE holds IS 'An exclusive reservation with a deadline. What it occupies is in occupancies; ACTIVE after expires_at means lapsed and blocks nobody.';
COMMENT ON COLUMN holds.id IS 'Also the id of the booking it becomes, so converting it changes no key of its occupancies.';
COMMENT ON COLUMN holds.renewable_until IS 'Renewals cannot move the deadline beyond this.';

CREATE TABLE occupancies (
  organization_id   uuid        NOT NULL,
  subject_id        uuid        NOT NULL,
  owner_id          uuid        NOT NULL,
  claim_id          uuid        NOT NULL,
  visit_starts_at   timestamptz NOT NULL,
  visit_ends_at     timestamptz NOT NULL,
  blocked_from      timestamptz NOT NULL,
  blocked_until     timestamptz NOT NULL,
  expires_at        timestamptz,
  seat              smallint,
  capacity          smallint    NOT NULL DEFAULT 1,
  subject_kind      text        NOT NULL,
  override_reason   text,
  CONSTRAINT occupancies_pkey PRIMARY KEY (organization_id, owner_id, subject_id, visit_starts_at),
  CONSTRAINT occupancies_no_overlap EXCLUDE USING gist
    (subject_id WITH =, tstzrange(blocked_from, blocked_until) WITH &&, claim_id WITH <>),
  CONSTRAINT occupancies_subject_kind_known CHECK (subject_kind IN ('PROVIDER', 'RESOURCE', 'PATIENT')),
  CONSTRAINT occupancies_visit_ordered CHECK (visit_ends_at > visit_starts_at),
  CONSTRAINT occupancies_blocked_ordered CHECK (blocked_until > blocked_from),
  CONSTRAINT occupancies_length_bounded CHECK (blocked_until <= blocked_from + interval '32 hours'),
  CONSTRAINT occupancies_seat_within_capacity CHECK (seat BETWEEN 1 AND capacity),
  CONSTRAINT occupancies_group_has_seat CHECK
    (capacity = 1 OR subject_kind <> 'PROVIDER' OR seat IS NOT NULL OR override_reason IS NOT NULL),
  CONSTRAINT occupancies_claim_is_own CHECK (claim_id = owner_id OR capacity > 1 OR override_reason IS NOT NULL),
  CONSTRAINT occupancies_override_reason_length CHECK (length(override_reason) BETWEEN 1 AND 500)
) WITH (fillfactor = 85);
CREATE UNIQUE INDEX occupancies_seat_once ON occupancies (subject_id, claim_id, seat) WHERE seat IS NOT NULL;
CREATE INDEX occupancies_by_subject ON occupancies (subject_id, blocked_from);
-- Not partitioned: before PostgreSQL 17 a partitioned table can have no exclusion constraint, and from 17 on only one that
-- compares the partition key for equality, so never by time. Should it grow too large, hash partitions by subject_id keep
-- the constraint, on 15 and 16 declared on each partition.
COMMENT ON TABLE occupancies IS 'The one place that decides who is taken when: a row for the provider, each resource and the patient of every active booking and hold. Rows of anything no longer active are deleted, so the table stays small.';
COMMENT ON CONSTRAINT occupancies_no_overlap ON occupancies IS 'At any instant a subject belongs to at most one claim. Equal claims may overlap: the seats of a group session, and a staff override, which joins the claim of what it overrides.';
COMMENT ON COLUMN occupancies.subject_id IS 'A provider, resource or patient. No foreign key, since it points into three tables; the booking or hold carries those.';
COMMENT ON COLUMN occupancies.owner_id IS 'The hold, and later the booking of the same id.';
COMMENT ON COLUMN occupancies.claim_id IS 'owner_id; for a group session the slot; for an override the claim it was allowed to join.';
COMMENT ON COLUMN occupancies.blocked_from IS 'Start of the visit less the buffer before it. For a patient there is no buffer.';
COMMENT ON COLUMN occupancies.expires_at IS 'Deadline of a hold; NULL for a booking. Not indexed on purpose: converting a hold is then a heap-only update that touches no index.';

CREATE TABLE booking_status_transitions (
  from_status  text NOT NULL,
  to_status    text NOT NULL,
  CONSTRAINT booking_status_transitions_pkey PRIMARY KEY (from_status, to_status)
);
COMMENT ON TABLE booking_status_transitions IS 'The legal changes of bookings.status, read by a trigger and compared with the pure function of the domain by a test.';
INSERT INTO booking_status_transitions
SELECT from_status, unnest(string_to_array(targets, ' '))
FROM (VALUES
  ('PROPOSED',   'PENDING BOOKED WAITLIST CANCELLED ENTERED_IN_ERROR'),
  ('WAITLIST',   'PENDING BOOKED CANCELLED ENTERED_IN_ERROR'),
  ('PENDING',    'BOOKED CANCELLED ENTERED_IN_ERROR'),
  ('BOOKED',     'ARRIVED CHECKED_IN NOSHOW CANCELLED PENDING ENTERED_IN_ERROR'),
  ('ARRIVED',    'CHECKED_IN FULFILLED CANCELLED ENTERED_IN_ERROR'),
  ('CHECKED_IN', 'FULFILLED CANCELLED ENTERED_IN_ERROR'),
  ('NOSHOW',     'ARRIVED BOOKED ENTERED_IN_ERROR'),
  ('FULFILLED',  'ENTERED_IN_ERROR'),
  ('CANCELLED',  'ENTERED_IN_ERROR')) AS legal (from_status, targets);

CREATE TABLE bookings (
  id                     uuid        NOT NULL,
  organization_id        uuid        NOT NULL,
  reference              text        NOT NULL,
  provider_id            uuid,
  service_id             uuid        NOT NULL,
  schedule_id            uuid,
  location_id            uuid,
  patient_id             uuid        NOT NULL,
  booked_by_related_id   uuid,
  series_id              uuid,
  slot_id                uuid,
  starts_at              timestamptz,
  ends_at                timestamptz,
  time_zone              text        NOT NULL,
  modality               text        NOT NULL,
  status                 text        NOT NULL,
  is_new_patient         boolean     NOT NULL DEFAULT false,
  version                integer     NOT NULL DEFAULT 1,
  booked_by              text        NOT NULL,
  booked_by_role         text        NOT NULL,
  external_id            text,
  note_enc               bytea,
  staff_note_enc         bytea,
  attention              text[]      NOT NULL DEFAULT '{}',
  reschedules            smallint    NOT NULL DEFAULT 0,
  cancellation_notice    interval    NOT NULL,
  late_cancellation      text        NOT NULL,
  reschedule_limit       smallint    NOT NULL,
  decide_by              timestamptz,
  cancelled_at           timestamptz,
  cancel_reason          text,
  cancel_note_enc        bytea,
  is_late_cancellation   boolean     NOT NULL DEFAULT false,
  has_late_fee           boolean     NOT NULL DEFAULT false,
  override_rules         text[]      NOT NULL DEFAULT '{}',
  override_reason        text,
  override_by            text,
  created_at             timestamptz NOT NULL DEFAULT now(),
  updated_at             timestamptz NOT NULL DEFAULT now(),
  occupying_provider_id  uuid        GENERATED ALWAYS AS
    (CASE WHEN status IN ('PROPOSED', 'PENDING', 'BOOKED', 'ARRIVED', 'CHECKED_IN') THEN provider_id END) STORED,
  CONSTRAINT bookings_pkey PRIMARY KEY (id),
  CONSTRAINT bookings_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT bookings_reference_key UNIQUE (organization_id, reference),
  CONSTRAINT bookings_provider_fkey FOREIGN KEY (organization_id, provider_id) REFERENCES providers (organization_id, id),
  CONSTRAINT bookings_service_fkey FOREIGN KEY (organization_id, service_id) REFERENCES services (organization_id, id),
  CONSTRAINT bookings_schedule_fkey FOREIGN KEY (organization_id, schedule_id) REFERENCES schedules (organization_id, id),
  CONSTRAINT bookings_location_fkey FOREIGN KEY (organization_id, location_id) REFERENCES locations (organization_id, id),
  CONSTRAINT bookings_patient_fkey FOREIGN KEY (organization_id, patient_id) REFERENCES patients (organization_id, id),
  CONSTRAINT bookings_related_fkey FOREIGN KEY (organization_id, booked_by_related_id) REFERENCES related_persons (organization_id, id),
  CONSTRAINT bookings_series_fkey FOREIGN KEY (organization_id, series_id) REFERENCES booking_series (organization_id, id),
  CONSTRAINT bookings_occupy_their_time FOREIGN KEY (organization_id, id, occupying_provider_id, starts_at)
    REFERENCES occupancies (organization_id, owner_id, subject_id, visit_starts_at),
  CONSTRAINT bookings_reference_shape CHECK (reference ~ '^[A-Z2-9]{8}$'),
  CONSTRAINT bookings_status_known CHECK (status IN ('PROPOSED', 'PENDING', 'BOOKED', 'ARRIVED', 'CHECKED_IN', 'FULFILLED',
    'CANCELLED', 'NOSHOW', 'WAITLIST', 'ENTERED_IN_ERROR')),
  CONSTRAINT bookings_slot_unless_waitlist CHECK (num_nonnulls(slot_id, starts_at, ends_at, provider_id, schedule_id, location_id) = 6
    OR (status IN ('WAITLIST', 'CANCELLED', 'ENTERED_IN_ERROR') AND num_nonnulls(slot_id, starts_at, ends_at) = 0)),
  CONSTRAINT bookings_modality_known CHECK (modality IN ('IN_PERSON', 'VIDEO', 'PHONE')),
  CONSTRAINT bookings_ordered CHECK (ends_at > starts_at),
  CONSTRAINT bookings_time_zone_length CHECK (length(time_zone) BETWEEN 1 AND 64),
  CONSTRAINT bookings_booked_by_length CHECK (length(booked_by) BETWEEN 1 AND 100),
  CONSTRAINT bookings_booked_by_role_known CHECK (booked_by_role IN ('GUEST', 'PATIENT', 'PROVIDER', 'STAFF', 'ADMIN', 'INTEGRATOR')),
  CONSTRAINT bookings_external_id_length CHECK (length(external_id) BETWEEN 1 AND 120),
  CONSTRAINT bookings_notes_bounded CHECK (greatest(octet_length(note_enc), octet_length(staff_note_enc), octet_length(cancel_note_enc)) <= 16384),
  CONSTRAINT bookings_attention_known CHECK (attention <@ ARRAY['LOST_OPEN_HOURS', 'PATIENT_OVERLAP', 'OVERRIDDEN', 'MESSAGE_FAILED']),
  CONSTRAINT bookings_reschedules_positive CHECK (reschedules >= 0),
  CONSTRAINT bookings_late_cancellation_known CHECK (late_cancellation IN ('REFUSE', 'FLAG_LATE_FEE', 'ALLOW')),
  CONSTRAINT bookings_cancel_reason_known CHECK (cancel_reason IN ('PATIENT', 'PROVIDER', 'DECLINED', 'HOLD_EXPIRED', 'LATE', 'ERROR')),
  CONSTRAINT bookings_cancelled_has_reason CHECK (status <> 'CANCELLED' OR (cancelled_at IS NOT NULL AND cancel_reason IS NOT NULL)),
  CONSTRAINT bookings_override_rules_known CHECK (override_rules <@ ARRAY['DOUBLE_BOOKING', 'OPENING_HOURS', 'BUFFER', 'NOTICE', 'LIMITS',
    'CANCELLATION_DEADLINE']),
  CONSTRAINT bookings_override_whole CHECK ((cardinality(override_rules) > 0) = (override_reason IS NOT NULL AND override_by IS NOT NULL)),
  CONSTRAINT bookings_override_reason_length CHECK (length(override_reason) BETWEEN 1 AND 500),
  CONSTRAINT bookings_override_by_length CHECK (length(override_by) BETWEEN 1 AND 100)
);
CREATE INDEX bookings_by_provider ON bookings (organization_id, provider_id, starts_at, id);
CREATE INDEX bookings_by_patient ON bookings (organization_id, patient_id, starts_at, id);
CREATE INDEX bookings_by_location ON bookings (organization_id, location_id, starts_at, id);
CREATE INDEX bookings_by_service ON bookings (organization_id, service_id);
CREATE INDEX bookings_by_schedule ON bookings (organization_id, schedule_id);
CREATE INDEX bookings_by_series ON bookings (organization_id, series_id) WHERE series_id IS NOT NULL;
CREATE INDEX bookings_by_related ON bookings (organization_id, booked_by_related_id) WHERE booked_by_related_id IS NOT NULL;
CREATE INDEX bookings_to_decide ON bookings (decide_by) WHERE status IN ('PROPOSED', 'PENDING');
CREATE UNIQUE INDEX bookings_external_id_key ON bookings (organization_id, external_id) WHERE external_id IS NOT NULL;
COMMENT ON TABLE bookings IS 'FHIR Appointment. Rescheduling keeps the id and raises the version.';
COMMENT ON COLUMN bookings.reference IS 'Short code to say on the telephone; no 0 and 1, which sound and look like letters.';
COMMENT ON COLUMN bookings.slot_id IS 'First cell; NULL only where the booking has no time: in WAITLIST, and in what ended there. No foreign key: old partitions of slots are detached while bookings stay.';
COMMENT ON COLUMN bookings.occupying_provider_id IS 'The provider while the booking takes up time, else NULL. Its foreign key makes an active booking without its occupancy impossible, and an occupancy under an active booking undeletable.';
COMMENT ON COLUMN bookings.cancellation_notice IS 'With late_cancellation and reschedule_limit: the policy it was made under, which later changes of policy leave alone.';
COMMENT ON COLUMN bookings.decide_by IS 'When a PROPOSED or PENDING one lapses.';
COMMENT ON COLUMN bookings.booked_by IS 'Principal (kind and id) that made it.';

CREATE FUNCTION refuse_illegal_booking_status() RETURNS trigger
  LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM openslot.booking_status_transitions AS t
                 WHERE t.from_status = OLD.status AND t.to_status = NEW.status) THEN
    RAISE EXCEPTION 'booking cannot go from % to %', OLD.status, NEW.status
      USING ERRCODE = 'check_violation', CONSTRAINT = 'bookings_status_transition';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER bookings_status_transition BEFORE UPDATE OF status ON bookings
  FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION refuse_illegal_booking_status();

CREATE TABLE booking_participants (
  organization_id  uuid        NOT NULL,
  booking_id       uuid        NOT NULL,
  position         smallint    NOT NULL,
  label            text        NOT NULL,
  provider_id      uuid,
  resource_id      uuid,
  starts_at        timestamptz NOT NULL,
  ends_at          timestamptz NOT NULL,
  CONSTRAINT booking_participants_pkey PRIMARY KEY (organization_id, booking_id, position),
  CONSTRAINT booking_participants_booking_fkey FOREIGN KEY (organization_id, booking_id) REFERENCES bookings (organization_id, id),
  CONSTRAINT booking_participants_provider_fkey FOREIGN KEY (organization_id, provider_id) REFERENCES providers (organization_id, id),
  CONSTRAINT booking_participants_resource_fkey FOREIGN KEY (organization_id, resource_id) REFERENCES resources (organization_id, id),
  CONSTRAINT booking_participants_one_subject CHECK (num_nonnulls(provider_id, resource_id) = 1),
  CONSTRAINT booking_participants_label_length CHECK (length(label) BETWEEN 1 AND 60),
  CONSTRAINT booking_participants_ordered CHECK (ends_at > starts_at)
);
CREATE INDEX booking_participants_by_provider ON booking_participants (organization_id, provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX booking_participants_by_resource ON booking_participants (organization_id, resource_id) WHERE resource_id IS NOT NULL;
COMMENT ON TABLE booking_participants IS 'Providers and resources of a booking beyond its own provider, each with its own time; kept after the visit, when occupancies are gone.';

CREATE TABLE file_objects (
  id               uuid        NOT NULL,
  organization_id  uuid        NOT NULL,
  patient_id       uuid,
  name_enc         bytea,
  media_type       text        NOT NULL,
  size_bytes       bigint      NOT NULL,
  content_hash     bytea       NOT NULL,
  storage_key      text        NOT NULL,
  deleted_at       timestamptz,
  created_at       timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT file_objects_pkey PRIMARY KEY (id),
  CONSTRAINT file_objects_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT file_objects_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id),
  CONSTRAINT file_objects_patient_fkey FOREIGN KEY (organization_id, patient_id) REFERENCES patients (organization_id, id),
  CONSTRAINT file_objects_media_type_length CHECK (length(media_type) BETWEEN 1 AND 100),
  CONSTRAINT file_objects_size_bounded CHECK (size_bytes BETWEEN 0 AND 268435456),
  CONSTRAINT file_objects_hash_length CHECK (octet_length(content_hash) = 32),
  CONSTRAINT file_objects_storage_key_length CHECK (length(storage_key) BETWEEN 1 AND 300)
);
CREATE INDEX file_objects_by_patient ON file_objects (organization_id, patient_id);
COMMENT ON TABLE file_objects IS 'A stored file. The content lies in object storage, encrypted with the key of the patient where there is one.';

CREATE TABLE intake_answers (
  organization_id  uuid        NOT NULL,
  booking_id       uuid        NOT NULL,
  question_id      uuid        NOT NULL,
  answer_enc       bytea       NOT NULL,
  created_at       timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT intake_answers_pkey PRIMARY KEY (organization_id, booking_id, question_id),
  CONSTRAINT intake_answers_booking_fkey FOREIGN KEY (organization_id, booking_id) REFERENCES bookings (organization_id, id),
  CONSTRAINT intake_answers_question_fkey FOREIGN KEY (organization_id, question_id) REFERENCES service_questions (organization_id, id),
  CONSTRAINT intake_answers_length CHECK (octet_length(answer_enc) <= 16384)
);
CREATE INDEX intake_answers_by_question ON intake_answers (organization_id, question_id);
COMMENT ON TABLE intake_answers IS 'What the patient answered; encrypted with their key.';
