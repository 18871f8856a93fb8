-- When providers are open: schedules, their rules, and what breaks them.

CREATE TABLE schedules (
  id                   uuid        NOT NULL,
  organization_id      uuid        NOT NULL,
  provider_id          uuid        NOT NULL,
  location_id          uuid        NOT NULL,
  slot_minutes         smallint    NOT NULL,
  grid_offset_minutes  smallint    NOT NULL DEFAULT 0,
  capacity             smallint    NOT NULL DEFAULT 1,
  bookings_per_day     integer,
  bookings_per_week    integer,
  minutes_per_day      integer,
  minutes_per_week     integer,
  materialised_until   timestamptz,
  retired_at           timestamptz,
  version              integer     NOT NULL DEFAULT 1,
  created_at           timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT schedules_pkey PRIMARY KEY (id),
  CONSTRAINT schedules_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT schedules_id_capacity_key UNIQUE (organization_id, id, capacity),
  CONSTRAINT schedules_provider_fkey FOREIGN KEY (organization_id, provider_id) REFERENCES providers (organization_id, id),
  CONSTRAINT schedules_location_fkey FOREIGN KEY (organization_id, location_id) REFERENCES locations (organization_id, id),
  CONSTRAINT schedules_slot_minutes_bounded CHECK (slot_minutes BETWEEN 5 AND 240),
  CONSTRAINT schedules_grid_offset_bounded CHECK (grid_offset_minutes >= 0 AND grid_offset_minutes < slot_minutes),
  CONSTRAINT schedules_capacity_bounded CHECK (capacity BETWEEN 1 AND 500),
  CONSTRAINT schedules_bookings_per_day_bounded CHECK (bookings_per_day BETWEEN 1 AND 500),
  CONSTRAINT schedules_bookings_per_week_bounded CHECK (bookings_per_week BETWEEN 1 AND 2000),
  CONSTRAINT schedules_minutes_per_day_bounded CHECK (minutes_per_day BETWEEN 5 AND 1500),
  CONSTRAINT schedules_minutes_per_week_bounded CHECK (minutes_per_week BETWEEN 5 AND 10500)
);
CREATE INDEX schedules_by_provider ON schedules (organization_id, provider_id);
CREATE INDEX schedules_by_location ON schedules (organization_id, location_id);
COMMENT ON TABLE schedules IS 'A provider at a location offering some services, on a grid of slot_minutes.';
COMMENT ON COLUMN schedules.grid_offset_minutes IS 'Where the grid starts after each local midnight.';
COMMENT ON COLUMN schedules.capacity IS 'Above 1: a group schedule, which offers one service, one session per cell.';
COMMENT ON COLUMN schedules.bookings_per_day IS 'This and the next three: most bookings and minutes per local day and ISO week, buffers not counted; NULL: no limit.';
COMMENT ON COLUMN schedules.materialised_until IS 'Slots exist for everything that is open before this instant.';

CREATE TABLE schedule_services (
  organization_id  uuid     NOT NULL,
  schedule_id      uuid     NOT NULL,
  service_id       uuid     NOT NULL,
  capacity         smallint NOT NULL,
  CONSTRAINT schedule_services_pkey PRIMARY KEY (organization_id, schedule_id, service_id),
  CONSTRAINT schedule_services_schedule_fkey FOREIGN KEY (organization_id, schedule_id, capacity)
    REFERENCES schedules (organization_id, id, capacity) ON DELETE CASCADE,
  CONSTRAINT schedule_services_service_fkey FOREIGN KEY (organization_id, service_id, capacity)
    REFERENCES services (organization_id, id, capacity)
);
CREATE INDEX schedule_services_by_service ON schedule_services (organization_id, service_id, capacity);
CREATE INDEX schedule_services_by_schedule ON schedule_services (organization_id, schedule_id, capacity);
CREATE UNIQUE INDEX schedule_services_one_group_service ON schedule_services (schedule_id) WHERE capacity > 1;
COMMENT ON TABLE schedule_services IS 'Which services a schedule offers.';
COMMENT ON COLUMN schedule_services.capacity IS 'Part of both foreign keys, so that a service and its schedule always agree on the seats.';

