-- The cells that are booked. Partitions are made by ensure_partitions, never by a migration.

CREATE TABLE slots (
  id               uuid        NOT NULL,
  organization_id  uuid        NOT NULL,
  provider_id      uuid        NOT NULL,
  schedule_id      uuid        NOT NULL,
  starts_at        timestamptz NOT NULL,
  ends_at          timestamptz NOT NULL,
  held_until       timestamptz,
  version          integer     NOT NULL DEFAULT 1,
  capacity         smallint    NOT NULL DEFAULT 1,
  seats_taken      smallint    NOT NULL DEFAULT 0,
  is_closed        boolean     NOT NULL DEFAULT false,
  status           text        NOT NULL DEFAULT 'FREE',
  CONSTRAINT slots_pkey PRIMARY KEY (id, starts_at),
  CONSTRAINT slots_provider_start_key UNIQUE (provider_id, starts_at, schedule_id),
  CONSTRAINT slots_schedule_fkey FOREIGN KEY (organization_id, schedule_id) REFERENCES schedules (organization_id, id),
  CONSTRAINT slots_provider_fkey FOREIGN KEY (organization_id, provider_id) REFERENCES providers (organization_id, id),
  CONSTRAINT slots_status_known CHECK (status IN
    ('FREE', 'BUSY_TENTATIVE', 'BUSY', 'BUSY_UNAVAILABLE', 'ENTERED_IN_ERROR', 'RETIRED')),
  CONSTRAINT slots_length_bounded CHECK (ends_at > starts_at AND ends_at <= starts_at + interval '4 hours'),
  CONSTRAINT slots_seats_within_capacity CHECK (seats_taken BETWEEN 0 AND capacity),
  CONSTRAINT slots_held_until_when_tentative CHECK ((status = 'BUSY_TENTATIVE') = (held_until IS NOT NULL))
) PARTITION BY RANGE (starts_at);
-- Lapsed holds stay inside this index, because no index can know the time: a search keeps cells whose held_until has
-- passed, so a late sweeper hides nothing.
CREATE INDEX slots_open ON slots (organization_id, provider_id, starts_at)
  INCLUDE (ends_at, id, schedule_id, held_until) WHERE status IN ('FREE', 'BUSY_TENTATIVE');
CREATE INDEX slots_tentative ON slots (held_until) INCLUDE (organization_id, provider_id) WHERE status = 'BUSY_TENTATIVE';
CREATE INDEX slots_by_schedule ON slots (organization_id, schedule_id, starts_at);
COMMENT ON TABLE slots IS 'A bookable cell of a schedule. One partition per month of starts_at, made ahead.';
COMMENT ON COLUMN slots.id IS 'UUID version 7 whose time part is starts_at, not the time of creation: whoever has the id knows the partition.';
COMMENT ON COLUMN slots.status IS 'RETIRED: the rules offer it no more; kept so that its id and version go on when they do again.';
COMMENT ON COLUMN slots.held_until IS 'Latest deadline of the holds over this cell. After it the cell counts as free, even before a sweeper has written so.';
COMMENT ON COLUMN slots.is_closed IS 'Closed by a rule or an exception while something still covers it; freeing it makes it BUSY_UNAVAILABLE.';
COMMENT ON COLUMN slots.seats_taken IS 'Copy of what occupancies say, for reading; the seats themselves are guarded by occupancies_seat_once.';
