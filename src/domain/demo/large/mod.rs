//! A large organization to measure with: much of the same, quick to load, and right by the same rules.
//!
//! Everybody has one schedule with 20 cells on each working day. Of five cells that follow each other one is booked, by
//! patients of the location who come once a day at most, so that nobody is in two places.

mod hours;
mod visits;

use chrono::{DateTime, Days, NaiveDate, Utc};

use crate::db::demo::{self as rows, Cells};
use crate::db::directory::{locations, schedules};
use crate::db::identity::resolve;
use crate::db::{Db, DbError, Locks};
use crate::domain::availability::rule::Validity;
use crate::kernel::actor::Actor;
use crate::kernel::error::Error;
use crate::kernel::ids::{LocationId, OrganizationId, PatientId, ProviderId, ServiceId, SlotId};
use crate::kernel::time::TimeRange;

use super::load::{Made, Maker, Seeded, found};
use super::people::{SPECIALTIES, provider_at};
use super::places::LOCATIONS;
use super::rows::{location_row, rules};
use super::{DemoLocation, DemoOrganization, DemoPlan, DemoProvider, DemoService, plan};
use hours::Calendar;
use visits::Round;

/// Slug of the organization.
pub const SLUG: &str = "large";
/// Cells that everybody has on a working day, and how many follow each other of which one is booked.
const CELLS_A_DAY: usize = 20;
const ONE_BOOKED_OF: usize = 5;
const WORKING_DAYS: usize = 5;
/// The first day is one on which everything lies ahead, in every zone.
const DAYS_AHEAD: Days = Days::new(2);

/// How much there is of everything.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LargeSize {
    /// Places, in the zones of the demo.
    pub locations: usize,
    /// People who can be booked, each at one place.
    pub providers: usize,
    /// How far slots are made ahead.
    pub weeks: usize,
}

/// Why nothing was loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It was loaded before. Nothing was changed.
    #[error("there is an organization `{0}` already: it is loaded once, into a database without it")]
    Exists(&'static str),
    /// The load failed and left nothing.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<DbError> for LoadError {
    fn from(error: DbError) -> Self {
        Self::Failed(error.into())
    }
}

impl LargeSize {
    /// What figures of performance are measured with: 2,000,000 slots and 400,000 bookings.
    pub const FULL: Self = Self { locations: 200, providers: 2_000, weeks: 10 };

    /// Slots.
    #[must_use]
    pub fn slots(self) -> usize {
        self.providers * self.weeks * WORKING_DAYS * CELLS_A_DAY
    }

    /// Those of them that are booked.
    #[must_use]
    pub fn bookings(self) -> usize {
        self.slots() / ONE_BOOKED_OF
    }

    /// Where somebody works: those of a specialty are spread over all places.
    fn place_of(self, provider: usize) -> usize {
        let (turn, specialty) = (provider / SPECIALTIES.len(), provider % SPECIALTIES.len());
        (turn + specialty * 2 * SPECIALTIES.len()) % self.locations
    }

    /// Most people at one place.
    fn colleagues(self) -> usize {
        let mut at = vec![0; self.locations];
        (0..self.providers).for_each(|provider| at[self.place_of(provider)] += 1);
        at.into_iter().max().unwrap_or(0)
    }

    /// Patients of each place: for four bookings each, where it is full.
    #[must_use]
    pub fn patients_of_a_place(self) -> usize {
        self.colleagues() * WORKING_DAYS * self.weeks
    }
}

/// Loads the organization in one transaction, as a login that sees rows of every organization or may enter this one.
///
/// # Errors
/// See [`LoadError`].
pub async fn load(db: &Db, size: LargeSize, now: DateTime<Utc>, issuer: &str) -> Result<Seeded, LoadError> {
    let known = db.system::<_, DbError, _>("large organization", async |conn| resolve::organization(conn, SLUG).await);
    if known.await?.is_some() {
        return Err(LoadError::Exists(SLUG));
    }
    let first_day = now.date_naive().checked_add_days(DAYS_AHEAD).ok_or_else(|| Error::internal("no such day"))?;
    let plan = plan_of(size);
    let organization = OrganizationId::random();
    let seeded = db.write::<_, Error, _>(organization, Locks::none(), async |conn| {
        let mut maker = Maker { organization, conn };
        maker.organization(&plan).await?;
        maker.words(&plan).await?;
        maker.users(&plan, issuer).await?;
        let offered = maker.services(&plan).await?;
        let people = maker.providers(&plan).await?;
        let mut places = places(&mut maker, size).await?;
        let mut calendar = Calendar::new(first_day, size.weeks);
        let mut seeded = Seeded { is_new: true, slots: 0, bookings: 0 };
        for (index, person) in plan.providers.iter().enumerate() {
            let place =
                places.get_mut(size.place_of(index)).ok_or_else(|| Error::internal("the plan has no such place"))?;
            let desk = Desk { index, person, place, first_day, offered: &offered, people: &people };
            let (slots, bookings) = desk.open(&mut maker, &plan.services, &mut calendar).await?;
            seeded.slots += i64::try_from(slots).map_err(Error::internal)?;
            seeded.bookings += bookings;
        }
        Ok(seeded)
    });
    Ok(seeded.await?)
}