CREATE TABLE availability_rules (
  id               uuid        NOT NULL,
  organization_id  uuid        NOT NULL,
  schedule_id      uuid        NOT NULL,
  rrule            text        NOT NULL,
  is_weekly        boolean     NOT NULL DEFAULT false,
  excluded_dates   date[]      NOT NULL DEFAULT '{}',
  added_dates      date[]      NOT NULL DEFAULT '{}',
  start_time       time        NOT NULL,
  open_minutes     smallint    NOT NULL,
  time_zone        text,
  valid_from       date        NOT NULL,
  valid_until      date,
  retired_at       timestamptz,
  version          integer     NOT NULL DEFAULT 1,
  created_at       timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT availability_rules_pkey PRIMARY KEY (id),
  CONSTRAINT availability_rules_schedule_fkey FOREIGN KEY (organization_id, schedule_id)
    REFERENCES schedules (organization_id, id) ON DELETE CASCADE,
  CONSTRAINT availability_rules_rrule_length CHECK (length(rrule) BETWEEN 1 AND 512),
  CONSTRAINT availability_rules_dates_bounded CHECK (cardinality(excluded_dates) <= 500 AND cardinality(added_dates) <= 500),
  CONSTRAINT availability_rules_open_bounded CHECK (open_minutes BETWEEN 5 AND 1440),
  CONSTRAINT availability_rules_time_zone_length CHECK (length(time_zone) BETWEEN 1 AND 64),
  CONSTRAINT availability_rules_validity_ordered CHECK (valid_until >= valid_from)
);
CREATE INDEX availability_rules_by_schedule ON availability_rules (organization_id, schedule_id);
COMMENT ON TABLE availability_rules IS 'Recurring open hours in local time; a window may cross midnight.';
COMMENT ON COLUMN availability_rules.rrule IS 'Value of an RFC 5545 RRULE.';
COMMENT ON COLUMN availability_rules.is_weekly IS 'Entered as hours on weekdays, and shown so; the rule is FREQ=WEEKLY;BYDAY=… all the same.';
COMMENT ON COLUMN availability_rules.start_time IS 'Local time at which each opening starts.';
COMMENT ON COLUMN availability_rules.open_minutes IS 'Local minutes on the wall clock, so a window that crosses a transition keeps its local end.';
COMMENT ON COLUMN availability_rules.time_zone IS 'For a travelling provider; NULL means the zone of the schedule.';
COMMENT ON COLUMN availability_rules.valid_until IS 'Last local day on which an opening starts.';

CREATE TABLE availability_exceptions (
  id               uuid        NOT NULL,
  organization_id  uuid        NOT NULL,
  provider_id      uuid,
  location_id      uuid,
  schedule_id      uuid,
  kind             text        NOT NULL,
  starts_at        timestamptz NOT NULL,
  ends_at          timestamptz NOT NULL,
  time_zone        text        NOT NULL,
  note             text,
  version          integer     NOT NULL DEFAULT 1,
  created_at       timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT availability_exceptions_pkey PRIMARY KEY (id),
  CONSTRAINT availability_exceptions_provider_fkey FOREIGN KEY (organization_id, provider_id)
    REFERENCES providers (organization_id, id),
  CONSTRAINT availability_exceptions_location_fkey FOREIGN KEY (organization_id, location_id)
    REFERENCES locations (organization_id, id),
  CONSTRAINT availability_exceptions_schedule_fkey FOREIGN KEY (organization_id, schedule_id)
    REFERENCES schedules (organization_id, id) ON DELETE CASCADE,
  CONSTRAINT availability_exceptions_one_target CHECK (num_nonnulls(provider_id, location_id, schedule_id) = 1),
  CONSTRAINT availability_exceptions_kind_known CHECK (kind IN ('CLOSURE', 'EXTRA_OPENING', 'TIME_OFF')),
  CONSTRAINT availability_exceptions_kind_fits_target CHECK (CASE kind WHEN 'EXTRA_OPENING' THEN schedule_id IS NOT NULL
    WHEN 'TIME_OFF' THEN provider_id IS NOT NULL ELSE true END),
  CONSTRAINT availability_exceptions_ordered CHECK (ends_at > starts_at),
  CONSTRAINT availability_exceptions_time_zone_length CHECK (length(time_zone) BETWEEN 1 AND 64),
  CONSTRAINT availability_exceptions_note_length CHECK (length(note) <= 500)
);
CREATE INDEX availability_exceptions_by_provider ON availability_exceptions (organization_id, provider_id, starts_at);
CREATE INDEX availability_exceptions_by_location ON availability_exceptions (organization_id, location_id, starts_at);
CREATE INDEX availability_exceptions_by_schedule ON availability_exceptions (organization_id, schedule_id, starts_at);
COMMENT ON TABLE availability_exceptions IS 'One-off closure, time off or extra opening.';
COMMENT ON COLUMN availability_exceptions.time_zone IS 'Zone it was entered in.';
COMMENT ON COLUMN availability_exceptions.note IS 'For colleagues; never PHI.';

CREATE TABLE holidays (
  region        text NOT NULL,
  day           date NOT NULL,
  display_name  text NOT NULL,
  CONSTRAINT holidays_pkey PRIMARY KEY (region, day),
  CONSTRAINT holidays_region_shape CHECK (region ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$'),
  CONSTRAINT holidays_display_name_length CHECK (length(display_name) BETWEEN 1 AND 200)
);
COMMENT ON TABLE holidays IS 'Public holidays, the same for every organization; loaded from data kept in the repository.';
COMMENT ON COLUMN holidays.region IS 'Country or subdivision, ISO 3166; a subdivision has its country''s holidays too.';
