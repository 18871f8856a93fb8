-- Who waits for an earlier or any slot, and what they were offered.

CREATE TABLE waitlist_entries (
  id               uuid        NOT NULL,
  organization_id  uuid        NOT NULL,
  patient_id       uuid        NOT NULL,
  service_id       uuid        NOT NULL,
  booking_id       uuid,
  provider_ids     uuid[]      NOT NULL DEFAULT '{}',
  location_ids     uuid[]      NOT NULL DEFAULT '{}',
  earliest_on      date        NOT NULL,
  latest_on        date        NOT NULL,
  weekdays         text[]      NOT NULL DEFAULT '{}',
  time_from        time,
  time_until       time,
  notice_needed    interval    NOT NULL DEFAULT interval '2 hours',
  priority         text        NOT NULL DEFAULT 'ROUTINE',
  status           text        NOT NULL DEFAULT 'WAITING',
  version          integer     NOT NULL DEFAULT 1,
  created_at       timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT waitlist_entries_pkey PRIMARY KEY (id),
  CONSTRAINT waitlist_entries_organization_id_id_key UNIQUE (organization_id, id),
  CONSTRAINT waitlist_entries_patient_fkey FOREIGN KEY (organization_id, patient_id) REFERENCES patients (organization_id, id),
  CONSTRAINT waitlist_entries_service_fkey FOREIGN KEY (organization_id, service_id) REFERENCES services (organization_id, id),
  CONSTRAINT waitlist_entries_booking_fkey FOREIGN KEY (organization_id, booking_id) REFERENCES bookings (organization_id, id),
  CONSTRAINT waitlist_entries_status_known CHECK (status IN ('WAITING', 'OFFERED', 'FULFILLED', 'EXPIRED', 'REMOVED')),
  CONSTRAINT waitlist_entries_priority_known CHECK (priority IN ('ROUTINE', 'URGENT')),
  CONSTRAINT waitlist_entries_weekdays_known CHECK
    (weekdays <@ ARRAY['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY']),
  CONSTRAINT waitlist_entries_days_ordered CHECK (latest_on >= earliest_on AND latest_on < earliest_on + 400),
  CONSTRAINT waitlist_entries_time_together CHECK ((time_from IS NULL) = (time_until IS NULL)),
  CONSTRAINT waitlist_entries_notice_bounded CHECK (notice_needed BETWEEN interval '15 minutes' AND interval '14 days'),
  CONSTRAINT waitlist_entries_lists_bounded CHECK (cardinality(provider_ids) <= 20 AND cardinality(location_ids) <= 20)
);
CREATE INDEX waitlist_entries_waiting ON waitlist_entries (organization_id, service_id, priority DESC, created_at, id)
  WHERE status = 'WAITING';
CREATE INDEX waitlist_entries_by_patient ON waitlist_entries (organization_id, patient_id);
CREATE INDEX waitlist_entries_by_service ON waitlist_entries (organization_id, service_id);
CREATE INDEX waitlist_entries_by_booking ON waitlist_entries (organization_id, booking_id) WHERE booking_id IS NOT NULL;
COMMENT ON TABLE waitlist_entries IS 'Who waits for what. Order of offers: priority, then age; the index is in that order.';
COMMENT ON COLUMN waitlist_entries.provider_ids IS 'Empty means any provider; the same for locations and weekdays.';
COMMENT ON COLUMN waitlist_entries.priority IS 'URGENT sorts after ROUTINE as text, so the index descends.';
COMMENT ON COLUMN waitlist_entries.booking_id IS 'The later booking that an accepted offer moves, or the booking in WAITLIST that it gives a slot.';

CREATE TABLE waitlist_offers (
  id               uuid        NOT NULL,
  organization_id  uuid        NOT NULL,
  entry_id         uuid        NOT NULL,
  hold_id          uuid        NOT NULL,
  status           text        NOT NULL DEFAULT 'OPEN',
  expires_at       timestamptz NOT NULL,
  version          integer     NOT NULL DEFAULT 1,
  created_at       timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT waitlist_offers_pkey PRIMARY KEY (id),
  CONSTRAINT waitlist_offers_entry_fkey FOREIGN KEY (organization_id, entry_id) REFERENCES waitlist_entries (organization_id, id),
  CONSTRAINT waitlist_offers_hold_fkey FOREIGN KEY (organization_id, hold_id) REFERENCES holds (organization_id, id),
  CONSTRAINT waitlist_offers_status_known CHECK (status IN ('OPEN', 'ACCEPTED', 'DECLINED', 'EXPIRED'))
);
CREATE UNIQUE INDEX waitlist_offers_one_open ON waitlist_offers (entry_id) WHERE status = 'OPEN';
CREATE INDEX waitlist_offers_by_entry ON waitlist_offers (organization_id, entry_id);
CREATE INDEX waitlist_offers_by_hold ON waitlist_offers (organization_id, hold_id);
CREATE INDEX waitlist_offers_lapsing ON waitlist_offers (expires_at) WHERE status = 'OPEN';
COMMENT ON TABLE waitlist_offers IS 'A freed slot held for one waiting patient until expires_at.';
