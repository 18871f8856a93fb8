-- The people bookings are for. Everything that names them is encrypted with a key of their own.

CREATE TABLE patients (
  id                 uuid        NOT NULL,
  organization_id    uuid        NOT NULL,
  user_id            uuid,
  is_guest           boolean     NOT NULL DEFAULT false,
  given_name_enc     bytea,
  family_name_enc    bytea,
  born_on_enc        bytea,
  email_enc          bytea,
  phone_enc          bytea,
  notes_enc          bytea,
  name_index         bytea,
  email_index        bytea,
  phone_index        bytea,
  language           text,
  region             text,
  external_id        text,
  erased_at          timestamptz,
  version            integer     NOT NULL DEFAULT 1,
  created_at         timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT patients_pkey PRIMARY KEY (id),
  CONSTRAINT patients_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT patients_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id),
  CONSTRAINT patients_user_fkey FOREIGN KEY (user_id) REFERENCES users (id),
  CONSTRAINT patients_index_lengths CHECK (octet_length(name_index) = 32 AND octet_length(email_index) = 32 AND octet_length(phone_index) = 32),
  CONSTRAINT patients_enc_bounded CHECK (greatest(octet_length(given_name_enc), octet_length(family_name_enc), octet_length(born_on_enc),
    octet_length(email_enc), octet_length(phone_enc)) <= 1024 AND octet_length(notes_enc) <= 65536),
  CONSTRAINT patients_language_length CHECK (length(language) BETWEEN 2 AND 35),
  CONSTRAINT patients_region_shape CHECK (region ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$'),
  CONSTRAINT patients_external_id_length CHECK (length(external_id) BETWEEN 1 AND 120),
  CONSTRAINT patients_erased_is_blank CHECK (erased_at IS NULL OR num_nonnulls(user_id, given_name_enc, family_name_enc, born_on_enc,
    email_enc, phone_enc, notes_enc, name_index, email_index, phone_index, external_id) = 0)
);
CREATE INDEX patients_by_email ON patients (organization_id, email_index);
CREATE INDEX patients_by_phone ON patients (organization_id, phone_index);
CREATE INDEX patients_by_name ON patients (organization_id, name_index);
CREATE INDEX patients_by_user ON patients (user_id);
CREATE UNIQUE INDEX patients_user_key ON patients (organization_id, user_id) WHERE user_id IS NOT NULL;
CREATE UNIQUE INDEX patients_external_id_key ON patients (organization_id, external_id) WHERE external_id IS NOT NULL;
COMMENT ON TABLE patients IS 'The person a booking is for. Everything that names them is encrypted with their own key.';
COMMENT ON COLUMN patients.given_name_enc IS 'AES-256-GCM with the key of patient_keys; associated data binds organization, table, column and row.';
COMMENT ON COLUMN patients.name_index IS 'Keyed hash of the normalised family name and date of birth together, for exact search.';
COMMENT ON COLUMN patients.email_index IS 'Keyed hash of the normalised address, for exact search. Keyed per organization, so equal people in two organizations do not match.';
COMMENT ON COLUMN patients.region IS 'Where the patient is, for licensure.';

CREATE TABLE patient_keys (
  patient_id         uuid        NOT NULL,
  organization_id    uuid        NOT NULL,
  wrapped_key        bytea,
  key_version        integer     NOT NULL,
  destroyed_at       timestamptz,
  created_at         timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT patient_keys_pkey PRIMARY KEY (patient_id),
  CONSTRAINT patient_keys_patient_fkey FOREIGN KEY (organization_id, patient_id) REFERENCES patients (organization_id, id),
  CONSTRAINT patient_keys_destroyed_is_gone CHECK ((wrapped_key IS NULL) = (destroyed_at IS NOT NULL)),
  CONSTRAINT patient_keys_wrapped_length CHECK (octet_length(wrapped_key) BETWEEN 32 AND 512)
);
CREATE INDEX patient_keys_by_version ON patient_keys (key_version) WHERE wrapped_key IS NOT NULL;
CREATE INDEX patient_keys_by_patient ON patient_keys (organization_id, patient_id);
COMMENT ON TABLE patient_keys IS 'Data key of one patient, wrapped by a key-encryption key. Destroying the row''s key erases the patient everywhere, backups with later tombstones included.';

