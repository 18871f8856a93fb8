-- Who and what can be booked, and where; and who works there.

CREATE TABLE locations (
  id               uuid             NOT NULL,
  organization_id  uuid             NOT NULL,
  display_name     text             NOT NULL,
  address_lines    text[]           NOT NULL,
  city             text             NOT NULL,
  postal_code      text,
  region           text,
  country          text             NOT NULL,
  latitude         double precision,
  longitude        double precision,
  time_zone        text             NOT NULL,
  phone            text,
  holiday_region   text,
  external_id      text,
  retired_at       timestamptz,
  version          integer          NOT NULL DEFAULT 1,
  created_at       timestamptz      NOT NULL DEFAULT now(),
  CONSTRAINT locations_pkey PRIMARY KEY (id),
  CONSTRAINT locations_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT locations_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id),
  CONSTRAINT locations_display_name_length CHECK (length(display_name) BETWEEN 1 AND 120),
  CONSTRAINT locations_address_lines_bounded CHECK (cardinality(address_lines) BETWEEN 1 AND 4
    AND length(array_to_string(address_lines, '')) BETWEEN 1 AND 480),
  CONSTRAINT locations_city_length CHECK (length(city) BETWEEN 1 AND 120),
  CONSTRAINT locations_postal_code_length CHECK (length(postal_code) BETWEEN 1 AND 20),
  CONSTRAINT locations_region_shape CHECK (region ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$'),
  CONSTRAINT locations_country_shape CHECK (country ~ '^[A-Z]{2}$'),
  CONSTRAINT locations_coordinates_valid CHECK (latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180),
  CONSTRAINT locations_coordinates_together CHECK ((latitude IS NULL) = (longitude IS NULL)),
  CONSTRAINT locations_time_zone_length CHECK (length(time_zone) BETWEEN 1 AND 64),
  CONSTRAINT locations_phone_shape CHECK (phone ~ '^\+[1-9][0-9]{1,14}$'),
  CONSTRAINT locations_holiday_region_shape CHECK (holiday_region ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$'),
  CONSTRAINT locations_external_id_length CHECK (length(external_id) BETWEEN 1 AND 120)
);
CREATE INDEX locations_by_name ON locations (organization_id, display_name, id) WHERE retired_at IS NULL;
CREATE INDEX locations_by_latitude ON locations (organization_id, latitude, longitude) WHERE retired_at IS NULL;
CREATE UNIQUE INDEX locations_external_id_key ON locations (organization_id, external_id) WHERE external_id IS NOT NULL;
COMMENT ON TABLE locations IS 'A place with an address, coordinates and an IANA time zone.';
COMMENT ON COLUMN locations.latitude IS 'Degrees, WGS 84. A radius search is a bounding box on this index, then the haversine distance.';
COMMENT ON COLUMN locations.region IS 'State or province, ISO 3166-2.';
COMMENT ON COLUMN locations.holiday_region IS 'Whose public holidays close it, ISO 3166: a country, or a subdivision, which includes its country''s. NULL: none.';
COMMENT ON COLUMN locations.external_id IS 'Id in the integrator''s system.';

CREATE TABLE providers (
  id                     uuid        NOT NULL,
  organization_id        uuid        NOT NULL,
  user_id                uuid,
  display_name           text        NOT NULL,
  given_name             text        NOT NULL,
  family_name            text        NOT NULL,
  biography              text,
  photo_url              text,
  time_zone              text,
  accepts_new_patients   boolean     NOT NULL DEFAULT true,
  external_id            text,
  retired_at             timestamptz,
  version                integer     NOT NULL DEFAULT 1,
  created_at             timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT providers_pkey PRIMARY KEY (id),
  CONSTRAINT providers_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT providers_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id),
  CONSTRAINT providers_user_fkey FOREIGN KEY (user_id) REFERENCES users (id),
  CONSTRAINT providers_display_name_length CHECK (length(display_name) BETWEEN 1 AND 200),
  CONSTRAINT providers_given_name_length CHECK (length(given_name) BETWEEN 1 AND 80),
  CONSTRAINT providers_family_name_length CHECK (length(family_name) BETWEEN 1 AND 80),
  CONSTRAINT providers_biography_length CHECK (length(biography) <= 2000),
  CONSTRAINT providers_photo_url_length CHECK (length(photo_url) BETWEEN 1 AND 2048),
  CONSTRAINT providers_time_zone_length CHECK (length(time_zone) BETWEEN 1 AND 64),
  CONSTRAINT providers_external_id_length CHECK (length(external_id) BETWEEN 1 AND 120)
);
CREATE INDEX providers_by_name ON providers (organization_id, family_name, given_name, id) WHERE retired_at IS NULL;
CREATE INDEX providers_by_user ON providers (user_id);
CREATE UNIQUE INDEX providers_user_key ON providers (organization_id, user_id) WHERE user_id IS NOT NULL;
CREATE UNIQUE INDEX providers_external_id_key ON providers (organization_id, external_id) WHERE external_id IS NOT NULL;
COMMENT ON TABLE providers IS 'A person who can be booked (FHIR Practitioner with PractitionerRole).';
COMMENT ON COLUMN providers.display_name IS 'Name with title.';
COMMENT ON COLUMN providers.time_zone IS 'Zone of rules for VIDEO and PHONE visits; NULL means the zone of the location.';