/// The demo's words and services, and other people.
fn plan_of(size: LargeSize) -> DemoPlan {
    let base = plan();
    let organization =
        DemoOrganization { slug: SLUG, display_name: "Large Health Group", time_zone: base.organization.time_zone };
    let providers = (0..size.providers).map(|index| provider_at(index, like(size.place_of(index)).key)).collect();
    DemoPlan { organization, providers, locations: vec![], schedules: vec![], ..base }
}

/// The location of the demo that another one is like.
fn like(place: usize) -> &'static DemoLocation {
    LOCATIONS.get(place % LOCATIONS.len()).unwrap_or(&LOCATIONS[0])
}

/// A place that was made.
struct Place {
    like: &'static DemoLocation,
    id: LocationId,
    patients: Vec<PatientId>,
    /// Who works there already, and most who ever will.
    ranks: usize,
    colleagues: usize,
}

async fn places(maker: &mut Maker<'_>, size: LargeSize) -> Result<Vec<Place>, Error> {
    let (colleagues, patients_of_a_place) = (size.colleagues(), size.patients_of_a_place());
    let mut made = Vec::with_capacity(size.locations);
    for number in 0..size.locations {
        let like = like(number);
        let mut row = location_row(maker.organization, like);
        row.display_name = format!("{} {}", like.display_name, number + 1);
        row.phone = None;
        let patients: Vec<PatientId> = (0..patients_of_a_place).map(|_| PatientId::random()).collect();
        locations::insert(maker.conn, &row).await?;
        rows::insert_patients(maker.conn, maker.organization, &patients).await?;
        made.push(Place { like, id: row.id, patients, ranks: 0, colleagues });
    }
    Ok(made)
}

/// Somebody, where they work.
struct Desk<'a> {
    index: usize,
    person: &'a DemoProvider,
    place: &'a mut Place,
    first_day: NaiveDate,
    offered: &'a Made<ServiceId>,
    people: &'a Made<ProviderId>,
}

impl Desk<'_> {
    /// Makes the schedule with its slots and bookings; answers how many.
    async fn open(
        self,
        maker: &mut Maker<'_>,
        services: &[DemoService],
        calendar: &mut Calendar,
    ) -> Result<(usize, usize), Error> {
        let schedule = hours::schedule_of(self.index, &self.person.key, self.place.like);
        let zone = self.place.like.time_zone;
        let rules = rules(&schedule, Validity::new(self.first_day, None).map_err(Error::internal)?)?;
        let ids =
            |keys: &[&str]| keys.iter().map(|key| found(self.offered, key)).collect::<Result<Vec<ServiceId>, _>>();
        let at = (found(self.people, &self.person.key)?, self.place.id);
        let row = maker.schedule(&schedule, at, &ids(&schedule.services)?, &rules).await?;
        schedules::set_materialised(maker.conn, row.id, calendar.range(zone)?.end()).await?;
        let cells = columns(self.index, calendar.cells(&schedule, &rules, zone)?);
        let short = services.iter().filter(|service| visits::fits_one_cell(service, schedule.slot_minutes));
        let short: Vec<&str> = short.map(|service| service.key).filter(|key| schedule.services.contains(key)).collect();
        let round = Round {
            provider: self.index,
            rank: self.place.ranks,
            colleagues: self.place.colleagues,
            patients: &self.place.patients,
            services: &ids(&short)?,
        };
        let by = Actor::system();
        let (principal, role) = (by.principal.to_string(), by.role.word());
        let slots = rows::insert_slots(maker.conn, &row, &cells).await?;
        let bookings = rows::insert_bookings(maker.conn, &row, (&principal, role), &round.visits(&cells)).await?;
        self.place.ranks += 1;
        Ok((slots, bookings))
    }
}

fn columns(provider: usize, cells: &[TimeRange]) -> Cells {
    Cells {
        ids: cells.iter().map(|cell| SlotId::starting_at(cell.start())).collect(),
        starts: cells.iter().map(TimeRange::start).collect(),
        ends: cells.iter().map(TimeRange::end).collect(),
        are_booked: (0..cells.len()).map(|place| visits::is_booked(provider, place)).collect(),
    }
}