CREATE TABLE patient_consents (
  organization_id  uuid        NOT NULL,
  patient_id       uuid        NOT NULL,
  kind             text        NOT NULL,
  is_given         boolean     NOT NULL,
  decided_at       timestamptz NOT NULL,
  recorded_by      text        NOT NULL,
  CONSTRAINT patient_consents_pkey PRIMARY KEY (organization_id, patient_id, kind),
  CONSTRAINT patient_consents_patient_fkey FOREIGN KEY (organization_id, patient_id) REFERENCES patients (organization_id, id),
  CONSTRAINT patient_consents_kind_known CHECK (kind IN ('DATA_PROCESSING', 'VIDEO_VISITS', 'RESEARCH', 'MARKETING')),
  CONSTRAINT patient_consents_recorded_by_length CHECK (length(recorded_by) BETWEEN 1 AND 100)
);
COMMENT ON TABLE patient_consents IS 'What a patient agrees to now, one row per kind; earlier decisions are in the audit.';
COMMENT ON COLUMN patient_consents.recorded_by IS 'Principal (kind and id) that recorded it.';

CREATE TABLE related_persons (
  id                uuid        NOT NULL,
  organization_id   uuid        NOT NULL,
  patient_id        uuid        NOT NULL,
  user_id           uuid,
  relationship      text        NOT NULL,
  display_name_enc  bytea,
  contact_enc       bytea,
  valid_until       date,
  ended_at          timestamptz,
  created_at        timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT related_persons_pkey PRIMARY KEY (id),
  CONSTRAINT related_persons_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT related_persons_patient_fkey FOREIGN KEY (organization_id, patient_id) REFERENCES patients (organization_id, id),
  CONSTRAINT related_persons_user_fkey FOREIGN KEY (user_id) REFERENCES users (id),
  CONSTRAINT related_persons_relationship_known CHECK (relationship IN ('PARENT', 'SPOUSE', 'CHILD', 'CARER', 'LEGAL_GUARDIAN')),
  CONSTRAINT related_persons_enc_bounded CHECK (greatest(octet_length(display_name_enc), octet_length(contact_enc)) <= 1024)
);
CREATE INDEX related_persons_by_patient ON related_persons (organization_id, patient_id);
CREATE INDEX related_persons_by_user ON related_persons (user_id);
COMMENT ON TABLE related_persons IS 'Guardians: who may book for a patient (FHIR RelatedPerson). Encrypted with the key of that patient.';
COMMENT ON COLUMN related_persons.valid_until IS 'Last day of the right; NULL: open.';

CREATE TABLE erasure_tombstones (
  patient_id       uuid        NOT NULL,
  organization_id  uuid        NOT NULL,
  requested_at     timestamptz NOT NULL,
  erased_at        timestamptz NOT NULL DEFAULT now(),
  proof            bytea       NOT NULL,
  CONSTRAINT erasure_tombstones_pkey PRIMARY KEY (patient_id),
  CONSTRAINT erasure_tombstones_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id),
  CONSTRAINT erasure_tombstones_proof_length CHECK (octet_length(proof) = 32)
);
CREATE INDEX erasure_tombstones_by_organization ON erasure_tombstones (organization_id);
COMMENT ON TABLE erasure_tombstones IS 'Patients who were erased. Also written outside the database, because after a restore the list must be replayed from there. No foreign key to patients: the restored backup may lack the row.';
COMMENT ON COLUMN erasure_tombstones.proof IS 'SHA-256 of the destroyed wrapped key: shows that this key, and not another, was destroyed.';