CREATE TABLE specialties (
  organization_id  uuid NOT NULL,
  code             text NOT NULL,
  display_name     text NOT NULL,
  CONSTRAINT specialties_pkey PRIMARY KEY (organization_id, code),
  CONSTRAINT specialties_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id),
  CONSTRAINT specialties_code_length CHECK (length(code) BETWEEN 1 AND 40),
  CONSTRAINT specialties_display_name_length CHECK (length(display_name) BETWEEN 1 AND 120)
);
COMMENT ON TABLE specialties IS 'Names of the specialty codes (SNOMED CT or NUCC) that an organization uses.';

CREATE TABLE insurance_plans (
  organization_id  uuid NOT NULL,
  code             text NOT NULL,
  display_name     text NOT NULL,
  payer            text NOT NULL,
  CONSTRAINT insurance_plans_pkey PRIMARY KEY (organization_id, code),
  CONSTRAINT insurance_plans_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id),
  CONSTRAINT insurance_plans_code_length CHECK (length(code) BETWEEN 1 AND 40),
  CONSTRAINT insurance_plans_display_name_length CHECK (length(display_name) BETWEEN 1 AND 120),
  CONSTRAINT insurance_plans_payer_length CHECK (length(payer) BETWEEN 1 AND 120)
);
COMMENT ON TABLE insurance_plans IS 'Insurance plans that some provider of an organization accepts.';

CREATE TABLE provider_traits (
  organization_id  uuid     NOT NULL,
  kind             text     NOT NULL,
  value            text     NOT NULL,
  provider_id      uuid     NOT NULL,
  position         smallint NOT NULL DEFAULT 0,
  CONSTRAINT provider_traits_pkey PRIMARY KEY (organization_id, kind, value, provider_id),
  CONSTRAINT provider_traits_provider_fkey FOREIGN KEY (organization_id, provider_id)
    REFERENCES providers (organization_id, id) ON DELETE CASCADE,
  CONSTRAINT provider_traits_kind_known CHECK (kind IN ('SPECIALTY', 'LANGUAGE', 'INSURANCE', 'LICENSED_REGION')),
  CONSTRAINT provider_traits_value_length CHECK (length(value) BETWEEN 1 AND 100)
);
CREATE INDEX provider_traits_by_provider ON provider_traits (organization_id, provider_id);
COMMENT ON TABLE provider_traits IS 'What a provider is searched by. A table, not arrays with GIN: the array operators are not leakproof, so under row-level security no index would serve them.';
COMMENT ON COLUMN provider_traits.value IS 'Code of a specialty or insurance plan, language tag, or region code.';
COMMENT ON COLUMN provider_traits.position IS 'Order within its kind: the main specialty comes first.';

CREATE TABLE memberships (
  id               uuid        NOT NULL,
  organization_id  uuid        NOT NULL,
  user_id          uuid        NOT NULL,
  role             text        NOT NULL,
  location_id      uuid,
  scopes           text[]      NOT NULL DEFAULT '{}',
  ended_at         timestamptz,
  version          integer     NOT NULL DEFAULT 1,
  created_at       timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT memberships_pkey PRIMARY KEY (id),
  CONSTRAINT memberships_user_fkey FOREIGN KEY (user_id) REFERENCES users (id),
  CONSTRAINT memberships_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id),
  CONSTRAINT memberships_location_fkey FOREIGN KEY (organization_id, location_id) REFERENCES locations (organization_id, id),
  CONSTRAINT memberships_location_of_staff CHECK (location_id IS NULL OR role = 'STAFF'),
  CONSTRAINT memberships_role_known CHECK (role IN ('PATIENT', 'PROVIDER', 'STAFF', 'ADMIN', 'INTEGRATOR')),
  CONSTRAINT memberships_scopes_known CHECK (scopes <@ ARRAY['DIRECTORY_READ', 'DIRECTORY_WRITE', 'AVAILABILITY_READ',
    'BOOKINGS_READ', 'BOOKINGS_WRITE', 'PATIENTS_READ', 'PATIENTS_WRITE', 'REPORTS_READ', 'WEBHOOKS_WRITE'])
);
CREATE UNIQUE INDEX memberships_current_key ON memberships
  (organization_id, user_id, role, coalesce(location_id, '00000000-0000-0000-0000-000000000000')) WHERE ended_at IS NULL;
CREATE INDEX memberships_by_user ON memberships (user_id);
CREATE INDEX memberships_by_location ON memberships (organization_id, location_id);
COMMENT ON TABLE memberships IS 'What a user may do in an organization.';
COMMENT ON COLUMN memberships.location_id IS 'Limits the role to one location; NULL means every location.';

CREATE TABLE resources (
  id               uuid        NOT NULL,
  organization_id  uuid        NOT NULL,
  location_id      uuid        NOT NULL,
  display_name     text        NOT NULL,
  kind             text        NOT NULL,
  retired_at       timestamptz,
  version          integer     NOT NULL DEFAULT 1,
  created_at       timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT resources_pkey PRIMARY KEY (id),
  CONSTRAINT resources_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT resources_location_fkey FOREIGN KEY (organization_id, location_id) REFERENCES locations (organization_id, id),
  CONSTRAINT resources_display_name_length CHECK (length(display_name) BETWEEN 1 AND 120),
  CONSTRAINT resources_kind_known CHECK (kind IN ('ROOM', 'DEVICE'))
);
CREATE INDEX resources_by_location ON resources (organization_id, location_id);
COMMENT ON TABLE resources IS 'A room or a device that a service can require; one visit uses it at a time.';

CREATE TABLE services (
  id                     uuid        NOT NULL,
  organization_id        uuid        NOT NULL,
  display_name           text        NOT NULL,
  summary                text,
  modality               text        NOT NULL,
  duration_minutes       smallint    NOT NULL,
  new_patient_minutes    smallint,
  buffer_before_minutes  smallint    NOT NULL DEFAULT 0,
  buffer_after_minutes   smallint    NOT NULL DEFAULT 0,
  capacity               smallint    NOT NULL DEFAULT 1,
  minimum_notice         interval    NOT NULL DEFAULT interval '0',
  maximum_advance        interval    NOT NULL DEFAULT interval '365 days',
  approval               text        NOT NULL DEFAULT 'AUTOMATIC',
  hold_ttl               interval,
  cancellation_notice    interval,
  late_cancellation      text,
  reschedule_limit       smallint,
  is_waitlist_open       boolean     NOT NULL DEFAULT false,
  external_id            text,
  retired_at             timestamptz,
  version                integer     NOT NULL DEFAULT 1,
  created_at             timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT services_pkey PRIMARY KEY (id),
  CONSTRAINT services_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT services_id_capacity_key UNIQUE (organization_id, id, capacity),
  CONSTRAINT services_organization_fkey FOREIGN KEY (organization_id) REFERENCES organizations (id),
  CONSTRAINT services_display_name_length CHECK (length(display_name) BETWEEN 1 AND 120),
  CONSTRAINT services_summary_length CHECK (length(summary) <= 2000),
  CONSTRAINT services_modality_known CHECK (modality IN ('IN_PERSON', 'VIDEO', 'PHONE')),
  CONSTRAINT services_duration_bounded CHECK (duration_minutes BETWEEN 5 AND 1440),
  CONSTRAINT services_new_patient_bounded CHECK (new_patient_minutes BETWEEN 5 AND 1440),
  CONSTRAINT services_buffers_bounded CHECK (buffer_before_minutes BETWEEN 0 AND 240 AND buffer_after_minutes BETWEEN 0 AND 240),
  CONSTRAINT services_capacity_bounded CHECK (capacity BETWEEN 1 AND 500),
  CONSTRAINT services_minimum_notice_bounded CHECK (minimum_notice BETWEEN interval '0' AND interval '30 days'),
  CONSTRAINT services_maximum_advance_bounded CHECK (maximum_advance > minimum_notice AND maximum_advance <= interval '400 days'),
  CONSTRAINT services_approval_known CHECK (approval IN ('AUTOMATIC', 'STAFF_DECIDES')),
  CONSTRAINT services_hold_ttl_bounded CHECK (hold_ttl BETWEEN interval '10 seconds' AND interval '30 minutes'),
  CONSTRAINT services_cancellation_notice_bounded CHECK (cancellation_notice BETWEEN interval '0' AND interval '30 days'),
  CONSTRAINT services_late_cancellation_known CHECK (late_cancellation IN ('REFUSE', 'FLAG_LATE_FEE', 'ALLOW')),
  CONSTRAINT services_reschedule_limit_bounded CHECK (reschedule_limit BETWEEN 0 AND 20),
  CONSTRAINT services_own_policy_whole CHECK (num_nonnulls(cancellation_notice, late_cancellation, reschedule_limit) IN (0, 3)),
  CONSTRAINT services_external_id_length CHECK (length(external_id) BETWEEN 1 AND 120)
);
CREATE INDEX services_by_name ON services (organization_id, display_name, id) WHERE retired_at IS NULL;
CREATE UNIQUE INDEX services_external_id_key ON services (organization_id, external_id) WHERE external_id IS NOT NULL;
COMMENT ON TABLE services IS 'What is booked.';
COMMENT ON COLUMN services.new_patient_minutes IS 'Length of a first visit; NULL: the same as any other.';
COMMENT ON COLUMN services.capacity IS 'Seats of one session. Above 1 the service is a group service and needs a schedule of its own.';
COMMENT ON COLUMN services.minimum_notice IS 'Days count by the local calendar, hours by elapsed time; see instant_before.';
COMMENT ON COLUMN services.cancellation_notice IS 'With late_cancellation and reschedule_limit: own rules of cancelling; NULL: the organization''s.';
COMMENT ON COLUMN services.hold_ttl IS 'NULL: the organization''s.';

CREATE TABLE service_requirements (
  organization_id  uuid     NOT NULL,
  service_id       uuid     NOT NULL,
  number           smallint NOT NULL,
  label            text     NOT NULL,
  CONSTRAINT service_requirements_pkey PRIMARY KEY (organization_id, service_id, number),
  CONSTRAINT service_requirements_service_fkey FOREIGN KEY (organization_id, service_id)
    REFERENCES services (organization_id, id) ON DELETE CASCADE,
  CONSTRAINT service_requirements_number_bounded CHECK (number BETWEEN 1 AND 10),
  CONSTRAINT service_requirements_label_length CHECK (length(label) BETWEEN 1 AND 60)
);
COMMENT ON TABLE service_requirements IS 'Sorts of rooms and devices that a service needs.';

CREATE TABLE service_resources (
  organization_id  uuid     NOT NULL,
  service_id       uuid     NOT NULL,
  number           smallint NOT NULL,
  resource_id      uuid     NOT NULL,
  CONSTRAINT service_resources_pkey PRIMARY KEY (organization_id, service_id, number, resource_id),
  CONSTRAINT service_resources_requirement_fkey FOREIGN KEY (organization_id, service_id, number)
    REFERENCES service_requirements (organization_id, service_id, number) ON DELETE CASCADE,
  CONSTRAINT service_resources_resource_fkey FOREIGN KEY (organization_id, resource_id) REFERENCES resources (organization_id, id)
);
CREATE INDEX service_resources_by_resource ON service_resources (organization_id, resource_id);
COMMENT ON TABLE service_resources IS 'Which resources meet a requirement: of each numbered one, exactly one of these is taken.';

CREATE TABLE service_visit_parts (
  organization_id   uuid     NOT NULL,
  service_id        uuid     NOT NULL,
  number            smallint NOT NULL,
  label             text     NOT NULL,
  offset_minutes    smallint NOT NULL,
  duration_minutes  smallint NOT NULL,
  CONSTRAINT service_visit_parts_pkey PRIMARY KEY (organization_id, service_id, number),
  CONSTRAINT service_visit_parts_service_fkey FOREIGN KEY (organization_id, service_id)
    REFERENCES services (organization_id, id) ON DELETE CASCADE,
  CONSTRAINT service_visit_parts_number_bounded CHECK (number BETWEEN 1 AND 10),
  CONSTRAINT service_visit_parts_label_length CHECK (length(label) BETWEEN 1 AND 60),
  CONSTRAINT service_visit_parts_offset_bounded CHECK (offset_minutes BETWEEN 0 AND 1440),
  CONSTRAINT service_visit_parts_duration_bounded CHECK (duration_minutes BETWEEN 5 AND 1440)
);
COMMENT ON TABLE service_visit_parts IS 'Parts of a joint or sequenced visit; an ordinary service has none.';
COMMENT ON COLUMN service_visit_parts.offset_minutes IS 'Start of the part after the start of the visit.';

CREATE TABLE service_visit_part_members (
  organization_id  uuid     NOT NULL,
  service_id       uuid     NOT NULL,
  number           smallint NOT NULL,
  position         smallint NOT NULL,
  provider_id      uuid,
  resource_id      uuid,
  CONSTRAINT service_visit_part_members_pkey PRIMARY KEY (organization_id, service_id, number, position),
  CONSTRAINT service_visit_part_members_part_fkey FOREIGN KEY (organization_id, service_id, number)
    REFERENCES service_visit_parts (organization_id, service_id, number) ON DELETE CASCADE,
  CONSTRAINT service_visit_part_members_provider_fkey FOREIGN KEY (organization_id, provider_id)
    REFERENCES providers (organization_id, id),
  CONSTRAINT service_visit_part_members_resource_fkey FOREIGN KEY (organization_id, resource_id)
    REFERENCES resources (organization_id, id),
  CONSTRAINT service_visit_part_members_one_subject CHECK (num_nonnulls(provider_id, resource_id) = 1)
);
CREATE INDEX service_visit_part_members_by_provider ON service_visit_part_members (organization_id, provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX service_visit_part_members_by_resource ON service_visit_part_members (organization_id, resource_id) WHERE resource_id IS NOT NULL;
COMMENT ON TABLE service_visit_part_members IS 'Who or what can take a part: one of the providers, and one of the resources.';

CREATE TABLE service_questions (
  id               uuid     NOT NULL,
  organization_id  uuid     NOT NULL,
  service_id       uuid     NOT NULL,
  key              text     NOT NULL,
  position         smallint NOT NULL,
  prompt           text     NOT NULL,
  answer_kind      text     NOT NULL,
  choices          text[]   NOT NULL DEFAULT '{}',
  is_required      boolean  NOT NULL DEFAULT false,
  allows_many      boolean  NOT NULL DEFAULT false,
  retired_at       timestamptz,
  CONSTRAINT service_questions_pkey PRIMARY KEY (id),
  CONSTRAINT service_questions_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT service_questions_service_fkey FOREIGN KEY (organization_id, service_id)
    REFERENCES services (organization_id, id) ON DELETE CASCADE,
  CONSTRAINT service_questions_key_shape CHECK (key ~ '^[a-z0-9-]{1,40}$'),
  CONSTRAINT service_questions_prompt_length CHECK (length(prompt) BETWEEN 1 AND 500),
  CONSTRAINT service_questions_answer_kind_known CHECK (answer_kind IN ('TEXT', 'NUMBER', 'YES_NO', 'DATE', 'CHOICE')),
  CONSTRAINT service_questions_choices_for_choice CHECK (CASE answer_kind WHEN 'CHOICE' THEN cardinality(choices) BETWEEN 2 AND 50
    ELSE cardinality(choices) = 0 END)
);
CREATE UNIQUE INDEX service_questions_key_once ON service_questions (organization_id, service_id, key) WHERE retired_at IS NULL;
CREATE INDEX service_questions_by_service ON service_questions (organization_id, service_id, position);
COMMENT ON TABLE service_questions IS 'Intake questions asked when a service is booked. A changed question is a new row, so that an answer keeps the question it was given to.';
